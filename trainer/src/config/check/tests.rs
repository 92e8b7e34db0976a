//! What a configuration refuses, and that nothing is left open.

use narrows_data::{Part, Reading, Values};
use ndarray::Array2;

use super::*;
use crate::{
    Source,
    kinds::{Capacity, KlWarmup},
};

/// `rows` rows of three columns, with labels of two classes.
fn table(rows: usize) -> Dataset {
    let values = Array2::from_shape_fn((rows, 3), |(row, column)| row as f32 - column as f32);
    Dataset {
        name: "table".to_owned(),
        sample_shape: vec![3],
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
fn all_problems_are_named_at_once() {
    let options = Options {
        latent: Some(0),
        epochs: Some(0),
        batch_size: Some(0),
        learning_rate: Some(-1.0),
        beta: Some(f64::NAN),
        whiten: Some(true),
        valid_fraction: Some(1.5),
        hidden: Some(vec![4, 0]),
        clip_norm: Some(-1.0),
        average: Some(1.0),
        min_delta: Some(0.1),
        ..Options::new(Kind::Cvae)
    };
    let keys = keys(&options);
    for (key, _) in options.fields().into_iter().filter(|(key, _)| key != "kind") {
        assert!(keys.contains(&key), "{key} is missing in {keys:?}");
    }
    assert!(keys.iter().any(|key| key == "data"), "a cvae needs labels: {keys:?}");
}

#[test]
fn the_effective_options_of_every_kind_make_the_same_configuration_again() {
    let mut data = table(40);
    data.train.labels = Some(vec![0; 40]);
    data.classes = Some(vec!["only".to_owned()]);
    let vae = || Options::new(Kind::Vae);
    let special = [
        Options { kl_warmup: Some(KlWarmup::Linear { epochs: 3.0 }), free_bits: Some(0.5), ..vae() },
        Options { capacity: Some(Capacity { nats: 5.0, epochs: 2.0 }), variance: Some(Variance::Learned), ..vae() },
        Options { importance_samples: Some(5), optimizer: Some(OptimizerName::Sgd), ..vae() },
        Options { patience: Some(3), min_delta: Some(0.5), average: Some(0.99), clip_norm: Some(1.0), ..vae() },
        Options {
            pretrain: Some(Pretrain::Layerwise),
            pretrain_epochs: Some(3),
            latent_activation: Some(Activation::Tanh),
            ..Options::new(Kind::Ae)
        },
        Options { pretrain: Some(Pretrain::Layerwise), learning_rate: Some(0.1), ..Options::new(Kind::Dae) },
        Options { pretrain: Some(Pretrain::None), hidden: Some(vec![]), ..Options::new(Kind::Ae) },
        Options { tied: Some(true), l1: Some(0.1), contractive: Some(0.1), l2: Some(0.1), ..Options::new(Kind::Dae) },
    ];
    let plain = Kind::ALL.map(|kind| Options { latent: Some(2), seed: Some(7), ..Options::new(kind) });
    for options in plain.into_iter().chain(special) {
        let config = Config::check(&options, &data).expect("options that fit");
        let toml = config.effective().to_toml().expect("plain numbers");
        let back = Options::from_toml(&toml).expect("just written");
        assert_eq!(Config::check(&back, &data), Ok(config), "{toml}");
    }
}

#[test]
fn options_of_another_kind_are_refused() {
    let options = Options { beta: Some(2.0), ..Options::new(Kind::Ae) };
    let error = Config::check(&options, &table(10)).expect_err("an ae has no divergence").to_string();
    assert_eq!(error, "`beta` is an option of vae, cvae, not of ae");
}

#[test]
fn what_excludes_each_other_is_refused_together() {
    let vae = || Options { latent: Some(2), ..Options::new(Kind::Vae) };
    let warmup = Some(KlWarmup::Linear { epochs: 3.0 });
    let capacity = Some(Capacity { nats: 5.0, epochs: 2.0 });
    for (options, key) in [
        (Options { importance_samples: Some(5), beta: Some(2.0), ..vae() }, "importance_samples"),
        (Options { capacity, kl_warmup: warmup, ..vae() }, "capacity"),
        (Options { patience: Some(2), valid_fraction: Some(0.0), ..vae() }, "patience"),
        (Options { warmup: Some(1_000_000), ..vae() }, "warmup"),
        (Options { epochs: Some(usize::MAX), ..vae() }, "epochs"),
        (Options { importance_samples: Some(usize::MAX), ..vae() }, "importance_samples"),
        (Options { binarize: Some(Binarize::Static), ..vae() }, "binarize"),
        (Options { variance: Some(Variance::Fixed(0.0)), ..vae() }, "variance"),
        (Options { seed: Some(u64::MAX), ..vae() }, "seed"),
    ] {
        assert_eq!(keys(&options), [key], "{options:?}");
    }
}

#[test]
fn pretraining_is_refused_where_it_makes_no_sense() {
    let ae = || Options { latent: Some(2), epochs: Some(100), ..Options::new(Kind::Ae) };
    let layerwise = || Options { pretrain: Some(Pretrain::Layerwise), ..ae() };
    let few = Some(3);
    for (options, key) in [
        (Options { pretrain_epochs: few, ..ae() }, "pretrain_epochs"),
        (
            Options { pretrain: Some(Pretrain::None), pretrain_learning_rate: Some(0.1), ..ae() },
            "pretrain_learning_rate",
        ),
        (Options { pretrain_epochs: Some(0), ..layerwise() }, "pretrain_epochs"),
        (Options { pretrain_epochs: Some(usize::MAX), ..layerwise() }, "pretrain_epochs"),
        (Options { pretrain_learning_rate: Some(0.0), ..layerwise() }, "pretrain_learning_rate"),
        // An epoch has one step.
        (Options { pretrain_epochs: few, warmup: Some(3), ..layerwise() }, "warmup"),
        (Options { kind: Some(Kind::Vae), ..layerwise() }, "pretrain"),
        (Options { epochs: None, ..Options { kind: Some(Kind::Pca), ..layerwise() } }, "pretrain"),
        (Options { kind: Some(Kind::Vae), latent_activation: Some(Activation::Tanh), ..ae() }, "latent_activation"),
    ] {
        assert_eq!(keys(&options), [key], "{options:?}");
    }
    for options in
        [ae(), layerwise(), Options { hidden: Some(vec![]), warmup: Some(2), pretrain_epochs: few, ..layerwise() }]
    {
        assert_eq!(keys(&options), [""; 0], "{options:?}");
    }
}

#[test]
fn what_is_off_is_not_recorded() {
    let options = Options {
        pretrain: Some(Pretrain::None),
        latent_activation: Some(Activation::Identity),
        ..Options::new(Kind::Ae)
    };
    let config = Config::check(&options, &table(10)).expect("options that fit");
    assert_eq!(config.effective(), Config::check(&Options::new(Kind::Ae), &table(10)).expect("defaults").effective());
}

#[test]
fn pca_cannot_find_more_components_than_the_rows_span() {
    let options = |latent| Options { latent: Some(latent), ..Options::new(Kind::Pca) };
    // Of 4 rows one is held out and one dimension goes to centring.
    assert!(Config::check(&options(2), &table(4)).is_ok());
    assert!(Config::check(&options(3), &table(4)).is_err());
}

#[test]
fn a_configuration_without_a_kind_says_which_there_are() {
    let error = Config::check(&Options::default(), &table(4)).expect_err("no kind").to_string();
    assert_eq!(error, "`kind` is missing: pca, ae, dae, vae or cvae");
}

#[test]
fn a_manifest_names_files_without_their_folders() {
    let reading = Reading { data: Some("/home/me/data/table.csv".to_owned()), ..Reading::default() };
    let source = Source { reading, ..Source::default() };
    let options = Options { source, ..Options::new(Kind::Ae) };
    let config = Config::check(&options, &table(10)).expect("defaults that fit");
    assert_eq!(config.recorded().source.reading.data.as_deref(), Some("table.csv"));
    assert_eq!(config.effective().source.reading.data.as_deref(), Some("/home/me/data/table.csv"));
}
