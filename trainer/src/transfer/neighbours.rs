//! What the nearest codes would answer: how much of the answer lies in the geometry of the codes alone, without
//! any head.

use narrows_bundle::Scaling;
use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::{
    Targets,
    figures::{Answers, of_numbers},
    outputs::{Inputs, tensor},
    parts::LabelledRows,
    stop::{Stop, check_stop},
};
use crate::TrainError;

/// Rows whose neighbours are looked for at a time.
const BLOCK: usize = 64;

/// The figures of `count` nearest neighbours by Euclidean distance of standardised codes: the class that most of them
/// have, of equals that of the nearest; or the mean of their numbers.
///
/// # Errors
/// Those of Candle, and of reading from disk.
pub(crate) fn nearest(
    count: usize,
    standardisation: &Scaling,
    known: LabelledRows<'_>,
    asked: LabelledRows<'_>,
    stop: Stop<'_>,
) -> Result<Answers, TrainError> {
    let rows_of = |LabelledRows { values, rows, .. }: LabelledRows<'_>| -> Result<Array2<f32>, TrainError> {
        let codes = Inputs { values, scaling: standardisation }.batch(rows, None)?;
        let shape = codes.dims2()?;
        Ok(Array2::from_shape_vec(shape, codes.flatten_all()?.to_vec1()?).map_err(candle_core::Error::wrap)?)
    };
    let (points, questions) = (rows_of(known)?, rows_of(asked)?);
    let lengths: Vec<f32> = points.outer_iter().map(|row| row.dot(&row)).collect();
    let transposed = tensor(&points)?.t()?.contiguous()?;
    let mut told = Vec::with_capacity(questions.nrows());
    for block in questions.axis_chunks_iter(Axis(0), BLOCK) {
        check_stop(stop)?;
        let products = tensor(&block.to_owned())?.matmul(&transposed)?.flatten_all()?.to_vec1::<f32>()?;
        // A thread sorts in the same place all along: fresh memory costs more than the work.
        let nearest = products.par_chunks(lengths.len().max(1)).map_init(Vec::new, |order, products| {
            order.clear();
            // The question's own length is the same for all points.
            order.extend(
                products.iter().zip(&lengths).zip(0u32..).map(|((product, length), at)| (length - 2.0 * product, at)),
            );
            closest(order, count)
                .iter()
                .filter_map(|(_, at)| known.rows.get(*at as usize).copied())
                .collect::<Vec<usize>>()
        });
        told.extend(nearest.collect::<Vec<_>>());
    }
    Ok(judged(&told, known.targets, asked.targets, asked.rows))
}

/// The `count` points with the smallest distances in their order; of equals the first.
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

fn judged(neighbours: &[Vec<usize>], known: &Targets, asked: &Targets, rows: &[usize]) -> Answers {
    match (known, asked) {
        (Targets::Classes { labels: known, classes }, Targets::Classes { labels, .. }) => {
            let vote = |neighbours: &Vec<usize>| {
                let mut votes = vec![0usize; *classes];
                neighbours.iter().for_each(|&row| votes[known[row] as usize] += 1);
                let most = votes.iter().copied().max().unwrap_or(0);
                neighbours.iter().map(|&row| known[row]).find(|&label| votes[label as usize] == most)
            };
            let right = neighbours.iter().zip(rows).filter(|(near, row)| vote(near) == Some(labels[**row])).count();
            Answers::from([("accuracy", right as f64 / rows.len().max(1) as f64)])
        }
        (Targets::Numbers(known), Targets::Numbers(numbers)) => {
            let mean = |near: &Vec<usize>| {
                near.iter().map(|&row| f64::from(known[row])).sum::<f64>() / near.len().max(1) as f64
            };
            let told: Vec<f64> = neighbours.iter().map(mean).collect();
            of_numbers(&told, &rows.iter().map(|&row| f64::from(numbers[row])).collect::<Vec<_>>())
        }
        // Both are of one task.
        (Targets::Classes { .. }, Targets::Numbers(_)) | (Targets::Numbers(_), Targets::Classes { .. }) => {
            Answers::new()
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
    fn the_nearest_vote_and_of_equals_the_nearest_wins() {
        let known = Values::F32(array![[0.0], [1.0], [10.0], [11.0], [12.0]]);
        let asked = Values::F32(array![[0.4], [10.6], [6.0]]);
        let (classes, plain) = (2, unscaled());
        let known_targets = Targets::Classes { labels: vec![0, 0, 1, 1, 1], classes };
        let asked_targets = Targets::Classes { labels: vec![0, 1, 1], classes };
        let of = |count: usize| {
            let known = LabelledRows { values: &known, targets: &known_targets, rows: &[0, 1, 2, 3, 4] };
            let asked = LabelledRows { values: &asked, targets: &asked_targets, rows: &[0, 1, 2] };
            nearest(count, &plain, known, asked, &|| false).expect("in memory")["accuracy"]
        };
        assert_eq!((of(1), of(3)), (1.0, 1.0));
        // Of all five, three are of class 1, whatever is asked.
        assert_eq!(of(5), 2.0 / 3.0);
        assert_eq!(of(99), 2.0 / 3.0);
    }
}
