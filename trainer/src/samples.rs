//! Conversion of data set rows to batches: converted to `f32`, augmented, scaled and gathered into tensors.

use std::{
    cell::Cell,
    sync::{Mutex, PoisonError},
};

use candle_core::{CpuStorage, DType, Device, InplaceOp1, Layout, Tensor};
use narrows_bundle::{Sample, SampleKind, SampleType, Scaling, Windows};
use narrows_data::{DataError, Dataset, Part, PartName, Row, Values, Windowing};

use crate::{
    augmentation::{Augmenter, StepAugmentation},
    binarize::{Binarize, binarized},
    kinds::{Batch, LossContext, Network},
    numeric::{parallel_for_each, rows_per_chunk, vectorized},
    store::Store,
    table::MaskedNumbers,
};

/// The largest absolute value to train on, a quarter of the largest `f32`: the range of the data, and reconstructions
/// that are somewhat larger than the data, must be finite.
pub(crate) const LARGEST: f32 = f32::MAX / 4.0;

/// Returns the description of a sample for the manifest: its shape, type, range and columns.
pub(crate) fn sample_of(data: &Dataset) -> Sample {
    let dtype = if data.train.values.is_bytes() { SampleType::U8 } else { SampleType::F32 };
    let kind = match data.sample_kind {
        narrows_data::SampleKind::Features => SampleKind::Features,
        narrows_data::SampleKind::Series => SampleKind::Series,
    };
    let (columns, fill) = (data.columns.clone(), data.fill.clone());
    let windows = data.train.values.windows().map(|windows| {
        let Windowing { window, hop, time_column, group_column } = windows.windowing().clone();
        Windows { window, hop, time_column, group_column }
    });
    let table = data.table.clone();
    Sample { shape: data.sample_shape.clone(), dtype, range: data.range, columns, fill, kind, windows, table }
}

/// The source of batches: a part of the data and the preprocessing of its samples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchSource<'a> {
    /// The part that contains the rows.
    pub(crate) part: &'a Part,
    /// The name of the part.
    pub(crate) name: PartName,
    /// The scaling of the features.
    pub(crate) scaling: &'a Scaling,
    /// Augmentation of the samples in training steps, before scaling.
    pub(crate) augmentation: Option<&'a Augmenter>,
    /// Binarisation of the scaled samples.
    pub(crate) binarize: Binarize,
    /// Where the rows are, and where batches of them go.
    pub(crate) store: &'a Store,
}

impl BatchSource<'_> {
    /// Returns the selected rows as inputs for `network`, with labels if the network takes labels. `context` determines
    /// the randomness.
    pub(crate) fn batch(
        &self,
        network: &Network<'_>,
        rows: &[usize],
        context: LossContext,
    ) -> candle_core::Result<Batch> {
        self.batch_in(&Cell::default(), network, rows, context)
    }

    /// Like [`BatchSource::batch`], but reuses the memory of the tensor in `spare`, whose values are no longer needed.
    /// If the network has frozen layers below it, their inputs are put back into `spare`.
    pub(crate) fn batch_in(
        &self,
        spare: &Cell<Option<Tensor>>,
        network: &Network<'_>,
        rows: &[usize],
        context: LossContext,
    ) -> candle_core::Result<Batch> {
        let labels = if network.takes_labels() { labels(self.part, rows)? } else { None };
        let labels = labels.map(|labels| self.on_device(labels)).transpose()?;
        let x = self.samples(spare, rows, context)?;
        let Some(below) = &network.below else {
            let masked = match (network.table, context) {
                (Some(table), LossContext::Training { .. }) => {
                    let random = &mut context.masking();
                    Some(table.masked(network.kernels, &x, table.masking, MaskedNumbers::Kept, random)?)
                }
                (Some(_), LossContext::Evaluation { .. }) | (None, _) => None,
            };
            return Ok(Batch { masked, ..Batch::new(x, labels) });
        };
        let outputs = below.run(network.kernels, &x)?;
        self.reuse(spare, x);
        Ok(Batch::new(outputs, labels))
    }

    /// Keeps the memory of a batch in `spare` for the next batch, if that is gathered into it.
    pub(crate) fn reuse(&self, spare: &Cell<Option<Tensor>>, x: Tensor) {
        match self.store {
            Store::Host => spare.set(Some(x)),
            Store::Copied(_) | Store::Resident(_) => {}
        }
    }

    /// Returns the selected rows after augmentation, scaling and binarisation, where they are used.
    fn samples(
        &self,
        spare: &Cell<Option<Tensor>>,
        rows: &[usize],
        context: LossContext,
    ) -> candle_core::Result<Tensor> {
        let augmentation = self.augmentation.and_then(|augmenter| augmenter.at(context));
        if let (Store::Resident(resident), None, Binarize::None) = (self.store, &augmentation, self.binarize) {
            return resident.scaled(rows);
        }
        let x = augmented(&self.part.values, rows, augmentation.as_ref(), self.scaling, spare.take())?;
        self.on_device(binarized(self.binarize, x, self.name, rows, context)?)
    }

    fn on_device(&self, tensor: Tensor) -> candle_core::Result<Tensor> {
        match self.store.device() {
            Some(device) => tensor.to_device(device),
            None => Ok(tensor),
        }
    }
}

