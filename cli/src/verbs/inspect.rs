//! `narrows inspect`: what is in a bundle.

use std::path::PathBuf;

use clap::Args;
use narrows_bundle::{AnyBundle, ClassifierManifest, Contract, GraphPorts, Manifest, Port};

use crate::{
    report::{first_of, print},
    table::table,
};

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Bundle: the folder that an export left, or the file that `pack` made of it
    bundle: PathBuf,
    /// Print the manifest as one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Inspect) -> anyhow::Result<()> {
    match AnyBundle::open(&arguments.bundle)? {
        AnyBundle::Autoencoder(bundle) => told(bundle.manifest(), of_autoencoder, arguments.json),
        AnyBundle::Transferred(bundle) => told(bundle.manifest(), of_classifier, arguments.json),
    }
}

/// What only one sort of manifest says, as names and words.
type Facts = Vec<(&'static str, String)>;

fn told<M: Contract>(manifest: &M, own: fn(&M) -> (String, Facts), json: bool) -> anyhow::Result<()> {
    if json {
        return print(serde_json::to_string_pretty(manifest)?);
    }
    print([facts(manifest, own(manifest)), ports(manifest), figures(manifest), files(manifest)].join("\n\n"))
}

/// The kind, and what else.
fn of_autoencoder(manifest: &Manifest) -> (String, Facts) {
    let likelihood = format!("{:?} with the {:?} link", manifest.likelihood, manifest.output_link).to_lowercase();
    let classes = manifest.classes.as_ref().map_or("none".to_owned(), |classes| classes.join(", "));
    let kind = format!("{} ({})", manifest.kind, manifest.kind.title());
    (kind, vec![("likelihood", likelihood), ("classes", classes)])
}

fn of_classifier(manifest: &ClassifierManifest) -> (String, Facts) {
    let encoder = &manifest.encoder;
    let fitted = if encoder.fine_tuned { "fitted further with the head" } else { "frozen" };
    let encoder = ("encoder", format!("{}, {fitted}, {}", encoder.kind, encoder.digest));
    let classes = manifest.classes.iter().map(|classes| ("classes", classes.join(", ")));
    let targets = manifest.targets.iter().map(|targets| ("targets", targets.to_string()));
    (manifest.kind.to_string(), classes.chain(targets).chain([encoder]).collect())
}

fn facts(manifest: &impl Contract, (kind, own): (String, Facts)) -> String {
    let (sample, training) = (manifest.sample(), manifest.training());
    let configuration = training.configuration.as_object().into_iter().flatten();
    let dtype = format!("{:?}", sample.dtype).to_lowercase();
    let (low, high) = sample.range;
    let known = [
        ("kind", kind),
        ("sample", format!("{:?} of {dtype}, {low} to {high}", sample.shape)),
        ("latent", manifest.latent_dim().to_string()),
    ];
    let data = ("data", format!("{} ({} rows fitted)", training.data.name, training.data.train_rows));
    let features = sample.columns.as_ref().map(|names| vec!["features".to_owned(), first_of(names)]);
    let filled = sample.fill.as_ref().map(|fill| {
        let numbers: Vec<String> = fill.iter().map(f32::to_string).collect();
        vec!["for missing values".to_owned(), first_of(&numbers)]
    });
    let progress = training.progress.as_ref().map(|progress| {
        let end = if progress.finished { "" } else { ", broken off" };
        let best = progress.best_epoch.map_or(String::new(), |best| format!(", weights of epoch {best}"));
        vec!["trained".to_owned(), format!("{} epochs, {} steps{end}{best}", progress.epochs, progress.steps)]
    });
    let known_keys = ["kind", "latent", "likelihood", "output_link"];
    let rest = configuration.filter(|(key, _)| !known_keys.contains(&key.as_str()));
    let rows = known
        .into_iter()
        .chain(own)
        .chain([data])
        .map(|(key, value)| vec![key.to_owned(), value])
        .chain(features)
        .chain(filled)
        .chain(progress)
        .chain(rest.map(|(key, value)| vec![key.clone(), value.to_string().replace('"', "")]));
    table(&["fact", "value"], rows)
}

fn ports(manifest: &impl Contract) -> String {
    let row = |graph: &GraphPorts, side: &str, port: &Port| {
        let shape: Vec<String> =
            std::iter::once("batch".to_owned()).chain(port.shape.iter().map(usize::to_string)).collect();
        let dtype = format!("{:?}", port.dtype).to_lowercase();
        vec![graph.file.clone(), side.to_owned(), port.name.clone(), format!("{dtype} [{}]", shape.join(", "))]
    };
    let rows = manifest.graphs().into_iter().flat_map(|graph| {
        let inputs = graph.inputs.iter().map(move |port| row(graph, "input", port));
        inputs.chain(graph.outputs.iter().map(move |port| row(graph, "output", port)))
    });
    table(&["graph", "side", "port", "type"], rows)
}

fn figures(manifest: &impl Contract) -> String {
    let metrics = manifest.training().metrics.iter().map(|(name, value)| vec![name.clone(), format!("{value:.6}")]);
    let ratios = manifest.training().explained_variance_ratio.iter().flatten().enumerate();
    let ratios =
        ratios.map(|(index, ratio)| vec![format!("explained variance, component {index}"), format!("{ratio:.6}")]);
    let parity = manifest.parity().into_iter().flat_map(|parity| manifest.graph_names().into_iter().zip(parity));
    let parity = parity.map(|(name, parity)| vec![format!("parity of the {name}"), parity.to_string()]);
    table(&["figure", "value"], metrics.chain(ratios).chain(parity))
}

fn files(manifest: &impl Contract) -> String {
    let rows =
        manifest.records().iter().map(|(name, file)| vec![name.clone(), file.bytes.to_string(), file.sha256.clone()]);
    table(&["file", "bytes", "SHA-256"], rows)
}
