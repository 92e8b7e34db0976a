//! The measurements of encoding as tables.

use super::{
    batches::Batch,
    rounds::{Figures, Round},
    two_threads::Pair,
};
use crate::{
    median::median,
    table::{cell, table, with_reasons},
};

/// Returns a table with one line per peer, followed by the reasons of missing values.
pub(crate) fn of_figures(figures: &[Figures], batches: &[Batch]) -> String {
    let sizes = batches.iter().flat_map(|batch| match batch.rows {
        1 => vec!["batch 1, p50 us".to_owned(), "p99 us".to_owned()],
        rows => vec![format!("rows/s at {}", grouped(rows as f64))],
    });
    let mut table = table(["", "version", "threads"].map(str::to_owned).into_iter().chain(sizes), 3);
    let mut reasons: Vec<String> = Vec::new();
    for row in figures {
        let engine = [row.engine.name(), &row.version, row.engine.threads()].map(str::to_owned);
        let measured = batches.iter().zip(&row.batches).flat_map(|(batch, outcome)| cells(batch.rows, outcome));
        table.add_row(engine.into_iter().chain(measured).collect::<Vec<_>>());
        let failures = row.batches.iter().filter_map(|outcome| outcome.as_ref().err());
        reasons.extend(failures.map(|reason| format!("{}: {reason}", row.engine.name())));
    }
    with_reasons(&table, reasons)
}

/// Returns the cells of a batch size: microseconds per call for one row, rows per second for larger batches.
fn cells(rows: usize, outcome: &Result<Vec<Round>, String>) -> Vec<String> {
    let seconds = |time: fn(&Round) -> f64| outcome.as_ref().ok().map(|rounds| median(rounds.iter().map(time)));
    let micros = |seconds: Option<f64>| cell(seconds.map(|seconds| format!("{:.1}", seconds * 1e6)));
    match rows {
        1 => vec![micros(seconds(|round| round.p50)), micros(seconds(|round| round.p99))],
        rows => vec![cell(seconds(|round| round.mean).map(|mean| grouped(rows as f64 / mean)))],
    }
}

/// Returns a table of the calls per second of one thread and of two threads.
pub(crate) fn of_pairs(pairs: &[Pair]) -> String {
    let headers =
        ["batch", "1 thread, bare ort", "2 threads, one Narrows handle", "ratio", "2 threads, 2 x bare ort", "ratio"];
    let mut table = table(headers.map(str::to_owned), 0);
    for pair in pairs {
        let ratio = |ratio: f64| format!("{ratio:.2}");
        let [one, narrows, bare] = [pair.one, pair.narrows, pair.bare].map(grouped);
        table.add_row([pair.rows.to_string(), one, narrows, ratio(pair.narrows_to_one), bare, ratio(pair.bare_to_one)]);
    }
    table.to_string()
}

/// Formats a number as an integer with thousands separators.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
