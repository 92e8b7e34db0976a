//! `narrows_sample_key`, by which a query draws rows at random, the same on every engine and split.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::UInt64Array,
        datatypes::{DataType, FieldRef},
        row::{RowConverter, SortField},
    },
    common::{Result, ScalarValue},
    logical_expr::{
        ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    },
};
use twox_hash::XxHash64;

use crate::Error;

/// Name of the function in SQL.
const NAME: &str = "narrows_sample_key";

/// `narrows_sample_key(seed, x…)`: a pseudo-random whole number, a hash of the values and the seed.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct SampleKey {
    signature: Signature,
}

impl SampleKey {
    /// Returns the function for registration.
    pub(crate) fn udf() -> ScalarUDF {
        ScalarUDF::new_from_impl(SampleKey { signature: Signature::variadic_any(Volatility::Immutable) })
    }
}

impl ScalarUDFImpl for SampleKey {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::UInt64)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        seed(args.scalar_arguments.first().copied().flatten())?;
        if args.arg_fields.len() < 2 {
            return Err(error("expected columns after the seed: a key of the row, or all its values"));
        }
        Ok(Arc::new(datafusion::arrow::datatypes::Field::new(NAME, DataType::UInt64, false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let value = match args.args.first() {
            Some(ColumnarValue::Scalar(value)) => value.clone(),
            Some(ColumnarValue::Array(values)) if !values.is_empty() => ScalarValue::try_from_array(values, 0)?,
            Some(ColumnarValue::Array(_)) | None => ScalarValue::UInt64(Some(0)),
        };
        let seed = seed(Some(&value))?;
        let values = args.args.get(1..).unwrap_or_default();
        let columns = values.iter().map(|value| value.to_array(args.number_rows)).collect::<Result<Vec<_>>>()?;
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
        let rows = RowConverter::new(fields)?.convert_columns(&columns)?;
        let keys = rows.iter().map(|row| XxHash64::oneshot(seed, row.as_ref()));
        Ok(ColumnarValue::Array(Arc::new(UInt64Array::from_iter_values(keys))))
    }
}

fn seed(value: Option<&ScalarValue>) -> Result<u64> {
    let number = value.map(|value| value.cast_to(&DataType::UInt64));
    match number {
        Some(Ok(ScalarValue::UInt64(Some(seed)))) => Ok(seed),
        _ => Err(error("its first argument, the seed, must be a whole number of at least 0")),
    }
}

fn error(what: &str) -> datafusion::error::DataFusionError {
    Error::Arguments { function: NAME, what: what.to_owned() }.into()
}
