//! Figures of a model over the rows of a data set, computed by its exported graphs.

mod aggregate;
mod cells;
mod features;
mod posteriors;

use narrows_runtime::{
    Autoencoder, Codes, Error, Posterior, Samples, ScoreOptions,
    bundle::{Likelihood, Role, SampleKind},
};
use ndarray::{Array1, Array2, ArrayD, ArrayView1, ArrayView2, ArrayViewD};

use crate::{
    images::ImageShape,
    moments::{Estimate, Moments},
    psnr::psnr,
    scaled::Columns,
    ssim::{Ssim, SsimWindow},
};

pub use self::{
    aggregate::Aggregate,
    cells::{CategoryFigures, CellFigures},
    features::FeatureError,
    posteriors::PosteriorFigures,
};
use self::{cells::CellSums, features::FeatureErrors, posteriors::Posteriors};

/// Figures of a model, each averaged over the rows. A figure that does not apply to the model or its samples is `None`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Figures {
    /// Number of rows.
    pub rows: usize,
    /// Squared error of a row, summed over the features, in squared scaled units.
    pub squared_error: Estimate,
    /// Squared error per feature: `squared_error` divided by the number of features, as `mse` in the manifest. In a
    /// mixed table, the mean over the numbers that are there.
    pub mse: f64,
    /// Fraction of the variance of the rows that the reconstructions explain (R^2 over all features). `None` if no
    /// feature varies.
    pub explained_variance: Option<f64>,
    /// Errors of every feature, in the order of the features; of a mixed table, those of the numbers.
    pub features: Vec<FeatureError>,
    /// Figures of the cells of a mixed table, in their order; empty for other samples.
    pub cells: Vec<CellFigures>,
    /// Negative log-likelihood of a row given the mean of its code, in nats: the binary cross-entropy, or that of a
    /// normal distribution. `None` for a Gaussian likelihood of a deterministic encoder, which has no variance.
    pub nats: Option<Estimate>,
    /// Figures of the posteriors; `None` for models without.
    pub posterior: Option<PosteriorFigures>,
    /// Evidence lower bound in nats; `None` for models without a likelihood. The standard error is that over the rows.
    pub elbo: Option<Estimate>,
    /// Negative log-likelihood in nats by importance sampling; `None` without importance samples.
    pub nll: Option<Nll>,
    /// Quality of reconstructed images; `None` for other samples.
    pub images: Option<ImageFigures>,
}

/// The negative log-likelihood by importance sampling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nll {
    /// Latent samples per row.
    pub samples: usize,
    /// Mean over the rows, with its standard error.
    pub over_rows: Estimate,
    /// Mean over the rows of the standard error of the estimate of one row; NaN for a single latent sample.
    pub standard_error_per_row: f64,
}

/// Quality of reconstructed images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageFigures {
    /// Peak signal-to-noise ratio in decibels, averaged over the images that differ from their reconstructions.
    pub psnr: Estimate,
    /// Number of images that equal their reconstructions, whose ratio is infinite.
    pub exact: usize,
    /// Structural similarity with the window that it was computed with; `None` for images with a side below 7 pixels.
    pub ssim: Option<(Estimate, SsimWindow)>,
    /// Difference between white and black, in the unit of the data.
    pub range: f64,
}

/// Adds up the figures of a model, a batch at a time. Keeps the codes of all rows, `[rows, latent]`, and for a
/// variational model their posteriors too, which are twice as large; everything else has a fixed size.
///
/// ```no_run
/// use narrows_evaluate::Evaluator;
/// use narrows_runtime::{Autoencoder, ScoreOptions, ndarray::Array2};
///
/// # fn main() -> Result<(), narrows_runtime::Error> {
/// let model = Autoencoder::open("models/vae")?;
/// let mut evaluator = Evaluator::new(&model, ScoreOptions::default().importance_samples(100));
/// evaluator.add(Array2::zeros((32, 64)).view(), None)?; // [rows, features]
/// let figures = evaluator.figures();
/// println!("mean squared error {}", figures.mse);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Evaluator<'m> {
    model: &'m Autoencoder,
    options: ScoreOptions,
    columns: Columns,
    width: usize,
    codes: Vec<f32>,
    squared_error: Moments,
    features: FeatureErrors,
    cells: Option<CellSums>,
    nats: Moments,
    posteriors: Posteriors,
    elbo: Moments,
    nll: Moments,
    row_errors: Moments,
    images: Option<Images>,
}

/// What a model makes of one row.
#[derive(Debug, Clone)]
pub struct EvaluatedRow<'a> {
    /// The code, `[latent]`; for a variational model the mean.
    pub code: ArrayView1<'a, f32>,
    /// The decoded code, `[...sample shape]`, in the unit of the data.
    pub reconstruction: ArrayViewD<'a, f32>,
    /// Squared error, summed over the features, in squared scaled units.
    pub squared_error: f64,
}

/// Sums over images.
#[derive(Debug)]
struct Images {
    range: f64,
    psnr: Moments,
    exact: usize,
    ssim: Option<(Ssim, Moments)>,
}

