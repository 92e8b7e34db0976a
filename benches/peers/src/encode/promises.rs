//! What the project promises of encoding, and whether this run found it.

use super::{
    batches::BATCHES,
    lineup::Who,
    rounds::{Figures, Round},
    two_threads::Pair,
};
use crate::{
    median::median,
    promise::{Bound, Promise},
};

/// All promises. A ratio is the median of the ratios within each round, since a machine that slows
/// down slows both.
pub(crate) fn kept(figures: &[Figures], pairs: &[Pair]) -> Vec<Promise> {
    let at_one = BATCHES.iter().position(|batch| batch.rows == 1);
    let to_bare = [
        ("one thread each", [Who::Narrows, Who::BareOrt]),
        ("default threads each", [Who::NarrowsThreaded, Who::BareOrtDefault]),
    ];
    let to_bare = to_bare.into_iter().flat_map(|(threads, pair)| {
        at_one.map(|at| Promise {
            what: format!("time of one call to bare ort's, batch 1, p50, {threads}"),
            bound: Bound::AtMost(1.15),
            found: ratio(figures, at, pair, |round| round.p50),
        })
    });
    let to_python = BATCHES.iter().enumerate().map(|(at, batch)| {
        // One row cannot be spread over sessions: Python's threads share it, and so must ours.
        let (ours, threads) = match batch.rows {
            1 => (Who::NarrowsThreaded, ", default threads each"),
            _ => (Who::Narrows, ""),
        };
        Promise {
            what: format!("throughput to Python's onnxruntime, batch {}{threads}", batch.rows),
            bound: Bound::AtLeast(1.0),
            found: ratio(figures, at, [Who::Python, ours], |round| round.mean),
        }
    });
    let by_threads = pairs.iter().map(|pair| Promise {
        what: format!("two threads on one handle to one bare session, batch {}", pair.rows),
        bound: Bound::AtLeast(1.8),
        found: Some(pair.ours_to_one),
    });
    to_bare.into_iter().chain(to_python).chain(by_threads).collect()
}

fn ratio(figures: &[Figures], batch: usize, [above, below]: [Who; 2], time: impl Fn(&Round) -> f64) -> Option<f64> {
    let rounds = |who| figures.iter().find(|figures| figures.who == who)?.batches.get(batch)?.as_ref().ok();
    let (above, below) = (rounds(above)?, rounds(below)?);
    Some(median(above.iter().zip(below).map(|(above, below)| time(above) / time(below))))
}
