//! The peers in turn, round after round, so that whatever else the machine does meets all of them.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use ndarray::Array2;

use super::{
    batches::{BATCHES, Batch},
    lineup::{Entry, Who},
};

/// Codes may differ by so much from those of bare `ort`: engines sum in different orders.
const TOLERANCE: f32 = 1e-4;

/// The threads of an engine may spin for a while after a call; the next peer is not to pay for that.
pub(crate) const SETTLING: Duration = Duration::from_millis(30);

/// After so long no further round begins: a slow machine does fewer.
const LONGEST: Duration = Duration::from_secs(35);

/// One peer in one round, in seconds a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) mean: f64,
}

/// What was found of one peer: for each of [`BATCHES`] its rounds, or why there are none.
pub(crate) struct Figures {
    pub(crate) who: Who,
    pub(crate) version: String,
    pub(crate) batches: Vec<Result<Vec<Round>, String>>,
}

/// Measures every peer at every size of batch. A peer that fails is left out of that size.
///
/// # Errors
/// If a peer computes other codes than bare `ort`, or that computes none.
pub(crate) fn measure(lineup: &mut [Entry<'_>]) -> Result<Vec<Figures>> {
    let version = |entry: &Entry<'_>| entry.version.clone();
    let mut figures: Vec<_> =
        lineup.iter().map(|entry| Figures { who: entry.who, version: version(entry), batches: Vec::new() }).collect();
    for batch in &BATCHES {
        eprintln!("batches of {}, {} rounds", batch.rows, batch.rounds);
        for (figures, outcome) in figures.iter_mut().zip(measure_batch(lineup, batch)?) {
            figures.batches.push(outcome);
        }
    }
    Ok(figures)
}

fn measure_batch(lineup: &mut [Entry<'_>], batch: &Batch) -> Result<Vec<Result<Vec<Round>, String>>> {
    let codes: Vec<_> = lineup.iter_mut().map(|entry| prepared(entry, batch.rows)).collect();
    compare(lineup, &codes)?;

    let mut outcomes: Vec<_> = codes.into_iter().map(|codes| codes.map(|_| Vec::new())).collect();
    let start = Instant::now();
    for round in (0..batch.rounds).take_while(|&round| round == 0 || start.elapsed() < LONGEST) {
        // Another peer begins each time, and the order stays.
        for turn in 0..lineup.len() {
            let at = (round + turn) % lineup.len();
            if let (Ok(rounds), Ok(peer)) = (&mut outcomes[at], &mut lineup[at].peer) {
                thread::sleep(SETTLING);
                match peer.time(batch.length) {
                    Ok(times) => rounds.push(Round::of(times)),
                    Err(error) => outcomes[at] = Err(format!("{error:#}")),
                }
            }
        }
    }
    Ok(outcomes)
}

fn prepared(entry: &mut Entry<'_>, rows: usize) -> Result<Array2<f32>, String> {
    match &mut entry.peer {
        Ok(peer) => peer.prepare(rows).map_err(|error| format!("{error:#}")),
        Err(error) => Err(format!("{error:#}")),
    }
}

/// A peer that computes something else is no peer.
fn compare(lineup: &[Entry<'_>], codes: &[Result<Array2<f32>, String>]) -> Result<()> {
    let reference = lineup.iter().position(|entry| entry.who == Who::BareOrt).context("bare ort is not there")?;
    let reference = codes[reference].as_ref().map_err(|error| anyhow::anyhow!("bare ort: {error}"))?;
    let largest = reference.iter().fold(0.0_f32, |largest, code| largest.max(code.abs()));
    ensure!(largest > 1e3 * TOLERANCE, "the codes are all about zero: any peer would seem right");
    for (entry, codes) in lineup.iter().zip(codes) {
        let Ok(codes) = codes else { continue };
        let name = entry.who.name();
        ensure!(codes.dim() == reference.dim(), "{name}: codes {:?}, expected {:?}", codes.dim(), reference.dim());
        for ((at, &found), &expected) in codes.indexed_iter().zip(reference) {
            let close = (found - expected).abs() <= TOLERANCE;
            ensure!(close, "{name}: code {at:?} is {found}, bare ort has {expected}");
        }
    }
    Ok(())
}

impl Round {
    fn of(times: Vec<Duration>) -> Self {
        let mut seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
        seconds.sort_by(f64::total_cmp);
        let quantile = |part: f64| seconds[((seconds.len() - 1) as f64 * part).round() as usize];
        let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
        Round { p50: quantile(0.5), p99: quantile(0.99), mean }
    }
}
