//! The size of a grid, as in `--grid 16x8`.

use std::{fmt, str::FromStr};

/// Number of columns and rows of a grid, both at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GridSize {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

impl GridSize {
    /// Returns the number of samples in the grid.
    pub(crate) fn count(self) -> usize {
        self.columns.saturating_mul(self.rows)
    }
}

impl fmt::Display for GridSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}x{}", self.columns, self.rows)
    }
}

impl FromStr for GridSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sides = text.split_once('x').and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
        match sides {
            Some((columns @ 1.., rows @ 1..)) => Ok(GridSize { columns, rows }),
            Some(_) | None => Err(format!("`{text}` is not a grid: write COLUMNSxROWS, such as 16x8")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_columns_and_rows() {
        assert_eq!("16x8".parse(), Ok(GridSize { columns: 16, rows: 8 }));
        for text in ["16", "0x8", "8x0", "x", "8x8x8", "-1x2"] {
            assert!(text.parse::<GridSize>().expect_err(text).contains("COLUMNSxROWS"));
        }
    }
}
