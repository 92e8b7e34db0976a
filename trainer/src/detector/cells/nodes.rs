//! The ONNX nodes of the errors of cells.

use narrows_bundle::SMALLEST_PROBABILITY;
use narrows_data::table::MissingCells;

use super::{CellErrors, NumberError};
use crate::onnx::Call;

/// The values of the graph from which errors are computed; a table without numbers or without categories has none of
/// these.
#[derive(Debug, Clone)]
pub(in crate::detector) struct CellValues {
    /// The numbers, `[batch, numbers]`, and their reconstructions.
    pub(in crate::detector) numbers: Option<(String, String)>,
    /// The positions of the levels, `[batch, categories]`, and the probabilities of all levels.
    pub(in crate::detector) categories: Option<(String, String)>,
}

impl CellErrors {
    /// Adds the errors to a graph and returns the name of their value, `[batch, cells]`.
    pub(in crate::detector) fn add_to(&self, call: &mut Call<'_>, values: &CellValues) -> String {
        let (mut errors, mut cells) = (Vec::new(), Vec::new());
        if let Some((x, x_hat)) = &values.numbers {
            let x = self.known(call, x, x_hat);
            for index in 0..self.numbers.len() {
                errors.push(self.number(call, index, (&x, x_hat)));
                cells.push(self.layout.numbers[index]);
            }
        }
        if let Some((levels, probabilities)) = &values.categories {
            errors.push(self.categories(call, levels, probabilities));
            cells.extend(self.layout.categories.iter().map(|(cell, _)| cell));
        }
        let all = call.node_with_integer("Concat", &errors, "axis", 1);
        let mut places: Vec<usize> = (0..cells.len()).collect();
        places.sort_by_key(|&place| cells[place]);
        let places: Vec<i64> = places.into_iter().map(|place| place as i64).collect();
        let places = call.integers("places", &places);
        call.node_with_integer("Gather", &[all, places], "axis", 1)
    }

    /// Adds the numbers with every missing one replaced by its reconstruction, which has the error 0.
    fn known(&self, call: &mut Call<'_>, x: &str, x_hat: &str) -> String {
        match self.missing {
            MissingCells::Refused => x.to_owned(),
            MissingCells::Masked => {
                let is_missing = call.node("IsNaN", &[x.to_owned()]);
                call.node("Where", &[is_missing, x_hat.to_owned(), x.to_owned()])
            }
        }
    }

    /// Adds the error of a number or a count, `[batch, 1]`.
    fn number(&self, call: &mut Call<'_>, index: usize, (x, x_hat): (&str, &str)) -> String {
        let name = |what: &str| format!("{what}.{index}");
        let column = call.integers(&name("column"), &[index as i64]);
        let [x, mean] =
            [x, x_hat].map(|value| call.node_with_integer("Gather", &[value.to_owned(), column.clone()], "axis", 1));
        let (factor, difference) = match self.numbers[index] {
            NumberError::Square { factor, scale } | NumberError::Logarithm { factor, scale } => {
                let difference = call.node("Sub", &[x, mean]);
                let inverse = call.floats(&name("inverse_scale"), &[1], &[scale.recip() as f32]);
                (factor, call.node("Mul", &[difference, inverse]))
            }
            NumberError::Root { factor } => {
                let [x, mean] = [x, mean].map(|value| {
                    let positive = call.node("Relu", &[value]);
                    call.node("Sqrt", &[positive])
                });
                (4.0 * factor, call.node("Sub", &[x, mean]))
            }
            NumberError::Area { factor, dispersion } => {
                let width = call.floats(&name("dispersion"), &[1], &[dispersion as f32]);
                let one = call.floats(&name("one"), &[1], &[1.0]);
                let [x, mean] = [x, mean].map(|value| {
                    let positive = call.node("Relu", &[value]);
                    let scaled = call.node("Mul", &[positive, width.clone()]);
                    // asinh(sqrt(y)) = ln(sqrt(y) + sqrt(y + 1)).
                    let root = call.node("Sqrt", std::slice::from_ref(&scaled));
                    let raised = call.node("Add", &[scaled, one.clone()]);
                    let other = call.node("Sqrt", &[raised]);
                    let sum = call.node("Add", &[root, other]);
                    call.node("Log", &[sum])
                });
                (4.0 * factor / dispersion, call.node("Sub", &[x, mean]))
            }
        };
        let square = call.node("Mul", &[difference.clone(), difference]);
        let square = match self.numbers[index] {
            NumberError::Logarithm { .. } => {
                let one = call.floats(&name("one"), &[1], &[1.0]);
                let raised = call.node("Add", &[square, one]);
                call.node("Log", &[raised])
            }
            NumberError::Square { .. } | NumberError::Root { .. } | NumberError::Area { .. } => square,
        };
        let factor = call.floats(&name("factor"), &[1], &[factor as f32]);
        call.node("Mul", &[square, factor])
    }

    /// Adds the errors of the categories, `[batch, categories]`.
    fn categories(&self, call: &mut Call<'_>, levels: &str, probabilities: &str) -> String {
        let count = self.categories.len();
        let mut first = 0;
        let firsts: Vec<i64> = self
            .layout
            .categories
            .iter()
            .map(|(_, levels)| {
                first += *levels as i64;
                first - *levels as i64 - 1
            })
            .collect();
        let (zero, one) = (call.integers("zero", &[0]), call.integers("one", &[1]));
        let is_unknown = call.node("Equal", &[levels.to_owned(), zero]);
        let known = call.node("Where", &[is_unknown.clone(), one, levels.to_owned()]);
        let firsts = call.integers("firsts", &firsts);
        let places = call.node("Add", &[known, firsts]);
        let of_levels = call.node_with_integer("GatherElements", &[probabilities.to_owned(), places], "axis", 1);
        let of_unknown = self.categories.iter().map(|category| match self.missing {
            MissingCells::Refused => category.unseen as f32,
            MissingCells::Masked => 1.0,
        });
        let of_unknown: Vec<f32> = of_unknown.collect();
        let of_unknown = call.floats("of_unknown", &[count], &of_unknown);
        let all = call.node("Where", &[is_unknown, of_unknown, of_levels]);
        let (low, high) = (call.floats("low", &[], &[SMALLEST_PROBABILITY as f32]), call.floats("high", &[], &[1.0]));
        let clamped = call.node("Clip", &[all, low, high]);
        let logs = call.node("Log", &[clamped]);
        let factors: Vec<f32> = self.categories.iter().map(|category| -category.factor as f32).collect();
        let factors = call.floats("factors", &[count], &factors);
        call.node("Mul", &[logs, factors])
    }
}
