//! The columns of a table that a model takes.

use datafusion::arrow::datatypes::Schema;
use narrows_runtime::bundle::{Bundle, quoted, quoted_list, table::Encoder};

use crate::{Bundles, Error, Reference, description::Description, input::is_vector};

/// Name of the column of rows, and of that of their classes, unless others are named.
const ROWS: &str = "x";
const CLASSES: &str = "label";

/// The columns that a function takes after the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Columns with the features: one of lists or bytes, or one for each feature.
    pub features: Vec<String>,
    /// Column with the class of each row, for a conditional model.
    pub label: Option<String>,
}

impl Bundles {
    /// Returns the digest of a bundle, by which a query names it on other machines.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Digest`], [`Error::Download`], and [`Error::Bundle`] for a bundle that cannot be
    /// read.
    pub fn digest(&self, reference: &Reference) -> Result<String, Error> {
        Ok(self.describe(reference)?.digest.clone())
    }

    /// Opens the files of an autoencoder's bundle, without a model.
    ///
    /// # Errors
    /// Those of [`Bundles::digest`].
    pub fn autoencoder(&self, reference: &Reference) -> Result<Bundle, Error> {
        Ok(Bundle::open(&self.describe(reference)?.path)?)
    }

    /// Chooses the columns of a table for a model: those with the names of its features, or else the column `x`, or
    /// else the only column of lists or bytes. The class of a conditional model is in the column `label`.
    ///
    /// # Errors
    /// [`Error::Columns`] if there are none, or several; those of [`Bundles::digest`].
    pub fn inputs(&self, reference: &Reference, table: &Schema) -> Result<Inputs, Error> {
        let model = self.describe(reference)?;
        let features = match feature_names(&model) {
            Some(names) if names.iter().all(|name| table.column_with_name(name).is_some()) => names,
            Some(names) if model.sample.table.is_some() => {
                let missing: Vec<String> =
                    names.into_iter().filter(|name| table.column_with_name(name).is_none()).collect();
                return Err(Error::Columns { what: format!("the table has no column {}", quoted_list(&missing)) });
            }
            Some(_) | None => vec![vector_column(table)?],
        };
        // The class of a row of a mixed table is one of its columns.
        if !model.takes_labels() || model.sample.table.is_some() {
            return Ok(Inputs { features, label: None });
        }
        match table.column_with_name(CLASSES) {
            Some(_) => Ok(Inputs { features, label: Some(CLASSES.to_owned()) }),
            None => Err(Error::Columns {
                what: format!("the model needs the class of each row, and the table has no column {}", quoted(CLASSES)),
            }),
        }
    }
}

/// Returns the columns that the features need, in their order.
fn feature_names(model: &Description) -> Option<Vec<String>> {
    match &model.sample.table {
        Some(schema) => Some(Encoder::new(schema).required().map(str::to_owned).collect()),
        None => model.columns().map(<[String]>::to_vec),
    }
}

/// Returns the column with the rows of a table: `x`, or the only one of lists or bytes.
///
/// # Errors
/// [`Error::Columns`] if there is none, or there are several.
pub fn vector_column(table: &Schema) -> Result<String, Error> {
    let vectors: Vec<String> =
        table.fields().iter().filter(|field| is_vector(field.data_type())).map(|field| field.name().clone()).collect();
    let named = vectors.iter().find(|name| *name == ROWS);
    match (named, vectors.as_slice()) {
        (Some(name), _) | (None, [name]) => Ok(name.clone()),
        (None, []) => Err(Error::Columns {
            what: "the table has no column of lists or bytes, and none named as the features".into(),
        }),
        (None, several) => {
            Err(Error::Columns { what: format!("the table has several columns of lists: {}", quoted_list(several)) })
        }
    }
}
