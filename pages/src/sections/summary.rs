//! The page in words that a person can quote, and its figures in a table.

use maud::html;
use narrows_evaluate::{Estimate, Figures};
use narrows_runtime::bundle::{SampleKind, counted};

use crate::{
    frame::Section,
    gathered::{About, Baseline, Compared, Gathered},
    number::{percent, short},
};

/// With fewer rows, their variance and the distance of two distributions say nothing.
pub(super) const HANDFUL: usize = 10;
/// Below this recall, the samples cover hardly any of the data.
const LOW_RECALL: f64 = 0.05;

/// A figure with its unit and how it was computed.
struct Line {
    name: &'static str,
    value: String,
    meaning: String,
}

/// Returns the section.
pub(super) fn section(gathered: &Gathered) -> Section {
    let body = html! {
        @for sentence in summary(gathered) { p { (sentence) } }
        div.wide { table.figures {
            thead { tr { th { "figure" } th { "value" } th.text { "unit and protocol" } } }
            tbody { @for line in lines(gathered) { tr { td { (line.name) } td { (line.value) } td.text { (line.meaning) } } } }
        } }
    };
    Section { id: "summary", title: "Summary".to_owned(), body }
}

/// Returns sentences that a person can quote: what the model is, how well it reconstructs, what its codes hold and how
/// close its samples are to real rows. Each number has its unit and says which rows it is of.
pub fn summary(gathered: &Gathered) -> Vec<String> {
    let mut all = vec![model(gathered), reconstruction(gathered)];
    all.extend(codes(gathered));
    let compared = gathered.generated.as_ref().and_then(|generated| generated.quality.as_ref());
    all.extend(compared.and_then(|compared| samples(compared, &gathered.about.noun)));
    all
}

fn model(gathered: &Gathered) -> String {
    let manifest = &gathered.manifest;
    let (title, data) = (manifest.kind.title(), &manifest.training.data);
    let article = if title.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" };
    let shape = manifest.sample.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
    let what = match (manifest.sample.kind, manifest.sample.shape.len()) {
        (SampleKind::Series, _) => format!("series of shape {shape}"),
        (SampleKind::Features, 1) if manifest.sample.table.is_some() => {
            let columns = manifest.sample.table.as_ref().map_or(0, |schema| schema.columns.len());
            format!("rows of a table with {}", counted(columns, "column"))
        }
        (SampleKind::Features, 1) => format!("rows of {}", counted(manifest.sample.features(), "value")),
        (SampleKind::Features, _) => format!("images of {shape} values"),
    };
    format!(
        "{article} {title} with {}, trained on {} of {}: {what}.",
        counted(manifest.latent_dim, "latent dimension"),
        gathered.about.counted(data.train_rows),
        data.name,
    )
}

fn reconstruction(gathered: &Gathered) -> String {
    let Gathered { figures, about, baseline, .. } = gathered;
    let binarized = about.binarized.as_ref().map_or(String::new(), |how| format!(", binarised ({how})"));
    let mut text = format!("On {} of {}{binarized}, it reconstructs ", about.rows, about.data);
    let (value, values) = if figures.cells.is_empty() { ("a value", "the mean") } else { ("a number", "its mean") };
    if let Some(accuracy) = category_accuracy(figures) {
        text += &format!("{} of the categories correctly", percent(accuracy));
    }
    if figures.features.is_empty() {
        return finished(text + ".", about);
    }
    if category_accuracy(figures).is_some() {
        text += ", and ";
    }
    text += &format!("{value} with a mean squared error of {} in scaled units", short(figures.mse));
    if let Some(explained) = figures.explained_variance.filter(|_| figures.rows > 1) {
        text += &format!(", which is {} of the error of always answering {values}", percent(1.0 - explained));
    }
    text += ".";
    if let Some(Baseline { components, mse, model_mse, rows, fitted }) = baseline {
        let some = if *rows < figures.rows { format!(" (on {rows} of these {}s)", about.noun) } else { String::new() };
        text += &format!(
            " A principal component analysis with as many dimensions ({components}), fitted to {fitted}, has an error of \
             {} where this model has {}{some}.",
            short(*mse),
            short(*model_mse),
        );
    }
    finished(text, about)
}

/// Adds the warning of errors that are smaller than those of new rows.
fn finished(text: String, about: &About) -> String {
    match about.warning() {
        Some(warning) => format!("{text} {warning}"),
        None => text,
    }
}

/// Returns the share of the categories of a mixed table that are reconstructed as the right level; `None` without
/// categories.
fn category_accuracy(figures: &Figures) -> Option<f64> {
    let categories = || figures.cells.iter().filter_map(|cell| Some((cell.category?.accuracy, cell.rows as f64)));
    let rows: f64 = categories().map(|(_, rows)| rows).sum();
    (rows > 0.0).then(|| categories().map(|(accuracy, rows)| accuracy * rows).sum::<f64>() / rows)
}

fn codes(gathered: &Gathered) -> Option<String> {
    let posterior = gathered.figures.posterior.as_ref()?;
    let noun = &gathered.about.noun;
    let used = match (posterior.active_units, posterior.dimensions) {
        _ if gathered.figures.rows < HANDFUL => String::new(),
        (0, 1) => "The latent dimension is not used".to_owned(),
        (1, 1) => "The latent dimension is used".to_owned(),
        (0, all) => format!("None of the {all} latent dimensions is used"),
        (used, all) if used == all => format!("All {all} latent dimensions are used"),
        (1, all) => format!("One of the {all} latent dimensions is used"),
        (used, all) => format!("{used} of the {all} latent dimensions are used"),
    };
    let used = match used.as_str() {
        "" => used,
        used => format!("{used} (one is used if the variance of its mean over the {noun}s is above 0.01). "),
    };
    Some(format!(
        "{used}The KL divergence of a code to the prior is {} nats on average, an upper bound of the information that a \
         code has about its {noun}.",
        short(posterior.kl.mean),
    ))
}

