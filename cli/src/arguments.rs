//! The command line as a whole.

use clap::{Parser, Subcommand};

use crate::{report::Voice, verbs};

/// Train autoencoders, export them as ONNX, prove them, run them.
#[derive(Debug, Parser)]
#[command(name = "narrows", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    #[command(flatten)]
    pub(crate) voice: Voice,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Fit a model, export encoder and decoder, and prove them in ONNX Runtime
    #[cfg(feature = "train")]
    TrainExport(verbs::train_export::TrainExport),
    /// Fit a model, and leave a run: configuration, metrics, checkpoints
    #[cfg(feature = "train")]
    Train(verbs::train::Train),
    /// Export a run, and prove it in ONNX Runtime
    #[cfg(feature = "train")]
    Export(verbs::export::Export),
    /// Print a configuration: the defaults of a kind, or what made a bundle or a run
    #[cfg(feature = "train")]
    Config(verbs::config::Config),
    /// Fit a head on the codes of a frozen encoder, export both as one graph, and prove it in ONNX Runtime
    #[cfg(feature = "train")]
    Transfer(verbs::transfer::Transfer),
    /// Repeat the proof of a bundle: hashes, graphs, parity
    Verify(verbs::verify::Verify),
    /// Say what is in a bundle
    Inspect(verbs::inspect::Inspect),
    /// Make one file of a bundle, to send or to compile in
    Pack(verbs::pack::Pack),
    /// Say what is in a set of data, before anything is trained on it
    Data(verbs::data::Data),
    /// Samples to codes
    Encode(verbs::encode::Encode),
    /// Codes to samples
    Decode(verbs::decode::Decode),
    /// Samples to codes and back
    Reconstruct(verbs::reconstruct::Reconstruct),
    /// How well a model knows samples: errors of reconstruction, and likelihoods where it has them
    Score(verbs::score::Score),
    /// Samples to classes or predicted numbers, and how often that is right where they have labels
    Classify(verbs::classify::Classify),
    /// Draw new samples from the prior
    Generate(verbs::generate::Generate),
    /// Say what this machine has: ONNX Runtime and where it was looked for, devices that work, data sets
    Doctor(verbs::doctor::Doctor),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn flags_of_all_verbs_go_together() {
        super::Arguments::command().debug_assert();
    }

    #[test]
    fn data_is_named_without_a_flag_where_nothing_else_is() {
        let mut command = super::Arguments::command();
        let parsed = command.try_get_matches_from_mut(["narrows", "data", "x.csv", "--header", "no", "--unpack", "3"]);
        assert!(parsed.is_ok(), "{parsed:?}");
        let refused = command.try_get_matches_from_mut(["narrows", "data", "--data", "x.csv"]);
        assert!(refused.is_err(), "{refused:?}");
    }
}
