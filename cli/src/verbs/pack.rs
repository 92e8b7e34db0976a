//! `narrows pack`: packs a bundle into one file.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use narrows_bundle::{AnyBundle, AtomicFile};

use crate::{
    output::{check_writable, folder_of},
    report::note,
    stop::Stop,
};

/// Pack a bundle into one file
///
/// Reads the folder of a bundle and writes the manifest, the graphs, also that of a detector, and the data of the
/// parity check into one file, without the weights, the images and the model card. Every command that takes a bundle
/// also takes the file, and a Rust program can compile it in with `include_bytes!`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  narrows pack models/vae vae.narrows")]
pub(crate) struct Pack {
    /// Bundle: a folder written by `train-export`, `export` or `transfer`, or a packed file
    bundle: PathBuf,
    /// File to write, usually with the extension .narrows
    out: PathBuf,
}

pub(crate) fn run(arguments: &Pack) -> anyhow::Result<()> {
    let Pack { bundle, out } = arguments;
    check_writable(out)?;
    let opened = AnyBundle::open(bundle)?;
    // A file inside the folder would be foreign to the bundle, or overwrite one of its files.
    if fs::canonicalize(folder_of(out))? == fs::canonicalize(bundle)? {
        bail!("cannot write `{}`: it is inside the bundle itself; name a path outside the bundle", out.display());
    }
    let include = format!("include_bytes!({:?})", out.file_name().unwrap_or_default().to_string_lossy());
    let (bytes, usage) = match opened {
        AnyBundle::Autoencoder(bundle) => {
            let detector = match bundle.manifest().detector {
                Some(_) => format!(", and its detector: Detector::open_bytes({include}, &Options::default())"),
                None => String::new(),
            };
            let opening = format!("Autoencoder::open_bytes({include}){detector}");
            (bundle.pack()?, format!("every command accepts this file; in a Rust program: {opening}"))
        }
        AnyBundle::Transferred(bundle) => {
            let opening = format!("Classifier::open_bytes({include}, &Options::default())");
            (
                bundle.pack()?,
                format!("`classify`, `inspect` and `verify` accept this file; in a Rust program: {opening}"),
            )
        }
    };
    write(out, &bytes, &Stop::listen()?).with_context(|| format!("cannot write `{}`", out.display()))?;
    note(format_args!("packed {} into {} ({} KB)", bundle.display(), out.display(), bytes.len().div_ceil(1000)));
    note(usage);
    Ok(())
}

/// Writes the file. A signal ends the program at once, and no partial file remains.
fn write(out: &Path, bytes: &[u8], stop: &Stop) -> io::Result<()> {
    let mut file = AtomicFile::create(out)?;
    stop.remove_on_exit(file.partial());
    file.write_all(bytes)?;
    file.commit()
}
