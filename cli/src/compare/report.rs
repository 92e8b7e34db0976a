//! The report of a comparison: a table as text, and everything as JSON.

use narrows_bundle::counted;
use serde_json::{Value, json};

use super::{
    Cell, Figures,
    column::Column,
    format::format_spread,
    plan::Skipped,
    remarks::{about_pca, about_rates, about_scaling},
    rows::{Row, rows},
    spread::Spread,
};
use crate::table::table;

/// Everything that the report says.
pub(crate) struct Report<'a> {
    /// Name of the data set.
    pub(crate) data: &'a str,
    /// Which rows judge: the name in JSON, and their number.
    pub(crate) judge: (&'static str, usize),
    /// What is judged on which rows, as a sentence.
    pub(crate) protocol: String,
    pub(crate) seeds: &'a [u64],
    pub(crate) importance_samples: usize,
    /// Finished cells, in the order of the table.
    pub(crate) cells: &'a [(Cell, Figures)],
    pub(crate) skipped: &'a [Skipped],
    /// Failed cells, each with the error.
    pub(crate) failed: &'a [(Cell, String)],
    /// What was chosen for the user.
    pub(crate) remarks: &'a [String],
}

impl Report<'_> {
    pub(super) fn rows(&self) -> Vec<Row> {
        rows(self.cells)
    }

    /// Returns the heading of the table.
    pub(super) fn headings(&self) -> Vec<&'static str> {
        ["latent", "model"].into_iter().chain(self.columns().into_iter().map(Column::heading)).collect()
    }

    /// Returns the columns that have a figure in some row.
    pub(super) fn columns(&self) -> Vec<Column> {
        let has_figure = |column: &Column| self.cells.iter().any(|(_, figures)| column.of(figures).is_some());
        Column::ALL.into_iter().filter(has_figure).collect()
    }

    /// Returns the sentences below the table.
    pub(super) fn sentences(&self) -> Vec<String> {
        let rows = self.rows();
        let mut sentences: Vec<String> = self.footnote(&rows).into_iter().collect();
        let incomplete = rows.iter().filter(|row| row.group.bundle.is_none() && row.cells < self.seeds.len());
        sentences.extend(incomplete.map(|row| {
            let (name, latent) = (row.group.name(), row.group.latent_dim);
            format!("latent {latent}: {name} has only {} of {} seeds", row.cells, self.seeds.len())
        }));
        sentences.extend(about_pca(&rows));
        sentences.extend(about_rates(self.cells));
        sentences.extend(about_scaling(self.cells));
        sentences.extend(self.left_out());
        let own_remarks = self
            .cells
            .iter()
            .flat_map(|(cell, figures)| figures.remarks.iter().map(move |remark| format!("{cell}: {remark}")));
        sentences.extend(own_remarks);
        sentences.extend(self.failed.iter().map(|(cell, error)| format!("{cell} failed: {error}")));
        sentences
    }

    /// Explains the stars and the deviations of the table, if it has some.
    fn footnote(&self, rows: &[Row]) -> Option<String> {
        let has_star = rows.iter().any(|row| Column::ALL.into_iter().any(|column| row.is_best(column)));
        let best = has_star.then(|| "* the best of its latent size".to_owned());
        let deviation = (self.seeds.len() > 1 && !rows.is_empty())
            .then(|| format!("mean ± standard deviation over {}", counted(self.seeds.len(), "seed")));
        let parts: Vec<String> = best.into_iter().chain(deviation).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// Says which models are left out, and why: once for all sizes and weights with the same reason.
    fn left_out(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        for skipped in self.skipped {
            let sentence = format!("{} is left out: {}", skipped.group.kind, skipped.reason);
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
        sentences
    }

    /// Returns all sentences, with those that the program prints before training.
    pub(super) fn all_sentences(&self) -> Vec<String> {
        [self.sentences(), self.remarks.to_vec()].concat()
    }

    /// Formats the report as text. Without finished models there is no table.
    pub(crate) fn text(&self) -> String {
        let columns = self.columns();
        let row = |row: &Row| {
            let figure = |column: &Column| cell_text(row, *column);
            let first = [row.group.latent_dim.to_string(), row.group.name()];
            first.into_iter().chain(columns.iter().map(figure)).collect::<Vec<_>>()
        };
        let table = (!self.cells.is_empty()).then(|| table(&self.headings(), self.rows().iter().map(row)));
        let sentences = self.sentences();
        let sentences = (!sentences.is_empty()).then(|| sentences.join("\n"));
        [Some(self.protocol.clone()), table, sentences].into_iter().flatten().collect::<Vec<_>>().join("\n\n")
    }

    /// Returns the report as JSON.
    pub(crate) fn json(&self) -> Value {
        let (part, judging_rows) = self.judge;
        json!({
            "data": self.data,
            "judge": { "part": part, "rows": judging_rows },
            "seeds": self.seeds,
            "likelihood_samples": self.importance_samples,
            "encode_rows": super::speed::ENCODE_ROWS,
            "rows": self.rows().iter().map(row_json).collect::<Vec<_>>(),
            "cells": self.cells.iter().map(cell_json).collect::<Vec<_>>(),
            "skipped": self.skipped.iter().map(|skipped| {
                json!({ "kind": skipped.group.kind, "latent": skipped.group.latent_dim, "reason": skipped.reason })
            }).collect::<Vec<_>>(),
            "failed": self.failed.iter().map(|(cell, error)| {
                json!({ "kind": cell.group.kind, "latent": cell.group.latent_dim, "beta": cell.group.beta,
                        "bundle": cell.group.bundle, "seed": cell.seed, "error": error })
            }).collect::<Vec<_>>(),
            "sentences": self.all_sentences(),
        })
    }
}

/// Returns a figure of a row, with a star if it is the best one of its latent size.
pub(super) fn cell_text(row: &Row, column: Column) -> String {
    let mark = if row.is_best(column) { " *" } else { "" };
    format!("{}{mark}", format_spread(column, row.figure(column)))
}

fn row_json(row: &Row) -> Value {
    let group = &row.group;
    let mut object = json!({
        "kind": group.kind,
        "latent": group.latent_dim,
        "beta": group.beta,
        "bundle": group.bundle,
        "cells": row.cells,
        "best": Column::ALL.into_iter().filter(|&column| row.is_best(column)).map(Column::key).collect::<Vec<_>>(),
    });
    for column in Column::ALL {
        object[column.key()] = row
            .figure(column)
            .map_or(Value::Null, |Spread { mean, deviation }| json!({ "mean": mean, "deviation": deviation }));
    }
    object
}

fn cell_json((cell, figures): &(Cell, Figures)) -> Value {
    let group = &cell.group;
    json!({
        "kind": group.kind,
        "latent": group.latent_dim,
        "beta": group.beta,
        "bundle": group.bundle,
        "seed": cell.seed,
        "figures": figures,
    })
}
