//! `narrows fit-prior`: fits a distribution to the codes of a model, from which `generate` then samples.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use narrows_bundle::{Bundle, Covariance, Role, SAMPLER, counted, quoted};
use narrows_runtime::Autoencoder;
use narrows_trainer::sampler::{Codes, FittedSampler, SamplerError, SamplerOptions, fit, fit_classes};
use serde_json::json;

use crate::{
    input::{DataArguments, InputStream, Part},
    model::{ModelArguments, needs_autoencoder},
    notes::print_json,
    report::{note, print, warn},
    rewrite::{Addition, Form, SamplesPicture, check_stop},
    rows_bar::RowsBar,
    stop::Stop,
};

/// What an interruption leaves unwritten.
const NOUN: &str = "sampler";

/// Fit a distribution over codes, so that `generate` draws better samples from any model
///
/// Encodes the training rows, fits a Gaussian mixture to their codes and stores it in the bundle as its sampler.
/// `generate` then samples codes from it instead of the prior, so pca, ae and dae can generate too, and the samples of
/// a vae are closer to the data. A tenth of the rows is held out, and their log-likelihood is compared with that of the
/// standard normal distribution. Scores and likelihoods still use the prior. A cvae gets one mixture for the codes of
/// each class. Holds the codes in memory: 8 bytes for each row times the sum of latent dimensions and components; for a
/// cvae, those of the largest class are copied.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows fit-prior models/ae --data digits\n  \
    narrows fit-prior models/vae --data digits --components 1 --out models/vae-normal")]
pub(crate) struct FitPrior {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    data: DataArguments,
    /// Number of normal distributions in the mixture, from 1 to 65536; for a cvae in the mixture of each class, and
    /// fewer for a class with few rows
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=65536),
        allow_negative_numbers = true
    )]
    components: u32,
    /// Covariance of each component: full (correlated dimensions) or diagonal (independent dimensions)
    #[arg(long, value_enum, default_value = "full")]
    covariance: CovarianceName,
    /// Random seed of the held-out rows, the latent samples and the start; the same seed gives the same bundle
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Where to write the bundle with the sampler: a folder for a folder, a file for a packed bundle; what is there is
    /// replaced [default: the bundle itself]
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Print the report as one JSON object: `bundle`, `iterations`, `converged`, and `sampler` as in the manifest
    #[arg(long)]
    json: bool,
}

/// Form of the covariance matrices, on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CovarianceName {
    /// One complete matrix per component
    Full,
    /// One variance per dimension and component
    Diagonal,
}

impl CovarianceName {
    fn covariance(self) -> Covariance {
        match self {
            CovarianceName::Full => Covariance::Full,
            CovarianceName::Diagonal => Covariance::Diagonal,
        }
    }
}

