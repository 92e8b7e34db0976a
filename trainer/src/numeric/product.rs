//! Matrix products on one core, computed by `gemm`.
//!
//! Candle's own product reads the number of threads from the environment at every call and splits one product over
//! these threads. This crate splits the rows of a batch over the cores instead, and each core computes its own
//! products.
#![expect(unsafe_code, reason = "`gemm` takes pointers; their bounds are checked here")]

use std::cell::RefCell;

use super::{matrix::Matrix, transpose::transpose, write::Write};

/// Writes the matrix product `a b` of `a: [m, k]` and `b: [k, n]` to `into: [m, n]`, in row-major order.
///
/// For `k` above 512, `gemm` splits the sums depending on the cache sizes of the processor, so the last bits can differ
/// between processors. They never depend on other computations.
///
/// # Panics
/// If the shapes do not match.
pub(crate) fn product(a: Matrix<'_>, b: Matrix<'_>, into: &mut [f32], how: Write) {
    assert_eq!(Some(into.len()), a.rows.checked_mul(b.columns), "`into` has the size of the product");
    let is_transposed = b.row_stride == 1 && b.column_stride > 1;
    if is_transposed && a.rows >= MIN_ROWS {
        column_major_product(a, b, into, how);
    } else {
        multiply(a, b, into, Order::Rows, how);
    }
}

/// Smallest number of rows of `a` for which a column-major product is faster.
const MIN_ROWS: usize = 16;

thread_local!(static COLUMN_MAJOR: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) });

/// The same as [`product`] for a `b` that is the transpose of a row-major matrix. For a row-major result `gemm`
/// would pack all of `b` for its vector loads, again for every block of a batch. For a column-major result it packs
/// `a` instead, which is much smaller.
fn column_major_product(a: Matrix<'_>, b: Matrix<'_>, into: &mut [f32], how: Write) {
    COLUMN_MAJOR.with_borrow_mut(|column_major| {
        column_major.resize(into.len(), 0.0);
        multiply(a, b, column_major, Order::Columns, Write::Set);
        transpose(column_major, a.rows, into, how);
    });
}

/// Storage order of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Rows,
    Columns,
}

