//! What a page shows: rows with their reconstructions, codes, samples and figures, as they were computed.

use narrows_evaluate::{CopyTest, Figures, NearestRow, SampleQuality};
use narrows_runtime::bundle::{Manifest, counted};
use ndarray::{Array1, Array2};

/// What the sections of a page are made of. [`Gatherer`](crate::Gatherer) computes it.
#[derive(Debug)]
pub struct Gathered {
    /// The manifest of the model.
    pub manifest: Manifest,
    /// Where the rows come from, and how to repeat the training and the page.
    pub about: About,
    /// The seed of everything that is random.
    pub seed: u64,
    /// Figures over all rows.
    pub figures: Figures,
    /// Error of each row, in the order of the rows: the squared error in squared scaled units, summed over the
    /// features; in a mixed table the loss, summed over the columns.
    pub errors: Vec<f64>,
    /// Names of the classes of the rows; empty without labels.
    pub classes: Vec<String>,
    /// Random rows, in their order in the data.
    pub points: Vec<Row>,
    /// Positions of the points in planes.
    pub planes: Vec<Plane>,
    /// Random rows with their reconstructions, in their order in the data.
    pub random: Vec<Reconstructed>,
    /// The rows with the smallest errors, the smallest first.
    pub best: Vec<Reconstructed>,
    /// The rows with the largest errors, the largest first.
    pub worst: Vec<Reconstructed>,
    /// Generated samples; `None` for models that generate nothing.
    pub generated: Option<Generated>,
    /// Walks through the latent dimensions that change samples most, the strongest first.
    pub traversals: Vec<Traversal>,
    /// Whether the model generates samples: then the walks are within the codes of samples, not within those of rows.
    pub is_generative: bool,
    /// The class of the samples of the walks, for a conditional model.
    pub traversal_class: Option<String>,
    /// The error of principal components on some of the rows; `None` if it is unknown.
    pub baseline: Option<Baseline>,
}

/// Where the rows come from, and how to repeat the training and the page.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The heading of the page; by default made of the kind and the data.
    pub title: Option<String>,
    /// The data as the user named it.
    pub data: String,
    /// The number of rows with the part that they come from: "360 test rows".
    pub rows: String,
    /// What a sample is called: "row", or "window" for windows of recordings.
    pub noun: String,
    /// Whether the model was trained on some of the shown rows.
    pub seen: Seen,
    /// Whether the rows that samples are compared with are the training part, and not the shown rows.
    pub is_compared_with_training_part: bool,
    /// How the rows are binarised; `None` if they are not.
    pub binarized: Option<String>,
    /// Names of the features, or of the channels of windows, if they have names.
    pub columns: Option<Vec<String>>,
    /// The chart of the losses in the bundle, an SVG.
    pub loss_chart: Option<String>,
    /// Scores of the rows that calibrated the bundle's detector, or their quantiles, ascending.
    pub calibration_scores: Option<Vec<f32>>,
    /// The configuration file that repeats the training.
    pub configuration: Option<String>,
    /// The commands that repeat the training.
    pub training_command: String,
    /// The command that makes the page again.
    pub page_command: String,
}

impl About {
    /// Formats a number of the rows that samples are compared with: "1437 rows of the training part", or "90 rows" if
    /// there is no test part.
    pub(crate) fn compared(&self, count: usize) -> String {
        let part = if self.is_compared_with_training_part { " of the training part" } else { "" };
        counted(count, &self.noun) + part
    }

    /// Formats a number of rows: "1 row", "2 windows".
    pub(crate) fn counted(&self, count: usize) -> String {
        counted(count, &self.noun)
    }

    /// Warns of errors that are smaller than those of new rows; `None` if the model was not trained on the rows.
    pub(crate) fn warning(&self) -> Option<String> {
        let noun = &self.noun;
        match self.seen {
            Seen::No => None,
            Seen::Perhaps => {
                Some(format!("These {noun}s may include the training {noun}s; errors of new {noun}s are larger then."))
            }
            Seen::Yes => Some(format!("These {noun}s include the training {noun}s; errors of new {noun}s are larger.")),
        }
    }
}

