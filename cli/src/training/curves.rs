//! The losses of a run as a picture.

use narrows_bundle::Likelihood;
use narrows_evaluate::{Curve, loss_curves};
use narrows_trainer::{EpochRecord, Fitted, Method};

/// The losses over the epochs as a picture; `None` where there were none. Those of single layers are of other things,
/// and not in it.
pub(super) fn curves(fitted: &Fitted) -> anyhow::Result<Option<String>> {
    let whole: Vec<&EpochRecord> = fitted.history.iter().filter(|record| record.layer.is_none()).collect();
    if whole.is_empty() {
        return Ok(None);
    }
    let before = match &fitted.config.method {
        Method::ClosedForm(_) => 0,
        Method::Descent(descent) => descent.pretraining_epochs(),
    };
    let number = |record: &EpochRecord| record.epoch.saturating_sub(before) as f64;
    let curve = |name: &str, loss: fn(&EpochRecord) -> Option<f64>| {
        let points = whole.iter().filter_map(|record| Some((number(record), loss(record)?)));
        Curve { name: name.to_owned(), points: points.collect() }
    };
    let curves = [
        curve("train", |record| Some(record.train.loss)),
        curve("validation", |record| record.valid.as_ref().map(|valid| valid.loss)),
    ];
    let shown: Vec<Curve> = curves.into_iter().filter(|curve| !curve.points.is_empty()).collect();
    let title = fitted.config.kind().title();
    Ok(Some(loss_curves(title, unit(fitted), &shown)?))
}

/// What the losses and errors are measured in.
pub(super) fn unit(fitted: &Fitted) -> &'static str {
    match (fitted.config.output_distribution.likelihood, fitted.config.kind().is_variational()) {
        (Likelihood::Bernoulli, _) | (Likelihood::Gaussian, true) => "nats a sample",
        (Likelihood::Gaussian, false) => "squared error a sample",
    }
}
