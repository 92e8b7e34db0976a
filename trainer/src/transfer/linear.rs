//! A linear head on codes. The weight decay with the lowest loss on held-out rows is chosen.

use candle_core::Device;
use narrows_bundle::{Sample, SampleType, Scaling};
use narrows_data::Values;

use super::{
    Head, Targets,
    lbfgs::Limits,
    metrics::{LOSS, compute_metrics},
    objective::{Objective, balanced},
    outputs::{Inputs, outputs, unscaled},
    parts::LabelledRows,
    solve::{PRECISE, ROUGH, solve, zeros},
    stop::Stop,
};
use crate::{
    ScalePer, ScalingRule, TrainError,
    candle::Parameters,
    network::{Graph, Weights},
};

/// Candidate weight decays, from strong to weak. Each fit starts from the weights of the previous one.
const DECAYS: [f64; 7] = [1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6];

/// Number of folds of the cross-validation.
const FOLDS: usize = 5;

/// From this number of labelled rows on, only the first fold is held out, since it is large enough.
const CROSS_VALIDATION_ROWS: usize = 2000;

/// Settings of a linear head.
#[derive(Clone, Copy)]
pub(crate) struct Linear<'a> {
    pub(crate) standardise: ScalePer,
    pub(crate) is_balanced: bool,
    /// Weight decay; `None` to choose it on held-out rows.
    pub(crate) decay: Option<f64>,
    pub(crate) seed: u64,
    pub(crate) stop: Stop<'a>,
}

/// A fitted head.
#[derive(Debug, Clone)]
pub(crate) struct FittedHead {
    /// Graph from codes to logits, or to standardised predictions of a regression.
    pub(crate) graph: Graph,
    pub(crate) weights: Weights,
    /// Mean and standard deviation of the codes.
    pub(crate) standardisation: Scaling,
    /// Mean and standard deviation of the targets of a regression.
    pub(crate) unit: Scaling,
    pub(crate) decay: f64,
    /// Candidate weight decays, each with the loss on the held-out rows.
    pub(crate) trials: Vec<(f64, f64)>,
}

impl Linear<'_> {
    /// Chooses the weight decay, then fits all rows of `train`.
    ///
    /// The decay is chosen on `valid` if it is given, otherwise by cross-validation on `train`. If no class has two
    /// rows, nothing can be held out, and the decay is `1 / rows`.
    ///
    /// # Errors
    /// Errors of Candle, and of reading from disk.
    pub(crate) fn fit(
        &self,
        train: LabelledRows<'_>,
        valid: Option<LabelledRows<'_>>,
        report: &mut dyn FnMut(f64, f64),
    ) -> Result<FittedHead, TrainError> {
        let trials = match self.decay {
            Some(_) => Vec::new(),
            None => self.evaluate_decays(train, valid, report)?,
        };
        let best = trials.iter().min_by(|one, other| one.1.total_cmp(&other.1)).map(|(decay, _)| *decay);
        let decay = self.decay.or(best).unwrap_or(1.0 / train.rows.len().max(1) as f64);
        let problem = Problem::of(self, train)?;
        let parameters = Parameters::from_weights(&zeros(&problem.graph), &Device::Cpu)?;
        problem.solve(&parameters, decay, PRECISE, self.stop)?;
        let weights = parameters.to_weights()?;
        let Problem { graph, standardisation, unit, .. } = problem;
        Ok(FittedHead { graph, weights, standardisation, unit, decay, trials })
    }

    /// Computes the loss of each weight decay on rows that are not trained on. Stops early once the loss rises.
    fn evaluate_decays(
        &self,
        train: LabelledRows<'_>,
        valid: Option<LabelledRows<'_>>,
        report: &mut dyn FnMut(f64, f64),
    ) -> Result<Vec<(f64, f64)>, TrainError> {
        let folds = if train.rows.len() < CROSS_VALIDATION_ROWS { FOLDS } else { 1 };
        let held_out: Vec<Vec<usize>> = match valid {
            Some(_) => vec![Vec::new()],
            None => train.targets.stratified_folds(train.rows, FOLDS, self.seed).into_iter().take(folds).collect(),
        };
        let fitted = |held_out: &Vec<usize>| -> Vec<usize> {
            train.rows.iter().copied().filter(|row| held_out.binary_search(row).is_err()).collect()
        };
        let fitted: Vec<Vec<usize>> = held_out.iter().map(fitted).collect();
        let mut trials = Vec::new();
        let problems = fitted.iter().map(|rows| {
            let problem = Problem::of(self, LabelledRows { rows, ..train })?;
            let parameters = Parameters::from_weights(&zeros(&problem.graph), &Device::Cpu)?;
            Ok((problem, parameters))
        });
        let problems = problems.collect::<Result<Vec<_>, TrainError>>()?;
        if problems.is_empty() {
            return Ok(trials);
        }
        for decay in DECAYS {
            let (mut sum, mut count) = (0.0, 0);
            for ((problem, parameters), rows) in problems.iter().zip(&held_out) {
                problem.solve(parameters, decay, ROUGH, self.stop)?;
                let evaluated = valid.unwrap_or(LabelledRows { rows, ..train });
                sum += problem.loss(parameters, evaluated)? * evaluated.rows.len() as f64;
                count += evaluated.rows.len();
            }
            let loss = sum / count.max(1) as f64;
            report(decay, loss);
            trials.push((decay, loss));
            if is_past_minimum(&trials) {
                break;
            }
        }
        Ok(trials)
    }
}

