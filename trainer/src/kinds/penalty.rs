//! Penalties that are added to the reconstruction error: for sparse codes, for contractive codes and for large weights.
//!
//! A sparse autoencoder adds the L1 norm of the code, `l1 * sum|z|`, so that each sample uses only a few latent
//! dimensions (Goodfellow et al. 2016, section 14.2.1). A contractive autoencoder penalises codes that change with
//! small changes of the sample (`contraction.rs`).

use candle_core::{Result, Tensor};

use super::{Loss, LossContext, Network, PSEUDO_INPUTS, contraction::contraction};
use crate::{candle::Parameters, options::options, problems::Problems};

options! {
    /// Penalties on the code.
    pub struct PenaltyOptions in "Objective" {
        /// Weight of the L1 penalty on the codes, which makes them sparse (ae, dae) [default: 0]
        #[flag(value_name = "WEIGHT")]
        pub l1: f64 = 0.001,
        /// Weight of the contractive penalty: squared Frobenius norm of the encoder's Jacobian, estimated along one
        /// random direction per sample (ae, dae) [default: 0]
        #[flag(value_name = "WEIGHT")]
        pub contractive: f64 = 0.1,
    }
}

options! {
    /// Penalty on the weights of the network.
    pub struct WeightPenaltyOptions in "Objective" {
        /// Weight of the L2 penalty: sum of the squared weights, without biases [default: 0]
        #[flag(value_name = "WEIGHT")]
        pub l2: f64 = 0.0001,
    }
}

impl PenaltyOptions {
    /// Checks these options and converts them to settings.
    pub(crate) fn check(&self, problems: &mut Problems) -> CodePenalty {
        CodePenalty {
            l1: problems.not_negative("l1", "weight", self.l1.unwrap_or(0.0)),
            contractive: problems.not_negative("contractive", "weight", self.contractive.unwrap_or(0.0)),
        }
    }
}

/// Penalties on the code; a weight of 0 disables a penalty.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CodePenalty {
    /// Weight of `sum|z|`.
    pub l1: f64,
    /// Weight of `||dz/dx||_F^2`.
    pub contractive: f64,
}

impl CodePenalty {
    /// Returns the options that produce these settings.
    pub(crate) fn options(self) -> PenaltyOptions {
        PenaltyOptions { l1: Some(self.l1), contractive: Some(self.contractive) }
    }

    /// Adds the components `l1` and `contractive` to `loss`, each multiplied by its weight, where `z` are the codes of
    /// `x`. Both are summed over the latent dimensions and averaged over the batch.
    pub(super) fn add_to(
        self,
        loss: Loss,
        network: &Network<'_>,
        x: &Tensor,
        z: &Tensor,
        context: LossContext,
    ) -> Result<Loss> {
        let mut loss = loss;
        if self.l1 != 0.0 {
            loss = loss.plus("l1", (z.abs()?.sum_all()? * (self.l1 / z.dim(0)?.max(1) as f64))?)?;
        }
        if self.contractive != 0.0 {
            let contraction = contraction(network, x, z, &mut context.contraction())?;
            loss = loss.plus("contractive", (contraction * self.contractive)?)?;
        }
        Ok(loss)
    }
}

/// Computes `l2 * sum(w^2)` over the weights of encoder and decoder, a scalar; `None` if `l2` is 0. Parameters with
/// fewer than two dimensions are not penalised: they are biases or belong to no layer. A tied weight counts once.
pub(super) fn weight_penalty(parameters: &Parameters, l2: f64) -> Result<Option<Tensor>> {
    if l2 == 0.0 {
        return Ok(None);
    }
    let mut sum: Option<Tensor> = None;
    for (_, variable) in parameters.iter().filter(|(name, variable)| variable.rank() >= 2 && *name != PSEUDO_INPUTS) {
        let squares = variable.sqr()?.sum_all()?;
        sum = Some(match sum {
            Some(sum) => (sum + squares)?,
            None => squares,
        });
    }
    sum.map(|sum| sum * l2).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{
        Ae, Batch, objective_loss,
        test_network::{TestNetwork, number, samples},
    };

    #[test]
    fn components_are_weighted_and_add_up_and_a_weight_of_zero_leaves_no_component() {
        let test_network = TestNetwork::gaussian(4, &[5], 3);
        let (network, batch) = (test_network.network(), Batch::new(samples(6, 4), None));
        let context = LossContext::Evaluation { seed: 1, batch: 0 };
        let loss = |l1, contractive, l2| {
            let ae = Ae { penalty: CodePenalty { l1, contractive }, ..Ae::default() };
            objective_loss(&ae, l2, &network, &batch, context).expect("shapes that fit")
        };
        let all = loss(0.5, 0.1, 0.2);
        let names: Vec<&str> = all.parts.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["reconstruction", "l1", "contractive", "l2"]);
        let sum: f64 = all.parts.iter().map(|(_, part)| number(part)).sum();
        assert!((number(&all.total) - sum).abs() < 1e-5, "{} against {sum}", number(&all.total));
        let twice = loss(1.0, 0.2, 0.4);
        for ((name, once), (_, twice)) in all.parts.iter().zip(&twice.parts).skip(1) {
            assert!((2.0 * number(once) - number(twice)).abs() < 1e-5, "{name}");
        }
        assert_eq!(loss(0.0, 0.0, 0.0).parts.len(), 1);
    }

    #[test]
    fn biases_are_not_penalised() {
        let test_network = TestNetwork::gaussian(4, &[5], 3);
        let weights = test_network.parameters.iter().filter(|(name, _)| name.ends_with(".weight"));
        let square = |weight: &candle_core::Var| weight.sqr().and_then(|squares| squares.sum_all()).expect("floats");
        let exact: f64 = weights.map(|(_, weight)| number(&square(weight))).sum();
        let penalty = weight_penalty(&test_network.parameters, 0.5).expect("floats").expect("a weight above 0");
        assert!((number(&penalty) - 0.5 * exact).abs() < 1e-5, "{penalty}");
    }
}
