//! Leaves rows that may be anomalies out of the fit.

use narrows_bundle::counted;
use narrows_data::Values;
use narrows_trainer::detector::typical_rows;
use ndarray::Array2;

use super::Selection;
use crate::report::note;

impl Selection<'_> {
    /// Leaves out the fitted rows that are farthest from the others, for an assumed fraction of anomalies. Returns how
    /// many.
    pub(crate) fn keep_typical(&mut self, contamination: f64, seed: u64) -> anyhow::Result<usize> {
        let rows = &self.fitted.rows;
        if contamination <= 0.0 || contamination >= 0.5 {
            return Ok(0); // The check of the options refuses other values than 0.
        }
        let samples: Array2<f32> = match self.fitted.part.values.select(rows)? {
            Values::F32(samples) => samples,
            other => other.to_f32()?.into_owned(),
        };
        let kept = typical_rows(&samples, contamination, seed);
        let left_out = rows.len() - kept.len();
        self.fitted.rows = kept.into_iter().map(|position| rows[position]).collect();
        note(format_args!(
            "left {} out of the fit, those farthest from the others (--contamination {contamination})",
            counted(left_out, "row")
        ));
        Ok(left_out)
    }
}
