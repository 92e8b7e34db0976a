//! Tests of training on a device, without a GPU: Candle's CPU device takes the path of a device, and is compared with
//! the path of the host.

use std::{num::NonZeroU64, ops::ControlFlow, path::Path};

use narrows_bundle::Kind;
use narrows_data::{Dataset, LoadOptions, Part, Values, table::MissingCells};
use ndarray::s;

use super::fit_with;
use crate::{
    Config, Event, Figures, Fitted, Kernels, Options, Pretrain, TrainError,
    kinds::{Capacity, CodeOptions, Corruption, KlWarmup, LatentPrior},
    likelihood::OutputOptions,
    network::{Activation, Normalisation},
    opened::Opened,
    optimizer::OptimizerName,
    options::{ArchitectureName, Augmentation, Binarize, PoolName},
    run::{Cadence, Every, Run},
    table::tests::waves,
    variance::Variance,
};

/// Rows of the training part, of which a fifth is held out: with batches of 128, an epoch has two steps.
const ROWS: usize = 320;
/// Number of epochs: 100 steps.
const EPOCHS: usize = 50;

/// Largest relative difference of losses, metrics and gradient norms. They are of the order of 10 to 1000 in 32-bit
/// floats, and rounding errors grow over 100 steps.
const TOLERANCE: f64 = 1e-4;

fn digits() -> Dataset {
    let mut data = narrows_data::load("digits", &LoadOptions::default()).expect("the digits are embedded");
    let Values::U8(values) = &data.train.values else { panic!("the digits are bytes") };
    let labels = data.train.labels.as_ref().map(|labels| labels[..ROWS].to_vec());
    data.train = Part { values: Values::U8(values.slice(s![..ROWS, ..]).to_owned()), labels };
    data.test = None;
    data
}

/// Options for 100 steps of a small network.
fn options(kind: Kind) -> Options {
    Options::new(kind).with(|options| {
        options.latent = Some(4);
        options.split.valid_fraction = Some(0.2);
        options.architecture.architecture = Some(ArchitectureName::Mlp);
        options.architecture.hidden = Some(vec![24]);
        options.length.epochs = Some(EPOCHS);
        options.steps.batch_size = Some(128);
        options.seed = Some(7);
    })
}

fn conv(kind: Kind) -> Options {
    options(kind).with(|options| {
        options.architecture.architecture = Some(ArchitectureName::Conv);
        options.architecture.filters = Some(vec![6, 8]);
    })
}

/// Adds batch normalisation. Before it, the gradient of a bias is zero up to rounding errors, which Adam scales to full
/// steps of either sign. The loss of a training step does not depend on them, but the running means follow late, and
/// with them the validation loss. With SGD such a bias stays where it is.
fn batch_normalised(options: &mut Options) {
    options.architecture.normalisation = Some(Normalisation::Batch);
    options.optimizer.optimizer = Some(OptimizerName::Sgd);
    options.steps.clip_norm = Some(1.0);
}

fn config(options: &Options, data: &Dataset) -> Config {
    Config::check(options, data).expect("valid options")
}

fn fitted(opened: &Opened, data: &Dataset) -> Fitted {
    fit_with(opened, data, None, Some(&mut |_| ControlFlow::Continue(()))).expect("a run that does not diverge")
}

