//! What the tests of this crate share: the embedded digits, quick models, bundles in temporary
//! folders.

use std::ops::ControlFlow;

use narrows_bundle::{Bundle, Stage};
use narrows_data::{Dataset, LoadOptions};
use narrows_runtime::Autoencoder;
use narrows_trainer::{Config, Export, Fitted, Options, fit};
use tempfile::TempDir;

/// The embedded digits: 1437 rows to train, 360 to test.
///
/// # Panics
/// If the embedded file is broken.
pub fn digits() -> Dataset {
    narrows_data::load("digits", &LoadOptions::default()).expect("the digits are embedded")
}

/// A model fitted by these options.
///
/// # Panics
/// If the options are wrong for the data, or the fit fails.
pub fn fitted(options: &Options, data: &Dataset) -> Fitted {
    let config = Config::check(options, data).expect("options that fit the data");
    fit(&config, data, &mut |_| ControlFlow::Continue(())).expect("a fit")
}

/// The bundle of a fitted model as `train-export` writes it, without parity and pictures, in a folder
/// that goes with the handle.
///
/// # Panics
/// If it cannot be written.
pub fn exported(fitted: &Fitted, data: &Dataset) -> (TempDir, Bundle) {
    staged(fitted.export(data).expect("an export"))
}

/// The same from an export that a test may have tampered with.
///
/// # Panics
/// If it cannot be written, or its manifest makes no sense.
pub fn staged(export: Export) -> (TempDir, Bundle) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut stage = Stage::begin(folder.path().join("bundle")).expect("an empty folder");
    for (name, bytes) in &export.files {
        stage.write(name, bytes).expect("a writable folder");
    }
    let mut manifest = export.manifest;
    stage.write_manifest(&mut manifest).expect("a writable folder");
    let path = stage.publish().expect("a free place");
    let bundle = Bundle::open(path).expect("just written");
    (folder, bundle)
}

/// The same, opened in ONNX Runtime.
///
/// # Panics
/// If ONNX Runtime is not there (`just setup`) or refuses it.
pub fn opened(fitted: &Fitted, data: &Dataset) -> Autoencoder {
    let (_folder, bundle) = exported(fitted, data);
    Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default()).expect("ONNX Runtime by `just setup`")
}
