//! The minimum of a smooth convex function: limited-memory BFGS (Nocedal and Wright, Numerical Optimization, 2006,
//! algorithms 7.4 and 7.5) with steps that are cut in half until they go down enough (Armijo).

use std::collections::VecDeque;

/// Pairs of steps and changes of the gradient that are remembered.
const MEMORY: usize = 10;

/// The share of the promised descent that a step has to keep.
const DESCENT: f64 = 1e-4;

/// Halvings of a step, after which nothing goes down any more but rounding.
const HALVINGS: usize = 30;

/// Steps whose progress is looked at together: single ones may be short, the first ones above all.
const STRETCH: usize = 10;

/// When to be content.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limits {
    /// Steps at most.
    pub(super) steps: usize,
    /// The largest slope that counts as none.
    pub(super) slope: f64,
    /// The share of the value that [`STRETCH`] steps together have to take off it; those that take less are the last.
    pub(super) progress: f64,
}

/// A function's value and gradient at a point.
pub(super) type Evaluated = (f64, Vec<f64>);

/// Walks `point` down to the minimum, and returns the value there.
///
/// # Errors
/// Those of `evaluate`.
pub(super) fn minimise<E>(
    point: &mut Vec<f64>,
    limits: Limits,
    mut evaluate: impl FnMut(&[f64]) -> Result<Evaluated, E>,
) -> Result<f64, E> {
    let (mut value, mut gradient) = evaluate(point)?;
    let mut memory: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    let mut stretch = value;
    for step in 0..limits.steps {
        let ends = step > 0 && step.is_multiple_of(STRETCH);
        let stalls = ends && stretch - value <= limits.progress * stretch.abs();
        if ends {
            stretch = value;
        }
        if stalls || largest(&gradient) <= limits.slope {
            break;
        }
        let direction = descent(&gradient, &memory);
        let promised = dot(&direction, &gradient);
        // The first step knows no scale.
        let mut size = if memory.is_empty() { (1.0 / norm(&gradient)).min(1.0) } else { 1.0 };
        let mut found = None;
        for _ in 0..HALVINGS {
            let next: Vec<f64> = point.iter().zip(&direction).map(|(at, along)| at + size * along).collect();
            let (below, slope) = evaluate(&next)?;
            if below <= value + DESCENT * size * promised {
                found = Some((next, below, slope));
                break;
            }
            size /= 2.0;
        }
        let Some((next, below, slope)) = found else { break };
        memory.truncate(MEMORY - 1);
        Pair::of(point, &next, &gradient, &slope).into_iter().for_each(|pair| memory.push_front(pair));
        (*point, value, gradient) = (next, below, slope);
    }
    Ok(value)
}

/// A step, the change of the gradient along it, and one over their product.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    inverse: f64,
}

impl Pair {
    /// Nothing where the function was not convex along the step, as rounding can make it seem.
    fn of(from: &[f64], to: &[f64], before: &[f64], after: &[f64]) -> Option<Self> {
        let less =
            |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one - other).collect::<Vec<_>>();
        let (step, change) = (less(to, from), less(after, before));
        let product = dot(&step, &change);
        (product > 1e-12 * norm(&step) * norm(&change)).then(|| Pair { step, change, inverse: 1.0 / product })
    }
}

/// `-H g`, for the inverse Hessian `H` that the pairs, newest first, tell of.
fn descent(gradient: &[f64], memory: &VecDeque<Pair>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for pair in memory {
        let share = pair.inverse * dot(&pair.step, &direction);
        add(&mut direction, -share, &pair.change);
        shares.push(share);
    }
    if let Some(newest) = memory.front() {
        let scale = 1.0 / (newest.inverse * dot(&newest.change, &newest.change));
        direction.iter_mut().for_each(|along| *along *= scale);
    }
    for (pair, share) in memory.iter().zip(shares).rev() {
        let back = pair.inverse * dot(&pair.change, &direction);
        add(&mut direction, share - back, &pair.step);
    }
    direction
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += factor * what);
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn norm(values: &[f64]) -> f64 {
    dot(values, values).sqrt()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most: f64, value| most.max(value.abs()))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const FINE: Limits = Limits { steps: 500, slope: 1e-9, progress: 0.0 };

    fn walked(start: &[f64], evaluate: impl Fn(&[f64]) -> Evaluated) -> Vec<f64> {
        let mut point = start.to_vec();
        let outcome: Result<f64, Infallible> = minimise(&mut point, FINE, |at| Ok(evaluate(at)));
        assert!(outcome.is_ok());
        point
    }

    #[test]
    fn a_narrow_valley_is_walked_to_its_lowest_point() {
        // A quadratic whose axes differ a thousand times.
        let found = walked(&[3.0, -4.0], |at| {
            let (x, y) = (at[0] - 1.0, at[1] - 2.0);
            (0.5 * (x * x + 1000.0 * y * y), vec![x, 1000.0 * y])
        });
        assert!((found[0] - 1.0).abs() < 1e-6 && (found[1] - 2.0).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn a_function_that_is_no_parabola_has_its_minimum_found() {
        // ln(1 + exp(x)) - 0.3 x has its minimum where the sigmoid is 0.3.
        let found = walked(&[9.0], |at| {
            let sigmoid = 1.0 / (1.0 + (-at[0]).exp());
            (at[0].exp().ln_1p() - 0.3 * at[0], vec![sigmoid - 0.3])
        });
        assert!((found[0] - (0.3f64 / 0.7).ln()).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn rosenbrocks_valley_is_found_though_it_is_not_convex() {
        let found = walked(&[-1.2, 1.0], |at| {
            let (a, b) = (1.0 - at[0], at[1] - at[0] * at[0]);
            (a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * at[0] * b, 200.0 * b])
        });
        assert!((found[0] - 1.0).abs() < 1e-5 && (found[1] - 1.0).abs() < 1e-5, "{found:?}");
    }
}
