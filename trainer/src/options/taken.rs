//! Which options a kind of model takes: those of the groups that its file names. An option that nothing reads would be
//! a silent mistake.

use narrows_bundle::{Kind, Likelihood};

use super::{
    Group, Options,
    of_kind::{is_trained, keys_of_kind, why_not},
    takes,
};
use crate::{
    Problem,
    architecture::ArchitectureOptions,
    binarize::{Binarize, BinarizeOptions},
    data_options::DataOptions,
    descent::{KernelOptions, LengthOptions, StepOptions, StoppingOptions},
    kinds::WeightPenaltyOptions,
    likelihood::OutputOptions,
    optimizer::RuleOptions,
    scaling::ScalingOptions,
    schedule::ScheduleOptions,
    split::SplitOptions,
    variance::VarianceOptions,
};

/// Options that stand on their own; every kind takes them.
const OWN: [&str; 3] = ["kind", "latent", "seed"];

takes! {
    /// What every kind takes.
    pub(crate) struct Common { data: DataOptions, scaling: ScalingOptions, split: SplitOptions, output: OutputOptions }
}

takes! {
    /// What every kind takes that is trained by gradient descent.
    pub(crate) struct Trained {
        architecture: ArchitectureOptions,
        binarize: BinarizeOptions,
        weights: WeightPenaltyOptions,
        length: LengthOptions,
        steps: StepOptions,
        schedule: ScheduleOptions,
        stopping: StoppingOptions,
        kernels: KernelOptions;
        rule: RuleOptions,
    }
}

/// The keys of all options that a kind takes.
fn keys_of(kind: Kind) -> Vec<&'static str> {
    let trained = if is_trained(kind) { Trained::keys() } else { Vec::new() };
    [OWN.to_vec(), Common::keys(), trained, keys_of_kind(kind)].concat()
}

impl Options {
    /// The groups that every kind takes.
    pub(crate) fn common(&self) -> Common<'_> {
        let Options { data, scaling, split, output, .. } = self;
        Common { data, scaling, split, output }
    }

    /// The groups that every kind takes that is trained by gradient descent.
    pub(crate) fn trained(&self) -> Trained<'_> {
        let Options { architecture, binarize, weights, length, steps, schedule, .. } = self;
        let Options { optimizer, adamw, stopping, kernels, .. } = self;
        let rule = RuleOptions { optimizer, adamw };
        Trained { architecture, binarize, weights, length, steps, schedule, rule, stopping, kernels }
    }

    /// The kinds of model that an option is for.
    pub fn kinds_of(key: &str) -> Vec<Kind> {
        Kind::ALL.into_iter().filter(|&kind| keys_of(kind).contains(&key)).collect()
    }

    /// Options that are set although the kind, the optimizer or the likelihood does not take them.
    pub(crate) fn not_taken(&self, kind: Kind, likelihood: Likelihood) -> Vec<Problem> {
        let optimizer = self.optimizer.name();
        let problem = |key: &String| {
            let kinds = Options::kinds_of(key);
            if !kinds.contains(&kind) {
                let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                let why = why_not(key, kind).map_or(String::new(), |why| format!(": {why}"));
                return Some(Problem::new(key, format!("is an option of {}, not of {kind}{why}", names.join(", "))));
            }
            if let Some(problem) = optimizer.not_taken(key) {
                return Some(problem);
            }
            let needed = likelihood_of(key)?;
            let is_off = key == "binarize" && self.binarize.binarize == Some(Binarize::None);
            let name = match needed {
                Likelihood::Bernoulli => "bernoulli",
                Likelihood::Gaussian => "gaussian",
            };
            (likelihood != needed && !is_off)
                .then(|| Problem::new(key, format!("is an option of the {name} likelihood (--likelihood {name})")))
        };
        self.fields().keys().filter_map(problem).collect()
    }
}

/// The likelihood that an option needs, if it needs one.
fn likelihood_of(key: &str) -> Option<Likelihood> {
    let needs = |keys: Vec<&str>, likelihood| keys.contains(&key).then_some(likelihood);
    needs(VarianceOptions::keys(), Likelihood::Gaussian)
        .or_else(|| needs(BinarizeOptions::keys(), Likelihood::Bernoulli))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pretrain::Pretrain;

    #[test]
    fn every_option_is_for_some_kind() {
        for key in Options::keys() {
            assert!(!Options::kinds_of(key).is_empty(), "{key}");
        }
    }

    #[test]
    fn an_option_that_is_not_taken_is_reported_with_what_it_belongs_to() {
        let of = |change: fn(&mut Options)| {
            let options = Options::new(Kind::Vae).with(change);
            let problems = options.not_taken(Kind::Vae, Likelihood::Bernoulli);
            problems.into_iter().map(|problem| problem.to_string()).collect::<Vec<_>>()
        };
        let none: [String; 0] = [];
        assert_eq!(of(|of| (of.divergence.beta, of.optimizer.adam.beta1) = (Some(2.0), Some(0.5))), none);
        assert_eq!(of(|of| of.pca.whiten = Some(true)), ["`whiten` is an option of pca, not of vae"]);
        assert_eq!(of(|of| of.optimizer.sgd.momentum = Some(0.5)), ["`momentum` is an option of sgd, not of adam"]);
        assert_eq!(
            of(|of| of.pretrain.pretrain = Some(Pretrain::Layerwise)),
            [
                "`pretrain` is an option of ae, dae, not of vae: its code is a distribution, and layers are pretrained by \
              what they reconstruct alone"
            ]
        );
        assert_eq!(of(|of| of.adamw.weight_decay = Some(0.5)).len(), 1);
    }
}