/// Every kind and option whose computation depends on where it takes place.
fn cases() -> Vec<(&'static str, Options)> {
    let ae = || options(Kind::Ae);
    let dae = |corruption| options(Kind::Dae).with(|options| options.corruption.corruption = Some(corruption));
    let vae = || options(Kind::Vae);
    let optimizer = |name| move |options: &mut Options| options.optimizer.optimizer = Some(name);
    vec![
        ("ae", ae()),
        ("ae, sgd", ae().with(optimizer(OptimizerName::Sgd))),
        ("ae, adamw", ae().with(optimizer(OptimizerName::AdamW))),
        ("ae, clipped", ae().with(|options| options.steps.clip_norm = Some(2.0))),
        ("ae, averaged", ae().with(|options| options.steps.average = Some(0.9))),
        (
            "ae, tied and penalised",
            ae().with(|options| {
                options.code = CodeOptions { tied: Some(true), latent_activation: Some(Activation::Sigmoid) };
                options.penalty.l1 = Some(0.01);
                options.penalty.contractive = Some(0.01);
                options.weights.l2 = Some(0.001);
            }),
        ),
        (
            "ae, pretrained",
            ae().with(|options| {
                options.pretrain.pretrain = Some(Pretrain::Layerwise);
                options.pretrain.pretrain_epochs = Some(10);
                options.steps.average = Some(0.9);
            }),
        ),
        ("ae, batch normalisation", ae().with(batch_normalised)),
        ("ae, augmented", ae().with(|options| options.augmentation.augment = Some(vec![Augmentation::Shift(1)]))),
        ("ae, early stopping", ae().with(|options| options.stopping.patience = Some(30))),
        (
            "ae, squared error",
            ae().with(|options| {
                options.output =
                    OutputOptions { likelihood: Some(narrows_bundle::Likelihood::Gaussian), output_link: None };
            }),
        ),
        ("ae, conv", conv(Kind::Ae)),
        ("ae, conv, max pooling", conv(Kind::Ae).with(|options| options.architecture.pool = Some(PoolName::Max))),
        ("dae, masking", dae(Corruption::Masking(0.25))),
        ("dae, gaussian", dae(Corruption::Gaussian(0.3))),
        ("dae, salt and pepper", dae(Corruption::SaltAndPepper(0.1))),
        ("dae, conv", conv(Kind::Dae)),
        ("wae", options(Kind::Wae)),
        ("wae, conv", conv(Kind::Wae)),
        ("vae", vae()),
        ("vae, conv", conv(Kind::Vae)),
        ("vae, conv, batch normalisation", conv(Kind::Vae).with(batch_normalised)),
        (
            "vae, fixed variance, warm-up and free bits",
            vae().with(|options| {
                options.variance.variance = Some(Variance::Fixed(0.1));
                options.divergence.kl_warmup = Some(KlWarmup::Linear { epochs: 20.0 });
                options.divergence.free_bits = Some(0.1);
            }),
        ),
        (
            "vae, capacity",
            vae().with(|options| {
                options.divergence.capacity = Some(Capacity { nats: 5.0, epochs: 20.0 });
            }),
        ),
        ("vae, importance samples", vae().with(|options| options.bound.importance_samples = Some(3))),
        (
            "vae, learned prior",
            vae().with(|options| {
                options.prior.prior = Some(LatentPrior::Vamp { components: 12 });
            }),
        ),
        (
            "vae, binarised",
            vae().with(|options| {
                options.output.likelihood = Some(narrows_bundle::Likelihood::Bernoulli);
                options.binarize.binarize = Some(Binarize::Dynamic);
            }),
        ),
        ("cvae", options(Kind::Cvae)),
        ("cvae, conv", conv(Kind::Cvae)),
        (
            "cvae, layer normalisation and a learned prior",
            options(Kind::Cvae).with(|options| {
                options.architecture.normalisation = Some(Normalisation::Layer);
                options.prior.prior = Some(LatentPrior::Vamp { components: 20 });
            }),
        ),
    ]
}

