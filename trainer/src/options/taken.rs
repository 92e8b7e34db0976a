//! The options that each kind of model takes: those of the groups that its file names. An option that the kind does not
//! take is reported instead of silently ignored.

use narrows_bundle::{Kind, Likelihood};

use super::{
    Group, Options,
    of_kind::{is_trained, keys_of_kind, reason_not_taken},
    takes,
};
use crate::{
    Problem,
    architecture::ArchitectureOptions,
    augmentation::AugmentationOptions,
    binarize::{Binarize, BinarizeOptions},
    data_options::DataOptions,
    descent::{DeviceOptions, KernelOptions, LengthOptions, StepOptions, StoppingOptions},
    kinds::WeightPenaltyOptions,
    likelihood::OutputOptions,
    moments::MomentsOptions,
    optimizer::RuleOptions,
    sampler_option::ExportSamplerOptions,
    scaling::ScalingOptions,
    schedule::ScheduleOptions,
    split::SplitOptions,
    table::MaskingOptions,
    variance::VarianceOptions,
};

/// Options outside any group, which every kind takes.
const OWN: [&str; 3] = ["kind", "latent", "seed"];

takes! {
    /// The groups that every kind takes.
    pub(crate) struct Common {
        data: DataOptions,
        moments: MomentsOptions,
        scaling: ScalingOptions,
        split: SplitOptions,
        output: OutputOptions,
        sampler: ExportSamplerOptions,
    }
}

takes! {
    /// The groups that every kind trained by gradient descent takes.
    pub(crate) struct Trained {
        architecture: ArchitectureOptions,
        augmentation: AugmentationOptions,
        binarize: BinarizeOptions,
        masking: MaskingOptions,
        weights: WeightPenaltyOptions,
        length: LengthOptions,
        steps: StepOptions,
        schedule: ScheduleOptions,
        stopping: StoppingOptions,
        kernels: KernelOptions,
        device: DeviceOptions;
        rule: RuleOptions,
    }
}

/// Returns the keys of all options that a kind takes.
fn keys_of(kind: Kind) -> Vec<&'static str> {
    let trained = if is_trained(kind) { Trained::keys() } else { Vec::new() };
    [OWN.to_vec(), Common::keys(), trained, keys_of_kind(kind)].concat()
}

impl Options {
    /// Returns the groups that every kind takes.
    pub(crate) fn common(&self) -> Common<'_> {
        let Options { data, moments, scaling, split, output, sampler, .. } = self;
        Common { data, moments, scaling, split, output, sampler }
    }

    /// Returns the groups that every kind trained by gradient descent takes.
    pub(crate) fn trained(&self) -> Trained<'_> {
        let Options { architecture, augmentation, binarize, masking, weights, length, steps, schedule, .. } = self;
        let Options { optimizer, adamw, stopping, kernels, device, .. } = self;
        let rule = RuleOptions { optimizer, adamw };
        Trained {
            architecture,
            augmentation,
            binarize,
            masking,
            weights,
            length,
            steps,
            schedule,
            rule,
            stopping,
            kernels,
            device,
        }
    }

    /// Returns the kinds of model that take an option.
    pub fn kinds_of(key: &str) -> Vec<Kind> {
        Kind::ALL.into_iter().filter(|&kind| keys_of(kind).contains(&key)).collect()
    }

    /// Returns a problem for every option that is set although the kind, the optimizer or the likelihood does not take
    /// it.
    pub(crate) fn not_taken(&self, kind: Kind, likelihood: Likelihood) -> Vec<Problem> {
        let optimizer = self.optimizer.name();
        let problem = |key: &String| {
            let kinds = Options::kinds_of(key);
            if !kinds.contains(&kind) {
                let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                let reason = reason_not_taken(key, kind).map_or(String::new(), |reason| format!(": {reason}"));
                return Some(Problem::new(key, format!("is an option of {}, not of {kind}{reason}", names.join(", "))));
            }
            if let Some(problem) = optimizer.not_taken(key) {
                return Some(problem);
            }
            let required = required_likelihood(key)?;
            let is_off = key == "binarize" && self.binarize.binarize == Some(Binarize::None);
            let name = match required {
                Likelihood::Bernoulli => "bernoulli",
                Likelihood::Gaussian => "gaussian",
                Likelihood::Columns => "columns",
            };
            match (required, likelihood) {
                // The variance of the numbers among the columns.
                (Likelihood::Gaussian, Likelihood::Gaussian | Likelihood::Columns)
                | (Likelihood::Bernoulli, Likelihood::Bernoulli)
                | (Likelihood::Columns, Likelihood::Columns) => None,
                (_, _) if is_off => None,
                (_, Likelihood::Columns) => {
                    Some(Problem::of_data(key, "has no effect on a table with columns of several types; leave it out"))
                }
                (_, Likelihood::Gaussian | Likelihood::Bernoulli) => {
                    let what = format!("is an option of the {name} likelihood (--likelihood {name})");
                    Some(Problem::of_data(key, what))
                }
            }
        };
        self.fields().keys().filter_map(problem).collect()
    }
}

/// Returns the likelihood that an option requires, if it requires one.
fn required_likelihood(key: &str) -> Option<Likelihood> {
    let if_listed = |keys: Vec<&str>, likelihood| keys.contains(&key).then_some(likelihood);
    if_listed(VarianceOptions::keys(), Likelihood::Gaussian)
        .or_else(|| if_listed(BinarizeOptions::keys(), Likelihood::Bernoulli))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pretrain::Pretrain;

    #[test]
    fn every_option_is_taken_by_at_least_one_kind() {
        for key in Options::keys() {
            assert!(!Options::kinds_of(key).is_empty(), "{key}");
        }
    }

    #[test]
    fn an_option_that_is_not_taken_is_reported_with_the_kinds_or_optimizers_that_take_it() {
        let problems = |change: fn(&mut Options)| {
            let options = Options::new(Kind::Vae).with(change);
            let problems = options.not_taken(Kind::Vae, Likelihood::Bernoulli);
            problems.into_iter().map(|problem| problem.to_string()).collect::<Vec<_>>()
        };
        let none: [String; 0] = [];
        assert_eq!(
            problems(|options| (options.divergence.beta, options.optimizer.adam.beta1) = (Some(2.0), Some(0.5))),
            none
        );
        assert_eq!(problems(|options| options.pca.whiten = Some(true)), ["`whiten` is an option of pca, not of vae"]);
        assert_eq!(
            problems(|options| options.optimizer.sgd.momentum = Some(0.5)),
            ["`momentum` is an option of sgd, not of adam"]
        );
        assert_eq!(
            problems(|options| options.pretrain.pretrain = Some(Pretrain::Layerwise)),
            ["`pretrain` is an option of ae, dae, not of vae: its code is a distribution, and pretraining \
              minimises the reconstruction error of each layer only"]
        );
        assert_eq!(problems(|options| options.adamw.weight_decay = Some(0.5)).len(), 1);
    }
}