fn multiply(a: Matrix<'_>, b: Matrix<'_>, into: &mut [f32], order: Order, how: Write) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert_eq!(k, b.rows, "the left matrix has as many columns as the right one has rows");
    assert_eq!(Some(into.len()), m.checked_mul(n), "`into` has the size of the product");
    assert!(a.extent() <= a.values.len() && b.extent() <= b.values.len(), "the operands are within their slices");
    let (row_stride, column_stride) = match order {
        Order::Rows => (n, 1),
        Order::Columns => (1, m),
    };
    // The stride of a dimension of length 1 can be any number, and is never used.
    let step = |stride: usize, length: usize| if length > 1 { stride as isize } else { 0 };
    // SAFETY: `gemm` reads the operands and accesses the result at these entries only, all of which are within their
    // slices:
    // - `a` at `i * row_stride + j * column_stride` for `i < m`, `j < k`. The largest is `extent - 1`, which the
    //   assertion compares with the length of the slice; `extent` does not wrap. The same is true of `b`, whose rows
    //   are `k` by the first assertion.
    // - `into` at `i * n + j` or `j * m + i` for `i < m`, `j < n`, so below `m * n`, which is its length.
    // A stride that is used is less than the length of a slice, so it is positive as an `isize`, and so are all offsets
    // in bytes. All values are initialised. `into` is borrowed mutably, so it overlaps with neither operand. The values
    // are `f32`, for which `gemm` has kernels, and it runs in this thread only.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            into.as_mut_ptr(),
            step(column_stride, n),
            step(row_stride, m),
            how == Write::Add,
            a.values.as_ptr(),
            step(a.column_stride, k),
            step(a.row_stride, m),
            b.values.as_ptr(),
            step(b.column_stride, n),
            step(b.row_stride, k),
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::numeric::example::noise;

    /// `a b` in 64 bits, added to `into`, and the sum of the absolute values of all terms.
    fn expected(a: Matrix<'_>, b: Matrix<'_>, into: &[f32]) -> Vec<(f64, f64)> {
        let entry_of = |matrix: Matrix<'_>, row: usize, column: usize| {
            f64::from(matrix.values[row * matrix.row_stride + column * matrix.column_stride])
        };
        let entry = |index: usize| {
            let (row, column) = (index / b.columns, index % b.columns);
            let terms = (0..a.columns).map(|inner| entry_of(a, row, inner) * entry_of(b, inner, column));
            let terms: Vec<f64> = terms.chain([f64::from(into[index])]).collect();
            (terms.iter().sum(), terms.iter().map(|term| term.abs()).sum())
        };
        (0..into.len()).map(entry).collect()
    }

    #[test]
    fn products_of_all_orientations_match_64_bit_products() {
        for (m, k, n) in [(1, 1, 1), (1, 7, 5), (5, 1, 3), (3, 2, 9), (16, 20, 33), (64, 70, 31), (70, 600, 17)] {
            let (left, right, start) = (noise(m * k, 1), noise(k * n, 2), noise(m * n, 3));
            for a in [Matrix::of_rows(&left, k), Matrix::of_rows(&left, m).t()] {
                for b in [Matrix::of_rows(&right, n), Matrix::of_rows(&right, k).t()] {
                    for how in [Write::Set, Write::Add] {
                        let mut actual = start.clone();
                        product(a, b, &mut actual, how);
                        let before = if how == Write::Add { start.clone() } else { vec![0.0; m * n] };
                        for (actual, (expected, magnitude)) in actual.iter().zip(expected(a, b, &before)) {
                            let error = (f64::from(*actual) - expected).abs();
                            assert!(
                                error <= 1e-6 * magnitude,
                                "[{m}, {k}] by [{k}, {n}]: {actual}, expected {expected}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn operands_and_results_beyond_their_slices_are_refused() {
        let values = noise(64 * 64, 1);
        let cut = |matrix: Matrix<'_>| Matrix { values: &values[..matrix.extent() - 1], ..matrix };
        // `columns` leads to a column-major product.
        let (a, rows) = (Matrix::of_rows(&values[..64 * 32], 32), Matrix::of_rows(&values[..32 * 48], 48));
        let columns = Matrix::of_rows(&values[..32 * 48], 32).t();
        for b in [rows, columns] {
            let narrow = Matrix { rows: 31, ..b };
            let cases = [(a, b, 64 * 48 - 1), (a, b, 64 * 48 + 1), (cut(a), b, 64 * 48), (a, cut(b), 64 * 48)];
            for (a, b, size) in cases.into_iter().chain([(a, narrow, 64 * 48)]) {
                let mut into = vec![0.0; size];
                let outcome = catch_unwind(AssertUnwindSafe(|| product(a, b, &mut into, Write::Set)));
                assert!(outcome.is_err(), "[{}, {}] by [{}, {}] into {size}", a.rows, a.columns, b.rows, b.columns);
            }
        }
        // The size of the product is 0 in wrapping arithmetic.
        let many = Matrix { values: &[], rows: usize::MAX / 2 + 1, columns: 0, row_stride: 0, column_stride: 1 };
        let outcome = catch_unwind(|| product(many, Matrix { rows: 0, columns: 2, ..many }, &mut [], Write::Set));
        assert!(outcome.is_err());
    }

    #[test]
    fn the_stride_of_a_single_row_or_column_can_be_any_number() {
        let values = noise(8, 1);
        let row = Matrix { row_stride: usize::MAX, ..Matrix::of_rows(&values, 8) };
        let mut actual = [0.0];
        product(row, row.t(), &mut actual, Write::Set);
        let expected: f32 = values.iter().map(|value| value * value).sum();
        assert!((actual[0] - expected).abs() <= 1e-6 * expected, "{actual:?}, expected {expected}");
    }

    #[test]
    fn a_product_over_an_empty_dimension_is_zero() {
        let mut actual = [7.0; 6];
        product(Matrix::of_rows(&[], 2).t(), Matrix::of_rows(&[], 3), &mut actual, Write::Set);
        assert_eq!(actual, [0.0; 6]);
    }
}
