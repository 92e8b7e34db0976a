//! Pooling of maps: the maximum or the mean of each window. Values are stored with the channels last.
//!
//! Windows do not overlap. Where the last window exceeds the map, the last row or column is repeated to fill it.

use super::write::Write;

/// Sizes of a pooling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// Height and width of the map.
    pub input: [usize; 2],
    /// Height and width of a window.
    pub window: [usize; 2],
    /// Number of channels.
    pub channels: usize,
}

impl Windows {
    /// Returns the height and the width of the result: one value per window that begins inside the map.
    pub fn output(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.input[axis].div_ceil(self.window[axis].max(1)))
    }

    fn input_width(&self) -> usize {
        self.input[0] * self.input[1] * self.channels
    }

    fn output_width(&self) -> usize {
        self.output().iter().product::<usize>() * self.channels
    }

    /// Calls `visit` with the start of every output position and those of the input positions in its window.
    #[inline(always)]
    fn visit(&self, mut visit: impl FnMut(usize, &[usize])) {
        let ([height, width], [down, right], channels) = (self.input, self.window, self.channels);
        let [rows, columns] = self.output();
        let mut sources = Vec::with_capacity(down * right);
        for row in 0..rows {
            for column in 0..columns {
                sources.clear();
                for y in (row * down..(row + 1) * down).map(|y| y.min(height - 1)) {
                    let positions = (column * right..(column + 1) * right).map(|x| x.min(width - 1));
                    sources.extend(positions.map(|x| (y * width + x) * channels));
                }
                visit((row * columns + column) * channels, &sources);
            }
        }
    }

    /// Computes the maximum of every window, for every row of a batch.
    ///
    /// # Panics
    /// If the lengths are not those of equally many rows.
    pub(crate) fn max(&self, x: &[f32], y: &mut [f32]) {
        self.each_row(x, y, |x, y| {
            self.visit(|to, sources| {
                let into = &mut y[to..to + self.channels];
                for (index, &from) in sources.iter().enumerate() {
                    for (into, &x) in into.iter_mut().zip(&x[from..from + self.channels]) {
                        if index == 0 || x > *into {
                            *into = x;
                        }
                    }
                }
            });
        });
    }

    /// Computes the gradient of [`max`](Windows::max): that of each maximum goes to its first position in the window.
    ///
    /// # Panics
    /// If the lengths are not those of equally many rows.
    pub(crate) fn max_gradient(&self, x: &[f32], (y, dy): (&[f32], &[f32]), dx: &mut [f32], how: Write) {
        clear(dx, how);
        let mut is_open = vec![true; self.channels];
        self.each_row_of_gradient(dy, dx, |row, dy, dx| {
            let (x, y) = (&x[row * self.input_width()..], &y[row * self.output_width()..]);
            self.visit(|to, sources| {
                is_open.fill(true);
                for &from in sources {
                    for (channel, is_open) in is_open.iter_mut().enumerate() {
                        if *is_open && x[from + channel] == y[to + channel] {
                            *is_open = false;
                            dx[from + channel] += dy[to + channel];
                        }
                    }
                }
            });
        });
    }

    /// Computes the mean of every window, for every row of a batch.
    ///
    /// # Panics
    /// If the lengths are not those of equally many rows.
    pub(crate) fn mean(&self, x: &[f32], y: &mut [f32]) {
        let factor = 1.0 / (self.window[0] * self.window[1]) as f32;
        self.each_row(x, y, |x, y| {
            self.visit(|to, sources| {
                let into = &mut y[to..to + self.channels];
                into.fill(0.0);
                for &from in sources {
                    into.iter_mut().zip(&x[from..from + self.channels]).for_each(|(into, x)| *into += x);
                }
                into.iter_mut().for_each(|into| *into *= factor);
            });
        });
    }

    /// Computes the gradient of [`mean`](Windows::mean).
    ///
    /// # Panics
    /// If the lengths are not those of equally many rows.
    pub(crate) fn mean_gradient(&self, dy: &[f32], dx: &mut [f32], how: Write) {
        clear(dx, how);
        let factor = 1.0 / (self.window[0] * self.window[1]) as f32;
        self.each_row_of_gradient(dy, dx, |_, dy, dx| {
            self.visit(|to, sources| {
                for &from in sources {
                    let into = dx[from..from + self.channels].iter_mut();
                    into.zip(&dy[to..to + self.channels]).for_each(|(into, dy)| *into += dy * factor);
                }
            });
        });
    }

    fn each_row(&self, x: &[f32], y: &mut [f32], mut each: impl FnMut(&[f32], &mut [f32])) {
        let (from, to) = (self.input_width().max(1), self.output_width().max(1));
        assert_eq!(x.len() / from * to, y.len(), "one result per window");
        x.chunks_exact(from).zip(y.chunks_exact_mut(to)).for_each(|(x, y)| each(x, y));
    }

    fn each_row_of_gradient(&self, dy: &[f32], dx: &mut [f32], mut each: impl FnMut(usize, &[f32], &mut [f32])) {
        let (from, to) = (self.input_width().max(1), self.output_width().max(1));
        assert_eq!(dx.len() / from * to, dy.len(), "one gradient per window");
        let rows = dy.chunks_exact(to).zip(dx.chunks_exact_mut(from));
        rows.enumerate().for_each(|(row, (dy, dx))| each(row, dy, dx));
    }
}

fn clear(dx: &mut [f32], how: Write) {
    match how {
        Write::Set => dx.fill(0.0),
        Write::Add => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map of 2 x 3 with one channel, in windows of 2 x 2: the second window exceeds the map.
    const WINDOWS: Windows = Windows { input: [2, 3], window: [2, 2], channels: 1 };

    #[test]
    fn the_last_column_is_repeated_to_fill_the_last_window() {
        let x = [1.0, 2.0, 3.0, 4.0, 0.0, 7.0];
        let mut y = [f32::NAN; 2];
        WINDOWS.max(&x, &mut y);
        assert_eq!(y, [4.0, 7.0]);
        WINDOWS.mean(&x, &mut y);
        assert_eq!(y, [1.75, 5.0]);
    }

    #[test]
    fn gradients_go_to_the_first_maximum_or_to_all_values() {
        let x = [4.0, 2.0, 3.0, 4.0, 0.0, 3.0];
        let mut dx = [f32::NAN; 6];
        WINDOWS.max_gradient(&x, (&[4.0, 3.0], &[1.0, 10.0]), &mut dx, Write::Set);
        assert_eq!(dx, [1.0, 0.0, 10.0, 0.0, 0.0, 0.0]);
        WINDOWS.mean_gradient(&[4.0, 8.0], &mut dx, Write::Set);
        assert_eq!(dx, [1.0, 1.0, 4.0, 1.0, 1.0, 4.0]);
    }
}
