//! The public type `Classifier`: a classifier or regressor on a trained encoder, loaded into ONNX Runtime.

use std::{path::PathBuf, sync::Arc};

use narrows_bundle::{ClassifierBundle, ClassifierKind, ClassifierManifest, Role};
use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::{
    Cancellation, Codes, Error, Options, Placement, Samples, autoencoder::as_matrix, load_on_device::load_on_device,
    loaded_graph::LoadedGraph, memory_estimate::check_opening, rows::InputRows, samples::Values,
};

/// An exported classifier or regressor, loaded into ONNX Runtime.
///
/// It predicts from samples, or from codes that its encoder computed before. Every method takes `&self`, and one
/// handle can be used by many threads at the same time. After an error the handle works as before.
///
/// ```no_run
/// use narrows_runtime::{Classifier, ndarray::Array3};
///
/// # fn main() -> Result<(), narrows_runtime::Error> {
/// let model = Classifier::open("models/classifier")?;
/// let images = Array3::<u8>::zeros((32, 8, 8)); // [batch, ...sample shape]
/// let labels = model.classify(&images)?; // 32 class indices
/// let probabilities = model.probabilities(&images)?; // [32, classes]
/// println!("{}", model.classes()[labels[0]]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Classifier {
    manifest: Arc<ClassifierManifest>,
    pub(crate) end_to_end: LoadedGraph,
    pub(crate) head: LoadedGraph,
    placement: Arc<Placement>,
}

const _: () = {
    const fn is_shareable<T: Send + Sync>() {}
    is_shareable::<Classifier>();
};

