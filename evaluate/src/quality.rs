//! Quality of generated samples, compared with real ones in a feature space.

use narrows_runtime::{Autoencoder, Error};
use ndarray::{Array2, ArrayView2, Axis, Slice};

use crate::{components::Components, frechet::frechet_distance, neighbourhoods::Neighbourhoods, row_space::RowSpace};

/// Number of rows that an encoder encodes at a time.
const CHUNK: usize = 1024;

/// The space in which samples are compared.
#[derive(Debug)]
pub enum FeatureSpace<'m> {
    /// The points of the samples: their scaled values, or those of the rows of a mixed table.
    Pixels(RowSpace),
    /// Principal components of these points.
    Components(RowSpace, Components),
    /// Codes of a reference encoder, which takes no labels.
    Encoder(&'m Autoencoder),
}

impl FeatureSpace<'_> {
    /// Returns the features of rows, `[rows, features]` in the unit of the data.
    ///
    /// # Errors
    /// Those of [`Autoencoder::encode`].
    pub fn of(&self, rows: ArrayView2<'_, f32>) -> Result<Array2<f64>, Error> {
        match self {
            FeatureSpace::Pixels(space) => Ok(space.points(rows)),
            FeatureSpace::Components(space, components) => Ok(components.of(space.points(rows).view())),
            FeatureSpace::Encoder(model) => {
                let mut features = Array2::zeros((rows.nrows(), model.latent_dim()));
                for start in (0..rows.nrows()).step_by(CHUNK) {
                    let range = Slice::from(start..rows.nrows().min(start + CHUNK));
                    let codes = model.encode(rows.slice_axis(Axis(0), range))?;
                    features.slice_axis_mut(Axis(0), range).assign(&codes.mapv(f64::from));
                }
                Ok(features)
            }
        }
    }
}

/// How close generated samples are to real ones in a feature space. The figures of different feature spaces, and of
/// different numbers of samples, are not comparable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleQuality {
    /// Number of features.
    pub width: usize,
    /// Number of real samples.
    pub real: usize,
    /// Number of generated samples.
    pub generated: usize,
    /// Squared Fréchet distance of the features, see [`frechet_distance`]; `None` for fewer than two samples.
    pub frechet_distance: Option<f64>,
    /// Precision, recall, density and coverage; `None` for too few samples.
    pub neighbourhoods: Option<Neighbourhoods>,
}

impl SampleQuality {
    /// Compares generated with real samples by `neighbours` nearest neighbours. Both are rows in the unit of the data.
    /// Holds the features of both in memory, 8 bytes each.
    ///
    /// # Errors
    /// Those of [`FeatureSpace::of`].
    pub fn of(
        space: &FeatureSpace<'_>,
        real: ArrayView2<'_, f32>,
        generated: ArrayView2<'_, f32>,
        neighbours: usize,
    ) -> Result<Self, Error> {
        let (real, generated) = (space.of(real)?, space.of(generated)?);
        Ok(SampleQuality {
            width: real.ncols(),
            real: real.nrows(),
            generated: generated.nrows(),
            frechet_distance: frechet_distance(real.view(), generated.view()),
            neighbourhoods: Neighbourhoods::of(real.view(), generated.view(), neighbours),
        })
    }
}
