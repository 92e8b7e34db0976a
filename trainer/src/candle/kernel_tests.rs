//! Tests of all fused kernels: they have the values and gradients of the composed function, gradients that match finite
//! differences of the formula, the same bits with any number of cores, and a defined result for every input.

use candle_core::{Device, Result, Tensor, Var};
use narrows_bundle::Link;

use super::{
    Kernels, bernoulli_loss, bernoulli_rows, kl_divergence, reparameterise, squared_error, squared_error_rows,
};
use crate::numeric::example::{noise, on_one_and_three_threads};

/// A kernel to test. All inputs have the shape `[rows, features]`.
struct Case {
    name: &'static str,
    /// Calls the kernel with `inputs` inputs.
    run: fn(Kernels, &[Tensor]) -> Result<Tensor>,
    /// Number of inputs.
    inputs: usize,
    /// Number of inputs with a gradient; these come first.
    tracked: usize,
    /// Formula for one element of each input, before reduction.
    point: fn(&[f64]) -> f64,
    reduction: TestReduction,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum TestReduction {
    /// Summed over features and averaged over rows.
    Batch,
    /// Summed over features.
    Row,
    /// No reduction.
    None,
}

impl TestReduction {
    /// Returns the weight of an element of the result in the objective. The weights differ, so that exchanged
    /// elements are detected. The weight of a scalar is 1.
    fn weight(self, index: usize) -> f64 {
        if self == TestReduction::Batch { 1.0 } else { (index as f64 * 0.7).cos() }
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn nats(point: &[f64]) -> f64 {
    point[0].max(0.0) - point[0] * point[1] + (-point[0].abs()).exp().ln_1p()
}

const CASES: [Case; 8] = [
    Case {
        name: "bernoulli loss",
        run: |kernels, x| bernoulli_loss(kernels, &x[0], &x[1]),
        inputs: 2,
        tracked: 1,
        point: nats,
        reduction: TestReduction::Batch,
    },
    Case {
        name: "bernoulli rows",
        run: |kernels, x| bernoulli_rows(kernels, &x[0], &x[1]),
        inputs: 2,
        tracked: 1,
        point: nats,
        reduction: TestReduction::Row,
    },
    Case {
        name: "squared error",
        run: |kernels, x| squared_error(kernels, Link::Identity, &x[0], &x[1]),
        inputs: 2,
        tracked: 1,
        point: |point| (point[0] - point[1]).powi(2),
        reduction: TestReduction::Batch,
    },
    Case {
        name: "squared error of a sigmoid",
        run: |kernels, x| squared_error(kernels, Link::Sigmoid, &x[0], &x[1]),
        inputs: 2,
        tracked: 1,
        point: |point| (sigmoid(point[0]) - point[1]).powi(2),
        reduction: TestReduction::Batch,
    },
    Case {
        name: "squared error rows",
        run: |kernels, x| squared_error_rows(kernels, Link::Identity, &x[0], &x[1]),
        inputs: 2,
        tracked: 1,
        point: |point| (point[0] - point[1]).powi(2),
        reduction: TestReduction::Row,
    },
    Case {
        name: "squared error rows of a sigmoid",
        run: |kernels, x| squared_error_rows(kernels, Link::Sigmoid, &x[0], &x[1]),
        inputs: 2,
        tracked: 1,
        point: |point| (sigmoid(point[0]) - point[1]).powi(2),
        reduction: TestReduction::Row,
    },
    Case {
        name: "KL divergence",
        run: |kernels, x| kl_divergence(kernels, &x[0], &x[1]),
        inputs: 2,
        tracked: 2,
        point: |point| 0.5 * (point[0] * point[0] + point[1].exp() - point[1] - 1.0),
        reduction: TestReduction::Batch,
    },
    Case {
        name: "reparameterisation",
        run: |kernels, x| reparameterise(kernels, &x[0], &x[1], &x[2]),
        inputs: 3,
        tracked: 2,
        point: |point| point[0] + (0.5 * point[1]).exp() * point[2],
        reduction: TestReduction::None,
    },
];

/// The values of a kernel, and the gradients of the objective by input.
struct Evaluation {
    values: Vec<f32>,
    gradients: Vec<Vec<f32>>,
}

impl Case {
    /// Returns pseudo-random inputs: the first one in (-4, 4), the others in (0, 1).
    fn random_inputs(&self, count: usize) -> Vec<Vec<f32>> {
        let small = |input: u32| noise(count, input).iter().map(|value| 0.5 + 0.5 * value).collect();
        let first = noise(count, 0).iter().map(|value| 4.0 * value).collect();
        std::iter::once(first).chain((1..self.inputs as u32).map(small)).collect()
    }

    /// Returns the variables and the result of the kernel, for inputs with `rows` rows.
    fn result(&self, kernels: Kernels, inputs: &[Vec<f32>], rows: usize) -> Result<(Vec<Var>, Tensor)> {
        let shape = (rows, inputs[0].len() / rows.max(1));
        let variables = inputs.iter().map(|inputs| Var::from_vec(inputs.clone(), shape, &Device::Cpu));
        let variables = variables.collect::<Result<Vec<_>>>()?;
        let inputs = variables.iter().enumerate().map(|(index, variable)| {
            if index < self.tracked { variable.as_tensor().clone() } else { variable.as_detached_tensor() }
        });
        let result = (self.run)(kernels, &inputs.collect::<Vec<_>>())?;
        Ok((variables, result))
    }

    fn evaluate(&self, kernels: Kernels, inputs: &[Vec<f32>], rows: usize) -> Result<Evaluation> {
        let (variables, result) = self.result(kernels, inputs, rows)?;
        let weights = (0..result.elem_count()).map(|index| self.reduction.weight(index) as f32).collect();
        // A scalar is differentiated directly, like a loss.
        let objective = match self.reduction {
            TestReduction::Batch => result.clone(),
            TestReduction::Row | TestReduction::None => {
                (&result * Tensor::from_vec::<_, f32>(weights, result.shape(), &Device::Cpu)?)?.sum_all()?
            }
        };
        let gradients = objective.backward()?;
        let of = |variable: &Var| match gradients.get(variable) {
            Some(gradient) => gradient.flatten_all()?.to_vec1(),
            None => candle_core::bail!("no gradient"),
        };
        let gradients = variables.iter().take(self.tracked).map(of).collect::<Result<_>>()?;
        Ok(Evaluation { values: result.flatten_all()?.to_vec1()?, gradients })
    }

    /// Returns the same objective, computed from the formula in 64 bits.
    fn exact(&self, inputs: &[Vec<f64>], rows: usize) -> f64 {
        let features = inputs[0].len() / rows;
        let weighted = |index: usize| {
            let point: Vec<f64> = inputs.iter().map(|inputs| inputs[index]).collect();
            let weight = match self.reduction {
                TestReduction::Batch => 1.0 / rows as f64,
                TestReduction::Row => self.reduction.weight(index / features),
                TestReduction::None => self.reduction.weight(index),
            };
            weight * (self.point)(&point)
        };
        (0..inputs[0].len()).map(weighted).sum()
    }
}

#[test]
fn values_and_gradients_match_the_composed_function() {
    // The last shape is split into several work items, and its rows into several blocks.
    for (rows, features) in [(1, 1), (3, 17), (130, 300)] {
        for case in &CASES {
            let inputs = case.random_inputs(rows * features);
            let all = |kernels| {
                let Evaluation { values, gradients } = case.evaluate(kernels, &inputs, rows).expect("equal shapes");
                std::iter::once(values).chain(gradients).flatten().collect::<Vec<_>>()
            };
            let composed = all(Kernels::Composed);
            for kernels in [Kernels::Fused, Kernels::FusedOnDevice] {
                let fused = all(kernels);
                assert_eq!(fused.len(), composed.len(), "{}", case.name);
                for (fused, composed) in fused.into_iter().zip(&composed) {
                    // Sums of hundreds of 32-bit floats are not more accurate.
                    let tolerance = 1e-5 * composed.abs().max(1.0);
                    assert!(
                        (fused - composed).abs() < tolerance,
                        "{}: {kernels:?} {fused}, composed {composed}",
                        case.name
                    );
                }
            }
        }
    }
}

#[test]
fn gradients_match_finite_differences_of_the_formula() {
    let (rows, features) = (3, 5);
    for case in &CASES {
        let inputs = case.random_inputs(rows * features);
        let actual = case.evaluate(Kernels::Fused, &inputs, rows).expect("equal shapes");
        let wide: Vec<Vec<f64>> =
            inputs.iter().map(|inputs| inputs.iter().map(|&number| f64::from(number)).collect()).collect();
        for (input, gradient) in actual.gradients.iter().enumerate() {
            for (index, &actual) in gradient.iter().enumerate() {
                let objective = |step: f64| {
                    let mut wide = wide.clone();
                    wide[input][index] += step;
                    case.exact(&wide, rows)
                };
                let slope = (objective(1e-5) - objective(-1e-5)) / 2e-5;
                // A few rounding errors of 32-bit numbers up to 10.
                assert!((f64::from(actual) - slope).abs() < 2e-6, "{}: {actual}, expected {slope}", case.name);
            }
        }
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for case in &CASES {
        let inputs = case.random_inputs(130 * 500);
        let (one, three) = on_one_and_three_threads(|| {
            let actual = case.evaluate(Kernels::Fused, &inputs, 130).expect("equal shapes");
            (actual.values, actual.gradients)
        });
        assert!(one == three, "{}", case.name);
    }
}

#[test]
fn the_loss_of_an_empty_batch_is_zero() {
    for case in &CASES {
        let inputs = vec![Vec::new(); case.inputs];
        let actual = case.evaluate(Kernels::Fused, &inputs, 0).expect("equal shapes");
        let expected: &[f32] = if case.reduction == TestReduction::Batch { &[0.0] } else { &[] };
        assert_eq!(actual.values, expected, "{}", case.name);
        assert!(actual.gradients.iter().all(Vec::is_empty), "{}", case.name);
    }
}

#[test]
fn backward_can_run_twice_and_with_any_factor() {
    for case in CASES.iter().filter(|case| case.reduction == TestReduction::Batch) {
        let (variables, result) = case.result(Kernels::Fused, &case.random_inputs(6), 2).expect("equal shapes");
        let gradient = |objective: &Tensor| -> Result<Vec<f32>> {
            let gradients = objective.backward()?;
            gradients.get(&variables[0]).map_or(Ok(Vec::new()), |gradient| gradient.flatten_all()?.to_vec1())
        };
        let once = gradient(&result).expect("a scalar");
        let quarter = (&result * 0.25).and_then(|quarter| gradient(&quarter)).expect("a scalar");
        assert_eq!(once.len(), 6, "{}", case.name);
        assert_eq!(gradient(&result).expect("a scalar"), once, "{}", case.name);
        assert_eq!(quarter, once.iter().map(|value| 0.25 * value).collect::<Vec<_>>(), "{}", case.name);
    }
}

#[test]
fn saturated_logits_have_a_finite_loss_and_nan_is_propagated() {
    let loss = |case: &Case, logits: [f32; 4]| {
        let actual = case.evaluate(Kernels::Fused, &[logits.to_vec(), vec![0.25; 4]], 2).expect("equal shapes");
        (actual.values.iter().sum::<f32>(), actual.gradients.concat())
    };
    let losses = || CASES.iter().filter(|case| case.inputs == 2);
    for case in losses().filter(|case| case.tracked == 1) {
        let logits = [1e4, -1e4, 88.0, -120.0];
        let (actual, gradient) = loss(case, logits);
        let sum: f64 = logits.iter().map(|&logit| (case.point)(&[f64::from(logit), 0.25])).sum();
        let expected = if case.reduction == TestReduction::Batch { sum / 2.0 } else { sum };
        assert!((f64::from(actual) / expected - 1.0).abs() < 1e-6, "{}: {actual}, expected {expected}", case.name);
        assert!(gradient.iter().all(|value| value.is_finite()), "{}: {gradient:?}", case.name);
    }
    for case in losses() {
        assert!(loss(case, [f32::NAN, 0.0, 0.0, 0.0]).0.is_nan(), "{}", case.name);
        let (infinite, _) = loss(case, [f32::INFINITY, 0.0, f32::NEG_INFINITY, 0.0]);
        let has_sigmoid = case.name.ends_with("sigmoid");
        assert_eq!(infinite.is_finite(), has_sigmoid, "{}: {infinite}", case.name);
    }
}
