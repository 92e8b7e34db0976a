//! The limits of a model that follow from its kind, its data and its figures.

use narrows_bundle::{Kind, Likelihood, Link, Manifest, Prior, TrainingRecord, counted};

use super::{data::has_one_unit, form::Form};
use crate::digits::significant;

/// Smallest ratio between an error on test rows and the error on training rows that is a limit.
const GAP: f64 = 1.2;

/// Returns the limits of an autoencoder, each as one or two sentences.
pub(super) fn limits(manifest: &Manifest) -> Vec<String> {
    let limits = [
        Some(rows(manifest)),
        gap_between_parts(&manifest.training, "mse"),
        Some(range(manifest)),
        linear(manifest),
        blur(manifest),
        sampling(manifest),
        inactive(manifest),
        likelihoods(manifest),
        missing(manifest),
        series(manifest),
    ];
    limits.into_iter().flatten().collect()
}

fn rows(manifest: &Manifest) -> String {
    let data = &manifest.training.data;
    format!(
        "It was trained on {} of {} and on nothing else. A row from another source is reconstructed as if it were one \
         of them.",
        counted(data.train_rows, "row"),
        data.name
    )
}

/// Says how the error on new rows differs from that on training rows, or that nothing is known about new rows.
pub(crate) fn gap_between_parts(training: &TrainingRecord, figure: &str) -> Option<String> {
    let part = |part: &str| training.metrics.get(&format!("{part}.{figure}")).copied();
    let held_out = [("test", part("test")), ("validation", part("valid"))];
    let held_out = held_out.into_iter().find_map(|(name, value)| Some((name, value?)));
    match (part("train"), held_out) {
        (_, None) => Some(
            "No rows were held out: the figures are those of the rows it was trained on, and say nothing about new \
             rows."
                .to_owned(),
        ),
        (Some(train), Some((name, value))) if train > 0.0 && value > GAP * train => Some(format!(
            "It fits training rows better than new ones: the {figure} of {name} rows is {} times that of training \
             rows.",
            significant_ratio(value / train)
        )),
        (_, Some(_)) => None,
    }
}

fn significant_ratio(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.1}") } else { significant(ratio) }
}

fn range(manifest: &Manifest) -> String {
    let (low, high) = manifest.sample.range;
    match (manifest.output_link, has_one_unit(&manifest.sample)) {
        (Link::Sigmoid, false) => "Reconstructions stay within the range of the training rows: values outside cannot \
             be reconstructed, and a row in another unit gives a meaningless code without an error."
            .to_owned(),
        (Link::Identity, false) => {
            "Outside the range that a column has in the training rows, the network extrapolates \
             without an error; reconstructions are not limited to it."
                .to_owned()
        }
        (Link::Sigmoid, true) => format!(
            "Reconstructions lie between {low} and {high}: values outside this range cannot be reconstructed, and a \
             row in another unit gives a meaningless code without an error."
        ),
        (Link::Identity, true) => format!(
            "Values of the training rows lie between {low} and {high}. Outside, the network extrapolates without an \
             error; reconstructions are not limited to this range."
        ),
    }
}

fn linear(manifest: &Manifest) -> Option<String> {
    match manifest.kind {
        Kind::Pca => {
            let ratios = manifest.training.explained_variance_ratio.as_ref()?;
            Some(format!(
                "It is linear: {} of the variance of the training rows lies in its {}, and the rest is lost.",
                percent(ratios.iter().sum()),
                counted(ratios.len(), "component")
            ))
        }
        Kind::Ae | Kind::Dae | Kind::Wae | Kind::Vae | Kind::Cvae => None,
    }
}

fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

fn blur(manifest: &Manifest) -> Option<String> {
    if manifest.sample.table.is_some() {
        return Some(
            "The decoder returns the mean of a number and the most probable level of a category: rare and extreme values \
             are drawn towards common ones. `narrows generate` draws every value from its distribution instead; drawn \
             numbers can lie outside the range of the training rows."
                .to_owned(),
        );
    }
    let what = match Form::of(&manifest.sample) {
        Form::Image => "edges and fine detail are blurred",
        Form::Series => "peaks and fast changes are smoothed",
        Form::Row => "rare and extreme values are drawn towards common ones",
    };
    let generated =
        if manifest.prior.is_some() || manifest.sampler.is_some() { ", also in generated samples" } else { "" };
    Some(format!("The decoder returns the mean of what a code leaves open: {what}{generated}."))
}

fn sampling(manifest: &Manifest) -> Option<String> {
    match (manifest.kind, &manifest.sampler, manifest.prior) {
        (_, Some(_), _) => Some(
            "The sampler is for generation only: likelihoods and KL divergences use the prior. It was fitted to codes \
             of one data set."
                .to_owned(),
        ),
        (Kind::Wae, None, _) => Some(
            "Training only makes the codes similar to the prior, so some codes from the prior decode to samples unlike \
             the data."
                .to_owned(),
        ),
        (Kind::Vae | Kind::Cvae, None, Some(Prior::StandardNormal | Prior::Mixture { .. })) => Some(
            "The codes of the data do not fill the prior evenly, so some codes from the prior decode to samples unlike \
             the data."
                .to_owned(),
        ),
        (Kind::Pca | Kind::Ae | Kind::Dae | Kind::Vae | Kind::Cvae, None, _) => None,
    }
}

fn inactive(manifest: &Manifest) -> Option<String> {
    let metrics = &manifest.training.metrics;
    let active = ["test.active_units", "valid.active_units", "train.active_units"];
    let active = active.into_iter().find_map(|name| metrics.get(name).copied())?;
    if active == 0.0 {
        return Some("The decoder ignores the code: no latent dimension carries information.".to_owned());
    }
    (active < manifest.latent_dim as f64)
        .then(|| format!("Only {active} of {} carry information.", counted(manifest.latent_dim, "latent dimension")))
}

fn likelihoods(manifest: &Manifest) -> Option<String> {
    if !manifest.kind.is_variational() {
        return None;
    }
    let is_binary = manifest.training.configuration.get("binarize").and_then(serde_json::Value::as_str);
    let is_binary = is_binary.is_some_and(|binarize| binarize != "none");
    Some(match (manifest.likelihood, is_binary) {
        (Likelihood::Bernoulli, true) => "Likelihoods are those of the binarised values. They are not comparable with \
            those of a model of other values, and a high likelihood does not mean that a row is like the data \
            (Nalisnick et al. 2019)."
            .to_owned(),
        (Likelihood::Bernoulli, false) => "The cross-entropy of values between 0 and 1 is not the likelihood of the \
         data: it is comparable only between models of the same data with the same scaling."
            .to_owned(),
        (Likelihood::Gaussian | Likelihood::Columns, _) => {
            "Likelihoods are densities of scaled values. They are comparable only between \
         models of the same data with the same scaling, and a high likelihood does not mean that a row is like the \
         data (Nalisnick et al. 2019)."
                .to_owned()
        }
    })
}

fn missing(manifest: &Manifest) -> Option<String> {
    manifest.sample.fill.as_ref().map(|_| {
        "The graphs do not fill in missing values: replace them by the values under [Data](#data) first, as the \
         narrows program does."
            .to_owned()
    })
}

fn series(manifest: &Manifest) -> Option<String> {
    match Form::of(&manifest.sample) {
        Form::Series => Some(
            "It expects the time step of the training data: a recording with another sampling rate looks like another \
             signal."
                .to_owned(),
        ),
        Form::Image | Form::Row => None,
    }
}
