//! `narrows transfer`: trains a classifier or regressor on the codes of a bundle.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::bail;
use clap::{Arg, Args};
use narrows_bundle::{Bundle, WEIGHTS, counted};
use narrows_data::{Dataset, Limits, Reading};
use narrows_runtime::Autoencoder;
use narrows_trainer::{
    TrainError,
    options::DataOptions,
    transfer::{Config, Event, Options, Origin, Pretrained, Repetitions, Run, Start, Task, fit, label_efficiency},
};

use crate::{
    config_file::transfer_of_file,
    destination::Destination,
    input::{absolute_word, inherited},
    misuse::misuse,
    model::{ModelArguments, needs_autoencoder},
    problems::Sources,
    report::{Stopped, note, warn},
    stop::Stop,
    training::{RunArguments, data_flags_of_model, limit_flags},
    transfer::{
        EncodedData, Report, Table, check_not_source, interrupted, open_run, print_event, publish, warn_of_labels,
    },
};

/// Sets the help of the options whose defaults or values differ from those of a training run.
fn with_help_of_transfer(arg: Arg) -> Arg {
    let help = match arg.get_id().as_str() {
        "valid_fraction" => {
            "Fraction of the training rows to hold out for early stopping, in [0, 1), stratified by class; not for a \
             linear head on a frozen encoder [default: 0.1; 0 with --valid]"
        }
        "augment" => {
            "Augment training images at random with --fine-tune, in this order: flip (mirror left to right with \
             probability 1/2), shift:N (move by up to N pixels, edges repeated), crop:N (remove N rows and N columns, \
             resize back) and rotate:D (rotate by up to D degrees, edges repeated) [default: none]"
        }
        "corruption" => {
            "Corruption of the encoder's input with --fine-tune: masking (values become 0 with probability P), gaussian \
             (normal noise of standard deviation SD) or salt-pepper (values become 0 or 1 with probability P) \
             [default: none]"
        }
        "optimizer" => "Optimizer: adam or sgd [default: adam]",
        "patience" => {
            "Early stopping: stop after this many epochs without a lower validation loss and restore the weights of the \
             best epoch; 0 disables it [default: 10, or 5 with --fine-tune; 0 without validation rows]"
        }
        "run" => {
            "Folder for the run of a head with hidden layers or of --fine-tune: configuration, metrics and checkpoints \
             [default: runs/KIND-classifier or runs/KIND-regressor, with -2, -3 and so on if that exists]"
        }
        "resume" => {
            "Resume the run in this folder from its newest valid checkpoints, with the same bundle and the same data \
             [default: start a new run]"
        }
        _ => return arg,
    };
    arg.help(help)
}