/// Returns the largest relative difference of all losses and gradient norms of all epochs, and where it is.
fn largest_difference(device: &Fitted, host: &Fitted) -> (f64, String) {
    assert_eq!((device.history.len(), &device.progress), (host.history.len(), &host.progress));
    let named = |fitted: &Fitted| {
        let of = |part: &str, figures: &Figures| {
            let named = figures.named().into_iter().map(|(name, value)| (format!("{name} of the {part} rows"), value));
            named.collect::<Vec<_>>()
        };
        let epochs = fitted.history.iter().flat_map(|record| {
            let train = record.train.named().into_iter().map(|(name, value)| (name.to_owned(), value));
            let valid = record.valid.iter().flat_map(|figures| of("validation", figures));
            let all = train.chain(valid).chain([("gradient norm".to_owned(), record.gradient_norm)]);
            all.map(|(name, value)| (format!("{name}, epoch {}", record.epoch), value)).collect::<Vec<_>>()
        });
        epochs.chain(of("training", &fitted.train)).collect::<Vec<_>>()
    };
    let differences = named(device).into_iter().zip(named(host)).map(|((name, device), (_, host))| {
        assert!(device.is_finite() && host.is_finite(), "{name}: {device} and {host}");
        ((device - host).abs() / host.abs().max(1.0), format!("{name}: {device}, on the host {host}"))
    });
    differences.max_by(|one, other| one.0.total_cmp(&other.0)).expect("a run has figures")
}

