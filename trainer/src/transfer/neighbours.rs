//! The nearest-neighbour baseline: predicts from the nearest codes, without a head. It shows how much of the target the
//! geometry of the codes contains.

use narrows_bundle::Scaling;
use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::{
    Targets,
    metrics::{Metrics, regression_metrics},
    outputs::{Inputs, tensor},
    parts::LabelledRows,
    stop::{Stop, check_stop},
};
use crate::{
    TrainError,
    memory::{available, check_neighbours},
};

/// Number of rows whose neighbours are searched at a time.
const BLOCK: usize = 64;

/// Computes the metrics of the `count` nearest neighbours by Euclidean distance of standardised codes. The prediction
/// is the most frequent class of the neighbours (in a tie, that of the nearest one), or the mean of their target
/// values.
///
/// # Errors
/// [`TrainError::Memory`], errors of Candle, and of reading from disk.
pub(crate) fn nearest(
    count: usize,
    standardisation: &Scaling,
    train: LabelledRows<'_>,
    test: LabelledRows<'_>,
    stop: Stop<'_>,
) -> Result<Metrics, TrainError> {
    let codes = (train.rows.len(), test.rows.len(), train.values.features());
    check_neighbours(codes, BLOCK, available())?;
    let rows_of = |LabelledRows { values, rows, .. }: LabelledRows<'_>| -> Result<Array2<f32>, TrainError> {
        let codes = Inputs { values, scaling: standardisation }.batch(rows, None)?;
        let shape = codes.dims2()?;
        Ok(Array2::from_shape_vec(shape, codes.flatten_all()?.to_vec1()?).map_err(candle_core::Error::wrap)?)
    };
    let (points, queries) = (rows_of(train)?, rows_of(test)?);
    let squared_norms: Vec<f32> = points.outer_iter().map(|row| row.dot(&row)).collect();
    let transposed = tensor(&points)?.t()?.contiguous()?;
    let mut neighbours = Vec::with_capacity(queries.nrows());
    for block in queries.axis_chunks_iter(Axis(0), BLOCK) {
        check_stop(stop)?;
        let products = tensor(&block.to_owned())?.matmul(&transposed)?.flatten_all()?.to_vec1::<f32>()?;
        // Each thread reuses its sort buffer, since allocating a new one costs more than sorting.
        let nearest = products.par_chunks(squared_norms.len().max(1)).map_init(Vec::new, |order, products| {
            order.clear();
            // The squared norm of the query is the same for all points, so it does not change their order.
            let distances = products.iter().zip(&squared_norms).map(|(product, norm)| norm - 2.0 * product);
            order.extend(distances.zip(0u32..));
            closest(order, count)
                .iter()
                .filter_map(|(_, index)| train.rows.get(*index as usize).copied())
                .collect::<Vec<usize>>()
        });
        neighbours.extend(nearest.collect::<Vec<_>>());
    }
    Ok(score(&neighbours, train.targets, test.targets, test.rows))
}

/// Returns the `count` points with the smallest distances, nearest first. Of equal distances the first point wins.
fn closest(points: &mut [(f32, u32)], count: usize) -> &[(f32, u32)] {
    let by_distance = |one: &(f32, u32), other: &(f32, u32)| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1));
    let count = count.min(points.len());
    if count < points.len() {
        points.select_nth_unstable_by(count, by_distance);
    }
    let nearest = &mut points[..count];
    nearest.sort_unstable_by(by_distance);
    nearest
}

/// Compares the predictions of the neighbours with the targets of the test rows.
fn score(neighbours: &[Vec<usize>], train: &Targets, test: &Targets, rows: &[usize]) -> Metrics {
    match (train, test) {
        (Targets::Classes { labels: train, classes }, Targets::Classes { labels, .. }) => {
            let vote = |neighbours: &Vec<usize>| {
                let mut votes = vec![0usize; *classes];
                neighbours.iter().for_each(|&row| votes[train[row] as usize] += 1);
                let most = votes.iter().copied().max().unwrap_or(0);
                neighbours.iter().map(|&row| train[row]).find(|&label| votes[label as usize] == most)
            };
            let correct = neighbours.iter().zip(rows).filter(|(near, row)| vote(near) == Some(labels[**row])).count();
            Metrics::from([("accuracy".to_owned(), correct as f64 / rows.len().max(1) as f64)])
        }
        (Targets::Numbers(train), Targets::Numbers(numbers)) => {
            let mean = |(row, target): (usize, usize)| {
                let near = neighbours.get(row).map(Vec::as_slice).unwrap_or_default();
                let values = near.iter().filter_map(|&row| train.row(row).get(target));
                values.map(|&value| f64::from(value)).sum::<f64>() / near.len().max(1) as f64
            };
            let predictions = Array2::from_shape_fn((neighbours.len(), train.names().len()), mean);
            regression_metrics(&predictions, &numbers.selected(rows), numbers.names())
        }
        // Training and test targets belong to the same task.
        (Targets::Classes { .. }, Targets::Numbers(_)) | (Targets::Numbers(_), Targets::Classes { .. }) => {
            Metrics::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use narrows_data::Values;
    use ndarray::array;

    use super::*;
    use crate::transfer::outputs::unscaled;

    #[test]
    fn majority_class_of_the_neighbours_is_predicted() {
        let train = Values::F32(array![[0.0], [1.0], [10.0], [11.0], [12.0]]);
        let test = Values::F32(array![[0.4], [10.6], [6.0]]);
        let (classes, plain) = (2, unscaled());
        let train_targets = Targets::Classes { labels: vec![0, 0, 1, 1, 1], classes };
        let test_targets = Targets::Classes { labels: vec![0, 1, 1], classes };
        let accuracy = |count: usize| {
            let train = LabelledRows { values: &train, targets: &train_targets, rows: &[0, 1, 2, 3, 4] };
            let test = LabelledRows { values: &test, targets: &test_targets, rows: &[0, 1, 2] };
            nearest(count, &plain, train, test, &|| false).expect("in memory")["accuracy"]
        };
        assert_eq!((accuracy(1), accuracy(3)), (1.0, 1.0));
        // With all five neighbours, class 1 has the majority for every query.
        assert_eq!(accuracy(5), 2.0 / 3.0);
        assert_eq!(accuracy(99), 2.0 / 3.0);
    }
}