/// Whether a model was trained on some of the shown rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Seen {
    /// They are a test part, or other data.
    #[default]
    No,
    /// The data has the name or the number of rows of the training data, but not both.
    Perhaps,
    /// They are those that it was trained on, or all rows of that data.
    Yes,
}

/// A row of the data with its code.
#[derive(Debug, Clone)]
pub struct Row {
    /// The number of the row in its part, counted from 0.
    pub number: usize,
    /// The values as the model takes them, `[features]`.
    pub values: Array1<f32>,
    /// The values as they are in the data, `[features]`: not binarised.
    pub original: Array1<f32>,
    /// The index of the class in [`Gathered::classes`].
    pub class: Option<usize>,
    /// The label of a conditional model.
    pub condition: Option<i64>,
    /// The code, `[latent]`; for a variational model the mean.
    pub code: Array1<f32>,
    /// The error of the row, see [`Gathered::errors`].
    pub error: f64,
}

/// A row with its reconstruction.
#[derive(Debug, Clone)]
pub struct Reconstructed {
    /// The row.
    pub row: Row,
    /// The reconstruction, `[features]`, in the unit of the data.
    pub reconstruction: Array1<f32>,
}

/// A plane in which the codes of the points lie.
#[derive(Debug, Clone)]
pub struct Plane {
    /// A name for links, unique among the planes: lower case, with hyphens.
    pub id: &'static str,
    /// The heading.
    pub title: String,
    /// How the positions were computed, in a sentence.
    pub explanation: String,
    /// Names of the axes: to the right, and upwards; `None` if they have no meaning.
    pub axes: Option<[String; 2]>,
    /// Whether a unit has the same length on both axes.
    pub scales: Scales,
    /// Positions, `[points, 2]`.
    pub positions: Array2<f64>,
}

/// The scales of two axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scales {
    /// A unit has the same length on both axes.
    Equal,
    /// Each axis fills the space.
    Independent,
}

/// Generated samples.
#[derive(Debug)]
pub struct Generated {
    /// Values in the unit of the data, `[samples, features]`.
    pub values: Array2<f32>,
    /// The label of each sample of a conditional model, all samples of a class together.
    pub labels: Option<Vec<usize>>,
    /// The distribution of their codes: "prior" or "sampler".
    pub codes_from: &'static str,
    /// The most similar rows of the training data; `None` if no rows were searched.
    pub nearest: Option<Nearest>,
    /// Comparison of more samples with real rows; `None` without enough of them.
    pub quality: Option<Compared>,
}

/// The rows that are nearest to generated samples.
#[derive(Debug, Clone)]
pub struct Nearest {
    /// The nearest row of each sample; the index is the number of the row in its part.
    pub of_samples: Vec<NearestRow>,
    /// Comparison with real rows that were not searched.
    pub test: CopyTest,
    /// The number of these real rows.
    pub held_out: usize,
    /// The number of rows that were searched, with their part: "1437 rows of the training part".
    pub searched: String,
}

/// Generated samples compared with as many real rows.
#[derive(Debug)]
pub struct Compared {
    /// How close they are in a feature space.
    pub quality: SampleQuality,
    /// The feature space, in words.
    pub space: String,
    /// Real rows as they are in the data, `[rows, features]`.
    pub real: Array2<f32>,
    /// Generated samples, `[rows, features]`, in the unit of the data.
    pub samples: Array2<f32>,
}

/// Samples along one latent dimension.
#[derive(Debug, Clone)]
pub struct Traversal {
    /// The latent dimension.
    pub dimension: usize,
    /// The values of the dimension, in ascending order.
    pub steps: Vec<f32>,
    /// The decoded samples, `[steps, features]`, in the unit of the data.
    pub samples: Array2<f32>,
}

/// The error of a principal component analysis with as many dimensions as the model.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// Number of components.
    pub components: usize,
    /// Mean squared error per feature of the components, in squared scaled units.
    pub mse: f64,
    /// Mean squared error per feature of the model on the same rows.
    pub model_mse: f64,
    /// The number of rows of both errors.
    pub rows: usize,
    /// The rows that the components were fitted to: "1437 rows of the training part".
    pub fitted: String,
}
