//! How the losses of the rows of a batch are reduced.

/// How the losses of the rows of a batch are reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reduction {
    /// Their mean, a scalar.
    Mean,
    /// No reduction: one loss per row.
    Rows,
}

impl Reduction {
    /// Returns the weight of each row's loss in the result, for a batch of `rows` rows.
    pub(crate) fn weight(self, rows: usize) -> f32 {
        match self {
            Reduction::Mean => 1.0 / rows.max(1) as f32,
            Reduction::Rows => 1.0,
        }
    }

    /// Reduces the losses. They are summed in the order of the rows, so the bits do not depend on the number of cores.
    pub(crate) fn reduce(self, losses: &[f64]) -> Vec<f32> {
        match self {
            Reduction::Mean => vec![(losses.iter().sum::<f64>() / losses.len().max(1) as f64) as f32],
            Reduction::Rows => losses.iter().map(|&loss| loss as f32).collect(),
        }
    }
}
