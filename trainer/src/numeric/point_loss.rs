//! Losses that compare every logit with its own target, and are summed over the features of a row: the loss
//! and its derivative in one pass.
//!
//! What one point costs and what its derivative is share their exponential. Each row is summed on its own in `f64`,
//! in sixteen lanes that no processor's vectors change.

use narrows_bundle::Link;

use super::{
    elementary::{sigmoid, sigmoid_and_softplus},
    lanes::{LANES, add_to_lanes},
    spread::{rows_each, spread},
    vectorized::vectorized,
};

/// Numbers whose losses wait for being summed.
const POINTS: usize = 256;

/// What one point costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PointLoss {
    /// The nats of a Bernoulli distribution.
    Bernoulli,
    /// The squared distance from the mean.
    SquaredError(Link),
}

impl PointLoss {
    /// Floating-point operations that a point takes, about.
    pub(crate) fn work(self) -> usize {
        match self {
            PointLoss::Bernoulli => 60,
            PointLoss::SquaredError(Link::Sigmoid) => 40,
            PointLoss::SquaredError(Link::Identity) => 10,
        }
    }

    /// Writes the loss of each row to `losses`, and `factor` times its derivative to `residual`: on several cores.
    pub(crate) fn of_all_rows(
        self,
        logits: &[f32],
        targets: &[f32],
        factor: f32,
        losses: &mut [f64],
        residual: &mut [f32],
    ) {
        let width = (logits.len() / losses.len().max(1)).max(1);
        let each = rows_each(width);
        let inputs = logits.chunks(each * width).zip(targets.chunks(each * width));
        let outputs = losses.chunks_mut(each).zip(residual.chunks_mut(each * width));
        spread(each * width * self.work(), inputs.zip(outputs).collect(), |((logits, targets), (losses, residual))| {
            self.of_rows(logits, targets, factor, losses, residual);
        });
    }

    /// The same on one core.
    pub(crate) fn of_rows(
        self,
        logits: &[f32],
        targets: &[f32],
        factor: f32,
        losses: &mut [f64],
        residual: &mut [f32],
    ) {
        assert!(
            logits.len() == targets.len() && logits.len() == residual.len(),
            "a target and a residual for every logit"
        );
        match self {
            PointLoss::Bernoulli => of_block(logits, targets, factor, losses, residual, bernoulli),
            PointLoss::SquaredError(Link::Identity) => {
                of_block(logits, targets, factor, losses, residual, squared_distance);
            }
            PointLoss::SquaredError(Link::Sigmoid) => {
                of_block(logits, targets, factor, losses, residual, squared_distance_of_sigmoid);
            }
        }
    }
}

/// `max(l, 0) - l t + ln(1 + exp(-|l|))`, which no logit makes overflow, and `sigmoid(l) - t`.
#[inline(always)]
fn bernoulli(logit: f32, target: f32) -> (f32, f32) {
    let (mean, softplus) = sigmoid_and_softplus(logit);
    // A NaN stays one by the product.
    let above = if logit > 0.0 { logit } else { 0.0 };
    (above - logit * target + softplus, mean - target)
}

#[inline(always)]
fn squared_distance(mean: f32, target: f32) -> (f32, f32) {
    let distance = mean - target;
    (distance * distance, 2.0 * distance)
}

#[inline(always)]
fn squared_distance_of_sigmoid(logit: f32, target: f32) -> (f32, f32) {
    let mean = sigmoid(logit);
    let distance = mean - target;
    (distance * distance, 2.0 * distance * mean * (1.0 - mean))
}

/// Some rows on one core.
#[inline(always)]
fn of_block(
    logits: &[f32],
    targets: &[f32],
    factor: f32,
    losses: &mut [f64],
    residual: &mut [f32],
    point: impl Fn(f32, f32) -> (f32, f32) + Copy,
) {
    let width = (logits.len() / losses.len().max(1)).max(1);
    vectorized(
        #[inline(always)]
        || {
            let inputs = logits.chunks_exact(width).zip(targets.chunks_exact(width));
            let outputs = losses.iter_mut().zip(residual.chunks_exact_mut(width));
            for ((logits, targets), (loss, residual)) in inputs.zip(outputs) {
                *loss = of_row(logits, targets, factor, residual, point);
            }
        },
    );
}

/// A few points at a time: first their losses, then the sum.
#[inline(always)]
fn of_row(
    logits: &[f32],
    targets: &[f32],
    factor: f32,
    residual: &mut [f32],
    point: impl Fn(f32, f32) -> (f32, f32),
) -> f64 {
    let (mut losses, mut sums) = ([0f32; POINTS], [0f64; LANES]);
    for ((logits, targets), residual) in
        logits.chunks(POINTS).zip(targets.chunks(POINTS)).zip(residual.chunks_mut(POINTS))
    {
        let points = logits.iter().zip(targets).zip(residual).zip(&mut losses);
        for (((&logit, &target), residual), loss) in points {
            let (cost, slope) = point(logit, target);
            *loss = cost;
            *residual = factor * slope;
        }
        add_to_lanes(&mut sums, &losses[..logits.len()], |loss| loss);
    }
    sums.iter().sum()
}
