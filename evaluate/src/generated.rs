//! Generated samples with given classes.

use std::collections::BTreeMap;

use narrows_runtime::{Autoencoder, Error};
use ndarray::{Array2, ArrayD, ArrayView1};

/// Generates `labels.len()` samples as rows, `[rows, features]` in the unit of the data: of the class `labels[i]` in
/// row `i` for a conditional model, otherwise without looking at the labels. The codes of every class have a seed of
/// their own, `seed` plus the label.
///
/// # Errors
/// Those of [`Autoencoder::generate`] and [`Autoencoder::generate_class`].
pub fn generated(model: &Autoencoder, labels: &[i64], seed: u64) -> Result<Array2<f32>, Error> {
    let features = model.manifest().sample.features();
    let mut rows = Array2::zeros((labels.len(), features));
    let mut fill = |samples: ArrayD<f32>, into: &[usize]| {
        for (sample, &row) in samples.outer_iter().zip(into) {
            let values: Vec<f32> = sample.iter().copied().collect();
            rows.row_mut(row).assign(&ArrayView1::from(&values));
        }
    };
    if !model.takes_labels() {
        let all: Vec<usize> = (0..labels.len()).collect();
        fill(model.generate(labels.len(), seed)?, &all);
        return Ok(rows);
    }
    let mut by_class: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    labels.iter().enumerate().for_each(|(row, &label)| by_class.entry(label).or_default().push(row));
    for (label, into) in by_class {
        let class = usize::try_from(label).unwrap_or(usize::MAX);
        fill(model.generate_class(class, into.len(), seed.wrapping_add(label as u64))?, &into);
    }
    Ok(rows)
}
