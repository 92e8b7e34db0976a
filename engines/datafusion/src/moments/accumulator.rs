//! The state of `narrows_moments`, and its form between machines.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{
            Array, ArrayRef, AsArray, Float32Array, Float64Array, ListArray, StringArray, StructArray, UInt64Array,
        },
        buffer::OffsetBuffer,
        datatypes::{DataType, Field, Float32Type, Float64Type, UInt64Type},
    },
    common::{Result, ScalarValue},
    logical_expr::Accumulator,
};
use narrows_runtime::ndarray::{Array1, Array2, Axis};

use crate::input::Features;

use super::{
    fields::{error, fields, list_type},
    statistics::Statistics,
};

/// Adds up rows.
#[derive(Debug)]
pub(super) struct MomentsAccumulator {
    features: Features,
    statistics: Option<Statistics>,
    skipped: u64,
}

impl MomentsAccumulator {
    pub(super) fn new(features: Features) -> Self {
        MomentsAccumulator { features, statistics: None, skipped: 0 }
    }

    fn add(&mut self, part: Statistics) -> Result<()> {
        let Some(statistics) = &mut self.statistics else {
            self.statistics = Some(part);
            return Ok(());
        };
        let (own, other) = (statistics.mean.len(), part.mean.len());
        if own != other {
            return Err(error(format!("some rows have {own} values and others {other}")));
        }
        statistics.add(&part);
        Ok(())
    }

    /// Returns the values of the fields: those of the result if `matrix` is the covariance, and those of the state if
    /// it is the scatter.
    fn values(&self, matrix: impl Fn(&Statistics) -> Array2<f64>) -> Vec<ArrayRef> {
        let empty = Statistics::of(Array2::zeros((0, 0)).view());
        let statistics = self.statistics.as_ref().unwrap_or(&empty);
        let doubles = |values: Vec<f64>| one_list(Arc::new(Float64Array::from(values)));
        let floats = |values: &Array1<f32>| one_list(Arc::new(Float32Array::from(values.to_vec())));
        let names = match self.features.names() {
            Some(names) => one_list(Arc::new(StringArray::from_iter_values(names))),
            None => datafusion::arrow::array::new_null_array(&list_type(DataType::Utf8), 1),
        };
        vec![
            Arc::new(UInt64Array::from(vec![statistics.count])),
            Arc::new(UInt64Array::from(vec![self.skipped])),
            doubles(statistics.mean.to_vec()),
            doubles(matrix(statistics).iter().copied().collect()),
            floats(&statistics.minimum),
            floats(&statistics.maximum),
            names,
        ]
    }
}

impl Accumulator for MomentsAccumulator {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let (rows, nulls) = self.features.matrix(arrays).map_err(error)?;
        let finite: Vec<usize> = rows
            .axis_iter(Axis(0))
            .enumerate()
            .filter(|(_, row)| row.iter().all(|value| value.is_finite()))
            .map(|(row, _)| row)
            .collect();
        self.skipped += (nulls + rows.nrows() - finite.len()) as u64;
        match finite.len() {
            0 => Ok(()),
            count if count == rows.nrows() => self.add(Statistics::of(rows.view())),
            _ => self.add(Statistics::of(rows.select(Axis(0), &finite).view())),
        }
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [counts, skipped, means, scatters, minima, maxima, _] = states else {
            return Err(error(format!("the state has {} fields, expected 7", states.len())));
        };
        for row in 0..counts.len() {
            self.skipped += skipped.as_primitive::<UInt64Type>().value(row);
            let count = counts.as_primitive::<UInt64Type>().value(row);
            if count == 0 {
                continue;
            }
            let doubles =
                |list: &ArrayRef| list.as_list::<i32>().value(row).as_primitive::<Float64Type>().values().to_vec();
            let floats =
                |list: &ArrayRef| list.as_list::<i32>().value(row).as_primitive::<Float32Type>().values().to_vec();
            let mean = Array1::from(doubles(means));
            let shape = (mean.len(), mean.len());
            let scatter = Array2::from_shape_vec(shape, doubles(scatters)).map_err(|cause| error(cause.to_string()))?;
            let (minimum, maximum) = (floats(minima).into(), floats(maxima).into());
            self.add(Statistics { count, mean, scatter, minimum, maximum })?;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = self.values(|statistics| statistics.scatter.clone());
        values.iter().map(|array| ScalarValue::try_from_array(array, 0)).collect()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let record = StructArray::new(fields(), self.values(Statistics::covariance), None);
        Ok(ScalarValue::Struct(Arc::new(record)))
    }

    fn size(&self) -> usize {
        let values = |statistics: &Statistics| statistics.scatter.len() + 2 * statistics.mean.len();
        size_of_val(self) + self.statistics.as_ref().map_or(0, values) * size_of::<f64>()
    }
}

/// Returns an array with one list.
fn one_list(values: ArrayRef) -> ArrayRef {
    let field = Arc::new(Field::new("item", values.data_type().clone(), true));
    Arc::new(ListArray::new(field, OffsetBuffer::from_lengths([values.len()]), values, None))
}
