//! The options of each kind of model: the groups that it takes, what they mean, and the way back. All that a new kind adds
//! here, the compiler asks for.

use narrows_bundle::Kind;

use super::Options;
use crate::{
    kinds::{
        Ae, AeOptions, Condition, CorruptionOptions, Dae, DaeOptions, Objective, Pca, PcaTakes, Vae, VaeOptions,
        WaeOptions,
    },
    problems::Problems,
};

/// What a kind makes of its options.
pub(crate) enum Asked<'a> {
    /// A closed form.
    ClosedForm(Pca),
    /// Gradient descent on an objective, and the options of pretraining where the kind has them.
    Descent(Objective, Option<AeOptions<'a>>),
}

/// The keys of the options of a kind beside those that it shares with all others.
pub(super) fn keys_of_kind(kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::Pca => PcaTakes::keys(),
        Kind::Ae => AeOptions::keys(),
        Kind::Dae => DaeOptions::keys(),
        Kind::Wae => WaeOptions::keys(),
        Kind::Vae | Kind::Cvae => VaeOptions::keys(),
    }
}

/// Whether a kind is trained by gradient descent.
pub(super) fn is_trained(kind: Kind) -> bool {
    match kind {
        Kind::Pca => false,
        Kind::Ae | Kind::Dae | Kind::Wae | Kind::Vae | Kind::Cvae => true,
    }
}

impl Options {
    /// What these options mean for a kind.
    pub(crate) fn of_kind(&self, kind: Kind, problems: &mut Problems) -> Asked<'_> {
        let (ae, dae, vae) = (self.ae(), self.dae(), self.vae());
        let (objective, pretrained) = match kind {
            Kind::Pca => return Asked::ClosedForm(self.pca().check()),
            Kind::Ae => (Objective::Ae(ae.check(problems)), Some(ae)),
            Kind::Dae => (Objective::Dae(dae.check(problems)), Some(dae.ae)),
            Kind::Wae => (Objective::Wae(self.wae().check(problems)), None),
            Kind::Vae => (Objective::Vae(vae.check(Condition::Nothing, problems)), None),
            Kind::Cvae => (Objective::Vae(vae.check(Condition::Class, problems)), None),
        };
        Asked::Descent(objective, pretrained)
    }

    /// These options with those that make an objective.
    #[must_use]
    pub(crate) fn with_objective(mut self, objective: Objective) -> Self {
        let mut of_ae = |Ae { code, penalty }: Ae| (self.code, self.penalty) = (code.options(), penalty.options());
        match objective {
            Objective::Ae(ae) => of_ae(ae),
            Objective::Dae(Dae { corruption, ae }) => {
                of_ae(ae);
                self.corruption = CorruptionOptions { corruption: Some(corruption) };
            }
            Objective::Wae(wae) => self.discrepancy = wae.options(),
            Objective::Vae(Vae { bound, condition: _ }) => (self.bound, self.divergence) = bound.options(),
        }
        self
    }

    /// The groups that PCA takes.
    fn pca(&self) -> PcaTakes<'_> {
        PcaTakes { pca: &self.pca }
    }

    /// The groups that an autoencoder takes.
    fn ae(&self) -> AeOptions<'_> {
        let Options { code, penalty, pretrain, .. } = self;
        AeOptions { code, penalty, pretrain }
    }

    /// The groups that a denoising autoencoder takes.
    fn dae(&self) -> DaeOptions<'_> {
        DaeOptions { corruption: &self.corruption, ae: self.ae() }
    }

    /// The groups that a Wasserstein autoencoder takes.
    fn wae(&self) -> WaeOptions<'_> {
        WaeOptions { discrepancy: &self.discrepancy }
    }

    /// The groups that a variational autoencoder takes.
    pub(crate) fn vae(&self) -> VaeOptions<'_> {
        let Options { variance, divergence, bound, .. } = self;
        VaeOptions { variance, divergence, bound }
    }
}

/// Why a kind has no use for an option, where that is no matter of course.
pub(super) fn why_not(key: &str, kind: Kind) -> Option<&'static str> {
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
