//! The losses of steps on a device that the host has not read yet.
//!
//! To read a value, the host waits until the device has computed everything before it, and the device then waits for
//! the host. The losses and gradient norms of several steps are therefore kept on the device, as one scalar each, and
//! read together. The host adds them up as if it had read each after its step: the averages do not depend on when they
//! are read, and an infinite loss or NaN is reported with its step.

use std::time::{Duration, Instant};

use candle_core::{Result, Tensor};

use super::state::Sums;
use crate::{TrainError, kinds::Loss};

/// Largest number of steps between two reads.
const STEPS: usize = 64;

/// Longest time between two reads, so that slow steps show their progress and can be stopped.
const INTERVAL: Duration = Duration::from_millis(500);

/// Steps of one epoch whose losses are on the device.
pub(super) struct Unread {
    steps: Vec<UnreadStep>,
    /// When the first of the steps began.
    since: Instant,
}

struct UnreadStep {
    step: u64,
    rows: usize,
    total: Tensor,
    parts: Vec<(&'static str, Tensor)>,
    gradient_norm: Option<Tensor>,
}

impl Unread {
    /// Begins with no steps.
    pub(super) fn new() -> Self {
        Unread { steps: Vec::new(), since: Instant::now() }
    }

    /// Keeps the loss of a step of `rows` rows, without the graph of its operations.
    pub(super) fn push(&mut self, step: u64, rows: usize, loss: &Loss, gradient_norm: Option<Tensor>) {
        let parts = loss.parts.iter().map(|(part, value)| (*part, value.detach())).collect();
        self.steps.push(UnreadStep { step, rows, total: loss.total.detach(), parts, gradient_norm });
    }

    /// Returns whether the progress of training is to be reported: every loss is known, or should be read.
    pub(super) fn is_due(&self) -> bool {
        self.steps.is_empty() || self.steps.len() >= STEPS || self.since.elapsed() >= INTERVAL
    }

    /// Begins to measure the next steps. What took place since the last read, such as a checkpoint, is not training.
    pub(super) fn restart_clock(&mut self) {
        self.since = Instant::now();
    }

    /// Reads all losses and adds them to the sums of the epoch.
    ///
    /// # Errors
    /// [`TrainError::Diverged`] for the first loss or gradient that is infinite or NaN. The weights then are, too.
    pub(super) fn read(&mut self, epoch: usize, sums: &mut Sums) -> std::result::Result<(), TrainError> {
        let steps = std::mem::take(&mut self.steps);
        if steps.is_empty() {
            return Ok(());
        }
        let mut values = values_of(&steps)?.into_iter().map(f64::from);
        let mut next = || values.next().expect("one value for each scalar");
        let mut rows = 0;
        for unread in &steps {
            let total = next();
            let parts: Vec<(&'static str, f64)> = unread.parts.iter().map(|(part, _)| (*part, next())).collect();
            let gradient_norm = unread.gradient_norm.as_ref().map_or(0.0, |_| next());
            let named = parts.iter().copied().chain([("loss", total), ("gradient", gradient_norm)]);
            if let Some((part, value)) = named.into_iter().find(|(_, value)| !value.is_finite()) {
                let (part, step) = (format!("the {part}"), unread.step);
                return Err(TrainError::Diverged { part, layer: None, value, step, epoch });
            }
            sums.add(unread.rows, total, &parts, gradient_norm);
            rows += unread.rows;
        }
        sums.throughput.add(rows, self.since.elapsed().as_secs_f64());
        self.restart_clock();
        Ok(())
    }
}

/// Reads the scalars of all steps at once.
fn values_of(steps: &[UnreadStep]) -> Result<Vec<f32>> {
    let scalars = steps.iter().flat_map(|unread| {
        let parts = unread.parts.iter().map(|(_, value)| value);
        std::iter::once(&unread.total).chain(parts).chain(&unread.gradient_norm)
    });
    Tensor::stack(&scalars.collect::<Vec<_>>(), 0)?.to_vec1()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn scalar(value: f32) -> Tensor {
        Tensor::new(value, &Device::Cpu).expect("small")
    }

    fn loss(value: f32) -> Loss {
        Loss { total: scalar(value), parts: vec![("reconstruction", scalar(value - 1.0)), ("kl", scalar(1.0))] }
    }

    #[test]
    fn losses_are_added_as_if_they_had_been_read_after_every_step() {
        let (mut sums, mut unread) = (Sums::default(), Unread::new());
        for (step, value) in [(1, 4.0), (2, 3.0), (3, 2.5)] {
            unread.push(step, 10, &loss(value), Some(scalar(0.5)));
            if step == 2 {
                unread.read(1, &mut sums).expect("finite");
            }
        }
        unread.read(1, &mut sums).expect("finite");
        let mut expected = Sums::default();
        for value in [4.0, 3.0, 2.5] {
            expected.add(10, value, &[("reconstruction", value - 1.0), ("kl", 1.0)], 0.5);
        }
        assert_eq!((&sums.figures, sums.gradient_norm), (&expected.figures, expected.gradient_norm));
        assert_eq!(sums.throughput.rows, 30);
    }

    #[test]
    fn the_first_step_with_an_infinite_loss_or_gradient_is_named() {
        for (losses, norms, expected) in [
            ([1.0, f32::NAN, f32::NAN], [1.0, f32::NAN, f32::NAN], (2, "the reconstruction")),
            ([1.0, 1.0, f32::NAN], [1.0, f32::INFINITY, f32::NAN], (2, "the gradient")),
        ] {
            let mut unread = Unread::new();
            for (step, (value, norm)) in losses.into_iter().zip(norms).enumerate() {
                unread.push(step as u64 + 1, 10, &loss(value), Some(scalar(norm)));
            }
            let error = unread.read(3, &mut Sums::default()).expect_err("not finite");
            assert!(
                matches!(&error, TrainError::Diverged { part, step, epoch: 3, .. } if (*step, &**part) == expected),
                "{error}"
            );
        }
    }

    #[test]
    fn losses_are_read_after_64_steps_at_the_latest() {
        let mut unread = Unread::new();
        assert!(unread.is_due(), "all losses are known");
        for step in 1..=STEPS as u64 {
            unread.push(step, 10, &loss(2.0), None);
        }
        assert!(unread.is_due());
    }
}
