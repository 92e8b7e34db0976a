//! Weights in the order of patches.

use super::{
    super::{matrix::Matrix, transpose::transpose, vectorized::vectorized, write::Write},
    geometry::{Form, Region},
    order::Order,
    scratch::sized,
};

impl Region {
    /// Returns the weight in this order.
    pub(super) fn arranged<'a>(
        &self,
        weight: Matrix<'_>,
        order: Order,
        [arranged, transposed]: &'a mut [Vec<f32>; 2],
    ) -> &'a [f32] {
        let (in_channels, width) = (weight.rows / self.kernel(), weight.columns);
        let arranged = sized(arranged, self.weights(in_channels));
        arranged.fill(0.0);
        vectorized(
            #[inline(always)]
            || {
                self.for_each_weight(
                    in_channels,
                    #[inline(always)]
                    |index, row| {
                        let into = &mut arranged[index * width..][..width];
                        match weight.row(row) {
                            Some(row) => add(row.iter(), into),
                            None => {
                                let row = &weight.values[row * weight.row_stride..];
                                add(row.iter().step_by(weight.column_stride), into);
                            }
                        }
                    },
                );
            },
        );
        self.in_order(arranged, self.natural_order(), order, in_channels, transposed)
    }

    /// Adds the gradient of the arranged weight of `in_channels` input channels to the gradient of the weight.
    pub(super) fn add_gradient(
        &self,
        gradient: &[f32],
        order: Order,
        in_channels: usize,
        transposed: &mut Vec<f32>,
        into: &mut [f32],
    ) {
        let gradient = self.in_order(gradient, order, self.natural_order(), in_channels, transposed);
        let width = into.len() / (in_channels * self.kernel());
        vectorized(
            #[inline(always)]
            || {
                self.for_each_weight(
                    in_channels,
                    #[inline(always)]
                    |index, row| add(gradient[index * width..][..width].iter(), &mut into[row * width..][..width]),
                );
            },
        );
    }

    /// Number of arranged weights of `in_channels` input channels.
    pub(super) fn weights(&self, in_channels: usize) -> usize {
        self.taps() * in_channels * self.out_channels()
    }

    /// Calls `visit` with all pairs of an arranged weight and a weight of the kernel that is a term of it: the indices
    /// of their rows of `out_channels` values, in the natural order.
    #[inline(always)]
    fn for_each_weight(&self, in_channels: usize, mut visit: impl FnMut(usize, usize)) {
        let [vertical, horizontal] = &self.axes;
        for tap in 0..self.taps() {
            let (line, column) = (tap / horizontal.taps, tap % horizontal.taps);
            for source_line in vertical.sources(self.form, line) {
                for source_column in horizontal.sources(self.form, column) {
                    let source = source_line * horizontal.kernel + source_column;
                    for channel in 0..in_channels {
                        let index = match self.form {
                            Form::Direct => tap * in_channels + channel,
                            Form::Dual => channel * self.taps() + tap,
                        };
                        visit(index, channel * self.kernel() + source);
                    }
                }
            }
        }
    }

    /// The order in which output channels are contiguous.
    fn natural_order(&self) -> Order {
        match self.form {
            Form::Direct => Order::ByPatch,
            Form::Dual => Order::ByPosition,
        }
    }

    /// Returns the arranged weights in the order `to`, in `transposed` if this is not the order `from`.
    fn in_order<'a>(
        &self,
        weights: &'a [f32],
        from: Order,
        to: Order,
        in_channels: usize,
        transposed: &'a mut Vec<f32>,
    ) -> &'a [f32] {
        if from == to {
            return weights;
        }
        let positions = match self.form {
            Form::Direct => self.position_channels,
            Form::Dual => in_channels,
        };
        let columns = match from {
            Order::ByPatch => positions,
            Order::ByPosition => weights.len() / positions,
        };
        let transposed = sized(transposed, weights.len());
        transpose(weights, columns, transposed, Write::Set);
        transposed
    }

    fn out_channels(&self) -> usize {
        match self.form {
            Form::Direct => self.position_channels,
            Form::Dual => self.map_channels,
        }
    }

    /// Number of pixels of the kernel.
    fn kernel(&self) -> usize {
        self.axes[0].kernel * self.axes[1].kernel
    }
}

#[inline(always)]
fn add<'a>(from: impl Iterator<Item = &'a f32>, into: &mut [f32]) {
    for (into, value) in into.iter_mut().zip(from) {
        *into += value;
    }
}
