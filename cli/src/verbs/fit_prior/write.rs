//! Writes a bundle with a fitted sampler, in the form of the bundle that was read: a folder or a packed file.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use narrows_bundle::{Bundle, MANIFEST, Manifest, SAMPLER, write_atomic};
use narrows_evaluate::Picture;
use narrows_runtime::{Autoencoder, Options};
use narrows_trainer::sampler::FittedSampler;

use super::interrupted::interrupted;
use crate::{card::card, destination::Destination, output::check_writable, stop::Stop};

/// File name of the model card.
const CARD: &str = "README.md";
/// File name of the picture of generated samples.
const PICTURE: &str = "samples.png";

/// The claimed output.
pub(super) enum Form {
    Folder(Destination),
    Packed(PathBuf),
}

impl Form {
    /// Claims the output: a folder if the bundle is one, otherwise a file.
    pub(super) fn claim(bundle: &Bundle, out: &Path, stop: &Stop) -> anyhow::Result<Self> {
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

    /// Writes the bundle with the sampler, checks that it can be opened, and returns its path.
    pub(super) fn write(self, bundle: &Bundle, fitted: &FittedSampler, stop: &Stop) -> anyhow::Result<PathBuf> {
        let mut manifest = bundle.manifest().clone();
        manifest.sampler = Some(fitted.record.clone());
        let sampler = fitted.sampler.to_bytes()?;
        match self {
            Form::Folder(destination) => write_folder(destination, bundle, manifest, &sampler, stop),
            Form::Packed(path) => {
                let bytes = bundle.pack_with(&mut manifest, &BTreeMap::from([(SAMPLER, sampler)]))?;
                Bundle::from_bytes(&bytes)?.sampler()?;
                if stop.signal().is_some() {
                    return Err(interrupted(stop));
                }
                write_atomic(&path, &bytes).with_context(|| format!("cannot write `{}`", path.display()))?;
                Ok(path)
            }
        }
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
    mut manifest: Manifest,
    sampler: &[u8],
    stop: &Stop,
) -> anyhow::Result<PathBuf> {
    let rewritten = [MANIFEST, SAMPLER, CARD, PICTURE];
    for (name, _) in bundle.files().filter(|(name, _)| !rewritten.contains(name)) {
        destination.write(name, &bundle.read(name)?)?;
    }
    destination.write(SAMPLER, sampler)?;
    destination.write_manifest(&mut manifest)?;
    if Picture::of(&manifest.sample).accepts(&manifest.sample.shape) {
        let model = Autoencoder::from_bundle(&Bundle::open(destination.folder())?, &Options::default())?;
        destination.write(PICTURE, &narrows_evaluate::samples(&model, 0).context(PICTURE)?)?;
    }
    // The card shows the pictures that the manifest lists.
    destination.write_manifest(&mut manifest)?;
    destination.write(CARD, card(&manifest)?.as_bytes())?;
    destination.write_manifest(&mut manifest)?;
    Bundle::open(destination.folder())?.sampler()?;
    if stop.signal().is_some() {
        return Err(interrupted(stop));
    }
    Ok(destination.publish(stop)?.0)
}
