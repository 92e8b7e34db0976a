//! Model card: the README of a bundle, in the format of Hugging Face.

use std::collections::BTreeMap;

use narrows_bundle::{
    ElementType, GraphParity, GraphPorts, Manifest, PRIOR, Port, Prior, Role, SAMPLER, Sample, SampleKind, counted,
};

/// Returns the card as Markdown with a YAML header. It depends on the manifest alone.
pub(crate) fn card(manifest: &Manifest) -> String {
    let Manifest { kind, sample, latent_dim, training, graphs, .. } = manifest;
    let title = kind.title();
    let data = &training.data;
    let parity = manifest.parity.as_ref();
    let parity = parity.map(|parity| vec![("encoder", &parity.encoder), ("decoder", &parity.decoder)]);
    let checkpoint =
        training.progress.as_ref().filter(|progress| !progress.finished).map_or(String::new(), |progress| {
            let epochs = counted(progress.epochs, "epoch");
            format!(" This is the model of a checkpoint after {epochs}, not of the end of the run.")
        });
    let generate = match (manifest.prior, &manifest.sampler) {
        (None, None) => "",
        (Some(_), _) | (None, Some(_)) => "narrows generate . --count 64 --out samples.npy\n",
    };
    let takes_labels = graphs.decoder.input(Role::Label).is_some();
    let classes = manifest.classes.as_ref().filter(|_| takes_labels).map_or(String::new(), |classes| {
        format!(
            " Encoder and decoder also receive the class of each row as an index from 0, in this order: {}. With the \
             narrows program, name the classes with --labels or --label-column.",
            classes.join(", ")
        )
    });
    format!(
        "---\nlibrary_name: narrows\ntags:\n- onnx\n- autoencoder\n- {kind}\n---\n\n\
         # {capitalised} trained on {name}\n\n\
         {article} {title} with {dimensions}. The encoder maps a sample of shape {shape:?} to a \
         code, and the decoder maps a code back to a sample.{series} Samples are in the unit of the training data ({low} to \
         {high}); scaling is part of the graphs.{classes}\n\n\
         ## Graphs\n\n{encoder}{decoder}\n{GRAPHS_NOTE}\n\n\
         ## How to use\n\n\
         With ONNX Runtime in Python:\n\n```python\nimport numpy as np\nimport onnxruntime as ort\n\n\
         {python_encoder}\n{python_decoder}```\n\n\
         With the narrows program, in this folder (`new.csv` stands for your data):\n\n```\n\
         narrows encode . --data new.csv --out codes.npy\n\
         narrows reconstruct . --data new.csv --out reconstructions.npy\n\
         {generate}```\n\n\
         ## Training\n\n\
         Trained on {rows} of {name}; validated on {valid_rows} and tested on {test_rows}.{checkpoint} \
         `narrows config .` prints every option of the run.\n\n\
         ## Metrics\n\n{figures}\n\
         A loss is per sample: in nats, or the squared error in scaled units. The mse is per feature, in scaled units. \
         {PARITY_NOTE}\n\n{distributions}\
         ## Verify\n\n\
         Checks the file hashes and repeats the parity check on your machine:\n\n```\nnarrows verify .\n```\n",
        article = if title.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" },
        capitalised = capitalise(title),
        dimensions = counted(*latent_dim, "latent dimension"),
        name = data.name,
        rows = counted(data.train_rows, "row"),
        valid_rows = counted(data.valid_rows, "row"),
        test_rows = data.test_rows,
        shape = sample.shape,
        low = sample.range.0,
        high = sample.range.1,
        series = series_note(sample),
        encoder = ports(&graphs.encoder),
        decoder = ports(&graphs.decoder),
        python_encoder = python(&graphs.encoder),
        python_decoder = python(&graphs.decoder),
        figures = figures(&training.metrics, &parity.unwrap_or_default()),
        distributions = distributions(manifest),
    )
}

