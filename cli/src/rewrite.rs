//! Writes a bundle again with an addition, such as a sampler or a detector, in the form of the bundle that was read: a
//! folder or a packed file.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use narrows_bundle::{Bundle, MANIFEST, Manifest, write_atomic};
use narrows_evaluate::Picture;
use narrows_runtime::{Autoencoder, Options};

use crate::{card::card, destination::Destination, output::check_writable, report::Stopped, stop::Stop};

/// File name of the model card.
const CARD: &str = "README.md";
/// File name of the picture of generated samples.
const PICTURE: &str = "samples.png";

/// What is added to a bundle.
pub(crate) struct Addition<'a> {
    /// What it is, for the message of an interruption: `sampler`.
    pub(crate) noun: &'static str,
    /// The manifest with the record of the addition.
    pub(crate) manifest: Manifest,
    /// The files of the addition by name. They replace those of an earlier addition.
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
    pub(crate) samples: SamplesPicture,
    /// Checks the bundle before it is published, and completes its manifest.
    pub(crate) check: &'a mut dyn FnMut(&Bundle, &mut Manifest) -> anyhow::Result<()>,
}

/// What happens to the picture of generated samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SamplesPicture {
    /// The samples are others than before, so it is drawn again.
    Draw,
    /// It stays as it is.
    Keep,
}

/// The claimed output.
pub(crate) enum Form {
    Folder(Destination),
    Packed(PathBuf),
}

impl Form {
    /// Claims the output: a folder if the bundle is one, otherwise a file.
    pub(crate) fn claim(bundle: &Bundle, out: &Path, stop: &Stop) -> anyhow::Result<Self> {
        if bundle.path().is_dir() {
            if out.is_file() {
                bail!("cannot write `{}`: the bundle is a folder, and this is a file; name a folder", out.display());
            }
            check_outside(bundle.path(), out)?;
            return Ok(Form::Folder(Destination::stage(out, stop)?));
        }
        check_writable(out)?;
        Ok(Form::Packed(out.to_owned()))
    }

    /// Writes the bundle with the addition, checks it, and returns its path.
    pub(crate) fn write(self, bundle: &Bundle, addition: Addition<'_>, stop: &Stop) -> anyhow::Result<PathBuf> {
        match self {
            Form::Folder(destination) => write_folder(destination, bundle, addition, stop),
            Form::Packed(path) => {
                let Addition { noun, mut manifest, files, check, .. } = addition;
                let files: BTreeMap<&str, Vec<u8>> = files.into_iter().collect();
                let bytes = bundle.pack_with(&mut manifest, &files)?;
                check(&Bundle::from_bytes(&bytes)?, &mut manifest)?;
                let bytes = bundle.pack_with(&mut manifest, &files)?;
                check_stop(noun, stop)?;
                write_atomic(&path, &bytes).with_context(|| format!("cannot write `{}`", path.display()))?;
                Ok(path)
            }
        }
    }
}

/// Returns the error of an interruption if there was one. `noun` is what is not written.
pub(crate) fn check_stop(noun: &str, stop: &Stop) -> anyhow::Result<()> {
    match stop.signal() {
        None => Ok(()),
        Some(signal) => Err(Stopped { signal, message: format!("interrupted; no {noun} was written") }.into()),
    }
}

/// Refuses an output inside the folder of the bundle, unless it is the bundle itself.
fn check_outside(bundle: &Path, out: &Path) -> anyhow::Result<()> {
    let existing = out.ancestors().find_map(|folder| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        Some((folder.canonicalize().ok()?, folder == out))
    });
    let (Ok(inside_of), Some((existing, is_complete))) = (bundle.canonicalize(), existing) else { return Ok(()) };
    if existing.starts_with(&inside_of) && !(is_complete && existing == inside_of) {
        bail!(
            "cannot write `{}`: it is inside the bundle `{}`; name a folder outside it",
            out.display(),
            bundle.display()
        );
    }
    Ok(())
}

fn write_folder(
    mut destination: Destination,
    bundle: &Bundle,
    addition: Addition<'_>,
    stop: &Stop,
) -> anyhow::Result<PathBuf> {
    let Addition { noun, mut manifest, files, samples, check } = addition;
    let draws = samples == SamplesPicture::Draw;
    let is_rewritten = |name: &str| {
        [MANIFEST, CARD].contains(&name) || (draws && name == PICTURE) || files.iter().any(|(file, _)| *file == name)
    };
    for (name, _) in bundle.files().filter(|(name, _)| !is_rewritten(name)) {
        destination.write(name, &bundle.read(name)?)?;
    }
    for (name, bytes) in &files {
        destination.write(name, bytes)?;
    }
    destination.write_manifest(&mut manifest)?;
    check(&Bundle::open(destination.folder())?, &mut manifest)?;
    if draws && Picture::of(&manifest.sample).accepts(&manifest.sample.shape) {
        let model = Autoencoder::from_bundle(&Bundle::open(destination.folder())?, &Options::default())?;
        destination.write(PICTURE, &narrows_evaluate::samples(&model, 0).context(PICTURE)?)?;
    }
    complete(&mut destination, &mut manifest)?;
    check_stop(noun, stop)?;
    Ok(destination.publish(stop)?.0)
}

/// Writes the model card and the manifest of a staged bundle whose other files are complete.
pub(crate) fn complete(destination: &mut Destination, manifest: &mut Manifest) -> anyhow::Result<()> {
    // The card shows the pictures that the manifest lists.
    destination.write_manifest(manifest)?;
    destination.write(CARD, card(manifest)?.as_bytes())?;
    destination.write_manifest(manifest)?;
    Bundle::open(destination.folder())?;
    Ok(())
}
