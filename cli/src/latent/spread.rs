//! Where codes lie: the sampler or the prior, or the mean and the standard deviation of the codes of data.

use anyhow::bail;
use narrows_bundle::counted;
use narrows_runtime::{Autoencoder, CodeMoments, CodeSpread};

use super::decoded::Label;
use crate::{
    input::SampleArguments,
    report::{note, warn},
    rows_bar::RowsBar,
};

/// What the standard deviations of a walk are those of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpreadSource {
    /// Of the sampler or the prior, if the model has one; otherwise of the codes of the data, if the user named data.
    PriorOrNamedData,
    /// Of the sampler or the prior, if the model has one; otherwise of the codes of the data.
    PriorOrData,
}

/// Returns the mean and the standard deviation of the codes that generation samples for a class, from the sampler or
/// the prior. For a model with neither, encodes all samples, a batch at a time, and returns those of their codes.
pub(crate) fn spread(
    arguments: &SampleArguments,
    model: &Autoencoder,
    label: Label,
    source: SpreadSource,
) -> anyhow::Result<CodeSpread> {
    if model.is_generative() {
        return Ok(match label {
            Some(label) => model.code_spread_of_class(usize::try_from(label)?)?,
            None => model.code_spread()?,
        });
    }
    if source == SpreadSource::PriorOrNamedData && !arguments.data.is_named() {
        bail!(
            "this {} has no prior, so the range of its codes is unknown; pass --data SPEC, and the range is that of the \
             codes of the data, or fit a sampler with `narrows fit-prior`",
            model.kind()
        );
    }
    let mut rows = arguments.rows(model)?;
    let mut moments = CodeMoments::new(model.latent_dim());
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        let codes = model.encode(batch.samples()).map_err(|error| rows.locate_error(error, &batch))?;
        if let Some(code) = codes.iter().find(|code| !code.is_finite()) {
            bail!("the model encodes a sample of {} to {code}, so its codes have no range", arguments.data);
        }
        moments.add(codes.view());
        bar.show(rows.read());
    }
    drop(bar);
    if moments.count() < 2 {
        bail!(
            "{} has {}, so its codes have no range; pass --data with more rows",
            arguments.data,
            counted(moments.count(), "row")
        );
    }
    note(format_args!(
        "this {} has no prior: standard deviations are those of the codes of {}",
        model.kind(),
        counted(moments.count(), "row")
    ));
    let spread = moments.spread();
    let constant = spread.deviation.iter().enumerate().filter(|&(_, &deviation)| deviation == 0.0);
    let constant: Vec<String> = constant.map(|(dimension, _)| dimension.to_string()).collect();
    if !constant.is_empty() {
        warn(format_args!(
            "the codes of latent dimension {} are all equal, so samples do not change along it",
            constant.join(", ")
        ));
    }
    Ok(spread)
}
