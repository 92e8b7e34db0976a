//! A chunk of rows in memory, as a model takes them.

use narrows_data::{Binarize, Labels, PartName, RecordBatch, Recorded, Values};
use narrows_runtime::{Codes, Samples};
use ndarray::Array2;

use super::Binarizer;

/// Chunk of rows in memory.
pub(crate) struct Batch {
    pub(super) values: Values,
    /// Class index of each row; only for models that take labels.
    pub(super) classes: Option<Vec<i64>>,
    /// Labels as they are in the data.
    pub(crate) labels: Option<Labels>,
    /// Pass-through columns.
    pub(crate) others: Option<RecordBatch>,
    /// The time steps in which these windows end, if the rows are windows of a recording.
    pub(crate) recorded: Option<Recorded>,
    /// Row number of the first row within its part.
    pub(super) first: usize,
    /// The part of the rows, and the number of returned rows of the part before them.
    pub(super) place: (PartName, usize),
}

impl Batch {
    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.values.rows()
    }

    /// Returns the rows as samples of a model, with their classes if there are any.
    pub(crate) fn samples(&self) -> Samples<'_> {
        let samples = match &self.values {
            Values::U8(values) => Samples::from(values.view()),
            Values::F32(values) => Samples::from(values.view()),
            Values::OnDisk(_) | Values::Windows(_) => unreachable!("`InputStream::next` reads rows into memory"),
        };
        match &self.classes {
            Some(classes) => samples.labelled(classes),
            None => samples,
        }
    }

    /// Returns the batch with binarised rows.
    pub(crate) fn binarized(self, binarizer: &Binarizer) -> anyhow::Result<Self> {
        match binarizer.how() {
            Binarize::None => Ok(self),
            Binarize::Static | Binarize::Dynamic => {
                let (part, first) = self.place;
                let mut rows = self.floats()?;
                binarizer.apply(&mut rows, part, first..);
                Ok(Batch { values: Values::F32(rows), ..self })
            }
        }
    }

    /// Returns the class index of each row; only for models that take labels.
    pub(crate) fn classes(&self) -> Option<&[i64]> {
        self.classes.as_deref()
    }

    /// Returns the values of the rows, `[rows, features]`.
    pub(crate) fn floats(&self) -> anyhow::Result<Array2<f32>> {
        Ok(self.values.to_f32()?.into_owned())
    }

    /// Returns the rows as codes of a model; `None` for bytes. With a `label`, every row gets that class, and `buffer`
    /// stores the classes.
    pub(crate) fn codes<'b>(&'b self, buffer: &'b mut Vec<i64>, label: Option<i64>) -> Option<Codes<'b>> {
        let Values::F32(values) = &self.values else { return None };
        let codes = Codes::from(values.view());
        if let Some(label) = label {
            buffer.clear();
            buffer.resize(self.rows(), label);
            return Some(codes.labelled(buffer));
        }
        Some(match &self.classes {
            Some(classes) => codes.labelled(classes),
            None => codes,
        })
    }
}
