//! `narrows inspect`: what is in a bundle.

use std::path::PathBuf;

use clap::Args;
use narrows_bundle::{Bundle, GraphPorts, Manifest, Port};

use crate::{
    report::{first_of, print},
    table::table,
};

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Folder that `train-export` left, or the file that `pack` made of it
    bundle: PathBuf,
    /// Print the manifest as one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Inspect) -> anyhow::Result<()> {
    let bundle = Bundle::open(&arguments.bundle)?;
    let manifest = bundle.manifest();
    if arguments.json {
        print(serde_json::to_string_pretty(manifest)?)?;
        return Ok(());
    }
    print([facts(manifest), ports(manifest), figures(manifest), files(manifest)].join("\n\n"))?;
    Ok(())
}

fn facts(manifest: &Manifest) -> String {
    let configuration = manifest.training.configuration.as_object().into_iter().flatten();
    let dtype = format!("{:?}", manifest.sample.dtype).to_lowercase();
    let (low, high) = manifest.sample.range;
    let known = [
        ("kind", format!("{} ({})", manifest.kind, manifest.kind.title())),
        ("sample", format!("{:?} of {dtype}, {low} to {high}", manifest.sample.shape)),
        ("latent", manifest.latent_dim.to_string()),
        ("likelihood", format!("{:?} with the {:?} link", manifest.likelihood, manifest.output_link).to_lowercase()),
        ("classes", manifest.classes.as_ref().map_or("none".to_owned(), |classes| classes.join(", "))),
        ("data", format!("{} ({} rows fitted)", manifest.training.data.name, manifest.training.data.train_rows)),
    ];
    let features = manifest.sample.columns.as_ref().map(|names| vec!["features".to_owned(), first_of(names)]);
    let filled = manifest.sample.fill.as_ref().map(|fill| {
        let numbers: Vec<String> = fill.iter().map(f32::to_string).collect();
        vec!["for missing values".to_owned(), first_of(&numbers)]
    });
    let progress = manifest.training.progress.as_ref().map(|progress| {
        let end = if progress.finished { "" } else { ", broken off" };
        let best = progress.best_epoch.map_or(String::new(), |best| format!(", weights of epoch {best}"));
        vec!["trained".to_owned(), format!("{} epochs, {} steps{end}{best}", progress.epochs, progress.steps)]
    });
    let known_keys = ["kind", "latent", "likelihood", "output_link"];
    let rest = configuration.filter(|(key, _)| !known_keys.contains(&key.as_str()));
    let rows = known
        .into_iter()
        .map(|(key, value)| vec![key.to_owned(), value])
        .chain(features)
        .chain(filled)
        .chain(progress)
        .chain(rest.map(|(key, value)| vec![key.clone(), value.to_string().replace('"', "")]));
    table(&["fact", "value"], rows)
}

fn ports(manifest: &Manifest) -> String {
    let row = |graph: &GraphPorts, side: &str, port: &Port| {
        let shape: Vec<String> =
            std::iter::once("batch".to_owned()).chain(port.shape.iter().map(usize::to_string)).collect();
        let dtype = format!("{:?}", port.dtype).to_lowercase();
        vec![graph.file.clone(), side.to_owned(), port.name.clone(), format!("{dtype} [{}]", shape.join(", "))]
    };
    let rows = [&manifest.graphs.encoder, &manifest.graphs.decoder].into_iter().flat_map(|graph| {
        let inputs = graph.inputs.iter().map(move |port| row(graph, "input", port));
        inputs.chain(graph.outputs.iter().map(move |port| row(graph, "output", port)))
    });
    table(&["graph", "side", "port", "type"], rows)
}

fn figures(manifest: &Manifest) -> String {
    let metrics = manifest.training.metrics.iter().map(|(name, value)| vec![name.clone(), format!("{value:.6}")]);
    let ratios = manifest.training.explained_variance_ratio.iter().flatten().enumerate();
    let ratios =
        ratios.map(|(index, ratio)| vec![format!("explained variance, component {index}"), format!("{ratio:.6}")]);
    let parity = manifest.parity.iter().flat_map(|parity| [("encoder", &parity.encoder), ("decoder", &parity.decoder)]);
    let parity = parity.map(|(name, parity)| vec![format!("parity of the {name}"), parity.to_string()]);
    table(&["figure", "value"], metrics.chain(ratios).chain(parity))
}

fn files(manifest: &Manifest) -> String {
    let rows =
        manifest.files.iter().map(|(name, file)| vec![name.clone(), file.bytes.to_string(), file.sha256.clone()]);
    table(&["file", "bytes", "SHA-256"], rows)
}
