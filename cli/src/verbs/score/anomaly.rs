//! The score and the p-value of the bundle's detector.

use std::path::Path;

use anyhow::Context;
use narrows_data::write::Layout;
use narrows_evaluate::Picture;
use ndarray::{Array2, Axis};
use serde_json::{Value, json};

use crate::{
    input::{InputStream, SampleArguments},
    output::{Format, Output},
    report::note,
    rows_bar::RowsBar,
    summary::Summary,
    table::table,
};

/// Names of the columns.
const NAMES: [&str; 2] = ["anomaly", "p_value"];

/// Scores of rows by a detector.
pub(super) struct AnomalyScores {
    summaries: [(&'static str, Summary); 2],
    rows: usize,
    counted_rows: String,
}

/// Writes the scores of rows by the detector to a file; an .npy file gets the score alone.
pub(super) fn score(samples: &SampleArguments, out: &Path, format: Format) -> anyhow::Result<AnomalyScores> {
    let detector = samples.model.open_detector()?;
    let mut rows = InputStream::of_detector(&samples.data, samples.part, &detector)?;
    let layout = match format {
        Format::Npy => Layout::single(NAMES[0]),
        Format::Csv | Format::Parquet | Format::Png | Format::Gif => Layout::named(NAMES.map(str::to_owned).into()),
    };
    let mut summaries = NAMES.map(|name| (name, Summary::default()));
    let bar = RowsBar::new(rows.total());
    let mut output = None;
    while let Some(batch) = rows.next(usize::MAX)? {
        let found = detector.detect(batch.samples()).map_err(|error| rows.locate_error(error, &batch))?;
        let cell = |(row, column): (usize, usize)| if column == 0 { found.scores[row] } else { found.p_values[row] };
        let values = Array2::from_shape_fn((batch.rows(), NAMES.len()), cell);
        for (column, (_, summary)) in values.columns().into_iter().zip(&mut summaries) {
            column.iter().for_each(|&value| summary.add(value.into()));
        }
        let output = match &mut output {
            Some(output) => output,
            none => none.insert(Output::begin(out, format, layout.clone(), Picture::default())?),
        };
        match format {
            Format::Npy => output.write(&values.index_axis(Axis(1), 0).into_dyn(), None)?,
            Format::Csv | Format::Parquet | Format::Png | Format::Gif => {
                output.write(&values.into_dyn().view(), batch.others.as_ref())?;
            }
        }
        bar.show(rows.read());
    }
    drop(bar);
    note(output.context("there are no rows to score")?.finish("score", "")?);
    Ok(AnomalyScores { summaries, rows: rows.returned(), counted_rows: rows.counted_rows() })
}

impl AnomalyScores {
    pub(super) fn json(self) -> Value {
        let scores: serde_json::Map<_, _> =
            self.summaries.into_iter().map(|(name, summary)| (name.to_owned(), summary.json())).collect();
        json!({ "rows": self.rows, "scores": scores })
    }

    pub(super) fn text(self) -> String {
        let cells = self.summaries.into_iter().map(|(name, summary)| {
            let figures = summary.figures().into_iter().map(|value| format!("{value:.4}"));
            [name.to_owned()].into_iter().chain(figures).collect()
        });
        let summaries = table(&[&["score"][..], &Summary::FIGURES].concat(), cells);
        format!("{summaries}\n\nover {}", self.counted_rows)
    }
}
