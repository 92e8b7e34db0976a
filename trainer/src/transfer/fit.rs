//! Fits a head on labelled codes, then fine-tunes the encoder if the configuration says so.

use candle_core::Device;
use narrows_data::Dataset;

use super::{
    ClassWeights, Codes, Config, Event, Pretrained, Run, Start, Transferred, Tuning,
    linear::{FittedHead, Linear, output_name, unit_of},
    mlp_head::fit_mlp_head,
    neighbours::nearest,
    outputs::unscaled,
    parts::{PartValues, Parts},
    stop::Stop,
    transferred::history_and_progress,
    tune::fine_tune,
};
use crate::{TrainError, candle::Parameters, network::Weights};

/// Fits a head on codes and fine-tunes the encoder if the configuration says so. With a `run`, gradient descent starts
/// from its newest checkpoints and saves checkpoints in it, also once `stop` returns true.
///
/// The same seed gives the same weights on any number of cores.
///
/// # Errors
/// [`TrainError::Config`] if the weights of the bundle are missing or invalid, [`TrainError::HeadDiverged`] if a loss
/// becomes infinite or NaN, [`TrainError::Interrupted`] once `stop` returns true, [`TrainError::Run`] if a checkpoint
/// cannot be saved, and errors of reading from disk.
pub fn fit(
    config: &Config,
    pretrained: Pretrained<'_>,
    data: &Dataset,
    codes: &Codes,
    mut run: Option<&mut Run>,
    stop: Stop<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Transferred, TrainError> {
    let parts = Parts::of(config, data)?;
    run.as_deref_mut().map(Run::begin).transpose()?;
    let mut fitted = match config.tuning {
        // The codes come from the trained encoder. They are useless for an encoder with new random weights.
        Some(Tuning { start: Start::Scratch, .. }) => initial_head(&parts, config, pretrained.manifest.latent_dim)?,
        Some(_) | None => fit_head(&parts, codes.part_values(), config, run.as_deref_mut(), stop, observe)?,
    };
    if let Some(tuning) = &config.tuning {
        fine_tune(&mut fitted, tuning, &parts, (pretrained, data), run, stop, observe)?;
    }
    data.parts().try_for_each(|(_, part)| part.values.check_unchanged())?;
    Ok(fitted)
}

/// Fits the head on the codes of the frozen encoder.
fn fit_head(
    parts: &Parts,
    codes: PartValues<'_>,
    config: &Config,
    run: Option<&mut Run>,
    stop: Stop<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Transferred, TrainError> {
    let (train, test) = (parts.train_rows(codes), parts.test_rows(codes));
    let (head, training) = if config.head.hidden().is_empty() {
        let Config { standardise, weight_decay, seed, .. } = *config;
        let is_balanced = config.class_weights == ClassWeights::Balanced;
        let linear = Linear { standardise, is_balanced, decay: weight_decay, seed, stop };
        let report = &mut |decay, loss| observe(Event::Decay { decay, loss });
        (linear.fit(train, parts.valid_rows(codes), report)?, None)
    } else {
        let (head, training) = fit_mlp_head(parts, codes, config, run, stop, observe)?;
        (head, Some(training))
    };
    let parameters = Parameters::from_weights(&head.weights, &Device::Cpu)?;
    let figures = parts.figures(codes, &unscaled(), (&head.graph, &parameters), &head.unit)?;
    let neighbours = match (config.neighbours, test) {
        (0, _) | (_, None) => None,
        (count, Some(test)) => Some(nearest(count, &head.standardisation, train, test, stop)?),
    };
    observe(Event::HeadFitted(&figures));
    let (history, progress) = training.map_or((Vec::new(), None), history_and_progress);
    Ok(Transferred { figures, neighbours, history, progress, ..Transferred::of(parts, config, head) })
}

/// Creates an untrained head without standardisation of the codes.
fn initial_head(parts: &Parts, config: &Config, latent_dim: usize) -> Result<Transferred, TrainError> {
    let (standardisation, unit) = (unscaled(), unit_of(&parts.train, &parts.fitted));
    let graph = config.head.graph(latent_dim, &standardisation, parts.train.outputs(), output_name(&parts.train))?;
    let (weights, trials, decay) = (Weights::new(), Vec::new(), config.weight_decay.unwrap_or(0.0));
    let head = FittedHead { graph, weights, standardisation, unit, decay, trials };
    Ok(Transferred::of(parts, config, head))
}
