//! Masking of cells in training steps, so that the network learns what an unseen level and a missing value are.

use candle_core::{Result, Tensor};
use narrows_data::table::MissingCells;
use rand_chacha::ChaCha8Rng;

use super::model::Table;
use crate::{candle::Kernels, options::options, problems::Problems, random::map_with_random_bytes_parallel};

options! {
    /// Masking of the cells of mixed tables.
    pub struct MaskingOptions in "Objective" {
        /// Probability with which a category becomes an unseen level in the encoder's input during training, and with
        /// --missing mask every cell a missing value (mixed tables) [default: 0.05; with --missing mask 0.2]
        #[flag(value_name = "PROBABILITY")]
        pub masking: f64 = 0.1,
    }
}

/// Returns the default of `--masking`.
fn default_masking(missing: MissingCells) -> f64 {
    match missing {
        // Often enough to train the slot of unseen levels, and too rare to blur the others.
        MissingCells::Refused => 0.05,
        MissingCells::Masked => 0.2,
    }
}

impl MaskingOptions {
    /// Checks the probability and fills in the default.
    pub(crate) fn check(&self, missing: MissingCells, problems: &mut Problems) -> f64 {
        problems.in_unit_interval("masking", self.masking.unwrap_or(default_masking(missing)))
    }
}

impl Table {
    /// Returns the scaled cells of rows, `[rows, cells]`, in which each cell is masked with `probability`: it is
    /// missing if values may be missing, otherwise a category becomes an unseen level. `numbers` says what else happens
    /// to numbers and counts.
    pub(crate) fn masked(
        &self,
        kernels: Kernels,
        cells: &Tensor,
        probability: f64,
        numbers: MaskedNumbers,
        random: &mut ChaCha8Rng,
    ) -> Result<Tensor> {
        let order = &self.row.order;
        let width = order.cells();
        let mut masks: Vec<Option<f32>> = vec![None; width];
        match (self.row.missing, numbers) {
            (MissingCells::Masked, MaskedNumbers::Kept | MaskedNumbers::Mean) => masks.fill(Some(f32::NAN)),
            (MissingCells::Refused, MaskedNumbers::Kept) => {}
            (MissingCells::Refused, MaskedNumbers::Mean) => {
                order.numbers.iter().for_each(|&cell| masks[cell] = Some(0.0));
                let counts = order.counts.iter().zip(&self.rates);
                // The count that the encoder scales to 0.
                counts.for_each(|(&cell, rate)| masks[cell] = Some(rate.mean.exp_m1()));
            }
        }
        if self.row.missing == MissingCells::Refused {
            order.categories.iter().for_each(|category| masks[category.cell] = Some(narrows_data::table::UNSEEN));
        }
        // A value per cell that says whether it is masked: 1 or 0.
        let mut is_masked = vec![0f32; cells.elem_count()];
        let bound = (probability.clamp(0.0, 1.0) * 2f64.powi(32)) as u64;
        map_with_random_bytes_parallel(&mut is_masked, random, move |_, bytes| {
            f32::from(u8::from(u64::from(u32::from_le_bytes(bytes)) < bound))
        });
        match kernels {
            Kernels::Fused => {
                let mut values = cells.flatten_all()?.to_vec1::<f32>()?;
                for (row, is_masked) in values.chunks_exact_mut(width.max(1)).zip(is_masked.chunks_exact(width.max(1)))
                {
                    for ((cell, mask), &is_masked) in row.iter_mut().zip(&masks).zip(is_masked) {
                        *cell = mask.filter(|_| is_masked == 1.0).unwrap_or(*cell);
                    }
                }
                Tensor::from_vec(values, cells.shape(), cells.device())
            }
            Kernels::Composed | Kernels::FusedOnDevice => {
                let replaced = is_masked.iter().zip(masks.iter().cycle());
                let replaced: Vec<u8> =
                    replaced.map(|(&is_masked, mask)| u8::from(is_masked == 1.0 && mask.is_some())).collect();
                let masks: Vec<f32> = masks.into_iter().map(Option::unwrap_or_default).collect();
                let masks = Tensor::new(masks, cells.device())?.broadcast_as(cells.shape())?;
                Tensor::from_vec(replaced, cells.shape(), cells.device())?.where_cond(&masks, cells)
            }
        }
    }
}

/// What masking does to numbers and counts if no value may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MaskedNumbers {
    /// Nothing.
    Kept,
    /// They become the mean of the training rows.
    Mean,
}
