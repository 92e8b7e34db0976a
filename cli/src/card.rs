//! The model card: the README of a bundle, in the form that model hubs show.

use narrows_bundle::{GraphParity, GraphPorts, Manifest};

/// Markdown with a YAML heading; a function of the manifest alone.
pub(crate) fn card(manifest: &Manifest) -> String {
    let Manifest { kind, sample, latent_dim, training, .. } = manifest;
    let title = kind.title();
    let data = &training.data;
    let figures: String = training.metrics.iter().map(|(name, value)| format!("| {name} | {value:.6} |\n")).collect();
    let parity = manifest.parity.as_ref().map_or(String::new(), |parity| {
        let row = |name: &str, parity: &GraphParity| format!("| parity of the {name} | {parity} |\n");
        row("encoder", &parity.encoder) + &row("decoder", &parity.decoder)
    });
    let broken_off =
        training.progress.as_ref().filter(|progress| !progress.finished).map_or(String::new(), |progress| {
            format!(" Its training was broken off after {} epochs.", progress.epochs)
        });
    let ports = |graph: &GraphPorts| {
        let names = |ports: &[narrows_bundle::Port]| {
            let names: Vec<String> = ports.iter().map(|port| format!("`{}` {:?}", port.name, port.shape)).collect();
            names.join(", ")
        };
        format!("- `{}`: {} to {}\n", graph.file, names(&graph.inputs), names(&graph.outputs))
    };
    format!(
        "---\nlibrary_name: narrows\ntags:\n- onnx\n- autoencoder\n- {kind}\n---\n\n\
         # {title} on {name}\n\n\
         {article} {title} with {latent_dim} latent numbers, for samples of shape {shape:?} in the unit of the data \
         ({low} to {high}); scaling is part of the graphs. Fitted on {rows} rows of {name}.{broken_off}\n\n\
         ## Graphs\n\n{encoder}{decoder}\nShapes are those of one row; a batch dimension stands in front.\n\n\
         ## Figures\n\n| figure | value |\n| --- | --- |\n{figures}{parity}\n\
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
    )
}