/// Train a classifier or regressor on the codes of a trained encoder
///
/// Reads a bundle and labelled data, encodes the samples and trains a head on the codes: softmax regression, linear
/// regression or a multilayer perceptron. With --fine-tune the encoder is trained further with the head. Writes a
/// bundle with the encoder and the head as one ONNX graph, after checking it in ONNX Runtime. `narrows classify` runs
/// it.
#[derive(Debug, Args)]
#[command(
    mut_args(with_help_of_transfer),
    after_help = "Examples:\n  \
        narrows transfer models/vae --data digits --out models/digits-classifier\n  \
        narrows transfer models/ae --data houses.csv --label-column price --task regression"
)]
pub(crate) struct Transfer {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    limits: Limits,
    /// TOML configuration file, as printed by `narrows config transfer`; flags override it [default: none]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    run: RunArguments,
    /// Also train linear heads on 10, 100, 1000 and all labels, on raw samples, principal components and codes, and
    /// print a table of their accuracies; each is averaged over DRAWS random selections of the labels [default: off; 20
    /// selections if given without a number]
    #[arg(long, value_name = "DRAWS", num_args = 0..=1, require_equals = true, default_missing_value = "20", value_parser = clap::value_parser!(u16).range(1..))]
    label_efficiency: Option<u16>,
    /// Write the bundle even if the head is worse than a constant guess on the test rows, or without a test part on the
    /// held-out rows [default: stop with an error]
    #[arg(long)]
    accept_poor: bool,
    /// Folder to write the bundle to; a bundle that is there is replaced [default: models/KIND-classifier or
    /// models/KIND-regressor]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the report as one JSON object on standard output
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Transfer) -> anyhow::Result<()> {
    let start = Instant::now();
    let stop = Stop::listen()?;
    let options = options(arguments)?;
    let bundle = Bundle::open(arguments.model.bundle()).map_err(needs_autoencoder)?;
    let model = Autoencoder::from_bundle(&bundle, &arguments.model.options())?;
    let manifest = bundle.manifest();
    let sources =
        Sources { data: &options.data, bundle: Some(arguments.model.bundle()), has_file: arguments.has_file() };
    let explain = |error| sources.explain(error);
    // From here on, the program checks for signals itself and removes the staged bundle when it stops.
    stop.defer_first_signal();
    let (encoded, (config, destination, mut run)) =
        EncodedData::load(&options, &arguments.limits, &model, &stop, |data| {
            let config = Config::check(&options, manifest, data).map_err(explain)?;
            check_weights(&config, &bundle, arguments.model.bundle())?;
            warn_of_labels(&config, data);
            if arguments.label_efficiency.is_some() {
                check_table(&config, data)?;
            }
            let kind = config.task.kind();
            let out =
                arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("models/{}-{kind}", manifest.kind)));
            check_not_source(&out, arguments.model.bundle())?;
            arguments.run.check_apart(&out)?;
            let destination = Destination::claim(&out, &stop)?;
            let run = open_run(&arguments.run, &config, &options, manifest, data)?;
            Ok((config, destination, run))
        })?;
    let EncodedData { data, codes } = &encoded;
    note(format_args!(
        "encoder: {} trained on {}, {}; data: {} of {}",
        manifest.kind,
        manifest.training.data.name,
        counted(manifest.latent_dim, "latent dimension"),
        counted(data.train.values.rows(), "training row"),
        data.name
    ));
    let weights = needs_weights(&config).then(|| bundle.read(WEIGHTS)).transpose()?;
    let should_stop = || stop.signal().is_some();
    let mut report_event = |event: Event<'_>| match event {
        // Without fine-tuning, the report contains the same figures.
        Event::HeadFitted(_) if config.tuning.is_none() => {}
        event => print_event(event),
    };
    let pretrained = Pretrained { manifest, weights: weights.as_deref() };
    let fitted = fit(&config, pretrained, data, codes, run.as_mut(), &should_stop, &mut report_event);
    let place = match &fitted {
        Err(TrainError::Interrupted { epoch, step }) if *step > 0 => format!(" after step {step} (epoch {epoch})"),
        Ok(_) | Err(_) => String::new(),
    };
    let stopped = |place: &str| interrupted(place, run.as_ref(), &arguments.command(), &options, &stop);
    let unless_stopped = |place: &str| if stop.signal().is_some() { Err(stopped(place)) } else { Ok(()) };
    unless_stopped(&place)?;
    let fitted = fitted.map_err(explain)?;
    fitted.remarks().iter().for_each(warn);
    match (fitted.poor(), arguments.accept_poor) {
        (Some(poor), false) => bail!(
            "{poor}; no bundle was written; train on more labels, or pass another --head or --weight-decay; \
             --accept-poor writes it anyway"
        ),
        (Some(poor), true) => warn(poor),
        (None, _) => {}
    }
    let efficiency = match arguments.label_efficiency {
        None => None,
        Some(count) => {
            let draws = Repetitions { count: usize::from(count), seed: config.seed };
            let mut print_row = |row: &_| note(format_args!("label efficiency: {}", Table::row(row)));
            let table = label_efficiency(draws, manifest, data, codes, &should_stop, &mut print_row);
            unless_stopped("")?;
            Some(table.map_err(explain)?)
        }
    };
    let reading = inherited(&options.data.reading, manifest);
    let stored = Options { data: DataOptions { reading, ..options.data.clone() }, ..options.clone() };
    let (encoder, probe) = (bundle.graph(&manifest.graphs.encoder)?, bundle.probe()?);
    let export = fitted.export(Origin { manifest, encoder: &encoder, probe: &probe }, data, &stored)?;
    let title = format!("linear heads on {}", data.name);
    let extra_files =
        efficiency.as_ref().map(|efficiency| Table(efficiency).files(&title)).transpose()?.unwrap_or_default();
    let published = publish(destination, export, &extra_files, &stop);
    let bundle = published.map_err(|error| if error.is::<Stopped>() { stopped("").into() } else { error })?;
    let (efficiency, data) = (efficiency.as_ref(), test_flags(&options.data, data));
    Report { fitted: &fitted, bundle: &bundle, efficiency, data, time: start.elapsed() }.print(arguments.json)
}