/// Describes a learned prior and a fitted sampler; empty without either.
fn distributions(manifest: &Manifest) -> String {
    let prior = match manifest.prior {
        Some(Prior::Mixture { components }) => format!(
            "The prior over codes is a mixture of {} in `{PRIOR}`, learned in training.\n\n",
            counted(components, "normal distribution")
        ),
        Some(Prior::StandardNormal) | None => String::new(),
    };
    let sampler = manifest.sampler.as_ref().map_or(String::new(), |record| {
        format!(
            "New samples are generated from the {} in `{SAMPLER}`: {} with {} covariance, fitted to the codes of {} \
             of {}. Mean log-likelihood of {}: {:.3} nats; under the standard normal distribution: {:.3} nats.\n\n",
            if record.class_components.is_some() { "mixture of each class" } else { "mixture" },
            record.described_components(),
            record.covariance.name(),
            counted(record.rows, "row"),
            record.data,
            counted(record.held_out_rows, "held-out code"),
            record.log_likelihood,
            record.standard_normal_log_likelihood,
        )
    });
    match (prior.is_empty(), sampler.is_empty()) {
        (true, true) => String::new(),
        (_, _) => format!("## Distribution of codes\n\n{prior}{sampler}"),
    }
}

/// Describes a sample that is a series; empty for other samples.
pub(crate) fn series_note(sample: &Sample) -> String {
    match (sample.kind, &sample.windows, &sample.shape[..]) {
        (SampleKind::Features, _, _) => String::new(),
        (SampleKind::Series, Some(windows), &[channels, _]) => {
            let names = sample.columns.as_ref().map_or(String::new(), |names| format!(" ({})", names.join(", ")));
            format!(
                " A sample is a window of {} of a recording: all steps of the first channel, then those of the next one, \
                 of {}{names}.",
                counted(windows.window, "time step"),
                counted(channels, "channel"),
            )
        }
        (SampleKind::Series, _, &[length]) => format!(" A sample is a series of {}.", counted(length, "time step")),
        (SampleKind::Series, _, _) => " A sample is a series, [channels, time steps].".to_owned(),
    }
}

/// Explains the shapes in the list of graphs.
pub(crate) const GRAPHS_NOTE: &str = "Each entry lists the inputs and the outputs of a graph. Shapes are those of one \
    row; every input and output has a batch dimension in front.";

/// Explains the parity figures.
pub(crate) const PARITY_NOTE: &str = "Parity is the largest difference between the outputs of training and \
    those of ONNX Runtime.";

/// Capitalises the first letter.
pub(crate) fn capitalise(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// Formats the inputs and outputs of a graph as a list item.
pub(crate) fn ports(graph: &GraphPorts) -> String {
    let names = |ports: &[Port]| {
        let names = ports.iter().map(|port| format!("`{}` {} {:?}", port.name, numpy_type(port.dtype), port.shape));
        names.collect::<Vec<_>>().join(", ")
    };
    format!("- `{}`: {} -> {}\n", graph.file, names(&graph.inputs), names(&graph.outputs))
}

/// Returns Python code that runs a graph on one row of zeros.
pub(crate) fn python(graph: &GraphPorts) -> String {
    let session = graph.file.trim_end_matches(".onnx");
    let input = |port: &Port| {
        let shape: String = port.shape.iter().map(|size| format!(", {size}")).collect();
        format!(
            "\"{}\": np.zeros((1{}), np.{})",
            port.name,
            if shape.is_empty() { "," } else { &shape },
            numpy_type(port.dtype)
        )
    };
    let inputs: Vec<String> = graph.inputs.iter().map(input).collect();
    let outputs: Vec<&str> = graph.outputs.iter().map(|port| port.name.as_str()).collect();
    format!(
        "{session} = ort.InferenceSession(\"{}\")\n[{}] = {session}.run(None, {{{}}})\n",
        graph.file,
        outputs.join(", "),
        inputs.join(", ")
    )
}

/// Returns the NumPy name of an element type.
fn numpy_type(dtype: ElementType) -> &'static str {
    match dtype {
        ElementType::F32 => "float32",
        ElementType::I64 => "int64",
    }
}

/// Formats the metrics and the parities of the graphs as a table.
pub(crate) fn figures(metrics: &BTreeMap<String, f64>, parities: &[(&str, &GraphParity)]) -> String {
    let figures = metrics.iter().map(|(name, value)| format!("| {name} | {value:.6} |\n"));
    let parities = parities.iter().map(|(name, parity)| format!("| parity of the {name} | {parity} |\n"));
    format!("| metric | value |\n| --- | --- |\n{}", figures.chain(parities).collect::<String>())
}
