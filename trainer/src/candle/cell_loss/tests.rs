//! Tests of the errors of cells: their values, their gradients, and what does not count.

use candle_core::{Device, Tensor, Var};

use super::*;
use crate::numeric::{CellDistribution, CellTerm, CellUnit, LogRate, example::on_one_and_three_threads, ln_gamma};

const RATE: LogRate = LogRate { mean: 1.2, deviation: 0.7 };

/// One cell of every distribution, in another order than their logits.
fn errors(unit: CellUnit) -> CellErrors {
    let term = |cell, logit, distribution, weight| CellTerm { cell, logit, distribution, weight };
    let terms = vec![
        term(2, 0, CellDistribution::Gaussian, 1.0),
        term(0, 1, CellDistribution::StudentT { degrees: 4.0 }, 0.5),
        term(4, 2, CellDistribution::Poisson(RATE), 2.0),
        term(1, 3, CellDistribution::NegativeBinomial(RATE), 1.5),
        term(3, 4, CellDistribution::Categorical { levels: 3 }, 0.7),
        term(5, 7, CellDistribution::Categorical { levels: 2 }, 1.0),
    ];
    CellErrors { terms, unit }
}

fn tensor(values: Vec<f32>, columns: usize) -> Tensor {
    Tensor::from_vec(values.clone(), (values.len() / columns, columns), &Device::Cpu).expect("whole rows")
}

/// Logits, targets with missing values and unseen levels, and parameters, for some rows.
fn inputs(rows: usize) -> [Tensor; 3] {
    let logits = (0..rows * 9).map(|index| (index as f32 * 0.83).sin() * 2.0).collect();
    let target = |(row, cell): (usize, usize)| match cell {
        _ if (row + cell) % 7 == 3 => f32::NAN,
        0 | 2 => ((row * 3 + cell) as f32 * 1.1).cos() * 3.0,
        1 | 4 => ((row * 5 + cell) % 12) as f32,
        3 => (row % 4) as f32,
        _ => (1 + row % 2) as f32,
    };
    let targets = (0..rows).flat_map(|row| (0..6).map(move |cell| (row, cell))).map(target).collect();
    let parameters = Tensor::new(&[-0.4f32, -0.9, 0.6, 0.0, 0.0, 0.0], &Device::Cpu).expect("small");
    [tensor(logits, 9), tensor(targets, 6), parameters]
}

/// The loss and its gradients with respect to the logits and the parameters.
fn evaluated(kernels: Kernels, unit: CellUnit, reduction: Reduction, rows: usize) -> [Vec<f32>; 3] {
    let [logits, targets, parameters] = inputs(rows);
    let (logits, parameters) =
        (Var::from_tensor(&logits).expect("small"), Var::from_tensor(&parameters).expect("small"));
    let loss = cell_loss(kernels, &errors(unit), &logits, &targets, &parameters, reduction).expect("matching shapes");
    let weights: Vec<f32> = (0..loss.elem_count()).map(|index| (index as f32 * 0.7).cos() + 1.5).collect();
    let weights = Tensor::from_vec(weights, loss.shape(), &Device::Cpu).expect("one weight per row");
    let objective = (&loss * weights).and_then(|weighted| weighted.sum_all()).expect("equal shapes");
    let gradients = objective.backward().expect("a scalar");
    let values = |tensor: &Tensor| tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>()).expect("floats");
    let gradient = |variable: &Var| gradients.get(variable).map_or_else(Vec::new, values);
    [values(&loss), gradient(&logits), gradient(&parameters)]
}

#[test]
fn the_fused_loss_and_its_gradients_are_those_of_the_composed_one() {
    for unit in [CellUnit::Nats, CellUnit::Errors] {
        for reduction in [Reduction::Mean, Reduction::Rows] {
            let fused = evaluated(Kernels::Fused, unit, reduction, 23);
            let composed = evaluated(Kernels::Composed, unit, reduction, 23);
            for (name, (fused, composed)) in
                ["loss", "logits", "parameters"].into_iter().zip(fused.iter().zip(&composed))
            {
                assert!(fused.len() == composed.len() || composed.is_empty(), "{name}");
                for (index, (fused, composed)) in fused.iter().zip(composed).enumerate() {
                    let error = (fused - composed).abs();
                    assert!(
                        error <= 2e-5 * composed.abs().max(1.0),
                        "{unit:?} {reduction:?} {name}[{index}]: {fused} and {composed}"
                    );
                }
            }
        }
    }
}

