//! The first values of the pseudo-inputs of a VampPrior: random training rows.

use candle_core::{Result, Tensor};
use narrows_bundle::{Link, Scaling};
use narrows_data::Part;
use rand::seq::SliceRandom;

use crate::{
    kinds::{class_count, trained_values},
    network::Graph,
    random::{Stream, stream},
    samples::scaled,
};

/// Returns the first values of `count` pseudo-inputs, `[count, features]`, near rows that are chosen at random from
/// `rows`. For an encoder that takes labels, pseudo-input `k` starts from a row of its class where there is one left.
pub(crate) fn first_values(
    count: usize,
    part: &Part,
    rows: &[usize],
    (scaling, link): (&Scaling, Link),
    encoder: &Graph,
    seed: u64,
) -> Result<Tensor> {
    let mut order = rows.to_vec();
    order.shuffle(&mut stream(seed, Stream::PseudoInputs, 0));
    let chosen = match (class_count(encoder), &part.labels) {
        (Some(classes), Some(labels)) => by_class(&order, labels, classes, count),
        (Some(_), None) | (None, _) => order.iter().copied().cycle().take(count).collect(),
    };
    trained_values(&scaled(&part.values, &chosen, scaling, None)?, link)
}

/// Returns rows whose classes are 0, 1, ... in turn; a class that has no rows left gets any row.
fn by_class(order: &[usize], labels: &[u32], classes: usize, count: usize) -> Vec<usize> {
    let mut of_class: Vec<Vec<usize>> = vec![Vec::new(); classes];
    for &row in order.iter().rev() {
        let label = labels.get(row).map_or(0, |&label| label as usize);
        if let Some(rows) = of_class.get_mut(label) {
            rows.push(row);
        }
    }
    let mut others = order.iter().copied().cycle();
    let row = |index: usize| {
        let rows = of_class.get_mut(index % classes.max(1));
        rows.and_then(Vec::pop).or_else(|| others.next()).unwrap_or(0)
    };
    (0..count).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudo_inputs_start_from_rows_of_their_class() {
        let labels = [1, 0, 1, 0, 1];
        assert_eq!(by_class(&[4, 3, 2, 1, 0], &labels, 2, 5), [3, 4, 1, 2, 4]);
    }
}
