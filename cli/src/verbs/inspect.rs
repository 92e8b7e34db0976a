//! `narrows inspect`: prints the contents of a bundle.

use std::path::PathBuf;

use clap::Args;
use narrows_bundle::{
    AnyBundle, CellLikelihood, ClassifierManifest, Contract, DetectorRecord, GraphPorts, Likelihood, Manifest,
    MomentsRecord, Opened, Port, Prior, SampleKind, SamplerRecord, Setting, Windows, counted, described_bytes,
    table::{MissingCells, Schema},
};
use narrows_runtime::{Error, MemoryEstimate, Options};
use serde::Serialize;

use crate::{
    columns::{columns, is_of_column},
    report::{join_first, print},
    table::table,
};

/// Print the contents of a bundle: model, graphs, metrics and files
///
/// Reads the manifest of a bundle and prints the kind, the shape of a sample, the columns of a mixed table with their
/// errors and shares of the loss, the training data and options, the detector if there is one, an estimate of the
/// memory that the model takes, the inputs and outputs of each graph, the metrics, and the size and SHA-256 of each
/// file. Runs no graph; `narrows verify` does.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  narrows inspect models/vae")]
pub(crate) struct Inspect {
    /// Bundle: a folder written by `train-export`, `export` or `transfer`, or a file written by `pack`
    bundle: PathBuf,
    /// Print the manifest as one JSON object, with `memory`: the estimated bytes to `open` the model and for a `row` of
    /// a run, and the largest number of rows in a run, `chunk`; null if the graphs cannot be read
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Inspect) -> anyhow::Result<()> {
    match AnyBundle::open(&arguments.bundle)? {
        AnyBundle::Autoencoder(bundle) => print_bundle(&bundle, autoencoder_facts, arguments.json),
        AnyBundle::Transferred(bundle) => print_bundle(&bundle, classifier_facts, arguments.json),
    }
}

/// What only one kind of manifest has.
struct Own<'a> {
    kind: String,
    /// Names and values.
    facts: Vec<(&'static str, String)>,
    /// The distributions of the cells of a mixed table, if the model reconstructs them.
    cells: Option<&'a [CellLikelihood]>,
    detector: Option<&'a DetectorRecord>,
}

/// The JSON object: the manifest, and what is computed from the graphs.
#[derive(Serialize)]
struct Inspected<'a, M> {
    #[serde(flatten)]
    manifest: &'a M,
    memory: Option<Memory>,
}

/// The estimated memory, in bytes.
#[derive(Serialize)]
struct Memory {
    open: u64,
    row: u64,
    /// A number of rows.
    chunk: usize,
}

fn print_bundle<M: Contract>(bundle: &Opened<M>, own: fn(&M) -> Own<'_>, json: bool) -> anyhow::Result<()> {
    let manifest = bundle.manifest();
    let memory = MemoryEstimate::of(bundle, &Options::default());
    if json {
        let memory = memory.ok().map(|MemoryEstimate { open, row, chunk, .. }| Memory { open, row, chunk });
        return print(serde_json::to_string_pretty(&Inspected { manifest, memory })?);
    }
    let mut own = own(manifest);
    own.facts.push(("memory", described_memory(&memory)));
    let (detector, cells) = (own.detector, columns(manifest, own.cells));
    let tables = [
        Some(facts(manifest, own)),
        cells,
        Some(options(manifest)),
        Some(ports(manifest, detector)),
        Some(metrics(manifest, detector)),
        Some(files(manifest)),
    ];
    print(tables.into_iter().flatten().collect::<Vec<_>>().join("\n\n"))
}

/// Describes the estimated memory.
fn described_memory(memory: &Result<MemoryEstimate, Error>) -> String {
    match memory {
        Ok(MemoryEstimate { open, row, chunk, .. }) => format!(
            "about {} to open it, and {} for each of up to {} in a run",
            described_bytes(*open),
            described_bytes(*row),
            counted(*chunk, "row")
        ),
        Err(error) => format!("not known: {error}"),
    }
}

