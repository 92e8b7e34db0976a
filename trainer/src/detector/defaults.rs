//! Options for training an autoencoder that a detector is fitted to.

use narrows_bundle::Kind;

use crate::{
    Options,
    options::{Corruption, LengthOptions, Scale, Schedule},
};

/// Optimizer steps of a training on a table. More steps hardly change how well anomalies are ranked; with fewer the
/// reconstruction of tables with many columns is poor.
const STEPS: usize = 1500;
/// Smallest number of epochs, for large tables.
const LEAST_EPOCHS: usize = 5;
/// Rows of a batch, where there are as many.
const BATCH: usize = 64;
/// Units of the hidden layer: twice the number of columns, within these limits.
const HIDDEN: std::ops::RangeInclusive<usize> = 32..=128;
/// Largest number of latent dimensions; a sample with fewer than twice as many values gets half its number of values.
const LATENT: usize = 16;
/// Standard deviation of the noise that a denoising autoencoder removes, in standard deviations of the columns. Strong
/// noise teaches it the relations between columns.
const NOISE: f64 = 0.7;

/// Returns the options for training an autoencoder of this kind on `rows` samples of shape `sample_shape`, for anomaly
/// detection. Options that are not set have the defaults of training.
///
/// Tables get a small network, which is trained for a fixed number of steps. Nothing is held out for validation,
/// because rows that are held out are needed for the calibration.
pub fn training_options(kind: Kind, rows: usize, sample_shape: &[usize]) -> Options {
    let values: usize = sample_shape.iter().product();
    let options = Options::new(kind).with(|options| {
        options.latent = Some((values / 2).clamp(1, LATENT));
        options.split.valid_fraction = Some(0.0);
    });
    if sample_shape.len() > 1 {
        return options;
    }
    options.with(|options| {
        options.scaling.scale = Some(Scale::Standard);
        match kind {
            Kind::Pca => return,
            Kind::Dae => options.corruption.corruption = Some(Corruption::Gaussian(NOISE)),
            Kind::Ae | Kind::Wae | Kind::Vae | Kind::Cvae => {}
        }
        let batch = BATCH.min(rows.max(1));
        let epochs = STEPS.div_ceil(rows.max(1).div_ceil(batch)).max(LEAST_EPOCHS);
        options.architecture.hidden = Some(vec![(2 * values).clamp(*HIDDEN.start(), *HIDDEN.end())]);
        options.length = LengthOptions { epochs: Some(epochs) };
        options.steps.batch_size = Some(batch);
        options.schedule.learning_rate = Some(2e-3);
        options.schedule.schedule = Some(Schedule::Cosine { last: 0.0 });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_get_a_fixed_number_of_steps_and_images_the_defaults_of_training() {
        let epochs = |rows| training_options(Kind::Dae, rows, &[6]).length.epochs;
        assert_eq!([10, 640, 1601, 1_000_000].map(epochs), [1500, 150, 58, 5].map(Some));
        let image = training_options(Kind::Dae, 1000, &[8, 8]);
        assert_eq!((image.latent, image.length.epochs, image.corruption.corruption), (Some(16), None, None));
        assert_eq!(training_options(Kind::Pca, 10, &[1]).latent, Some(1));
    }
}
