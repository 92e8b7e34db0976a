//! A linear head on codes, with the weight decay that does best on rows held out.

use candle_core::Device;
use narrows_bundle::{Sample, SampleType, Scaling};
use narrows_data::Values;

use super::{
    Head, Targets,
    figures::answers,
    lbfgs::Limits,
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

/// The decays that are tried, from strong to weak: each begins where the one before ended.
const DECAYS: [f64; 7] = [1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6];

/// Parts of the labelled rows that are held out in turn, up to so many rows; beyond, the first part says enough.
const PARTS: usize = 5;
const FEW: usize = 2000;

/// What a linear head is fitted by.
#[derive(Clone, Copy)]
pub(crate) struct Linear<'a> {
    pub(crate) standardise: ScalePer,
    pub(crate) is_balanced: bool,
    /// Chosen where it is open.
    pub(crate) decay: Option<f64>,
    pub(crate) seed: u64,
    pub(crate) stop: Stop<'a>,
}

/// A head that was fitted.
#[derive(Debug, Clone)]
pub(crate) struct FittedHead {
    /// Codes to logits, or to numbers in `unit`.
    pub(crate) graph: Graph,
    pub(crate) weights: Weights,
    /// Mean and deviation of the codes.
    pub(crate) standardisation: Scaling,
    /// Those of the numbers of a regression.
    pub(crate) unit: Scaling,
    pub(crate) decay: f64,
    /// The decays that were tried, each with the loss on the rows held out.
    pub(crate) trials: Vec<(f64, f64)>,
}

impl Linear<'_> {
    /// Chooses, then fits all of `known`. `valid` is chosen by, where there is some; else parts of `known` are held
    /// out in turn, and where no row can be spared the decay is one over the rows.
    ///
    /// # Errors
    /// Those of Candle, and of reading from disk.
    pub(crate) fn fit(
        &self,
        known: LabelledRows<'_>,
        valid: Option<LabelledRows<'_>>,
        tell: &mut dyn FnMut(f64, f64),
    ) -> Result<FittedHead, TrainError> {
        let trials = match self.decay {
            Some(_) => Vec::new(),
            None => self.tried(known, valid, tell)?,
        };
        let best = trials.iter().min_by(|one, other| one.1.total_cmp(&other.1)).map(|(decay, _)| *decay);
        let decay = self.decay.or(best).unwrap_or(1.0 / known.rows.len().max(1) as f64);
        let problem = Problem::of(self, known)?;
        let parameters = Parameters::from_weights(&zeros(&problem.graph), &Device::Cpu)?;
        problem.solve(&parameters, decay, PRECISE, self.stop)?;
        let weights = parameters.to_weights()?;
        let Problem { graph, standardisation, unit, .. } = problem;
        Ok(FittedHead { graph, weights, standardisation, unit, decay, trials })
    }

    /// The loss of every decay on rows that were not learned from.
    fn tried(
        &self,
        known: LabelledRows<'_>,
        valid: Option<LabelledRows<'_>>,
        tell: &mut dyn FnMut(f64, f64),
    ) -> Result<Vec<(f64, f64)>, TrainError> {
        let parts = if known.rows.len() < FEW { PARTS } else { 1 };
        let held_out: Vec<Vec<usize>> = match valid {
            Some(_) => vec![Vec::new()],
            None => known.targets.dealt(known.rows, PARTS, self.seed).into_iter().take(parts).collect(),
        };
        let learned = |held_out: &Vec<usize>| -> Vec<usize> {
            known.rows.iter().copied().filter(|row| held_out.binary_search(row).is_err()).collect()
        };
        let learned: Vec<Vec<usize>> = held_out.iter().map(learned).collect();
        let mut trials = Vec::new();
        let problems = learned.iter().map(|rows| {
            let problem = Problem::of(self, LabelledRows { rows, ..known })?;
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
                let judged = valid.unwrap_or(LabelledRows { rows, ..known });
                sum += problem.loss(parameters, judged)? * judged.rows.len() as f64;
                count += judged.rows.len();
            }
            let loss = sum / count.max(1) as f64;
            tell(decay, loss);
            trials.push((decay, loss));
            if has_turned(&trials) {
                break;
            }
        }
        Ok(trials)
    }
}

