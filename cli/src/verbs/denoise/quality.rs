//! The peak signal-to-noise ratio of samples before and after.

use narrows_evaluate::psnr;
use ndarray::{ArrayView2, Zip};
use serde_json::{Value, json};

use crate::{notes::print_json, report::print, summary::Summary, table::table};

/// Errors of the samples so far.
pub(crate) struct Quality {
    range: (f32, f32),
    before: Errors,
    after: Errors,
}

#[derive(Default)]
struct Errors {
    psnr: Summary,
    /// Number of samples without an error, whose PSNR is infinite.
    infinite: usize,
    count: usize,
    /// Sum of the mean squared errors.
    sum: f64,
}

impl Quality {
    /// Creates an empty comparison of samples with this smallest and largest value.
    pub(crate) fn new(range: (f32, f32)) -> Self {
        Quality { range, before: Errors::default(), after: Errors::default() }
    }

    /// Adds samples, `[rows, features]` each.
    pub(crate) fn add(
        &mut self,
        clean: &ArrayView2<'_, f32>,
        noisy: &ArrayView2<'_, f32>,
        denoised: &ArrayView2<'_, f32>,
    ) {
        let span = f64::from(self.range.1) - f64::from(self.range.0);
        for (errors, rows) in [(&mut self.before, noisy), (&mut self.after, denoised)] {
            for (clean, row) in clean.outer_iter().zip(rows.outer_iter()) {
                let sum = Zip::from(&clean)
                    .and(&row)
                    .fold(0.0, |sum, &clean, &value| sum + (f64::from(clean) - f64::from(value)).powi(2));
                errors.add(sum / clean.len().max(1) as f64, span);
            }
        }
    }

    /// Prints the comparison, if there was any.
    pub(crate) fn report(self, as_json: bool, rows: usize, counted_rows: &str) -> anyhow::Result<()> {
        let Quality { range: (low, high), before, after } = self;
        match (as_json, before.count) {
            (true, 0) => print_json(json!({ "rows": rows })),
            (true, _) => print_json(json!({
                "rows": rows,
                "range": [low, high],
                "mse": { "before": before.mse(), "after": after.mse() },
                "psnr": { "before": before.json(), "after": after.json() },
            })),
            (false, 0) => Ok(()),
            (false, _) => {
                let perfect = [("before", before.infinite), ("after", after.infinite)];
                let all = before.count;
                let perfect = perfect.iter().filter(|(_, count)| (1..all).contains(count));
                let notes: String = perfect
                    .map(|(when, count)| format!("; {count} without an error {when} are not in the figures"))
                    .collect();
                let lines = [("before", before), ("after", after)].map(|(name, errors)| {
                    let figures = errors.figures().map(|figure| format!("{figure:.2}"));
                    [name.to_owned()].into_iter().chain(figures).collect()
                });
                let lines = table(&[&["PSNR in dB"][..], &Summary::FIGURES].concat(), lines);
                print(format!("{lines}\n\nover {counted_rows}, for values from {low} to {high}{notes}"))
            }
        }
    }
}

impl Errors {
    fn add(&mut self, mean_squared_error: f64, span: f64) {
        self.count += 1;
        self.sum += mean_squared_error;
        match psnr(mean_squared_error, span) {
            infinite if infinite == f64::INFINITY => self.infinite += 1,
            finite => self.psnr.add(finite),
        }
    }

    fn mse(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }

    /// Returns the figures in dB; all infinite if no sample has an error.
    fn figures(self) -> [f64; 6] {
        if self.infinite == self.count { [f64::INFINITY; 6] } else { self.psnr.figures() }
    }

    fn json(self) -> Value {
        let mut object = self.psnr.json();
        object["infinite"] = json!(self.infinite);
        object
    }
}
