//! Random images of the size of MNIST images. Their content does not affect the running time.

use narrows_bundle::Kind;
use narrows_data::{Dataset, Part, Values};
use narrows_trainer::Options;
use ndarray::Array2;
use rand::Rng;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// Returns `rows` images of 28 by 28 random bytes with ten classes.
pub(crate) fn images(rows: usize) -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let bytes = Array2::from_shape_simple_fn((rows, 784), || random.random());
    Dataset {
        name: "made up".to_owned(),
        sample_shape: vec![28, 28],
        sample_kind: narrows_data::SampleKind::default(),
        date_columns: None,
        table: None,
        notes: narrows_data::Notes::default(),
        range: (0.0, 255.0),
        columns: None,
        fill: None,
        valid: None,
        train: Part { values: Values::U8(bytes), labels: Some((0..rows as u32).map(|row| row % 10).collect()) },
        test: None,
        classes: Some((0..10).map(|class| class.to_string()).collect()),
    }
}

/// Returns the options of the reference network, 784-400-20, for one epoch over all rows.
pub(crate) fn reference(kind: Kind) -> Options {
    Options { latent: Some(20), ..Options::new(kind) }.with(|options| {
        options.architecture.hidden = Some(vec![400]);
        options.steps.batch_size = Some(128);
        options.split.valid_fraction = Some(0.0);
        options.length.epochs = Some(1);
    })
}
