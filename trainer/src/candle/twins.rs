//! What every fused kernel owes: the values and gradients of its composed twin, the slopes of its formula,
//! the same bits on any number of cores, and an answer to every input.

use candle_core::{Device, Result, Tensor, Var};
use narrows_bundle::Link;

use super::{
    Kernels, bernoulli_loss, bernoulli_rows, kl_divergence, reparameterise, squared_error, squared_error_rows,
};
use crate::numeric::example::{noise, on_one_and_three_threads};

/// A kernel of inputs of one shape, `[rows, features]`.
struct Twin {
    name: &'static str,
    /// The kernel, which is given as many inputs as it takes.
    run: fn(Kernels, &[Tensor]) -> Result<Tensor>,
    /// How many inputs it takes, and how many of them have gradients.
    inputs: usize,
    tracked: usize,
    /// Its formula for one number of each input, before any sum.
    point: fn(&[f64]) -> f64,
    over: Over,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Over {
    /// Summed over features, averaged over rows.
    Batch,
    /// Summed over features.
    KernelInput,
    /// Not summed.
    Nothing,
}

impl Over {
    /// What a result of this shape weighs in an objective that tells its numbers apart; 1 for a scalar.
    fn weight(self, index: usize) -> f64 {
        if self == Over::Batch { 1.0 } else { (index as f64 * 0.7).cos() }
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn nats(point: &[f64]) -> f64 {
    point[0].max(0.0) - point[0] * point[1] + (-point[0].abs()).exp().ln_1p()
}

const TWINS: [Twin; 8] = [
    Twin {
        name: "bernoulli loss",
        run: |kernels, x| bernoulli_loss(kernels, &x[0], &x[1]),
        inputs: 2,
        tracked: 1,
        point: nats,
        over: Over::Batch,
    },
    Twin {
        name: "bernoulli rows",
        run: |kernels, x| bernoulli_rows(kernels, &x[0], &x[1]),
        inputs: 2,
        tracked: 1,
        point: nats,
        over: Over::KernelInput,
    },
    Twin {
        name: "squared error",
        run: |kernels, x| squared_error(kernels, Link::Identity, &x[0], &x[1]),
        inputs: 2,
        tracked: 1,
        point: |point| (point[0] - point[1]).powi(2),
        over: Over::Batch,
    },
    Twin {
        name: "squared error of a sigmoid",
        run: |kernels, x| squared_error(kernels, Link::Sigmoid, &x[0], &x[1]),
        inputs: 2,
        tracked: 1,
        point: |point| (sigmoid(point[0]) - point[1]).powi(2),
        over: Over::Batch,
    },
    Twin {
        name: "squared error rows",
        run: |kernels, x| squared_error_rows(kernels, Link::Identity, &x[0], &x[1]),
        inputs: 2,
        tracked: 1,
        point: |point| (point[0] - point[1]).powi(2),
        over: Over::KernelInput,
    },
    Twin {
        name: "squared error rows of a sigmoid",
        run: |kernels, x| squared_error_rows(kernels, Link::Sigmoid, &x[0], &x[1]),
        inputs: 2,
        tracked: 1,
        point: |point| (sigmoid(point[0]) - point[1]).powi(2),
        over: Over::KernelInput,
    },
    Twin {
        name: "divergence",
        run: |kernels, x| kl_divergence(kernels, &x[0], &x[1]),
        inputs: 2,
        tracked: 2,
        point: |point| 0.5 * (point[0] * point[0] + point[1].exp() - point[1] - 1.0),
        over: Over::Batch,
    },
    Twin {
        name: "reparameterisation",
        run: |kernels, x| reparameterise(kernels, &x[0], &x[1], &x[2]),
        inputs: 3,
        tracked: 2,
        point: |point| point[0] + (0.5 * point[1]).exp() * point[2],
        over: Over::Nothing,
    },
];

/// An objective and its gradients, by input.
struct Found {
    values: Vec<f32>,
    gradients: Vec<Vec<f32>>,
}

impl Twin {
    /// Inputs without a pattern: the first in (-4, 4), the others in (0, 1).
    fn numbers(&self, count: usize) -> Vec<Vec<f32>> {
        let small = |input: u32| noise(count, input).iter().map(|value| 0.5 + 0.5 * value).collect();
        let first = noise(count, 0).iter().map(|value| 4.0 * value).collect();
        std::iter::once(first).chain((1..self.inputs as u32).map(small)).collect()
    }

    /// The variables and the result, for inputs of `rows` rows.
    fn result(&self, kernels: Kernels, numbers: &[Vec<f32>], rows: usize) -> Result<(Vec<Var>, Tensor)> {
        let shape = (rows, numbers[0].len() / rows.max(1));
        let variables = numbers.iter().map(|numbers| Var::from_vec(numbers.clone(), shape, &Device::Cpu));
        let variables = variables.collect::<Result<Vec<_>>>()?;
        let inputs = variables.iter().enumerate().map(|(index, variable)| {
            if index < self.tracked { variable.as_tensor().clone() } else { variable.as_detached_tensor() }
        });
        let result = (self.run)(kernels, &inputs.collect::<Vec<_>>())?;
        Ok((variables, result))
    }

    fn found(&self, kernels: Kernels, numbers: &[Vec<f32>], rows: usize) -> Result<Found> {
        let (variables, result) = self.result(kernels, numbers, rows)?;
        let weights = (0..result.elem_count()).map(|index| self.over.weight(index) as f32).collect();
        // A scalar goes back as it is, as a loss does.
        let objective = match self.over {
            Over::Batch => result.clone(),
            Over::KernelInput | Over::Nothing => {
                (&result * Tensor::from_vec::<_, f32>(weights, result.shape(), &Device::Cpu)?)?.sum_all()?
            }
        };
        let gradients = objective.backward()?;
        let of = |variable: &Var| match gradients.get(variable) {
            Some(gradient) => gradient.flatten_all()?.to_vec1(),
            None => candle_core::bail!("no gradient"),
        };
        let gradients = variables.iter().take(self.tracked).map(of).collect::<Result<_>>()?;
        Ok(Found { values: result.flatten_all()?.to_vec1()?, gradients })
    }

    /// The same objective in 64 bits, by the formula.
    fn exact(&self, numbers: &[Vec<f64>], rows: usize) -> f64 {
        let features = numbers[0].len() / rows;
        let weighed = |index: usize| {
            let point: Vec<f64> = numbers.iter().map(|numbers| numbers[index]).collect();
            let weight = match self.over {
                Over::Batch => 1.0 / rows as f64,
                Over::KernelInput => self.over.weight(index / features),
                Over::Nothing => self.over.weight(index),
            };
            weight * (self.point)(&point)
        };
        (0..numbers[0].len()).map(weighed).sum()
    }
}

#[test]
fn values_and_gradients_are_those_of_the_composed_twin() {
    // The last shape is cut into several items, and its rows into several blocks.
    for (rows, features) in [(1, 1), (3, 17), (130, 300)] {
        for twin in &TWINS {
            let numbers = twin.numbers(rows * features);
            let [fused, composed] =
                Kernels::ALL.map(|kernels| twin.found(kernels, &numbers, rows).expect("equal shapes"));
            assert_eq!(fused.values.len(), composed.values.len(), "{}", twin.name);
            let all = |found: Found| std::iter::once(found.values).chain(found.gradients).flatten();
            for (fused, composed) in all(fused).zip(all(composed)) {
                // Of sums of hundreds, single floats keep no more.
                let tolerance = 1e-5 * composed.abs().max(1.0);
                assert!((fused - composed).abs() < tolerance, "{}: {fused} against {composed}", twin.name);
            }
        }
    }
}

#[test]
fn gradients_are_the_slopes_of_the_formula() {
    let (rows, features) = (3, 5);
    for twin in &TWINS {
        let numbers = twin.numbers(rows * features);
        let found = twin.found(Kernels::Fused, &numbers, rows).expect("equal shapes");
        let wide: Vec<Vec<f64>> =
            numbers.iter().map(|numbers| numbers.iter().map(|&number| f64::from(number)).collect()).collect();
        for (input, gradient) in found.gradients.iter().enumerate() {
            for (index, &found) in gradient.iter().enumerate() {
                let beside = |step: f64| {
                    let mut wide = wide.clone();
                    wide[input][index] += step;
                    twin.exact(&wide, rows)
                };
                let slope = (beside(1e-5) - beside(-1e-5)) / 2e-5;
                // A few roundings of 32-bit numbers up to 10.
                assert!((f64::from(found) - slope).abs() < 2e-6, "{}: {found} against {slope}", twin.name);
            }
        }
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    for twin in &TWINS {
        let numbers = twin.numbers(130 * 500);
        let (one, three) = on_one_and_three_threads(|| {
            let found = twin.found(Kernels::Fused, &numbers, 130).expect("equal shapes");
            (found.values, found.gradients)
        });
        assert!(one == three, "{}", twin.name);
    }
}

#[test]
fn an_empty_batch_costs_nothing() {
    for twin in &TWINS {
        let numbers = vec![Vec::new(); twin.inputs];
        let found = twin.found(Kernels::Fused, &numbers, 0).expect("equal shapes");
        let expected: &[f32] = if twin.over == Over::Batch { &[0.0] } else { &[] };
        assert_eq!(found.values, expected, "{}", twin.name);
        assert!(found.gradients.iter().all(Vec::is_empty), "{}", twin.name);
    }
}

#[test]
fn a_result_can_go_back_twice_and_by_any_factor() {
    for twin in TWINS.iter().filter(|twin| twin.over == Over::Batch) {
        let (variables, result) = twin.result(Kernels::Fused, &twin.numbers(6), 2).expect("equal shapes");
        let gradient = |objective: &Tensor| -> Result<Vec<f32>> {
            let gradients = objective.backward()?;
            gradients.get(&variables[0]).map_or(Ok(Vec::new()), |gradient| gradient.flatten_all()?.to_vec1())
        };
        let once = gradient(&result).expect("a scalar");
        let quarter = (&result * 0.25).and_then(|quarter| gradient(&quarter)).expect("a scalar");
        assert_eq!(once.len(), 6, "{}", twin.name);
        assert_eq!(gradient(&result).expect("a scalar"), once, "{}", twin.name);
        assert_eq!(quarter, once.iter().map(|value| 0.25 * value).collect::<Vec<_>>(), "{}", twin.name);
    }
}

#[test]
fn saturated_logits_cost_what_they_are_off_by_and_numbers_that_are_none_stay_so() {
    let loss = |twin: &Twin, logits: [f32; 4]| {
        let found = twin.found(Kernels::Fused, &[logits.to_vec(), vec![0.25; 4]], 2).expect("equal shapes");
        (found.values.iter().sum::<f32>(), found.gradients.concat())
    };
    let losses = || TWINS.iter().filter(|twin| twin.inputs == 2);
    for twin in losses().filter(|twin| twin.tracked == 1) {
        let logits = [1e4, -1e4, 88.0, -120.0];
        let (found, gradient) = loss(twin, logits);
        let sum: f64 = logits.iter().map(|&logit| (twin.point)(&[f64::from(logit), 0.25])).sum();
        let expected = if twin.over == Over::Batch { sum / 2.0 } else { sum };
        assert!((f64::from(found) / expected - 1.0).abs() < 1e-6, "{}: {found} against {expected}", twin.name);
        assert!(gradient.iter().all(|value| value.is_finite()), "{}: {gradient:?}", twin.name);
    }
    for twin in losses() {
        assert!(loss(twin, [f32::NAN, 0.0, 0.0, 0.0]).0.is_nan(), "{}", twin.name);
        let (infinite, _) = loss(twin, [f32::INFINITY, 0.0, f32::NEG_INFINITY, 0.0]);
        let sees_a_sigmoid = twin.name.ends_with("sigmoid");
        assert_eq!(infinite.is_finite(), sees_a_sigmoid, "{}: {infinite}", twin.name);
    }
}
