//! Fine-tuning: trains the encoder together with the fitted head, usually with a lower learning rate than the head.

use candle_core::Device;
use narrows_data::Dataset;

use super::{
    Config, Event, Pretrained, Start, Transferred, Tuning,
    encoder::{classifier_graph, encoder_of, encoder_weights},
    objective::Objective,
    parts::{Parts, sample_values},
    run::Run,
    stop::Stop,
    train_head::HeadTrainingLoop,
    transferred::history_and_progress,
};
use crate::{ConfigError, Problem, TrainError, candle::Parameters};

/// Trains encoder and head as one network, and stores both in `fitted`.
///
/// # Errors
/// [`TrainError::Config`] if the weights of the bundle are missing or invalid, and the errors of
/// [`HeadTrainingLoop::run`].
pub(super) fn fine_tune(
    fitted: &mut Transferred,
    tuning: &Tuning,
    parts: &Parts,
    (pretrained, data): (Pretrained<'_>, &Dataset),
    run: Option<&mut Run>,
    stop: Stop<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<(), TrainError> {
    let Config { seed, descent, .. } = fitted.config;
    let Pretrained { manifest: model, weights } = pretrained;
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
    let samples = sample_values(data);
    let (train, valid) = (parts.train_rows(samples), parts.valid_rows(samples));
    let class_weights = parts.class_weights(&fitted.config);
    let (class_weights, unit, decay) = (class_weights.as_deref(), &fitted.unit, fitted.decay);
    let objective = |targets| Objective { targets, class_weights, unit, decay };
    let (train_objective, valid_objective) = (objective(train.targets), valid.map(|valid| objective(valid.targets)));
    let scaling = &model.scaling;
    let training_loop = HeadTrainingLoop {
        graph: &graph,
        descent: &descent,
        train: train.labelled(scaling, &train_objective),
        valid: valid.zip(valid_objective.as_ref()).map(|(valid, objective)| valid.labelled(scaling, objective)),
        augmentation: tuning.augmentation.as_ref(),
        corruption: tuning.corruption,
        seed,
        stop,
    };
    let trained = training_loop
        .run(&parameters, tuning.rate_factor, run.map(Run::next_fit), &mut |epoch| observe(Event::Epoch(epoch)))?;
    let parameters = Parameters::from_weights(&trained.weights, &Device::Cpu)?;
    let figures = parts.figures(samples, scaling, (&graph, &parameters), unit)?;
    let frozen_figures = std::mem::replace(&mut fitted.figures, figures);
    fitted.frozen_figures = (tuning.start == Start::Bundle).then_some(frozen_figures);
    fitted.weights.clone_from(&trained.weights);
    fitted.encoder = Some(encoder);
    (fitted.history, fitted.progress) = history_and_progress(trained);
    Ok(())
}

fn no_weights() -> TrainError {
    let what =
        "contains no weights, which fine-tuning needs; for a packed bundle, pass the folder that it was packed from";
    ConfigError::of(Problem::of_data("bundle", what)).into()
}
