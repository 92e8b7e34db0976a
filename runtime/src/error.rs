//! What can go wrong between an array that goes in and one that comes out.

use narrows_bundle::{BundleError, ClassifierKind, Kind};

use crate::{Device, library::LibraryError};

/// An error of the runtime. After any of them the handle works as before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bundle cannot be used.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// ONNX Runtime cannot be used.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// An array has another shape than the graph's input.
    #[error("input `{input}` expects {}, got {found:?}", expected_shape(row))]
    Shape {
        /// Name of the port.
        input: String,
        /// Shape of one row.
        row: Vec<usize>,
        /// Shape of the array.
        found: Vec<usize>,
    },
    /// An array holds NaN or an infinity.
    #[error("input `{input}` holds {value} in row {row} at {position:?} (fill or drop such values first)")]
    NotFinite {
        /// Name of the port.
        input: String,
        /// Row, from 0.
        row: usize,
        /// Index inside the row, in the sample's shape.
        position: Vec<usize>,
        /// The value.
        value: f32,
    },
    /// A graph takes a label with every row, and none were given.
    #[error("this {kind} takes a label with every row (0 to {}), none were given (add them with `labelled`)", classes.saturating_sub(1))]
    LabelsMissing {
        /// Kind of the model.
        kind: Kind,
        /// Number of classes.
        classes: usize,
    },
    /// Labels were given to a graph that takes none.
    #[error("this {kind} takes no labels here, {labels} were given (leave out `labelled`)")]
    LabelsUnexpected {
        /// Kind of the model, by its name.
        kind: &'static str,
        /// How many were given.
        labels: usize,
    },
    /// There are more or fewer labels than rows.
    #[error("{rows} rows need {rows} labels, got {labels}")]
    LabelCount {
        /// Rows of the array.
        rows: usize,
        /// Labels.
        labels: usize,
    },
    /// A label names no class.
    #[error("the label of row {row} is {label}, this model has classes 0 to {}", classes.saturating_sub(1))]
    LabelRange {
        /// Row, from 0.
        row: usize,
        /// The label.
        label: i64,
        /// Number of classes.
        classes: usize,
    },
    /// No class has this name or number.
    #[error("there is no class `{class}`, this model has {}", class_list(classes))]
    UnknownClass {
        /// Name or number that was asked for.
        class: String,
        /// All names, in the order of their numbers.
        classes: Vec<String>,
    },
    /// The encoder returns a code and no distribution over codes.
    #[error(
        "the encoder of this {kind} returns one code a sample and no distribution, so there is nothing to sample (use encode; vae and cvae have a posterior)"
    )]
    Deterministic {
        /// Kind of the model.
        kind: Kind,
    },
    /// The model has no distribution to draw codes from.
    #[error(
        "this {kind} has no prior to draw codes from, so it cannot generate; models with a prior can, like a vae (decode works here on codes of your own)"
    )]
    NoPrior {
        /// Kind of the model.
        kind: Kind,
    },
    /// The model has no distribution over codes, so it says nothing of how likely a sample is.
    #[error(
        "this {kind} has no distribution over codes and so no likelihood to estimate (leave out importance_samples; vae and cvae have one)"
    )]
    NoLikelihood {
        /// Kind of the model.
        kind: Kind,
    },
    /// A Bernoulli likelihood has no probability for a value outside its range.
    #[error(
        "row {row} holds {value} at {position:?}, outside [{low}, {high}], which the bernoulli likelihood of this model needs"
    )]
    OutsideRange {
        /// Row, from 0.
        row: usize,
        /// Index inside the row, in the shape that the rows were given in.
        position: Vec<usize>,
        /// The value, in the data's unit.
        value: f32,
        /// Smallest value that has a probability.
        low: f32,
        /// Largest value that has a probability.
        high: f32,
    },
    /// A way leads from one sample to another, and there are more or fewer.
    #[error("a way leads from one sample to another, so it takes 2 rows, got {rows}")]
    NotAPair {
        /// Rows of the array.
        rows: usize,
    },
    /// Two samples of different classes have no way between them: a label is no number that could be
    /// half of each.
    #[error(
        "the samples have the labels {from} and {to}, and a way between them stays within one class (give both the same label)"
    )]
    TwoClasses {
        /// Label of the first sample.
        from: i64,
        /// Label of the second sample.
        to: i64,
    },
    /// Two codes are of different length.
    #[error("there is no way from a code of {from} numbers to one of {to}")]
    CodeLengths {
        /// Numbers in the first code.
        from: usize,
        /// Numbers in the second code.
        to: usize,
    },
    /// The decoder takes a class, and none was chosen.
    #[error("this {kind} draws samples of a class, so use generate_class with one of {}", class_list(classes))]
    ClassNeeded {
        /// Kind of the model.
        kind: Kind,
        /// All names, in the order of their numbers.
        classes: Vec<String>,
    },
    /// The decoder takes no class.
    #[error("the decoder of this {kind} takes no class, so use generate (a cvae can draw samples of a class)")]
    ClassUnexpected {
        /// Kind of the model.
        kind: Kind,
    },
    /// A regressor was asked for classes, or a classifier for numbers.
    #[error("this is a {kind}: {}", asked_of(*kind))]
    WrongTask {
        /// What it is.
        kind: ClassifierKind,
    },
    /// So many rows do not fit into memory.
    #[error("{rows} rows of {width} numbers do not fit into memory (ask for fewer at a time)")]
    TooMany {
        /// Rows asked for.
        rows: usize,
        /// Numbers in one row.
        width: usize,
    },
    /// The stored probe does not have the shape of the graphs.
    #[error("probe tensor `{tensor}` should have shape {expected:?}, {} (export the model again)", found_shape(found))]
    Probe {
        /// Name of the tensor.
        tensor: String,
        /// Shape that the manifest demands.
        expected: Vec<usize>,
        /// Shape of the tensor, if there is one.
        found: Option<Vec<usize>>,
    },
    /// A graph computed something else than it declares.
    #[error("`{graph}` should return `{output}` as {expected:?}, it returned {found} (export the model again)")]
    Output {
        /// File name of the graph.
        graph: String,
        /// Name of the port.
        output: String,
        /// Shape that the manifest demands.
        expected: Vec<usize>,
        /// What was returned.
        found: String,
    },
    /// A graph cannot be computed on the device that was asked for.
    #[error("cannot compute on {device}: {reason} (choose `cpu`, or `auto`: then it is used where it can be)")]
    Device {
        /// The device.
        device: Device,
        /// ONNX Runtime's reason.
        reason: String,
    },
    /// An array for results has another shape than the results.
    #[error("the array for `{output}` has shape {found:?}, it should have {expected:?}")]
    Destination {
        /// Name of the port.
        output: String,
        /// Shape of the results.
        expected: Vec<usize>,
        /// Shape of the array.
        found: Vec<usize>,
    },
    /// A slice does not hold as many rows as it is said to.
    #[error("{rows} rows of {width} numbers are {} numbers, the slice has {found}", (*rows as u128) * (*width as u128))]
    SliceLength {
        /// Rows that were named.
        rows: usize,
        /// Numbers in one row.
        width: usize,
        /// Length of the slice.
        found: usize,
    },
    /// ONNX Runtime refused a graph or failed to run it.
    #[error("ONNX Runtime cannot {action} `{graph}`: {source}")]
    Engine {
        /// What was tried: "load" or "run".
        action: &'static str,
        /// File name of the graph.
        graph: String,
        /// ONNX Runtime's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Names the row of the samples where the engine's row was one of a block.
    pub(crate) fn at_row(self, row_of: impl FnOnce(usize) -> usize) -> Self {
        match self {
            Error::NotFinite { input, row, position, value } => {
                Error::NotFinite { input, row: row_of(row), position, value }
            }
            other => other,
        }
    }
}

fn asked_of(kind: ClassifierKind) -> &'static str {
    match kind {
        ClassifierKind::Classifier => "use classify, probabilities or logits",
        ClassifierKind::Regressor => "use predict",
    }
}

fn expected_shape(row: &[usize]) -> String {
    let full: Vec<_> = std::iter::once("batch".to_owned()).chain(row.iter().map(usize::to_string)).collect();
    let full = format!("[{}]", full.join(", "));
    if row.len() == 1 { full } else { format!("{full} (or [batch, {}])", row.iter().product::<usize>()) }
}

fn class_list(classes: &[String]) -> String {
    if classes.is_empty() { "no classes".to_owned() } else { format!("`{}`", classes.join("`, `")) }
}

fn found_shape(found: &Option<Vec<usize>>) -> String {
    found.as_ref().map_or_else(|| "there is none".to_owned(), |shape| format!("it has {shape:?}"))
}
