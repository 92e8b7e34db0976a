//! Upsampling into a buffer, for the convolutions without a dual form.

use std::cell::RefCell;

use super::{super::write::Write, scratch::sized, sizes::Convolution};

thread_local!(static UPSAMPLED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) });

impl Convolution {
    /// The same convolution of the upsampled and cropped input.
    pub(super) fn after_upsampling(&self) -> Self {
        Convolution { input: self.cropped, upsampling: [1, 1], ..self.clone() }
    }

    /// Upsamples and crops the rows of `x`, and calls `work` with the result.
    pub(super) fn with_upsampled(&self, x: &[f32], work: impl FnOnce(&[f32])) {
        let batch = x.len() / self.input_size();
        UPSAMPLED.with_borrow_mut(|buffer| {
            let buffer = sized(buffer, batch * self.cropped_size());
            self.for_each_pixel(batch, |pixel, upsampled| buffer[upsampled].copy_from_slice(&x[pixel]));
            work(buffer);
        });
    }

    /// Calls `work` with a buffer for the gradient of the upsampled input, and writes the gradient of the input.
    pub(super) fn with_upsampled_gradient(&self, dx: &mut [f32], how: Write, work: impl FnOnce(&mut [f32])) {
        let batch = dx.len() / self.input_size();
        UPSAMPLED.with_borrow_mut(|buffer| {
            let buffer = sized(buffer, batch * self.cropped_size());
            work(buffer);
            if how == Write::Set {
                dx.fill(0.0);
            }
            self.for_each_pixel(batch, |pixel, upsampled| {
                dx[pixel].iter_mut().zip(&buffer[upsampled]).for_each(|(dx, value)| *dx += value);
            });
        });
    }

    /// Calls `visit` with the values of every pixel of the input and of its copies.
    fn for_each_pixel(&self, batch: usize, mut visit: impl FnMut(std::ops::Range<usize>, std::ops::Range<usize>)) {
        let channels = self.in_channels;
        let [height, width] = self.cropped;
        for row in 0..batch {
            for y in 0..height {
                for x in 0..width {
                    let line = row * self.input[0] + y / self.upsampling[0];
                    let pixel = (line * self.input[1] + x / self.upsampling[1]) * channels;
                    let upsampled = ((row * height + y) * width + x) * channels;
                    visit(pixel..pixel + channels, upsampled..upsampled + channels);
                }
            }
        }
    }

    fn input_size(&self) -> usize {
        self.input[0] * self.input[1] * self.in_channels
    }

    fn cropped_size(&self) -> usize {
        self.cropped[0] * self.cropped[1] * self.in_channels
    }
}
