//! From codes with labels to a head, and from there, where it is asked for, to an encoder that learned along.

use std::collections::BTreeMap;

use candle_core::Device;
use narrows_bundle::{Manifest, ProgressRecord, Scaling};
use narrows_data::{Dataset, Values};

use super::{
    Answers, ClassWeights, Config, Epoch, Start, Tuning,
    deep::deep,
    descend::Descended,
    linear::{FittedHead, Linear, output_name, unit_of},
    neighbours::nearest,
    outputs::unscaled,
    parts::{Parts, Sides},
    stop::Stop,
    tune::tune,
};
use crate::{
    TrainError,
    candle::Parameters,
    network::{Graph, Weights},
};

/// What the frozen encoder makes of every part of the data: `[rows, latent]` each, in the order of the rows.
#[derive(Debug, Clone)]
pub struct Codes {
    /// Of the training part.
    pub train: Values,
    /// Of the validation part, where there is one.
    pub valid: Option<Values>,
    /// Of the test part, where there is one.
    pub test: Option<Values>,
}

/// What happened while fitting.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A weight decay was tried.
    Decay {
        /// Which.
        decay: f64,
        /// The mean loss of a row that was held out.
        loss: f64,
    },
    /// The head has settled on the frozen codes; its figures by part.
    Settled(&'a BTreeMap<&'static str, Answers>),
    /// An epoch of gradient descent is complete.
    Epoch(&'a Epoch),
}

/// A fitted head, and the encoder where it learned along.
#[derive(Debug, Clone)]
pub struct Transferred {
    /// What it was fitted by.
    pub config: Config,
    /// Rows that were learned from.
    pub fitted_rows: usize,
    /// Labelled rows of the training part that were held out to stop or to choose by.
    pub held_out_rows: usize,
    /// The weight decay of the head.
    pub decay: f64,
    /// The decays that were tried, each with the mean loss of a row that was held out.
    pub trials: Vec<(f64, f64)>,
    /// Figures by part: `train`, `valid`, `test`.
    pub figures: BTreeMap<&'static str, Answers>,
    /// What the head told before the encoder learned along.
    pub settled: Option<BTreeMap<&'static str, Answers>>,
    /// What the nearest codes would have told of the test part.
    pub neighbours: Option<Answers>,
    /// What happened in each epoch of gradient descent.
    pub history: Vec<Epoch>,
    /// How far gradient descent went.
    pub progress: Option<ProgressRecord>,
    pub(super) head: Graph,
    pub(super) weights: Weights,
    pub(super) standardisation: Scaling,
    pub(super) unit: Scaling,
    /// The encoder between scaled features and the code, where it learned along.
    pub(super) encoder: Option<Graph>,
}

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

impl Transferred {
    /// A head, before anything was asked of it.
    fn of(parts: &Parts, config: &Config, head: FittedHead) -> Self {
        Transferred {
            config: config.clone(),
            fitted_rows: parts.fitted.len(),
            held_out_rows: parts.held_out.len(),
            decay: head.decay,
            trials: head.trials,
            figures: BTreeMap::new(),
            settled: None,
            neighbours: None,
            history: Vec::new(),
            progress: None,
            head: head.graph,
            weights: head.weights,
            standardisation: head.standardisation,
            unit: head.unit,
            encoder: None,
        }
    }

    /// What somebody should know of it before using it.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let has_stopped_short = self.progress.as_ref().is_some_and(|progress| {
            progress.best_epoch == Some(progress.epochs) && progress.epochs == self.config.descent.epochs
        });
        if has_stopped_short {
            remarks.push("the last epoch is the best on the rows held out: more --epochs may tell more".to_owned());
        }
        let train = self.figures.get("train");
        let figure = |name| train.and_then(|answers| answers.get(name)).copied();
        let classes = self.head.outputs().first().map_or(1, |(_, value)| self.head.shape(*value).iter().product());
        let guess = (classes as f64).ln();
        if figure("log_loss").is_some_and(|loss| loss > guess) || figure("r2").is_some_and(|r2| r2 < 0.0) {
            remarks.push(
                "the head tells less of the rows that it was fitted on than a guess would: lower the learning rate or the weight decay"
                    .to_owned(),
            );
        }
        remarks
    }
}

/// What is kept of a descent beside its weights.
pub(super) fn told(went: Descended) -> (Vec<Epoch>, Option<ProgressRecord>) {
    let Descended { history, steps, best_epoch, .. } = went;
    let progress = ProgressRecord { epochs: history.len(), steps, best_epoch, finished: true };
    (history, Some(progress))
}