#[test]
fn gradients_match_finite_differences() {
    let rows = 9;
    for unit in [CellUnit::Nats, CellUnit::Errors] {
        let [logits, targets, parameters] = inputs(rows);
        let values = |tensor: &Tensor| tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>()).expect("floats");
        // In 64 bits, from the composed operations.
        let loss = |logits: Vec<f64>, parameters: Vec<f64>| -> f64 {
            let logits = Tensor::from_vec(logits, (rows, 9), &Device::Cpu).expect("small");
            let parameters = Tensor::from_vec(parameters, 6, &Device::Cpu).expect("small");
            let loss = composed::cell_loss_composed(&errors(unit), &logits, &targets, &parameters, Reduction::Rows);
            loss.and_then(|loss| loss.to_vec1::<f32>()).expect("floats").into_iter().map(f64::from).sum()
        };
        let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
        let (flat, logs) = (wide(&values(&logits)), wide(&values(&parameters)));
        let logits_variable = Var::from_tensor(&logits).expect("small");
        let parameters_variable = Var::from_tensor(&parameters).expect("small");
        let fused =
            cell_loss(Kernels::Fused, &errors(unit), &logits_variable, &targets, &parameters_variable, Reduction::Rows);
        let gradients = fused.and_then(|rows| rows.sum_all()).and_then(|sum| sum.backward()).expect("a scalar");
        // The loss is rounded to 32 bits, so the step is large: both errors are below 1e-3 of the larger gradients.
        let step = 1e-2;
        let check = |name: &str, variable: &Var, count: usize, at: &dyn Fn(usize, f64) -> f64| {
            let gradient = values(gradients.get(variable).expect("a gradient"));
            for (index, actual) in gradient.into_iter().enumerate().take(count) {
                let slope = (at(index, step) - at(index, -step)) / (2.0 * step);
                let error = (f64::from(actual) - slope).abs();
                assert!(error <= 2e-3 * slope.abs().max(1.0), "{unit:?} {name}[{index}]: {actual}, expected {slope}");
            }
        };
        let moved = |values: &[f64], index: usize, by: f64| {
            let mut values = values.to_vec();
            values[index] += by;
            values
        };
        check("logits", &logits_variable, flat.len(), &|index, by| loss(moved(&flat, index, by), logs.clone()));
        if unit == CellUnit::Nats {
            check("parameters", &parameters_variable, 6, &|index, by| loss(flat.clone(), moved(&logs, index, by)));
        }
    }
}

/// The error of a single cell, without its weight.
fn error(unit: CellUnit, distribution: CellDistribution, logits: &[f32], target: f32, parameter: f32) -> f64 {
    let terms = vec![CellTerm { cell: 0, logit: 0, distribution, weight: 1.0 }];
    let (mut residual, mut slopes) = (vec![0.0; logits.len()], [0.0]);
    CellErrors { terms, unit }.of_row((logits, &[target], &[parameter]), 1.0, &mut residual, &mut slopes, |_, _| {})
}

