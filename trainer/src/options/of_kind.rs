//! The options of each kind of model: the groups that it takes, their conversion to an objective, and the inverse. The
//! compiler reports every match that a new kind has to extend.

use narrows_bundle::Kind;

use super::Options;
use crate::{
    kinds::{
        Ae, AeOptions, Condition, CorruptionOptions, Dae, DaeOptions, Objective, Pca, PcaTakes, PriorOptions, Vae,
        VaeOptions, WaeOptions,
    },
    problems::Problems,
};

/// The training method that the options of a kind select.
pub(crate) enum SelectedMethod<'a> {
    /// A closed-form solution.
    ClosedForm(Pca),
    /// Gradient descent on an objective, with the options of pretraining if the kind supports it.
    Descent(Objective, Option<AeOptions<'a>>),
}

/// Returns the keys of the options that belong to a kind, without those that all kinds share.
pub(super) fn keys_of_kind(kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::Pca => PcaTakes::keys(),
        Kind::Ae => AeOptions::keys(),
        Kind::Dae => DaeOptions::keys(),
        Kind::Wae => WaeOptions::keys(),
        Kind::Vae | Kind::Cvae => VaeOptions::keys(),
    }
}

/// Returns whether a kind is trained by gradient descent.
pub(super) fn is_trained(kind: Kind) -> bool {
    match kind {
        Kind::Pca => false,
        Kind::Ae | Kind::Dae | Kind::Wae | Kind::Vae | Kind::Cvae => true,
    }
}

impl Options {
    /// Checks the options of `kind` and converts them to its training method.
    pub(crate) fn of_kind(&self, kind: Kind, problems: &mut Problems) -> SelectedMethod<'_> {
        let (ae, dae, vae) = (self.ae(), self.dae(), self.vae());
        let (objective, pretraining) = match kind {
            Kind::Pca => return SelectedMethod::ClosedForm(self.pca().check()),
            Kind::Ae => (Objective::Ae(ae.check(problems)), Some(ae)),
            Kind::Dae => (Objective::Dae(dae.check(problems)), Some(dae.ae)),
            Kind::Wae => (Objective::Wae(self.wae().check(problems)), None),
            Kind::Vae => (Objective::Vae(vae.check(Condition::Nothing, problems)), None),
            Kind::Cvae => (Objective::Vae(vae.check(Condition::Class, problems)), None),
        };
        SelectedMethod::Descent(objective, pretraining)
    }

    /// Returns these options with the groups of `objective` filled in: the inverse of [`Options::of_kind`].
    #[must_use]
    pub(crate) fn with_objective(mut self, objective: Objective) -> Self {
        let mut set_ae = |Ae { code, penalty }: Ae| (self.code, self.penalty) = (code.options(), penalty.options());
        match objective {
            Objective::Ae(ae) => set_ae(ae),
            Objective::Dae(Dae { corruption, ae }) => {
                set_ae(ae);
                self.corruption = CorruptionOptions { corruption: Some(corruption) };
            }
            Objective::Wae(wae) => self.discrepancy = wae.options(),
            Objective::Vae(Vae { bound, prior, condition: _ }) => {
                (self.bound, self.divergence) = bound.options();
                self.prior = PriorOptions { prior: Some(prior) };
            }
        }
        self
    }

    /// Returns the groups of PCA.
    fn pca(&self) -> PcaTakes<'_> {
        PcaTakes { pca: &self.pca }
    }

    /// Returns the groups of an autoencoder.
    fn ae(&self) -> AeOptions<'_> {
        let Options { code, penalty, pretrain, .. } = self;
        AeOptions { code, penalty, pretrain }
    }

    /// Returns the groups of a denoising autoencoder.
    fn dae(&self) -> DaeOptions<'_> {
        DaeOptions { corruption: &self.corruption, ae: self.ae() }
    }

    /// Returns the groups of a Wasserstein autoencoder.
    fn wae(&self) -> WaeOptions<'_> {
        WaeOptions { discrepancy: &self.discrepancy }
    }

    /// Returns the groups of a variational autoencoder.
    pub(crate) fn vae(&self) -> VaeOptions<'_> {
        let Options { variance, divergence, bound, prior, .. } = self;
        VaeOptions { variance, divergence, bound, prior }
    }
}

/// Returns why a kind does not take an option, if the reason is not obvious.
pub(super) fn reason_not_taken(key: &str, kind: Kind) -> Option<&'static str> {
    match (key, kind) {
        ("pretrain", Kind::Pca) => Some("its solution has a closed form, which needs no initial weights"),
        ("pretrain", Kind::Vae | Kind::Cvae) => {
            Some("its code is a distribution, and pretraining minimises the reconstruction error of each layer only")
        }
        ("latent_activation", Kind::Vae | Kind::Cvae) => Some("its code is a distribution over all real values"),
        ("latent_activation", Kind::Pca) => Some("its code is linear"),
        _ => None,
    }
}
