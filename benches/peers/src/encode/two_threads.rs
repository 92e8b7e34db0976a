//! Two concurrent threads: sharing one Narrows handle, and with one bare `ort` session each.

use std::{sync::Barrier, thread, time::Duration};

use anyhow::{Result, anyhow};
use narrows_runtime::{Autoencoder, ort::environment::Environment};

use super::{
    images::Images,
    model::Model,
    peer::Peer,
    peers::{BareOrt, Narrows, Threads},
    rounds::SETTLING,
};
use crate::median::median;

const ROWS: [usize; 2] = [1, 64];
const ROUNDS: usize = 9;
const LENGTH: Duration = Duration::from_millis(200);

/// Calls per second and their ratios. Each value is the median over the rounds.
pub(crate) struct Pair {
    pub(crate) rows: usize,
    /// One thread, one bare `ort` session.
    pub(crate) one: f64,
    /// Two threads, one Narrows handle.
    pub(crate) narrows: f64,
    /// Two threads, one bare `ort` session each: the limit of the machine.
    pub(crate) bare: f64,
    pub(crate) narrows_to_one: f64,
    pub(crate) bare_to_one: f64,
}

/// Measures at the batch sizes 1 and 64.
///
/// # Errors
/// If a call fails.
pub(crate) fn measure(
    narrows: &Autoencoder,
    model: &Model,
    images: &Images,
    environment: &Environment,
) -> Result<Vec<Pair>> {
    let bare = || BareOrt::load(model, images, environment, Threads::One);
    let (mut one, mut pair) = ([bare()?], [bare()?, bare()?]);
    let mut handle = [Narrows::new(narrows, images), Narrows::new(narrows, images)];
    ROWS.iter()
        .map(|&rows| {
            eprintln!("two threads, batches of {rows}, {ROUNDS} rounds");
            prepare(&mut one, rows)?;
            prepare(&mut pair, rows)?;
            prepare(&mut handle, rows)?;
            let rounds: Vec<[f64; 3]> = (0..ROUNDS)
                .map(|_| {
                    Ok([calls_per_second(&mut one)?, calls_per_second(&mut handle)?, calls_per_second(&mut pair)?])
                })
                .collect::<Result<_>>()?;
            Ok(Pair {
                rows,
                one: median(rounds.iter().map(|[one, _, _]| *one)),
                narrows: median(rounds.iter().map(|[_, narrows, _]| *narrows)),
                bare: median(rounds.iter().map(|[_, _, bare]| *bare)),
                narrows_to_one: median(rounds.iter().map(|[one, narrows, _]| narrows / one)),
                bare_to_one: median(rounds.iter().map(|[one, _, bare]| bare / one)),
            })
        })
        .collect()
}

fn prepare(peers: &mut [impl Peer], rows: usize) -> Result<()> {
    peers.iter_mut().try_for_each(|peer| peer.prepare(rows).map(drop))
}

/// Returns the total calls per second of all peers, which run concurrently on one thread each.
fn calls_per_second<P: Peer + Send>(peers: &mut [P]) -> Result<f64> {
    thread::sleep(SETTLING);
    let start = &Barrier::new(peers.len());
    thread::scope(|scope| {
        let threads: Vec<_> = peers
            .iter_mut()
            .map(|peer| {
                scope.spawn(move || {
                    start.wait();
                    peer.time(LENGTH)
                })
            })
            .collect();
        threads.into_iter().try_fold(0.0, |rate, thread| {
            let times = thread.join().map_err(|_| anyhow!("a thread panicked"))??;
            let length: Duration = times.iter().sum();
            Ok(rate + times.len() as f64 / length.as_secs_f64())
        })
    })
}
