//! Reads selected rows in chunks, as samples of a model.

use std::ops::Range;

use anyhow::{Context, bail};
use narrows_data::{Binarize, Dataset};
use narrows_runtime::{Autoencoder, Samples};
use ndarray::Array2;

use super::judge::Rows;
use crate::input::Binarizer;

/// Target number of values in a chunk (4 MB of 32-bit floats).
const CHUNK_VALUES: usize = 1 << 20;
/// Largest number of rows in a chunk.
const MAX_CHUNK_ROWS: usize = 4096;

/// Selected rows in memory, with their labels for a conditional model.
pub(super) struct Chunk {
    values: Array2<f32>,
    labels: Option<Vec<i64>>,
}

impl Chunk {
    /// Returns the rows as samples of a model.
    pub(super) fn samples(&self) -> Samples<'_> {
        let samples = Samples::from(self.values.view());
        match &self.labels {
            Some(labels) => samples.labelled(labels),
            None => samples,
        }
    }

    /// Returns the number of rows.
    pub(super) fn rows(&self) -> usize {
        self.values.nrows()
    }
}

/// Selected rows of a part, for one model.
pub(super) struct Chunks<'a> {
    rows: &'a Rows<'a>,
    binarizer: Binarizer,
    /// The label of the model for each class of the data; `None` for a model without labels.
    classes: Option<Vec<i64>>,
}

impl<'a> Chunks<'a> {
    /// Selects rows of a part for a model. Classes are matched by name. `seed` is that of dynamic binarisation.
    pub(super) fn of(
        model: &Autoencoder,
        data: &Dataset,
        rows: &'a Rows<'a>,
        (binarize, seed): (Binarize, u64),
    ) -> anyhow::Result<Self> {
        let classes = if model.takes_labels() {
            let names = data.classes.as_ref();
            Some(
                model
                    .labels_named(names.context("the model needs the class of every row, and there are no labels")?)?,
            )
        } else {
            None
        };
        Ok(Chunks { rows, binarizer: Binarizer::new(binarize, model.manifest(), seed), classes })
    }

    /// Returns ranges of the selected rows that fit into a chunk.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let rows = (CHUNK_VALUES / self.rows.part.values.features().max(1)).clamp(1, MAX_CHUNK_ROWS);
        let count = self.rows.rows.len();
        (0..count).step_by(rows).map(move |start| start..count.min(start + rows))
    }

    /// Reads a range of the selected rows.
    pub(super) fn read(&self, range: Range<usize>) -> anyhow::Result<Chunk> {
        self.select(&self.rows.rows[range])
    }

    /// Reads `count` of the selected rows; they repeat if there are fewer.
    pub(super) fn repeated(&self, count: usize) -> anyhow::Result<Chunk> {
        let rows: Vec<usize> = self.rows.rows.iter().copied().cycle().take(count).collect();
        self.select(&rows)
    }

    fn select(&self, rows: &[usize]) -> anyhow::Result<Chunk> {
        let part = self.rows.part;
        let labels = match (&self.classes, &part.labels) {
            (None, _) => None,
            (Some(classes), Some(labels)) => {
                let label = |&row: &usize| labels.get(row).and_then(|&class| classes.get(class as usize)).copied();
                Some(rows.iter().map(label).collect::<Option<Vec<i64>>>().context("a row has no class")?)
            }
            (Some(_), None) => bail!("the model needs the class of every row, and these rows have no labels"),
        };
        let mut values = part.values.select(rows)?.to_f32()?.into_owned();
        match self.binarizer.how() {
            Binarize::None => {}
            Binarize::Static | Binarize::Dynamic => {
                self.binarizer.apply(&mut values, self.rows.name, rows.iter().copied());
            }
        }
        Ok(Chunk { values, labels })
    }
}
