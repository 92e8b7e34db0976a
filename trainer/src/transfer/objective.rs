//! What a head is fitted by: how far its outputs are from the answers, and what its weights cost.

use candle_core::{D, Device, Result, Tensor};
use narrows_bundle::Scaling;

use super::Targets;
use crate::candle::Parameters;

/// Loss and penalty over rows of some targets.
#[derive(Debug, Clone)]
pub(crate) struct Objective<'a> {
    /// The answers.
    pub(crate) targets: &'a Targets,
    /// What a row of each class counts; 1 for all where there are none.
    pub(crate) class_weights: Option<&'a [f32]>,
    /// Mean and deviation of the numbers of a regression: outputs are told in these.
    pub(crate) unit: &'a Scaling,
    /// Weight of half the squared weights of the head, biases left out.
    pub(crate) decay: f64,
}

impl Objective<'_> {
    /// The loss summed over rows, a scalar, for the outputs of these rows, `[rows, outputs]`: cross-entropy in nats,
    /// or half the squared error in standard deviations.
    ///
    /// # Errors
    /// Those of Candle.
    pub(crate) fn sum(&self, outputs: &Tensor, rows: &[usize]) -> Result<Tensor> {
        match self.targets {
            Targets::Classes { labels, .. } => {
                let labels: Vec<u32> = rows.iter().map(|&row| labels[row]).collect();
                let index = Tensor::from_slice(&labels, (rows.len(), 1), &Device::Cpu)?;
                let chosen = candle_nn::ops::log_softmax(outputs, D::Minus1)?.gather(&index, 1)?.squeeze(1)?;
                let Some(weights) = self.class_weights else { return chosen.sum_all()?.neg() };
                let weights: Vec<f32> = labels.iter().map(|&label| weights[label as usize]).collect();
                (chosen * Tensor::from_vec(weights, rows.len(), &Device::Cpu)?)?.sum_all()?.neg()
            }
            Targets::Numbers(numbers) => {
                let scaled = rows.iter().map(|&row| (numbers[row] - self.unit.offset[0]) / self.unit.scale[0]);
                let targets = Tensor::from_vec(scaled.collect::<Vec<f32>>(), (rows.len(), 1), &Device::Cpu)?;
                (outputs - targets)?.sqr()?.sum_all()? * 0.5
            }
        }
    }

    /// What the head's weights cost; nothing without decay.
    ///
    /// # Errors
    /// Those of Candle.
    pub(crate) fn penalty(&self, parameters: &Parameters) -> Result<Option<Tensor>> {
        if self.decay == 0.0 {
            return Ok(None);
        }
        let of_head = |name: &str| name.starts_with("head.") && name.ends_with(".weight");
        let weights = parameters.iter().filter(|(name, _)| of_head(name));
        let squares = weights.map(|(_, weight)| weight.sqr()?.sum_all()).collect::<Result<Vec<_>>>()?;
        match squares.into_iter().map(Ok).reduce(|one, other| one? + other?) {
            None => Ok(None),
            Some(sum) => Ok(Some((sum? * (0.5 * self.decay))?)),
        }
    }
}

/// Weights under which every class counts alike: rows over classes times rows of the class; 0 for a class without.
pub(crate) fn balanced(counts: &[usize]) -> Vec<f32> {
    let present = counts.iter().filter(|&&count| count > 0).count().max(1);
    let rows: usize = counts.iter().sum();
    let weight = |&count: &usize| if count == 0 { 0.0 } else { rows as f64 / (present as f64 * count as f64) };
    counts.iter().map(|count| weight(count) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(tensor: &Tensor) -> f64 {
        f64::from(tensor.to_scalar::<f32>().expect("a scalar"))
    }

    const PLAIN: fn() -> Scaling = || Scaling { offset: vec![0.0], scale: vec![1.0] };

    #[test]
    fn cross_entropy_is_the_negative_logarithm_of_the_softmax_of_the_right_class() {
        let targets = Targets::Classes { labels: vec![2, 0], classes: 3 };
        let unit = PLAIN();
        let objective = Objective { targets: &targets, class_weights: None, unit: &unit, decay: 0.0 };
        let logits = Tensor::new(&[[1f32, -2.0, 0.5], [300.0, -300.0, 0.0]], &Device::Cpu).expect("small");
        let sum: f64 = [1f64, -2.0, 0.5].map(f64::exp).iter().sum();
        let expected = sum.ln() - 0.5;
        assert!((number(&objective.sum(&logits, &[0, 1]).expect("equal rows")) - expected).abs() < 1e-6);
        let weights = [1.0, 1.0, 3.0];
        let weighted = Objective { class_weights: Some(&weights), ..objective };
        assert!((number(&weighted.sum(&logits, &[0, 1]).expect("equal rows")) - 3.0 * expected).abs() < 1e-5);
    }

    #[test]
    fn numbers_are_told_in_their_own_deviations() {
        let targets = Targets::Numbers(vec![10.0, 14.0]);
        let unit = Scaling { offset: vec![12.0], scale: vec![2.0] };
        let objective = Objective { targets: &targets, class_weights: None, unit: &unit, decay: 0.0 };
        let outputs = Tensor::new(&[[0f32], [0.0]], &Device::Cpu).expect("small");
        assert_eq!(number(&objective.sum(&outputs, &[0, 1]).expect("equal rows")), 1.0);
    }

    #[test]
    fn balanced_weights_add_up_to_the_rows_and_make_classes_equal() {
        assert_eq!(balanced(&[6, 2, 0]), [8.0 / 12.0, 2.0, 0.0].map(|weight: f64| weight as f32));
    }
}
