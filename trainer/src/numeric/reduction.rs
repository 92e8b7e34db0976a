//! What becomes of the losses of rows.

/// What becomes of the losses of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reduction {
    /// Their mean, one number.
    Mean,
    /// They stay, one number a row.
    Rows,
}

impl Reduction {
    /// What a row's loss weighs in the result, of so many rows.
    pub(crate) fn weight(self, rows: usize) -> f32 {
        match self {
            Reduction::Mean => 1.0 / rows.max(1) as f32,
            Reduction::Rows => 1.0,
        }
    }

    /// The result, summed in the order of the rows: the same bits on any number of cores.
    pub(crate) fn of(self, losses: &[f64]) -> Vec<f32> {
        match self {
            Reduction::Mean => vec![(losses.iter().sum::<f64>() / losses.len().max(1) as f64) as f32],
            Reduction::Rows => losses.iter().map(|&loss| loss as f32).collect(),
        }
    }
}
