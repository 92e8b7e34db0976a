//! Loss curves of a run.

use narrows_evaluate::{Curve, loss_curves};
use narrows_trainer::{EpochRecord, Fitted, internals::Method};

use crate::card::loss_unit;

/// Draws the losses over the epochs as an SVG image; `None` if there were no epochs. The losses of layerwise
/// pretraining are left out, because they measure the reconstruction of another input.
pub(super) fn curves(fitted: &Fitted) -> anyhow::Result<Option<String>> {
    let records: Vec<&EpochRecord> = fitted.history.iter().filter(|record| record.layer.is_none()).collect();
    if records.is_empty() {
        return Ok(None);
    }
    let pretraining_epochs = match &fitted.config.method {
        Method::ClosedForm(_) => 0,
        Method::Descent(descent) => descent.pretraining_epochs(),
    };
    let epoch = |record: &EpochRecord| record.epoch.saturating_sub(pretraining_epochs) as f64;
    let curve = |name: &str, loss: fn(&EpochRecord) -> Option<f64>| {
        let points = records.iter().filter_map(|record| Some((epoch(record), loss(record)?)));
        Curve { name: name.to_owned(), points: points.collect() }
    };
    let curves = [
        curve("train", |record| Some(record.train.loss)),
        curve("validation", |record| record.valid.as_ref().map(|valid| valid.loss)),
    ];
    let non_empty: Vec<Curve> = curves.into_iter().filter(|curve| !curve.points.is_empty()).collect();
    let title = fitted.config.kind().title();
    Ok(Some(loss_curves(title, unit(fitted), &non_empty)?))
}

/// Unit of the losses.
pub(super) fn unit(fitted: &Fitted) -> &'static str {
    loss_unit(fitted.config.output_distribution.likelihood, fitted.config.kind())
}
