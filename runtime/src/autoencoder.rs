//! A bundle with both halves ready to run.

use std::path::PathBuf;

use narrows_bundle::{Bundle, Manifest, Port, Role};
use ndarray::{Array2, ArrayD, ArrayView2, ArrayViewMut, ArrayViewMut2, Dimension, Ix2};

use crate::{
    Codes, Error, Options, Placement, Samples,
    destination::Destination,
    label::check_labels,
    loaded_graph::LoadedGraph,
    placed::place,
    rows::{InputRows, width},
};

/// An exported autoencoder, loaded into ONNX Runtime.
///
/// Every method takes `&self`, and one handle may be used from many threads at once. An error leaves
/// it as it was.
#[derive(Debug)]
pub struct Autoencoder {
    pub(crate) manifest: Manifest,
    pub(crate) encoder: LoadedGraph,
    pub(crate) decoder: LoadedGraph,
    pub(crate) placement: Placement,
}

const _: () = {
    const fn is_shareable<T: Send + Sync>() {}
    is_shareable::<Autoencoder>();
};

/// A panic elsewhere cannot leave it half-changed: what its locks guard is whole between any two statements.
impl std::panic::UnwindSafe for Autoencoder {}
impl std::panic::RefUnwindSafe for Autoencoder {}

impl Autoencoder {
    /// Opens the bundle at `path`, a folder or a packed file, with [`Options::default`].
    ///
    /// Both graphs are read under size limits, checked against their hashes and their ports, and loaded from
    /// memory: what was checked is what runs, whatever happens to the files later.
    ///
    /// # Errors
    /// [`Error::Bundle`] if it is none, or has changed since it was exported, [`Error::Library`] if
    /// there is no ONNX Runtime to run it, [`Error::Engine`] if that refuses a graph.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::open_with(path, &Options::default())
    }

    /// Opens the bundle at `path`, a folder or a packed file.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`].
    pub fn open_with(path: impl Into<PathBuf>, options: &Options) -> Result<Self, Error> {
        Self::from_bundle(&Bundle::open(path)?, options)
    }

    /// Opens a packed bundle in memory, as by `include_bytes!`, with [`Options::default`].
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`].
    pub fn open_bytes(packed: &[u8]) -> Result<Self, Error> {
        Self::open_bytes_with(packed, &Options::default())
    }

    /// Opens a packed bundle in memory.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`].
    pub fn open_bytes_with(packed: &[u8], options: &Options) -> Result<Self, Error> {
        Self::from_bundle(&Bundle::from_bytes(packed)?, options)
    }

    /// Loads both graphs of a bundle that is open already.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`].
    pub fn from_bundle(bundle: &Bundle, options: &Options) -> Result<Self, Error> {
        let graphs = &bundle.manifest().graphs;
        let (encoder, decoder) = (bundle.graph(&graphs.encoder)?, bundle.graph(&graphs.decoder)?);
        let load = |device| {
            let encoder = LoadedGraph::load(&graphs.encoder, encoder.clone(), Role::Sample, device, options)?;
            let decoder = LoadedGraph::load(&graphs.decoder, decoder.clone(), Role::Latent, device, options)?;
            Ok((encoder, decoder))
        };
        let ((encoder, decoder), placement) = place(options, load)?;
        Ok(Autoencoder { manifest: bundle.manifest().clone(), encoder, decoder, placement })
    }

    /// The code of every sample, `[batch, latent]`; of a variational model the posterior's mean. The
    /// same samples give the same codes, and only the encoder runs. Where finite values overflow inside the
    /// graph, infinities or NaN come out.
    ///
    /// # Errors
    /// [`Error::Shape`] and [`Error::NotFinite`] for samples that the encoder does not take,
    /// [`Error::LabelsMissing`], [`Error::LabelsUnexpected`], [`Error::LabelCount`] and
    /// [`Error::LabelRange`] for labels, [`Error::Engine`] and [`Error::Output`] for a bad graph.
    pub fn encode<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Array2<f32>, Error> {
        let samples = samples.into();
        let rows = InputRows::of(samples.values, self.encoder.input())?;
        check_labels(samples.labels, rows.count, &[&self.encoder], &self.manifest)?;
        self.codes_of(&rows, samples.labels)
    }

    /// [`Autoencoder::encode`] into an array that is there, `[batch, latent]`, of any layout.
    ///
    /// Once batches of these sizes have been seen, nothing is allocated, as long as the tensors for all sizes
    /// in use take no more than 16 MiB in a session. After an error it is undefined what the array holds.
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

    /// [`Autoencoder::encode`] for rows that lie one after the other in a slice, each in row-major order; the
    /// codes come the same way.
    ///
    /// # Errors
    /// [`Error::SliceLength`] if there are not `rows` rows in it, and those of [`Autoencoder::encode`].
    pub fn encode_slice(&self, samples: &[f32], rows: usize) -> Result<Vec<f32>, Error> {
        let codes = self.encode(rows_of(samples, rows, width(self.encoder.input()))?)?;
        Ok(codes.into_raw_vec_and_offset().0)
    }

    /// The sample of every code, `[batch, ...sample shape]`, in the unit of the data.
    ///
    /// # Errors
    /// Those of [`Autoencoder::encode`], for codes and the decoder.
    pub fn decode<'a>(&self, codes: impl Into<Codes<'a>>) -> Result<ArrayD<f32>, Error> {
        let codes = codes.into();
        let rows = InputRows::of(codes.values, self.decoder.input())?;
        check_labels(codes.labels, rows.count, &[&self.decoder], &self.manifest)?;
        self.samples_of(&rows, codes.labels)
    }

    /// [`Autoencoder::decode`] into an array that is there, `[batch, ...sample shape]` or flat,
    /// `[batch, features]`, of any layout; otherwise like [`Autoencoder::encode_into`].
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

    /// [`Autoencoder::decode`] for codes that lie one after the other in a slice; samples come the same way,
    /// each in row-major order.
    ///
    /// # Errors
    /// [`Error::SliceLength`] if there are not `rows` codes in it, and those of [`Autoencoder::decode`].
    pub fn decode_slice(&self, codes: &[f32], rows: usize) -> Result<Vec<f32>, Error> {
        let samples = self.decode(rows_of(codes, rows, width(self.decoder.input()))?)?;
        Ok(samples.into_raw_vec_and_offset().0)
    }

    /// What is left of every sample after the narrows, `[batch, ...sample shape]`, in the unit of the
    /// data: the decoded code of [`Autoencoder::encode`]. Labels go to whichever half takes them.
    ///
    /// # Errors
    /// Those of [`Autoencoder::encode`].
    pub fn reconstruct<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<ArrayD<f32>, Error> {
        let samples = samples.into();
        let rows = InputRows::of(samples.values, self.encoder.input())?;
        check_labels(samples.labels, rows.count, &[&self.encoder, &self.decoder], &self.manifest)?;
        let codes = self.codes_of(&rows, samples.labels)?;
        let rows = InputRows::of(Codes::from(&codes).values, self.decoder.input())?;
        self.samples_of(&rows, samples.labels)
    }

    fn codes_of(&self, rows: &InputRows<'_, '_>, labels: Option<&[i64]>) -> Result<Array2<f32>, Error> {
        let [codes] = self.encoder.run(rows, labels, [self.code_port()?])?;
        Ok(as_matrix(codes))
    }

    /// The output that `encode` returns.
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

/// Rows that lie one after the other in a slice.
fn rows_of(values: &[f32], rows: usize, width: usize) -> Result<ArrayView2<'_, f32>, Error> {
    ArrayView2::from_shape((rows, width), values)
        .ok()
        .filter(|_| rows.checked_mul(width) == Some(values.len()))
        .ok_or(Error::SliceLength { rows, width, found: values.len() })
}

/// Rows of a port that is no sample as a matrix: the manifest's check demands that it has one dimension.
pub(crate) fn as_matrix(rows: ArrayD<f32>) -> Array2<f32> {
    rows.into_dimensionality::<Ix2>().expect("the port of a code or of a head has one dimension")
}
