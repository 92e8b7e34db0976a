//! Pooling: the maximum or the mean of windows of a map.

use candle_core::{Result as CandleResult, Tensor};

use crate::{
    network::{
        kernel::{BackwardContext, Kernel, KernelInput, exactly},
        operation::{Operation, single_input},
    },
    numeric::{Matrix, Windows, Write},
    onnx::Call,
};

/// `[channels, height, width]` to one value per window. Windows do not overlap; the last row or column of the map is
/// repeated where the last window exceeds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Sizes of the map and of the windows.
    pub windows: Windows,
    /// Which value of a window is the result.
    pub pooling: Pooling,
}

/// Which value represents a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The largest value.
    Max,
    /// The mean.
    Average,
}

impl Pooling {
    /// Returns the name used in options and messages.
    pub fn name(self) -> &'static str {
        match self {
            Pooling::Max => "max",
            Pooling::Average => "average",
        }
    }
}

impl Operation for Pool {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let (shape, Windows { input: [height, width], window, channels }) = (single_input(inputs)?, &self.windows);
        if shape != [*channels, *height, *width] || shape.contains(&0) || window.contains(&0) {
            return Err(format!("expects a map of {:?}, got {shape:?}", [channels, height, width]));
        }
        let [height, width] = self.windows.output();
        Ok(vec![*channels, height, width])
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> CandleResult<Tensor> {
        let [x] = inputs else { candle_core::bail!("pooling expects 1 input") };
        let (Windows { input, window, .. }, output) = (&self.windows, self.windows.output());
        let strided = |x: &Tensor, axis: usize, offset: usize| {
            let position = |index: usize| (index * window[axis] + offset).min(input[axis] - 1) as u32;
            let positions: Vec<u32> = (0..output[axis]).map(position).collect();
            x.contiguous()?.index_select(&Tensor::new(positions, x.device())?, axis + 2)
        };
        let mut values = Vec::with_capacity(window[0] * window[1]);
        for row in 0..window[0] {
            let rows = strided(x, 0, row)?;
            for column in 0..window[1] {
                values.push(strided(&rows, 1, column)?);
            }
        }
        let values = Tensor::stack(&values, 0)?;
        match self.pooling {
            Pooling::Max => values.gather(&values.argmax_keepdim(0)?, 0)?.squeeze(0),
            Pooling::Average => values.mean(0),
        }
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let mut x = inputs.first().cloned().unwrap_or_default();
        let (Windows { input, window, .. }, output) = (&self.windows, self.windows.output());
        for axis in 0..2 {
            let missing = output[axis] * window[axis] - input[axis];
            if missing > 0 {
                let axes = ["height", "width"][axis];
                let [starts, ends, dimension] = [("start", -1), ("end", i64::MAX), ("axis", axis as i64 + 2)]
                    .map(|(name, value)| call.integers(&format!("{axes}.{name}"), &[value]));
                let last = call.node("Slice", &[x.clone(), starts, ends, dimension]);
                let parts: Vec<String> = [x].into_iter().chain(vec![last; missing]).collect();
                x = call.node_with_integer("Concat", &parts, "axis", axis as i64 + 2);
            }
        }
        let operator = match self.pooling {
            Pooling::Max => "MaxPool",
            Pooling::Average => "AveragePool",
        };
        call.pool(operator, &x, &window.map(|size| size as i64))
    }

    fn describe(&self) -> String {
        let [height, width] = self.windows.window;
        format!("{} pool {height} x {width}", self.pooling.name())
    }
}

impl Kernel for Pool {
    fn forward(&self, inputs: &[KernelInput<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [x] = exactly(inputs);
        match self.pooling {
            Pooling::Max => self.windows.max(x.floats(), y),
            Pooling::Average => self.windows.mean(x.floats(), y),
        }
    }

    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        let [x] = exactly(context.inputs);
        match self.pooling {
            Pooling::Max => self.windows.max_gradient(x.floats(), (context.y, context.dy), dx, how),
            Pooling::Average => self.windows.mean_gradient(context.dy, dx, how),
        }
    }
}
