//! The figures as tables.

use super::{
    figures::{Figures, Ratio},
    outcome::{LossOf, Outcome},
    rounds::LONG,
    who::Who,
};
use crate::table::{cell, table, with_reasons};

/// Every peer of every row in a line, and below the table what kept one from it.
pub(crate) fn of_figures(figures: &[Figures]) -> String {
    let heads = [
        "",
        "",
        "rounds x epochs",
        "s an epoch",
        "to PyTorch's",
        "lowest - highest",
        "test loss",
        "off PyTorch's",
        "training loss",
        "off PyTorch's",
        "peak MB",
    ];
    let mut table = table(heads.map(str::to_owned), 2);
    let mut reasons = Vec::new();
    for row in figures {
        for (who, runs) in Who::ALL.into_iter().zip(&row.peers) {
            let title = if who == Who::ALL[0] { row.row.title() } else { "" };
            table
                .add_row([title, who.name()].map(str::to_owned).into_iter().chain(cells(row, who)).collect::<Vec<_>>());
            reasons.extend(runs.as_ref().err().map(|reason| format!("{}: {reason}", who.name())));
        }
    }
    reasons.sort();
    with_reasons(&table, reasons)
}

fn cells(row: &Figures, who: Who) -> Vec<String> {
    let epochs = row.runs(who).last().map(|run| run.outcome.seconds.len());
    let ratio = row.to_torch(who).filter(|_| who != Who::PyTorch);
    let times = [
        cell(epochs.map(|epochs| format!("{} x {epochs}", row.runs(who).len()))),
        cell(row.seconds(who).map(seconds)),
        cell(ratio.map(|ratio| format!("{:.2}", ratio.median))),
        cell(ratio.map(range)),
    ];
    let losses = [LossOf::Test, LossOf::Training].into_iter().flat_map(|of| {
        let above = row.loss_above_torch(who, of).filter(|_| who != Who::PyTorch);
        let loss = row.loss(who, of).map(|loss| format!("{loss:.2}"));
        [cell(loss), cell(above.map(|above| format!("{above:+.2} %")))]
    });
    let peak = cell(row.peak(who).map(|peak| format!("{peak:.0}")));
    times.into_iter().chain(losses).chain([peak]).collect()
}

/// What was measured in which version.
pub(crate) fn of_versions(figures: &[Figures]) -> String {
    let version = |who| figures.iter().find_map(|row| row.runs(who).first()).map(|run| &run.outcome.version);
    let known = Who::ALL.into_iter().filter_map(|who| Some(format!("{} {}", who.name(), version(who)?)));
    known.collect::<Vec<_>>().join("; ")
}

/// Our epochs beside their bare matrix products.
pub(crate) fn of_floors(figures: &[Figures]) -> String {
    let heads = ["", "products, s an epoch", "GFLOP/s", "ours to it", "lowest - highest", "products' share of ours"];
    let mut table = table(heads.map(str::to_owned), 1);
    for row in figures {
        let (floor, ratio) = (row.floor(), row.to_floor(Who::Narrows));
        table.add_row([
            row.row.title().to_owned(),
            cell(floor.map(|(floor, _)| seconds(floor))),
            cell(floor.map(|(_, speed)| format!("{speed:.0}"))),
            cell(ratio.map(|ratio| format!("{:.2}", ratio.median))),
            cell(ratio.map(range)),
            cell(ratio.map(|ratio| format!("{:.0} %", 100.0 / ratio.median))),
        ]);
    }
    table.to_string()
}

/// The epochs of a long run of ours.
pub(crate) fn of_long(long: &Outcome) -> String {
    let epochs = [1, 2, LONG];
    let mut table = table(["epoch".to_owned()].into_iter().chain(epochs.map(|epoch| epoch.to_string())), 1);
    let cells = epochs.map(|epoch| cell(long.seconds.get(epoch - 1).copied().map(seconds)));
    table.add_row(["seconds".to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
    table.to_string()
}

/// Three significant digits.
fn seconds(seconds: f64) -> String {
    let decimals = (2.0 - seconds.log10().floor()).clamp(0.0, 6.0);
    format!("{seconds:.*}", decimals as usize)
}

fn range(ratio: Ratio) -> String {
    format!("{:.2} - {:.2}", ratio.lowest, ratio.highest)
}
