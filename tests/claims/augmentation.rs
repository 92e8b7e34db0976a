//! Augmentation changes the images of training steps, and nothing else.

use narrows_tests::{digits, fitted};
use narrows_trainer::{
    Config, Fitted, Options,
    bundle::Kind,
    data::Values,
    options::{Augmentation, Corruption, Pretrain, Scale, ScalePer},
};

fn all() -> Vec<Augmentation> {
    vec![Augmentation::Flip, Augmentation::Shift(1), Augmentation::Crop(2), Augmentation::Rotate(10.0)]
}

fn short(kind: Kind) -> Options {
    Options { latent: Some(3), ..Options::new(kind) }.with(|options| {
        options.architecture.hidden = Some(vec![8]);
        options.length.epochs = Some(2);
    })
}

#[test]
fn validation_test_metrics_scaling_and_probe_use_the_images_as_they_are() {
    let data = digits();
    let run = |augmentations: Vec<Augmentation>| {
        fitted(
            &short(Kind::Ae).with(|options| {
                options.augmentation.augment = Some(augmentations);
                options.split.valid_fraction = Some(0.2);
                options.scaling.scale = Some(Scale::MinMax);
                options.scaling.scale_per = Some(ScalePer::Global);
                // Too small to change the weights, so that only the images can change a figure.
                options.schedule.learning_rate = Some(1e-30);
            }),
            &data,
        )
    };
    let (plain, augmented) = (run(Vec::new()), run(all()));
    assert_eq!(plain.weights, augmented.weights);
    let file = |fitted: &Fitted, part: &str| {
        let files = fitted.export(&data).expect("an export").files;
        let found: Vec<_> = files.into_iter().filter(|(name, _)| name.contains(part)).collect();
        assert!(!found.is_empty(), "{part}");
        found
    };
    for part in ["encoder", "decoder", "probe"] {
        assert!(file(&plain, part) == file(&augmented, part), "{part}");
    }
    assert_eq!(plain.metrics(), augmented.metrics());
    for (plain, augmented) in plain.history.iter().zip(&augmented.history) {
        assert!(plain.valid.is_some() && plain.valid == augmented.valid);
        let change = (plain.train.loss - augmented.train.loss).abs() / plain.train.loss;
        assert!(change > 1e-3, "the training images are not augmented: {change}");
    }
}

#[test]
fn every_trained_kind_and_pretraining_train_on_augmented_images() {
    let data = digits();
    let mut runs: Vec<Options> = [Kind::Ae, Kind::Wae, Kind::Vae, Kind::Cvae].map(short).to_vec();
    runs.push(short(Kind::Dae).with(|options| options.corruption.corruption = Some(Corruption::Gaussian(0.1))));
    runs.push(short(Kind::Ae).with(|options| {
        options.pretrain.pretrain = Some(Pretrain::Layerwise);
        options.pretrain.pretrain_epochs = Some(1);
    }));
    for options in runs {
        let plain = fitted(&options, &data);
        let augmented = fitted(&options.clone().with(|options| options.augmentation.augment = Some(all())), &data);
        for (plain, augmented) in plain.history.iter().zip(&augmented.history) {
            assert!(plain.train.loss != augmented.train.loss, "{options:?}");
        }
    }
}

#[test]
fn augmented_training_makes_an_autoencoder_better_on_shifted_images() {
    let data = digits();
    let mut shifted = data.clone();
    let test = shifted.test.as_mut().expect("digits have a test part");
    let Values::U8(values) = &test.values else { panic!("digits are bytes") };
    // One pixel to the right, with the left edge repeated.
    let moved = ndarray::Array2::from_shape_fn(values.raw_dim(), |(row, pixel)| {
        values[(row, if pixel % 8 == 0 { pixel } else { pixel - 1 })]
    });
    test.values = Values::U8(moved);
    let mse = |augmentations: Vec<Augmentation>| {
        let options = short(Kind::Ae).with(|options| {
            options.latent = Some(16);
            options.architecture.hidden = Some(vec![64]);
            options.length.epochs = Some(20);
            options.augmentation.augment = Some(augmentations);
        });
        fitted(&options, &shifted).test.expect("a test part").mse
    };
    let (plain, augmented) = (mse(Vec::new()), mse(vec![Augmentation::Shift(1)]));
    assert!(augmented < 0.8 * plain, "{augmented} against {plain}");
}

#[test]
fn augmentation_is_recorded_only_where_it_is_used() {
    let data = digits();
    let recorded = |augmentations: Option<Vec<Augmentation>>| {
        let options = short(Kind::Vae).with(|options| options.augmentation.augment = augmentations);
        Config::check(&options, &data).expect("options that fit").effective().to_toml().expect("plain values")
    };
    assert_eq!(recorded(Some(Vec::new())), recorded(None));
    assert!(!recorded(None).contains("augment"));
    assert!(recorded(Some(all())).contains(r#"augment = ["flip", "shift:1", "crop:2", "rotate:10"]"#));
}

#[test]
fn pca_refuses_augmentation() {
    let options = Options { latent: Some(3), ..Options::new(Kind::Pca) }
        .with(|options| options.augmentation.augment = Some(all()));
    let error = Config::check(&options, &digits()).expect_err("a closed form").to_string();
    assert!(error.contains("`augment` is an option of ae, dae, wae, vae, cvae, not of pca"), "{error}");
}
