//! 2-D convolutions on one core.
//!
//! Rows are channels-last: `[height, width, channels]`. Every computation is a matrix product with copies of patches
//! (im2col, Chellapilla et al. 2006), a few lines or rows at a time so that they stay in the cache. `geometry.rs`
//! explains the two forms of a convolution, `passes.rs` contains the computations. Scratch buffers are kept per thread.

mod chunks;
mod form;
mod geometry;
mod order;
mod passes;
mod patches;
mod products;
mod scratch;
mod sizes;
#[cfg(test)]
mod tests;
mod upsampled;
mod weights;
mod window;

use std::ops::Range;

pub use self::sizes::Convolution;
use self::{
    geometry::Form,
    scratch::{SCRATCH, sized},
};
use super::{matrix::Matrix, write::Write};

impl Convolution {
    /// Number of multiplications of [`Self::forward`] per row.
    pub fn multiply_adds(&self) -> usize {
        if self.is_upsampled_first() {
            return self.after_upsampling().multiply_adds();
        }
        let regions = self.regions(self.forward_form());
        regions.map(|region| region.positions() * region.patch() * region.position_channels).sum()
    }

    /// Computes the output of a batch of rows. `weight` is `[in_channels * kernel, out_channels]`; its row
    /// `(channel * kernel[0] + y) * kernel[1] + x` belongs to the pixel `[y, x]` of the kernel. A row of the output has
    /// the same bits in any batch.
    ///
    /// # Panics
    /// If the lengths do not match.
    pub fn forward(&self, x: &[f32], weight: Matrix<'_>, bias: &[f32], y: &mut [f32]) {
        self.check(x, y);
        self.check_weight(weight);
        assert_eq!(bias.len(), self.out_channels, "one bias per output channel");
        if self.is_upsampled_first() {
            return self.with_upsampled(x, |x| self.after_upsampling().forward(x, weight, bias, y));
        }
        fill_with_rows(bias, y);
        let form = self.forward_form();
        SCRATCH.with_borrow_mut(|scratch| {
            for region in self.regions(form) {
                match form {
                    Form::Direct => region.read_patches(x, weight, y, Write::Add, scratch),
                    Form::Dual => region.add_to_patches(x, weight, y, scratch),
                }
            }
        });
    }

    /// Computes the gradient of the input from the gradient `dy` of the output. A row has the same bits in any batch.
    ///
    /// # Panics
    /// If the lengths do not match.
    pub fn input_gradient(&self, weight: Matrix<'_>, dy: &[f32], dx: &mut [f32], how: Write) {
        self.check(dx, dy);
        self.check_weight(weight);
        if self.is_upsampled_first() {
            return self.with_upsampled_gradient(dx, how, |dx| {
                self.after_upsampling().input_gradient(weight, dy, dx, Write::Set);
            });
        }
        let form = self.input_gradient_form();
        let is_written_once = form == Form::Dual && self.regions(form).all(|region| region.is_whole());
        if how == Write::Set && !is_written_once {
            dx.fill(0.0);
        }
        let how = if is_written_once { how } else { Write::Add };
        SCRATCH.with_borrow_mut(|scratch| {
            for region in self.regions(form) {
                match form {
                    Form::Direct => region.add_to_patches(dy, weight, dx, scratch),
                    Form::Dual => region.read_patches(dy, weight, dx, how, scratch),
                }
            }
        });
    }

    /// Computes the gradient of the weights of some input channels: of the rows `channels * taps` of the weight.
    ///
    /// # Panics
    /// If the lengths do not match, or there are no such channels.
    pub fn weight_gradient(&self, x: &[f32], dy: &[f32], channels: Range<usize>, into: &mut [f32], how: Write) {
        self.check(x, dy);
        let count = channels.len();
        assert!(count > 0 && channels.end <= self.in_channels, "the range {channels:?} contains input channels only");
        assert_eq!(into.len(), count * self.taps() * self.out_channels, "one gradient per weight");
        if self.is_upsampled_first() {
            return self.with_upsampled(x, |x| self.after_upsampling().weight_gradient(x, dy, channels, into, how));
        }
        if how == Write::Set {
            into.fill(0.0);
        }
        let form = self.weight_gradient_form();
        let (maps, positions) = match form {
            Form::Direct => (x, dy),
            Form::Dual => (dy, x),
        };
        SCRATCH.with_borrow_mut(|scratch| {
            for region in self.regions(form) {
                let [gradient, transpose] = &mut scratch.weights;
                let gradient = sized(gradient, region.weights(count));
                let order = region.sum_products(maps, positions, channels.clone(), gradient, &mut scratch.chunk);
                region.add_gradient(gradient, order, count, transpose, into);
            }
        });
    }

    /// # Panics
    /// If the lengths of input and output are not those of the same number of rows.
    fn check(&self, x: &[f32], y: &[f32]) {
        let [height, width] = self.output();
        let (input, output) = (self.input[0] * self.input[1] * self.in_channels, height * width * self.out_channels);
        let rows = x.len() / input;
        assert_eq!((x.len(), y.len()), (rows * input, rows * output), "input and output have the same number of rows");
    }

    /// # Panics
    /// If the weight has another shape.
    fn check_weight(&self, weight: Matrix<'_>) {
        let shape = (self.in_channels * self.taps(), self.out_channels);
        assert_eq!((weight.rows, weight.columns), shape, "the weight is [in_channels * kernel, out_channels]");
    }
}

/// Fills `into` with copies of a row.
fn fill_with_rows(row: &[f32], into: &mut [f32]) {
    const ROWS: usize = 64;
    let (first, rest) = into.split_at_mut(into.len().min(ROWS * row.len()));
    first.chunks_exact_mut(row.len()).for_each(|into| into.copy_from_slice(row));
    rest.chunks_mut(ROWS * row.len()).for_each(|rest| rest.copy_from_slice(&first[..rest.len()]));
}
