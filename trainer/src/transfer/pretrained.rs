//! The encoder that a transfer starts from.

use narrows_bundle::Manifest;

/// The bundle whose encoder is used.
#[derive(Debug, Clone, Copy)]
pub struct Pretrained<'a> {
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// Content of its weights file; only fine-tuning needs it.
    pub weights: Option<&'a [u8]>,
}
