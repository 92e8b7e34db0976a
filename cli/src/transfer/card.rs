//! The model card of a classifier or regressor, in the form that model hubs show.

use narrows_bundle::{ClassifierKind, ClassifierManifest};

use crate::card::{figures, ports};

/// Markdown with a YAML heading; a function of the manifest alone.
pub(crate) fn card(manifest: &ClassifierManifest) -> String {
    let ClassifierManifest { kind, encoder, training, sample, .. } = manifest;
    let parity = manifest.parity.as_ref();
    let parity = parity.map(|parity| vec![("head", &parity.head), ("whole", &parity.whole)]).unwrap_or_default();
    let told = match kind {
        ClassifierKind::Classifier => {
            format!("which of {} classes a sample is of", manifest.classes.as_ref().map_or(0, Vec::len))
        }
        ClassifierKind::Regressor => "a number that belongs to a sample".to_owned(),
    };
    let way = if encoder.fine_tuned { "that learned along" } else { "that was left as it is" };
    format!(
        "---\nlibrary_name: narrows\ntags:\n- onnx\n- {kind}\n- transfer-learning\n---\n\n\
         # A {kind} on the code of an autoencoder\n\n\
         It tells {told}: by the encoder of a bundle ({encoder_kind}, {digest}) {way}, and a head that was fitted on \
         {rows} labelled rows of {name}. Samples have the shape {shape:?} and the unit of the data ({low} to {high}); \
         scaling is part of the graphs.\n\n\
         ## Graphs\n\n{whole}{head}\nShapes are those of one row; a batch dimension stands in front.\n\n\
         ## Figures\n\n{figures}\n\
         ## Check it\n\n```\nnarrows verify .\n```\n",
        encoder_kind = encoder.kind.title(),
        digest = encoder.digest.get(..12).unwrap_or_default(),
        rows = training.data.train_rows,
        name = training.data.name,
        shape = sample.shape,
        low = sample.range.0,
        high = sample.range.1,
        whole = ports(&manifest.graphs.whole),
        head = ports(&manifest.graphs.head),
        figures = figures(&training.metrics, &parity),
    )
}
