//! The options of a training run: what was asked for, as flags or in a file. Every option may be left open.
//!
//! Each group of options is declared in the file of what it configures; here they are mounted side by side.

mod file;
mod group;
mod of_kind;
mod taken;

pub(crate) use file::parsed;
#[cfg(feature = "clap")]
pub(crate) use group::seeds;
pub(crate) use group::{Group, option_groups, options, takes};
use narrows_bundle::Kind;
pub(crate) use of_kind::Asked;
pub(crate) use taken::Trained;

use crate::{
    architecture::ArchitectureOptions,
    binarize::BinarizeOptions,
    data_options::DataOptions,
    descent::{KernelOptions, LengthOptions, StepOptions, StoppingOptions},
    kinds::{
        BoundOptions, CodeOptions, CorruptionOptions, DiscrepancyOptions, DivergenceOptions, PcaOptions,
        PenaltyOptions, WeightPenaltyOptions,
    },
    likelihood::OutputOptions,
    optimizer::{AdamWOptions, OptimizerOptions},
    pretrain::PretrainOptions,
    scaling::ScalingOptions,
    schedule::ScheduleOptions,
    split::SplitOptions,
    variance::VarianceOptions,
};

option_groups! {
    /// Options of a run as flags or a file give them; what is open is filled in by [`Config::check`].
    ///
    /// A field is a key of a configuration file, a flag of the command line (with the feature `clap`), and what its
    /// documentation says is the help of both. The same type, with everything filled in, is the configuration in a
    /// bundle's manifest.
    ///
    /// [`Config::check`]: crate::Config::check
    pub struct Options {
        @own
        /// Which model: pca, ae, dae, wae, vae or cvae
        #[cfg_attr(feature = "clap", arg(required_unless_present_any = ["config", "resume"]))]
        pub kind: Option<Kind> = Kind::Vae,
        @groups
        /// Where data comes from.
        pub data: DataOptions,
        /// How values are scaled for the network.
        pub scaling: ScalingOptions,
        /// How many rows are held out.
        pub split: SplitOptions,
        /// Whether samples are made binary.
        pub binarize: BinarizeOptions,
        @own
        /// Dimensions of the code [default: 8]
        #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", help_heading = "Model"))]
        pub latent: Option<usize> = 8,
        @groups
        /// The hidden layers.
        pub architecture: ArchitectureOptions,
        /// The code of a deterministic autoencoder.
        pub code: CodeOptions,
        /// Which likelihood, and what its decoder ends in.
        pub output: OutputOptions,
        /// The variance of a Gaussian likelihood.
        pub variance: VarianceOptions,
        /// Principal component analysis.
        pub pca: PcaOptions,
        /// How much the KL term weighs.
        pub divergence: DivergenceOptions,
        /// Which bound of the likelihood is maximised.
        pub bound: BoundOptions,
        /// How much the distance of the codes from the prior weighs.
        pub discrepancy: DiscrepancyOptions,
        /// How samples are corrupted.
        pub corruption: CorruptionOptions,
        /// What the code pays for.
        pub penalty: PenaltyOptions,
        /// What the weights pay for.
        pub weights: WeightPenaltyOptions,
        /// Whether layers are trained one by one first.
        pub pretrain: PretrainOptions,
        /// How long training lasts.
        pub length: LengthOptions,
        /// What a training step is.
        pub steps: StepOptions,
        /// Which optimizer trains.
        pub optimizer: OptimizerOptions,
        /// How the learning rate changes.
        pub schedule: ScheduleOptions,
        /// AdamW alone.
        pub adamw: AdamWOptions,
        /// When training stops early.
        pub stopping: StoppingOptions,
        /// What computes.
        pub kernels: KernelOptions,
        @own
        /// Seed of all randomness [default: 0]
        #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = seeds(), help_heading = "Training"))]
        pub seed: Option<u64> = 0,
        @groups
    }
}

impl Options {
    /// All options open but the kind.
    pub fn new(kind: Kind) -> Self {
        Options { kind: Some(kind), ..Options::default() }
    }

    /// The same options after `change`: `Options::new(Kind::Vae).with(|options| options.divergence.beta = Some(4.0))`.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The keys of all options, in their order.
    pub fn keys() -> Vec<&'static str> {
        <Self as Group>::keys()
    }

    /// These options, and those of `other` where nothing is set here.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Group::or(self, other)
    }

    /// Every option with a value that it may have, to show how it is written. Together they make no sense: they are
    /// options of all kinds.
    pub fn example() -> Self {
        Group::example()
    }

    /// The same with every file and every set that is named replaced as `rename` says.
    #[must_use]
    pub fn with_paths(self, rename: impl Fn(&String) -> String) -> Options {
        Options { data: self.data.with_paths(rename), ..self }
    }
}
