//! `narrows doctor`: what this machine has, and what is missing.

use anyhow::bail;
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use narrows_data::LoadOptions;
use narrows_runtime::{Options, library};
use serde_json::json;

use crate::report::print;

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Doctor) -> anyhow::Result<()> {
    let options = Options::default();
    let candidates = library::candidates(&options);
    let located = library::locate(&options);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let sets =
        ["digits", "mnist", "fashion-mnist"].map(|name| (name, narrows_data::load(name, &LoadOptions::default())));
    if arguments.json {
        let library = located.as_ref().ok().map(|found| json!({ "path": found.path, "version": found.version }));
        let candidates: Vec<_> = candidates
            .iter()
            .map(|candidate| json!({ "path": candidate.path, "verdict": candidate.verdict.to_string() }))
            .collect();
        let sets: serde_json::Map<_, _> =
            sets.iter().map(|(name, set)| ((*name).to_owned(), json!(set.is_ok()))).collect();
        print(format!(
            "{:#}",
            json!({ "version": env!("CARGO_PKG_VERSION"), "threads": threads, "library": library, "candidates": candidates, "data": sets })
        ))?;
    } else {
        let mut table = Table::new();
        table.load_style(NOTHING);
        table.add_row(["narrows", env!("CARGO_PKG_VERSION")]);
        table.add_row(["threads", &threads.to_string()]);
        match &located {
            Ok(found) => {
                table.add_row(["ONNX Runtime".to_owned(), format!("{} from {}", found.version, found.path.display())])
            }
            Err(_) => table.add_row(["ONNX Runtime", "not found"]),
        };
        for candidate in &candidates {
            table.add_row(["  looked at".to_owned(), format!("{}: {}", candidate.path.display(), candidate.verdict)]);
        }
        for (name, set) in &sets {
            let state = match set {
                Ok(set) => {
                    format!("{} rows", set.train.values.rows() + set.test.as_ref().map_or(0, |test| test.values.rows()))
                }
                Err(error) => error.to_string(),
            };
            table.add_row([format!("data {name}"), state]);
        }
        print(table.trim_fmt())?;
    }
    match located {
        Ok(_) => Ok(()),
        Err(error) => bail!(error),
    }
}
