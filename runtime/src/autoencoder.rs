//! The public type `Autoencoder`: an encoder and a decoder, loaded into ONNX Runtime.

use std::{path::PathBuf, sync::Arc};

use narrows_bundle::{Bundle, Manifest, Port, Role};
use ndarray::{Array2, ArrayD, ArrayView2, ArrayViewMut, ArrayViewMut2, Dimension, Ix2};

use crate::{
    Cancellation, Codes, Error, Options, Placement, Samples,
    bounds::Bounds,
    destination::Destination,
    label::check_labels,
    load_on_device::load_on_device,
    loaded_graph::LoadedGraph,
    memory_estimate::check_opening,
    prior::CodeDistributions,
    rows::{InputRows, width},
};

/// An exported autoencoder, loaded into ONNX Runtime.
///
/// Every method takes `&self`, and one handle can be used by many threads at the same time. After an error the
/// handle works as before.
///
/// ```no_run
/// use narrows_runtime::{Autoencoder, Samples, ndarray::Array2};
///
/// # fn main() -> Result<(), narrows_runtime::Error> {
/// let model = Autoencoder::open("models/cvae")?;
/// let rows = Array2::<f32>::zeros((2, 64)); // [batch, features], or [batch, ...sample shape]
/// let codes = model.encode(Samples::from(&rows).labelled(&[7, 3]))?; // [2, latent]
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Autoencoder {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) encoder: LoadedGraph,
    pub(crate) decoder: LoadedGraph,
    pub(crate) distributions: Arc<CodeDistributions>,
    pub(crate) placement: Arc<Placement>,
}

const _: () = {
    const fn is_shareable<T: Send + Sync>() {}
    is_shareable::<Autoencoder>();
};

/// A panic of another thread cannot leave it inconsistent: the state behind its locks is consistent after every
/// statement.
impl std::panic::UnwindSafe for Autoencoder {}
impl std::panic::RefUnwindSafe for Autoencoder {}

