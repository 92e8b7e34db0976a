//! Tests of the problems that the check reports and of the defaults that it fills in.

use narrows_data::{Part, Reading, Values};
use ndarray::Array2;

use super::*;
use crate::{
    Activation, DataOptions, OptimizerName, Pretrain,
    kinds::{Capacity, KlWarmup},
    scaling::Scale,
};

/// `rows` rows of three columns, with labels of two classes.
fn table(rows: usize) -> Dataset {
    let values = Array2::from_shape_fn((rows, 3), |(row, column)| row as f32 - column as f32);
    Dataset {
        name: "table".to_owned(),
        sample_shape: vec![3],
        sample_kind: narrows_data::SampleKind::default(),
        date_columns: None,
        table: None,
        notes: narrows_data::Notes::default(),
        range: (-2.0, rows as f32),
        columns: None,
        fill: None,
        valid: None,
        train: Part { values: Values::F32(values), labels: None },
        test: None,
        classes: None,
    }
}

fn keys(options: &Options) -> Vec<String> {
    match Config::check(options, &table(10)) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.into_iter().map(|problem| problem.key).collect(),
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let options = Options { latent: Some(0), ..Options::new(Kind::Cvae) }.with(|options| {
        options.length.epochs = Some(0);
        options.steps.batch_size = Some(0);
        options.schedule.learning_rate = Some(-1.0);
        options.divergence.beta = Some(f64::NAN);
        options.pca.whiten = Some(true);
        options.split.valid_fraction = Some(1.5);
        options.architecture.hidden = Some(vec![4, 0]);
        options.steps.clip_norm = Some(-1.0);
        options.steps.average = Some(1.0);
        options.stopping.min_delta = Some(0.1);
    });
    let keys = keys(&options);
    for (key, _) in options.fields().into_iter().filter(|(key, _)| key != "kind") {
        assert!(keys.contains(&key), "{key} is missing in {keys:?}");
    }
    assert!(keys.iter().any(|key| key == "data"), "a cvae needs labels: {keys:?}");
}

#[test]
fn the_effective_options_of_every_kind_reproduce_the_configuration() {
    let mut data = table(40);
    data.train.labels = Some(vec![0; 40]);
    data.classes = Some(vec!["only".to_owned()]);
    let vae = || Options::new(Kind::Vae);
    let special = [
        vae().with(|options| {
            options.divergence.kl_warmup = Some(KlWarmup::Linear { epochs: 3.0 });
            options.divergence.free_bits = Some(0.5);
        }),
        vae().with(|options| {
            options.divergence.capacity = Some(Capacity { nats: 5.0, epochs: 2.0 });
            options.variance.variance = Some(Variance::Learned);
        }),
        vae().with(|options| {
            options.bound.importance_samples = Some(5);
            options.optimizer.optimizer = Some(OptimizerName::Sgd);
        }),
        vae().with(|options| {
            options.stopping.patience = Some(3);
            options.stopping.min_delta = Some(0.5);
            options.steps.average = Some(0.99);
            options.steps.clip_norm = Some(1.0);
        }),
        Options::new(Kind::Ae).with(|options| {
            options.pretrain.pretrain = Some(Pretrain::Layerwise);
            options.pretrain.pretrain_epochs = Some(3);
            options.code.latent_activation = Some(Activation::Tanh);
        }),
        Options::new(Kind::Dae).with(|options| {
            options.pretrain.pretrain = Some(Pretrain::Layerwise);
            options.schedule.learning_rate = Some(0.1);
        }),
        Options::new(Kind::Ae).with(|options| {
            options.pretrain.pretrain = Some(Pretrain::None);
            options.architecture.hidden = Some(vec![]);
        }),
        Options::new(Kind::Dae).with(|options| {
            options.code.tied = Some(true);
            options.penalty.l1 = Some(0.1);
            options.penalty.contractive = Some(0.1);
            options.weights.l2 = Some(0.1);
        }),
    ];
    let plain = Kind::ALL.map(|kind| Options { latent: Some(2), seed: Some(7), ..Options::new(kind) });
    for options in plain.into_iter().chain(special) {
        let config = Config::check(&options, &data).expect("options that fit");
        let toml = config.effective().to_toml().expect("plain numbers");
        let read_back = Options::from_toml(&toml).expect("just written");
        assert_eq!(Config::check(&read_back, &data), Ok(config), "{toml}");
    }
}

#[test]
fn options_of_another_kind_are_rejected() {
    let options = Options::new(Kind::Ae).with(|options| options.divergence.beta = Some(2.0));
    let error = Config::check(&options, &table(10)).expect_err("an ae has no KL term").to_string();
    assert_eq!(error, "`beta` is an option of vae, cvae, not of ae");
}

