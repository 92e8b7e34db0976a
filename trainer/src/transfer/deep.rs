//! A head with hidden layers: gradient descent on codes, for the weight decay that does best on the rows held out.

use candle_core::Device;

use super::{
    Config, Event,
    linear::{FittedHead, output_name, standardisation, unit_of},
    objective::Objective,
    outputs::unscaled,
    parts::{Parts, Sides},
    stop::Stop,
    train_head::{HeadTrainingLoop, TrainedHead},
};
use crate::{TrainError, candle::Parameters};

/// The decays that are tried; the first where nothing is held out to choose by.
const DECAYS: [f64; 4] = [1e-4, 0.0, 1e-3, 1e-2];

/// Fits it.
///
/// # Errors
/// Those of [`Descending::run`].
pub(super) fn deep(
    parts: &Parts,
    codes: Sides<'_>,
    config: &Config,
    stop: Stop<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<(FittedHead, TrainedHead), TrainError> {
    let (known, judged) = (parts.known(codes), parts.judged(codes));
    let standardisation = standardisation(config.standardise, known.values, known.rows)?;
    let unit = unit_of(known.targets, known.rows);
    let outputs = (known.targets.outputs(), output_name(known.targets));
    let graph = config.head.graph(known.values.features(), &standardisation, outputs.0, outputs.1)?;
    let class_weights = parts.class_weights(config);
    let plain = unscaled();
    let decays = match (config.weight_decay, judged) {
        (Some(decay), _) => vec![decay],
        (None, None) => DECAYS[..1].to_vec(),
        (None, Some(_)) => DECAYS.to_vec(),
    };
    let fitted = |decay: f64, observe: &mut dyn FnMut(Event<'_>)| -> Result<TrainedHead, TrainError> {
        let objective = |targets| Objective { targets, class_weights: class_weights.as_deref(), unit: &unit, decay };
        let (learned, stopped) = (objective(known.targets), judged.map(|judged| objective(judged.targets)));
        let descending = HeadTrainingLoop {
            graph: &graph,
            descent: &config.descent,
            known: known.labelled(&plain, &learned),
            valid: judged.zip(stopped.as_ref()).map(|(judged, objective)| judged.labelled(&plain, objective)),
            corruption: None,
            seed: config.seed,
            stop,
        };
        let parameters = Parameters::initial(&[&graph], config.seed, &Device::Cpu)?;
        descending.run(&parameters, 1.0, &mut |epoch| observe(Event::Epoch(epoch)))
    };
    let (mut best, mut trials) = (None::<(f64, TrainedHead)>, Vec::new());
    for &decay in &decays {
        if decays.len() == 1 {
            best = Some((decay, fitted(decay, observe)?));
            break;
        }
        let went = fitted(decay, &mut |_| {})?;
        observe(Event::Decay { decay, loss: went.loss });
        trials.push((decay, went.loss));
        if best.as_ref().is_none_or(|(_, best)| went.loss < best.loss) {
            best = Some((decay, went));
        }
    }
    let Some((decay, went)) = best else {
        return Err(TrainError::NotFinite { what: "the loss of the head".to_owned(), value: f64::NAN });
    };
    let weights = went.weights.clone();
    Ok((FittedHead { graph, weights, standardisation, unit, decay, trials }, went))
}
