//! The samples without noise, read next to the noisy ones.

use anyhow::bail;
use narrows_runtime::Autoencoder;
use ndarray::{Array2, Axis, concatenate};

use crate::input::{InputStream, SampleArguments};

/// The rows of the clean data, in the order of the noisy data.
pub(crate) struct CleanRows<'a>(InputStream<'a>);

impl<'a> CleanRows<'a> {
    /// Opens the clean data with the options of the noisy data.
    pub(crate) fn open(arguments: &SampleArguments, spec: &str, model: &'a Autoencoder) -> anyhow::Result<Self> {
        let data = arguments.data.with_spec(spec);
        Ok(CleanRows(InputStream::samples(&data, arguments.part, model.manifest())?))
    }

    /// Returns the next rows, `[count, features]`.
    pub(crate) fn take(&mut self, count: usize) -> anyhow::Result<Array2<f32>> {
        let mut parts: Vec<Array2<f32>> = Vec::new();
        let mut missing = count;
        while missing > 0 {
            let Some(batch) = self.0.next(missing)? else {
                bail!(
                    "the clean data `{}` has only {} rows, fewer than the noisy data; both need the same rows in the same \
                     order",
                    self.0.spec(),
                    self.0.returned()
                );
            };
            missing -= batch.rows();
            parts.push(batch.floats()?);
        }
        Ok(concatenate(Axis(0), &parts.iter().map(|part| part.view()).collect::<Vec<_>>())?)
    }

    /// Checks that both data sets had the same rows.
    pub(crate) fn finish(mut self, noisy: &InputStream<'_>) -> anyhow::Result<()> {
        if self.0.next(1)?.is_some() {
            bail!(
                "the clean data `{}` has more rows than the noisy data, which has {}; both need the same rows in the same \
                 order",
                self.0.spec(),
                noisy.returned()
            );
        }
        for rows in [noisy, &self.0] {
            let dropped = rows.read() - rows.returned();
            if dropped > 0 {
                bail!(
                    "{dropped} rows of `{}` have missing values and were dropped, so the rows of both data sets cannot be \
                     matched; drop the same rows from both files",
                    rows.spec()
                );
            }
        }
        Ok(())
    }
}
