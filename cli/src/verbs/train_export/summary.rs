//! What `train-export` says: the choices before, the figures after.

use std::{path::Path, time::Duration};

use narrows_bundle::{Likelihood, Link, Manifest};
use narrows_data::Dataset;
use narrows_trainer::{Config, Core, Figures, Fitted, Method, Options, ScalingRule, network::summary, sample_of};
use serde_json::{Value, json};

use crate::{
    input::{DataArguments, quoted},
    progress::{Progress, loss},
    report::note,
};

/// Says on standard error what will be done, and why where it was chosen for the user.
pub(super) fn print_choices(options: &Options, config: &Config, data: &Dataset, out: &Path) -> anyhow::Result<()> {
    let test = data.test.as_ref().map_or(0, |test| test.values.rows());
    let (low, high) = data.range;
    let fitted = config.fitted_rows(data.train.values.rows());
    note(format_args!(
        "data: {}, {fitted} rows to fit, {} held out, {test} to test; samples of shape {:?} in [{low}, {high}]",
        data.name,
        data.train.values.rows() - fitted,
        data.sample_shape
    ));
    let network = match &config.method {
        Method::ClosedForm(_) => "in closed form".to_owned(),
        Method::Descent(descent) => format!(
            "{:?} hidden, {}, {} epochs of batches of {}, learning rate {}",
            descent.hidden, descent.activation, descent.epochs, descent.batch_size, descent.learning_rate
        ),
    };
    note(format_args!(
        "model: {} ({}), {} latent, {network}, seed {}",
        config.kind(),
        config.kind().title(),
        config.latent_dim,
        config.seed
    ));
    let (likelihood, link) = (config.observation.likelihood, config.observation.link);
    let name = match likelihood {
        Likelihood::Bernoulli => "bernoulli, binary cross-entropy",
        Likelihood::Gaussian => "gaussian, squared error",
    };
    let link = match link {
        Link::Identity => "identity",
        Link::Sigmoid => "sigmoid",
    };
    let why = match (options.likelihood, &config.method) {
        (Some(_), _) => "as asked",
        (None, Method::ClosedForm(_)) => "what pca minimises",
        (None, Method::Descent(_)) => match likelihood {
            Likelihood::Bernoulli => {
                "chosen since every value has a place in a known range; --likelihood gaussian for the squared error"
            }
            Likelihood::Gaussian => "chosen since the values have no fixed range",
        },
    };
    note(format_args!("likelihood: {name}, {link} link ({why})"));
    let scaling = match ScalingRule::of(&sample_of(data), likelihood) {
        ScalingRule::Unchanged => "none, the values lie within [0, 1]".to_owned(),
        ScalingRule::Range => format!("[{low}, {high}] becomes [0, 1]"),
        ScalingRule::Standardised => "every column gets mean 0 and deviation 1".to_owned(),
    };
    note(format_args!("scaling: {scaling}"));
    let core = Core::new(config, data)?;
    note(format_args!(
        "encoder:\n{}decoder:\n{}bundle: {}",
        summary(&core.encoder),
        summary(&core.decoder),
        out.display()
    ));
    Ok(())
}

/// What came out.
pub(super) struct Report<'a> {
    pub(super) bundle: &'a Path,
    pub(super) data: &'a DataArguments,
    pub(super) bytes: u64,
    pub(super) manifest: &'a Manifest,
    pub(super) fitted: &'a Fitted,
    pub(super) progress: &'a Progress,
    pub(super) total: Duration,
}

impl Report<'_> {
    /// For people.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![format!(
            "{}: {} KB in {:.1} s",
            self.bundle.display(),
            self.bytes.div_ceil(1000),
            self.total.as_secs_f64()
        )];
        for (part, figures) in self.figures() {
            lines.push(format!("{part}: {} {}, mse {:.6}", loss(figures), self.unit(), figures.mse));
        }
        if let Some(parity) = &self.manifest.parity {
            for (name, graph) in [("encoder", &parity.encoder), ("decoder", &parity.decoder)] {
                lines.push(format!("parity of the {name} in ONNX Runtime: largest difference {graph}"));
            }
        }
        lines.push("next:".to_owned());
        lines.extend(self.next().into_iter().map(|command| format!("  {command}")));
        lines.join("\n")
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let mut report = json!({
            "bundle": self.bundle,
            "kind": self.manifest.kind,
            "bytes": self.bytes,
            "parity": self.manifest.parity.as_ref().map(|parity| json!({
                "encoder": parity.encoder.max_abs_difference,
                "decoder": parity.decoder.max_abs_difference,
            })),
            "seconds": {
                "total": self.total.as_secs_f64(),
                "per_epoch": self.progress.per_epoch.iter().map(Duration::as_secs_f64).collect::<Vec<_>>(),
            },
        });
        for (part, figures) in self.figures() {
            let mut object = json!({ "loss": figures.loss, "mse": figures.mse, "unit": self.unit() });
            for (name, value) in &figures.parts {
                object[*name] = json!(value);
            }
            report[part] = object;
        }
        report
    }

    fn figures(&self) -> impl Iterator<Item = (&'static str, &Figures)> {
        let Fitted { train, valid, test, .. } = self.fitted;
        let parts = [("train", Some(train)), ("valid", valid.as_ref()), ("test", test.as_ref())];
        parts.into_iter().filter_map(|(part, figures)| figures.map(|figures| (part, figures)))
    }

    fn unit(&self) -> &'static str {
        match (self.manifest.likelihood, self.manifest.kind.is_variational()) {
            (Likelihood::Bernoulli, _) | (Likelihood::Gaussian, true) => "nats a sample",
            (Likelihood::Gaussian, false) => "squared error a sample",
        }
    }

    /// Three commands that work on this bundle as they stand.
    fn next(&self) -> [String; 3] {
        // As this program was called, so that the commands work where it is not on the path.
        let narrows = std::env::args().next().map_or_else(|| "narrows".to_owned(), |program| quoted(&program));
        let bundle = quoted(&self.bundle.to_string_lossy());
        let is_picture = narrows_evaluate::is_picture(&self.manifest.sample.shape);
        let third = if self.manifest.prior.is_some() {
            let format = if is_picture { "png" } else { "csv" };
            format!("{narrows} generate {bundle} --count 64 --out samples.{format}")
        } else {
            format!("{narrows} inspect {bundle}")
        };
        let data = self.data.as_flags();
        [format!("{narrows} verify {bundle}"), format!("{narrows} encode {bundle} {data} --out codes.npy"), third]
    }
}
