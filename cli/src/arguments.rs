//! The command line as a whole.

use clap::{Parser, Subcommand};

use crate::verbs;

/// Train autoencoders, export them as ONNX, prove them, run them.
#[derive(Debug, Parser)]
#[command(name = "narrows", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Fit a model, export encoder and decoder, and prove them in ONNX Runtime
    #[cfg(feature = "train")]
    TrainExport(verbs::train_export::TrainExport),
    /// Repeat the proof of a bundle: hashes, graphs, parity
    Verify(verbs::verify::Verify),
    /// Say what is in a bundle
    Inspect(verbs::inspect::Inspect),
    /// Samples to codes
    Encode(verbs::encode::Encode),
    /// Codes to samples
    Decode(verbs::decode::Decode),
    /// Samples to codes and back
    Reconstruct(verbs::reconstruct::Reconstruct),
    /// Draw new samples from the prior
    Generate(verbs::generate::Generate),
    /// Say what this machine has: ONNX Runtime, where it was looked for, data sets
    Doctor(verbs::doctor::Doctor),
}
