//! A function as DataFusion sees it.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, BooleanArray, UInt32Array, new_null_array},
        buffer::NullBuffer,
        compute::{filter, take},
        datatypes::{DataType, Field, FieldRef},
    },
    common::{DataFusionError, Result, ScalarValue},
    logical_expr::{
        ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
        expr::ScalarFunction,
        simplify::{ExprSimplifyResult, SimplifyContext},
    },
};

use crate::{Bundles, Error, Function, Reference, input};

/// One of the functions, with the bundles of this process.
#[derive(Debug)]
pub(crate) struct NarrowsFunction {
    function: Function,
    bundles: Bundles,
    signature: Signature,
}

impl NarrowsFunction {
    pub(crate) fn new(function: Function, bundles: Bundles) -> Self {
        // Exact types would have to name the child of a list, which differs between writers of Parquet.
        NarrowsFunction { function, bundles, signature: Signature::variadic_any(Volatility::Immutable) }
    }

    fn error(&self, what: impl Into<String>) -> DataFusionError {
        self.function.error(what).into()
    }

    fn reference(&self, value: Option<&ScalarValue>) -> Result<Reference> {
        match value.map(ScalarValue::try_as_str) {
            Some(Some(Some(text))) => Ok(Reference::parse(text)?),
            _ => Err(self.error("its first argument must be a text literal that names a bundle")),
        }
    }
}

// Two functions are the same if their names are: a process registers each once.
impl PartialEq for NarrowsFunction {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function
    }
}

impl Eq for NarrowsFunction {}

impl Hash for NarrowsFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.hash(state);
    }
}

impl ScalarUDFImpl for NarrowsFunction {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Err(self.error("the type of its results depends on the bundle"))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let reference = self.reference(args.scalar_arguments.first().copied().flatten())?;
        let model = self.bundles.describe(&reference)?;
        let fields = args.arg_fields.get(1..).unwrap_or_default();
        input::Layout::of(self.function, &model, fields)?;
        Ok(Arc::new(Field::new(self.name(), self.function.output(&model)?, true)))
    }

    /// Adds the digest to the name of the bundle, so that every machine runs the model that the query was planned with.
    fn simplify(&self, mut args: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let Some(Expr::Literal(value, metadata)) = args.first() else { return Ok(ExprSimplifyResult::Original(args)) };
        let reference = self.reference(Some(value))?;
        if reference.digest.is_some() {
            return Ok(ExprSimplifyResult::Original(args));
        }
        let digest = &self.bundles.describe(&reference)?.digest;
        args[0] = Expr::Literal(ScalarValue::from(reference.pinned(digest).to_string()), metadata.clone());
        let function = Arc::new(ScalarUDF::new_from_impl(NarrowsFunction::new(self.function, self.bundles.clone())));
        Ok(ExprSimplifyResult::Simplified(Expr::ScalarFunction(ScalarFunction::new_udf(function, args))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let value = match args.args.first() {
            Some(ColumnarValue::Scalar(value)) => value.clone(),
            // A literal can arrive as a column of equal values.
            Some(ColumnarValue::Array(values)) if !values.is_empty() => ScalarValue::try_from_array(values, 0)?,
            Some(ColumnarValue::Array(_)) => return Ok(ColumnarValue::Array(new_null_array(args.return_type(), 0))),
            None => ScalarValue::Null,
        };
        let reference = self.reference(Some(&value))?;
        let inputs = args.args.get(1..).unwrap_or_default();
        let arrays = inputs.iter().map(|input| input.to_array(args.number_rows)).collect::<Result<Vec<_>>>()?;
        let fields = args.arg_fields.get(1..).unwrap_or_default();
        let result = self.evaluate(&reference, arrays, fields, args.number_rows, args.return_field.data_type())?;
        Ok(ColumnarValue::Array(result))
    }
}

impl NarrowsFunction {
    fn evaluate(
        &self,
        reference: &Reference,
        arrays: Vec<ArrayRef>,
        fields: &[FieldRef],
        rows: usize,
        output: &DataType,
    ) -> Result<ArrayRef> {
        let description = self.bundles.describe(reference)?;
        let layout = input::Layout::of(self.function, &description, fields)?;
        let present = layout.present(&arrays, &description);
        if present.as_ref().map_or(rows, |present| present.len() - present.null_count()) == 0 {
            return Ok(new_null_array(output, rows));
        }
        let model = self.bundles.model(reference, self.function.engine())?;
        let Some(present) = present else {
            let rows = layout.rows(self.function, &arrays, &description, || model.table())?;
            return Ok(self.on_machine(model.run(self.function, &rows))?);
        };
        let keep = BooleanArray::new(present.inner().clone(), None);
        let arrays = arrays.iter().map(|array| filter(array, &keep)).collect::<Result<Vec<_>, _>>()?;
        let rows = layout.rows(self.function, &arrays, &description, || model.table())?;
        let results = self.on_machine(model.run(self.function, &rows))?;
        Ok(spread(&results, &present)?)
    }

    fn on_machine<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|source| match self.bundles.machine() {
            Some(machine) => Error::On { machine: machine.to_owned(), source: Box::new(source) },
            None => source,
        })
    }
}

/// Distributes the results to the rows that are present; the others become null.
fn spread(results: &ArrayRef, present: &NullBuffer) -> Result<ArrayRef, datafusion::arrow::error::ArrowError> {
    let mut next = 0;
    let indices = present.iter().map(|is_present| {
        is_present.then(|| {
            next += 1;
            next - 1
        })
    });
    take(results, &UInt32Array::from_iter(indices), None)
}

/// Returns a function for registration.
pub(crate) fn udf(function: Function, bundles: &Bundles) -> ScalarUDF {
    ScalarUDF::new_from_impl(NarrowsFunction::new(function, bundles.clone()))
}
