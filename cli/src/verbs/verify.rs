//! `narrows verify`: repeats the proof of a bundle on this machine.

use anyhow::bail;
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use serde_json::json;

use crate::{model::ModelArguments, report::print};

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    model: ModelArguments,
    /// Print one JSON object: `ok`, and `checks` with name, ok, detail and figure
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
    if let Some(first) = checks.iter().find(|check| !check.ok) {
        let (bundle, count) = (arguments.model.bundle().display(), checks.len());
        bail!("`{bundle}`: {failed} of {count} checks failed, the first is {}: {}", first.name, first.detail);
    }
    Ok(())
}
