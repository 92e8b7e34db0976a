//! The aggregate `narrows_moments`, from which PCA and scalings of a set of any size are fitted.

mod accumulator;
mod fields;
mod statistics;

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{Array, AsArray, RecordBatch},
        datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type, UInt64Type},
    },
    common::Result,
    logical_expr::{
        Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
        function::{AccumulatorArgs, StateFieldsArgs},
        utils::AggregateOrderSensitivity,
    },
};
use narrows_runtime::{bundle::Moments, ndarray::Array2};

use crate::{Error, input::Features};
use accumulator::MomentsAccumulator;
use fields::{NAME, SKIPPED, error, fields};

/// `narrows_moments(x…)`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct MomentsFunction {
    signature: Signature,
}

impl MomentsFunction {
    /// Returns the function for registration.
    pub(crate) fn udaf() -> AggregateUDF {
        AggregateUDF::new_from_impl(MomentsFunction { signature: Signature::variadic_any(Volatility::Immutable) })
    }
}

impl AggregateUDFImpl for MomentsFunction {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(fields()))
    }

    fn return_field(&self, arguments: &[FieldRef]) -> Result<FieldRef> {
        Features::of(arguments).map_err(error)?;
        Ok(Arc::new(Field::new(NAME, DataType::Struct(fields()), true)))
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let features = Features::of(arguments.expr_fields).map_err(error)?;
        Ok(Box::new(MomentsAccumulator::new(features)))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let named = |field: &FieldRef| {
            Arc::new(field.as_ref().clone().with_name(format!("{}[{}]", arguments.name, field.name())))
        };
        Ok(fields().iter().map(named).collect())
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// Returns the moments that a query computed as its only column and row, `SELECT narrows_moments(x) FROM images`, and
/// the number of rows that were passed over because a value was null, NaN or infinite.
///
/// `narrows train-export pca --moments FILE` fits a model from the file that
/// [`Moments::to_bytes`](narrows_runtime::bundle::Moments::to_bytes) gives. Parts of a set are added in the order in
/// which an engine finishes them, so the last digits can differ from run to run.
///
/// # Errors
/// [`Error::Moments`] if the result is another one, or has no row with values.
pub fn moments_of(results: &[RecordBatch]) -> Result<(Moments, u64), Error> {
    let wrong = |what: &str| Error::Moments { what: what.to_owned() };
    let mut rows = results.iter().filter(|batch| batch.num_rows() > 0);
    let (batch, None) = (rows.next().ok_or_else(|| wrong("there is no row"))?, rows.next()) else {
        return Err(wrong("there are several rows"));
    };
    let record = match (batch.num_rows(), batch.columns()) {
        (1, [only]) => only.as_struct_opt().ok_or_else(|| wrong("the column is not a struct"))?,
        _ => return Err(wrong("there are several rows or columns")),
    };
    let column = |name: &str| record.column_by_name(name).ok_or_else(|| wrong(&format!("the field {name} is missing")));
    let number = |name: &str| Ok::<_, Error>(column(name)?.as_primitive::<UInt64Type>().value(0));
    let list = |name: &str| Ok::<_, Error>(column(name)?.as_list::<i32>().value(0));
    let doubles = |name: &str| Ok::<_, Error>(list(name)?.as_primitive::<Float64Type>().values().to_vec());
    let floats = |name: &str| Ok::<_, Error>(list(name)?.as_primitive::<Float32Type>().values().to_vec());
    let columns = column("columns")?.as_list::<i32>();
    let names = columns.is_valid(0).then(|| columns.value(0));
    let count = number("count")?;
    if count == 0 {
        return Err(wrong("no row has values"));
    }
    let mean = doubles("mean")?;
    let covariance = Array2::from_shape_vec((mean.len(), mean.len()), doubles("covariance")?)
        .map_err(|error| wrong(&error.to_string()))?;
    let moments = Moments {
        count,
        mean,
        covariance,
        minimum: floats("minimum")?,
        maximum: floats("maximum")?,
        columns: names.map(|names| names.as_string::<i32>().iter().flatten().map(str::to_owned).collect()),
    };
    Ok((moments, number(SKIPPED)?))
}
