//! The peers in turn, round after round, so that whatever else the machine does meets all of them.

use std::{fs, path::Path};

use anyhow::Result;

use super::{
    child,
    figures::Figures,
    floor::Floor,
    outcome::Outcome,
    row::Row,
    stop::Stop,
    who::{Place, Who, own},
};

/// Epochs that are enough to see whether they become slower.
pub(crate) const LONG: usize = 10;

/// Measures a row in a folder below `scratch`. A peer that fails is left out from then on.
///
/// # Errors
/// If somebody asks to stop, or the row cannot be prepared.
pub(crate) fn measure(row: Row, python: &Path, scratch: &Path, stop: &Stop) -> Result<Figures> {
    let folder = &scratch.join(row.name());
    fs::create_dir_all(folder)?;
    let place = &Place { python, folder, stop };
    let mut figures = Figures::new(row);
    for round in 0..row.rounds() {
        prepare(row, round, row.epochs(), place)?;
        told(row, round, "matrix products");
        let floor = child::run(&mut own(&["floor"], place)?, folder, stop)?;
        figures.floors.push(serde_json::from_str::<Floor>(&floor.printed)?);
        // Another peer begins each time, and the order stays.
        for turn in 0..Who::ALL.len() {
            let at = (round + turn) % Who::ALL.len();
            let who = Who::ALL[at];
            if let Ok(runs) = &mut figures.peers[at]
                && round < who.rounds(row)
            {
                told(row, round, who.name());
                match who.train(row, place) {
                    Ok(run) => runs.push(run),
                    Err(error) => figures.peers[at] = Err(format!("{error:#}")),
                }
                stop.check()?;
            }
        }
    }
    Ok(figures)
}

/// A long run of ours, for the time of its first and last epochs.
///
/// # Errors
/// Those of [`measure`], and if our program fails.
pub(crate) fn long(row: Row, python: &Path, scratch: &Path, stop: &Stop) -> Result<Outcome> {
    let place = &Place { python, folder: &scratch.join(row.name()), stop };
    prepare(row, 0, LONG, place)?;
    eprintln!("{}, {LONG} epochs: {}", row.name(), Who::Narrows.name());
    Ok(Who::Narrows.train(row, place)?.outcome)
}

/// Writes what the peers of a round need; the round is its seed.
fn prepare(row: Row, round: usize, epochs: usize, place: &Place<'_>) -> Result<()> {
    let part = ["prepare", row.name(), &round.to_string(), &epochs.to_string()];
    child::run(&mut own(&part, place)?, place.folder, place.stop).map(drop)
}

fn told(row: Row, round: usize, what: &str) {
    eprintln!("{}, round {} of {}: {what}", row.name(), round + 1, row.rounds());
}
