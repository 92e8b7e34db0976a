//! The codes of single rows of a data set, named by their numbers.

use anyhow::{Context, bail};
use narrows_bundle::counted;
use narrows_runtime::Autoencoder;
use ndarray::Array1;

use crate::input::SampleArguments;

/// The code of one row, and its class if the model takes labels.
pub(crate) struct EncodedRow {
    /// The code, `[latent]`; for a variational model the mean.
    pub(crate) code: Array1<f32>,
    /// The class index.
    pub(crate) class: Option<i64>,
}

/// Encodes `N` rows, numbered from 0 in the order in which they are read; rows dropped because of missing values are
/// not counted. Reads the data up to the last of them, a batch at a time.
pub(crate) fn encode_rows<const N: usize>(
    arguments: &SampleArguments,
    model: &Autoencoder,
    numbers: [usize; N],
) -> anyhow::Result<[EncodedRow; N]> {
    let mut rows = arguments.rows(model)?;
    let mut found: [Option<EncodedRow>; N] = std::array::from_fn(|_| None);
    while found.iter().any(Option::is_none)
        && let Some(batch) = rows.next(usize::MAX)?
    {
        let first = rows.returned() - batch.rows();
        if !numbers.iter().any(|number| (first..first + batch.rows()).contains(number)) {
            continue;
        }
        let codes = model.encode(batch.samples()).map_err(|error| rows.locate_error(error, &batch))?;
        for (number, found) in numbers.iter().zip(&mut found) {
            let index = number.wrapping_sub(first);
            if index < batch.rows() {
                let class = batch.classes().and_then(|classes| classes.get(index)).copied();
                *found = Some(EncodedRow { code: codes.row(index).to_owned(), class });
            }
        }
    }
    if let Some((number, _)) = numbers.iter().zip(&found).find(|(_, found)| found.is_none()) {
        bail!(
            "there is no row {number} in {}, which has {} (rows are counted from 0)",
            arguments.data,
            counted(rows.returned(), "row")
        );
    }
    let all: Option<Vec<EncodedRow>> = found.into_iter().collect();
    all.and_then(|all| all.try_into().ok()).context("a row was not encoded")
}