#[test]
fn options_that_exclude_each_other_are_rejected_together() {
    let vae = || Options { latent: Some(2), ..Options::new(Kind::Vae) };
    let warmup = Some(KlWarmup::Linear { epochs: 3.0 });
    let capacity = Some(Capacity { nats: 5.0, epochs: 2.0 });
    for (options, key) in [
        (
            vae().with(|options| {
                options.bound.importance_samples = Some(5);
                options.divergence.beta = Some(2.0);
            }),
            "importance_samples",
        ),
        (
            vae().with(|options| {
                options.divergence.capacity = capacity;
                options.divergence.kl_warmup = warmup;
            }),
            "capacity",
        ),
        (
            vae().with(|options| {
                options.stopping.patience = Some(2);
                options.split.valid_fraction = Some(0.0);
            }),
            "patience",
        ),
        (vae().with(|options| options.schedule.warmup = Some(1_000_000)), "warmup"),
        (vae().with(|options| options.length.epochs = Some(usize::MAX)), "epochs"),
        (vae().with(|options| options.bound.importance_samples = Some(usize::MAX)), "importance_samples"),
        (vae().with(|options| options.binarize.binarize = Some(Binarize::Static)), "binarize"),
        (vae().with(|options| options.variance.variance = Some(Variance::Fixed(0.0))), "variance"),
        (Options { seed: Some(u64::MAX), ..vae() }, "seed"),
    ] {
        assert_eq!(keys(&options), [key], "{options:?}");
    }
}

#[test]
fn a_batch_of_one_row_is_rejected_for_a_kind_that_compares_rows() {
    let wae = |rows| {
        Options { latent: Some(2), ..Options::new(Kind::Wae) }.with(|options| options.steps.batch_size = Some(rows))
    };
    assert_eq!(keys(&wae(1)), ["batch_size"]);
    assert_eq!(keys(&wae(2)), [""; 0]);
    let error = Config::check(&wae(64), &table(2)).expect_err("one row is fitted, the other is held out").to_string();
    assert!(error.contains("leaves 1 to train on, but a wae needs at least 2"), "{error}");
}

#[test]
fn too_few_rows_are_reported_once_with_a_remedy_that_works() {
    let problems = |kind, rows| {
        let options = |fraction| {
            Options { latent: Some(1), ..Options::new(kind) }.with(|options| options.split.valid_fraction = fraction)
        };
        let message =
            Config::check(&options(None), &table(rows)).map_err(|error| error.to_string()).expect_err("no row");
        (message, Config::check(&options(Some(0.0)), &table(rows)).is_ok())
    };
    for kind in [Kind::Ae, Kind::Vae] {
        let expected = "`data` has 1 row, of which the validation split of 0.1 leaves none to train on; pass data with more \
                        rows, or --valid-fraction 0";
        assert_eq!(problems(kind, 1), (expected.to_owned(), true));
    }
    let (message, works) = problems(Kind::Wae, 1);
    assert!(message.ends_with("because its loss compares rows; pass data with more rows") && !works, "{message}");
    let invalid = Options::new(Kind::Vae).with(|options| options.split.valid_fraction = Some(1.2));
    assert_eq!(keys(&invalid), ["valid_fraction"]);
}

#[test]
fn every_suggested_remedy_for_a_scaling_outside_the_range_of_a_sigmoid_is_accepted() {
    let options = || {
        Options { latent: Some(1), ..Options::new(Kind::Ae) }.with(|options| {
            options.output.likelihood = Some(Likelihood::Bernoulli);
            options.scaling.scale = Some(Scale::Standard);
        })
    };
    let error = Config::check(&options(), &table(10)).expect_err("values outside [0, 1]").to_string();
    let advice = "pass --scale unit, --scale minmax or --likelihood gaussian --output-link identity";
    assert!(error.ends_with(advice), "{error}");
    let gaussian = options().with(|options| {
        options.output.likelihood = Some(Likelihood::Gaussian);
        options.output.output_link = Some(Link::Identity);
    });
    let scaled = |scale| options().with(|options| options.scaling.scale = Some(scale));
    for accepted in [gaussian, scaled(Scale::Unit), scaled(Scale::MinMax)] {
        assert_eq!(keys(&accepted), [""; 0]);
    }
}

#[test]
fn invalid_pretraining_options_are_rejected() {
    let ae = || Options { latent: Some(2), ..Options::new(Kind::Ae) }.with(|options| options.length.epochs = Some(100));
    let layerwise = || ae().with(|options| options.pretrain.pretrain = Some(Pretrain::Layerwise));
    let few = Some(3);
    for (options, key) in [
        (ae().with(|options| options.pretrain.pretrain_epochs = few), "pretrain_epochs"),
        (
            ae().with(|options| {
                options.pretrain.pretrain = Some(Pretrain::None);
                options.pretrain.pretrain_learning_rate = Some(0.1);
            }),
            "pretrain_learning_rate",
        ),
        (layerwise().with(|options| options.pretrain.pretrain_epochs = Some(0)), "pretrain_epochs"),
        (layerwise().with(|options| options.pretrain.pretrain_epochs = Some(usize::MAX)), "pretrain_epochs"),
        (layerwise().with(|options| options.pretrain.pretrain_learning_rate = Some(0.0)), "pretrain_learning_rate"),
        // An epoch has one step.
        (
            layerwise().with(|options| {
                options.pretrain.pretrain_epochs = few;
                options.schedule.warmup = Some(3);
            }),
            "warmup",
        ),
        (Options { kind: Some(Kind::Vae), ..layerwise() }, "pretrain"),
        (Options { kind: Some(Kind::Pca), ..layerwise() }.with(|options| options.length.epochs = None), "pretrain"),
        (
            Options { kind: Some(Kind::Vae), ..ae() }
                .with(|options| options.code.latent_activation = Some(Activation::Tanh)),
            "latent_activation",
        ),
    ] {
        assert_eq!(keys(&options), [key], "{options:?}");
    }
    for options in [
        ae(),
        layerwise(),
        layerwise().with(|options| {
            options.architecture.hidden = Some(vec![]);
            options.schedule.warmup = Some(2);
            options.pretrain.pretrain_epochs = few;
        }),
    ] {
        assert_eq!(keys(&options), [""; 0], "{options:?}");
    }
}

