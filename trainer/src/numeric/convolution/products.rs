//! Matrix products whose rows do not depend on the number of rows.
//!
//! `gemm` adds the terms of an entry one after the other if there are at most 512 terms, and at least two rows and two
//! columns. Otherwise it splits the sum depending on the number of rows and the caches of the processor.

use std::{cell::RefCell, ops::Range};

use super::{
    super::{matrix::Matrix, product::product, vectorized::vectorized, write::Write},
    order::Order,
    scratch::sized,
};

/// Largest number of terms that `gemm` adds one after the other.
const MAX_TERMS: usize = 512;

/// Smallest number of columns for which `gemm` has enough independent sums.
const WIDE: usize = 32;

thread_local!(static TWO_ROWS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) });

/// Writes the product of `a: [rows, terms]` and `b: [terms, columns]` to `into`. A row of the product has the same bits
/// for any number of rows.
pub(super) fn product_of_rows(a: &[f32], b: &[f32], columns: usize, into: &mut [f32], how: Write) {
    let (rows, terms) = (into.len() / columns, b.len() / columns);
    match (rows, columns) {
        (_, 1) => dot_products(a, b, into, how),
        (1, _) => TWO_ROWS.with_borrow_mut(|two| {
            // A stride of zero makes a matrix of two equal rows.
            let two = sized(two, 2 * columns);
            two.chunks_exact_mut(columns).for_each(|row| row.copy_from_slice(into));
            product_in_order(a, (2, 0), b, columns, two, how);
            into.copy_from_slice(&two[..columns]);
        }),
        _ => product_in_order(a, (rows, terms), b, columns, into, how),
    }
}

/// Writes the product of `a` and `b`, at most 512 terms at a time. `rows` is the number of rows of `a`, and their
/// stride.
fn product_in_order(a: &[f32], rows: (usize, usize), b: &[f32], columns: usize, into: &mut [f32], how: Write) {
    let mut how = how;
    for terms in parts(b.len() / columns) {
        let Some(a) = Matrix::strided(&a[terms.start..], (rows.0, terms.len()), (rows.1, 1)) else {
            unreachable!("`a` has as many terms as `b`");
        };
        let b = Matrix::of_rows(&b[terms.start * columns..terms.end * columns], columns);
        product(a, b, into, how);
        how = Write::Add;
    }
}

/// Splits terms into equal parts of at most 512.
fn parts(terms: usize) -> impl Iterator<Item = Range<usize>> {
    let part = terms.div_ceil(terms.div_ceil(MAX_TERMS).max(1)).max(1);
    (0..terms).step_by(part).map(move |start| start..terms.min(start + part))
}

fn dot_products(a: &[f32], b: &[f32], into: &mut [f32], how: Write) {
    vectorized(
        #[inline(always)]
        || {
            for (a, into) in a.chunks_exact(b.len()).zip(into) {
                how.write(into, dot_product(a, b));
            }
        },
    );
}

#[inline(always)]
fn dot_product(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 32;
    let mut sums = [0f32; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    for ((sum, a), b) in sums.iter_mut().zip(a_rest).zip(b_rest) {
        *sum += a * b;
    }
    sums.iter().sum()
}

/// The order in which [`product_over_rows`] is faster: `gemm` is slow for few columns.
pub(super) fn faster_order(patch: usize, position_channels: usize) -> Order {
    if position_channels >= WIDE.min(patch) { Order::ByPatch } else { Order::ByPosition }
}

/// Adds the products of the rows of `patches` and the rows of `positions` to `into`, 512 rows at a time.
pub(super) fn product_over_rows(patches: Matrix<'_>, positions: Matrix<'_>, order: Order, into: &mut [f32]) {
    for rows in parts(patches.rows) {
        let (patches, positions) = (patches.rows(rows.clone()), positions.rows(rows));
        match order {
            Order::ByPatch => product(patches.t(), positions, into, Write::Add),
            Order::ByPosition => product(positions.t(), patches, into, Write::Add),
        }
    }
}
