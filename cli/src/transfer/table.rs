//! The table of label efficiency, as text, JSON and SVG.

use narrows_bundle::counted;
use narrows_evaluate::{Curve, label_curves};
use narrows_trainer::transfer::{Efficiency, Row};

use crate::table::table;

/// Table of accuracies by number of labels.
pub(crate) struct Table<'a>(pub(crate) &'a Efficiency);

impl Table<'_> {
    /// Formats the accuracies in percent, with their standard deviations over the random selections of the labels.
    pub(crate) fn text(&self) -> String {
        let Efficiency { labels, draws, test_rows, rows } = self.0;
        let counts = labels.iter().map(|&count| counted(count, "label"));
        let heading: Vec<String> =
            ["features", "dimensions", "standardised"].map(str::to_owned).into_iter().chain(counts).collect();
        let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
        format!(
            "accuracy of a linear head on {} in %, mean and standard deviation over {} of the labels (one for all labels)\n{}{}",
            counted(*test_rows, "test row"),
            counted(*draws, "random selection"),
            table(&heading, rows.iter().map(cells)),
            self.remark().map_or(String::new(), |remark| format!("\n{remark}"))
        )
    }

    /// Formats a row as one line.
    pub(crate) fn row(row: &Row) -> String {
        let [features, width, standardise, accuracies @ ..] = &cells(row)[..] else { return String::new() };
        format!("{features}, dimensions: {width}, standardised by {standardise}: {} %", accuracies.join(", "))
    }

    /// Returns the files of the table by name. `title` is the title of the plot.
    pub(crate) fn files(&self, title: &str) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
        let json = serde_json::to_string_pretty(self.0)?;
        Ok(vec![
            ("label-efficiency.txt", (self.text() + "\n").into_bytes()),
            ("label-efficiency.json", (json + "\n").into_bytes()),
            ("label-efficiency.svg", self.svg(title)?.into_bytes()),
        ])
    }

    /// Draws the accuracy of each row over the number of labels.
    fn svg(&self, title: &str) -> anyhow::Result<String> {
        let curve = |row: &Row| {
            let points = self.0.labels.iter().zip(&row.accuracy).map(|(&labels, &accuracy)| (labels as f64, accuracy));
            Curve { name: format!("{} {}, {}", row.features, row.width, row.standardise), points: points.collect() }
        };
        Ok(label_curves(title, &self.0.rows.iter().map(curve).collect::<Vec<_>>())?)
    }

    /// Returns a remark if the codes give a lower accuracy than raw samples or principal components.
    fn remark(&self) -> Option<String> {
        let best = |is_code: bool, at: usize| {
            let is_selected = |row: &&Row| (row.features != "raw" && row.features != "pca") == is_code;
            let accuracy = |row: &Row| row.accuracy.get(at).copied().unwrap_or(0.0);
            self.0.rows.iter().filter(is_selected).map(accuracy).fold(0.0, f64::max)
        };
        let worse = self.0.labels.iter().enumerate().filter(|(at, _)| best(true, *at) < best(false, *at));
        let worse: Vec<String> = worse.map(|(_, count)| count.to_string()).collect();
        (!worse.is_empty()).then(|| {
            format!(
                "with {} labels, the codes give a lower accuracy than raw samples or principal components",
                worse.join(", ")
            )
        })
    }
}

fn cells(row: &Row) -> Vec<String> {
    let figures = row.accuracy.iter().zip(&row.deviation).map(|(accuracy, deviation)| {
        if *deviation > 0.0 {
            format!("{:.2} ± {:.2}", 100.0 * accuracy, 100.0 * deviation)
        } else {
            format!("{:.2}", 100.0 * accuracy)
        }
    });
    [row.features.clone(), row.width.to_string(), row.standardise.clone()].into_iter().chain(figures).collect()
}
