//! The model card: the README of a bundle, in the form that model hubs show.

use std::collections::BTreeMap;

use narrows_bundle::{GraphParity, GraphPorts, Manifest, Port};

/// Markdown with a YAML heading; a function of the manifest alone.
pub(crate) fn card(manifest: &Manifest) -> String {
    let Manifest { kind, sample, latent_dim, training, .. } = manifest;
    let title = kind.title();
    let data = &training.data;
    let parity = manifest.parity.as_ref();
    let parity = parity.map(|parity| vec![("encoder", &parity.encoder), ("decoder", &parity.decoder)]);
    let broken_off =
        training.progress.as_ref().filter(|progress| !progress.finished).map_or(String::new(), |progress| {
            format!(" Its training was broken off after {} epochs.", progress.epochs)
        });
    format!(
        "---\nlibrary_name: narrows\ntags:\n- onnx\n- autoencoder\n- {kind}\n---\n\n\
         # {title} on {name}\n\n\
         {article} {title} with {latent_dim} latent numbers, for samples of shape {shape:?} in the unit of the data \
         ({low} to {high}); scaling is part of the graphs. Fitted on {rows} rows of {name}.{broken_off}\n\n\
         ## Graphs\n\n{encoder}{decoder}\nShapes are those of one row; a batch dimension stands in front.\n\n\
         ## Figures\n\n{figures}\n\
         A loss is per sample: nats, or the squared error in scaled units. The mse is per feature, in scaled units.\n\n\
         ## Check it\n\n```\nnarrows verify .\n```\n",
        article = if title.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" },
        name = data.name,
        rows = data.train_rows,
        shape = sample.shape,
        low = sample.range.0,
        high = sample.range.1,
        encoder = ports(&manifest.graphs.encoder),
        decoder = ports(&manifest.graphs.decoder),
        figures = figures(&training.metrics, &parity.unwrap_or_default()),
    )
}

/// What goes into a graph and what comes out, as an item of a list.
pub(crate) fn ports(graph: &GraphPorts) -> String {
    let names = |ports: &[Port]| {
        let names: Vec<String> = ports.iter().map(|port| format!("`{}` {:?}", port.name, port.shape)).collect();
        names.join(", ")
    };
    format!("- `{}`: {} to {}\n", graph.file, names(&graph.inputs), names(&graph.outputs))
}

/// Figures and parities as a table.
pub(crate) fn figures(metrics: &BTreeMap<String, f64>, parities: &[(&str, &GraphParity)]) -> String {
    let figures = metrics.iter().map(|(name, value)| format!("| {name} | {value:.6} |\n"));
    let parities = parities.iter().map(|(name, parity)| format!("| parity of the {name} | {parity} |\n"));
    format!("| figure | value |\n| --- | --- |\n{}", figures.chain(parities).collect::<String>())
}
