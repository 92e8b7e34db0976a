//! An opened model, and the run of a function on a batch.

use std::sync::Arc;

use datafusion::arrow::{
    array::{ArrayRef, BooleanArray, FixedSizeListArray, Float32Array, Float64Array, StringArray, StructArray},
    datatypes::{DataType, Fields},
};
use narrows_runtime::{
    Autoencoder, Classifier, Detector, Options, Samples, ScoreOptions, Scores,
    ndarray::{Array1, Array2},
};

use crate::{
    Error, Function,
    description::Description,
    function::{Engine, element},
    input::Rows,
};

/// An opened model.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a process has a few models, each behind a pointer")]
pub(crate) enum Model {
    /// Encoder and decoder.
    Autoencoder(Autoencoder),
    /// The anomaly detector.
    Detector(Detector),
    /// A classifier or regressor.
    Classifier(Classifier),
}

impl Model {
    pub(crate) fn open(description: &Description, engine: Engine, options: &Options) -> Result<Self, Error> {
        let path = &description.path;
        Ok(match engine {
            Engine::Autoencoder => Model::Autoencoder(Autoencoder::open_with(path, options)?),
            Engine::Detector => Model::Detector(Detector::open_with(path, options)?),
            Engine::Classifier => Model::Classifier(Classifier::open_with(path, options)?),
        })
    }

    /// Returns an empty table for rows of a model of mixed tables.
    pub(crate) fn table(&self) -> Result<narrows_runtime::Table, Error> {
        Ok(match self {
            Model::Autoencoder(model) => model.table()?,
            Model::Detector(model) => model.table()?,
            Model::Classifier(model) => model.table()?,
        })
    }

    /// Runs a function on rows; the result has the type of [`Function::output`].
    pub(crate) fn run(&self, function: Function, rows: &Rows) -> Result<ArrayRef, Error> {
        let samples: Samples<'_> = rows.samples();
        match (function, self) {
            (Function::Encode, Model::Autoencoder(model)) => Ok(vectors(model.encode(samples)?)),
            (Function::Reconstruct, Model::Autoencoder(model)) => {
                let reconstruction = model.reconstruct(samples)?;
                let features = model.sample_shape().iter().product();
                Ok(flat_vectors(reconstruction.into_raw_vec_and_offset().0, features))
            }
            (Function::Score, Model::Autoencoder(model)) => Ok(scores(model.score(samples, &ScoreOptions::default())?)),
            (Function::Anomaly, Model::Detector(model)) => {
                let found = model.detect(samples)?;
                Ok(record([
                    ("score", floats(found.scores)),
                    ("p_value", floats(found.p_values)),
                    ("is_anomaly", Arc::new(BooleanArray::from(found.are_anomalies))),
                ]))
            }
            (Function::IsAnomaly, Model::Detector(model)) => {
                Ok(Arc::new(BooleanArray::from(model.detect(samples)?.are_anomalies)))
            }
            (Function::Classify, Model::Classifier(model)) => {
                let names = model.classes();
                let classes = model.classify(samples)?;
                Ok(Arc::new(StringArray::from_iter(classes.into_iter().map(|class| names.get(class)))))
            }
            (Function::Probabilities, Model::Classifier(model)) => Ok(vectors(model.probabilities(samples)?)),
            (Function::Predict, Model::Classifier(model)) => Ok(vectors(model.predict(samples)?)),
            (Function::Encode | Function::Reconstruct | Function::Score, Model::Detector(_) | Model::Classifier(_))
            | (Function::Anomaly | Function::IsAnomaly, Model::Autoencoder(_) | Model::Classifier(_))
            | (
                Function::Classify | Function::Probabilities | Function::Predict,
                Model::Autoencoder(_) | Model::Detector(_),
            ) => unreachable!("the model was opened for the engine of the function"),
        }
    }
}

fn vectors(matrix: Array2<f32>) -> ArrayRef {
    let width = matrix.ncols();
    let values = match matrix.is_standard_layout() {
        true => matrix.into_raw_vec_and_offset().0,
        false => matrix.iter().copied().collect(),
    };
    flat_vectors(values, width)
}

fn flat_vectors(values: Vec<f32>, width: usize) -> ArrayRef {
    let width = i32::try_from(width).unwrap_or(i32::MAX);
    Arc::new(FixedSizeListArray::new(element(), width, Arc::new(Float32Array::from(values)), None))
}

fn floats(values: Array1<f32>) -> ArrayRef {
    Arc::new(Float32Array::from(values.to_vec()))
}

fn scores(scores: Scores) -> ArrayRef {
    let column = |values: Array1<f64>| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    let mut columns =
        vec![("squared_error", column(scores.squared_error)), ("reconstruction", column(scores.reconstruction))];
    columns.extend(scores.kl.map(|kl| ("kl", column(kl))));
    record(columns)
}

fn record(columns: impl IntoIterator<Item = (&'static str, ArrayRef)>) -> ArrayRef {
    let (names, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let fields = names.iter().zip(&arrays).map(|(name, array)| {
        datafusion::arrow::datatypes::Field::new(*name, DataType::clone(array.data_type()), false)
    });
    Arc::new(StructArray::new(Fields::from_iter(fields), arrays, None))
}
