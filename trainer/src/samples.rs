//! Rows of a data set on their way into the network: widened, scaled, gathered into tensors.

use candle_core::{Device, Tensor};
use narrows_bundle::{Sample, SampleType, Scaling};
use narrows_data::{Dataset, Part, Values};

use crate::binarize::Binarize;

/// What one sample of a data set looks like, for the manifest.
pub fn sample_of(data: &Dataset) -> Sample {
    let dtype = match data.train.values {
        Values::U8(_) => SampleType::U8,
        Values::F32(_) => SampleType::F32,
    };
    Sample { shape: data.sample_shape.clone(), dtype, range: data.range }
}

/// Which part of a data set a row is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartName {
    /// The training part, with the rows of it that are held out.
    Train,
    /// The test part.
    Test,
}

impl PartName {
    /// Never change one: it is part of what a seed means.
    pub(crate) fn number(self) -> u64 {
        match self {
            PartName::Train => 0,
            PartName::Test => 1,
        }
    }
}

/// Where batches come from: a part of the data, and what its samples go through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// The rows.
    pub(crate) part: &'a Part,
    /// Which part it is.
    pub(crate) name: PartName,
    /// From the data's unit to the network's.
    pub(crate) scaling: &'a Scaling,
    /// Whether the scaled samples are made binary.
    pub(crate) binarize: Binarize,
}

/// One row in the data's unit, as floats.
pub(crate) fn row_of(values: &Values, row: usize) -> Box<dyn Iterator<Item = f32> + '_> {
    match values {
        Values::U8(values) => Box::new(values.row(row).into_iter().map(|&value| f32::from(value))),
        Values::F32(values) => Box::new(values.row(row).into_iter().copied()),
    }
}

/// The chosen rows in the network's unit, `[rows, features]`.
pub(crate) fn scaled(values: &Values, rows: &[usize], scaling: &Scaling) -> candle_core::Result<Tensor> {
    let features = values.features();
    let mut scaled = Vec::with_capacity(rows.len() * features);
    for &row in rows {
        match values {
            Values::U8(values) => {
                scale_row(values.row(row).iter().map(|&value| f32::from(value)), scaling, &mut scaled);
            }
            Values::F32(values) => scale_row(values.row(row).iter().copied(), scaling, &mut scaled),
        }
    }
    Tensor::from_vec(scaled, (rows.len(), features), &Device::Cpu)
}

/// The labels of the chosen rows, `[rows]`.
pub(crate) fn labels(part: &Part, rows: &[usize]) -> candle_core::Result<Option<Tensor>> {
    let chosen = |labels: &Vec<u32>| rows.iter().map(|&row| i64::from(labels[row])).collect::<Vec<_>>();
    part.labels.as_ref().map(|labels| Tensor::from_vec(chosen(labels), rows.len(), &Device::Cpu)).transpose()
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
