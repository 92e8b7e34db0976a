//! From codes with labels to a head, and from there, where it is asked for, to an encoder that learned along.

use candle_core::Device;
use narrows_bundle::Manifest;
use narrows_data::Dataset;

use super::{
    ClassWeights, Codes, Config, Event, Start, Transferred, Tuning,
    deep::deep,
    linear::{FittedHead, Linear, output_name, unit_of},
    neighbours::nearest,
    outputs::unscaled,
    parts::{Parts, Sides},
    stop::Stop,
    transferred::told,
    tune::tune,
};
use crate::{TrainError, candle::Parameters, network::Weights};

/// Fits a head on codes; `weights` is the bundle's file of weights, which only an encoder that learns needs.
///
/// The same seed gives the same weights, on any number of cores.
///
/// # Errors
/// [`TrainError::Config`] where the bundle's weights are missing or not understood, [`TrainError::HeadDiverged`] when a
/// loss stops being a number, [`TrainError::Interrupted`] once `stop` says so, and those of reading from disk.
pub fn fit(
    config: &Config,
    model: &Manifest,
    weights: Option<&[u8]>,
    data: &Dataset,
    codes: &Codes,
    stop: Stop<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Transferred, TrainError> {
    let parts = Parts::of(config, data)?;
    let mut fitted = match config.tuning {
        // Under an encoder that is drawn anew there is nothing to settle on.
        Some(Tuning { start: Start::Scratch, .. }) => fresh(&parts, config, model.latent_dim)?,
        Some(_) | None => settled(&parts, codes.sides(), config, stop, observe)?,
    };
    if let Some(tuning) = config.tuning {
        tune(&mut fitted, tuning, &parts, (model, weights), data, stop, observe)?;
    }
    data.parts().try_for_each(|(_, part)| part.values.check_unchanged())?;
    Ok(fitted)
}

/// The head on frozen codes.
fn settled(
    parts: &Parts,
    codes: Sides<'_>,
    config: &Config,
    stop: Stop<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Transferred, TrainError> {
    let (known, asked) = (parts.known(codes), parts.asked(codes));
    let (head, went) = if config.head.hidden().is_empty() {
        let Config { standardise, weight_decay, seed, .. } = *config;
        let is_balanced = config.class_weights == ClassWeights::Balanced;
        let linear = Linear { standardise, is_balanced, decay: weight_decay, seed, stop };
        let tell = &mut |decay, loss| observe(Event::Decay { decay, loss });
        (linear.fit(known, parts.judged(codes), tell)?, None)
    } else {
        let (head, went) = deep(parts, codes, config, stop, observe)?;
        (head, Some(went))
    };
    let parameters = Parameters::from_weights(&head.weights, &Device::Cpu)?;
    let figures = parts.figures(codes, &unscaled(), (&head.graph, &parameters), &head.unit)?;
    let neighbours = match (config.neighbours, asked) {
        (0, _) | (_, None) => None,
        (count, Some(asked)) => Some(nearest(count, &head.standardisation, known, asked, stop)?),
    };
    observe(Event::Settled(&figures));
    let (history, progress) = went.map_or((Vec::new(), None), told);
    Ok(Transferred { figures, neighbours, history, progress, ..Transferred::of(parts, config, head) })
}

/// A head that knows nothing, on codes as they come.
fn fresh(parts: &Parts, config: &Config, latent_dim: usize) -> Result<Transferred, TrainError> {
    let (standardisation, unit) = (unscaled(), unit_of(&parts.train, &parts.fitted));
    let graph = config.head.graph(latent_dim, &standardisation, parts.train.outputs(), output_name(&parts.train))?;
    let (weights, trials, decay) = (Weights::new(), Vec::new(), config.weight_decay.unwrap_or(0.0));
    let head = FittedHead { graph, weights, standardisation, unit, decay, trials };
    Ok(Transferred::of(parts, config, head))
}
