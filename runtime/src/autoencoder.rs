//! A bundle with both halves ready to run.

use std::path::PathBuf;

use narrows_bundle::{Bundle, Manifest, Role};
use ndarray::{Array2, ArrayD, Ix2};

use crate::{Codes, Error, Options, Samples, half::Half, label::check_labels, rows::Rows};

/// An exported autoencoder, loaded into ONNX Runtime.
///
/// Every method takes `&self`, and one handle may be used from many threads at once. An error leaves
/// it as it was.
#[derive(Debug)]
pub struct Autoencoder {
    manifest: Manifest,
    pub(crate) encoder: Half,
    pub(crate) decoder: Half,
}

const _: () = {
    const fn is_shareable<T: Send + Sync>() {}
    is_shareable::<Autoencoder>();
};

impl Autoencoder {
    /// Opens the bundle in a folder, with [`Options::default`].
    ///
    /// # Errors
    /// [`Error::Bundle`] if it is none, or has changed since it was exported, [`Error::Library`] if
    /// there is no ONNX Runtime to run it, [`Error::Engine`] if that refuses a graph.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::open_with(path, &Options::default())
    }

    /// Opens the bundle in a folder.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`].
    pub fn open_with(path: impl Into<PathBuf>, options: &Options) -> Result<Self, Error> {
        Self::from_bundle(&Bundle::open(path)?, options)
    }

    /// Loads both graphs of a bundle that is open already.
    ///
    /// # Errors
    /// Those of [`Autoencoder::open`].
    pub fn from_bundle(bundle: &Bundle, options: &Options) -> Result<Self, Error> {
        Ok(Autoencoder {
            manifest: bundle.manifest().clone(),
            encoder: Half::encoder(bundle, options)?,
            decoder: Half::decoder(bundle, options)?,
        })
    }

    /// What the bundle says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Numbers in a code.
    pub fn latent_dim(&self) -> usize {
        self.manifest.latent_dim
    }

    /// Shape of one sample, without the batch dimension.
    pub fn sample_shape(&self) -> &[usize] {
        &self.manifest.sample.shape
    }

    /// The code of every sample, `[batch, latent]`; of a variational model the posterior's mean. The
    /// same samples give the same codes, and only the encoder runs.
    ///
    /// # Errors
    /// [`Error::Shape`] and [`Error::NotFinite`] for samples that the encoder does not take,
    /// [`Error::LabelsMissing`], [`Error::LabelsUnexpected`], [`Error::LabelCount`] and
    /// [`Error::LabelRange`] for labels, [`Error::Engine`] and [`Error::Output`] for a bad graph.
    pub fn encode<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Array2<f32>, Error> {
        let samples = samples.into();
        let rows = Rows::check(samples.values, self.encoder.input())?;
        check_labels(samples.labels, rows.count, &[&self.encoder], &self.manifest)?;
        self.codes_of(&rows, samples.labels)
    }

    /// The sample of every code, `[batch, ...sample shape]`, in the unit of the data.
    ///
    /// # Errors
    /// Those of [`Autoencoder::encode`], for codes and the decoder.
    pub fn decode<'a>(&self, codes: impl Into<Codes<'a>>) -> Result<ArrayD<f32>, Error> {
        let codes = codes.into();
        let rows = Rows::check(codes.values, self.decoder.input())?;
        check_labels(codes.labels, rows.count, &[&self.decoder], &self.manifest)?;
        self.samples_of(&rows, codes.labels)
    }

    /// What is left of every sample after the narrows, `[batch, ...sample shape]`, in the unit of the
    /// data: the decoded code of [`Autoencoder::encode`]. Labels go to whichever half takes them.
    ///
    /// # Errors
    /// Those of [`Autoencoder::encode`].
    pub fn reconstruct<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<ArrayD<f32>, Error> {
        let samples = samples.into();
        let rows = Rows::check(samples.values, self.encoder.input())?;
        check_labels(samples.labels, rows.count, &[&self.encoder, &self.decoder], &self.manifest)?;
        let codes = self.codes_of(&rows, samples.labels)?;
        let rows = Rows::check(Codes::from(&codes).values, self.decoder.input())?;
        self.samples_of(&rows, samples.labels)
    }

    fn codes_of(&self, rows: &Rows<'_>, labels: Option<&[i64]>) -> Result<Array2<f32>, Error> {
        let port = match self.encoder.output(Role::Latent) {
            Some(port) => port,
            None => self.encoder.required(Role::Mean)?,
        };
        let [codes] = self.encoder.run(rows, labels, [port])?;
        Ok(as_matrix(codes))
    }

    pub(crate) fn samples_of(&self, rows: &Rows<'_>, labels: Option<&[i64]>) -> Result<ArrayD<f32>, Error> {
        let [samples] = self.decoder.run(rows, labels, [self.decoder.required(Role::Reconstruction)?])?;
        Ok(samples)
    }
}

/// Codes as a matrix: ports with a latent role are one number long, as the manifest's check demands.
pub(crate) fn as_matrix(codes: ArrayD<f32>) -> Array2<f32> {
    codes.into_dimensionality::<Ix2>().expect("a latent port has the shape [latent]")
}
