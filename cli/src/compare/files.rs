//! The files of the report: the table as JSON and as a web page, and the charts.

use narrows_evaluate::{ChartError, Curve, latent_curves, rate_distortion_curves};

use super::{
    Folder, Report,
    column::Column,
    page::page,
    rates::{RateCurve, rate_curves},
    rows::Row,
};
use crate::notes::with_notes;

impl Report<'_> {
    /// Writes `compare.json`, `compare.html`, `compare.svg`, and `rate-distortion.svg` if several weights of the KL
    /// term are compared. Returns the names.
    pub(crate) fn write(&self, folder: &Folder) -> anyhow::Result<Vec<&'static str>> {
        let (errors, rates) = (self.error_chart()?, self.rate_chart()?);
        let described = [
            (&errors, "Chart of the mean squared error over the number of latent dimensions, a curve per model"),
            (&rates, "Chart of the distortion over the rate, a curve per model"),
        ];
        let charts: Vec<(&str, &str)> =
            described.into_iter().filter_map(|(svg, text)| Some((svg.as_deref()?, text))).collect();
        let json = serde_json::to_string_pretty(&with_notes(self.json()))? + "\n";
        let mut files = vec![("compare.json", json), ("compare.html", page(self, &charts))];
        files.extend(errors.map(|svg| ("compare.svg", svg)));
        files.extend(rates.map(|svg| ("rate-distortion.svg", svg)));
        for (name, text) in &files {
            folder.write(name, text)?;
        }
        Ok(files.into_iter().map(|(name, _)| name).collect())
    }

    /// Draws the mean squared error over the latent dimensions: a curve per model. `None` without models.
    fn error_chart(&self) -> Result<Option<String>, ChartError> {
        let point = |row: &Row| Some((row.group.latent_dim as f64, row.figure(Column::Mse)?.mean));
        let named = self.rows().into_iter().filter_map(|row| Some((row.group.name(), point(&row)?)));
        let curves = curves(named);
        if curves.is_empty() {
            return Ok(None);
        }
        latent_curves(&format!("reconstruction error on {}", self.data), &curves).map(Some)
    }

    /// Draws the distortion over the rate: a curve per kind and latent size, a point per weight of the KL term,
    /// averaged over the seeds. `None` unless there are several weights.
    fn rate_chart(&self) -> Result<Option<String>, ChartError> {
        let curve = |curve: RateCurve| {
            let mut points: Vec<_> = curve.points.iter().map(|&(_, rate, distortion)| (rate, distortion)).collect();
            points.sort_by(|one, other| one.0.total_cmp(&other.0));
            Curve { name: curve.name(), points }
        };
        let curves: Vec<Curve> = rate_curves(self.cells).into_iter().map(curve).collect();
        // A single curve has no legend, so the title names it.
        let models = match &curves[..] {
            [] => return Ok(None),
            [only] => format!(" of {}", only.name),
            _ => String::new(),
        };
        rate_distortion_curves(&format!("rate and distortion{models} on {}", self.data), &curves).map(Some)
    }
}

/// Collects points into curves by name, in the order of the first point of each, sorted along the horizontal axis.
fn curves(points: impl Iterator<Item = (String, (f64, f64))>) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    for (name, point) in points {
        match curves.iter_mut().find(|curve| curve.name == name) {
            Some(curve) => curve.points.push(point),
            None => curves.push(Curve { name, points: vec![point] }),
        }
    }
    curves.iter_mut().for_each(|curve| curve.points.sort_by(|one, other| one.0.total_cmp(&other.0)));
    curves
}