/// Whether the last two losses are above the lowest one. The loss as a function of the decay has a single minimum.
fn is_past_minimum(trials: &[(f64, f64)]) -> bool {
    let best = trials.iter().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min);
    trials.len() > 2 && trials.iter().rev().take(2).all(|(_, loss)| *loss > best)
}

/// Rows to train on, with the head and the standardisation that follow from them.
struct Problem<'a> {
    train: LabelledRows<'a>,
    graph: Graph,
    standardisation: Scaling,
    unit: Scaling,
    class_weights: Option<Vec<f32>>,
}

impl<'a> Problem<'a> {
    fn of(linear: &Linear<'_>, train: LabelledRows<'a>) -> Result<Self, TrainError> {
        let standardisation = standardisation(linear.standardise, train.values, train.rows)?;
        let unit = unit_of(train.targets, train.rows);
        let graph = Head::Linear.graph(
            train.values.features(),
            &standardisation,
            train.targets.outputs(),
            output_name(train.targets),
        )?;
        let class_weights = linear.is_balanced.then(|| balanced(&train.targets.counts(train.rows)));
        Ok(Problem { train, graph, standardisation, unit, class_weights })
    }

    fn solve(&self, parameters: &Parameters, decay: f64, limits: Limits, stop: Stop<'_>) -> Result<(), TrainError> {
        let (targets, class_weights) = (self.train.targets, self.class_weights.as_deref());
        let objective = Objective { targets, class_weights, unit: &self.unit, decay };
        let plain = unscaled();
        solve(
            &self.graph,
            parameters,
            Inputs { values: self.train.values, scaling: &plain },
            &objective,
            self.train.rows,
            limits,
            stop,
        )
    }

    /// Mean loss per row without the penalty: cross-entropy in nats, or the mean squared error.
    fn loss(&self, parameters: &Parameters, evaluated: LabelledRows<'_>) -> Result<f64, TrainError> {
        let plain = unscaled();
        let LabelledRows { values, targets, rows } = evaluated;
        let outputs = outputs(&self.graph, parameters, Inputs { values, scaling: &plain }, rows)?;
        let metrics = compute_metrics(&outputs, targets, rows, &self.unit);
        Ok(match targets {
            Targets::Classes { .. } => metrics.get("log_loss").copied().unwrap_or(f64::NAN),
            Targets::Numbers(_) => metrics.get(LOSS).copied().unwrap_or(f64::NAN),
        })
    }
}

/// Name of the output that the loss of a head takes.
pub(crate) fn output_name(targets: &Targets) -> &'static str {
    match targets {
        Targets::Classes { .. } => "logits",
        Targets::Numbers(_) => "prediction",
    }
}

/// Mean and standard deviation of the codes of these rows.
pub(crate) fn standardisation(per: ScalePer, codes: &Values, rows: &[usize]) -> Result<Scaling, TrainError> {
    let shape = vec![codes.features()];
    let sample = Sample {
        shape,
        dtype: SampleType::F32,
        range: (0.0, 1.0),
        columns: None,
        fill: None,
        kind: narrows_bundle::SampleKind::default(),
        windows: None,
        table: None,
    };
    Ok(ScalingRule::Standard(per).scaling(&sample, codes, rows)?)
}

/// Mean and standard deviation of each target of a regression; the identity for classes.
pub(crate) fn unit_of(targets: &Targets, rows: &[usize]) -> Scaling {
    let Targets::Numbers(numbers) = targets else { return unscaled() };
    let unit = |target: usize| {
        let chosen = rows.iter().filter_map(|&row| numbers.row(row).get(target)).map(|&number| f64::from(number));
        let chosen: Vec<f64> = chosen.collect();
        let mean = chosen.iter().sum::<f64>() / chosen.len().max(1) as f64;
        let deviation =
            (chosen.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / chosen.len().max(1) as f64).sqrt();
        let scale = if deviation > 1e-7 * mean.abs() && deviation > 0.0 { deviation } else { 1.0 };
        (mean as f32, scale as f32)
    };
    let (offset, scale) = (0..numbers.names().len()).map(unit).unzip();
    Scaling { offset, scale }
}
