//! All functions, and their registration in a context.

use datafusion::{
    logical_expr::{AggregateUDF, ScalarUDF},
    prelude::SessionContext,
};

use crate::{Bundles, Function, moments::MomentsFunction, sample_key::SampleKey, udf::udf};

/// Returns the functions of rows, with the bundles of this process.
pub fn udfs(bundles: &Bundles) -> Vec<ScalarUDF> {
    let models = Function::ALL.into_iter().map(|function| udf(function, bundles));
    models.chain([SampleKey::udf()]).collect()
}

/// Returns the aggregates.
pub fn udafs() -> Vec<AggregateUDF> {
    vec![MomentsFunction::udaf()]
}

/// Registers all functions in a context.
pub fn register(context: &SessionContext, bundles: &Bundles) {
    udfs(bundles).into_iter().for_each(|function| context.register_udf(function));
    udafs().into_iter().for_each(|function| context.register_udaf(function));
}
