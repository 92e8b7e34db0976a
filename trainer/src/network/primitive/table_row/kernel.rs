//! The kernel of a row of a table, for the cells of a row as its only input.

use super::{Code, TableRow};
use crate::{
    network::kernel::{BackwardContext, Kernel, KernelInput, ParameterRows, exactly, vector},
    numeric::{Matrix, Write},
};
use narrows_data::table::MissingCells;

/// Returns the position of the level of a category cell: 0 for an unseen level or a missing value.
fn level(cell: f32, levels: usize) -> usize {
    let is_known = cell >= 1.0 && cell <= levels as f32;
    if is_known { cell as usize } else { 0 }
}

impl Kernel for TableRow {
    fn forward(&self, inputs: &[KernelInput<'_>], parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [x] = exactly(inputs);
        let (embeddings, log_scale) = self.parts(parameters);
        let embeddings = embeddings.map_or(&[][..], |embeddings| vector(*embeddings));
        let [means, deviations] = log_scale.map_or([&[][..]; 2], |scale| scale.map(|values| vector(*values)));
        let (numeric, values, width) = (self.order.numeric(), self.values(), self.width());
        let codes: Vec<Code> = self.codes().collect();
        for (row, y) in x.floats().chunks_exact(self.order.cells().max(1)).zip(y.chunks_exact_mut(width.max(1))) {
            let (features, mut rest) = y.split_at_mut(values);
            let (known, missing) = features.split_at_mut(numeric);
            let (numbers, counts) = known.split_at_mut(self.order.numbers.len());
            numbers.iter_mut().zip(&self.order.numbers).for_each(|(y, &cell)| *y = row[cell]);
            let log_scale = means.iter().zip(deviations);
            for ((y, &cell), (mean, deviation)) in counts.iter_mut().zip(&self.order.counts).zip(log_scale) {
                // `max` would drop a NaN.
                let count = if row[cell] < 0.0 { 0.0 } else { row[cell] };
                *y = (count.ln_1p() - mean) / deviation;
            }
            if self.missing == MissingCells::Masked {
                for (known, missing) in known.iter_mut().zip(missing) {
                    let is_missing = known.is_nan();
                    *missing = f32::from(u8::from(is_missing));
                    *known = if is_missing { 0.0 } else { *known };
                }
            }
            let mut first = 0;
            for (category, &code) in self.order.categories.iter().zip(&codes) {
                let (y, after) = rest.split_at_mut(code.width());
                let level = level(row[category.cell], category.levels);
                match code {
                    Code::OneHot { .. } => {
                        y.fill(0.0);
                        if let Some(y) = level.checked_sub(1).and_then(|at| y.get_mut(at)) {
                            *y = 1.0;
                        }
                    }
                    Code::Thermometer { .. } => {
                        y[..level].fill(1.0);
                        y[level..].fill(0.0);
                    }
                    Code::Embedding { width, .. } => {
                        y.copy_from_slice(&embeddings[first + level * width..][..width]);
                        first += code.trained();
                    }
                }
                rest = after;
            }
        }
    }

    /// Numbers and counts have a gradient, categories and missing values have none.
    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        let [x] = exactly(context.inputs);
        let (_, log_scale) = self.parts(context.parameters);
        let [_, deviations] = log_scale.map_or([&[][..]; 2], |scale| scale.map(|values| vector(*values)));
        let (cells, width) = (self.order.cells().max(1), self.width().max(1));
        let rows = x.floats().chunks_exact(cells).zip(dx.chunks_exact_mut(cells)).zip(context.dy.chunks_exact(width));
        for ((row, dx), dy) in rows {
            let (numbers, counts) = dy.split_at(self.order.numbers.len());
            for (&cell, &dy) in self.order.numbers.iter().zip(numbers) {
                how.write(&mut dx[cell], if row[cell].is_nan() { 0.0 } else { dy });
            }
            for ((&cell, &dy), deviation) in self.order.counts.iter().zip(counts).zip(deviations) {
                let slope = if row[cell] >= 0.0 { dy / (deviation * (1.0 + row[cell])) } else { 0.0 };
                how.write(&mut dx[cell], slope);
            }
            self.order.categories.iter().for_each(|category| how.write(&mut dx[category.cell], 0.0));
        }
    }

    /// Computes the sum of `dy` over the rows with each level of a category with an embedding.
    fn parameter_gradient(
        &self,
        of: &ParameterRows,
        inputs: &[KernelInput<'_>],
        dy: &[f32],
        into: &mut [f32],
        how: Write,
    ) {
        assert_eq!((of.parameter, of.rows.clone()), (0, 0..1), "the embeddings are one vector");
        let [x] = exactly(inputs);
        match how {
            Write::Set => into.fill(0.0),
            Write::Add => {}
        }
        let (cells, width) = (self.order.cells().max(1), self.width().max(1));
        let codes: Vec<Code> = self.codes().collect();
        for (row, dy) in x.floats().chunks_exact(cells).zip(dy.chunks_exact(width)) {
            let (mut first, mut column) = (0, self.values());
            for (category, &code) in self.order.categories.iter().zip(&codes) {
                if let Code::Embedding { width, .. } = code {
                    let level = level(row[category.cell], category.levels);
                    let into = &mut into[first + level * width..][..width];
                    into.iter_mut().zip(&dy[column..][..width]).for_each(|(into, dy)| *into += dy);
                    first += code.trained();
                }
                column += code.width();
            }
        }
    }
}
