//! What a run is about to do, said before it does it.

use std::path::Path;

use narrows_bundle::{Likelihood, Link};
use narrows_data::Dataset;
use narrows_trainer::{Config, Core, Method, Options, ScalingRule, network::summary, sample_of};

use crate::report::note;

/// Says on standard error what will be done, and why where it was chosen for the user.
pub(super) fn print_choices(options: &Options, config: &Config, data: &Dataset, run: &Path) -> anyhow::Result<()> {
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
            "{:?} hidden, {}, {} epochs of batches of {}, {} at {}",
            descent.hidden,
            descent.activation,
            descent.epochs,
            descent.batch_size,
            config.effective().optimizer.map_or(String::new(), |name| name.to_string()),
            descent.learning_rate
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
        "encoder:\n{}decoder:\n{}run: {}",
        summary(&core.encoder),
        summary(&core.decoder),
        run.display()
    ));
    Ok(())
}