/// A panic of another thread cannot leave it inconsistent: the state behind its locks is consistent after every
/// statement.
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

    /// Opens the bundle at `path`, a folder or a packed file, with `options`.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`](crate::Autoencoder::open).
    pub fn open_with(path: impl Into<PathBuf>, options: &Options) -> Result<Self, Error> {
        Self::from_bundle(&ClassifierBundle::open(path)?, options)
    }

    /// Opens a packed bundle in memory, with `options`.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`](crate::Autoencoder::open).
    pub fn open_bytes(packed: &[u8], options: &Options) -> Result<Self, Error> {
        Self::from_bundle(&ClassifierBundle::from_bytes(packed)?, options)
    }

    /// Loads both graphs of an opened bundle.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`](crate::Autoencoder::open).
    pub fn from_bundle(bundle: &ClassifierBundle, options: &Options) -> Result<Self, Error> {
        let ClassifierManifest { graphs, sample, .. } = bundle.manifest();
        check_opening(bundle, &[&graphs.end_to_end, &graphs.head], options)?;
        let (end_to_end, head) = (bundle.graph_with_cost(&graphs.end_to_end)?, bundle.graph_with_cost(&graphs.head)?);
        let load = |device| {
            let (samples, codes) = (Role::Sample, Role::Latent);
            let end_to_end =
                LoadedGraph::load(&graphs.end_to_end, end_to_end.clone(), samples, sample, device, options)?;
            Ok((end_to_end, LoadedGraph::load(&graphs.head, head.clone(), codes, sample, device, options)?))
        };
        let ((end_to_end, head), placement) = load_on_device(options, load)?;
        let manifest = Arc::new(bundle.manifest().clone());
        Ok(Classifier { manifest, end_to_end, head, placement: placement.into() })
    }

    /// Returns a second handle of the model, with the same sessions, whose calls the flag cancels. It costs nothing to
    /// speak of, so that every call can have a flag of its own.
    pub fn cancelled_by(&self, cancellation: &Cancellation) -> Self {
        Classifier {
            manifest: Arc::clone(&self.manifest),
            end_to_end: self.end_to_end.cancelled_by(cancellation),
            head: self.head.cancelled_by(cancellation),
            placement: Arc::clone(&self.placement),
        }
    }

    /// Returns the manifest of the bundle.
    pub fn manifest(&self) -> &ClassifierManifest {
        &self.manifest
    }

    /// Returns whether the model is a classifier or a regressor.
    pub fn kind(&self) -> ClassifierKind {
        self.manifest.kind
    }

    /// Returns the class names in the order of the labels; empty for a regressor.
    pub fn classes(&self) -> &[String] {
        self.manifest.classes.as_deref().unwrap_or_default()
    }

    /// Returns the names of the targets of a regressor in the order of its predictions; empty for a classifier, and for
    /// a single target.
    pub fn targets(&self) -> &[String] {
        self.manifest.target_names.as_deref().unwrap_or_default()
    }

    /// Returns the device on which both graphs run.
    pub fn device(&self) -> &Placement {
        &self.placement
    }

    /// Predicts the label of every sample, `[batch]`: the index of its most probable class, the first one in case of
    /// a tie.
    ///
    /// # Errors
    /// Those of [`Classifier::probabilities`].
    pub fn classify<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Vec<usize>, Error> {
        Ok(Self::most_probable(&self.probabilities(samples)?.view()))
    }

    /// Returns the index of the largest value in every row of `probabilities`, `[batch, classes]`; the first one in
    /// case of a tie.
    pub fn most_probable(probabilities: &ArrayView2<'_, f32>) -> Vec<usize> {
        let of_row = |row: ArrayView1<'_, f32>| {
            let first = (0, f32::NEG_INFINITY);
            row.iter()
                .enumerate()
                .fold(first, |best, (class, &value)| if value > best.1 { (class, value) } else { best })
                .0
        };
        probabilities.outer_iter().map(of_row).collect()
    }

    /// Predicts the probability of every class, `[batch, classes]`; each row sums to 1.
    ///
    /// # Errors
    /// [`Error::WrongTask`] for a regressor, [`Error::LabelsUnexpected`] for labelled samples, otherwise those of
    /// [`Autoencoder::encode`](crate::Autoencoder::encode).
    pub fn probabilities<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Array2<f32>, Error> {
        self.predict_from_samples(samples, Role::Probabilities)
    }

    /// Computes the logits, `[batch, classes]`: the logarithms of the probabilities up to a constant per row.
    ///
    /// # Errors
    /// Those of [`Classifier::probabilities`].
    pub fn logits<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Array2<f32>, Error> {
        self.predict_from_samples(samples, Role::Logits)
    }

    /// Predicts the targets of a regressor, `[batch, targets]`, in the unit of the training targets.
    ///
    /// # Errors
    /// [`Error::WrongTask`] for a classifier, otherwise those of [`Classifier::probabilities`].
    pub fn predict<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Array2<f32>, Error> {
        self.predict_from_samples(samples, Role::Prediction)
    }

    /// Runs only the head, on codes `[batch, latent]` that the encoder computed before. Returns probabilities,
    /// `[batch, classes]`, or predicted targets, `[batch, targets]`.
    ///
    /// # Errors
    /// [`Error::LabelsUnexpected`] for labelled codes, otherwise those of
    /// [`Autoencoder::decode`](crate::Autoencoder::decode).
    pub fn head<'a>(&self, codes: impl Into<Codes<'a>>) -> Result<Array2<f32>, Error> {
        let role = match self.kind() {
            ClassifierKind::Classifier => Role::Probabilities,
            ClassifierKind::Regressor => Role::Prediction,
        };
        self.predict_from_codes(codes, role)
    }

    /// Runs only the head, on codes `[batch, latent]`, and returns the logits, `[batch, classes]`.
    ///
    /// # Errors
    /// [`Error::WrongTask`] for a regressor, otherwise those of [`Classifier::head`].
    pub fn head_logits<'a>(&self, codes: impl Into<Codes<'a>>) -> Result<Array2<f32>, Error> {
        self.predict_from_codes(codes, Role::Logits)
    }

    fn predict_from_codes<'a>(&self, codes: impl Into<Codes<'a>>, role: Role) -> Result<Array2<f32>, Error> {
        let codes = codes.into();
        self.run(&self.head, codes.values, codes.labels, role)
    }

    fn predict_from_samples<'a>(&self, samples: impl Into<Samples<'a>>, role: Role) -> Result<Array2<f32>, Error> {
        let samples = samples.into();
        self.run(&self.end_to_end, samples.values, samples.labels, role)
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
        let [output] = graph.run(&InputRows::of(values, graph.input())?, None, [port])?;
        Ok(as_matrix(output))
    }
}