/// Returns the selected rows after scaling, `[rows, features]`. The memory of `spare` is used as in [`augmented`].
pub(crate) fn scaled(
    values: &Values,
    rows: &[usize],
    scaling: &Scaling,
    spare: Option<Tensor>,
) -> candle_core::Result<Tensor> {
    augmented(values, rows, None, scaling, spare)
}

/// Returns the selected rows after augmentation and scaling, `[rows, features]`.
///
/// They are written to `spare`, a tensor whose values are no longer needed, if it has the right shape. Memory that is
/// already in the caches is much faster than newly allocated memory.
pub(crate) fn augmented(
    values: &Values,
    rows: &[usize],
    augmentation: Option<&StepAugmentation<'_>>,
    scaling: &Scaling,
    spare: Option<Tensor>,
) -> candle_core::Result<Tensor> {
    let shape = (rows.len(), values.features());
    let scaled = match spare.filter(|spare| spare.dims() == [shape.0, shape.1] && spare.is_contiguous()) {
        Some(spare) => spare,
        None => Tensor::zeros(shape, DType::F32, &Device::Cpu)?,
    };
    scaled.inplace_op1(&Gather { values, rows, augmentation, scaling })?;
    Ok(scaled)
}

/// Fills a tensor with rows of a data set.
struct Gather<'a> {
    values: &'a Values,
    rows: &'a [usize],
    augmentation: Option<&'a StepAugmentation<'a>>,
    scaling: &'a Scaling,
}

impl InplaceOp1 for Gather<'_> {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (CpuStorage::F32(into), Some((start, end))) = (storage, layout.contiguous_offsets()) else {
            candle_core::bail!("rows can only be gathered into a contiguous tensor of 32-bit floats");
        };
        let into = &mut into[start..end];
        // Wrapped such that the conversion from Candle's errors to `TrainError` can extract the original error.
        self.gather(into)
            .map_err(|error| candle_core::Error::WrappedContext { wrapped: Box::new(error), context: String::new() })
    }
}

/// Approximate cost of one value in floating-point operations: a division and a memory access.
const COST: usize = 60;
/// Approximate cost of the augmentation of one value: an interpolation between four values.
const AUGMENTATION_COST: usize = 60;

