//! `narrows data`: what is in a set of data.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use narrows_data::{Dataset, Described, Description, Limits, LoadOptions, Missing, Reading};
use ndarray::{ArrayD, Axis, IxDyn};

use crate::{
    input::preferring,
    output::{Format, MOST_PICTURES, Output, check_apart, check_writable},
    report::{note, print},
    table::table,
};

/// Columns that are named at most.
const NAMED: usize = 10;

#[derive(Debug, Args)]
#[command(mut_arg("data", |arg| arg.long(None).index(1).required(true).help_heading(None).help("digits, mnist, fashion-mnist, a folder of images (subfolder = class) or of IDX files, or a .csv, .tsv, .npy, .npz, .parquet, .arrow or IDX file")))]
pub(crate) struct Data {
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    limits: Limits,
    /// .png to draw the first 256 samples to, where they are pictures
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Data) -> anyhow::Result<()> {
    if let Some(out) = &arguments.out {
        Format::of(out, &[Format::Png])?;
        check_writable(out)?;
        check_apart(out, arguments.reading.data.as_deref().unwrap_or_default())?;
    }
    let data = load(arguments)?;
    if let Some(out) = &arguments.out
        && !narrows_evaluate::is_picture(&data.sample_shape)
    {
        bail!(
            "cannot draw `{}`: samples of shape {:?} are no pictures; leave --out out",
            out.display(),
            data.sample_shape
        );
    }
    let description = data.describe()?;
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

/// With the missing values in it, unless somebody says what becomes of them.
fn load(arguments: &Data) -> anyhow::Result<Dataset> {
    let Reading { data, missing, .. } = &arguments.reading;
    let spec = data.as_deref().context("no data is named")?;
    let preferred = Reading { missing: missing.or(Some(Missing::Keep)), ..arguments.reading.clone() };
    let load = |reading: &Reading| {
        let options = LoadOptions { reading: reading.clone(), limits: arguments.limits.clone(), sets: None };
        Ok(narrows_data::load(spec, &options)?)
    };
    preferring(&preferred, &arguments.reading, load)
}

fn draw(out: &Path, data: &Dataset) -> anyhow::Result<()> {
    let values = &data.train.values;
    let first: Vec<usize> = (0..values.rows().min(MOST_PICTURES)).collect();
    let pictures = values.select(&first)?;
    let pictures = pictures.to_f32()?;
    let shape: Vec<usize> = [first.len()].iter().chain(&data.sample_shape).copied().collect();
    let pictures = ArrayD::from_shape_vec(IxDyn(&shape), pictures.iter().copied().collect())?;
    let layout = narrows_data::write::Layout::numbered(&data.sample_shape, "x");
    let mut output = Output::begin(out, Format::Png, layout, data.range)?;
    output.write(&pictures.slice_axis(Axis(0), (..).into()), None)?;
    note(output.finish("samples")?);
    Ok(())
}

fn text(description: &Description) -> String {
    let tables = [Some(facts(description)), Some(parts(description)), classes(description)];
    tables.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

fn facts(description: &Description) -> String {
    let Description { sample_shape, dtype, range: (low, high), .. } = description;
    let features = sample_shape.iter().product();
    let columns = description.columns.as_ref().map(|names| ("columns", first(names, names.len())));
    let rows = [
        Some(("name", description.name.clone())),
        Some(("sample", format!("{sample_shape:?} of {dtype}, {low} to {high}"))),
        columns,
        Some(("constant", of_features(&description.constant, features))),
        Some(("empty", of_features(&description.empty, features))).filter(|_| !description.empty.is_empty()),
        Some(("fingerprint", description.fingerprint.clone())),
    ];
    table(&["fact", "value"], rows.into_iter().flatten().map(|(name, value)| vec![name.to_owned(), value]))
}

fn of_features(named: &[String], features: usize) -> String {
    match named.len() {
        0 => "none".to_owned(),
        count => format!("{count} of {features} features: {}", first(named, count)),
    }
}

/// The first few names.
fn first(names: &[String], count: usize) -> String {
    let told = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if count > NAMED { format!("{told} and {} more", count - NAMED) } else { told }
}

fn parts(description: &Description) -> String {
    let row = |part: &Described| {
        let missing = match part.missing.values {
            0 => "none".to_owned(),
            values => format!("{values} values in {} rows and {} columns", part.missing.rows, part.missing.columns),
        };
        let place = if part.is_on_disk { "on disk" } else { "in memory" };
        vec![part.name.to_owned(), part.rows.to_string(), missing, place.to_owned()]
    };
    table(&["part", "rows", "missing", "kept"], description.parts.iter().map(row))
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
