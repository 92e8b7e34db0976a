//! `narrows data`: describes a data set.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use narrows_bundle::counted;
use narrows_data::{Dataset, Described, Description, Limits, LoadOptions, Missing, Reading, SampleKind};
use narrows_evaluate::Picture;
use ndarray::{ArrayD, Axis, IxDyn};

use crate::{
    input::read_preferred,
    notes::say,
    output::{Format, Output, check_not_input, check_writable},
    report::{note, note_recordings, print},
    table::table,
};

/// Largest number of column names in a list.
const MAX_NAMES: usize = 10;

/// Describe a data set: rows, shape, range, missing values and classes
///
/// Reads the data set and prints the shape and range of a sample, features that are constant or empty, the rows and
/// missing values of each part, the rows of each class, and a fingerprint (SHA-256) of the content. Use it before
/// training to see how Narrows reads your data. Takes the same flags for reading as the training commands.
#[derive(Debug, Args)]
#[command(
    mut_arg("data", |arg| arg.long(None).index(1).required(true).help_heading(None).help("Data set: digits, mnist or fashion-mnist; a folder of images (subfolder = class) or of IDX files; a .csv, .tsv, .jsonl, .npy, .npz, .safetensors, .parquet, .arrow, image or IDX file; or - for standard input")),
    after_help = "Examples:\n  \
        narrows data digits --out digits.png\n  \
        narrows data table.csv --label-column species --ignore id"
)]
pub(crate) struct Data {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    limits: Limits,
    /// Write the first 256 images as a grid, or the first 64 series as line plots, to this .png file [default: none]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print the description as one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Data) -> anyhow::Result<()> {
    if let Some(out) = &arguments.out {
        Format::of_flag(out, "--out", &[Format::Png])?;
        check_writable(out)?;
        check_not_input(out, arguments.reading.data.as_deref().unwrap_or_default())?;
    }
    let data = load(arguments)?;
    if let Some(out) = &arguments.out
        && !picture_of(&data).accepts(&data.sample_shape)
    {
        bail!(
            "cannot write `{}`: samples of shape {:?} are not images, and not read as series; leave --out out",
            out.display(),
            data.sample_shape
        );
    }
    let description = data.describe()?;
    note_recordings(&data);
    if arguments.json {
        print(serde_json::to_string_pretty(&description)?)?;
    } else {
        print(text(&description))?;
    }
    match &arguments.out {
        Some(out) => draw(out, &data),
        None => Ok(()),
    }
}

/// Loads the data set. Keeps missing values unless --missing says otherwise.
fn load(arguments: &Data) -> anyhow::Result<Dataset> {
    let Reading { data, missing, .. } = &arguments.reading;
    let spec = data.as_deref().context("no data set is named")?;
    let preferred = Reading { missing: missing.or(Some(Missing::Keep)), ..arguments.reading.clone() };
    let load = |reading: &Reading| {
        let options =
            LoadOptions { reading: reading.clone(), limits: arguments.limits.clone(), ..LoadOptions::default() };
        let data = narrows_data::load(spec, &options)?;
        say(&data.notes)?;
        Ok(data)
    };
    read_preferred(&preferred, &arguments.reading, load)
}

fn draw(out: &Path, data: &Dataset) -> anyhow::Result<()> {
    let values = &data.train.values;
    let picture = picture_of(data);
    let first: Vec<usize> = (0..values.rows().min(picture.capacity())).collect();
    let images = values.select(&first)?;
    let images = images.to_f32()?;
    let shape: Vec<usize> = [first.len()].iter().chain(&data.sample_shape).copied().collect();
    let images = ArrayD::from_shape_vec(IxDyn(&shape), images.iter().copied().collect())?;
    let layout = narrows_data::write::Layout::numbered(&data.sample_shape, "x");
    let mut output = Output::begin(out, Format::Png, layout, picture)?;
    output.write(&images.slice_axis(Axis(0), (..).into()), None)?;
    note(output.finish("sample", "")?);
    Ok(())
}

fn picture_of(data: &Dataset) -> Picture {
    match data.sample_kind {
        SampleKind::Features => Picture::Images { range: data.range },
        SampleKind::Series => Picture::Lines { names: data.columns.clone() },
    }
}

fn text(description: &Description) -> String {
    let tables = [Some(facts(description)), Some(parts(description)), classes(description)];
    tables.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

fn facts(description: &Description) -> String {
    let Description { sample_shape, dtype, range: (low, high), .. } = description;
    let features = sample_shape.iter().product();
    let series = match description.sample_kind {
        SampleKind::Features => "",
        SampleKind::Series => ", a series",
    };
    let columns = description.columns.as_ref().map(|names| ("columns", join_names(names)));
    let rows = [
        Some(("name", description.name.clone())),
        Some(("sample", format!("{sample_shape:?} of {dtype}, {low} to {high}{series}"))),
        columns,
        Some(("always the same", feature_list(&description.constant, features))),
        Some(("always missing", feature_list(&description.empty, features))).filter(|_| !description.empty.is_empty()),
        Some(("fingerprint", description.fingerprint.clone())),
    ];
    table(&["fact", "value"], rows.into_iter().flatten().map(|(name, value)| vec![name.to_owned(), value]))
}

fn feature_list(names: &[String], features: usize) -> String {
    match names.len() {
        0 => "none".to_owned(),
        count => format!("{count} of {}: {}", counted(features, "feature"), join_names(names)),
    }
}

/// Joins the first names with commas and counts the rest.
fn join_names(names: &[String]) -> String {
    let first = names.iter().take(MAX_NAMES).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MAX_NAMES { format!("{first} and {} more", names.len() - MAX_NAMES) } else { first }
}

fn parts(description: &Description) -> String {
    // Where the rows are is of interest only for data that does not fit into memory.
    let is_on_disk = description.parts.iter().any(|part| part.is_on_disk);
    let columns = if is_on_disk { 4 } else { 3 };
    let row = |part: &Described| {
        let missing = match part.missing.values as usize {
            0 => "none".to_owned(),
            values => format!(
                "{} in {} and {}",
                counted(values, "value"),
                counted(part.missing.rows, "row"),
                counted(part.missing.columns, "column")
            ),
        };
        let storage = if part.is_on_disk { "on disk" } else { "in memory" };
        let cells = [part.name.to_owned(), part.rows.to_string(), missing, storage.to_owned()];
        cells.into_iter().take(columns).collect()
    };
    let heading: Vec<_> = ["part", "rows", "missing", "storage"].into_iter().take(columns).collect();
    table(&heading, description.parts.iter().map(row))
}

fn classes(description: &Description) -> Option<String> {
    let names = description.classes.as_ref()?;
    let counted: Vec<_> =
        description.parts.iter().filter_map(|part| Some((part.name, part.class_counts.as_ref()?))).collect();
    let heading: Vec<&str> = ["class"].into_iter().chain(counted.iter().map(|(name, _)| *name)).collect();
    let rows = names.iter().enumerate().map(|(class, name)| {
        let counts = counted.iter().map(|(_, counts)| counts.get(class).copied().unwrap_or_default().to_string());
        [name.clone()].into_iter().chain(counts).collect()
    });
    Some(table(&heading, rows))
}
