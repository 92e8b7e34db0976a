//! Arguments of the comparison: the options of training, of which the kind, the latent size and the weight of the KL
//! term are lists.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};
use narrows_trainer::{Options, bundle::Kind};

/// The kinds, latent sizes and weights of the KL term to compare, and the options that all models share.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    /// Kinds, in the order of the command line; empty if none is named.
    pub(crate) kinds: Vec<Kind>,
    /// Numbers of latent dimensions; empty if none is named.
    pub(crate) latent: Vec<usize>,
    /// Weights of the KL term; empty if none is named.
    pub(crate) beta: Vec<f64>,
    /// The other options, without those three.
    pub(crate) options: Options,
}

impl Args for Grid {
    fn augment_args(command: Command) -> Command {
        Options::augment_args(command).mut_arg("kind", kinds).mut_arg("latent", latent).mut_arg("beta", beta).mut_arg(
            "seed",
            |arg| {
                arg.help(
                    "First random seed, below 2^63; with --seeds, the others are the numbers that follow [default: 0]",
                )
            },
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The kinds. This replaces the argument of `train`, which takes one kind and requires it.
fn kinds(_: Arg) -> Arg {
    Arg::new("kind")
        .value_name("KIND")
        .num_args(0..)
        .action(ArgAction::Append)
        .value_parser(value_parser!(Kind))
        .help("Kinds of model: pca, ae, dae, wae, vae or cvae [default: pca ae dae vae cvae, without pca for a table with columns of several types; none with --bundles]")
}

fn latent(arg: Arg) -> Arg {
    as_list(arg).value_name("NUMBERS").help("Numbers of latent dimensions, separated by commas [default: 2,8,32]")
}

fn beta(arg: Arg) -> Arg {
    as_list(arg).value_name("WEIGHTS").help(
        "Weights of the KL divergence in the loss, separated by commas; several give one model each and a chart of \
         rate against distortion [default: 1]",
    )
}

fn as_list(arg: Arg) -> Arg {
    arg.value_delimiter(',').action(ArgAction::Append)
}

impl FromArgMatches for Grid {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        let kinds = matches.get_many("kind").map_or(Vec::new(), |kinds| kinds.copied().collect());
        let latent = matches.get_many("latent").map_or(Vec::new(), |latent| latent.copied().collect());
        let beta = matches.get_many("beta").map_or(Vec::new(), |beta| beta.copied().collect());
        // The derived code reads the first value of each list.
        let options = Options::from_arg_matches_mut(matches)?;
        let options =
            options.with(|options| (options.kind, options.latent, options.divergence.beta) = (None, None, None));
        Ok(Grid { kinds, latent, beta, options })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
