//! Measurements of a row of the table.

use super::{
    floor::Floor,
    outcome::{LossOf, Measured, Outcome},
    peer::Peer,
    row::Row,
};
use crate::median::median;

/// Measurements of all rounds of a row.
pub(crate) struct Figures {
    pub(crate) row: &'static Row,
    /// Runs of each peer in [`Peer::ALL`] by round, or the reason why it failed.
    pub(crate) peers: Vec<Result<Vec<Measured>, String>>,
    /// Matrix products by round.
    pub(crate) floors: Vec<Floor>,
}

/// Median, minimum and maximum of ratios.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
}

impl Figures {
    pub(crate) fn new(row: &'static Row) -> Self {
        Figures { row, peers: Peer::ALL.map(|_| Ok(Vec::new())).into(), floors: Vec::new() }
    }

    /// Returns the runs of a peer. The slice is empty if the peer failed.
    pub(crate) fn runs(&self, peer: Peer) -> &[Measured] {
        let at = Peer::ALL.iter().position(|other| *other == peer);
        match at.and_then(|at| self.peers.get(at)) {
            Some(Ok(runs)) => runs,
            Some(Err(_)) | None => &[],
        }
    }

    /// Returns the seconds per epoch: the median over all rounds, without the first epoch of each round.
    pub(crate) fn seconds(&self, peer: Peer) -> Option<f64> {
        let runs = self.runs(peer);
        let seconds = runs.iter().flat_map(|run| run.outcome.after_first_epoch());
        (!runs.is_empty()).then(|| median(seconds.copied()))
    }

    /// Returns the peer that others are compared with: PyTorch in the memory layout with the shorter epochs.
    pub(crate) fn torch(&self) -> Peer {
        let layouts = [Peer::PyTorch, Peer::PyTorchChannelsLast];
        let measured = layouts.into_iter().filter_map(|peer| Some((peer, self.seconds(peer)?)));
        measured.min_by(|(_, one), (_, other)| one.total_cmp(other)).map_or(Peer::PyTorch, |(peer, _)| peer)
    }

    /// Returns the time per epoch relative to PyTorch. The ratio is computed per round, because other load on the
    /// machine affects both.
    pub(crate) fn relative_to_torch(&self, peer: Peer) -> Option<Ratio> {
        let seconds = |outcome: &Outcome| median(outcome.after_first_epoch().iter().copied());
        Ratio::of(self.pairs(peer).map(|(run, torch)| seconds(run) / seconds(torch)))
    }

    /// Returns the final loss, averaged over the rounds.
    pub(crate) fn loss(&self, peer: Peer, of: LossOf) -> Option<f64> {
        let losses = self.runs(peer).iter().filter_map(|run| run.outcome.losses_after_equal_epochs(&run.outcome, of));
        mean(losses.map(|(loss, _)| loss))
    }

    /// Returns by how many per cent the loss exceeds that of PyTorch after the same number of epochs from the same
    /// initial weights, averaged over the rounds.
    pub(crate) fn loss_above_torch(&self, peer: Peer, of: LossOf) -> Option<f64> {
        let losses = self.pairs(peer).filter_map(|(run, torch)| run.losses_after_equal_epochs(torch, of));
        mean(losses.map(|(loss, expected)| 100.0 * (loss / expected - 1.0)))
    }

    /// Returns the largest peak memory of all runs, in MB.
    pub(crate) fn peak(&self, peer: Peer) -> Option<f64> {
        self.runs(peer).iter().map(|run| run.peak as f64 / 1e6).reduce(f64::max)
    }

    /// Returns the seconds for the matrix products of an epoch, and their speed in GFLOP/s.
    pub(crate) fn floor(&self) -> Option<(f64, f64)> {
        let seconds = median(self.floors.iter().map(|floor| floor.seconds));
        self.floors.first().map(|floor| (seconds, floor.gflop / seconds))
    }

    /// Returns the time per epoch relative to the matrix products alone, computed per round.
    pub(crate) fn relative_to_floor(&self, peer: Peer) -> Option<Ratio> {
        let runs = self.runs(peer).iter().map(|run| median(run.outcome.after_first_epoch().iter().copied()));
        Ratio::of(runs.zip(&self.floors).map(|(seconds, floor)| seconds / floor.seconds))
    }

    /// Returns the outcomes of a peer, paired with those of PyTorch in the same rounds.
    fn pairs(&self, peer: Peer) -> impl Iterator<Item = (&Outcome, &Outcome)> {
        self.runs(peer).iter().zip(self.runs(self.torch())).map(|(run, torch)| (&run.outcome, &torch.outcome))
    }
}

impl Ratio {
    fn of(ratios: impl Iterator<Item = f64>) -> Option<Self> {
        let ratios: Vec<f64> = ratios.collect();
        let (lowest, highest) = (ratios.iter().copied().reduce(f64::min)?, ratios.iter().copied().reduce(f64::max)?);
        Some(Ratio { median: median(ratios), lowest, highest })
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
