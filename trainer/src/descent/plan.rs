//! The stages of a run: with pretraining one stage for each layer, then one stage for the complete network.
//!
//! Epochs and steps are counted over all stages, so the epoch number determines the stage. Each stage restarts its
//! learning-rate schedule.

use candle_core::Tensor;

use super::Parameters;
use crate::{
    Config, Descent, EpochRecord, PretrainedLayer, TrainError,
    core_graphs::CoreGraphs,
    kinds::Network,
    placement::Placement,
    pretrain::Layer,
    schedule::{LearningRate, LearningRateCurve},
};

/// The stages and settings of a run, independent of its state.
pub(crate) struct Plan<'a> {
    pub(crate) config: &'a Config,
    pub(crate) descent: &'a Descent,
    pub(crate) core: &'a CoreGraphs,
    /// The first values of the pseudo-inputs of a VampPrior.
    pub(crate) pseudo_inputs: Option<Tensor>,
    /// Where the parameters are.
    pub(crate) placement: Placement,
    /// The layers to pretrain; empty without pretraining.
    layers: Vec<Layer>,
    /// Number of training rows, without the validation rows.
    rows: usize,
}

/// A number of epochs in which one network is trained: a single layer with its mirror layer, or the complete network.
pub(crate) struct Stage<'a> {
    plan: &'a Plan<'a>,
    /// The layer to pretrain; `None` for the complete network.
    pub(crate) layer: Option<&'a Layer>,
    /// Number of epochs of the run before the first epoch of the stage.
    pub(crate) begins_after: usize,
    epochs: usize,
    rates: LearningRateCurve,
}

impl<'a> Plan<'a> {
    /// Creates the plan of a run on `rows` training rows.
    ///
    /// # Errors
    /// [`TrainError::Graph`] if the graph of a layer is invalid; this never happens for a checked configuration.
    pub(crate) fn new(
        config: &'a Config,
        descent: &'a Descent,
        core: &'a CoreGraphs,
        rows: usize,
    ) -> Result<Self, TrainError> {
        let layers = match descent.pretraining {
            Some(_) => Layer::all(core, config.output_distribution)?,
            None => Vec::new(),
        };
        Ok(Plan { config, descent, core, pseudo_inputs: None, placement: Placement::Host, layers, rows })
    }

    /// Sets the first values of the pseudo-inputs of a VampPrior.
    pub(crate) fn with_pseudo_inputs(self, pseudo_inputs: Option<Tensor>) -> Self {
        Plan { pseudo_inputs, ..self }
    }

    /// Sets where the parameters are: on the host, unless this is called.
    pub(crate) fn placed(self, placement: Placement) -> Self {
        Plan { placement, ..self }
    }

    /// Returns the stage of a run after `epoch` completed epochs.
    pub(crate) fn stage(&'a self, epoch: usize) -> Stage<'a> {
        let Descent { pretraining, learning_rate: LearningRate { peak, schedule, warmup_steps }, .. } = *self.descent;
        let next = self.descent.place_of(epoch + 1);
        let layer = next.layer.and_then(|number| self.layers.get(number.checked_sub(1)?));
        let peak = match (layer, pretraining) {
            (Some(_), Some(pretraining)) => pretraining.learning_rate,
            (None, _) | (_, None) => peak,
        };
        let steps_per_epoch = self.steps_per_epoch();
        let total_steps = steps_per_epoch * next.epochs as u64;
        let rates = LearningRateCurve { schedule, peak, warmup_steps, steps_per_epoch, total_steps };
        Stage { plan: self, layer, begins_after: epoch + 1 - next.epoch, epochs: next.epochs, rates }
    }

    pub(crate) fn steps_per_epoch(&self) -> u64 {
        self.descent.steps.per_epoch(self.rows)
    }

    /// Describes the pretrained layers. `losses` holds one loss for each layer; the times are summed from the records
    /// in `history`.
    pub(crate) fn pretrained_layers(&self, losses: &[f64], history: &[EpochRecord]) -> Vec<PretrainedLayer> {
        let epochs = self.descent.pretraining.map_or(0, |pretraining| pretraining.epochs);
        let seconds = |number: usize| {
            let records = history.iter().filter(|record| record.layer == Some(number));
            records.map(|record| record.seconds).sum()
        };
        let describe = |(layer, &loss): (&Layer, &f64)| {
            let Layer { number, inputs, outputs, .. } = *layer;
            PretrainedLayer { layer: number, inputs, outputs, epochs, loss, seconds: seconds(number) }
        };
        self.layers.iter().zip(losses).map(describe).collect()
    }
}

impl Stage<'_> {
    /// Selects the parameters that the stage trains.
    pub(crate) fn parameters(&self, all: &Parameters) -> Parameters {
        self.layer.map_or_else(|| all.clone(), |layer| layer.parameters(all))
    }

    /// Returns the parameters that the stage trains, for its training steps: batch normalisation uses the batch.
    pub(crate) fn trained(&self, all: &Parameters) -> Parameters {
        self.parameters(all).in_training()
    }

