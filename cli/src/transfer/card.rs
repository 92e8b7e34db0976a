//! Model card of a classifier or regressor, in the format of Hugging Face.

use narrows_bundle::{ClassifierKind, ClassifierManifest, counted};

use crate::card::{GRAPHS_NOTE, PARITY_NOTE, capitalise, figures, ports, python, series_note};

/// Returns the card as Markdown with a YAML header. It depends on the manifest alone.
pub(crate) fn card(manifest: &ClassifierManifest) -> String {
    let ClassifierManifest { kind, encoder, training, sample, .. } = manifest;
    let parity = manifest.parity.as_ref();
    let parity =
        parity.map(|parity| vec![("head", &parity.head), (kind.name(), &parity.end_to_end)]).unwrap_or_default();
    let prediction = match kind {
        ClassifierKind::Classifier => {
            let classes = manifest.classes.as_deref().unwrap_or_default();
            format!(
                "the class of a sample, one of {} (in the order of the outputs): {}",
                classes.len(),
                classes.join(", ")
            )
        }
        ClassifierKind::Regressor => "the target values of a sample".to_owned(),
    };
    let encoder_training = if encoder.fine_tuned { "which was fine-tuned with the head" } else { "which was frozen" };
    format!(
        "---\nlibrary_name: narrows\ntags:\n- onnx\n- {kind}\n- transfer-learning\n---\n\n\
         # {capitalised} trained on {name}\n\n\
         A {kind} on the codes of an autoencoder. It predicts {prediction}.\n\n\
         Samples have the shape {shape:?} and the unit of the training data ({low} to {high}); scaling is part of the \
         graphs.{series}\n\n\
         ## Graphs\n\n{whole}{head}\n{GRAPHS_NOTE} The first graph maps a sample to the prediction; the head maps a \
         code to it.\n\n\
         ## How to use\n\n\
         With ONNX Runtime in Python:\n\n```python\nimport numpy as np\nimport onnxruntime as ort\n\n{python}```\n\n\
         With the narrows program, in this folder (`new.csv` stands for your data):\n\n```\n\
         narrows classify . --data new.csv --out predictions.csv\n```\n\n\
         ## Training\n\n\
         The head was trained on {rows} of {name}. The encoder comes from another bundle \
         ({encoder_kind}, digest {digest}), {encoder_training}.\n\n\
         ## Metrics\n\n{figures}\n\
         {PARITY_NOTE}\n\n\
         ## Verify\n\n\
         Checks the file hashes and repeats the parity check on your machine:\n\n```\nnarrows verify .\n```\n",
        capitalised = capitalise(&kind.to_string()),
        python = python(&manifest.graphs.end_to_end),
        encoder_kind = encoder.kind.title(),
        digest = encoder.digest.get(..12).unwrap_or_default(),
        rows = counted(training.data.train_rows, "labelled row"),
        name = training.data.name,
        shape = sample.shape,
        low = sample.range.0,
        high = sample.range.1,
        series = series_note(sample),
        whole = ports(&manifest.graphs.end_to_end),
        head = ports(&manifest.graphs.head),
        figures = figures(&training.metrics, &parity),
    )
}
