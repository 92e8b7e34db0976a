//! Moves points in the plane until their neighbours are those of the rows.

use ndarray::{Array2, ArrayView1};
use wide::f32x4;

/// In these first steps, the affinities are larger, so that clusters form before they move apart.
const EARLY_STEPS: usize = 250;
const EXAGGERATION: f32 = 12.0;
const STEPS: usize = 750;
/// The momentum in the early steps, and after them.
const MOMENTUM: (f32, f32) = (0.5, 0.8);
/// The least learning rate. It is larger for more than 2400 rows (Belkina et al. 2019).
const MIN_RATE: f32 = 50.0;
/// A step in one coordinate grows while its direction stays, and shrinks otherwise (Jacobs 1988).
const GAIN_GROWTH: f32 = 0.2;
const GAIN_DECAY: f32 = 0.8;
const MIN_GAIN: f32 = 0.01;
/// The number of points that a vector instruction computes.
const LANES: usize = 4;

/// Minimises the KL divergence of the affinities `p`, `[rows, rows]`, to those of the points in the plane,
/// proportional to `1 / (1 + |y_i - y_j|^2)`, by gradient descent with momentum (van der Maaten & Hinton 2008,
/// algorithm 1 and equation 5). Returns the points, `[rows, 2]`, centred at 0. `None` if `should_stop`, which is asked
/// before each step, returns true.
pub(super) fn descend(
    affinities: &Array2<f32>,
    start: Array2<f32>,
    should_stop: &dyn Fn() -> bool,
) -> Option<Array2<f32>> {
    let count = start.nrows();
    let rate = (count as f32 / EXAGGERATION / 4.0).max(MIN_RATE);
    // Coordinates in two lists, which vector instructions need.
    let mut points = [0, 1].map(|axis| start.column(axis).to_vec());
    let mut moves = [0, 1].map(|_| vec![0.0_f32; count]);
    let mut gains = [0, 1].map(|_| vec![1.0_f32; count]);
    let mut forces = vec![Forces::default(); count];
    for step in 0..STEPS {
        if should_stop() {
            return None;
        }
        let is_early = step < EARLY_STEPS;
        let (exaggeration, momentum) = if is_early { (EXAGGERATION, MOMENTUM.0) } else { (1.0, MOMENTUM.1) };
        for (index, (forces, affinities)) in forces.iter_mut().zip(affinities.outer_iter()).enumerate() {
            *forces = forces_on(index, &points, affinities);
        }
        // Each point is counted as a neighbour of itself, with a value of 1.
        let total: f64 = forces.iter().map(|forces| f64::from(forces.total)).sum::<f64>() - count as f64;
        let normaliser = if total > 0.0 { (1.0 / total) as f32 } else { 0.0 };
        for axis in 0..2 {
            for (index, forces) in forces.iter().enumerate() {
                let gradient = 4.0 * (exaggeration * forces.attraction[axis] - normaliser * forces.repulsion[axis]);
                let (last, gain) = (&mut moves[axis][index], &mut gains[axis][index]);
                let is_same = (gradient > 0.0) != (*last > 0.0);
                *gain = if is_same { *gain + GAIN_GROWTH } else { (*gain * GAIN_DECAY).max(MIN_GAIN) };
                *last = momentum * *last - rate * *gain * gradient;
                points[axis][index] += *last;
            }
            let mean = (points[axis].iter().map(|&value| f64::from(value)).sum::<f64>() / count as f64) as f32;
            points[axis].iter_mut().for_each(|value| *value -= mean);
        }
    }
    Some(Array2::from_shape_fn((count, 2), |(row, axis)| points[axis][row]))
}

/// What acts on one point, as sums over all points.
#[derive(Debug, Clone, Copy, Default)]
struct Forces {
    /// Sum of `q = 1 / (1 + |y_i - y_j|^2)`.
    total: f32,
    /// Sum of `p q (y_i - y_j)`.
    attraction: [f32; 2],
    /// Sum of `q^2 (y_i - y_j)`.
    repulsion: [f32; 2],
}

/// Adds up the forces on one point in a fixed order.
fn forces_on(index: usize, [x, y]: &[Vec<f32>; 2], affinities: ArrayView1<'_, f32>) -> Forces {
    let own = [x[index], y[index]];
    let affinities = affinities.to_slice().unwrap_or_default();
    let (xs, last_x) = x.as_chunks::<LANES>();
    let (ys, last_y) = y.as_chunks::<LANES>();
    let (ps, last_p) = affinities.as_chunks::<LANES>();
    let (mut total, mut attraction, mut repulsion) = (f32x4::ZERO, [f32x4::ZERO; 2], [f32x4::ZERO; 2]);
    for ((&x, &y), &p) in xs.iter().zip(ys).zip(ps) {
        let along = [f32x4::splat(own[0]) - f32x4::new(x), f32x4::splat(own[1]) - f32x4::new(y)];
        let near = f32x4::ONE / (f32x4::ONE + along[0] * along[0] + along[1] * along[1]);
        let (attracted, repelled) = (f32x4::new(p) * near, near * near);
        total += near;
        for (axis, along) in along.into_iter().enumerate() {
            attraction[axis] += attracted * along;
            repulsion[axis] += repelled * along;
        }
    }
    let mut forces = Forces {
        total: total.reduce_add(),
        attraction: attraction.map(f32x4::reduce_add),
        repulsion: repulsion.map(f32x4::reduce_add),
    };
    for ((x, y), p) in last_x.iter().zip(last_y).zip(last_p) {
        let along = [own[0] - x, own[1] - y];
        let near = 1.0 / (1.0 + along[0] * along[0] + along[1] * along[1]);
        forces.total += near;
        for (axis, along) in along.into_iter().enumerate() {
            forces.attraction[axis] += p * near * along;
            forces.repulsion[axis] += near * near * along;
        }
    }
    forces
}
