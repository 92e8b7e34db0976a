//! What a model is for, and what it is not for.

use narrows_bundle::{Kind, Likelihood, Manifest, Prior, counted};

use super::form::Form;

/// Returns the intended uses of an autoencoder, and then what it does not do.
pub(super) fn uses(manifest: &Manifest) -> Vec<String> {
    let uses = [Some(features(manifest)), denoising(manifest), generation(manifest), Some(anomalies(manifest))];
    uses.into_iter().flatten().chain(not_for(manifest)).collect()
}

fn features(manifest: &Manifest) -> String {
    let size = counted(manifest.latent_dim, "number");
    match manifest.kind {
        Kind::Pca | Kind::Ae | Kind::Dae | Kind::Wae | Kind::Vae => {
            format!(
                "**Features.** The code of a row ({size}) is the input of a classifier, of a search for similar rows, \
                 or of a plot."
            )
        }
        Kind::Cvae => format!(
            "**Features of what the class leaves open.** The encoder gets the class, and the code ({size}) describes \
             the rest of the row. Codes are no input for predicting the class."
        ),
    }
}

fn denoising(manifest: &Manifest) -> Option<String> {
    let corruption = manifest.training.configuration.get("corruption")?.as_str()?;
    Some(format!(
        "**Cleaning.** In training, its input was corrupted (`{corruption}`, in scaled units) and its target was not, \
         so that reconstructions of noisy rows are cleaned rows (`narrows denoise`)."
    ))
}

fn generation(manifest: &Manifest) -> Option<String> {
    let source = match (&manifest.sampler, manifest.prior) {
        (Some(_), _) => "the mixture that was fitted to codes after training",
        (None, Some(Prior::Mixture { .. })) => "the learned prior",
        (None, Some(Prior::StandardNormal)) => "the standard normal prior",
        (None, None) => return None,
    };
    let plural = Form::of(&manifest.sample).plural();
    let of_class = if manifest.kind.is_conditional() { " of a chosen class" } else { "" };
    Some(format!("**Generation.** New {plural}{of_class} are decoded from codes that are drawn from {source}."))
}

fn anomalies(manifest: &Manifest) -> String {
    if let Some(record) = &manifest.detector {
        return format!(
            "**Anomaly detection.** `narrows detect run` flags rows unlike those of {}, with a false-alarm rate of {} %; see \
             [below](#anomaly-detector).",
            record.data,
            100.0 * record.level
        );
    }
    let score = match (manifest.kind.is_variational(), manifest.likelihood) {
        (true, Likelihood::Bernoulli | Likelihood::Gaussian | Likelihood::Columns) => {
            "reconstruction error and a bound of the log-likelihood"
        }
        (false, Likelihood::Bernoulli | Likelihood::Gaussian | Likelihood::Columns) => "reconstruction error",
    };
    format!(
        "**Anomaly scores.** `narrows score` gives the {score} of every row. Rows unlike the training data usually \
         have high errors. Choose the threshold on rows of your own."
    )
}

fn not_for(manifest: &Manifest) -> Vec<String> {
    let generation = (manifest.prior.is_none() && manifest.sampler.is_none()).then(|| {
        "**Not for generation.** Nothing in it says which codes occur, and arbitrary codes decode to arbitrary \
         samples. `narrows fit-prior` adds a distribution to draw from."
            .to_owned()
    });
    let classes = manifest.kind.is_conditional().then(|| {
        "**Not for rows without a class**, nor for classes that are not under [Data](#data): encoder and decoder need \
         the class of every row."
            .to_owned()
    });
    let compression = Some(
        "**Not for exact copies.** A reconstruction is an approximation of the row, also of a training row.".to_owned(),
    );
    [generation, classes, compression].into_iter().flatten().collect()
}