#[test]
fn first_hundred_steps_have_the_losses_of_the_host_for_every_kind() {
    let data = digits();
    let mut failed = Vec::new();
    for (name, options) in cases() {
        let config = config(&options, &data);
        let device = fitted(&Opened::on_foreign_cpu(&config), &data);
        let host = fitted(&Opened::on_host(&config), &data);
        let (difference, place) = largest_difference(&device, &host);
        println!("{name}: {difference:.1e} ({place})");
        if difference > TOLERANCE {
            failed.push(format!("{name}: {difference} ({place})"));
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn mixed_tables_have_the_losses_of_the_host() {
    for missing in [MissingCells::Refused, MissingCells::Masked] {
        let data = waves(missing);
        for (kind, corruption) in [
            (Kind::Ae, None),
            (Kind::Dae, Some(Corruption::Masking(0.2))),
            (Kind::Dae, Some(Corruption::Gaussian(0.2))),
            (Kind::Vae, None),
        ] {
            let options = options(kind).with(|options| {
                options.corruption.corruption = corruption;
                options.length.epochs = Some(25);
            });
            let config = config(&options, &data);
            let (device, host) = (Opened::on_foreign_cpu(&config), Opened::on_host(&config));
            let (difference, place) = largest_difference(&fitted(&device, &data), &fitted(&host, &data));
            println!("{kind} of a mixed table, {missing:?}, {corruption:?}: {difference:.1e} ({place})");
            assert!(difference <= TOLERANCE, "{kind}: {difference} ({place})");
        }
    }
}

/// Opens a configuration at a place.
type Open = fn(&Config) -> Opened;

/// Trains a run in a folder: on a device or on the host, and to the end or until `stop` returns true.
fn train_in(
    folder: &Path,
    open: Open,
    data: &Dataset,
    mut stop: impl FnMut(&Event<'_>) -> bool,
) -> Result<Fitted, TrainError> {
    let options = options(Kind::Vae).with(|options| {
        options.kernels.kernels = Some(Kernels::Composed);
        options.steps.average = Some(0.9);
        options.steps.clip_norm = Some(5.0);
    });
    let config = config(&options, data);
    let cadence = Cadence { every: Every::Steps(NonZeroU64::MIN.saturating_add(6)), ..Cadence::default() };
    let mut run = match folder.exists() {
        true => Run::resume(folder, &config, data, cadence)?.0,
        false => Run::create(folder, &config, data, cadence)?,
    };
    run.begin(&config)?;
    let mut observe = |event: &Event<'_>| if stop(event) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    fit_with(&open(&config), data, Some(&mut run), Some(&mut observe))
}

/// Stops a run after a number of epochs and a step of the next one, if that is reported.
fn after_epochs(epochs: usize) -> impl FnMut(&Event<'_>) -> bool {
    move |event| matches!(event, Event::Epoch(record) if record.epoch == epochs)
}

#[test]
fn an_interrupted_run_on_a_device_resumes_to_the_same_bits() {
    let data = digits();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    let whole = train_in(&whole, Opened::on_foreign_cpu, &data, |_| false).expect("a complete run");
    let stopped = train_in(&parts, Opened::on_foreign_cpu, &data, after_epochs(13));
    assert!(matches!(stopped, Err(TrainError::Interrupted { .. })));
    let resumed = train_in(&parts, Opened::on_foreign_cpu, &data, |_| false).expect("a complete run");
    assert_eq!((resumed.weights == whole.weights, &resumed.train), (true, &whole.train));
}

#[test]
fn a_run_moves_between_the_host_and_a_device() {
    let data = digits();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = train_in(&folder.path().join("host"), Opened::on_host, &data, |_| false).expect("a complete run");
    let places: [[Open; 2]; 2] = [[Opened::on_host, Opened::on_foreign_cpu], [Opened::on_foreign_cpu, Opened::on_host]];
    for (index, [first, second]) in places.into_iter().enumerate() {
        let moved = folder.path().join(index.to_string());
        train_in(&moved, first, &data, after_epochs(20)).expect_err("an interruption");
        let moved = train_in(&moved, second, &data, |_| false).expect("a complete run");
        let (difference, place) = largest_difference(&moved, &host);
        assert!(difference <= TOLERANCE, "{difference} ({place})");
    }
}

#[test]
fn a_diverged_run_on_a_device_names_the_step_and_saves_no_checkpoint_with_nan() {
    let data = digits();
    let options = options(Kind::Ae).with(|options| {
        options.kernels.kernels = Some(Kernels::Composed);
        options.optimizer.optimizer = Some(OptimizerName::Sgd);
        options.output.likelihood = Some(narrows_bundle::Likelihood::Gaussian);
        options.output.output_link = Some(narrows_bundle::Link::Identity);
        options.schedule.learning_rate = Some(1e12);
    });
    let config = config(&options, &data);
    let steps = [Opened::on_host(&config), Opened::on_foreign_cpu(&config)].map(|opened| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path().join("run");
        let cadence = Cadence { every: Every::Steps(NonZeroU64::MIN), ..Cadence::default() };
        let mut run = Run::create(&folder, &config, &data, cadence).expect("a new folder");
        let outcome = fit_with(&opened, &data, Some(&mut run), Some(&mut |_| ControlFlow::Continue(())));
        drop(run);
        let Err(TrainError::Diverged { step, epoch, .. }) = outcome else { panic!("{outcome:?}") };
        if folder.exists() {
            let (mut run, resumed) = Run::resume(&folder, &config, &data, cadence).expect("a valid run");
            assert!(resumed.step < step && resumed.passed_over.is_empty());
            if let Some(checkpoint) = run.take_start() {
                assert!(checkpoint.weights.values().flatten().all(|weight| weight.is_finite()));
            }
        }
        (step, epoch)
    });
    assert_eq!(steps[0], steps[1]);
}

#[test]
fn progress_is_reported_after_every_epoch_and_seldom_within() {
    let data = digits();
    let options = options(Kind::Ae).with(|options| {
        options.steps.batch_size = Some(1);
        options.length.epochs = Some(2);
    });
    let config = config(&options, &data);
    let mut reports = Vec::new();
    let observe = &mut |event: &Event<'_>| {
        if let Event::Step { step, rows, .. } = event {
            reports.push((*step, *rows));
        }
        ControlFlow::Continue(())
    };
    fit_with(&Opened::on_foreign_cpu(&config), &data, None, Some(observe)).expect("a complete run");
    // 256 steps an epoch, reported every 64 steps, and more often on a slow machine.
    for (step, rows) in [(64, 64), (256, 256), (512, 256)] {
        assert!(reports.len() > 8 || reports.contains(&(step, rows)), "{reports:?}");
    }
    assert_eq!(reports.last(), Some(&(512, 256)));
}
