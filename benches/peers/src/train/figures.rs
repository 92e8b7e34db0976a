//! What was found of a row.

use super::{
    floor::Floor,
    outcome::{LossOf, Measured, Outcome},
    row::Row,
    who::Who,
};
use crate::median::median;

/// The rounds of a row.
pub(crate) struct Figures {
    pub(crate) row: Row,
    /// Of each of [`Who::ALL`] its runs by round, or why there are none.
    pub(crate) peers: Vec<Result<Vec<Measured>, String>>,
    /// The matrix products by round.
    pub(crate) floors: Vec<Floor>,
}

/// The middle and the ends of some ratios.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
}

impl Figures {
    pub(crate) fn new(row: Row) -> Self {
        Figures { row, peers: Who::ALL.map(|_| Ok(Vec::new())).into(), floors: Vec::new() }
    }

    /// The runs of a peer; none if it failed.
    pub(crate) fn runs(&self, who: Who) -> &[Measured] {
        let at = Who::ALL.iter().position(|peer| *peer == who);
        match at.and_then(|at| self.peers.get(at)) {
            Some(Ok(runs)) => runs,
            Some(Err(_)) | None => &[],
        }
    }

    /// Seconds an epoch: the median over the epochs after the first of all rounds.
    pub(crate) fn seconds(&self, who: Who) -> Option<f64> {
        let runs = self.runs(who);
        let settled = runs.iter().flat_map(|run| run.outcome.settled());
        (!runs.is_empty()).then(|| median(settled.copied()))
    }

    /// Seconds an epoch to PyTorch's, taken in each round, since a machine that slows down slows both.
    pub(crate) fn to_torch(&self, who: Who) -> Option<Ratio> {
        let seconds = |outcome: &Outcome| median(outcome.settled().iter().copied());
        Ratio::of(self.pairs(who).map(|(run, torch)| seconds(run) / seconds(torch)))
    }

    /// A loss at the end, averaged over the rounds.
    pub(crate) fn loss(&self, who: Who, of: LossOf) -> Option<f64> {
        let losses = self.runs(who).iter().filter_map(|run| run.outcome.losses_beside(&run.outcome, of));
        mean(losses.map(|(loss, _)| loss))
    }

    /// By how many per cent a loss lies above PyTorch's after as many epochs from the same weights, averaged
    /// over the rounds.
    pub(crate) fn loss_above_torch(&self, who: Who, of: LossOf) -> Option<f64> {
        let losses = self.pairs(who).filter_map(|(run, torch)| run.losses_beside(torch, of));
        mean(losses.map(|(loss, expected)| 100.0 * (loss / expected - 1.0)))
    }

    /// The most memory of any run, in MB.
    pub(crate) fn peak(&self, who: Who) -> Option<f64> {
        self.runs(who).iter().map(|run| run.peak as f64 / 1e6).reduce(f64::max)
    }

    /// The seconds that the matrix products of an epoch take, and their thousand million operations a second.
    pub(crate) fn floor(&self) -> Option<(f64, f64)> {
        let seconds = median(self.floors.iter().map(|floor| floor.seconds));
        self.floors.first().map(|floor| (seconds, floor.gflop / seconds))
    }

    /// Seconds an epoch to those of the matrix products alone, taken in each round.
    pub(crate) fn to_floor(&self, who: Who) -> Option<Ratio> {
        let runs = self.runs(who).iter().map(|run| median(run.outcome.settled().iter().copied()));
        Ratio::of(runs.zip(&self.floors).map(|(seconds, floor)| seconds / floor.seconds))
    }

    /// The runs of a peer beside those of PyTorch in the same rounds.
    fn pairs(&self, who: Who) -> impl Iterator<Item = (&Outcome, &Outcome)> {
        self.runs(who).iter().zip(self.runs(Who::PyTorch)).map(|(run, torch)| (&run.outcome, &torch.outcome))
    }
}

impl Ratio {
    fn of(ratios: impl Iterator<Item = f64>) -> Option<Self> {
        let ratios: Vec<f64> = ratios.collect();
        let (lowest, highest) = (ratios.iter().copied().reduce(f64::min)?, ratios.iter().copied().reduce(f64::max)?);
        Some(Ratio { median: median(ratios), lowest, highest })
    }
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let numbers: Vec<f64> = numbers.collect();
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}
