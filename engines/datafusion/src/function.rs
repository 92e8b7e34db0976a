//! The functions, with what each needs of a model and returns.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields};
use narrows_runtime::bundle::{ClassifierKind, Role};

use crate::{
    Error,
    description::{Description, ModelKind},
};

/// A function of SQL. Its first argument is the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `narrows_encode`: the code of a row.
    Encode,
    /// `narrows_reconstruct`: the reconstruction of a row, in the unit of the data.
    Reconstruct,
    /// `narrows_score`: the errors of the reconstruction.
    Score,
    /// `narrows_anomaly`: score, p-value and label of an anomaly detector.
    Anomaly,
    /// `narrows_is_anomaly`: the label of an anomaly detector alone.
    IsAnomaly,
    /// `narrows_classify`: the name of the most probable class.
    Classify,
    /// `narrows_probabilities`: the probability of each class.
    Probabilities,
    /// `narrows_predict`: the predictions of a regressor.
    Predict,
}

/// The part of a bundle that computes a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Engine {
    /// Encoder and decoder.
    Autoencoder,
    /// The anomaly detector.
    Detector,
    /// A classifier or regressor.
    Classifier,
}

impl Function {
    /// Every function.
    pub const ALL: [Function; 8] = [
        Function::Encode,
        Function::Reconstruct,
        Function::Score,
        Function::Anomaly,
        Function::IsAnomaly,
        Function::Classify,
        Function::Probabilities,
        Function::Predict,
    ];

    /// Returns the name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Function::Encode => "narrows_encode",
            Function::Reconstruct => "narrows_reconstruct",
            Function::Score => "narrows_score",
            Function::Anomaly => "narrows_anomaly",
            Function::IsAnomaly => "narrows_is_anomaly",
            Function::Classify => "narrows_classify",
            Function::Probabilities => "narrows_probabilities",
            Function::Predict => "narrows_predict",
        }
    }

    /// Returns the part of a bundle that computes it.
    pub(crate) fn engine(self) -> Engine {
        match self {
            Function::Encode | Function::Reconstruct | Function::Score => Engine::Autoencoder,
            Function::Anomaly | Function::IsAnomaly => Engine::Detector,
            Function::Classify | Function::Probabilities | Function::Predict => Engine::Classifier,
        }
    }

    /// Returns the type of its results for a model.
    ///
    /// # Errors
    /// [`Error::Arguments`] if the model cannot compute it.
    pub(crate) fn output(self, model: &Description) -> Result<DataType, Error> {
        let wrong = |needed: &str| {
            Err(self.error(format!("needs {needed}, and `{}` is a {}", model.path.display(), model.kind_name())))
        };
        match (self, &model.kind) {
            (Function::Encode, ModelKind::Autoencoder(manifest)) => Ok(vector(manifest.latent_dim)),
            (Function::Reconstruct, ModelKind::Autoencoder(manifest)) if manifest.sample.table.is_some() => {
                wrong("a model of numbers (`narrows reconstruct` returns the columns of a mixed table)")
            }
            (Function::Reconstruct, ModelKind::Autoencoder(manifest)) => Ok(vector(manifest.sample.features())),
            (Function::Score, ModelKind::Autoencoder(manifest)) => {
                let has_posterior = manifest.graphs.encoder.output(Role::LogVariance).is_some();
                let mut names = vec!["squared_error", "reconstruction"];
                names.extend((has_posterior && manifest.prior.is_some()).then_some("kl"));
                Ok(record(names.into_iter().map(|name| (name, DataType::Float64))))
            }
            (Function::Anomaly | Function::IsAnomaly, ModelKind::Autoencoder(manifest))
                if manifest.detector.is_none() =>
            {
                wrong("a bundle with a detector (`narrows detect fit` adds one)")
            }
            (Function::Anomaly, ModelKind::Autoencoder(_)) => Ok(record([
                ("score", DataType::Float32),
                ("p_value", DataType::Float32),
                ("is_anomaly", DataType::Boolean),
            ])),
            (Function::IsAnomaly, ModelKind::Autoencoder(_)) => Ok(DataType::Boolean),
            (Function::Classify, ModelKind::Classifier(manifest)) if manifest.kind == ClassifierKind::Classifier => {
                Ok(DataType::Utf8)
            }
            (Function::Probabilities, ModelKind::Classifier(manifest))
                if manifest.kind == ClassifierKind::Classifier =>
            {
                Ok(vector(model.classes.len()))
            }
            (Function::Predict, ModelKind::Classifier(manifest)) if manifest.kind == ClassifierKind::Regressor => {
                Ok(vector(manifest.targets.unwrap_or(1)))
            }
            (Function::Predict, _) => wrong("a regressor (`narrows transfer` trains one)"),
            (Function::Classify | Function::Probabilities, _) => wrong("a classifier (`narrows transfer` trains one)"),
            (Function::Encode | Function::Reconstruct | Function::Score, ModelKind::Classifier(_)) => {
                wrong("an autoencoder")
            }
            (Function::Anomaly | Function::IsAnomaly, ModelKind::Classifier(_)) => {
                wrong("an autoencoder with a detector")
            }
        }
    }

    /// Returns an error about its arguments.
    pub(crate) fn error(self, what: impl Into<String>) -> Error {
        Error::Arguments { function: self.name(), what: what.into() }
    }
}

/// Returns the type of vectors with `length` elements, none of which is null.
fn vector(length: usize) -> DataType {
    DataType::FixedSizeList(element(), i32::try_from(length).unwrap_or(i32::MAX))
}

/// Returns the field of the elements of a vector.
pub(crate) fn element() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Float32, false))
}

fn record<'a>(fields: impl IntoIterator<Item = (&'a str, DataType)>) -> DataType {
    let fields = fields.into_iter().map(|(name, data_type)| Field::new(name, data_type, false));
    DataType::Struct(Fields::from_iter(fields))
}