/// Returns whether the fit starts from the weights of the bundle.
fn needs_weights(config: &Config) -> bool {
    config.tuning.as_ref().is_some_and(|tuning| tuning.start == Start::Bundle)
}

/// Refuses --fine-tune for a bundle without weights, before anything is computed.
fn check_weights(config: &Config, bundle: &Bundle, path: &Path) -> anyhow::Result<()> {
    if needs_weights(config) && !bundle.files().any(|(name, _)| name == WEIGHTS) {
        bail!(
            "`{}` contains no weights, which --fine-tune needs; for a packed bundle, pass the folder that it was packed from",
            path.display()
        );
    }
    Ok(())
}

/// Returns the flags with which `classify` reads the test part, so that its accuracy is that of the report; all rows if
/// there is no test part. `None` for standard input.
fn test_flags(options: &DataOptions, data: &Dataset) -> Option<String> {
    match (&options.test, &data.test) {
        (Some(test), _) => data_flags_of_model(&Reading {
            data: Some(test.clone()),
            labels: options.test_labels.clone(),
            ..options.reading.clone()
        }),
        (None, test) => {
            let digits = Some("digits".to_owned());
            let reading = Reading { data: options.reading.data.clone().or(digits), ..options.reading.clone() };
            let part = if test.is_some() { " --part test" } else { "" };
            data_flags_of_model(&reading).map(|flags| flags + part)
        }
    }
}

/// Refuses --label-efficiency before any long computation if there is no accuracy to report.
fn check_table(config: &Config, data: &Dataset) -> anyhow::Result<()> {
    match config.task {
        Task::Regression => misuse!("--label-efficiency reports accuracies, and a regression has none; leave it out"),
        Task::Classification if data.test.is_none() => {
            bail!("--label-efficiency needs a test part, but `{}` has none; pass --test", data.name)
        }
        Task::Classification => Ok(()),
    }
}

impl Transfer {
    /// Whether options may come from a configuration file or from the resumed run.
    fn has_file(&self) -> bool {
        self.config.is_some() || self.run.resume_folder().is_some()
    }

    /// Returns the command that repeats the transfer, without the name of the program and without the flags that are
    /// in the configuration of a run.
    fn command(&self) -> String {
        let out = self.out.as_ref().map(|out| format!(" --out {}", absolute_word(out)));
        let efficiency = self.label_efficiency.map(|draws| format!(" --label-efficiency={draws}"));
        let (accept, json) =
            (if self.accept_poor { " --accept-poor" } else { "" }, if self.json { " --json" } else { "" });
        format!(
            "transfer {}{}{}{}{accept}{json}{}{}",
            absolute_word(self.model.bundle()),
            self.model.device_flag(),
            out.unwrap_or_default(),
            efficiency.unwrap_or_default(),
            self.run.cadence_flags(),
            limit_flags(&self.limits)
        )
    }
}

/// Returns the options of the flags, completed by those of the configuration file or of the resumed run.
fn options(arguments: &Transfer) -> anyhow::Result<Options> {
    match (&arguments.config, arguments.run.resume_folder()) {
        (Some(path), _) => Ok(arguments.options.or(&transfer_of_file(path)?)),
        (None, Some(run)) => Ok(Run::options_with(run, &arguments.options)?),
        (None, None) => Ok(arguments.options.clone()),
    }
}
