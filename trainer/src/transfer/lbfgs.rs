//! Minimises a smooth convex function by limited-memory BFGS (Nocedal and Wright, Numerical Optimization, 2006,
//! algorithms 7.4 and 7.5) with a backtracking line search: a step is halved until it satisfies the Armijo condition.

use std::collections::VecDeque;

/// Number of stored pairs of step and gradient change.
const MEMORY: usize = 10;

/// Constant of the Armijo condition: the fraction of the decrease predicted by the gradient that a step must reach.
const ARMIJO: f64 = 1e-4;

/// Largest number of halvings in the line search. After that, a decrease would be mere rounding.
const MAX_HALVINGS: usize = 30;

/// Number of steps between checks of the progress. A single step may be short, especially at the start.
const CHECK_INTERVAL: usize = 10;

/// Stopping criteria.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limits {
    /// Maximum number of steps.
    pub(super) steps: usize,
    /// Stop if no component of the gradient exceeds this.
    pub(super) gradient: f64,
    /// Stop if [`CHECK_INTERVAL`] steps together decrease the value by at most this fraction of it.
    pub(super) relative_decrease: f64,
}

/// Value and gradient of a function at a point.
pub(super) type Evaluated = (f64, Vec<f64>);

/// Moves `point` to the minimum, and returns the value there.
///
/// # Errors
/// The errors of `evaluate`.
pub(super) fn minimise<E>(
    point: &mut Vec<f64>,
    limits: Limits,
    mut evaluate: impl FnMut(&[f64]) -> Result<Evaluated, E>,
) -> Result<f64, E> {
    let (mut value, mut gradient) = evaluate(point)?;
    let mut memory: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    let mut last_checked = value;
    for step in 0..limits.steps {
        let is_check = step > 0 && step.is_multiple_of(CHECK_INTERVAL);
        let has_stalled = is_check && last_checked - value <= limits.relative_decrease * last_checked.abs();
        if is_check {
            last_checked = value;
        }
        if has_stalled || max_abs(&gradient) <= limits.gradient {
            break;
        }
        let direction = search_direction(&gradient, &memory);
        let directional_derivative = dot(&direction, &gradient);
        // Without curvature information, the first step has at most length 1.
        let mut size = if memory.is_empty() { (1.0 / norm(&gradient)).min(1.0) } else { 1.0 };
        let mut accepted = None;
        for _ in 0..MAX_HALVINGS {
            let next: Vec<f64> = point.iter().zip(&direction).map(|(x, d)| x + size * d).collect();
            let (next_value, next_gradient) = evaluate(&next)?;
            if next_value <= value + ARMIJO * size * directional_derivative {
                accepted = Some((next, next_value, next_gradient));
                break;
            }
            size /= 2.0;
        }
        let Some((next, next_value, next_gradient)) = accepted else { break };
        memory.truncate(MEMORY - 1);
        Pair::of(point, &next, &gradient, &next_gradient).into_iter().for_each(|pair| memory.push_front(pair));
        (*point, value, gradient) = (next, next_value, next_gradient);
    }
    Ok(value)
}

/// A step, the change of the gradient along it, and the inverse of their dot product.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    inverse: f64,
}

impl Pair {
    /// Returns `None` if the function is not convex along the step, which rounding can cause.
    fn of(from: &[f64], to: &[f64], before: &[f64], after: &[f64]) -> Option<Self> {
        let difference =
            |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one - other).collect::<Vec<_>>();
        let (step, change) = (difference(to, from), difference(after, before));
        let product = dot(&step, &change);
        (product > 1e-12 * norm(&step) * norm(&change)).then(|| Pair { step, change, inverse: 1.0 / product })
    }
}

/// Computes the search direction `-H g` by the two-loop recursion. The pairs, newest first, approximate the inverse
/// Hessian `H`.
fn search_direction(gradient: &[f64], memory: &VecDeque<Pair>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let mut alphas = Vec::with_capacity(memory.len());
    for pair in memory {
        let alpha = pair.inverse * dot(&pair.step, &direction);
        add(&mut direction, -alpha, &pair.change);
        alphas.push(alpha);
    }
    if let Some(newest) = memory.front() {
        let scale = 1.0 / (newest.inverse * dot(&newest.change, &newest.change));
        direction.iter_mut().for_each(|component| *component *= scale);
    }
    for (pair, alpha) in memory.iter().zip(alphas).rev() {
        let beta = pair.inverse * dot(&pair.change, &direction);
        add(&mut direction, alpha - beta, &pair.step);
    }
    direction
}

fn add(sum: &mut [f64], factor: f64, values: &[f64]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn norm(values: &[f64]) -> f64 {
    dot(values, values).sqrt()
}

fn max_abs(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const FINE: Limits = Limits { steps: 500, gradient: 1e-9, relative_decrease: 0.0 };

    fn minimum(start: &[f64], evaluate: impl Fn(&[f64]) -> Evaluated) -> Vec<f64> {
        let mut point = start.to_vec();
        let outcome: Result<f64, Infallible> = minimise(&mut point, FINE, |at| Ok(evaluate(at)));
        assert!(outcome.is_ok());
        point
    }

    #[test]
    fn ill_conditioned_quadratic_is_minimised() {
        // A quadratic with a condition number of 1000.
        let minimum = minimum(&[3.0, -4.0], |at| {
            let (x, y) = (at[0] - 1.0, at[1] - 2.0);
            (0.5 * (x * x + 1000.0 * y * y), vec![x, 1000.0 * y])
        });
        assert!((minimum[0] - 1.0).abs() < 1e-6 && (minimum[1] - 2.0).abs() < 1e-6, "{minimum:?}");
    }

    #[test]
    fn convex_function_that_is_not_quadratic_is_minimised() {
        // ln(1 + exp(x)) - 0.3 x has its minimum where the sigmoid is 0.3.
        let minimum = minimum(&[9.0], |at| {
            let sigmoid = 1.0 / (1.0 + (-at[0]).exp());
            (at[0].exp().ln_1p() - 0.3 * at[0], vec![sigmoid - 0.3])
        });
        assert!((minimum[0] - (0.3f64 / 0.7).ln()).abs() < 1e-6, "{minimum:?}");
    }

    #[test]
    fn rosenbrock_function_is_minimised_although_it_is_not_convex() {
        let minimum = minimum(&[-1.2, 1.0], |at| {
            let (a, b) = (1.0 - at[0], at[1] - at[0] * at[0]);
            (a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * at[0] * b, 200.0 * b])
        });
        assert!((minimum[0] - 1.0).abs() < 1e-5 && (minimum[1] - 1.0).abs() < 1e-5, "{minimum:?}");
    }
}
