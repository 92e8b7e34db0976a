//! The command line: the program's own flags and one subcommand per verb.

use clap::{Parser, Subcommand};

use crate::{report::LogOptions, verbs};

/// Examples at the end of the program's help.
#[cfg(feature = "train")]
const EXAMPLES: &str = "\
Examples:
  narrows data digits
  narrows train-export vae --data digits --out models/vae
  narrows encode models/vae --data digits --out codes.npy
  narrows generate models/vae --count 64 --out samples.png

`narrows help COMMAND` explains a command and its flags.
Exit codes: 0 success, 1 error, 2 wrong command line, 128 + N stopped by signal N.";

/// Examples at the end of the help of a program without the trainer.
#[cfg(not(feature = "train"))]
const EXAMPLES: &str = "\
Examples:
  narrows inspect models/vae
  narrows encode models/vae --data digits --out codes.npy
  narrows generate models/vae --count 64 --out samples.png

`narrows help COMMAND` explains a command and its flags.
Exit codes: 0 success, 1 error, 2 wrong command line, 128 + N stopped by signal N.";

/// Train autoencoders, export them as ONNX and run them with ONNX Runtime
///
/// Narrows trains autoencoders on tables, arrays and images. A trained model is exported as a bundle: a folder with
/// the encoder and the decoder as ONNX graphs, a manifest, the metrics and a model card. Before a bundle is written,
/// ONNX Runtime computes both graphs and the results are compared with those of training (the parity check). The
/// other commands run a bundle on data: encode, decode, reconstruct, generate, score, detect anomalies, evaluate and
/// classify.
#[derive(Debug, Parser)]
#[command(name = "narrows", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    #[command(flatten)]
    pub(crate) log: LogOptions,
}

/// The verbs, in the order of the help: data, training, running a model, and bundles. The help of a verb is the
/// documentation of its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Data(verbs::data::Data),
    #[cfg(feature = "train")]
    TrainExport(verbs::train_export::TrainExport),
    #[cfg(feature = "train")]
    Train(verbs::train::Train),
    #[cfg(feature = "train")]
    Export(verbs::export::Export),
    #[cfg(feature = "train")]
    Config(verbs::config::Config),
    #[cfg(feature = "train")]
    Transfer(verbs::transfer::Transfer),
    #[cfg(feature = "train")]
    Compare(verbs::compare::Compare),
    Encode(verbs::encode::Encode),
    Decode(verbs::decode::Decode),
    Reconstruct(verbs::reconstruct::Reconstruct),
    Impute(verbs::impute::Impute),
    Denoise(verbs::denoise::Denoise),
    Generate(verbs::generate::Generate),
    #[cfg(feature = "train")]
    FitPrior(verbs::fit_prior::FitPrior),
    Interpolate(verbs::interpolate::Interpolate),
    Traverse(verbs::traverse::Traverse),
    Manifold(verbs::manifold::Manifold),
    Score(verbs::score::Score),
    Detect(verbs::detect::Detect),
    Drift(verbs::drift::Drift),
    Evaluate(verbs::evaluate::Evaluate),
    Explore(verbs::explore::Explore),
    Classify(verbs::classify::Classify),
    Report(verbs::report::Report),
    Inspect(verbs::inspect::Inspect),
    Verify(verbs::verify::Verify),
    Pack(verbs::pack::Pack),
    Doctor(verbs::doctor::Doctor),
}

#[cfg(feature = "train")]
impl Verb {
    /// Whether the verb computes with the trainer.
    pub(crate) fn trains(&self) -> bool {
        match self {
            Verb::TrainExport(_)
            | Verb::Train(_)
            | Verb::Export(_)
            | Verb::Transfer(_)
            | Verb::Compare(_)
            | Verb::FitPrior(_)
            | Verb::Detect(_)
            | Verb::Evaluate(_) => true,
            Verb::Data(_)
            | Verb::Config(_)
            | Verb::Encode(_)
            | Verb::Decode(_)
            | Verb::Reconstruct(_)
            | Verb::Impute(_)
            | Verb::Denoise(_)
            | Verb::Generate(_)
            | Verb::Interpolate(_)
            | Verb::Traverse(_)
            | Verb::Manifold(_)
            | Verb::Score(_)
            | Verb::Drift(_)
            | Verb::Explore(_)
            | Verb::Classify(_)
            | Verb::Report(_)
            | Verb::Inspect(_)
            | Verb::Verify(_)
            | Verb::Pack(_)
            | Verb::Doctor(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn flags_of_every_verb_are_consistent() {
        super::Arguments::command().debug_assert();
    }

    #[test]
    fn verb_data_takes_the_data_set_as_an_argument_without_a_flag() {
        let mut command = super::Arguments::command();
        let parsed = command.try_get_matches_from_mut(["narrows", "data", "x.csv", "--header", "no", "--unpack", "3"]);
        assert!(parsed.is_ok(), "{parsed:?}");
        let refused = command.try_get_matches_from_mut(["narrows", "data", "--data", "x.csv"]);
        assert!(refused.is_err(), "{refused:?}");
    }
}