impl Gather<'_> {
    fn gather(&self, into: &mut [f32]) -> Result<(), DataError> {
        let &Gather { values, rows, augmentation, scaling } = self;
        let width = values.features().max(1);
        let block = rows_per_chunk(width);
        let blocks = rows.chunks(block).zip(into.chunks_mut(block * width)).enumerate().collect();
        let cost = COST + augmentation.map_or(0, |_| AUGMENTATION_COST);
        let failure = Mutex::new(None);
        parallel_for_each(cost * block * width, blocks, |(number, (rows, scaled))| {
            let visited = values.visit(rows.iter().copied(), |index, row| {
                let scaled = &mut scaled[index * width..][..width];
                match (augmentation, row) {
                    (None, Row::U8(row)) => scale_row(row, scaling, scaled, f32::from),
                    (None, Row::F32(row)) => scale_row(row, scaling, scaled, |value| value),
                    (Some(augmentation), row) => {
                        augmentation.apply(number * block + index, &row, scaled);
                        scale_in_place(scaled, scaling);
                    }
                }
            });
            if let Err(error) = visited {
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            }
        });
        failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

/// Returns the labels of the selected rows, `[rows]`; `None` if the part has no labels.
pub(crate) fn labels(part: &Part, rows: &[usize]) -> candle_core::Result<Option<Tensor>> {
    let select = |labels: &Vec<u32>| rows.iter().map(|&row| i64::from(labels[row])).collect::<Vec<_>>();
    part.labels.as_ref().map(|labels| Tensor::from_vec(select(labels), rows.len(), &Device::Cpu)).transpose()
}

/// Scales one row. The arithmetic must be that of the `Affine` primitive in the graph, so that training and inference
/// agree.
#[inline(always)]
fn scale_row<V: Copy>(row: &[V], scaling: &Scaling, scaled: &mut [f32], widen: impl Fn(V) -> f32) {
    vectorized(
        #[inline(always)]
        || match (scaling.offset.as_slice(), scaling.scale.as_slice()) {
            ([offset], [scale]) => {
                for (scaled, &value) in scaled.iter_mut().zip(row) {
                    *scaled = (widen(value) - offset) / scale;
                }
            }
            (offsets, scales) => {
                for (((scaled, &value), offset), scale) in scaled.iter_mut().zip(row).zip(offsets).zip(scales) {
                    *scaled = (widen(value) - offset) / scale;
                }
            }
        },
    );
}

/// Does the same as [`scale_row`] for values that are already floats in the right place.
fn scale_in_place(values: &mut [f32], scaling: &Scaling) {
    vectorized(
        #[inline(always)]
        || match (scaling.offset.as_slice(), scaling.scale.as_slice()) {
            ([offset], [scale]) => {
                for value in values {
                    *value = (*value - offset) / scale;
                }
            }
            (offsets, scales) => {
                for ((value, offset), scale) in values.iter_mut().zip(offsets).zip(scales) {
                    *value = (*value - offset) / scale;
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ShapeBuilder};

    use super::*;

    #[test]
    fn rows_are_gathered_in_the_given_order_and_scaled_for_any_memory_layout() {
        let (count, features) = (40, 700);
        let byte = |row: usize, column: usize| ((row * 31 + column * 7) % 256) as u8;
        let bytes = Array2::from_shape_fn((count, features), |(row, column)| byte(row, column));
        let floats = Array2::from_shape_fn((count, features).f(), |(row, column)| f32::from(byte(row, column)));
        let each: Vec<f32> = (0..features).map(|column| 1.0 + column as f32).collect();
        let rows: Vec<usize> = (0..count).map(|row| (row * 7) % count).collect();
        for scaling in
            [Scaling { offset: vec![3.0], scale: vec![255.0] }, Scaling { offset: each.clone(), scale: each }]
        {
            let at = |values: &[f32], column: usize| if values.len() == 1 { values[0] } else { values[column] };
            let expected = |row: usize, column: usize| {
                (f32::from(byte(row, column)) - at(&scaling.offset, column)) / at(&scaling.scale, column)
            };
            for values in [Values::U8(bytes.clone()), Values::F32(floats.clone())] {
                let gathered =
                    scaled(&values, &rows, &scaling, None).and_then(|x| x.to_vec2::<f32>()).expect("on the CPU");
                for (scaled_row, &row) in gathered.iter().zip(&rows) {
                    assert!((0..features).all(|column| scaled_row[column] == expected(row, column)), "row {row}");
                }
            }
        }
    }
}
