//! A head with hidden layers, trained by gradient descent. The weight decay with the lowest loss on the validation rows
//! is chosen.

use candle_core::Device;

use super::{
    Config, Event,
    linear::{FittedHead, output_name, standardisation, unit_of},
    objective::Objective,
    outputs::unscaled,
    parts::{PartValues, Parts},
    run::Run,
    stop::Stop,
    train_head::{HeadTrainingLoop, TrainedHead},
};
use crate::{TrainError, candle::Parameters};

/// Candidate weight decays. Without validation rows the first one is used.
const DECAYS: [f64; 4] = [1e-4, 0.0, 1e-3, 1e-2];

/// Fits the head, and chooses the weight decay if the configuration leaves it open.
///
/// # Errors
/// The errors of [`HeadTrainingLoop::run`].
pub(super) fn fit_mlp_head(
    parts: &Parts,
    codes: PartValues<'_>,
    config: &Config,
    mut run: Option<&mut Run>,
    stop: Stop<'_>,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<(FittedHead, TrainedHead), TrainError> {
    let (train, valid) = (parts.train_rows(codes), parts.valid_rows(codes));
    let standardisation = standardisation(config.standardise, train.values, train.rows)?;
    let unit = unit_of(train.targets, train.rows);
    let outputs = (train.targets.outputs(), output_name(train.targets));
    let graph = config.head.graph(train.values.features(), &standardisation, outputs.0, outputs.1)?;
    let class_weights = parts.class_weights(config);
    let plain = unscaled();
    let decays = match (config.weight_decay, valid) {
        (Some(decay), _) => vec![decay],
        (None, None) => DECAYS[..1].to_vec(),
        (None, Some(_)) => DECAYS.to_vec(),
    };
    let mut fit = |decay: f64, observe: &mut dyn FnMut(Event<'_>)| -> Result<TrainedHead, TrainError> {
        let objective = |targets| Objective { targets, class_weights: class_weights.as_deref(), unit: &unit, decay };
        let (train_objective, valid_objective) =
            (objective(train.targets), valid.map(|valid| objective(valid.targets)));
        let training_loop = HeadTrainingLoop {
            graph: &graph,
            descent: &config.descent,
            train: train.labelled(&plain, &train_objective),
            valid: valid.zip(valid_objective.as_ref()).map(|(valid, objective)| valid.labelled(&plain, objective)),
            augmentation: None,
            corruption: None,
            seed: config.seed,
            stop,
        };
        let parameters = Parameters::initial(&[&graph], config.seed, &Device::Cpu)?;
        let checkpoints = run.as_deref_mut().map(Run::next_fit);
        training_loop.run(&parameters, 1.0, checkpoints, &mut |epoch| observe(Event::Epoch(epoch)))
    };
    let (mut best, mut trials) = (None::<(f64, TrainedHead)>, Vec::new());
    for &decay in &decays {
        if decays.len() == 1 {
            best = Some((decay, fit(decay, observe)?));
            break;
        }
        let trained = fit(decay, &mut |_| {})?;
        observe(Event::Decay { decay, loss: trained.loss });
        trials.push((decay, trained.loss));
        if best.as_ref().is_none_or(|(_, best)| trained.loss < best.loss) {
            best = Some((decay, trained));
        }
    }
    let Some((decay, trained)) = best else {
        return Err(TrainError::NotFinite { what: "the loss of the head".to_owned(), value: f64::NAN });
    };
    let weights = trained.weights.clone();
    Ok((FittedHead { graph, weights, standardisation, unit, decay, trials }, trained))
}
