//! Counts the missing values of every column.

use narrows_bundle::counted;
use narrows_runtime::Autoencoder;
use ndarray::Array2;
use serde_json::json;

/// The number of missing values of every column.
pub(super) struct Gaps {
    /// The names of the columns, and for each cell of a row the position of its column.
    names: Vec<String>,
    columns: Vec<usize>,
    counts: Vec<usize>,
}

impl Gaps {
    pub(super) fn of(model: &Autoencoder) -> Self {
        let sample = &model.manifest().sample;
        let names: Vec<String> =
            sample.table.iter().flat_map(|schema| schema.columns.iter().map(|column| column.name.clone())).collect();
        let columns = sample.cells().unwrap_or_default().iter().map(|cell| cell.column).collect();
        Gaps { counts: vec![0; names.len()], names, columns }
    }

    /// Counts a missing value once, however many cells its column has.
    pub(super) fn add(&mut self, rows: &Array2<f32>) {
        for row in rows.outer_iter() {
            let mut last = None;
            for (value, &column) in row.iter().zip(&self.columns) {
                if value.is_nan() && last != Some(column) {
                    self.counts[column] += 1;
                    last = Some(column);
                }
            }
        }
    }

    pub(super) fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    fn with_gaps(&self) -> impl Iterator<Item = (&String, usize)> {
        self.names.iter().zip(self.counts.iter().copied()).filter(|(_, count)| *count > 0)
    }

    pub(super) fn json(&self) -> serde_json::Value {
        self.with_gaps().map(|(name, count)| (name.clone(), json!(count))).collect::<serde_json::Map<_, _>>().into()
    }

    pub(super) fn text(&self) -> String {
        if self.total() == 0 {
            return "no value was missing".to_owned();
        }
        let columns: Vec<String> = self.with_gaps().map(|(name, count)| format!("{name} {count}")).collect();
        format!("filled in {}: {}", counted(self.total(), "missing value"), columns.join(", "))
    }
}
