//! `narrows verify`: checks a bundle on this machine.

use anyhow::bail;
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use narrows_bundle::counted;
use serde_json::json;

use crate::{
    model::{ModelArguments, with_bundle_help},
    report::print,
};

/// Check a bundle on this machine: file hashes, graphs and parity
///
/// Checks the manifest and the size and SHA-256 of every file, loads the graphs, runs them in ONNX Runtime on the
/// inputs stored in the bundle, and compares the outputs with those of training (the parity check). Of a detector, it
/// also counts the rows whose label differs from that of the fit. Exits with 1 if a check fails. Writes no files.
#[derive(Debug, Args)]
#[command(
    mut_args(|arg| with_bundle_help(arg, "Bundle: a folder written by `train-export`, `export` or `transfer`, or a file written by `pack`")),
    after_help = "Example:\n  narrows verify models/vae --device auto"
)]
pub(crate) struct Verify {
    #[command(flatten)]
    model: ModelArguments,
    /// Print one JSON object: `ok`, and `checks`, each with `name`, `ok`, `detail` and `figure` (a number or null)
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Verify) -> anyhow::Result<()> {
    let checks = narrows_runtime::verify(arguments.model.bundle(), &arguments.model.options());
    let failed = checks.iter().filter(|check| !check.ok).count();
    if arguments.json {
        let rows: Vec<_> = checks
            .iter()
            .map(|check| json!({ "name": check.name, "ok": check.ok, "detail": check.detail, "figure": check.figure }))
            .collect();
        print(format!("{:#}", json!({ "ok": failed == 0, "checks": rows })))?;
    } else {
        let mut table = Table::new();
        table.load_style(NOTHING);
        for check in &checks {
            table.add_row([if check.ok { "ok" } else { "FAILED" }, &check.name, &check.detail]);
        }
        print(table.trim_fmt())?;
    }
    if let [only] = &checks[..]
        && !only.ok
    {
        bail!("{}", only.detail);
    }
    if let Some(first) = checks.iter().find(|check| !check.ok) {
        let (bundle, count) = (arguments.model.bundle().display(), counted(checks.len(), "check"));
        bail!("`{bundle}`: {failed} of {count} failed; the first is `{}`", first.name);
    }
    Ok(())
}
