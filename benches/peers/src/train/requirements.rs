//! Performance requirements of training.

use narrows_bundle::Kind;

use super::{
    figures::Figures,
    outcome::{LossOf, Outcome},
    peer::Peer,
    rounds::LONG_EPOCHS,
    row::{Layers, Row, Samples},
};
use crate::requirement::{Bound, Requirement};

/// Returns all requirements for the measured rows.
pub(crate) fn all(figures: &[Figures], long: Option<&Outcome>) -> Vec<Requirement> {
    let times = figures.iter().map(|figures| Requirement {
        name: format!("time per epoch relative to PyTorch, {}", figures.row.title),
        bound: Bound::AtMost(figures.row.bound),
        measured: figures.relative_to_torch(Peer::Narrows).map(|ratio| ratio.median),
    });
    let losses = figures.iter().map(|figures| {
        let (of, name) = match figures.row.kind {
            // A DAE is trained on masked rows. Its loss on the clean test rows varies by about 1 % between epochs,
            // depending on the random masks.
            Kind::Dae => (LossOf::Training, "training loss"),
            Kind::Pca | Kind::Ae | Kind::Wae | Kind::Vae | Kind::Cvae => (LossOf::Test, "test loss"),
        };
        Requirement {
            name: format!("{name}, difference from PyTorch in per cent, {}", figures.row.title),
            bound: Bound::AtMost(0.5),
            measured: figures.loss_above_torch(Peer::Narrows, of).map(f64::abs),
        }
    });
    let peaks = figures.iter().filter(|figures| has_bounded_memory(figures.row)).map(|figures| Requirement {
        name: format!("peak memory on Fashion-MNIST in MB, {}", figures.row.title),
        bound: Bound::AtMost(250.0),
        measured: figures.peak(Peer::Narrows),
    });
    // On a machine with other load the time of an epoch varies by a few per cent. The defect that this detects,
    // denormal numbers in Adam's moments, makes the last epoch several times slower.
    let steady = long.map(|long| Requirement {
        name: format!("time of epoch {LONG_EPOCHS} relative to epoch 1"),
        bound: Bound::AtMost(1.15),
        measured: long.seconds.first().zip(long.seconds.get(LONG_EPOCHS - 1)).map(|(first, last)| last / first),
    });
    times.chain(losses).chain(peaks).chain(steady).collect()
}

/// Returns whether the peak memory of a row has a bound: dense networks on images.
fn has_bounded_memory(row: &Row) -> bool {
    row.data == Samples::FashionMnist && matches!(row.layers, Layers::Dense(_))
}
