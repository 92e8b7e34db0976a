//! The figures as tables.

use super::{
    batches::BATCHES,
    rounds::{Figures, Round},
    two_threads::Pair,
};
use crate::{
    median::median,
    table::{cell, table, with_reasons},
};

/// Every peer in a row, and below the table what kept one from a cell.
pub(crate) fn of_figures(figures: &[Figures]) -> String {
    let sizes = BATCHES.iter().flat_map(|batch| match batch.rows {
        1 => vec!["batch 1, p50 us".to_owned(), "p99 us".to_owned()],
        rows => vec![format!("rows/s at {}", grouped(rows as f64))],
    });
    let mut table = table(["", "version", "threads"].map(str::to_owned).into_iter().chain(sizes), 3);
    let mut reasons: Vec<String> = Vec::new();
    for row in figures {
        let who = [row.who.name(), &row.version, row.who.threads()].map(str::to_owned);
        let measured = BATCHES.iter().zip(&row.batches).flat_map(|(batch, outcome)| cells(batch.rows, outcome));
        table.add_row(who.into_iter().chain(measured).collect::<Vec<_>>());
        let failures = row.batches.iter().filter_map(|outcome| outcome.as_ref().err());
        reasons.extend(failures.map(|reason| format!("{}: {reason}", row.who.name())));
    }
    with_reasons(&table, reasons)
}

/// Microseconds at one row, rows a second at more.
fn cells(rows: usize, outcome: &Result<Vec<Round>, String>) -> Vec<String> {
    let seconds = |time: fn(&Round) -> f64| outcome.as_ref().ok().map(|rounds| median(rounds.iter().map(time)));
    let micros = |seconds: Option<f64>| cell(seconds.map(|seconds| format!("{:.1}", seconds * 1e6)));
    match rows {
        1 => vec![micros(seconds(|round| round.p50)), micros(seconds(|round| round.p99))],
        rows => vec![cell(seconds(|round| round.mean).map(|mean| grouped(rows as f64 / mean)))],
    }
}

/// Calls a second of one thread and of two.
pub(crate) fn of_pairs(pairs: &[Pair]) -> String {
    let heads =
        ["batch", "1 thread, bare ort", "2 threads, one handle of ours", "ratio", "2 threads, 2 bare ort", "ratio"];
    let mut table = table(heads.map(str::to_owned), 0);
    for pair in pairs {
        let ratio = |ratio: f64| format!("{ratio:.2}");
        let [one, ours, bare] = [pair.one, pair.ours, pair.bare].map(grouped);
        table.add_row([pair.rows.to_string(), one, ours, ratio(pair.ours_to_one), bare, ratio(pair.bare_to_one)]);
    }
    table.to_string()
}

/// A whole number with its thousands set apart.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
