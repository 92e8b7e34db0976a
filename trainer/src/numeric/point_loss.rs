//! Element-wise losses of logits and targets, summed over the features of a row. The loss and its derivative are
//! computed in one pass.
//!
//! The loss of an element and its derivative use the same exponential. Each row is summed separately in `f64`, in
//! sixteen lanes, independently of the vector width of the processor.

use narrows_bundle::Link;

use super::{
    elementary::{sigmoid, sigmoid_and_softplus},
    lanes::{LANES, add_to_lanes},
    parallel::{parallel_for_each, rows_per_chunk},
    vectorized::vectorized,
};

/// Number of element losses that are computed before they are summed.
const ELEMENTS: usize = 256;

/// The loss of one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PointLoss {
    /// Negative log-likelihood of a Bernoulli distribution, in nats.
    Bernoulli,
    /// Squared difference between the target and the mean.
    SquaredError(Link),
}

impl PointLoss {
    /// Returns the approximate number of floating point operations per element.
    pub(crate) fn work(self) -> usize {
        match self {
            PointLoss::Bernoulli => 60,
            PointLoss::SquaredError(Link::Sigmoid) => 40,
            PointLoss::SquaredError(Link::Identity) => 10,
        }
    }

    /// Writes the loss of each row to `losses` and `factor` times its derivative to `residual`, on several cores.
    pub(crate) fn of_all_rows(
        self,
        logits: &[f32],
        targets: &[f32],
        factor: f32,
        losses: &mut [f64],
        residual: &mut [f32],
    ) {
        let width = (logits.len() / losses.len().max(1)).max(1);
        let chunk = rows_per_chunk(width);
        let inputs = logits.chunks(chunk * width).zip(targets.chunks(chunk * width));
        let outputs = losses.chunks_mut(chunk).zip(residual.chunks_mut(chunk * width));
        parallel_for_each(
            chunk * width * self.work(),
            inputs.zip(outputs).collect(),
            |((logits, targets), (losses, residual))| {
                self.of_rows(logits, targets, factor, losses, residual);
            },
        );
    }

    /// The same as [`of_all_rows`](PointLoss::of_all_rows), on one core.
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
            "one target and one residual per logit"
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

/// Returns `max(l, 0) - l t + ln(1 + exp(-|l|))`, which does not overflow for any logit, and its derivative
/// `sigmoid(l) - t`.
#[inline(always)]
fn bernoulli(logit: f32, target: f32) -> (f32, f32) {
    let (mean, softplus) = sigmoid_and_softplus(logit);
    // The product below propagates a NaN.
    let positive = if logit > 0.0 { logit } else { 0.0 };
    (positive - logit * target + softplus, mean - target)
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

/// Computes the loss and the derivative of a block of rows on one core.
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

/// Computes a row in groups of elements: first their losses, then the sum.
#[inline(always)]
fn of_row(
    logits: &[f32],
    targets: &[f32],
    factor: f32,
    residual: &mut [f32],
    point: impl Fn(f32, f32) -> (f32, f32),
) -> f64 {
    let (mut losses, mut sums) = ([0f32; ELEMENTS], [0f64; LANES]);
    for ((logits, targets), residual) in
        logits.chunks(ELEMENTS).zip(targets.chunks(ELEMENTS)).zip(residual.chunks_mut(ELEMENTS))
    {
        let elements = logits.iter().zip(targets).zip(residual).zip(&mut losses);
        for (((&logit, &target), residual), loss) in elements {
            let (value, derivative) = point(logit, target);
            *loss = value;
            *residual = factor * derivative;
        }
        add_to_lanes(&mut sums, &losses[..logits.len()], |loss| loss);
    }
    sums.iter().sum()
}
