//! Conversion of a configuration to the options that produce it.

use super::{Config, Descent, Method};
use crate::{
    Options,
    augmentation::Augmenter,
    binarize::BinarizeOptions,
    data_options::without_folder,
    descent::{EarlyStop, LengthOptions},
    kinds::WeightPenaltyOptions,
    moments::MomentsOptions,
    optimizer::options_of,
    pretrain::Pretraining,
    sampler_option::ExportSamplerOptions,
    split::SplitOptions,
    table::MaskingOptions,
    variance::VarianceOptions,
};

impl Config {
    /// Returns the options that produce this configuration, with every option set; 0 for features that are disabled.
    pub fn effective(&self) -> Options {
        let options = Options {
            data: self.data.clone(),
            moments: MomentsOptions { moments: self.moments.as_ref().map(|loaded| loaded.file.clone()) },
            scaling: self.scaling.options(),
            latent: Some(self.latent_dim),
            output: self.output_distribution.options(),
            split: SplitOptions { valid_fraction: Some(self.valid_fraction) },
            seed: Some(self.seed),
            sampler: ExportSamplerOptions { sampler: Some(self.sampler) },
            variance: VarianceOptions { variance: self.takes_variance().then_some(self.output_distribution.variance) },
            ..Options::new(self.kind())
        };
        match &self.method {
            Method::ClosedForm(pca) => Options { pca: pca.options(), ..options },
            Method::Descent(descent) => descent.effective(options),
        }
    }

    /// Returns the same options with folders removed from file names. The manifest stores these, so that a run on files
    /// in another folder writes the same bytes.
    pub fn recorded(&self) -> Options {
        let effective = self.effective();
        let moments = effective.moments.with_paths(without_folder);
        Options { data: self.data.without_folders(), moments, ..effective }
    }
}

impl Descent {
    /// Returns `options` with the groups of gradient descent filled in.
    fn effective(&self, options: Options) -> Options {
        let Descent {
            objective,
            l2,
            augmentation,
            binarize,
            masking,
            architecture,
            pretraining,
            epochs,
            steps,
            optimizer,
            learning_rate,
            computation,
            early_stop,
        } = self;
        let (optimizer, adamw) = options_of(*optimizer);
        let (kernels, device) = computation.options();
        let options = Options {
            weights: WeightPenaltyOptions { l2: Some(*l2) },
            augmentation: Augmenter::options(augmentation.as_ref()),
            binarize: BinarizeOptions { binarize: Some(*binarize) },
            masking: MaskingOptions { masking: *masking },
            architecture: architecture.options(),
            pretrain: Pretraining::options(*pretraining),
            length: LengthOptions { epochs: Some(*epochs) },
            steps: steps.options(),
            optimizer,
            adamw,
            schedule: learning_rate.options(),
            kernels,
            device,
            stopping: EarlyStop::options(*early_stop),
            ..options
        };
        options.with_objective(*objective)
    }
}
