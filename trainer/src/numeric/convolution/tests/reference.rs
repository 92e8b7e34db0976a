//! Convolutions as sums of products in 64 bits.

use super::*;

/// Pseudo-random values in [-1, 1) without the regularity of `noise`, with which errors of long sums would not cancel.
pub(super) fn random(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// A sum, the sum of the absolute values of its terms, and their number.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    value: f64,
    magnitude: f64,
    terms: f64,
}

impl Sum {
    fn add(&mut self, term: f64) {
        self.value += term;
        self.magnitude += term.abs();
        self.terms += 1.0;
    }
}

/// A convolution of a batch with random values, and its results.
pub(super) struct Example<'a> {
    convolution: &'a Convolution,
    batch: usize,
    x: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    dy: Vec<f32>,
    expected_y: Vec<Sum>,
    expected_dx: Vec<Sum>,
    expected_dw: Vec<Sum>,
}

impl<'a> Example<'a> {
    pub(super) fn new(convolution: &'a Convolution, batch: usize) -> Self {
        let ([height, width], [lines, columns]) = (convolution.output(), convolution.input);
        let (inputs, outputs) = (convolution.in_channels, convolution.out_channels);
        let x = random(batch * lines * columns * inputs, 1);
        let weight = random(inputs * convolution.taps() * outputs, 2);
        let bias = random(outputs, 3);
        let dy = random(batch * height * width * outputs, 4);
        let mut expected_y = vec![Sum::default(); dy.len()];
        let mut expected_dx = vec![Sum::default(); x.len()];
        let mut expected_dw = vec![Sum::default(); weight.len()];
        expected_y.iter_mut().zip(bias.iter().cycle()).for_each(|(y, bias)| y.add(f64::from(*bias)));
        for_each_product(convolution, batch, |input, tap, output| {
            let (x, w, d) = (f64::from(x[input]), f64::from(weight[tap]), f64::from(dy[output]));
            expected_y[output].add(x * w);
            expected_dx[input].add(w * d);
            expected_dw[tap].add(x * d);
        });
        Example { convolution, batch, x, weight, bias, dy, expected_y, expected_dx, expected_dw }
    }

    /// A row alone has the same bits, and so has the batch with a weight in another storage order.
    pub(super) fn check_forward(&self) {
        let outputs = self.convolution.out_channels;
        let weight = Matrix::of_rows(&self.weight, outputs);
        let forward = |x: &[f32], weight: Matrix<'_>| {
            let mut y = vec![f32::NAN; x.len() / (self.x.len() / self.batch) * (self.dy.len() / self.batch)];
            self.convolution.forward(x, weight, &self.bias, &mut y);
            y
        };
        let y = forward(&self.x, weight);
        self.compare("output", &y, None, &self.expected_y);
        for row in [0, self.batch / 2, self.batch - 1] {
            assert_eq!(forward(self.row(&self.x, row), weight), self.row(&y, row), "row {row} of {self:?}");
        }
        let columns: Vec<f32> = (0..outputs).flat_map(|o| self.weight[o..].iter().step_by(outputs)).copied().collect();
        let weight = Matrix::of_rows(&columns, self.weight.len() / outputs).t();
        assert_eq!(forward(&self.x, weight), y, "{self:?}");
    }

    pub(super) fn check_input_gradient(&self) {
        let weight = Matrix::of_rows(&self.weight, self.convolution.out_channels);
        let start = noise(self.x.len(), 5);
        for how in [Write::Set, Write::Add] {
            let mut dx = start.clone();
            self.convolution.input_gradient(weight, &self.dy, &mut dx, how);
            self.compare("input gradient", &dx, (how == Write::Add).then_some(&start), &self.expected_dx);
            for row in [0, self.batch / 2, self.batch - 1] {
                let mut alone = self.row(&start, row).to_vec();
                self.convolution.input_gradient(weight, self.row(&self.dy, row), &mut alone, how);
                assert_eq!(alone, self.row(&dx, row), "gradient of row {row} of {self:?}");
            }
        }
    }

    pub(super) fn check_weight_gradient(&self) {
        let (channels, of_channel) = (self.convolution.in_channels, self.weight.len() / self.convolution.in_channels);
        for channels in [0..channels, 0..channels.div_ceil(2), channels / 3..channels] {
            let weights = channels.start * of_channel..channels.end * of_channel;
            let start = noise(weights.len(), 6);
            for how in [Write::Set, Write::Add] {
                let mut dw = start.clone();
                self.convolution.weight_gradient(&self.x, &self.dy, channels.clone(), &mut dw, how);
                let start = (how == Write::Add).then_some(start.as_slice());
                self.compare("weight gradient", &dw, start, &self.expected_dw[weights.clone()]);
            }
        }
    }

    fn row<'b>(&self, values: &'b [f32], row: usize) -> &'b [f32] {
        let size = values.len() / self.batch;
        &values[row * size..][..size]
    }

    /// The tolerance is that of a sum in order, whose rounding errors are independent of each other.
    fn compare(&self, name: &str, actual: &[f32], start: Option<&[f32]>, expected: &[Sum]) {
        for (index, (&actual, sum)) in actual.iter().zip(expected).enumerate() {
            let start = start.map_or(0.0, |start| f64::from(start[index]));
            let error = (f64::from(actual) - sum.value - start).abs();
            let tolerance = (2.0 + sum.terms.sqrt()) * f64::from(f32::EPSILON) * (sum.magnitude + start.abs());
            assert!(error <= tolerance, "{name} {index}: {actual}, expected {} + {start}, {self:?}", sum.value);
        }
    }
}

impl std::fmt::Debug for Example<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} rows, {:?}", self.batch, self.convolution)
    }
}

/// Calls `visit` with the indices of input, weight and output of every product.
fn for_each_product(convolution: &Convolution, batch: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let Convolution { input, kernel, stride, padding, upsampling, cropped, .. } = convolution;
    let (inputs, outputs, [height, width]) = (convolution.in_channels, convolution.out_channels, convolution.output());
    for position in 0..batch * height * width {
        let (row, y, x) = (position / (height * width), position / width % height, position % width);
        for tap in 0..convolution.taps() {
            let line = (y * stride[0] + tap / kernel[1]).checked_sub(padding[0]).filter(|line| *line < cropped[0]);
            let column =
                (x * stride[1] + tap % kernel[1]).checked_sub(padding[1]).filter(|column| *column < cropped[1]);
            let (Some(line), Some(column)) = (line, column) else { continue };
            let pixel = (row * input[0] + line / upsampling[0]) * input[1] + column / upsampling[1];
            for channel in 0..inputs {
                for output in 0..outputs {
                    let weight = (channel * convolution.taps() + tap) * outputs + output;
                    visit(pixel * inputs + channel, weight, position * outputs + output);
                }
            }
        }
    }
}