/// Whether the last two were worse than one before: the loss has one valley.
fn has_turned(trials: &[(f64, f64)]) -> bool {
    let best = trials.iter().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min);
    trials.len() > 2 && trials.iter().rev().take(2).all(|(_, loss)| *loss > best)
}

/// Rows to learn from, with the head and the units that they call for.
struct Problem<'a> {
    known: LabelledRows<'a>,
    graph: Graph,
    standardisation: Scaling,
    unit: Scaling,
    class_weights: Option<Vec<f32>>,
}

impl<'a> Problem<'a> {
    fn of(linear: &Linear<'_>, known: LabelledRows<'a>) -> Result<Self, TrainError> {
        let standardisation = standardisation(linear.standardise, known.values, known.rows)?;
        let unit = unit_of(known.targets, known.rows);
        let graph = Head::Linear.graph(
            known.values.features(),
            &standardisation,
            known.targets.outputs(),
            output_name(known.targets),
        )?;
        let class_weights = linear.is_balanced.then(|| balanced(&known.targets.counts(known.rows)));
        Ok(Problem { known, graph, standardisation, unit, class_weights })
    }

    fn solve(&self, parameters: &Parameters, decay: f64, limits: Limits, stop: Stop<'_>) -> Result<(), TrainError> {
        let (targets, class_weights) = (self.known.targets, self.class_weights.as_deref());
        let objective = Objective { targets, class_weights, unit: &self.unit, decay };
        let plain = unscaled();
        solve(
            &self.graph,
            parameters,
            Inputs { values: self.known.values, scaling: &plain },
            &objective,
            self.known.rows,
            limits,
            stop,
        )
    }

    /// The mean loss of a row without any penalty: nats, or squared error over that of the mean.
    fn loss(&self, parameters: &Parameters, judged: LabelledRows<'_>) -> Result<f64, TrainError> {
        let plain = unscaled();
        let told = outputs(&self.graph, parameters, Inputs { values: judged.values, scaling: &plain }, judged.rows)?;
        let figures = answers(&told, judged.targets, judged.rows, &self.unit);
        Ok(match judged.targets {
            Targets::Classes { .. } => figures.get("log_loss").copied().unwrap_or(f64::NAN),
            Targets::Numbers(_) => figures.get("rmse").copied().unwrap_or(f64::NAN).powi(2),
        })
    }
}

/// The name of the outputs that a head is trained by.
pub(crate) fn output_name(targets: &Targets) -> &'static str {
    match targets {
        Targets::Classes { .. } => "logits",
        Targets::Numbers(_) => "prediction",
    }
}

/// Mean and deviation of the codes of these rows.
pub(crate) fn standardisation(per: ScalePer, codes: &Values, rows: &[usize]) -> Result<Scaling, TrainError> {
    let shape = vec![codes.features()];
    let sample = Sample { shape, dtype: SampleType::F32, range: (0.0, 1.0), columns: None, fill: None };
    Ok(ScalingRule::Standard(per).scaling(&sample, codes, rows)?)
}

/// Mean and deviation of the numbers of a regression; nothing of classes.
pub(crate) fn unit_of(targets: &Targets, rows: &[usize]) -> Scaling {
    let Targets::Numbers(numbers) = targets else { return unscaled() };
    let chosen: Vec<f64> = rows.iter().map(|&row| f64::from(numbers[row])).collect();
    let mean = chosen.iter().sum::<f64>() / chosen.len().max(1) as f64;
    let deviation =
        (chosen.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / chosen.len().max(1) as f64).sqrt();
    let scale = if deviation > 1e-7 * mean.abs() && deviation > 0.0 { deviation } else { 1.0 };
    Scaling { offset: vec![mean as f32], scale: vec![scale as f32] }
}
