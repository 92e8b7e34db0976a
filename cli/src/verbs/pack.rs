//! `narrows pack`: a bundle as one file.

use std::{fs, path::PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use narrows_bundle::{AnyBundle, write_atomic};

use crate::{
    output::{check_writable, folder_of},
    report::note,
};

#[derive(Debug, Args)]
pub(crate) struct Pack {
    /// Folder that an export left
    bundle: PathBuf,
    /// File to make of it, such as vae.narrows
    out: PathBuf,
}

pub(crate) fn run(arguments: &Pack) -> anyhow::Result<()> {
    let Pack { bundle, out } = arguments;
    check_writable(out)?;
    let opened = AnyBundle::open(bundle)?;
    // It would be no part of the bundle, or replace a part.
    if fs::canonicalize(folder_of(out))? == fs::canonicalize(bundle)? {
        bail!("cannot write `{}`: it would lie in the bundle itself (name a place outside of it)", out.display());
    }
    let included = format!("include_bytes!({:?})", out.file_name().unwrap_or_default().to_string_lossy());
    let (bytes, use_of_it) = match opened {
        AnyBundle::Autoencoder(bundle) => {
            (bundle.pack()?, format!("every verb takes it; in a program: Autoencoder::open_bytes({included})"))
        }
        AnyBundle::Transferred(bundle) => {
            let opening = format!("Classifier::open_bytes({included}, &Options::default())");
            (bundle.pack()?, format!("`classify`, `inspect` and `verify` take it; in a program: {opening}"))
        }
    };
    write_atomic(out, &bytes).with_context(|| format!("cannot write `{}`", out.display()))?;
    note(format_args!("{} as one file of {} KB: {}", bundle.display(), bytes.len().div_ceil(1000), out.display()));
    note(use_of_it);
    Ok(())
}
