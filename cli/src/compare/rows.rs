//! The rows of the table: figures of a group of cells, and which of them is the best at its latent size.

use super::{Cell, Figures, Group, column::Column, spread::Spread};

/// A row of the table.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) group: Group,
    /// Number of finished cells.
    pub(super) cells: usize,
    /// The figures, in the order of [`Column::ALL`].
    figures: Vec<Option<Spread>>,
    /// Whether each figure is the best one at its latent size.
    best: Vec<bool>,
}

impl Row {
    /// Returns the figure of a column.
    pub(super) fn figure(&self, column: Column) -> Option<Spread> {
        index(column).and_then(|index| self.figures[index])
    }

    /// Returns whether the figure of a column is the best one at its latent size.
    pub(super) fn is_best(&self, column: Column) -> bool {
        index(column).is_some_and(|index| self.best[index])
    }
}

fn index(column: Column) -> Option<usize> {
    Column::ALL.iter().position(|&other| other == column)
}

/// Returns the rows of the table in the order of the latent sizes, and of the cells within a size. A figure is marked
/// as the best if another row of its size has a worse one.
pub(super) fn rows(cells: &[(Cell, Figures)]) -> Vec<Row> {
    let mut groups: Vec<Group> = Vec::new();
    for (cell, _) in cells {
        if !groups.contains(&cell.group) {
            groups.push(cell.group.clone());
        }
    }
    groups.sort_by_key(|group| group.latent_dim);
    let row = |group: Group| {
        let own: Vec<&Figures> = cells.iter().filter(|(cell, _)| cell.group == group).map(|(_, f)| f).collect();
        let figures = Column::ALL.map(|column| {
            let values: Vec<f64> = own.iter().filter_map(|figures| column.of(figures)).collect();
            Spread::of(&values)
        });
        Row { group, cells: own.len(), figures: figures.to_vec(), best: vec![false; Column::ALL.len()] }
    };
    let mut rows: Vec<Row> = groups.into_iter().map(row).collect();
    mark_best(&mut rows);
    rows
}

fn mark_best(rows: &mut [Row]) {
    for size in rows.chunk_by_mut(|one, other| one.group.latent_dim == other.group.latent_dim) {
        for (index, column) in Column::ALL.into_iter().enumerate() {
            let means: Vec<f64> = size.iter().filter_map(|row| row.figures[index]).map(|spread| spread.mean).collect();
            let best =
                means.iter().copied().reduce(|best, mean| if column.is_better(mean, best) { mean } else { best });
            let differ = means.iter().any(|mean| Some(*mean) != best);
            if let Some(best) = best.filter(|_| differ) {
                size.iter_mut().for_each(|row| {
                    row.best[index] = row.figures[index].is_some_and(|spread| spread.mean == best);
                });
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use narrows_bundle::Kind;

    use super::*;

    pub(in super::super) fn cell(kind: Kind, latent_dim: usize, seed: u64, mse: f64) -> (Cell, Figures) {
        let cell = Cell { group: Group { latent_dim, kind, beta: None, bundle: None }, seed };
        let figures = Figures {
            mse,
            nll: None,
            rate: None,
            distortion: None,
            probe_accuracy: Some(1.0 - mse),
            parameters: 10,
            bundle_bytes: 1000,
            train_seconds: Some(1.0),
            encode_microseconds: None,
            scaling: String::new(),
            remarks: Vec::new(),
        };
        (cell, figures)
    }

    #[test]
    fn rows_average_the_seeds_and_mark_the_best_of_each_latent_size() {
        let cells = [
            cell(Kind::Pca, 8, 0, 0.3),
            cell(Kind::Ae, 2, 0, 0.5),
            cell(Kind::Pca, 2, 0, 0.4),
            cell(Kind::Ae, 2, 1, 0.7),
        ];
        let rows = rows(&cells);
        let found: Vec<_> = rows
            .iter()
            .map(|row| {
                let mse = row.figure(Column::Mse).expect("every cell has one").mean;
                (
                    row.group.latent_dim,
                    row.group.kind,
                    row.cells,
                    mse,
                    row.is_best(Column::Mse),
                    row.is_best(Column::Probe),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                (2, Kind::Ae, 2, 0.6, false, false),
                (2, Kind::Pca, 1, 0.4, true, true),
                (8, Kind::Pca, 1, 0.3, false, false),
            ]
        );
    }
}
