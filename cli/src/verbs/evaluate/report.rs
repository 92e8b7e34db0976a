//! The report of an evaluation: groups of figures, as text and as JSON.

use narrows_bundle::counted;
use narrows_data::Binarize;
use narrows_evaluate::{FeatureError, Figures, ImageFigures, PosteriorFigures};
use narrows_runtime::Autoencoder;
use serde_json::{Map, Value, json};

use super::{
    arguments::Evaluate,
    judged::{Judged, Outcome, Split},
    lines::{Group, Line},
    sampled::{Conditional, Sampled},
    synthetic::Synthetic,
    table_cells,
};
use crate::input::Part;

/// Number of features with the largest errors that are listed.
const WORST: usize = 10;

/// The figures of an evaluation, with what they refer to.
pub(super) struct Report<'a> {
    pub(super) arguments: &'a Evaluate,
    pub(super) model: &'a Autoencoder,
    /// The number of rows with the part that they come from.
    pub(super) rows: &'a str,
    pub(super) part: Part,
    pub(super) binarize: Binarize,
    pub(super) figures: Figures,
    /// Names of the features, if they have names.
    pub(super) columns: Option<&'a [String]>,
    pub(super) judged: Outcome,
    pub(super) sampled: Option<Sampled>,
}

impl Report<'_> {
    /// Returns the report as text.
    pub(super) fn text(&self) -> String {
        let binarized = match self.binarize {
            Binarize::None => String::new(),
            Binarize::Static | Binarize::Dynamic => format!(", binarised ({})", self.binarize),
        };
        let heading = format!("{} on {} of `{}`{binarized}", self.model.kind(), self.rows, self.arguments.data.spec());
        let groups = self.groups().iter().map(Group::text).collect::<Vec<_>>();
        [heading].into_iter().chain(groups).collect::<Vec<_>>().join("\n\n")
    }

    /// Returns the report as one JSON object.
    pub(super) fn json(&self) -> Value {
        let mut object = Map::new();
        let part = match self.part {
            Part::All => "all",
            Part::Train => "train",
            Part::Test => "test",
        };
        object.insert("kind".to_owned(), json!(self.model.kind().name()));
        object.insert("rows".to_owned(), json!(self.figures.rows));
        object.insert("part".to_owned(), json!(part));
        object.insert("binarize".to_owned(), json!(self.binarize));
        object.insert("seed".to_owned(), json!(self.arguments.seed));
        self.groups().iter().for_each(|group| group.add_to(&mut object));
        object.insert("worst_features".to_owned(), self.worst().into_iter().map(|worst| self.feature(worst)).collect());
        if let Some(posterior) = &self.figures.posterior {
            object.insert("kl_per_dimension".to_owned(), json!(posterior.kl_per_dimension));
        }
        if let Some(images) = &self.figures.images {
            object.insert("psnr_exact_images".to_owned(), json!(images.exact));
            object.insert("image_range".to_owned(), json!(images.range));
            object.insert("ssim_window".to_owned(), json!(images.ssim.map(|(_, window)| window.name())));
        }
        if let Some(nll) = &self.figures.nll {
            object.insert("importance_samples".to_owned(), json!(nll.samples));
        }
        if let Outcome::Judged(Judged { weight_decay, fitted, judged, split, .. }) = &self.judged {
            object.insert("probe_weight_decay".to_owned(), json!(weight_decay));
            object.insert("probe_fitted_rows".to_owned(), json!(fitted));
            object.insert("probe_judged_rows".to_owned(), json!(judged));
            object.insert("probe_split".to_owned(), json!(split.name()));
        }
        if self.is_mixed() {
            object.insert("columns".to_owned(), table_cells::json(&self.figures));
        }
        if let Some(Sampled { quality, features, cells, .. }) = &self.sampled {
            if let Some(cells) = cells {
                object.insert("generated_columns".to_owned(), cells.json());
            }
            object.insert("feature_space".to_owned(), json!(features));
            object.insert("feature_dimensions".to_owned(), json!(quality.width));
            object.insert("compared_samples".to_owned(), json!(quality.generated));
            object.insert("codes_from".to_owned(), json!(self.codes_from()));
            object.insert("neighbours".to_owned(), json!(self.arguments.neighbours));
        }
        Value::Object(object)
    }

    fn groups(&self) -> Vec<Group> {
        let reconstruction = (!self.figures.features.is_empty()).then(|| self.reconstruction());
        let columns = table_cells::group(&self.figures, self.model.kind().is_variational());
        let likelihood = self.likelihood();
        let groups = [reconstruction, columns, self.images(), likelihood, self.codes(), self.labels(), self.samples()];
        groups.into_iter().flatten().collect()
    }

    /// Returns whether the rows are those of a mixed table.
    fn is_mixed(&self) -> bool {
        !self.figures.cells.is_empty()
    }

    fn reconstruction(&self) -> Group {
        let Figures { squared_error, mse, explained_variance, .. } = &self.figures;
        let name = if self.is_mixed() { "squared error per number" } else { "squared error per feature" };
        let mut lines = vec![
            Line::number("mse", name, *mse, "squared scaled units"),
            Line::mean("squared_error", "squared error per row", *squared_error, "squared scaled units"),
        ];
        if let &Some(explained) = explained_variance {
            let features = if self.is_mixed() { "numbers" } else { "features" };
            let unit = format!("of 1, R^2 over all {features}");
            lines.push(Line::number("explained_variance", "explained variance", explained, unit));
        }
        let explained = |feature: &FeatureError| Some((feature.explained_variance?, feature.feature));
        let least = self.figures.features.iter().filter_map(explained).min_by(|one, other| one.0.total_cmp(&other.0));
        if let Some((least, feature)) = least {
            let unit = format!("of 1, R^2 of {}", self.name(feature));
            lines.push(Line::number("least_explained_variance", "of the worst feature", least, unit));
        }
        let worst = self.worst().into_iter().map(|worst| format!("{} {:.4}", self.name(worst.feature), worst.mse));
        let worst = worst.collect::<Vec<_>>().join(", ");
        Group {
            heading: "Reconstruction".to_owned(),
            lines,
            notes: vec![format!("largest errors (squared scaled units): {worst}")],
        }
    }

    fn images(&self) -> Option<Group> {
        let ImageFigures { psnr, exact, ssim, range } = self.figures.images?;
        let mut lines = Vec::new();
        if psnr.mean.is_finite() {
            let unit = format!("decibels, for a range of {range}");
            lines.push(Line::mean("psnr", "PSNR", psnr, unit));
        }
        let mut notes = Vec::new();
        match ssim {
            Some((ssim, window)) => {
                let unit = format!("of 1, {} window, for a range of {range}", window.name());
                lines.push(Line::mean("ssim", "SSIM", ssim, unit));
            }
            None => notes.push("no SSIM: images with a side below 7 pixels have no window".to_owned()),
        }
        if exact > 0 {
            notes.push(format!("{} without an error, left out of the PSNR", counted(exact, "image")));
        }
        Some(Group { heading: "Images".to_owned(), lines, notes })
    }

    fn likelihood(&self) -> Option<Group> {
        let mut lines = Vec::new();
        let features = self.model.manifest().sample.features() as f64;
        // The density of a number and the probability of a category have no common unit.
        let bits = |key, name, nats: f64| {
            let bits = nats / (features * std::f64::consts::LN_2);
            (!self.is_mixed()).then(|| Line::number(key, name, bits, "bits per dimension"))
        };
        if let Some(nats) = self.figures.nats {
            lines.push(Line::mean("nats", "-ln p(x|z) at the mean code", nats, "nats per row"));
            lines.extend(bits("nats_bits_per_dimension", "", nats.mean));
        }
        if let Some(elbo) = self.figures.elbo {
            let samples = self.arguments.importance_samples.max(1);
            lines.push(Line::mean(
                "elbo",
                "ELBO",
                elbo,
                format!("nats per row, {}", counted(samples, "latent sample")),
            ));
            lines.extend(bits("elbo_bits_per_dimension", "-ELBO", -elbo.mean));
        }
        if let Some(nll) = self.figures.nll {
            let unit = format!("nats per row, {}", counted(nll.samples, "importance sample"));
            lines.push(Line::mean("nll", "-ln p(x)", nll.over_rows, unit));
            lines.extend(bits("nll_bits_per_dimension", "", nll.over_rows.mean));
            if nll.standard_error_per_row.is_finite() {
                lines.push(Line::number(
                    "nll_row_standard_error",
                    "standard error of one row",
                    nll.standard_error_per_row,
                    "nats, mean over the rows",
                ));
            }
        }
        (!lines.is_empty()).then(|| Group { heading: "Likelihood".to_owned(), lines, notes: Vec::new() })
    }

    fn codes(&self) -> Option<Group> {
        let PosteriorFigures { kl, kl_per_dimension, dimensions, active_units, aggregate, .. } =
            self.figures.posterior.as_ref()?;
        let batch = format!("nats, minibatch estimate with {}", counted(aggregate.batch, "row"));
        let lines = vec![
            Line::mean("kl", "KL(q(z|x) || p(z))", *kl, "nats per row"),
            Line::count(
                "active_units",
                "active units",
                *active_units,
                format!("of {}", counted(*dimensions, "dimension")),
            ),
            Line::number(
                "mutual_information",
                "mutual information I(x; z)",
                aggregate.mutual_information,
                batch.as_str(),
            ),
            Line::number("aggregate_kl", "KL(q(z) || p(z))", aggregate.aggregate_kl, batch),
        ];
        let note = match kl_per_dimension {
            Some(kl) => {
                let mut order: Vec<(usize, f64)> = kl.iter().copied().enumerate().collect();
                order.sort_by(|one, other| other.1.total_cmp(&one.1));
                let largest = order.iter().take(WORST).map(|(index, nats)| format!("z{index} {nats:.4}"));
                format!("largest KL of a dimension (nats): {}", largest.collect::<Vec<_>>().join(", "))
            }
            None => {
                "the prior is learned, so the KL is a Monte Carlo estimate and has no part per dimension".to_owned()
            }
        };
        Some(Group { heading: "Codes".to_owned(), lines, notes: vec![note] })
    }

    fn labels(&self) -> Option<Group> {
        let heading = "Classes in the codes".to_owned();
        match &self.judged {
            Outcome::NoLabels => None,
            Outcome::Skipped(reason) => {
                Some(Group { heading, lines: Vec::new(), notes: vec![format!("no accuracies: {reason}")] })
            }
            Outcome::Judged(Judged { probe, knn, fitted, judged, split, .. }) => {
                let rows = counted(*judged, "row");
                let neighbours = counted(usize::from(self.arguments.neighbours), "nearest neighbour");
                let lines = vec![
                    Line::number("probe_accuracy", "linear classifier", *probe, format!("accuracy of 1, on {rows}")),
                    Line::number("knn_accuracy", "nearest neighbours", *knn, format!("accuracy of 1, {neighbours}")),
                ];
                let note = match split {
                    Split::Parts => format!("fitted on {}", counted(*fitted, "training row")),
                    Split::Random => {
                        format!("fitted on {fitted} of these rows by a random stratified split")
                    }
                };
                Some(Group { heading, lines, notes: vec![note] })
            }
        }
    }

    fn samples(&self) -> Option<Group> {
        let Sampled { quality, features, conditional, cells } = self.sampled.as_ref()?;
        let mut lines = Vec::new();
        let mut notes = Vec::new();
        if let Some(distance) = quality.frechet_distance {
            lines.push(Line::number(
                "frechet_distance",
                "Fréchet distance",
                distance,
                "squared units of the features, not FID",
            ));
        }
        match quality.neighbourhoods {
            Some(figures) => lines.extend([
                Line::number("precision", "precision", figures.precision, "of 1, generated among real"),
                Line::number("recall", "recall", figures.recall, "of 1, real among generated"),
                Line::number("density", "density", figures.density, "1 for equal distributions"),
                Line::number("coverage", "coverage", figures.coverage, "of 1, real with a generated one nearby"),
            ]),
            None if quality.width == 0 => {
                notes.push("the real rows do not vary, so there are no features to compare".to_owned())
            }
            None => {
                notes.push("too few samples for the neighbours of precision, recall, density and coverage".to_owned())
            }
        }
        if let Some(cells) = cells {
            lines.extend(cells.lines());
            notes.extend(cells.notes());
        }
        if let Some(Conditional { variance_ratio, synthetic }) = conditional {
            if let Some(Synthetic { agreement, accuracy, fitted, trained_on_generated }) = synthetic {
                let unit = format!("of 1, by a classifier fitted on {}", counted(*fitted, "real row"));
                lines.push(Line::number("class_agreement", "agreement with the class", *agreement, unit));
                let unit = "of 1, of this classifier on real rows";
                lines.push(Line::number("classifier_accuracy", "classifier accuracy", *accuracy, unit));
                if let &Some(accuracy) = trained_on_generated {
                    let unit = "of 1, on the same real rows, of one fitted on as many generated rows";
                    lines.push(Line::number("train_on_synthetic_accuracy", "trained on generated", accuracy, unit));
                }
            }
            if let &Some(ratio) = variance_ratio {
                let unit = "of that of real rows";
                lines.push(Line::number("within_class_variance_ratio", "variance within classes", ratio, unit));
            }
        }
        let heading = format!(
            "Generated samples: {} from the {} against {} in {features}",
            quality.generated,
            self.codes_from(),
            counted(quality.real, "real row")
        );
        Some(Group { heading, lines, notes })
    }

    /// Returns which distribution the codes of generated samples come from.
    fn codes_from(&self) -> &'static str {
        if self.model.manifest().sampler.is_some() { "sampler" } else { "prior" }
    }

    /// Returns the features with the largest errors.
    fn worst(&self) -> Vec<FeatureError> {
        let mut features = self.figures.features.clone();
        features.sort_by(|one, other| other.mse.total_cmp(&one.mse));
        features.truncate(WORST);
        features
    }

    fn feature(&self, error: FeatureError) -> Value {
        let FeatureError { feature, mse, explained_variance } = error;
        json!({ "feature": self.name(feature), "index": feature, "mse": mse, "explained_variance": explained_variance })
    }

    /// Returns the name of a feature: its column, its position in an image, or its channel and step in a window.
    fn name(&self, feature: usize) -> String {
        let shape = self.model.sample_shape();
        if let Some(cell) = self.figures.cells.get(feature) {
            return cell.name.clone();
        }
        match (self.columns, shape) {
            (Some(names), &[features]) if names.len() == features => {
                names.get(feature).cloned().unwrap_or_else(|| feature.to_string())
            }
            (Some(names), &[channels, length]) if names.len() == channels => {
                let name = names.get(feature / length.max(1)).map_or("", String::as_str);
                format!("{name}@{}", feature % length.max(1))
            }
            _ => {
                let mut rest = feature;
                let mut position: Vec<usize> = Vec::new();
                for &side in shape.iter().rev() {
                    position.push(rest % side.max(1));
                    rest /= side.max(1);
                }
                position.reverse();
                format!("{position:?}")
            }
        }
    }
}