impl<'m> Evaluator<'m> {
    /// Starts an evaluation. `options` has the number of latent samples per row and their seed. Without latent samples,
    /// the ELBO takes one per row, and there is no likelihood.
    pub fn new(model: &'m Autoencoder, options: ScoreOptions) -> Self {
        let sample = &model.manifest().sample;
        let range = f64::from(sample.span());
        let is_image = sample.kind == SampleKind::Features && ImageShape::of(&sample.shape).is_some() && range > 0.0;
        let images = is_image.then(|| Images {
            range,
            psnr: Moments::default(),
            exact: 0,
            ssim: Ssim::new(&sample.shape, range).map(|ssim| (ssim, Moments::default())),
        });
        Evaluator {
            model,
            options,
            columns: Columns::of(model.manifest()),
            width: sample.features(),
            codes: Vec::new(),
            squared_error: Moments::default(),
            features: FeatureErrors::default(),
            cells: sample
                .cells()
                .map(|cells| CellSums::new(cells, model.manifest().cells.as_deref().unwrap_or_default())),
            nats: Moments::default(),
            posteriors: Posteriors::default(),
            elbo: Moments::default(),
            nll: Moments::default(),
            row_errors: Moments::default(),
            images,
        }
    }

    /// Adds rows, `[batch, features]` in the unit of the data, with one label per row for a conditional model.
    ///
    /// # Errors
    /// Those of [`Autoencoder::score`].
    pub fn add(&mut self, rows: ArrayView2<'_, f32>, labels: Option<&[i64]>) -> Result<(), Error> {
        self.add_each(rows, labels, |_| {})
    }

    /// Adds rows like [`Evaluator::add`], and calls `each` with what the model makes of every row, in order.
    ///
    /// # Errors
    /// Those of [`Autoencoder::score`].
    pub fn add_each(
        &mut self,
        rows: ArrayView2<'_, f32>,
        labels: Option<&[i64]>,
        mut each: impl FnMut(EvaluatedRow<'_>),
    ) -> Result<(), Error> {
        if rows.nrows() == 0 {
            return Ok(());
        }
        let kl = self.add_scores(rows, labels)?;
        let codes = self.encoded(rows, labels, kl.as_ref())?;
        let decoded = self.model.decode(for_decoder(self.model, &codes, labels))?;
        self.add_cells(rows, &codes, labels, &decoded)?;
        for ((row, decoded), code) in rows.outer_iter().zip(decoded.outer_iter()).zip(codes.outer_iter()) {
            let pairs = row.iter().zip(decoded.iter()).map(|(&x, &y)| (f64::from(x), f64::from(y)));
            let (targets, means) = (row.iter().copied(), decoded.iter().copied());
            let pairs_in_scale = self.columns.scaled(targets).zip(self.columns.scaled(means)).enumerate();
            let cells = self.cells.as_ref();
            let is_number = |feature| cells.is_none_or(|cells| cells.is_number(feature));
            let error = self.features.add(
                pairs_in_scale.map(|(feature, pair)| if is_number(feature) { pair } else { (f64::NAN, f64::NAN) }),
            );
            self.squared_error.add(error);
            if let Some(images) = &mut self.images {
                images.add(pairs.unzip());
            }
            each(EvaluatedRow { code, reconstruction: decoded, squared_error: error });
        }
        self.codes.extend(codes);
        Ok(())
    }

    /// Adds the figures of the cells of a mixed table.
    fn add_cells(
        &mut self,
        rows: ArrayView2<'_, f32>,
        codes: &Array2<f32>,
        labels: Option<&[i64]>,
        decoded: &ArrayD<f32>,
    ) -> Result<(), Error> {
        let Some(cells) = &mut self.cells else { return Ok(()) };
        let samples = Samples::from(rows);
        let samples = match labels {
            Some(labels) if self.model.takes_labels() => samples.labelled(labels),
            Some(_) | None => samples,
        };
        let errors = self.model.cell_errors(samples)?;
        let probabilities = self.model.level_probabilities(for_decoder(self.model, codes, labels))?;
        if let Ok(decoded) = decoded.view().into_dimensionality() {
            cells.add(rows, decoded, errors.view(), probabilities.view());
        }
        Ok(())
    }

    /// Returns the codes of the rows, `[batch, latent]`, after adding their posteriors, if they have divergences `kl`
    /// from a prior.
    fn encoded(
        &mut self,
        rows: ArrayView2<'_, f32>,
        labels: Option<&[i64]>,
        kl: Option<&Array1<f64>>,
    ) -> Result<Array2<f32>, Error> {
        let Some(kl) = kl else { return encode(self.model, rows, labels) };
        let posterior = self.model.posterior(for_encoder(self.model, rows, labels))?;
        self.posteriors.add(&posterior, kl);
        let Posterior { mean, .. } = posterior;
        Ok(mean)
    }

    /// Scores the rows, and returns their divergences from the prior.
    fn add_scores(&mut self, rows: ArrayView2<'_, f32>, labels: Option<&[i64]>) -> Result<Option<Array1<f64>>, Error> {
        let latent_samples = match (self.has_likelihood(), self.options.importance_samples) {
            (true, 0) => 1,
            (_, count) => count,
        };
        let samples = Samples::from(rows);
        let samples = match labels {
            Some(labels) if self.model.takes_labels() => samples.labelled(labels),
            Some(_) | None => samples,
        };
        let scores = self.model.score(samples, &self.options.clone().importance_samples(latent_samples))?;
        if self.has_nats() {
            scores.reconstruction.iter().for_each(|&nats| self.nats.add(nats));
        }
        scores.elbo.iter().flatten().for_each(|&nats| self.elbo.add(nats));
        if self.options.importance_samples > 0 {
            scores.log_likelihood.iter().flatten().for_each(|&nats| self.nll.add(-nats));
            scores.log_likelihood_standard_error.iter().flatten().for_each(|&error| self.row_errors.add(error));
        }
        Ok(scores.kl)
    }

    fn has_posterior(&self) -> bool {
        self.model.manifest().graphs.encoder.output(Role::LogVariance).is_some()
    }

    fn has_likelihood(&self) -> bool {
        self.has_posterior() && self.model.prior().is_some()
    }

    /// Whether the reconstruction loss is a negative log-likelihood.
    fn has_nats(&self) -> bool {
        match self.model.manifest().likelihood {
            Likelihood::Bernoulli => true,
            Likelihood::Gaussian | Likelihood::Columns => self.has_posterior(),
        }
    }

    /// Returns the codes of all rows so far, `[rows, latent]`; for a variational model the means.
    pub fn codes(&self) -> ArrayView2<'_, f32> {
        let rows = self.squared_error.count();
        ArrayView2::from_shape((rows, self.model.latent_dim()), &self.codes)
            .expect("every row adds one code of this width")
    }