pub(crate) fn run(arguments: &FitPrior) -> anyhow::Result<()> {
    let stop = Stop::listen()?;
    let bundle = Bundle::open(arguments.model.bundle()).map_err(needs_autoencoder)?;
    let model = Autoencoder::from_bundle(&bundle, &arguments.model.options())?;
    let out = arguments.out.as_deref().unwrap_or(arguments.model.bundle());
    // Claimed before anything is computed, so that a wrong path is reported at once.
    let form = Form::claim(&bundle, out, &stop)?;
    stop.defer_first_signal();
    let codes = collect(arguments, &model, &stop)?;
    let covariance = arguments.covariance.covariance();
    let options = SamplerOptions { components: arguments.components as usize, covariance, seed: arguments.seed };
    let (data, should_stop) = (arguments.data.spec(), || stop.signal().is_some());
    let fitted = match takes_class(&model) {
        true => fit_classes(codes, data, model.classes(), options, &should_stop),
        false => fit(codes, data, options, &should_stop),
    };
    if let Err(SamplerError::Interrupted) = &fitted {
        check_stop(NOUN, &stop)?;
    }
    let fitted = fitted.with_context(|| format!("`{}`", arguments.data.spec()))?;
    report_remarks(&fitted, options, model.classes());
    let mut manifest = bundle.manifest().clone();
    manifest.sampler = Some(fitted.record.clone());
    let addition = Addition {
        noun: NOUN,
        manifest,
        files: vec![(SAMPLER, fitted.sampler.to_bytes()?)],
        samples: SamplesPicture::Draw,
        check: &mut |written, _| Ok(written.sampler().map(drop)?),
    };
    let path = form.write(&bundle, addition, &stop)?;
    let record = &fitted.record;
    if arguments.json {
        let report = json!({
            "bundle": path,
            "iterations": fitted.iterations,
            "converged": fitted.has_converged,
            "sampler": record,
        });
        return print_json(report);
    }
    print(format!(
        "fitted {} with {} covariance to {} of {} in {}\nmean log-likelihood of {}: {:.3} nats; under the standard normal \
         distribution: {:.3} nats\nwrote {}",
        record.described_components(),
        record.covariance.name(),
        counted(record.rows, "code"),
        counted(model.latent_dim(), "dimension"),
        counted(fitted.iterations, "iteration"),
        counted(record.held_out_rows, "held-out code"),
        record.log_likelihood,
        record.standard_normal_log_likelihood,
        path.display()
    ))
}

/// Returns whether the decoder takes a class, so that every class gets a mixture of its own.
fn takes_class(model: &Autoencoder) -> bool {
    model.manifest().graphs.decoder.input(Role::Label).is_some()
}

/// Encodes the training rows: the codes of a deterministic encoder, or one sample of each posterior.
fn collect(arguments: &FitPrior, model: &Autoencoder, stop: &Stop) -> anyhow::Result<Codes> {
    let mut rows = InputStream::of(&arguments.data, Part::Train, model)?;
    let has_posterior = model.manifest().graphs.encoder.output(Role::LogVariance).is_some();
    let mut codes = match takes_class(model) {
        true => Codes::of_classes(model.latent_dim(), arguments.seed),
        false => Codes::new(model.latent_dim(), arguments.seed),
    };
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        check_stop(NOUN, stop)?;
        codes.record_rows(&batch.floats()?.view(), batch.classes());
        let located = |error| rows.locate_error(error, &batch);
        if has_posterior {
            let posterior = model.posterior(batch.samples()).map_err(located)?;
            codes.add_posterior(&posterior.mean.view(), &posterior.log_variance.view(), batch.classes())?;
        } else {
            codes.add(&model.encode(batch.samples()).map_err(located)?.view(), batch.classes())?;
        }
        bar.show(rows.read());
    }
    Ok(codes)
}

fn report_remarks(fitted: &FittedSampler, options: SamplerOptions, classes: &[String]) {
    if !fitted.has_converged {
        note(format_args!("the fit had not converged after {}", counted(fitted.iterations, "iteration")));
    }
    let record = &fitted.record;
    let is_small = |&(_, &components): &(&String, &usize)| components < options.components;
    let small = classes.iter().zip(record.class_components.iter().flatten()).filter(is_small);
    let small: Vec<String> = small.map(|(class, components)| format!("{} ({components})", quoted(class))).collect();
    if !small.is_empty() {
        note(format_args!(
            "too few rows for {} in every class, so these classes have fewer: {}",
            counted(options.components, "component"),
            small.join(", ")
        ));
    }
    if record.components > 1 && record.log_likelihood < record.standard_normal_log_likelihood {
        note(
            "the standard normal distribution fits the held-out codes better: try fewer --components, or --covariance diagonal",
        );
    }
    if !fitted.constant_dimensions.is_empty() {
        let names: Vec<String> = fitted.constant_dimensions.iter().map(usize::to_string).collect();
        warn(format_args!(
            "the codes of latent dimension {} are all equal, so the log-likelihoods say little; train the model longer or \
             with fewer latent dimensions",
            names.join(", ")
        ));
    }
}
