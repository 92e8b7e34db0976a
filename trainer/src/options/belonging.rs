//! Which option is for what: one that nobody reads would be a silent mistake.

use narrows_bundle::{Kind, Likelihood};

use super::Options;
use crate::{Problem, Source, config::OptimizerName};

const ALL: &[Kind] = &Kind::ALL;
const TRAINED: &[Kind] = &[Kind::Ae, Kind::Dae, Kind::Vae, Kind::Cvae];
const DETERMINISTIC: &[Kind] = &[Kind::Ae, Kind::Dae];
const VARIATIONAL: &[Kind] = &[Kind::Vae, Kind::Cvae];

impl Options {
    /// The kinds of model that an option is for.
    pub fn kinds_of(key: &str) -> &'static [Kind] {
        match key {
            "kind" | "scale" | "scale_per" | "valid_fraction" | "latent" | "likelihood" | "output_link" | "seed" => ALL,
            source if Source::keys().any(|key| key == source) => ALL,
            "whiten" => &[Kind::Pca],
            "corruption" => &[Kind::Dae],
            "tied"
            | "l1"
            | "contractive"
            | "latent_activation"
            | "pretrain"
            | "pretrain_epochs"
            | "pretrain_learning_rate" => DETERMINISTIC,
            "variance" | "beta" | "kl_warmup" | "free_bits" | "capacity" | "importance_samples" => VARIATIONAL,
            _ => TRAINED,
        }
    }

    /// The optimizers that an option is for.
    pub fn optimizers_of(key: &str) -> &'static [OptimizerName] {
        match key {
            "momentum" | "nesterov" => &[OptimizerName::Sgd],
            "beta1" | "beta2" | "epsilon" => &[OptimizerName::Adam, OptimizerName::AdamW],
            "weight_decay" => &[OptimizerName::AdamW],
            _ => &OptimizerName::ALL,
        }
    }

    /// What is said of something that the run does not have.
    pub(crate) fn strangers(&self, kind: Kind, optimizer: OptimizerName, likelihood: Likelihood) -> Vec<Problem> {
        let fields = self.fields();
        let stranger = |key: &String| {
            let (kinds, optimizers) = (Options::kinds_of(key), Options::optimizers_of(key));
            if !kinds.contains(&kind) {
                let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                let why = why_not(key, kind).map_or(String::new(), |why| format!(": {why}"));
                return Some(Problem::new(key, format!("is an option of {}, not of {kind}{why}", names.join(", "))));
            }
            if !optimizers.contains(&optimizer) {
                let names: Vec<String> = optimizers.iter().map(ToString::to_string).collect();
                return Some(Problem::new(key, format!("is an option of {}, not of {optimizer}", names.join(", "))));
            }
            let (name, needed) = match key.as_str() {
                "variance" => ("gaussian", Likelihood::Gaussian),
                "binarize" => ("bernoulli", Likelihood::Bernoulli),
                _ => return None,
            };
            let is_off = key == "binarize" && self.binarize == Some(crate::binarize::Binarize::None);
            (likelihood != needed && !is_off)
                .then(|| Problem::new(key, format!("is an option of the {name} likelihood (--likelihood {name})")))
        };
        fields.keys().filter_map(stranger).collect()
    }
}

/// Why a kind has no use for an option, where that is no matter of course.
fn why_not(key: &str, kind: Kind) -> Option<&'static str> {
    match (key, kind) {
        ("pretrain", Kind::Pca) => Some("it is solved at once, with nothing to begin from"),
        ("pretrain", Kind::Vae | Kind::Cvae) => {
            Some("its code is a distribution, and layers are pretrained by what they reconstruct alone")
        }
        ("latent_activation", Kind::Vae | Kind::Cvae) => Some("its code is a distribution over all numbers"),
        ("latent_activation", Kind::Pca) => Some("its code is linear"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pretrain::Pretrain;

    #[test]
    fn every_option_is_for_some_kind_and_some_optimizer() {
        for key in Options::keys() {
            assert!(!Options::kinds_of(key).is_empty() && !Options::optimizers_of(key).is_empty(), "{key}");
        }
    }

    #[test]
    fn a_stranger_is_told_what_it_belongs_to() {
        let told = |options: Options| {
            let strangers = options.strangers(Kind::Vae, OptimizerName::Adam, Likelihood::Bernoulli);
            strangers.into_iter().map(|problem| problem.to_string()).collect::<Vec<_>>()
        };
        let none: [String; 0] = [];
        assert_eq!(told(Options { beta: Some(2.0), beta1: Some(0.5), ..Options::new(Kind::Vae) }), none);
        assert_eq!(
            told(Options { whiten: Some(true), ..Options::default() }),
            ["`whiten` is an option of pca, not of vae"]
        );
        assert_eq!(
            told(Options { momentum: Some(0.5), ..Options::default() }),
            ["`momentum` is an option of sgd, not of adam"]
        );
        assert_eq!(
            told(Options { pretrain: Some(Pretrain::Layerwise), ..Options::default() }),
            [
                "`pretrain` is an option of ae, dae, not of vae: its code is a distribution, and layers are pretrained by \
              what they reconstruct alone"
            ]
        );
        assert_eq!(told(Options { weight_decay: Some(0.5), ..Options::default() }).len(), 1);
    }
}
