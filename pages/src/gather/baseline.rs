//! The error of a principal component analysis with as many dimensions as the model.

use narrows_evaluate::{Columns, Components};
use narrows_runtime::{Autoencoder, bundle::Kind};
use ndarray::{Array2, Axis};

use crate::gathered::{Baseline, Row};

/// Fits principal components to rows, `[rows, features]` as they are in the data, and returns their error on the
/// points. `None` for a model that is itself one, for mixed tables and binarised rows, and where there are too few rows
/// or features. `fitted` says which rows these are.
pub(crate) fn baseline(model: &Autoencoder, rows: &Array2<f32>, points: &[Row], fitted: String) -> Option<Baseline> {
    let (latent, features) = (model.latent_dim(), model.manifest().sample.features());
    let is_binarized = points.iter().any(|row| row.values != row.original);
    // Squared errors say nothing of categories.
    let is_mixed = model.manifest().sample.table.is_some();
    if model.kind() == Kind::Pca
        || is_binarized
        || is_mixed
        || latent >= features
        || rows.nrows() <= latent
        || points.is_empty()
    {
        return None;
    }
    let columns = Columns::of(model.manifest());
    let scaled = columns.scaled_rows(rows.view());
    let components = Components::fit(scaled.view(), latent);
    if components.len() < latent {
        return None;
    }
    let targets = Array2::from_shape_fn((points.len(), features), |(row, column)| points[row].values[column]);
    let targets = columns.scaled_rows(targets.view());
    // The components are orthonormal, so the squared error is what the projection lacks (Pearson 1901).
    let lengths = |rows: &Array2<f64>| rows.map_axis(Axis(1), |row| row.dot(&row)).sum();
    let projected = components.of(targets.view());
    let error = lengths(&components.centred(targets.view())) - lengths(&projected);
    let values = (points.len() * features) as f64;
    Some(Baseline {
        components: latent,
        mse: error.max(0.0) / values,
        model_mse: points.iter().map(|row| row.error).sum::<f64>() / values,
        rows: points.len(),
        fitted,
    })
}
