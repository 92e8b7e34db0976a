//! The functions as expressions of data frames.

use datafusion::{logical_expr::Expr, prelude::lit};

use crate::{Bundles, Function, sample_key::SampleKey, udf::udf};

impl Bundles {
    /// Returns the call of a function for a data frame.
    ///
    /// ```no_run
    /// use datafusion::prelude::{col, DataFrame};
    /// use narrows_datafusion::{Bundles, Function};
    ///
    /// fn encode(images: DataFrame, bundles: &Bundles) -> datafusion::error::Result<DataFrame> {
    ///     let codes = bundles.call(Function::Encode, "vae", [col("x")]).alias("codes");
    ///     images.select([col("id"), codes])
    /// }
    /// ```
    pub fn call(&self, function: Function, bundle: &str, inputs: impl IntoIterator<Item = Expr>) -> Expr {
        let arguments = std::iter::once(lit(bundle)).chain(inputs).collect();
        udf(function, self).call(arguments)
    }
}

/// Returns the call of `narrows_sample_key`: a pseudo-random number for each row, a hash of its columns and the seed.
///
/// Sorted by it and limited to `n` rows, a table is a random sample of `n` rows, which depends neither on the engine
/// nor on how the table is divided. Equal rows have equal keys: name a column with distinct values, if there is one.
pub fn sample_key(seed: u64, columns: impl IntoIterator<Item = Expr>) -> Expr {
    SampleKey::udf().call(std::iter::once(lit(seed)).chain(columns).collect())
}
