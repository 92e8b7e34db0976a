//! Which columns of the data a function takes, and which are written with its results.

use anyhow::{Context, Result, bail};
use datafusion::{logical_expr::Expr, prelude::DataFrame};
use narrows_datafusion::{Bundles, Function, Inputs, Reference, vector_column};

use super::query_options::{check_columns, columns};

/// What a user says about columns.
pub(super) struct Wishes<'a> {
    /// Columns of the features; empty for an automatic choice.
    pub(super) input: &'a [String],
    /// Column with the class of each row.
    pub(super) label_column: Option<&'a str>,
    /// Columns to keep; `None` for all others.
    pub(super) keep: Option<&'a [String]>,
    /// Name of the column of the results.
    pub(super) result: &'a str,
}

/// The columns of a job.
#[derive(Debug)]
pub(super) struct Selection {
    inputs: Inputs,
    /// Columns that are written with the results.
    pub(super) kept: Vec<String>,
    /// Name of the column of the results.
    pub(super) result: String,
}

impl Selection {
    /// Chooses the columns, and checks that the data has them.
    pub(super) fn of(wishes: &Wishes<'_>, rows: &DataFrame, model: &Reference, bundles: &Bundles) -> Result<Self> {
        let inputs = inputs(wishes, rows, model, bundles)?;
        let names = rows.schema().fields().iter().map(|field| field.name().clone());
        let kept = match wishes.keep {
            Some(kept) => distinct(kept),
            None => names.filter(|name| !inputs.features.contains(name)).collect(),
        };
        check_columns(rows, "--keep", &kept)?;
        check_columns(rows, "--input", &inputs.features)?;
        check_columns(rows, "--label-column", inputs.label.as_slice())?;
        let result = wishes.result.to_owned();
        if result.is_empty() || kept.contains(&result) {
            bail!(
                "the results cannot be in a column `{result}`: the data has one of that name, or it is empty (name another \
                 with --as, or choose the columns to keep with --keep)"
            );
        }
        Ok(Selection { inputs, kept, result })
    }

    /// Returns the arguments of the function after the bundle.
    pub(super) fn arguments(&self) -> Vec<Expr> {
        columns(&self.inputs.features).into_iter().chain(columns(self.inputs.label.as_slice())).collect()
    }

    /// Describes the query, in words that differ if results would.
    pub(super) fn text(&self, function: Function, filter: Option<&str>) -> String {
        let arguments: Vec<&str> = self.inputs.features.iter().chain(&self.inputs.label).map(String::as_str).collect();
        let filter = filter.map(|filter| format!(" where {filter}")).unwrap_or_default();
        let (call, kept) = (arguments.join(", "), self.kept.join(", "));
        format!("{}({call}) as {}, {kept}{filter}", function.name(), self.result)
    }
}

fn inputs(wishes: &Wishes<'_>, rows: &DataFrame, model: &Reference, bundles: &Bundles) -> Result<Inputs> {
    let table = rows.schema().as_arrow();
    let chosen = bundles.inputs(model, table);
    let label = wishes.label_column.map(str::to_owned);
    match (wishes.input, label) {
        ([], None) => chosen.context("name the columns with --input and --label-column"),
        // The choice fails if the class is not in the column of the default name.
        ([], label) => {
            let features =
                chosen.map(|inputs| inputs.features).or_else(|_| vector_column(table).map(|name| vec![name]))?;
            Ok(Inputs { features, label })
        }
        (named, Some(label)) => Ok(Inputs { features: named.to_vec(), label: Some(label) }),
        (named, None) => Ok(Inputs { features: named.to_vec(), label: chosen.ok().and_then(|inputs| inputs.label) }),
    }
}

/// Returns the names that are not empty, each once.
fn distinct(names: &[String]) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for name in names.iter().filter(|name| !name.is_empty()) {
        if !distinct.contains(name) {
            distinct.push(name.clone());
        }
    }
    distinct
}
