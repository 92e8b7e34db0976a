//! What a model is fitted on: rows in the data's own unit, widened and scaled as they are used.

use candle_core::{Device, Tensor};
use narrows_bundle::{Sample, Scaling};
use ndarray::ArrayView2;

/// Rows of numbers, `[rows, features]`, as compact as the data came.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// Unsigned bytes.
    U8(ArrayView2<'a, u8>),
    /// 32-bit floats.
    F32(ArrayView2<'a, f32>),
}

/// Rows, and their labels where there are any.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    /// The rows.
    pub values: Values<'a>,
    /// One class index a row.
    pub labels: Option<&'a [u32]>,
}

/// Everything that [`fit`](crate::fit) needs to know about a data set.
#[derive(Debug, Clone)]
pub struct TrainingData<'a> {
    /// Name of the set, for the manifest.
    pub name: String,
    /// Its fingerprint, for the manifest.
    pub fingerprint: String,
    /// What one sample looks like.
    pub sample: Sample,
    /// Class names, where there are labels.
    pub classes: Option<Vec<String>>,
    /// The training part.
    pub train: Samples<'a>,
    /// The set's own test part.
    pub test: Option<Samples<'a>>,
}

impl Samples<'_> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self.values {
            Values::U8(values) => values.nrows(),
            Values::F32(values) => values.nrows(),
        }
    }

    /// Numbers in a row.
    pub fn features(&self) -> usize {
        match self.values {
            Values::U8(values) => values.ncols(),
            Values::F32(values) => values.ncols(),
        }
    }

    /// One row in the data's unit, as floats.
    pub(crate) fn row(&self, row: usize) -> Box<dyn Iterator<Item = f32> + '_> {
        match self.values {
            Values::U8(values) => Box::new(values.row(row).to_owned().into_iter().map(f32::from)),
            Values::F32(values) => Box::new(values.row(row).to_owned().into_iter()),
        }
    }

    /// The chosen rows in the network's unit, `[rows, features]`.
    pub(crate) fn scaled(&self, rows: &[usize], scaling: &Scaling) -> candle_core::Result<Tensor> {
        let features = self.features();
        let mut scaled = Vec::with_capacity(rows.len() * features);
        for &row in rows {
            match self.values {
                Values::U8(values) => {
                    scale_row(values.row(row).iter().map(|&value| f32::from(value)), scaling, &mut scaled)
                }
                Values::F32(values) => scale_row(values.row(row).iter().copied(), scaling, &mut scaled),
            }
        }
        Tensor::from_vec(scaled, (rows.len(), features), &Device::Cpu)
    }

    /// The labels of the chosen rows, `[rows]`.
    pub(crate) fn labels(&self, rows: &[usize]) -> candle_core::Result<Option<Tensor>> {
        let chosen = |labels: &[u32]| rows.iter().map(|&row| i64::from(labels[row])).collect::<Vec<_>>();
        self.labels.map(|labels| Tensor::from_vec(chosen(labels), rows.len(), &Device::Cpu)).transpose()
    }
}

/// Must be the same arithmetic as the graph's own `Affine`, so that training and inference agree.
fn scale_row(row: impl Iterator<Item = f32>, scaling: &Scaling, into: &mut Vec<f32>) {
    match (scaling.offset.as_slice(), scaling.scale.as_slice()) {
        ([offset], [scale]) => into.extend(row.map(|value| (value - offset) / scale)),
        (offsets, scales) => {
            into.extend(row.zip(offsets.iter().zip(scales)).map(|(value, (offset, scale))| (value - offset) / scale));
        }
    }
}
