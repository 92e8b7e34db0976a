//! The stages of a run: every layer on its own, where layers are pretrained, then the network as a whole.
//!
//! Epochs and steps are counted over all of them, so where a run stands says which one it is in; schedules begin
//! anew with each.

use super::Parameters;
use crate::{
    Config, Descent, EpochRecord, PretrainedLayer, TrainError,
    core_graphs::CoreGraphs,
    kinds::Network,
    pretrain::Layer,
    schedule::{LearningRate, LearningRateCurve},
};

/// All that a run does, whatever its state.
pub(crate) struct Plan<'a> {
    pub(crate) config: &'a Config,
    pub(crate) descent: &'a Descent,
    pub(crate) core: &'a CoreGraphs,
    /// Those that are pretrained.
    layers: Vec<Layer>,
    /// Rows that are fitted.
    rows: usize,
}

/// Something that is trained for some epochs.
pub(crate) struct Stage<'a> {
    plan: &'a Plan<'a>,
    /// The layer that is trained alone; `None` for the network as a whole.
    pub(crate) layer: Option<&'a Layer>,
    /// Epochs of the run before its first.
    pub(crate) begins_after: usize,
    epochs: usize,
    rates: LearningRateCurve,
}

impl<'a> Plan<'a> {
    /// What `rows` rows are fitted by.
    ///
    /// # Errors
    /// [`TrainError::Graph`] never for a checked configuration.
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
        Ok(Plan { config, descent, core, layers, rows })
    }

    /// The stage that a run is in after so many epochs.
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

    /// The layers that have these losses behind them, with the time that `history` knows of.
    pub(crate) fn pretrained(&self, losses: &[f64], history: &[EpochRecord]) -> Vec<PretrainedLayer> {
        let epochs = self.descent.pretraining.map_or(0, |pretraining| pretraining.epochs);
        let seconds = |number: usize| {
            let records = history.iter().filter(|record| record.layer == Some(number));
            records.map(|record| record.seconds).sum()
        };
        let of = |(layer, &loss): (&Layer, &f64)| {
            let Layer { number, inputs, outputs, .. } = *layer;
            PretrainedLayer { layer: number, inputs, outputs, epochs, loss, seconds: seconds(number) }
        };
        self.layers.iter().zip(losses).map(of).collect()
    }
}

impl Stage<'_> {
    /// Those of all parameters that it trains.
    pub(crate) fn parameters(&self, all: &Parameters) -> Parameters {
        self.layer.map_or_else(|| all.clone(), |layer| layer.parameters(all))
    }

    /// What it trains, at work.
    pub(crate) fn network<'a>(&'a self, trained: &'a Parameters, all: &'a Parameters) -> Network<'a> {
        match self.layer {
            Some(layer) => layer.network(trained, all, self.plan.descent.kernels),
            None => self.plan.core.network(trained, self.plan.config),
        }
    }

    /// Step size of a step of the run.
    pub(crate) fn rate(&self, step: u64) -> f64 {
        self.rates.rate(step.saturating_sub(self.steps_before()))
    }

    /// Its passes over the rows that were done before a step of the run.
    pub(crate) fn epochs_before(&self, step: u64) -> f64 {
        step.saturating_sub(self.steps_before() + 1) as f64 / self.rates.steps_per_epoch as f64
    }

    /// Whether the next stage begins after so many epochs of the run.
    pub(crate) fn is_left_after(&self, epoch: usize) -> bool {
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

    /// Rates and places of all steps of a run over 100 rows in batches of 50: two layers of 2 epochs, a whole of 3.
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
            options.schedule.schedule = Some(schedule.parse().expect("a schedule"));
            options.schedule.warmup = Some(1);
        });
        let config = Config::check(&options, &data).expect("options that fit");
        let Method::Descent(descent) = &config.method else { panic!("an ae is trained") };
        let core = CoreGraphs::new(&config, &data).expect("valid widths");
        let plan = Plan::new(&config, descent, &core, 100).expect("mirrored halves");
        let told = |step: u64| {
            let stage = plan.stage((step as usize - 1) / 2);
            (stage.layer.map(|layer| layer.number), stage.rate(step), stage.epochs_before(step))
        };
        (1..=14).map(told).collect()
    }

    #[test]
    fn every_stage_has_its_schedule_and_its_warmup_from_the_beginning() {
        let (one, two) = (Some(1), Some(2));
        let constant = [0.0, 0.5, 1.0, 1.5].map(|epochs| (0.5, epochs));
        let whole = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5].map(|epochs| (0.1, epochs));
        let expected: Vec<_> = constant
            .map(|(rate, epochs)| (one, rate, epochs))
            .into_iter()
            .chain(constant.map(|(rate, epochs)| (two, rate, epochs)))
            .chain(whole.map(|(rate, epochs)| (None, rate, epochs)))
            .collect();
        assert_eq!(steps("constant"), expected);
        let cosine: Vec<f64> = steps("cosine").into_iter().map(|(_, rate, _)| rate).collect();
        assert_eq!(cosine[..4], cosine[4..8], "both layers alike");
        // The first step is the warm-up, the second the peak.
        assert_eq!([cosine[1], cosine[5], cosine[9]], [0.5, 0.5, 0.1]);
        assert!(cosine[3] < 0.25 && cosine[13] < 0.02, "{cosine:?}");
    }

    #[test]
    fn a_layer_is_left_after_its_last_epoch_and_the_whole_never() {
        let data = narrows_data::load("digits", &LoadOptions::default()).expect("the digits are embedded");
        let pretrain = Some(Pretrain::Layerwise);
        let options = Options::new(Kind::Ae).with(|options| {
            options.pretrain.pretrain = pretrain;
            options.pretrain.pretrain_epochs = Some(2);
            options.length.epochs = Some(3);
        });
        let config = Config::check(&options, &data).expect("options that fit");
        let Method::Descent(descent) = &config.method else { panic!("an ae is trained") };
        assert_eq!((descent.pretraining_epochs(), descent.all_epochs()), (4, 7));
        let core = CoreGraphs::new(&config, &data).expect("valid widths");
        let plan = Plan::new(&config, descent, &core, 100).expect("mirrored halves");
        let left: Vec<usize> = (0..7).filter(|&done| plan.stage(done).is_left_after(done + 1)).collect();
        assert_eq!(left, [1, 3]);
        assert!(!plan.stage(7).is_left_after(7), "a finished run stands in the whole");
    }
}
