//! The measurements of training as tables.

use super::{
    figures::{Figures, Ratio},
    outcome::{LossOf, Outcome},
    peer::Peer,
    rounds::LONG_EPOCHS,
};
use crate::table::{cell, table, with_reasons};

/// Returns a table with one line per row and peer, followed by the reasons of peers that failed.
pub(crate) fn of_figures(figures: &[Figures]) -> String {
    let headers = [
        "",
        "",
        "rounds x epochs",
        "s per epoch",
        "relative to PyTorch",
        "lowest - highest",
        "test loss",
        "vs. PyTorch",
        "training loss",
        "vs. PyTorch",
        "peak MB",
    ];
    let mut table = table(headers.map(str::to_owned), 2);
    let mut reasons = Vec::new();
    for row in figures {
        for (peer, runs) in Peer::ALL.into_iter().zip(&row.peers) {
            if peer.rounds(row.row) == 0 {
                continue;
            }
            let title = if peer == Peer::ALL[0] { row.row.title } else { "" };
            table.add_row(
                [title, peer.name()].map(str::to_owned).into_iter().chain(cells(row, peer)).collect::<Vec<_>>(),
            );
            reasons.extend(runs.as_ref().err().map(|reason| format!("{}: {reason}", peer.name())));
        }
    }
    reasons.sort();
    with_reasons(&table, reasons)
}

fn cells(row: &Figures, peer: Peer) -> Vec<String> {
    let epochs = row.runs(peer).last().map(|run| run.outcome.seconds.len());
    let ratio = row.relative_to_torch(peer).filter(|_| peer != row.torch());
    let times = [
        cell(epochs.map(|epochs| format!("{} x {epochs}", row.runs(peer).len()))),
        cell(row.seconds(peer).map(seconds)),
        cell(ratio.map(|ratio| format!("{:.2}", ratio.median))),
        cell(ratio.map(range)),
    ];
    let losses = [LossOf::Test, LossOf::Training].into_iter().flat_map(|of| {
        let above = row.loss_above_torch(peer, of).filter(|_| peer != row.torch());
        let loss = row.loss(peer, of).map(|loss| format!("{loss:.2}"));
        [cell(loss), cell(above.map(|above| format!("{above:+.2} %")))]
    });
    let peak = cell(row.peak(peer).map(|peak| format!("{peak:.0}")));
    times.into_iter().chain(losses).chain([peak]).collect()
}

/// Returns the names and versions of the peers.
pub(crate) fn of_versions(figures: &[Figures]) -> String {
    let version = |peer| figures.iter().find_map(|row| row.runs(peer).first()).map(|run| &run.outcome.version);
    let versions = Peer::ALL.into_iter().filter_map(|peer| Some(format!("{} {}", peer.name(), version(peer)?)));
    versions.collect::<Vec<_>>().join("; ")
}

/// Returns a table that compares the epochs of Narrows with their matrix products alone.
pub(crate) fn of_floors(figures: &[Figures]) -> String {
    let headers =
        ["", "products, s per epoch", "GFLOP/s", "Narrows / products", "lowest - highest", "fraction of products"];
    let mut table = table(headers.map(str::to_owned), 1);
    for row in figures {
        let (floor, ratio) = (row.floor(), row.relative_to_floor(Peer::Narrows));
        table.add_row([
            row.row.title.to_owned(),
            cell(floor.map(|(floor, _)| seconds(floor))),
            cell(floor.map(|(_, speed)| format!("{speed:.0}"))),
            cell(ratio.map(|ratio| format!("{:.2}", ratio.median))),
            cell(ratio.map(range)),
            cell(ratio.map(|ratio| format!("{:.0} %", 100.0 / ratio.median))),
        ]);
    }
    table.to_string()
}

/// Returns a table of the epochs of the long run of Narrows.
pub(crate) fn of_long(long: &Outcome) -> String {
    let epochs = [1, 2, LONG_EPOCHS];
    let mut table = table(["epoch".to_owned()].into_iter().chain(epochs.map(|epoch| epoch.to_string())), 1);
    let cells = epochs.map(|epoch| cell(long.seconds.get(epoch - 1).copied().map(seconds)));
    table.add_row(["seconds".to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
    table.to_string()
}

/// Formats seconds with three significant digits.
fn seconds(seconds: f64) -> String {
    let decimals = (2.0 - seconds.log10().floor()).clamp(0.0, 6.0);
    format!("{seconds:.*}", decimals as usize)
}

fn range(ratio: Ratio) -> String {
    format!("{:.2} - {:.2}", ratio.lowest, ratio.highest)
}
