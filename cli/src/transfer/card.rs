//! Model card of a classifier or regressor, in the format of Hugging Face.

use narrows_bundle::{ClassifierKind, ClassifierManifest, PROBE, counted};

use crate::card::{
    ClassifierCode, Language, Page, Protocol, capitalise, facts, figures, gap_between_parts, graph_lines,
    sample_in_words,
};

/// Returns the card as Markdown with a YAML header. It depends on the manifest alone.
///
/// # Errors
/// A template that does not fit, which is a mistake in the program.
pub(crate) fn card(manifest: &ClassifierManifest) -> anyhow::Result<String> {
    let ClassifierManifest { kind, training, sample, graphs, .. } = manifest;
    let parity = manifest.parity.as_ref();
    let parity =
        parity.map(|parity| vec![("head", &parity.head), (kind.name(), &parity.end_to_end)]).unwrap_or_default();
    let code = ClassifierCode::of(manifest);
    let page = Page {
        tags: vec![kind.name(), "transfer-learning"],
        title: capitalise(kind.name()),
        data: &training.data.name,
        introduction: introduction(manifest),
        uses: uses(manifest),
        pictures: Vec::new(),
        facts: facts(sample, training, manifest.classes.as_deref(), None),
        data_notes: format!(
            "`{PROBE}` contains the rows that the bundle of the autoencoder has there, up to 64 rows of its data: \
             whoever receives this folder receives these rows."
        ),
        figures: figures(training, &parity),
        protocol: Protocol::Classifier(manifest).sentences(),
        distributions: String::new(),
        limits: limits(manifest),
        graphs: graph_lines([&graphs.end_to_end, &graphs.head]),
        detector: None,
        graph_notes: "The first graph maps a sample to the prediction; the head maps a code to it.".to_owned(),
        python: code.in_language(Language::Python)?,
        javascript: code.in_language(Language::JavaScript)?,
        javascript_notes: String::new(),
        rust: code.in_language(Language::Rust)?,
        commands: "narrows classify . --data new.csv --out predictions.csv".to_owned(),
    };
    page.markdown()
}

fn introduction(manifest: &ClassifierManifest) -> String {
    let ClassifierManifest { kind, encoder, training, sample, .. } = manifest;
    let encoder_training = if encoder.fine_tuned { "which was fine-tuned with the head" } else { "which was frozen" };
    let (low, high) = sample.range;
    format!(
        "A {kind} on the codes of an autoencoder. It predicts {} from {}. Samples are in the unit of the training data \
         ({low} to {high}); scaling is part of the graphs.\n\n\
         The head was trained on {} of {}. The encoder comes from another bundle ({}, digest {}), {encoder_training}.",
        prediction(manifest),
        sample_in_words(sample),
        counted(training.data.train_rows, "labelled row"),
        training.data.name,
        encoder.kind.title(),
        encoder.digest.get(..12).unwrap_or_default(),
    )
}

fn prediction(manifest: &ClassifierManifest) -> String {
    match manifest.kind {
        ClassifierKind::Classifier => {
            format!("the class, one of {},", manifest.classes.as_ref().map_or(0, Vec::len))
        }
        ClassifierKind::Regressor => match manifest.targets {
            Some(targets @ 2..) => match &manifest.target_names {
                Some(names) => format!("{targets} target values ({})", names.join(", ")),
                None => format!("{targets} target values"),
            },
            Some(_) | None => "the target value".to_owned(),
        },
    }
}

fn uses(manifest: &ClassifierManifest) -> Vec<String> {
    let uses = match manifest.kind {
        ClassifierKind::Classifier => [
            "**Classification.** The most probable class of a row, and the probability of every class.",
            "**Not for rows of other classes.** Every row gets one of the classes under [Data](#data), with \
             probabilities that sum to 1, also a row that belongs to none of them. The reconstruction error of the \
             autoencoder (`narrows score`) can find such rows.",
        ],
        ClassifierKind::Regressor => [
            "**Regression.** The target values of a row.",
            "**Not for targets outside the range of the training rows.** There, predictions are extrapolations without \
             an error estimate.",
        ],
    };
    uses.map(str::to_owned).into()
}

fn limits(manifest: &ClassifierManifest) -> Vec<String> {
    let data = &manifest.training.data;
    let rows = format!(
        "The head was trained on {} of {}. Of a row it uses only what the {} of its code keep.",
        counted(data.train_rows, "labelled row"),
        data.name,
        counted(manifest.latent_dim, "number"),
    );
    let (figure, calibration) = match manifest.kind {
        ClassifierKind::Classifier => {
            ("log_loss", Some("Its probabilities were not calibrated on rows of their own.".to_owned()))
        }
        ClassifierKind::Regressor => ("rmse", None),
    };
    [Some(rows), gap_between_parts(&manifest.training, figure), calibration].into_iter().flatten().collect()
}
