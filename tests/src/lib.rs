//! Code that the tests of several crates share: the embedded digits, fitted models, and bundles in temporary folders.

mod detector;

use std::ops::ControlFlow;

use narrows_bundle::{Bundle, Stage};
use narrows_data::{Dataset, LoadOptions};
use narrows_runtime::Autoencoder;
use narrows_trainer::{Config, Export, Fitted, Options, fit};
use tempfile::TempDir;

pub use detector::with_detector;

/// Loads the embedded digits: 1437 training rows and 360 test rows.
///
/// # Panics
/// If the embedded file is corrupt.
pub fn digits() -> Dataset {
    narrows_data::load("digits", &LoadOptions::default()).expect("the digits are embedded")
}

/// Fits a model with these options.
///
/// # Panics
/// If the options do not fit the data, or fitting fails.
pub fn fitted(options: &Options, data: &Dataset) -> Fitted {
    let config = Config::check(options, data).expect("options that fit the data");
    fit(&config, data, &mut |_| ControlFlow::Continue(())).expect("a fit")
}

/// Exports a fitted model to a bundle as `train-export` does, without the parity check and pictures. The folder is
/// deleted when the `TempDir` is dropped.
///
/// # Panics
/// If the bundle cannot be written.
pub fn exported(fitted: &Fitted, data: &Dataset) -> (TempDir, Bundle) {
    staged(fitted.export(data).expect("an export"))
}

/// Writes a bundle from an export, which a test may have modified. The folder is deleted when the `TempDir` is dropped.
///
/// # Panics
/// If the bundle cannot be written, or its manifest is invalid.
pub fn staged(export: Export) -> (TempDir, Bundle) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut stage = Stage::begin(folder.path().join("bundle")).expect("an empty folder");
    for (name, bytes) in &export.files {
        stage.write(name, bytes).expect("a writable folder");
    }
    let mut manifest = export.manifest;
    stage.write_manifest(&mut manifest).expect("a writable folder");
    let path = stage.publish().expect("a path that does not exist yet");
    let bundle = Bundle::open(path).expect("just written");
    (folder, bundle)
}

/// Exports a fitted model to a bundle and opens it in ONNX Runtime.
///
/// # Panics
/// If ONNX Runtime is not installed (run `just setup`) or rejects a graph.
pub fn opened(fitted: &Fitted, data: &Dataset) -> Autoencoder {
    let (_folder, bundle) = exported(fitted, data);
    Autoencoder::from_bundle(&bundle, &narrows_runtime::Options::default()).expect("ONNX Runtime by `just setup`")
}

/// Compiles the Rust examples of model cards as tests: without a distribution over codes, with one, with classes,
/// and of a mixed table.
#[cfg(doctest)]
mod cards {
    #[doc = include_str!("../../models/zoo/ae/README.md")]
    struct WithoutPrior;
    #[doc = include_str!("../../models/zoo/vae/README.md")]
    struct WithPrior;
    #[doc = include_str!("../../models/zoo/cvae/README.md")]
    struct WithClasses;
    #[doc = include_str!("../../models/zoo/penguins/README.md")]
    struct OfTable;
}
