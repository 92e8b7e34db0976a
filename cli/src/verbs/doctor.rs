//! `narrows doctor`: reports what this machine has and what is missing.

use anyhow::bail;
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use narrows_data::{Dataset, LoadOptions};
use narrows_runtime::{Device, Diagnosis, Options, diagnose, library::LibraryError};
use serde_json::{Map, Value, json};

use crate::report::print;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Report what this machine has: ONNX Runtime, devices and data sets
///
/// Searches for the ONNX Runtime library, tries every device, loads every built-in data set, and prints what works and
/// the reason where something does not. Exits with 1 if ONNX Runtime is not found. Writes no files.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Doctor) -> anyhow::Result<()> {
    let diagnosis = diagnose(&Options::default());
    let sets =
        ["digits", "mnist", "fashion-mnist"].map(|name| (name, narrows_data::load(name, &LoadOptions::default())));
    if arguments.json {
        let data: Map<_, _> = sets.iter().map(|(name, set)| ((*name).to_owned(), json!(set.is_ok()))).collect();
        let mut report = report(&diagnosis);
        report["data"] = data.into();
        if let Some((device, outcome)) = training() {
            report["training"] =
                json!([{ "device": device.to_string(), "usable": outcome.is_ok(), "reason": outcome.err() }]);
        }
        print(format!("{report:#}"))?;
    } else {
        let mut table = Table::new();
        table.load_style(NOTHING).add_row(["narrows", VERSION]);
        for (name, value) in diagnosis.lines() {
            table.add_row([name, value]);
        }
        if let Some((device, outcome)) = training() {
            let text = outcome.map_or_else(|reason| format!("cannot be used: {reason}"), |()| "works".to_owned());
            table.add_row([format!("training on {device}"), text]);
        }
        table.add_row(["GPUs", "the code for CUDA has not been exercised on hardware"]);
        for (name, set) in &sets {
            table.add_row([format!("data {name}"), set.as_ref().map_or_else(ToString::to_string, rows)]);
        }
        print(table.trim_fmt())?;
    }
    match diagnosis.library {
        Ok(_) => Ok(()),
        // The table lists the places that were searched.
        Err(LibraryError::NotFound { .. }) => bail!(
            "ONNX Runtime was not found; run `just setup` in a checkout of narrows, or set ORT_DYLIB_PATH to the library"
        ),
        Err(error) => bail!(error),
    }
}

/// Opens the first GPU for training; `None` if the program was built without the feature `cuda`.
#[cfg(feature = "cuda")]
fn training() -> Option<(Device, Result<(), String>)> {
    let device = Device::Cuda(0);
    let opened = narrows_trainer::device::open(device);
    Some((device, opened.map(drop).map_err(|error| error.reason.to_string())))
}

#[cfg(not(feature = "cuda"))]
fn training() -> Option<(Device, Result<(), String>)> {
    None
}

fn rows(set: &Dataset) -> String {
    format!("{} rows", set.train.values.rows() + set.test.as_ref().map_or(0, |test| test.values.rows()))
}

fn report(diagnosis: &Diagnosis) -> Value {
    let library = diagnosis.library.as_ref().ok().map(
        |running| json!({ "path": running.path, "version": running.version, "found_by": running.origin.to_string() }),
    );
    let candidates = diagnosis.candidates.iter().map(|candidate| {
        json!({ "path": candidate.path, "found_by": candidate.found_by.to_string(), "verdict": candidate.verdict.to_string() })
    });
    let devices = diagnosis.devices.iter().map(|trial| {
        json!({ "device": trial.device.to_string(), "usable": trial.outcome.is_ok(), "reason": trial.outcome.as_ref().err() })
    });
    let machine = &diagnosis.machine;
    let features: Map<_, _> =
        machine.processor.features.iter().map(|(name, has)| ((*name).to_owned(), json!(has))).collect();
    json!({
        "version": VERSION,
        "threads": machine.threads,
        "processor": {
            "architecture": machine.processor.architecture,
            "model": machine.processor.model,
            "cores": machine.processor.cores,
            "features": features,
        },
        "nvidia_driver": machine.nvidia_driver,
        "library": library,
        "library_error": diagnosis.library.as_ref().err().map(ToString::to_string),
        "candidates": candidates.collect::<Vec<_>>(),
        "providers": diagnosis.providers,
        "devices": devices.collect::<Vec<_>>(),
    })
}
