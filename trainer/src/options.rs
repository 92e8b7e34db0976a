//! The options of a training run, from flags or a configuration file. Every option may be left out.
//!
//! Each group of options is declared in the file of the component that it configures. This file combines them.

mod file;
mod group;
mod of_kind;
mod taken;

pub(crate) use file::{parsed, written};
#[cfg(feature = "clap")]
pub(crate) use group::seeds;
pub(crate) use group::{Group, option_groups, options, takes};
use narrows_bundle::Kind;
pub(crate) use of_kind::SelectedMethod;
pub(crate) use taken::Trained;

pub use crate::{
    architecture::{ArchitectureName, ArchitectureOptions, PoolName, Widths},
    augmentation::{Augmentation, AugmentationOptions, Augmentations},
    binarize::{Binarize, BinarizeOptions},
    candle::Kernels,
    data_options::DataOptions,
    descent::{DeviceOptions, KernelOptions, LengthOptions, StepOptions, StoppingOptions},
    device::DeviceChoice,
    kinds::{
        BoundOptions, Capacity, CodeOptions, Corruption, CorruptionOptions, DiscrepancyOptions, DivergenceOptions,
        KlWarmup, LatentPrior, PcaOptions, PenaltyOptions, PriorOptions, WeightPenaltyOptions,
    },
    likelihood::OutputOptions,
    moments::MomentsOptions,
    network::Activation,
    network::Normalisation,
    optimizer::{AdamOptions, AdamWOptions, OptimizerName, OptimizerOptions, SgdOptions},
    pretrain::{Pretrain, PretrainOptions},
    sampler_option::{ExportSampler, ExportSamplerOptions},
    scaling::{Scale, ScalePer, ScalingOptions},
    schedule::{Schedule, ScheduleOptions},
    split::SplitOptions,
    table::MaskingOptions,
    variance::{Variance, VarianceOptions},
};

option_groups! {
    /// Options of a run, from flags or a file; [`Config::check`] fills in the defaults.
    ///
    /// A field is a key of the configuration file and, with the feature `clap`, a command-line flag. Its documentation
    /// is the help text of both. The same type, with every option set, is the configuration in a bundle's manifest.
    ///
    /// [`Config::check`]: crate::Config::check
    pub struct Options {
        @own
        /// Kind of model: pca, ae, dae, wae, vae or cvae
        #[cfg_attr(feature = "clap", arg(required_unless_present_any = ["config", "resume"]))]
        pub kind: Option<Kind> = Kind::Vae,
        @groups
        /// The data sets.
        pub data: DataOptions,
        /// Moments of a larger data set.
        pub moments: MomentsOptions,
        /// Feature scaling.
        pub scaling: ScalingOptions,
        /// The validation split.
        pub split: SplitOptions,
        /// Augmentation of the training images.
        pub augmentation: AugmentationOptions,
        /// Binarisation of the samples.
        pub binarize: BinarizeOptions,
        @own
        /// Number of latent dimensions [default: 8]
        #[cfg_attr(
            feature = "clap",
            arg(long, allow_negative_numbers = true, value_name = "NUMBER", help_heading = "Model")
        )]
        pub latent: Option<usize> = 8,
        @groups
        /// The hidden layers.
        pub architecture: ArchitectureOptions,
        /// The code layer of a deterministic autoencoder.
        pub code: CodeOptions,
        /// The likelihood and the output function of the decoder.
        pub output: OutputOptions,
        /// The variance of a Gaussian likelihood.
        pub variance: VarianceOptions,
        /// Principal component analysis.
        pub pca: PcaOptions,
        /// The weight of the KL term.
        pub divergence: DivergenceOptions,
        /// The lower bound of the likelihood that training maximises.
        pub bound: BoundOptions,
        /// The prior over codes.
        pub prior: PriorOptions,
        /// The sampler that the export fits to the codes.
        pub sampler: ExportSamplerOptions,
        /// The weight of the distance between codes and prior.
        pub discrepancy: DiscrepancyOptions,
        /// Corruption of the encoder's input.
        pub corruption: CorruptionOptions,
        /// Masking of the cells of mixed tables.
        pub masking: MaskingOptions,
        /// Penalties on the code.
        pub penalty: PenaltyOptions,
        /// Penalty on the weights.
        pub weights: WeightPenaltyOptions,
        /// Layer-wise pretraining.
        pub pretrain: PretrainOptions,
        /// Length of training.
        pub length: LengthOptions,
        /// Batch size, gradient clipping and weight averaging.
        pub steps: StepOptions,
        /// The optimizer.
        pub optimizer: OptimizerOptions,
        /// The learning rate and its schedule.
        pub schedule: ScheduleOptions,
        /// AdamW only.
        pub adamw: AdamWOptions,
        /// Early stopping.
        pub stopping: StoppingOptions,
        /// The kernels of the training loop.
        pub kernels: KernelOptions,
        /// The device of the training loop.
        pub device: DeviceOptions,
        @own
        /// Random seed, below 2^63 [default: 0]
        #[cfg_attr(
            feature = "clap",
            arg(
                long,
                allow_negative_numbers = true,
                value_name = "NUMBER",
                value_parser = seeds(),
                help_heading = "Training"
            )
        )]
        pub seed: Option<u64> = 0,
        @groups
    }
}

impl Options {
    /// Creates options with the kind set and every other option left out.
    pub fn new(kind: Kind) -> Self {
        Options { kind: Some(kind), ..Options::default() }
    }

    /// Returns these options after `change`: `Options::new(Kind::Vae).with(|options| options.divergence.beta =
    /// Some(4.0))`.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Returns the options of a recorded run or bundle. Records that are older than convolutions name no architecture:
    /// their networks have dense layers. Records that are older than samplers and learned priors name none: their
    /// bundles have no sampler, and their prior is normal.
    #[must_use]
    pub fn as_recorded(mut self) -> Self {
        if self.kind.is_some_and(|kind| Options::kinds_of("architecture").contains(&kind)) {
            self.architecture.architecture.get_or_insert(ArchitectureName::Mlp);
        }
        if self.kind.is_some_and(|kind| Options::kinds_of("prior").contains(&kind)) {
            self.prior.prior.get_or_insert(LatentPrior::Normal);
        }
        self.sampler.sampler.get_or_insert(ExportSampler::None);
        self
    }

    /// Returns the options that `kind` takes; the others are left out. The likelihood of PCA is fixed, so it is left
    /// out too.
    #[must_use]
    pub fn taken_by(&self, kind: Kind) -> Self {
        let mut fields = self.fields();
        fields.retain(|key, _| Options::kinds_of(key).contains(&kind));
        let taken: Options = fields.try_into().unwrap_or_default();
        let output = if kind == Kind::Pca { OutputOptions::default() } else { taken.output.clone() };
        Options { kind: Some(kind), output, ..taken }
    }

    /// Returns the keys of all options, in the order of their declaration.
    pub fn keys() -> Vec<&'static str> {
        <Self as Group>::keys()
    }

    /// Returns these options, with every option that is not set taken from `other`.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Group::or(self, other)
    }

    /// Sets every option to a valid value, to show its syntax. The combination is not a valid configuration, because no
    /// kind takes all options.
    pub fn example() -> Self {
        Group::example()
    }

    /// Returns the same options with `rename` applied to every file name and data set name.
    #[must_use]
    pub fn with_paths(self, rename: impl Fn(&String) -> String) -> Options {
        Options { data: self.data.with_paths(&rename), moments: self.moments.with_paths(&rename), ..self }
    }
}
