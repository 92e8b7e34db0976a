//! Rows of a data set on their way into the network: widened, scaled, gathered into tensors.

use std::{
    cell::Cell,
    sync::{Mutex, PoisonError},
};

use candle_core::{CpuStorage, DType, Device, InplaceOp1, Layout, Tensor};
use narrows_bundle::{Sample, SampleType, Scaling};
use narrows_data::{DataError, Dataset, Part, Row, Values};

use crate::{
    binarize::Binarize,
    kinds::{Batch, Draw, Network},
    numeric::{rows_each, spread, vectorized},
    part_name::PartName,
};

/// What one sample of a data set looks like, for the manifest.
pub fn sample_of(data: &Dataset) -> Sample {
    let dtype = if data.train.values.is_bytes() { SampleType::U8 } else { SampleType::F32 };
    let (columns, fill) = (data.columns.clone(), data.fill.clone());
    Sample { shape: data.sample_shape.clone(), dtype, range: data.range, columns, fill }
}

/// Where batches come from: a part of the data, and what its samples go through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchSource<'a> {
    /// The rows.
    pub(crate) part: &'a Part,
    /// Which part it is.
    pub(crate) name: PartName,
    /// From the data's unit to the network's.
    pub(crate) scaling: &'a Scaling,
    /// Whether the scaled samples are made binary.
    pub(crate) binarize: Binarize,
}

impl BatchSource<'_> {
    /// The chosen rows as `network` takes them, with their labels if it takes labels. What is drawn for a row is a
    /// function of `draw`.
    pub(crate) fn batch(&self, network: &Network<'_>, rows: &[usize], draw: Draw) -> candle_core::Result<Batch> {
        self.batch_in(&Cell::default(), network, rows, draw)
    }

    /// The same in the memory of earlier samples that are no longer needed. What lies below the network needs its
    /// samples only until this returns.
    pub(crate) fn batch_in(
        &self,
        spare: &Cell<Option<Tensor>>,
        network: &Network<'_>,
        rows: &[usize],
        draw: Draw,
    ) -> candle_core::Result<Batch> {
        let labels = if network.takes_labels() { labels(self.part, rows)? } else { None };
        let x = scaled(&self.part.values, rows, self.scaling, spare.take())?;
        let x = self.binarize.apply(x, self.name, rows, draw)?;
        let Some(below) = &network.below else { return Ok(Batch { x, labels }) };
        let given = below.run(network.kernels, &x)?;
        spare.set(Some(x));
        Ok(Batch { x: given, labels })
    }
}

/// The chosen rows in the network's unit, `[rows, features]`.
///
/// They take the place of `spare`, a tensor whose numbers nobody needs any more, if it has their shape: memory
/// that is in the cores' caches already is far faster than what a system hands out.
pub(crate) fn scaled(
    values: &Values,
    rows: &[usize],
    scaling: &Scaling,
    spare: Option<Tensor>,
) -> candle_core::Result<Tensor> {
    let shape = (rows.len(), values.features());
    let scaled = match spare.filter(|spare| spare.dims() == [shape.0, shape.1] && spare.is_contiguous()) {
        Some(spare) => spare,
        None => Tensor::zeros(shape, DType::F32, &Device::Cpu)?,
    };
    scaled.inplace_op1(&Gather { values, rows, scaling })?;
    Ok(scaled)
}

/// Fills a tensor with rows of a data set.
struct Gather<'a> {
    values: &'a Values,
    rows: &'a [usize],
    scaling: &'a Scaling,
}

impl InplaceOp1 for Gather<'_> {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (CpuStorage::F32(into), Some((start, end))) = (storage, layout.contiguous_offsets()) else {
            candle_core::bail!("rows are gathered into contiguous 32-bit floats");
        };
        let into = &mut into[start..end];
        // So that it can be taken out again, where Candle's errors become ours.
        gather(self.values, self.rows, self.scaling, into)
            .map_err(|error| candle_core::Error::WrappedContext { wrapped: Box::new(error), context: String::new() })
    }
}

/// Floating point operations that a number is worth, about: a division, and a way to memory.
const WORK: usize = 60;

fn gather(values: &Values, rows: &[usize], scaling: &Scaling, into: &mut [f32]) -> Result<(), DataError> {
    let width = values.features().max(1);
    let block = rows_each(width);
    let blocks = rows.chunks(block).zip(into.chunks_mut(block * width)).collect();
    let failed = Mutex::new(None);
    spread(WORK * block * width, blocks, |(rows, scaled)| {
        let visited = values.visit(rows.iter().copied(), |place, row| {
            let scaled = &mut scaled[place * width..][..width];
            match row {
                Row::U8(row) => scale_row(row, scaling, scaled, f32::from),
                Row::F32(row) => scale_row(row, scaling, scaled, |value| value),
            }
        });
        if let Err(error) = visited {
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// The labels of the chosen rows, `[rows]`.
pub(crate) fn labels(part: &Part, rows: &[usize]) -> candle_core::Result<Option<Tensor>> {
    let chosen = |labels: &Vec<u32>| rows.iter().map(|&row| i64::from(labels[row])).collect::<Vec<_>>();
    part.labels.as_ref().map(|labels| Tensor::from_vec(chosen(labels), rows.len(), &Device::Cpu)).transpose()
}

/// Must be the same arithmetic as the graph's own `Affine`, so that training and inference agree.
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

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ShapeBuilder};

    use super::*;

    #[test]
    fn rows_are_gathered_in_their_order_from_any_layout_and_divided_by_the_scale() {
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
                let found =
                    scaled(&values, &rows, &scaling, None).and_then(|x| x.to_vec2::<f32>()).expect("on the CPU");
                for (found, &row) in found.iter().zip(&rows) {
                    assert!((0..features).all(|column| found[column] == expected(row, column)), "row {row}");
                }
            }
        }
    }
}
