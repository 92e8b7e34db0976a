//! Performance requirements of encoding.

use super::{
    lineup::Engine,
    network::Network,
    rounds::{Figures, Round},
    two_threads::Pair,
};
use crate::{
    median::median,
    requirement::{Bound, Requirement},
};

/// Returns all requirements. A ratio is the median over the ratios of the rounds, because other load on the machine
/// affects both times of a round.
pub(crate) fn all(network: &Network, figures: &[Figures], pairs: &[Pair]) -> Vec<Requirement> {
    let at_one = network.batches.iter().position(|batch| batch.rows == 1);
    let to_bare = [
        ("one thread each", [Engine::Narrows, Engine::BareOrt]),
        ("default threads each", [Engine::NarrowsThreaded, Engine::BareOrtDefault]),
    ];
    let to_bare = to_bare.into_iter().flat_map(|(threads, pair)| {
        at_one.map(|at| Requirement {
            name: format!("median latency relative to bare ort, {}, batch 1, {threads}", network.name),
            bound: Bound::AtMost(network.latency_bound),
            measured: ratio(figures, at, pair, |round| round.p50),
        })
    });
    let to_python = network.batches.iter().enumerate().map(|(at, batch)| {
        // A single row cannot be split over sessions. Python computes it with several threads, so Narrows must do
        // the same.
        let (narrows, threads) = match batch.rows {
            1 => (Engine::NarrowsThreaded, ", default threads each"),
            _ => (Engine::Narrows, ""),
        };
        Requirement {
            name: format!(
                "throughput relative to onnxruntime in Python, {}, batch {}{threads}",
                network.name, batch.rows
            ),
            bound: Bound::AtLeast(1.0),
            measured: ratio(figures, at, [Engine::Python, narrows], |round| round.mean),
        }
    });
    let by_threads = pairs.iter().map(|pair| Requirement {
        name: format!(
            "throughput of two threads with one handle relative to one bare ort session, batch {}",
            pair.rows
        ),
        bound: Bound::AtLeast(1.8),
        measured: Some(pair.narrows_to_one),
    });
    to_bare.into_iter().chain(to_python).chain(by_threads).collect()
}

fn ratio(figures: &[Figures], batch: usize, [above, below]: [Engine; 2], time: impl Fn(&Round) -> f64) -> Option<f64> {
    let rounds = |engine| figures.iter().find(|figures| figures.engine == engine)?.batches.get(batch)?.as_ref().ok();
    let (above, below) = (rounds(above)?, rounds(below)?);
    Some(median(above.iter().zip(below).map(|(above, below)| time(above) / time(below))))
}