#[test]
fn errors_are_the_negative_logarithms_of_probabilities() {
    let probability = |distribution, logit: f32, count: u32, parameter: f32| {
        (-error(CellUnit::Nats, distribution, &[logit], count as f32, parameter)).exp()
    };
    for (distribution, parameter) in
        [(CellDistribution::Poisson(RATE), 0.0), (CellDistribution::NegativeBinomial(RATE), -0.5)]
    {
        let counts: Vec<f64> = (0..400).map(|count| probability(distribution, 0.3, count, parameter)).collect();
        let sum: f64 = counts.iter().sum();
        assert!((sum - 1.0).abs() < 1e-5, "{distribution:?}: probabilities sum to {sum}");
        let mean: f64 = counts.iter().enumerate().map(|(count, probability)| count as f64 * probability).sum();
        let expected = f64::from(RATE.mean + RATE.deviation * 0.3).exp();
        assert!((mean / expected - 1.0).abs() < 1e-4, "{distribution:?}: mean {mean}, expected {expected}");
        let square: f64 = counts.iter().enumerate().map(|(count, of)| (count as f64 - mean).powi(2) * of).sum();
        let dispersion = match distribution {
            CellDistribution::NegativeBinomial(_) => f64::from(parameter).exp(),
            _ => 0.0,
        };
        let variance = expected + dispersion * expected * expected;
        assert!((square / variance - 1.0).abs() < 1e-3, "{distribution:?}: variance {square}, expected {variance}");
    }
    for distribution in [CellDistribution::Gaussian, CellDistribution::StudentT { degrees: 4.0 }] {
        // The trapezoidal rule; beyond 2000 the density of the heavier tails has a mass of 1e-11.
        let step = 1e-2;
        let points = (-200_000..=200_000).map(|index| f64::from(index) * step);
        let sum: f64 =
            points.map(|x| (-error(CellUnit::Nats, distribution, &[0.7], x as f32, -0.6)).exp() * step).sum();
        assert!((sum - 1.0).abs() < 1e-4, "{distribution:?}: a mass of {sum}");
    }
    let categorical = CellDistribution::Categorical { levels: 2 };
    assert!((error(CellUnit::Nats, categorical, &[0.0, 3f32.ln()], 2.0, 0.0) - (4f64 / 3.0).ln()).abs() < 1e-6);
}

#[test]
fn a_deviance_is_0_at_the_mean_and_twice_the_difference_of_log_likelihoods() {
    for (distribution, parameter) in
        [(CellDistribution::Poisson(RATE), 0.0), (CellDistribution::NegativeBinomial(RATE), -0.5)]
    {
        let logit = |mean: f32| (mean.ln() - RATE.mean) / RATE.deviation;
        assert!(error(CellUnit::Errors, distribution, &[logit(6.0)], 6.0, parameter).abs() < 1e-5);
        let nats = |mean: f32| error(CellUnit::Nats, distribution, &[logit(mean)], 6.0, parameter);
        let deviance = error(CellUnit::Errors, distribution, &[logit(2.5)], 6.0, parameter);
        assert!((deviance - 2.0 * (nats(2.5) - nats(6.0))).abs() < 1e-5, "{distribution:?}");
    }
    // ln 3! = ln 6.
    assert!((ln_gamma(4.0) - 6f64.ln()).abs() < 1e-12);
}

#[test]
fn missing_values_and_unseen_levels_have_no_loss_and_no_gradient() {
    let count = CellDistribution::Poisson(RATE);
    for (distribution, logits, target) in [
        (CellDistribution::Gaussian, vec![9.0], f32::NAN),
        (count, vec![1.0], f32::NAN),
        (CellDistribution::Categorical { levels: 3 }, vec![1.0, 2.0, 3.0], f32::NAN),
        (CellDistribution::Categorical { levels: 3 }, vec![1.0, 2.0, 3.0], 0.0),
    ] {
        let terms = vec![CellTerm { cell: 0, logit: 0, distribution, weight: 1.0 }];
        let (mut residual, mut slopes) = (vec![7.0; logits.len()], [7.0]);
        let errors = CellErrors { terms, unit: CellUnit::Nats };
        let loss = errors.of_row((&logits, &[target], &[0.0]), 1.0, &mut residual, &mut slopes, |_, _| {
            unreachable!("nothing is there")
        });
        assert_eq!((loss, slopes), (0.0, [0.0]), "{distribution:?}");
        assert!(residual.iter().all(|&derivative| derivative == 0.0), "{distribution:?}");
    }
}

#[test]
fn extreme_logits_have_finite_errors_and_gradients() {
    for unit in [CellUnit::Nats, CellUnit::Errors] {
        for distribution in [CellDistribution::Poisson(RATE), CellDistribution::NegativeBinomial(RATE)] {
            for logit in [-1e30f32, 1e30] {
                assert!(error(unit, distribution, &[logit], 1e6, 0.0).is_finite(), "{distribution:?} at {logit}");
            }
        }
        let categorical = CellDistribution::Categorical { levels: 2 };
        assert_eq!(error(unit, categorical, &[-1e30, 1e30], 2.0, 0.0), 0.0);
        assert!(error(unit, categorical, &[-1e30, 1e30], 1.0, 0.0).is_finite());
    }
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_cores() {
    let (one, three) = on_one_and_three_threads(|| evaluated(Kernels::Fused, CellUnit::Nats, Reduction::Mean, 20_000));
    assert!(one == three);
}