    /// Returns the figures of all rows so far.
    pub fn figures(&self) -> Figures {
        let of = |moments: &Moments| (moments.count() > 0).then(|| moments.estimate());
        Figures {
            rows: self.squared_error.count(),
            squared_error: self.squared_error.estimate(),
            mse: match &self.cells {
                Some(_) => self.features.mean(),
                None => self.squared_error.mean() / self.width.max(1) as f64,
            },
            explained_variance: self.features.explained_variance(),
            features: self.features.features(),
            cells: self.cells.as_ref().map(CellSums::figures).unwrap_or_default(),
            nats: of(&self.nats),
            posterior: (self.model.manifest().prior)
                .filter(|_| self.has_posterior() && self.squared_error.count() > 0)
                .map(|prior| self.posteriors.figures(prior, self.options.seed)),
            elbo: of(&self.elbo),
            nll: of(&self.nll).map(|over_rows| Nll {
                samples: self.options.importance_samples,
                over_rows,
                standard_error_per_row: self.row_errors.mean(),
            }),
            images: self.images.as_ref().map(Images::figures),
        }
    }
}

impl Images {
    fn add(&mut self, (image, decoded): (Vec<f64>, Vec<f64>)) {
        let squares: f64 = image.iter().zip(&decoded).map(|(x, y)| (x - y).powi(2)).sum();
        match squares / image.len().max(1) as f64 {
            0.0 => self.exact += 1,
            mse => self.psnr.add(psnr(mse, self.range)),
        }
        if let Some((ssim, moments)) = &mut self.ssim {
            moments.add(ssim.of(&image, &decoded));
        }
    }

    fn figures(&self) -> ImageFigures {
        ImageFigures {
            psnr: self.psnr.estimate(),
            exact: self.exact,
            ssim: self.ssim.as_ref().map(|(ssim, moments)| (moments.estimate(), ssim.window())),
            range: self.range,
        }
    }
}

/// Returns the codes of rows, `[batch, latent]`; for a variational model the means. The rows are `[batch, features]`,
/// and labels are passed on if the encoder takes them.
///
/// # Errors
/// Those of [`Autoencoder::encode`].
pub fn encode(model: &Autoencoder, rows: ArrayView2<'_, f32>, labels: Option<&[i64]>) -> Result<Array2<f32>, Error> {
    model.encode(for_encoder(model, rows, labels))
}

/// Returns the rows with the labels, if the encoder takes them.
fn for_encoder<'a>(model: &Autoencoder, rows: ArrayView2<'a, f32>, labels: Option<&'a [i64]>) -> Samples<'a> {
    let takes_labels = model.manifest().graphs.encoder.input(Role::Label).is_some();
    match labels.filter(|_| takes_labels) {
        Some(labels) => Samples::from(rows).labelled(labels),
        None => Samples::from(rows),
    }
}

/// Returns the codes with the labels, if the decoder takes them.
fn for_decoder<'a>(model: &Autoencoder, codes: &'a Array2<f32>, labels: Option<&'a [i64]>) -> Codes<'a> {
    let takes_labels = model.manifest().graphs.decoder.input(Role::Label).is_some();
    match labels.filter(|_| takes_labels) {
        Some(labels) => Codes::from(codes).labelled(labels),
        None => Codes::from(codes),
    }
}
