//! What the project promises of training, and whether this run found it.

use super::{
    figures::Figures,
    outcome::{LossOf, Outcome},
    rounds::LONG,
    row::Row,
    who::Who,
};
use crate::promise::{Bound, Promise};

/// All promises for the rows that were measured.
pub(crate) fn kept(figures: &[Figures], long: Option<&Outcome>) -> Vec<Promise> {
    let times = figures.iter().map(|figures| Promise {
        what: format!("time of an epoch to PyTorch's, {}", figures.row.title()),
        bound: Bound::AtMost(figures.row.bound()),
        found: figures.to_torch(Who::Narrows).map(|ratio| ratio.median),
    });
    let losses = figures.iter().map(|figures| {
        let (of, name) = match figures.row {
            // Of clean rows, which it never trains on, its loss moves by a per cent from epoch to epoch, as the
            // masks happen to be.
            Row::Dae => (LossOf::Training, "training loss"),
            Row::Vae | Row::DeepAe | Row::Cvae | Row::DigitsVae | Row::Vae1024 => (LossOf::Test, "test loss"),
        };
        Promise {
            what: format!("{name} off PyTorch's, in per cent, {}", figures.row.title()),
            bound: Bound::AtMost(0.5),
            found: figures.loss_above_torch(Who::Narrows, of).map(f64::abs),
        }
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