    /// Returns the network that the stage trains. `trained` are its own parameters; the layers below a pretrained layer
    /// take theirs from `all`.
    pub(crate) fn network<'a>(&'a self, trained: &'a Parameters, all: &'a Parameters) -> Network<'a> {
        match self.layer {
            Some(layer) => layer.network(trained, all, self.plan.descent.computation.kernels),
            None => self.plan.core.network(trained, self.plan.config),
        }
    }

    /// Learning rate of a step of the run, counted from 1.
    pub(crate) fn rate(&self, step: u64) -> f64 {
        self.rates.rate(step.saturating_sub(self.steps_before()))
    }

    /// Epochs of the stage completed before a step of the run, as a fraction. `step` is counted from 1 over the run.
    pub(crate) fn epochs_before(&self, step: u64) -> f64 {
        step.saturating_sub(self.steps_before() + 1) as f64 / self.rates.steps_per_epoch as f64
    }

    /// Whether the next stage begins after `epoch` epochs of the run.
    pub(crate) fn next_begins_after(&self, epoch: usize) -> bool {
        self.layer.is_some() && epoch == self.begins_after + self.epochs
    }

    fn steps_before(&self) -> u64 {
        self.begins_after as u64 * self.rates.steps_per_epoch
    }
}

#[cfg(test)]
mod tests {
    use narrows_bundle::Kind;
    use narrows_data::LoadOptions;

    use super::*;
    use crate::{Method, Options, Pretrain};

    /// Layer, learning rate and previous epochs of the stage for each step of a run over 100 rows in batches of 50:
    /// 2 epochs for each of two layers, then 3 epochs for the complete network.
    fn steps(schedule: &str) -> Vec<(Option<usize>, f64, f64)> {
        let data = narrows_data::load("digits", &LoadOptions::default()).expect("the digits are embedded");
        let options = Options::new(Kind::Ae).with(|options| {
            options.architecture.hidden = Some(vec![5]);
            options.steps.batch_size = Some(50);
            options.length.epochs = Some(3);
            options.pretrain.pretrain = Some(Pretrain::Layerwise);
            options.pretrain.pretrain_epochs = Some(2);
            options.pretrain.pretrain_learning_rate = Some(0.5);
            options.schedule.learning_rate = Some(0.1);
            options.schedule.schedule = Some(schedule.parse().expect("a valid schedule"));
            options.schedule.warmup = Some(1);
        });
        let config = Config::check(&options, &data).expect("valid options");
        let Method::Descent(descent) = &config.method else { panic!("an ae is trained by gradient descent") };
        let core = CoreGraphs::new(&config, &data).expect("valid widths");
        let plan = Plan::new(&config, descent, &core, 100).expect("the decoder mirrors the encoder");
        let describe = |step: u64| {
            let stage = plan.stage((step as usize - 1) / 2);
            (stage.layer.map(|layer| layer.number), stage.rate(step), stage.epochs_before(step))
        };
        (1..=14).map(describe).collect()
    }

    #[test]
    fn every_stage_restarts_its_schedule_and_its_warmup() {
        let (one, two) = (Some(1), Some(2));
        let constant = [0.0, 0.5, 1.0, 1.5].map(|epochs| (0.5, epochs));
        let complete = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5].map(|epochs| (0.1, epochs));
        let expected: Vec<_> = constant
            .map(|(rate, epochs)| (one, rate, epochs))
            .into_iter()
            .chain(constant.map(|(rate, epochs)| (two, rate, epochs)))
            .chain(complete.map(|(rate, epochs)| (None, rate, epochs)))
            .collect();
        assert_eq!(steps("constant"), expected);
        let cosine: Vec<f64> = steps("cosine").into_iter().map(|(_, rate, _)| rate).collect();
        assert_eq!(cosine[..4], cosine[4..8], "both layers have the same rates");
        // The first step of a stage is its warm-up; the second step starts the cosine at the peak.
        assert_eq!([cosine[1], cosine[5], cosine[9]], [0.5, 0.5, 0.1]);
        assert!(cosine[3] < 0.25 && cosine[13] < 0.02, "{cosine:?}");
    }

    #[test]
    fn next_stage_begins_after_the_last_epoch_of_each_layer_and_never_after_the_complete_network() {
        let data = narrows_data::load("digits", &LoadOptions::default()).expect("the digits are embedded");
        let pretrain = Some(Pretrain::Layerwise);
        let options = Options::new(Kind::Ae).with(|options| {
            options.pretrain.pretrain = pretrain;
            options.pretrain.pretrain_epochs = Some(2);
            options.length.epochs = Some(3);
        });
        let config = Config::check(&options, &data).expect("valid options");
        let Method::Descent(descent) = &config.method else { panic!("an ae is trained by gradient descent") };
        assert_eq!((descent.pretraining_epochs(), descent.all_epochs()), (4, 7));
        let core = CoreGraphs::new(&config, &data).expect("valid widths");
        let plan = Plan::new(&config, descent, &core, 100).expect("the decoder mirrors the encoder");
        let ends: Vec<usize> = (0..7).filter(|&done| plan.stage(done).next_begins_after(done + 1)).collect();
        assert_eq!(ends, [1, 3]);
        assert!(!plan.stage(7).next_begins_after(7), "a finished run stays in the last stage");
    }
}
