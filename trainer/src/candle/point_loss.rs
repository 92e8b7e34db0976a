//! Losses that compare every logit with its own target, and are summed over the features of a row: the loss
//! and its derivative in one pass.
//!
//! What one point costs and what its derivative is share their exponential, so the derivative is computed
//! with the loss and kept until somebody asks. Each row is summed on its own in `f64`, in sixteen lanes that
//! no processor's vectors change, and the rows in their order: the same bits on any number of cores.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};
use narrows_bundle::Link;

use super::{
    floats::{read, values},
    reduction::Reduction,
};
use crate::numeric::{LANES, add_to_lanes, rows_each, sigmoid, sigmoid_and_softplus, spread, vectorized};

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
    /// The loss summed over features and averaged over rows, a scalar, for `[rows, features]` each.
    pub(super) fn mean(self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        self.apply(Reduction::Mean, logits, targets)
    }

    /// The loss summed over features, `[rows]`.
    pub(super) fn rows(self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        self.apply(Reduction::Rows, logits, targets)
    }

    fn apply(self, reduction: Reduction, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        logits.apply_op2(targets, Reduced { point: self, reduction, residual: OnceLock::new() })
    }

    /// Floating-point operations that a point takes, about.
    pub(super) fn work(self) -> usize {
        match self {
            PointLoss::Bernoulli => 60,
            PointLoss::SquaredError(Link::Sigmoid) => 40,
            PointLoss::SquaredError(Link::Identity) => 10,
        }
    }

    /// Writes the loss of each row to `losses`, and `factor` times its derivative to `residual`: on one core.
    pub(super) fn of_rows(
        self,
        logits: &[f32],
        targets: &[f32],
        factor: f32,
        losses: &mut [f64],
        residual: &mut [f32],
    ) {
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

struct Reduced {
    point: PointLoss,
    reduction: Reduction,
    /// The derivative for a gradient of 1; a tensor, so that handing it out copies nothing.
    residual: OnceLock<Tensor>,
}

impl CustomOp2 for Reduced {
    fn name(&self) -> &'static str {
        "point-loss"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        if logits_layout.shape() != targets_layout.shape() {
            let (logits, targets) = (logits_layout.shape(), targets_layout.shape());
            candle_core::bail!("logits {logits:?} and targets {targets:?} differ in shape");
        }
        let (rows, features) = logits_layout.shape().dims2()?;
        let (logits, targets) = (values(logits, logits_layout)?, values(targets, targets_layout)?);
        let factor = self.reduction.weight(rows);
        let (mut losses, mut residual) = (vec![0f64; rows], vec![0f32; logits.len()]);
        let (width, each) = (features.max(1), rows_each(features));
        let inputs = logits.chunks(each * width).zip(targets.chunks(each * width));
        let outputs = losses.chunks_mut(each).zip(residual.chunks_mut(each * width));
        spread(
            each * width * self.point.work(),
            inputs.zip(outputs).collect(),
            |((logits, targets), (losses, residual))| {
                self.point.of_rows(logits, targets, factor, losses, residual);
            },
        );
        if self.residual.set(Tensor::from_vec(residual, (rows, features), &Device::Cpu)?).is_err() {
            candle_core::bail!("a loss is computed once");
        }
        Ok(self.reduction.of(&losses))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        _targets: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let Some(residual) = self.residual.get() else { candle_core::bail!("no loss was computed") };
        let (rows, features) = logits.dims2()?;
        let factors = match self.reduction {
            Reduction::Mean => vec![gradient.to_scalar::<f32>()?; rows],
            Reduction::Rows => gradient.to_vec1::<f32>()?,
        };
        if factors.iter().all(|&factor| factor == 1.0) {
            return Ok((Some(residual.clone()), None));
        }
        let scaled = read(residual, |residual| times(residual, &factors, features))?;
        Ok((Some(Tensor::from_vec(scaled, logits.shape(), &Device::Cpu)?), None))
    }
}

/// The rows, each times its own factor.
fn times(values: &[f32], factors: &[f32], features: usize) -> Vec<f32> {
    let (width, rows) = (features.max(1), rows_each(features));
    let mut products = vec![0f32; values.len()];
    let blocks = products.chunks_mut(rows * width).zip(values.chunks(rows * width)).zip(factors.chunks(rows));
    spread(rows * width, blocks.collect(), |((products, values), factors)| {
        vectorized(
            #[inline(always)]
            || {
                let rows = products.chunks_exact_mut(width).zip(values.chunks_exact(width));
                for ((products, values), factor) in rows.zip(factors) {
                    for (product, value) in products.iter_mut().zip(values) {
                        *product = factor * value;
                    }
                }
            },
        );
    });
    products
}
