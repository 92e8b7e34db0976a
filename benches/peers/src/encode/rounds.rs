//! Measures the peers in turn, in several rounds, so that other load on the machine affects all of them.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use ndarray::Array2;

use super::{
    batches::Batch,
    lineup::{Engine, Entry},
};

/// Largest allowed difference from the codes of bare `ort`. Engines add in different orders.
const TOLERANCE: f32 = 1e-4;

/// Pause before each measurement. The threads of the previous engine may spin for a short time after its last call.
pub(crate) const SETTLING: Duration = Duration::from_millis(30);

/// No further round starts after this time, so a slow machine computes fewer rounds.
const MAX_DURATION: Duration = Duration::from_secs(35);

/// Seconds per call of a peer in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) mean: f64,
}

/// Measurements of a peer: its rounds for each batch size, or the reason why it failed.
pub(crate) struct Figures {
    pub(crate) engine: Engine,
    pub(crate) version: String,
    pub(crate) batches: Vec<Result<Vec<Round>, String>>,
}

/// Measures all peers at all batch sizes. A peer that fails is skipped for the batch size.
///
/// # Errors
/// If the codes of a peer differ from those of bare `ort`, or bare `ort` fails.
pub(crate) fn measure(lineup: &mut [Entry<'_>], batches: &[Batch]) -> Result<Vec<Figures>> {
    let version = |entry: &Entry<'_>| entry.version.clone();
    let mut figures: Vec<_> = lineup
        .iter()
        .map(|entry| Figures { engine: entry.engine, version: version(entry), batches: Vec::new() })
        .collect();
    for batch in batches {
        eprintln!("batches of {}, {} rounds", batch.rows, batch.rounds);
        for (figures, outcome) in figures.iter_mut().zip(measure_batch(lineup, batch)?) {
            figures.batches.push(outcome);
        }
    }
    Ok(figures)
}

fn measure_batch(lineup: &mut [Entry<'_>], batch: &Batch) -> Result<Vec<Result<Vec<Round>, String>>> {
    let codes: Vec<_> = lineup.iter_mut().map(|entry| prepared(entry, batch.rows)).collect();
    check_codes(lineup, &codes)?;

    let mut outcomes: Vec<_> = codes.into_iter().map(|codes| codes.map(|_| Vec::new())).collect();
    let start = Instant::now();
    for round in (0..batch.rounds).take_while(|&round| round == 0 || start.elapsed() < MAX_DURATION) {
        // Each round starts with a different peer and keeps the order.
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

/// Checks that all peers compute the same codes as bare `ort`.
fn check_codes(lineup: &[Entry<'_>], codes: &[Result<Array2<f32>, String>]) -> Result<()> {
    let reference = lineup.iter().position(|entry| entry.engine == Engine::BareOrt).context("bare ort is missing")?;
    let reference = codes[reference].as_ref().map_err(|error| anyhow::anyhow!("bare ort: {error}"))?;
    let largest = reference.iter().fold(0.0_f32, |largest, code| largest.max(code.abs()));
    ensure!(largest > 1e3 * TOLERANCE, "all codes are close to zero, so wrong codes could not be detected");
    for (entry, codes) in lineup.iter().zip(codes) {
        let Ok(codes) = codes else { continue };
        let name = entry.engine.name();
        ensure!(codes.dim() == reference.dim(), "{name}: codes {:?}, expected {:?}", codes.dim(), reference.dim());
        for ((at, &actual), &expected) in codes.indexed_iter().zip(reference) {
            let close = (actual - expected).abs() <= TOLERANCE;
            ensure!(close, "{name}: code {at:?} is {actual}, but bare ort computes {expected}");
        }
    }
    Ok(())
}

impl Round {
    fn of(times: Vec<Duration>) -> Self {
        let mut seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
        seconds.sort_by(f64::total_cmp);
        let quantile = |fraction: f64| seconds[((seconds.len() - 1) as f64 * fraction).round() as usize];
        let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
        Round { p50: quantile(0.5), p99: quantile(0.99), mean }
    }
}
