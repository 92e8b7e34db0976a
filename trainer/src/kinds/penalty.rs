//! What codes and weights may cost beside the reconstruction: sparse and contractive codes, weight
//! decay.
//!
//! A sparse autoencoder pays for every number in the code, `l1 * sum|z|`, so that few of them are used
//! for any one sample (Goodfellow et al. 2016, section 14.2.1). A contractive autoencoder pays for codes
//! that move with the sample (`contraction.rs`).

use candle_core::{Result, Tensor};

use super::{Draw, Loss, Network, contraction::contraction};
use crate::{candle::Parameters, options::options, problems::Problems};

options! {
    /// What the code pays for.
    pub struct PenaltyOptions in "Objective" {
        /// Weight of the absolute values of the code, for sparse codes: ae, dae [default: 0]
        #[flag(value_name = "WEIGHT")]
        pub l1: f64 = 0.001,
        /// Weight of the squared derivatives of the code with respect to the sample, estimated along one random
        /// direction per sample: ae, dae [default: 0]
        #[flag(value_name = "WEIGHT")]
        pub contractive: f64 = 0.1,
    }
}

options! {
    /// What the weights of the network pay for.
    pub struct WeightPenaltyOptions in "Objective" {
        /// Weight of the squared weights, without biases [default: 0]
        #[flag(value_name = "WEIGHT")]
        pub l2: f64 = 0.0001,
    }
}

impl PenaltyOptions {
    /// What these options mean.
    pub(crate) fn check(&self, problems: &mut Problems) -> CodePenalty {
        CodePenalty {
            l1: problems.not_negative("l1", "weight", self.l1.unwrap_or(0.0)),
            contractive: problems.not_negative("contractive", "weight", self.contractive.unwrap_or(0.0)),
        }
    }
}

/// Penalties on the code; the weight 0 means none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CodePenalty {
    /// Weight of `sum|z|`.
    pub l1: f64,
    /// Weight of `||dz/dx||_F^2`.
    pub contractive: f64,
}

impl CodePenalty {
    /// The options that say this.
    pub(crate) fn options(self) -> PenaltyOptions {
        PenaltyOptions { l1: Some(self.l1), contractive: Some(self.contractive) }
    }

    /// `loss` with the parts `l1` and `contractive`, each times its weight, for `z`, the codes of `x`. Both
    /// sum over the code and average over the batch.
    pub(super) fn add_to(self, loss: Loss, network: &Network<'_>, x: &Tensor, z: &Tensor, draw: Draw) -> Result<Loss> {
        let mut loss = loss;
        if self.l1 != 0.0 {
            loss = loss.plus("l1", (z.abs()?.sum_all()? * (self.l1 / z.dim(0)?.max(1) as f64))?)?;
        }
        if self.contractive != 0.0 {
            let contraction = contraction(network, x, z, &mut draw.contraction())?;
            loss = loss.plus("contractive", (contraction * self.contractive)?)?;
        }
        Ok(loss)
    }
}

/// `l2 * sum(w^2)` over the weights of both halves, a scalar; `None` for the weight 0. What has less
/// than two dimensions is a bias, or belongs to no layer, and pays nothing. A tied weight pays once.
pub(super) fn weight_penalty(parameters: &Parameters, l2: f64) -> Result<Option<Tensor>> {
    if l2 == 0.0 {
        return Ok(None);
    }
    let mut sum: Option<Tensor> = None;
    for (_, variable) in parameters.iter().filter(|(_, variable)| variable.rank() >= 2) {
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
        trial::{Trial, number, samples},
    };

    #[test]
    fn parts_are_weighted_and_add_up_and_a_weight_of_zero_leaves_no_part() {
        let trial = Trial::gaussian(4, &[5], 3);
        let (network, batch) = (trial.network(), Batch { x: samples(6, 4), labels: None });
        let draw = Draw::Evaluation { seed: 1, batch: 0 };
        let loss = |l1, contractive, l2| {
            let ae = Ae { penalty: CodePenalty { l1, contractive }, ..Ae::default() };
            objective_loss(&ae, l2, &network, &batch, draw).expect("shapes that fit")
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
    fn biases_pay_no_weight_penalty() {
        let trial = Trial::gaussian(4, &[5], 3);
        let weights = trial.parameters.iter().filter(|(name, _)| name.ends_with(".weight"));
        let square = |weight: &candle_core::Var| weight.sqr().and_then(|squares| squares.sum_all()).expect("floats");
        let exact: f64 = weights.map(|(_, weight)| number(&square(weight))).sum();
        let penalty = weight_penalty(&trial.parameters, 0.5).expect("floats").expect("a weight above 0");
        assert!((number(&penalty) - 0.5 * exact).abs() < 1e-5, "{penalty}");
    }
}
