//! The measured peers, in the order of the table.

use std::path::Path;

use anyhow::Result;
use narrows_runtime::{Autoencoder, ort::environment::Environment};

use super::{
    images::Images,
    model::Model,
    peer::Peer,
    peers::{BareOrt, Candle, Narrows, NarrowsOnBytes, Python, Rten, Threads, Tract},
};
use crate::locked::locked_version;

/// The peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
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

/// A loaded peer, or the reason why it could not be loaded.
pub(crate) struct Entry<'a> {
    pub(crate) engine: Engine,
    pub(crate) version: String,
    pub(crate) peer: Result<Box<dyn Peer + 'a>>,
}

impl Engine {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Engine::Narrows => "narrows-runtime",
            Engine::NarrowsOnBytes => "narrows-runtime, u8 input",
            Engine::NarrowsThreaded => "narrows-runtime, threads(0)",
            Engine::BareOrt | Engine::BareOrtDefault => "bare ort",
            Engine::Python => "onnxruntime in Python",
            Engine::Tract => "tract",
            Engine::Rten => "rten",
            Engine::Candle => "candle-onnx simple_eval",
        }
    }

    /// Returns the number of threads of one call, for the table. tract uses one thread by default.
    pub(crate) fn threads(self) -> &'static str {
        match self {
            Engine::BareOrt | Engine::Tract => "1",
            Engine::Narrows | Engine::NarrowsOnBytes => "1 per session",
            Engine::NarrowsThreaded | Engine::BareOrtDefault | Engine::Python | Engine::Rten | Engine::Candle => {
                "default"
            }
        }
    }
}

/// Loads the model in all peers.
pub(crate) fn assemble<'a>(
    [narrows, threaded]: [&'a Autoencoder; 2],
    model: &'a Model,
    images: &'a Images,
    environment: &Environment,
    python: &Path,
) -> Vec<Entry<'a>> {
    let entry = |engine, package: &str, peer| Entry { engine, version: locked_version(package).to_owned(), peer };
    let bare = |threads| boxed(BareOrt::load(model, images, environment, threads).map_err(Into::into));
    let (python_version, python) = match Python::start(python, model, images) {
        Ok(peer) => (peer.versions.clone(), boxed(Ok(peer))),
        Err(error) => (String::new(), Err(error)),
    };
    vec![
        entry(Engine::Narrows, "narrows-runtime", boxed(Ok(Narrows::new(narrows, images)))),
        entry(Engine::NarrowsOnBytes, "narrows-runtime", boxed(Ok(NarrowsOnBytes::new(narrows, images)))),
        entry(Engine::NarrowsThreaded, "narrows-runtime", boxed(Ok(Narrows::new(threaded, images)))),
        entry(Engine::BareOrt, "ort", bare(Threads::One)),
        entry(Engine::BareOrtDefault, "ort", bare(Threads::Default)),
        Entry { engine: Engine::Python, version: python_version, peer: python },
        entry(Engine::Tract, "tract-onnx", boxed(Ok(Tract::new(model, images)))),
        entry(Engine::Rten, "rten", boxed(Rten::load(model, images))),
        entry(Engine::Candle, "candle-onnx", boxed(Candle::load(model, images))),
    ]
}

fn boxed<'a>(peer: Result<impl Peer + 'a>) -> Result<Box<dyn Peer + 'a>> {
    peer.map(|peer| Box::new(peer) as Box<dyn Peer + 'a>)
}
