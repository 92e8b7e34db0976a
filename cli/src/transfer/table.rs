//! The table of label efficiency: for people, for programs, and as a picture.

use narrows_evaluate::{Curve, label_curves};
use narrows_trainer::transfer::{Efficiency, Row};

use crate::table::table;

/// A table with its files.
pub(crate) struct Table<'a>(pub(crate) &'a Efficiency);

impl Table<'_> {
    /// Accuracy in percent, with its standard deviation over the draws.
    pub(crate) fn text(&self) -> String {
        let Efficiency { labels, draws, test_rows, rows } = self.0;
        let counts = labels.iter().map(|count| format!("{count} labels"));
        let heading: Vec<String> =
            ["features", "numbers", "standardised"].map(str::to_owned).into_iter().chain(counts).collect();
        let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
        format!(
            "accuracy of a linear head on {test_rows} test rows in %, mean and deviation over {draws} draws of the labels (all labels: one)\n{}{}",
            table(&heading, rows.iter().map(cells)),
            self.remark().map_or(String::new(), |remark| format!("\n{remark}"))
        )
    }

    /// A row in a sentence.
    pub(crate) fn row(row: &Row) -> String {
        let [features, width, standardise, accuracies @ ..] = &cells(row)[..] else { return String::new() };
        format!("{features}, {width} numbers, standardised by {standardise}: {} %", accuracies.join(", "))
    }

    /// The files of a bundle that say it, by name; `title` stands over the picture.
    pub(crate) fn files(&self, title: &str) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
        let json = serde_json::to_string_pretty(self.0)?;
        Ok(vec![
            ("label-efficiency.txt", (self.text() + "\n").into_bytes()),
            ("label-efficiency.json", (json + "\n").into_bytes()),
            ("label-efficiency.svg", self.svg(title)?.into_bytes()),
        ])
    }

    /// A line for each row, over the number of labels.
    fn svg(&self, title: &str) -> anyhow::Result<String> {
        let curve = |row: &Row| {
            let points = self.0.labels.iter().zip(&row.accuracy).map(|(&labels, &accuracy)| (labels as f64, accuracy));
            Curve { name: format!("{} {}, {}", row.features, row.width, row.standardise), points: points.collect() }
        };
        Ok(label_curves(title, &self.0.rows.iter().map(curve).collect::<Vec<_>>())?)
    }

    /// Where the code is behind what it was made of.
    fn remark(&self) -> Option<String> {
        let best = |is_code: bool, at: usize| {
            let is_meant = |row: &&Row| (row.features != "raw" && row.features != "pca") == is_code;
            let of = |row: &Row| row.accuracy.get(at).copied().unwrap_or(0.0);
            self.0.rows.iter().filter(is_meant).map(of).fold(0.0, f64::max)
        };
        let behind = self.0.labels.iter().enumerate().filter(|(at, _)| best(true, *at) < best(false, *at));
        let behind: Vec<String> = behind.map(|(_, count)| count.to_string()).collect();
        let told = |counts: &[String]| {
            format!("with {} labels the code tells less than raw samples or principal components", counts.join(", "))
        };
        (!behind.is_empty()).then(|| told(&behind))
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
