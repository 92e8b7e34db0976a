//! What transfer learning leaves: a head on a frozen encoder, ready to run.

use std::path::PathBuf;

use narrows_bundle::{ClassifierBundle, ClassifierKind, ClassifierManifest, Role};
use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::{
    Codes, Error, Options, Placement, Samples, autoencoder::as_matrix, loaded_graph::LoadedGraph, placed::place,
    rows::InputRows, samples::Values,
};

/// An exported classifier or regressor, loaded into ONNX Runtime: from samples, and from codes that its encoder
/// made before.
///
/// Every method takes `&self`, and one handle may be used from many threads at once. An error leaves
/// it as it was.
#[derive(Debug)]
pub struct Classifier {
    manifest: ClassifierManifest,
    pub(crate) whole: LoadedGraph,
    pub(crate) head: LoadedGraph,
    placement: Placement,
}

const _: () = {
    const fn is_shareable<T: Send + Sync>() {}
    is_shareable::<Classifier>();
};

/// A panic elsewhere cannot leave it half-changed: what its locks guard is whole between any two statements.
impl std::panic::UnwindSafe for Classifier {}
impl std::panic::RefUnwindSafe for Classifier {}

impl Classifier {
    /// Opens the bundle at `path`, a folder or a packed file, with [`Options::default`].
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`](crate::Autoencoder::open).
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::open_with(path, &Options::default())
    }

    /// Opens the bundle at `path`, a folder or a packed file.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`](crate::Autoencoder::open).
    pub fn open_with(path: impl Into<PathBuf>, options: &Options) -> Result<Self, Error> {
        Self::from_bundle(&ClassifierBundle::open(path)?, options)
    }

    /// Opens a packed bundle in memory.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`](crate::Autoencoder::open).
    pub fn open_bytes(packed: &[u8], options: &Options) -> Result<Self, Error> {
        Self::from_bundle(&ClassifierBundle::from_bytes(packed)?, options)
    }

    /// Loads both graphs of a bundle that is open already.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`](crate::Autoencoder::open).
    pub fn from_bundle(bundle: &ClassifierBundle, options: &Options) -> Result<Self, Error> {
        let graphs = &bundle.manifest().graphs;
        let (whole, head) = (bundle.graph(&graphs.whole)?, bundle.graph(&graphs.head)?);
        let load = |device| {
            let whole = LoadedGraph::load(&graphs.whole, whole.clone(), Role::Sample, device, options)?;
            Ok((whole, LoadedGraph::load(&graphs.head, head.clone(), Role::Latent, device, options)?))
        };
        let ((whole, head), placement) = place(options, load)?;
        Ok(Classifier { manifest: bundle.manifest().clone(), whole, head, placement })
    }

    /// What the bundle says about itself.
    pub fn manifest(&self) -> &ClassifierManifest {
        &self.manifest
    }

    /// Whether it tells classes or numbers.
    pub fn kind(&self) -> ClassifierKind {
        self.manifest.kind
    }

    /// Names of the classes, by label; empty of a regressor.
    pub fn classes(&self) -> &[String] {
        self.manifest.classes.as_deref().unwrap_or_default()
    }

    /// What both graphs were loaded on.
    pub fn device(&self) -> &Placement {
        &self.placement
    }

    /// The label of every sample's most probable class, `[batch]`; of equals the first.
    ///
    /// # Errors
    /// Those of [`Classifier::probabilities`].
    pub fn classify<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Vec<usize>, Error> {
        Ok(Self::most_probable(&self.probabilities(samples)?.view()))
    }

    /// The label of the most probable class in every row of `probabilities`, `[batch, classes]`; of equals the first.
    pub fn most_probable(probabilities: &ArrayView2<'_, f32>) -> Vec<usize> {
        let of_row = |row: ArrayView1<'_, f32>| {
            let first = (0, f32::NEG_INFINITY);
            row.iter().enumerate().fold(first, |best, (at, &value)| if value > best.1 { (at, value) } else { best }).0
        };
        probabilities.outer_iter().map(of_row).collect()
    }

    /// The probability of every class, `[batch, classes]`; a row adds up to 1.
    ///
    /// # Errors
    /// [`Error::WrongTask`] of a regressor, [`Error::LabelsUnexpected`] for labelled samples, otherwise those of
    /// [`Autoencoder::encode`](crate::Autoencoder::encode).
    pub fn probabilities<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Array2<f32>, Error> {
        self.told(samples, Role::Probabilities)
    }

    /// The logarithms of the probabilities but for a constant in every row, `[batch, classes]`.
    ///
    /// # Errors
    /// Those of [`Classifier::probabilities`].
    pub fn logits<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Array2<f32>, Error> {
        self.told(samples, Role::Logits)
    }

    /// The numbers that a regressor predicts, `[batch, targets]`, in the unit that it was fitted on.
    ///
    /// # Errors
    /// [`Error::WrongTask`] of a classifier, otherwise those of [`Classifier::probabilities`].
    pub fn predict<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Array2<f32>, Error> {
        self.told(samples, Role::Prediction)
    }

    /// What the head alone makes of codes, `[batch, latent]`, that its encoder made before: probabilities,
    /// `[batch, classes]`, or predictions, `[batch, targets]`.
    ///
    /// # Errors
    /// [`Error::LabelsUnexpected`] for labelled codes, otherwise those of
    /// [`Autoencoder::decode`](crate::Autoencoder::decode).
    pub fn head<'a>(&self, codes: impl Into<Codes<'a>>) -> Result<Array2<f32>, Error> {
        let role = match self.kind() {
            ClassifierKind::Classifier => Role::Probabilities,
            ClassifierKind::Regressor => Role::Prediction,
        };
        self.told_of_codes(codes, role)
    }

    /// The logits that the head alone makes of codes, `[batch, classes]`.
    ///
    /// # Errors
    /// [`Error::WrongTask`] of a regressor, otherwise those of [`Classifier::head`].
    pub fn head_logits<'a>(&self, codes: impl Into<Codes<'a>>) -> Result<Array2<f32>, Error> {
        self.told_of_codes(codes, Role::Logits)
    }

    fn told_of_codes<'a>(&self, codes: impl Into<Codes<'a>>, role: Role) -> Result<Array2<f32>, Error> {
        let codes = codes.into();
        self.run(&self.head, codes.values, codes.labels, role)
    }

    fn told<'a>(&self, samples: impl Into<Samples<'a>>, role: Role) -> Result<Array2<f32>, Error> {
        let samples = samples.into();
        self.run(&self.whole, samples.values, samples.labels, role)
    }

    fn run(
        &self,
        graph: &LoadedGraph,
        values: Values<'_>,
        labels: Option<&[i64]>,
        role: Role,
    ) -> Result<Array2<f32>, Error> {
        let kind = self.kind();
        if let Some(labels) = labels {
            return Err(Error::LabelsUnexpected { kind: kind.name(), labels: labels.len() });
        }
        let port = graph.output(role).ok_or(Error::WrongTask { kind })?;
        let [told] = graph.run(&InputRows::of(values, graph.input())?, None, [port])?;
        Ok(as_matrix(told))
    }
}
