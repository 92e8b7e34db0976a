//! What the project promises of training, and whether this run found it.

use super::{figures::Figures, outcome::Outcome, rounds::LONG, who::Who};
use crate::promise::{Bound, Promise};

/// All promises for the rows that were measured.
pub(crate) fn kept(figures: &[Figures], long: Option<&Outcome>) -> Vec<Promise> {
    let times = figures.iter().map(|figures| Promise {
        what: format!("time of an epoch to PyTorch's, {}", figures.row.title()),
        bound: Bound::AtMost(figures.row.bound()),
        found: figures.to_torch(Who::Narrows).map(|ratio| ratio.median),
    });
    let losses = figures.iter().map(|figures| Promise {
        what: format!("test loss off PyTorch's, in per cent, {}", figures.row.title()),
        bound: Bound::AtMost(0.5),
        found: figures.loss_above_torch(Who::Narrows).map(f64::abs),
    });
    let peaks = figures.iter().filter(|figures| figures.row.is_of_images()).map(|figures| Promise {
        what: format!("peak memory on Fashion-MNIST in MB, {}", figures.row.title()),
        bound: Bound::AtMost(250.0),
        found: figures.peak(Who::Narrows),
    });
    // Epochs of the same work differ by some per cent on a machine that others use, too; what this is to
    // find, denormals in Adam's moments, slows the last epoch several times.
    let steady = long.map(|long| Promise {
        what: format!("time of epoch {LONG} to that of epoch 1"),
        bound: Bound::AtMost(1.15),
        found: long.seconds.first().zip(long.seconds.get(LONG - 1)).map(|(first, last)| last / first),
    });
    times.chain(losses).chain(peaks).chain(steady).collect()
}
