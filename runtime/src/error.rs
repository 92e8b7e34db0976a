//! The error type of the runtime.

use std::path::PathBuf;

use narrows_bundle::{BundleError, ClassifierKind, Kind, counted, described_bytes, quoted, quoted_list};
use narrows_table::CodecError;

use crate::{Device, library::LibraryError};

/// An error of the runtime. After any error the model handle works as before.
///
/// Messages state the expected and the actual value, and what to do. Rows, labels and indices count from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bundle cannot be read, or its content is invalid.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A value is not of the type of its column in a mixed table, is missing, or cannot be converted back.
    #[error(transparent)]
    Table(#[from] CodecError),
    /// A row of a mixed table has other columns than the model.
    #[error("row {row} {what}")]
    TableRow {
        /// Row, from 0.
        row: usize,
        /// What is wrong, and what to do.
        what: String,
    },
    /// No usable ONNX Runtime was found, or it did not start.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// An array does not have the shape of the graph's input.
    #[error("input `{input}` expects {}, got {found:?}", expected_shape(row))]
    Shape {
        /// Name of the input.
        input: String,
        /// Shape of one row.
        row: Vec<usize>,
        /// Shape of the array.
        found: Vec<usize>,
    },
    /// An array contains NaN or an infinity.
    #[error("input `{input}` contains {value} in row {row} at {position:?} (fill or drop such values first)")]
    NotFinite {
        /// Name of the input.
        input: String,
        /// Row, from 0.
        row: usize,
        /// Index inside the row, in the shape of one sample.
        position: Vec<usize>,
        /// The value.
        value: f32,
    },
    /// The model was not trained on a mixed table.
    #[error(
        "the samples of this {kind} are not rows of a mixed table (train on a table with text or with `--types`, or use the methods for arrays)"
    )]
    NotATable {
        /// Name of the model's kind.
        kind: &'static str,
    },
    /// The cell of a category is not the position of a level.
    #[error("row {row}: `{cell}` is {value}, expected a whole number from 1 to {levels}, or 0 for an unseen level")]
    NotALevel {
        /// Row, from 0.
        row: usize,
        /// Name of the cell.
        cell: String,
        /// Its value.
        value: f32,
        /// Number of levels of the category.
        levels: usize,
    },
    /// A graph needs a label for every row, but none were given.
    #[error("this {kind} needs a label for every row (0 to {}), but none were given (add them with `labelled`)", classes.saturating_sub(1))]
    LabelsMissing {
        /// Kind of the model.
        kind: Kind,
        /// Number of classes.
        classes: usize,
    },
    /// Labels were given, but no graph takes them.
    #[error("this {kind} takes no labels here, but {labels} were given (do not call `labelled`)")]
    LabelsUnexpected {
        /// Name of the model's kind.
        kind: &'static str,
        /// Number of labels.
        labels: usize,
    },
    /// The number of labels differs from the number of rows.
    #[error("expected one label per row, got {} for {}", counted(*labels, "label"), counted(*rows, "row"))]
    LabelCount {
        /// Number of rows.
        rows: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A label is outside the range of the classes.
    #[error("the label of row {row} is {label}, but this model has the classes 0 to {}", classes.saturating_sub(1))]
    LabelRange {
        /// Row, from 0.
        row: usize,
        /// The label.
        label: i64,
        /// Number of classes.
        classes: usize,
    },
    /// No class has this name or number.
    #[error("there is no class {}, this model has {}", quoted(class), class_list(classes))]
    UnknownClass {
        /// The requested name or number.
        class: String,
        /// All class names, in the order of the labels.
        classes: Vec<String>,
    },
    /// The encoder is deterministic: it outputs codes, not distributions over codes.
    #[error(
        "the encoder of this {kind} outputs one code per sample and no distribution to sample from (use encode; vae and cvae have a posterior)"
    )]
    Deterministic {
        /// Kind of the model.
        kind: Kind,
    },
    /// The model has neither a prior nor a sampler to sample codes from.
    #[error(
        "this {kind} has no prior to sample codes from, so it cannot generate (fit a sampler with `narrows fit-prior`, use a model with a prior, such as a vae, or call decode with your own codes)"
    )]
    NoPrior {
        /// Kind of the model.
        kind: Kind,
    },
    /// The model has no distribution over codes, so the likelihood of a sample cannot be estimated.
    #[error(
        "this {kind} has no distribution over codes, so its likelihood cannot be estimated (leave out importance_samples, or use a vae or cvae)"
    )]
    NoLikelihood {
        /// Kind of the model.
        kind: Kind,
    },
    /// A value is outside the range of the Bernoulli likelihood.
    #[error(
        "row {row} contains {value} at {position:?}, outside the range [{low}, {high}] of the bernoulli likelihood of this model"
    )]
    OutsideRange {
        /// Row, from 0.
        row: usize,
        /// Index inside the row, in the shape of the given rows.
        position: Vec<usize>,
        /// The value, in the data's unit.
        value: f32,
        /// Smallest allowed value.
        low: f32,
        /// Largest allowed value.
        high: f32,
    },
    /// Interpolation was called with a number of samples other than two.
    #[error("interpolation needs exactly 2 rows, got {rows}")]
    NotAPair {
        /// Number of rows.
        rows: usize,
    },
    /// Interpolation was called with samples of different classes. There is no label between two classes.
    #[error(
        "interpolation needs two samples of one class, but the labels are {from} and {to} (give both the same label)"
    )]
    TwoClasses {
        /// Label of the first sample.
        from: i64,
        /// Label of the second sample.
        to: i64,
    },
    /// Two codes have different lengths.
    #[error("cannot interpolate from a code of {} to a code of {}", counted(*from, "value"), counted(*to, "value"))]
    CodeLengths {
        /// Length of the first code.
        from: usize,
        /// Length of the second code.
        to: usize,
    },
    /// Codes have another number of dimensions than the model.
    #[error("expected codes of {}, got {}", counted(*expected, "dimension"), counted(*found, "dimension"))]
    CodeWidth {
        /// Number of dimensions of the codes.
        found: usize,
        /// Number of latent dimensions of the model.
        expected: usize,
    },
    /// A latent dimension does not exist.
    #[error("there is no latent dimension {dimension}, this model has the dimensions 0 to {}", latent_dim.saturating_sub(1))]
    LatentDimension {
        /// The requested dimension, from 0.
        dimension: usize,
        /// Number of latent dimensions.
        latent_dim: usize,
    },
    /// A number is outside the range of its option.
    #[error("`{option}` is {value}, expected {expected}")]
    OutOfRange {
        /// Name of the option.
        option: &'static str,
        /// The value.
        value: f64,
        /// Description of the allowed values.
        expected: &'static str,
    },
    /// The decoder needs a class, but none was given.
    #[error("this {kind} generates samples of a class: use generate_class with one of {}", class_list(classes))]
    ClassNeeded {
        /// Kind of the model.
        kind: Kind,
        /// All class names, in the order of the labels.
        classes: Vec<String>,
    },
    /// A class was given, but the decoder takes none.
    #[error("the decoder of this {kind} takes no class: use generate (only a cvae generates samples of a class)")]
    ClassUnexpected {
        /// Kind of the model.
        kind: Kind,
    },
    /// A regressor was asked for class predictions, or a classifier for regression targets.
    #[error("this is a {kind}: {}", methods_of(*kind))]
    WrongTask {
        /// Kind of the model.
        kind: ClassifierKind,
    },
    /// The bundle has no anomaly detector.
    #[error("`{path}` has no detector; add one with `narrows detect fit {path}`", path = path.display())]
    NoDetector {
        /// Path of the bundle.
        path: PathBuf,
    },
    /// A false-alarm rate is not a probability between 0 and 1.
    #[error("the level is {level}, expected a false-alarm rate between 0 and 1, for example 0.01")]
    Level {
        /// The level.
        level: f64,
    },
    /// A bundle, a result or a run needs more memory than there is, or than
    /// [`MemoryLimit::Bytes`](crate::MemoryLimit) allows. Nothing was allocated.
    #[error(
        "{what} need about {}, and {} of memory are available; {advice}",
        described_bytes(*needed),
        described_bytes(*available)
    )]
    Memory {
        /// What needs the memory, in the plural: "1000 rows of 784 values".
        what: String,
        /// Estimated size in bytes.
        needed: u64,
        /// What is available, in bytes.
        available: u64,
        /// What to do.
        advice: &'static str,
    },
    /// The call was stopped by its [`Cancellation`](crate::Cancellation).
    #[error("the call was cancelled after {done} of {}", counted(*rows, "row"))]
    Cancelled {
        /// Number of rows that were complete.
        done: usize,
        /// Number of rows of the call.
        rows: usize,
    },
    /// The requested rows do not fit into memory.
    #[error("{rows} rows of {width} values do not fit into memory (use fewer rows at a time)")]
    TooMany {
        /// Number of rows.
        rows: usize,
        /// Number of values per row.
        width: usize,
    },
    /// A tensor of the stored probe does not have the shape of the graph's port.
    #[error(
        "probe tensor `{tensor}` should have shape {expected:?}, but {} (export the model again)",
        found_shape(found)
    )]
    Probe {
        /// Name of the tensor.
        tensor: String,
        /// Shape according to the manifest.
        expected: Vec<usize>,
        /// Shape of the tensor, or `None` if it is missing.
        found: Option<Vec<usize>>,
    },
    /// A graph returned an output of another shape or type than the manifest lists.
    #[error("`{graph}` should return `{output}` with shape {expected:?}, got {found} (export the model again)")]
    Output {
        /// File name of the graph.
        graph: String,
        /// Name of the output.
        output: String,
        /// Shape according to the manifest.
        expected: Vec<usize>,
        /// Returned shape or type.
        found: String,
    },
    /// A graph cannot run on the requested device.
    #[error("cannot run on {device}: {reason} (choose `cpu`, or `auto` to use the GPU only if it works)")]
    Device {
        /// The requested device.
        device: Device,
        /// Reason given by ONNX Runtime.
        reason: String,
    },
    /// The array for the results has the wrong shape.
    #[error("the array for `{output}` has shape {found:?}, expected {expected:?}")]
    Destination {
        /// Name of the output.
        output: String,
        /// Shape of the results.
        expected: Vec<usize>,
        /// Shape of the array.
        found: Vec<usize>,
    },
    /// The length of a slice does not match the number of rows.
    #[error("{rows} rows of {width} values need a slice of {} values, got {found}", (*rows as u128) * (*width as u128))]
    SliceLength {
        /// Number of rows that the caller gave.
        rows: usize,
        /// Number of values per row.
        width: usize,
        /// Length of the slice.
        found: usize,
    },
    /// ONNX Runtime refused a graph or failed to run it.
    #[error("ONNX Runtime cannot {action} `{graph}`: {source}")]
    Engine {
        /// The attempted action: "load", "run" or "profile".
        action: &'static str,
        /// File name of the graph.
        graph: String,
        /// Error of ONNX Runtime.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Replaces the counts in [`Error::Cancelled`], those of a block of rows or of a part of the work, by those of the
    /// call.
    pub(crate) fn cancelled_after(self, done: usize, rows: usize) -> Self {
        match self {
            Error::Cancelled { .. } => Error::Cancelled { done, rows },
            other => other,
        }
    }

    /// Converts the row of a block in [`Error::NotFinite`] and [`Error::NotALevel`] to the row of the samples.
    pub(crate) fn at_row(self, row_of: impl FnOnce(usize) -> usize) -> Self {
        match self {
            Error::NotFinite { input, row, position, value } => {
                Error::NotFinite { input, row: row_of(row), position, value }
            }
            Error::NotALevel { row, cell, value, levels } => Error::NotALevel { row: row_of(row), cell, value, levels },
            other => other,
        }
    }
}

fn methods_of(kind: ClassifierKind) -> &'static str {
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
    if classes.is_empty() { "no classes".to_owned() } else { quoted_list(classes) }
}

fn found_shape(found: &Option<Vec<usize>>) -> String {
    found.as_ref().map_or_else(|| "is missing".to_owned(), |shape| format!("has {shape:?}"))
}