fn samples(compared: &Compared, noun: &str) -> Option<String> {
    let quality = &compared.quality;
    let neighbourhoods = quality.neighbourhoods?;
    let caution = if neighbourhoods.recall < LOW_RECALL {
        format!(
            " The recall is near 0: the samples cover hardly any of the real {noun}s and may all look alike, which \
             precision and coverage do not show."
        )
    } else {
        String::new()
    };
    Some(format!(
        "{} of {} lie among the real {noun}s (precision), {} of the real {noun}s lie among the samples (recall), and {} of \
         the real {noun}s have a sample nearby (coverage), by 5 nearest neighbours in {}.{caution}",
        percent(neighbourhoods.precision),
        counted(quality.generated, "generated sample"),
        percent(neighbourhoods.recall),
        percent(neighbourhoods.coverage),
        compared.space,
    ))
}

fn lines(gathered: &Gathered) -> Vec<Line> {
    let Gathered { figures, about, baseline, generated, .. } = gathered;
    let (rows, noun) = (&about.rows, &about.noun);
    let has_variance = figures.rows > 2;
    let has_error = |estimate: &Estimate| has_variance && estimate.standard_error.is_finite();
    let line = |name, value: f64, meaning: String| Line { name, value: short(value), meaning };
    let mean = |name, estimate: &Estimate, unit: &str| Line {
        name,
        value: match has_error(estimate) {
            true => format!("{} ± {}", short(estimate.mean), short(estimate.standard_error)),
            false => short(estimate.mean),
        },
        meaning: match has_error(estimate) {
            true => format!("{unit}, mean over {rows} ± its standard error"),
            false => format!("{unit}, mean over {rows}"),
        },
    };
    let mut lines = Vec::new();
    if let Some(accuracy) = category_accuracy(figures) {
        let meaning = format!("a fraction of the values of all categories, over {rows}");
        lines.push(line("accuracy of categories", accuracy, meaning));
    }
    if !figures.features.is_empty() {
        let name = if figures.cells.is_empty() { "squared error per feature" } else { "squared error per number" };
        lines.push(line(name, figures.mse, format!("squared scaled units, mean over {rows}")));
    }
    if let Some(explained) = figures.explained_variance.filter(|_| figures.rows > 1) {
        let features = if figures.cells.is_empty() { "features" } else { "numbers" };
        lines.push(line("explained variance", explained, format!("R², at most 1, over all {features} of {rows}")));
    }
    if let Some(Baseline { components, mse, rows, fitted, .. }) = baseline {
        lines.push(line(
            "squared error of principal components",
            *mse,
            format!(
                "per feature, squared scaled units, mean over {}; {} fitted to {fitted}",
                about.counted(*rows),
                counted(*components, "component")
            ),
        ));
    }
    lines.extend(image_lines(figures, rows));
    if let Some(nats) = &figures.nats {
        lines.push(mean("-ln p(x|z)", nats, &format!("nats per {noun} at the mean code")));
    }
    if let Some(elbo) = &figures.elbo {
        lines.push(mean("ELBO", elbo, &format!("nats per {noun}, 1 latent sample")));
    }
    if let Some(posterior) = &figures.posterior {
        lines.push(mean("KL divergence", &posterior.kl, &format!("nats per {noun}")));
    }
    if let Some(posterior) = figures.posterior.as_ref().filter(|_| figures.rows >= HANDFUL) {
        let dimensions = counted(posterior.dimensions, "latent dimension");
        lines.push(Line {
            name: "active units",
            value: posterior.active_units.to_string(),
            meaning: format!("of {dimensions}: variance of the mean above 0.01 (Burda et al. 2016)"),
        });
    }
    if let Some(compared) = generated.as_ref().and_then(|generated| generated.quality.as_ref()) {
        lines.extend(sample_lines(compared, about));
    }
    lines
}

fn image_lines(figures: &Figures, rows: &str) -> Vec<Line> {
    let Some(images) = &figures.images else { return Vec::new() };
    let mut lines = Vec::new();
    if images.psnr.mean.is_finite() {
        let exact = match images.exact {
            0 => String::new(),
            exact => format!("; without {} that have no error", counted(exact, "image")),
        };
        lines.push(Line {
            name: "PSNR",
            value: short(images.psnr.mean),
            meaning: format!("decibels for a range of {}, mean over {rows}{exact}", images.range),
        });
    }
    if let Some((ssim, window)) = &images.ssim {
        lines.push(Line {
            name: "SSIM",
            value: short(ssim.mean),
            meaning: format!("at most 1, {} window, mean over {rows}", window.name()),
        });
    }
    lines
}

fn sample_lines(compared: &Compared, about: &About) -> Vec<Line> {
    let quality = &compared.quality;
    let protocol = format!(
        "{} and {} in {}",
        counted(quality.generated, "generated sample"),
        counted(quality.real, &format!("real {}", about.noun)),
        compared.space
    );
    let mut lines = Vec::new();
    if let Some(distance) = quality.frechet_distance.filter(|_| quality.real >= HANDFUL) {
        lines.push(Line {
            name: "Fréchet distance",
            value: short(distance),
            meaning: format!("squared units of the features, {protocol}; not FID"),
        });
    }
    if let Some(figures) = &quality.neighbourhoods {
        for (name, value) in
            [("precision", figures.precision), ("recall", figures.recall), ("coverage", figures.coverage)]
        {
            lines.push(Line {
                name,
                value: short(value),
                meaning: format!("a fraction, 5 nearest neighbours, {protocol}"),
            });
        }
    }
    lines
}
