//! Fine-tuning: the encoder goes on learning under a head that has settled, in smaller steps than the head's.

use candle_core::Device;
use narrows_bundle::Manifest;
use narrows_data::Dataset;

use super::{
    Config, Event, Start, Transferred, Tuning,
    encoder::{classifier_graph, encoder_of, encoder_weights},
    objective::Objective,
    parts::{Parts, sides_of},
    stop::Stop,
    train_head::HeadTrainingLoop,
    transferred::told,
};
use crate::{ConfigError, Problem, TrainError, candle::Parameters};

/// Trains encoder and head as one network, and leaves both in `fitted`.
///
/// # Errors
/// [`TrainError::Config`] for weights that are missing or not understood, and those of [`Descending::run`].
pub(super) fn tune(
    fitted: &mut Transferred,
    tuning: Tuning,
    parts: &Parts,
    (model, weights): (&Manifest, Option<&[u8]>),
    data: &Dataset,
    stop: Stop<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<(), TrainError> {
    let Config { seed, descent, .. } = fitted.config;
    let encoder = encoder_of(model)?;
    let graph = classifier_graph(&encoder, &fitted.head)?;
    let parameters = match (tuning.start, weights) {
        (Start::Scratch, _) => Parameters::initial(&[&graph], seed, &Device::Cpu)?,
        (Start::Bundle, Some(file)) => {
            let mut weights = encoder_weights(&encoder, file)?;
            weights.append(&mut fitted.weights);
            Parameters::from_weights(&weights, &Device::Cpu)?
        }
        (Start::Bundle, None) => return Err(no_weights()),
    };
    let samples = sides_of(data);
    let (known, judged) = (parts.known(samples), parts.judged(samples));
    let class_weights = parts.class_weights(&fitted.config);
    let (class_weights, unit, decay) = (class_weights.as_deref(), &fitted.unit, fitted.decay);
    let objective = |targets| Objective { targets, class_weights, unit, decay };
    let (learned, stopped) = (objective(known.targets), judged.map(|judged| objective(judged.targets)));
    let scaling = &model.scaling;
    let descending = HeadTrainingLoop {
        graph: &graph,
        descent: &descent,
        known: known.labelled(scaling, &learned),
        valid: judged.zip(stopped.as_ref()).map(|(judged, objective)| judged.labelled(scaling, objective)),
        corruption: tuning.corruption,
        seed,
        stop,
    };
    let went = descending.run(&parameters, tuning.rate_factor, &mut |epoch| observe(Event::Epoch(epoch)))?;
    let parameters = Parameters::from_weights(&went.weights, &Device::Cpu)?;
    let figures = parts.figures(samples, scaling, (&graph, &parameters), unit)?;
    let before = std::mem::replace(&mut fitted.figures, figures);
    fitted.settled = (tuning.start == Start::Bundle).then_some(before);
    fitted.weights.clone_from(&went.weights);
    fitted.encoder = Some(encoder);
    (fitted.history, fitted.progress) = told(went);
    Ok(())
}

fn no_weights() -> TrainError {
    let what = "has no weights to go on from: a packed bundle leaves them behind; name the folder that it was made of";
    ConfigError::of(Problem::new("bundle", what)).into()
}