impl Autoencoder {
    /// Opens the bundle at `path`, a folder or a packed file, with [`Options::default`].
    ///
    /// Both graphs are read with size limits, checked against their hashes and ports, and loaded from memory.
    /// Later changes of the files have no effect on the loaded model.
    ///
    /// # Errors
    /// - [`Error::Bundle`] if it is not the bundle of an autoencoder, or was changed since it was exported,
    /// - [`Error::Library`] if no usable ONNX Runtime is found,
    /// - [`Error::Device`] if [`Options::device`] is a GPU that cannot run both graphs,
    /// - [`Error::Memory`] if the graphs do not fit into memory, see [`Options::memory`],
    /// - [`Error::Engine`] if ONNX Runtime refuses a graph.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::open_with(path, &Options::default())
    }

    /// Opens the bundle at `path`, a folder or a packed file, with `options`.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`].
    pub fn open_with(path: impl Into<PathBuf>, options: &Options) -> Result<Self, Error> {
        Self::from_bundle(&Bundle::open(path)?, options)
    }

    /// Opens a packed bundle in memory, for example from `include_bytes!`, with [`Options::default`].
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`].
    pub fn open_bytes(packed: &[u8]) -> Result<Self, Error> {
        Self::open_bytes_with(packed, &Options::default())
    }

    /// Opens a packed bundle in memory, with `options`.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`].
    pub fn open_bytes_with(packed: &[u8], options: &Options) -> Result<Self, Error> {
        Self::from_bundle(&Bundle::from_bytes(packed)?, options)
    }

    /// Loads both graphs of an opened bundle, and its prior and sampler.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`].
    pub fn from_bundle(bundle: &Bundle, options: &Options) -> Result<Self, Error> {
        let Manifest { graphs, sample, .. } = bundle.manifest();
        check_opening(bundle, &[&graphs.encoder, &graphs.decoder], options)?;
        let (encoder, decoder) = (bundle.graph_with_cost(&graphs.encoder)?, bundle.graph_with_cost(&graphs.decoder)?);
        let load = |device| {
            let encoder = LoadedGraph::load(&graphs.encoder, encoder.clone(), Role::Sample, sample, device, options)?;
            let decoder = LoadedGraph::load(&graphs.decoder, decoder.clone(), Role::Latent, sample, device, options)?;
            Ok((encoder, decoder))
        };
        let ((encoder, decoder), placement) = load_on_device(options, load)?;
        let (manifest, distributions) = (Arc::new(bundle.manifest().clone()), CodeDistributions::of(bundle)?.into());
        Ok(Autoencoder { manifest, encoder, decoder, distributions, placement: placement.into() })
    }

    /// Returns a second handle of the model, with the same sessions, whose calls the flag cancels. It costs nothing to
    /// speak of, so that every call can have a flag of its own.
    pub fn cancelled_by(&self, cancellation: &Cancellation) -> Self {
        Autoencoder {
            manifest: Arc::clone(&self.manifest),
            encoder: self.encoder.cancelled_by(cancellation),
            decoder: self.decoder.cancelled_by(cancellation),
            distributions: Arc::clone(&self.distributions),
            placement: Arc::clone(&self.placement),
        }
    }

    /// Returns what bounds the calls of this handle.
    pub(crate) fn bounds(&self) -> &Bounds {
        self.encoder.bounds()
    }

    /// Encodes samples and returns their codes, `[batch, latent]`. For a variational model the code is the mean of
    /// the posterior.
    ///
    /// The result is deterministic, and only the encoder runs. Where finite values overflow inside the graph, the
    /// code contains infinities or NaN.
    ///
    /// # Errors
    /// - [`Error::Shape`] and [`Error::NotFinite`] for samples of another shape, or with NaN or infinite values,
    /// - [`Error::LabelsMissing`], [`Error::LabelsUnexpected`], [`Error::LabelCount`] and [`Error::LabelRange`] for
    ///   wrong labels,
    /// - [`Error::Memory`] and [`Error::TooMany`] if the codes do not fit into memory,
    /// - [`Error::Cancelled`] if [`Autoencoder::cancelled_by`] gave the handle a flag, and it is set,
    /// - [`Error::Engine`] and [`Error::Output`] if the graph fails.
    pub fn encode<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Array2<f32>, Error> {
        let samples = samples.into();
        let rows = InputRows::of(samples.values, self.encoder.input())?;
        check_labels(samples.labels, rows.count, &[&self.encoder], &self.manifest)?;
        self.codes_of(&rows, samples.labels)
    }

    /// Encodes samples like [`Autoencoder::encode`], and writes the codes to an existing array, `[batch, latent]`,
    /// of any layout.
    ///
    /// After a warm-up with the same batch sizes, this does not allocate, as long as the tensors of all batch sizes
    /// in use take at most 16 MiB per session. After an error the content of the array is unspecified.
    ///
    /// # Errors
    /// [`Error::Destination`] if the array has another shape, and those of [`Autoencoder::encode`].
    pub fn encode_into<'a>(
        &self,
        samples: impl Into<Samples<'a>>,
        codes: &mut ArrayViewMut2<'_, f32>,
    ) -> Result<(), Error> {
        let samples = samples.into();
        let rows = InputRows::of(samples.values, self.encoder.input())?;
        check_labels(samples.labels, rows.count, &[&self.encoder], &self.manifest)?;
        let port = self.code_port()?;
        let destination = Destination::check(codes.view_mut(), rows.count, port)?;
        self.encoder.run_into(&rows, samples.labels, [(port, destination)])
    }

    /// Encodes `rows` samples from a slice of length `rows * features`, in row-major order. Returns the codes in
    /// row-major order, `rows * latent` values.
    ///
    /// # Errors
    /// [`Error::SliceLength`] if the slice has another length, and those of [`Autoencoder::encode`].
    pub fn encode_slice(&self, samples: &[f32], rows: usize) -> Result<Vec<f32>, Error> {
        let codes = self.encode(matrix_of(samples, rows, width(self.encoder.input()))?)?;
        Ok(codes.into_raw_vec_and_offset().0)
    }

    /// Decodes codes and returns samples, `[batch, ...sample shape]`, in the unit of the data.
    ///
    /// # Errors
    /// Those of [`Autoencoder::encode`], for the codes and the decoder.
    pub fn decode<'a>(&self, codes: impl Into<Codes<'a>>) -> Result<ArrayD<f32>, Error> {
        let codes = codes.into();
        let rows = InputRows::of(codes.values, self.decoder.input())?;
        check_labels(codes.labels, rows.count, &[&self.decoder], &self.manifest)?;
        self.samples_of(&rows, codes.labels)
    }

    /// Decodes codes like [`Autoencoder::decode`], and writes the samples to an existing array of any layout,
    /// `[batch, ...sample shape]` or `[batch, features]`. Allocation and errors are as in
    /// [`Autoencoder::encode_into`].
    ///
    /// # Errors
    /// [`Error::Destination`] if the array has another shape, and those of [`Autoencoder::decode`].
    pub fn decode_into<'a, D: Dimension>(
        &self,
        codes: impl Into<Codes<'a>>,
        samples: &mut ArrayViewMut<'_, f32, D>,
    ) -> Result<(), Error> {
        let codes = codes.into();
        let rows = InputRows::of(codes.values, self.decoder.input())?;
        check_labels(codes.labels, rows.count, &[&self.decoder], &self.manifest)?;
        let port = self.decoder.required(Role::Reconstruction)?;
        let destination = Destination::check(samples.view_mut(), rows.count, port)?;
        self.decoder.run_into(&rows, codes.labels, [(port, destination)])
    }

    /// Decodes `rows` codes from a slice of length `rows * latent`, in row-major order. Returns the samples in
    /// row-major order, `rows * features` values.
    ///
    /// # Errors
    /// [`Error::SliceLength`] if the slice has another length, and those of [`Autoencoder::decode`].
    pub fn decode_slice(&self, codes: &[f32], rows: usize) -> Result<Vec<f32>, Error> {
        let samples = self.decode(matrix_of(codes, rows, width(self.decoder.input()))?)?;
        Ok(samples.into_raw_vec_and_offset().0)
    }

    /// Encodes and decodes samples, and returns their reconstructions, `[batch, ...sample shape]`, in the unit of
    /// the data.
    ///
    /// Labels are passed to the encoder and the decoder, whichever takes them.
    ///
    /// # Errors
    /// Those of [`Autoencoder::encode`] and [`Autoencoder::decode`].
    pub fn reconstruct<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<ArrayD<f32>, Error> {
        let samples = samples.into();
        let rows = InputRows::of(samples.values, self.encoder.input())?;
        check_labels(samples.labels, rows.count, &[&self.encoder, &self.decoder], &self.manifest)?;
        let codes = self.codes_of(&rows, samples.labels).map_err(|error| error.cancelled_after(0, rows.count))?;
        let rows = InputRows::of(Codes::from(&codes).values, self.decoder.input())?;
        self.samples_of(&rows, samples.labels)
    }

    fn codes_of(&self, rows: &InputRows<'_, '_>, labels: Option<&[i64]>) -> Result<Array2<f32>, Error> {
        let [codes] = self.encoder.run(rows, labels, [self.code_port()?])?;
        Ok(as_matrix(codes))
    }

    /// Returns the output port with the code: the latent code, or the mean of a variational encoder.
    fn code_port(&self) -> Result<&Port, Error> {
        match self.encoder.output(Role::Latent) {
            Some(port) => Ok(port),
            None => self.encoder.required(Role::Mean),
        }
    }

    pub(crate) fn samples_of(&self, rows: &InputRows<'_, '_>, labels: Option<&[i64]>) -> Result<ArrayD<f32>, Error> {
        let [samples] = self.decoder.run(rows, labels, [self.decoder.required(Role::Reconstruction)?])?;
        Ok(samples)
    }
}

/// Views a row-major slice as a matrix `[rows, width]`.
fn matrix_of(values: &[f32], rows: usize, width: usize) -> Result<ArrayView2<'_, f32>, Error> {
    ArrayView2::from_shape((rows, width), values)
        .ok()
        .filter(|_| rows.checked_mul(width) == Some(values.len()))
        .ok_or(Error::SliceLength { rows, width, found: values.len() })
}

/// Converts the rows of a code, of a head output or of a mixed table to a matrix. The manifest's check guarantees one
/// dimension per row.
pub(crate) fn as_matrix(rows: ArrayD<f32>) -> Array2<f32> {
    rows.into_dimensionality::<Ix2>().expect("the port of a code, of a head or of a table has one dimension")
}