#[test]
fn disabled_features_are_not_recorded() {
    let options = Options::new(Kind::Ae).with(|options| {
        options.pretrain.pretrain = Some(Pretrain::None);
        options.code.latent_activation = Some(Activation::Identity);
    });
    let config = Config::check(&options, &table(10)).expect("options that fit");
    assert_eq!(config.effective(), Config::check(&Options::new(Kind::Ae), &table(10)).expect("defaults").effective());
}

#[test]
fn pca_has_no_more_components_than_the_rows_span() {
    let options = |latent| Options { latent: Some(latent), ..Options::new(Kind::Pca) };
    // One of 4 rows is held out, and centring removes one dimension.
    assert!(Config::check(&options(2), &table(4)).is_ok());
    assert!(Config::check(&options(3), &table(4)).is_err());
}

#[test]
fn a_configuration_without_a_kind_is_rejected_with_a_list_of_kinds() {
    let error = Config::check(&Options::default(), &table(4)).expect_err("no kind").to_string();
    assert_eq!(error, "`kind` is missing; choose one of pca, ae, dae, wae, vae, cvae");
}

#[test]
fn recorded_options_contain_file_names_without_folders() {
    let reading = Reading { data: Some("/home/me/data/table.csv".to_owned()), ..Reading::default() };
    let data_options = DataOptions { reading, ..DataOptions::default() };
    let options = Options { data: data_options, ..Options::new(Kind::Ae) };
    let config = Config::check(&options, &table(10)).expect("defaults that fit");
    assert_eq!(config.recorded().data.reading.data.as_deref(), Some("table.csv"));
    assert_eq!(config.effective().data.reading.data.as_deref(), Some("/home/me/data/table.csv"));
}

/// Compares only defaults of one word: the others, and `auto`, depend on the data or on another option.
#[cfg(feature = "clap")]
#[test]
fn defaults_in_the_help_are_those_of_a_checked_configuration() {
    let data = narrows_data::load("digits", &narrows_data::LoadOptions::default()).expect("the digits are embedded");
    let command = <Options as clap::Args>::augment_args(clap::Command::new("narrows"));
    let mut compared = Vec::new();
    for argument in command.get_arguments() {
        let (key, help) =
            (argument.get_id().as_str(), argument.get_help().map(ToString::to_string).unwrap_or_default());
        for kind in Kind::ALL.iter().filter(|_| key == "kind") {
            assert!(help.contains(kind.name()), "the help does not list {kind}: {help}");
        }
        let default = help.rsplit_once("[default: ").and_then(|(_, rest)| rest.strip_suffix(']'));
        let Some(default) = default.filter(|default| !default.contains(' ') && *default != "auto") else { continue };
        let kind = *Options::kinds_of(key).first().expect("every option belongs to at least one kind");
        let mut names = OptimizerName::ALL.into_iter();
        let name = names
            .find(|name| name.not_taken(key).is_none())
            .expect("every option is compatible with at least one optimizer");
        let is_trained = kind != Kind::Pca;
        let options = Options::new(kind).with(|options| {
            options.optimizer.optimizer = is_trained.then_some(name);
            let has_filters = ["filters", "kernel_size", "stride"].contains(&key);
            options.architecture.architecture = has_filters.then_some(crate::options::ArchitectureName::Conv);
        });
        let effective = Config::check(&options, &data).expect("defaults that fit").effective().fields();
        // Disabled features are not always recorded.
        let Some(value) = effective.get(key) else { continue };
        let text = value.to_string().replace(['"', '[', ']'], "").replace(", ", ",");
        let is_equal = match (text.parse::<f64>(), default.parse::<f64>()) {
            (Ok(value), Ok(default)) => value == default,
            _ => text.trim() == default,
        };
        assert!(is_equal, "--{key} is {text} by default, and the help says {default}");
        compared.push(key.to_owned());
    }
    for key in ["learning_rate", "hidden", "beta1", "momentum", "weight_decay", "mmd", "latent", "filters", "stride"] {
        assert!(compared.iter().any(|compared| compared == key), "{key} is not among {compared:?}");
    }
}
