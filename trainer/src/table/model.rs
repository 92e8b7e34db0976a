//! A mixed table as a configuration trains on it.

use narrows_bundle::Scaling;
use narrows_data::{
    DataError, Values,
    table::{Cell, Schema},
};

use super::{likelihood::CellLikelihoods, statistics::Statistics};
use crate::{
    network::{LOG_DEVIATION, LOG_MEAN, TableRow},
    numeric::LogRate,
    variance::Variance,
};

/// The name of the node of the encoder that reads the cells of a row.
pub(crate) const NODE: &str = "encoder.table";

/// A mixed table as a configuration trains on it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    /// The cells of a row.
    pub(crate) cells: Vec<Cell>,
    /// The layer that reads a row.
    pub(crate) row: TableRow,
    /// The unit of the logits of counts, in the order of the network.
    pub(crate) rates: Vec<LogRate>,
    /// The distributions of the cells given the code.
    pub(crate) likelihoods: CellLikelihoods,
    /// The probability with which a cell is masked in training.
    pub(crate) masking: f64,
}

/// What a configuration says about a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TableSettings {
    /// Whether the loss is a likelihood, as that of a model with a distribution over codes.
    pub(crate) is_variational: bool,
    /// The variance of the numbers, for such a loss.
    pub(crate) variance: Variance,
    /// The probability with which a cell is masked in training.
    pub(crate) masking: f64,
}

impl Table {
    /// Measures the selected training rows of a table.
    ///
    /// # Errors
    /// [`DataError`] if the rows cannot be read.
    pub(crate) fn of(
        schema: &Schema,
        (values, rows, scaling): (&Values, &[usize], &Scaling),
        settings: TableSettings,
    ) -> Result<Self, DataError> {
        let cells = schema.cells();
        let row = TableRow::new(&cells, schema.missing);
        let statistics = Statistics::of(&row.order, values, rows, scaling)?;
        let rates: Vec<LogRate> = row.order.counts.iter().map(|&cell| statistics.rate(cell)).collect();
        let TableSettings { is_variational, variance, masking } = settings;
        let unit = is_variational.then_some(variance);
        let likelihoods = CellLikelihoods::of(unit, (&cells, &row.order), &statistics, (values, rows, scaling))?;
        Ok(Table { cells, row, rates, likelihoods, masking })
    }

    /// Returns the constants of counts by the names of the parameters of the encoder that hold them.
    pub(crate) fn constants(&self) -> Vec<(String, Vec<f32>)> {
        let named =
            |name: &str, of: fn(&LogRate) -> f32| (format!("{NODE}.{name}"), self.rates.iter().map(of).collect());
        let all: [(String, Vec<f32>); 2] =
            [named(LOG_MEAN, |rate| rate.mean), named(LOG_DEVIATION, |rate| rate.deviation)];
        all.into_iter().filter(|(_, values)| !values.is_empty()).collect()
    }
}
