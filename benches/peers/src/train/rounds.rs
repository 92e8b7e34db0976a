//! Measures the peers in turn, in several rounds, so that other load on the machine affects all of them.

use std::{fs, path::Path};

use anyhow::Result;

use super::{
    child,
    figures::Figures,
    floor::Floor,
    outcome::Outcome,
    peer::{Peer, Workspace, own_command},
    row::Row,
    stop::Stop,
};

/// Number of epochs of the long run, which shows whether epochs become slower.
pub(crate) const LONG_EPOCHS: usize = 10;

/// Measures a row in a subfolder of `scratch`. A peer that fails is skipped in later rounds.
///
/// # Errors
/// On a request to stop, or if the row cannot be prepared.
pub(crate) fn measure(row: &'static Row, python: &Path, scratch: &Path, stop: &Stop) -> Result<Figures> {
    let folder = &scratch.join(row.name);
    fs::create_dir_all(folder)?;
    let workspace = &Workspace { python, folder, stop };
    let mut figures = Figures::new(row);
    for round in 0..row.rounds {
        prepare(row, round, row.epochs, workspace)?;
        report(row, round, "matrix products");
        let floor = child::run(&mut own_command(&["floor"], workspace)?, folder, stop)?;
        figures.floors.push(serde_json::from_str::<Floor>(&floor.printed)?);
        // Each round starts with a different peer and keeps the order.
        for turn in 0..Peer::ALL.len() {
            let at = (round + turn) % Peer::ALL.len();
            let peer = Peer::ALL[at];
            if let Ok(runs) = &mut figures.peers[at]
                && round < peer.rounds(row)
            {
                report(row, round, peer.name());
                match peer.train(row, workspace) {
                    Ok(run) => runs.push(run),
                    Err(error) => figures.peers[at] = Err(format!("{error:#}")),
                }
                stop.check()?;
            }
        }
    }
    Ok(figures)
}

/// Trains with Narrows for [`LONG_EPOCHS`] epochs, to compare the time of the first and the last epoch.
///
/// # Errors
/// The same as [`measure`], or if `narrows` fails.
pub(crate) fn long(row: &'static Row, python: &Path, scratch: &Path, stop: &Stop) -> Result<Outcome> {
    let workspace = &Workspace { python, folder: &scratch.join(row.name), stop };
    prepare(row, 0, LONG_EPOCHS, workspace)?;
    eprintln!("{}, {LONG_EPOCHS} epochs: {}", row.name, Peer::Narrows.name());
    Ok(Peer::Narrows.train(row, workspace)?.outcome)
}

/// Writes the input files of the peers for a round. The seed is the number of the round.
fn prepare(row: &Row, round: usize, epochs: usize, workspace: &Workspace<'_>) -> Result<()> {
    let arguments = ["prepare", row.name, &round.to_string(), &epochs.to_string()];
    child::run(&mut own_command(&arguments, workspace)?, workspace.folder, workspace.stop).map(drop)
}

fn report(row: &Row, round: usize, what: &str) {
    eprintln!("{}, round {} of {}: {what}", row.name, round + 1, row.rounds);
}