/// Returns the kind, and the facts that only the manifest of an autoencoder has.
fn autoencoder_facts(manifest: &Manifest) -> Own<'_> {
    let likelihood = match manifest.likelihood {
        Likelihood::Columns => "a distribution for each column".to_owned(),
        Likelihood::Bernoulli | Likelihood::Gaussian => {
            format!("{:?} with the {:?} link", manifest.likelihood, manifest.output_link).to_lowercase()
        }
    };
    let classes = manifest.classes.as_ref().map_or("none".to_owned(), |classes| classes.join(", "));
    let kind = format!("{} ({})", manifest.kind, manifest.kind.title());
    let prior = match manifest.prior {
        Some(Prior::Mixture { components }) => Some(format!("mixture of {}", counted(components, "component"))),
        Some(Prior::StandardNormal) => Some("standard normal".to_owned()),
        None => None,
    };
    let sampler = manifest.sampler.as_ref().map(SamplerRecord::described);
    let facts = vec![("likelihood", likelihood), ("classes", classes)];
    let detector = manifest.detector.as_ref();
    let optional = [("prior", prior), ("sampler", sampler), ("detector", detector.map(DetectorRecord::described))];
    let optional = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let facts = facts.into_iter().chain(optional).collect();
    Own { kind, facts, cells: manifest.cells.as_deref(), detector }
}

/// Returns the kind, and the facts that only the manifest of a classifier or regressor has.
fn classifier_facts(manifest: &ClassifierManifest) -> Own<'_> {
    let encoder = &manifest.encoder;
    let training = if encoder.fine_tuned { "fine-tuned with the head" } else { "frozen" };
    let encoder = ("encoder", format!("{}, {training}, {}", encoder.kind, encoder.digest));
    let classes = manifest.classes.iter().map(|classes| ("classes", classes.join(", ")));
    let targets = manifest.targets.iter().map(|targets| ("targets", targets.to_string()));
    let facts = classes.chain(targets).chain([encoder]).collect();
    Own { kind: manifest.kind.to_string(), facts, cells: None, detector: None }
}

/// Describes the rows of a mixed table.
fn of_table(schema: &Schema) -> String {
    let columns = schema.columns.iter().filter(|column| !column.kind.is_label()).count();
    let missing = match schema.missing {
        MissingCells::Masked => "values may be missing",
        MissingCells::Refused => "no value may be missing",
    };
    format!("a row of {} of a mixed table, {missing}", counted(columns, "column"))
}

fn facts(manifest: &impl Contract, Own { kind, facts: own, .. }: Own<'_>) -> String {
    let (sample, training) = (manifest.sample(), manifest.training());
    let dtype = format!("{:?}", sample.dtype).to_lowercase();
    let (low, high) = sample.range;
    let series = match sample.kind {
        SampleKind::Features => "",
        SampleKind::Series => ", a series",
    };
    let known = [
        ("kind", kind),
        (
            "sample",
            match &sample.table {
                Some(schema) => of_table(schema),
                None => format!("{:?} of {dtype}, {low} to {high}{series}", sample.shape),
            },
        ),
        ("latent", manifest.latent_dim().to_string()),
    ];
    let data = ("data", format!("{} ({})", training.data.name, counted(training.data.train_rows, "training row")));
    let moments = training.moments.as_ref().map(|MomentsRecord { sha256, count }| {
        vec!["moments".to_owned(), format!("of {count} rows, SHA-256 {sha256}")]
    });
    let features = sample.columns.as_ref().map(|names| vec!["features".to_owned(), join_first(names)]);
    let windows = sample.windows.as_ref().map(|Windows { window, hop, time_column, group_column }| {
        let column = |name: &str, column: &Option<String>| {
            column.as_ref().map_or(String::new(), |column| format!(", {name} `{column}`"))
        };
        let (time, group) = (column("time", time_column), column("group", group_column));
        vec!["windows".to_owned(), format!("{}, hop {hop}{time}{group}", counted(*window, "time step"))]
    });
    let fill = sample.fill.as_ref().map(|fill| {
        let values: Vec<String> = fill.iter().map(f32::to_string).collect();
        vec!["fill values".to_owned(), join_first(&values)]
    });
    let progress = training.progress.as_ref().map(|progress| {
        let end = if progress.finished { "" } else { ", a checkpoint before the end of the run" };
        let best = progress.best_epoch.map_or(String::new(), |best| format!(", weights of epoch {best}"));
        vec![
            "trained".to_owned(),
            format!("{}, {} steps{end}{best}", counted(progress.epochs, "epoch"), progress.steps),
        ]
    });
    let rows = known
        .into_iter()
        .chain(own)
        .chain([data])
        .map(|(key, value)| vec![key.to_owned(), value])
        .chain(moments)
        .chain(windows)
        .chain(features)
        .chain(fill)
        .chain(progress);
    table(&["fact", "value"], rows)
}

