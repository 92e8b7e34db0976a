//! What scores are fitted with.

use narrows_bundle::{Manifest, Mixture, onnx::Model};

use super::{chunk::Unit, options::DetectorOptions, rows::Decode};

/// Options and model of a score.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) options: &'a DetectorOptions,
    pub(super) manifest: &'a Manifest,
    pub(super) unit: Unit<'a>,
    pub(super) prior: Option<&'a Mixture>,
    pub(super) decoder: &'a Model,
    pub(super) decode: Decode<'a>,
    pub(super) should_stop: &'a dyn Fn() -> bool,
}
