//! Who is measured, in the order of the table.

use std::path::Path;

use anyhow::Result;
use narrows_runtime::{Autoencoder, ort::environment::Environment};

use super::{
    batches::most_rows,
    images::Images,
    model::Model,
    peer::Peer,
    peers::{BareOrt, Candle, Narrows, NarrowsOnBytes, Python, Rten, Threads, Tract},
};
use crate::locked::locked_version;

/// The peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Narrows,
    NarrowsOnBytes,
    NarrowsThreaded,
    BareOrt,
    BareOrtDefault,
    Python,
    Tract,
    Rten,
    Candle,
}

/// A peer that stands ready, or why it does not.
pub(crate) struct Entry<'a> {
    pub(crate) who: Who,
    pub(crate) version: String,
    pub(crate) peer: Result<Box<dyn Peer + 'a>>,
}

impl Who {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Who::Narrows => "narrows-runtime",
            Who::NarrowsOnBytes => "narrows-runtime, u8 input",
            Who::NarrowsThreaded => "narrows-runtime, threads(0)",
            Who::BareOrt | Who::BareOrtDefault => "bare ort",
            Who::Python => "Python's onnxruntime",
            Who::Tract => "tract",
            Who::Rten => "rten",
            Who::Candle => "candle-onnx simple_eval",
        }
    }

    /// The threads that one call computes with, as far as somebody chose: tract has one unless told otherwise.
    pub(crate) fn threads(self) -> &'static str {
        match self {
            Who::BareOrt | Who::Tract => "1",
            Who::Narrows | Who::NarrowsOnBytes => "1 a session",
            Who::NarrowsThreaded | Who::BareOrtDefault | Who::Python | Who::Rten | Who::Candle => "default",
        }
    }
}

/// Loads the model into every peer.
pub(crate) fn assemble<'a>(
    [ours, threaded]: [&'a Autoencoder; 2],
    model: &'a Model,
    images: &'a Images,
    environment: &Environment,
    python: &Path,
) -> Vec<Entry<'a>> {
    let entry = |who, package: &str, peer| Entry { who, version: locked_version(package).to_owned(), peer };
    let bare = |threads| boxed(BareOrt::load(model, images, environment, threads).map_err(Into::into));
    let (python_version, python) = match Python::start(python, model, images, most_rows()) {
        Ok(peer) => (peer.versions.clone(), boxed(Ok(peer))),
        Err(error) => (String::new(), Err(error)),
    };
    vec![
        entry(Who::Narrows, "narrows-runtime", boxed(Ok(Narrows::new(ours, images)))),
        entry(Who::NarrowsOnBytes, "narrows-runtime", boxed(Ok(NarrowsOnBytes::new(ours, images)))),
        entry(Who::NarrowsThreaded, "narrows-runtime", boxed(Ok(Narrows::new(threaded, images)))),
        entry(Who::BareOrt, "ort", bare(Threads::One)),
        entry(Who::BareOrtDefault, "ort", bare(Threads::Default)),
        Entry { who: Who::Python, version: python_version, peer: python },
        entry(Who::Tract, "tract-onnx", boxed(Ok(Tract::new(model, images)))),
        entry(Who::Rten, "rten", boxed(Rten::load(model, images))),
        entry(Who::Candle, "candle-onnx", boxed(Candle::load(model, images))),
    ]
}

fn boxed<'a>(peer: Result<impl Peer + 'a>) -> Result<Box<dyn Peer + 'a>> {
    peer.map(|peer| Box::new(peer) as Box<dyn Peer + 'a>)
}