/// Lists the options of training that are not among the facts.
fn options(manifest: &impl Contract) -> String {
    let known_keys = ["kind", "latent", "likelihood", "output_link"];
    let configuration = manifest.training().configuration.as_object().into_iter().flatten();
    let rest = configuration.filter(|(key, _)| !known_keys.contains(&key.as_str()));
    table(&["option", "value"], rest.map(|(key, value)| vec![key.clone(), value.to_string().replace('"', "")]))
}

fn ports(manifest: &impl Contract, detector: Option<&DetectorRecord>) -> String {
    let row = |graph: &GraphPorts, side: &str, port: &Port| {
        let shape: Vec<String> =
            std::iter::once("batch".to_owned()).chain(port.shape.iter().map(usize::to_string)).collect();
        let dtype = format!("{:?}", port.dtype).to_lowercase();
        vec![graph.file.clone(), side.to_owned(), port.name.clone(), format!("{dtype} [{}]", shape.join(", "))]
    };
    let graphs = manifest.graphs().into_iter().chain(detector.map(|record| &record.graph));
    let rows = graphs.flat_map(|graph| {
        let inputs = graph.inputs.iter().map(move |port| row(graph, "input", port));
        let setting = |setting: &Setting| {
            let Setting { name, default } = setting;
            vec![graph.file.clone(), "setting".to_owned(), name.clone(), format!("f32, default {default}")]
        };
        let settings = graph.settings.iter().map(setting);
        inputs
            .chain(settings)
            .chain(graph.outputs.iter().map(move |port| row(graph, "output", port)))
            .collect::<Vec<_>>()
    });
    table(&["graph", "side", "port", "type"], rows)
}

fn metrics(manifest: &impl Contract, detector: Option<&DetectorRecord>) -> String {
    let metric = |(name, value): (&String, &f64)| {
        let is_count = name.ends_with(".active_units");
        vec![name.clone(), if is_count { counted(*value as usize, "latent dimension") } else { format!("{value:.6}") }]
    };
    let metrics = manifest.training().metrics.iter().filter(|(name, _)| !is_of_column(name)).map(metric);
    let ratios = manifest.training().explained_variance_ratio.iter().flatten().enumerate();
    let ratios =
        ratios.map(|(index, ratio)| vec![format!("explained variance, component {index}"), format!("{ratio:.6}")]);
    let parity = manifest.parity().into_iter().flat_map(|parity| manifest.graph_names().into_iter().zip(parity));
    let parity = parity.map(|(name, parity)| vec![format!("parity of the {name}"), parity.to_string()]);
    let of_detector = detector.and_then(|record| record.parity.as_ref()).into_iter().flat_map(|parity| {
        let labels = format!("{} of {} rows", parity.label_flips, parity.rows);
        [
            vec!["parity of the detector".to_owned(), parity.score.to_string()],
            vec!["label flips of the detector".to_owned(), labels],
        ]
    });
    table(&["metric", "value"], metrics.chain(ratios).chain(parity).chain(of_detector))
}

fn files(manifest: &impl Contract) -> String {
    let rows =
        manifest.records().iter().map(|(name, file)| vec![name.clone(), file.bytes.to_string(), file.sha256.clone()]);
    table(&["file", "bytes", "SHA-256"], rows)
}
