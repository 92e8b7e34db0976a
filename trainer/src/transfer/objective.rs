//! The objective of a head: the loss of its outputs and the L2 penalty on its weights.

use candle_core::{D, Device, Result, Tensor};
use narrows_bundle::Scaling;

use super::Targets;
use crate::candle::Parameters;

/// Loss and penalty of a head.
#[derive(Debug, Clone)]
pub(crate) struct Objective<'a> {
    /// The targets.
    pub(crate) targets: &'a Targets,
    /// Weight of a row of each class; `None` for equal weights.
    pub(crate) class_weights: Option<&'a [f32]>,
    /// Mean and standard deviation of each target of a regression. Outputs are standardised with them.
    pub(crate) unit: &'a Scaling,
    /// Weight decay: factor of half the sum of the squared weights of the head, without the biases.
    pub(crate) decay: f64,
}

impl Objective<'_> {
    /// Computes the loss summed over `rows`, a scalar. `outputs` is `[rows, outputs]`. The loss is the cross-entropy in
    /// nats, or half the squared error in squared standard deviations of the targets, summed over the targets.
    ///
    /// # Errors
    /// Errors of Candle.
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
                let units = || self.unit.offset.iter().zip(&self.unit.scale);
                let scaled = rows.iter().flat_map(|&row| {
                    numbers.row(row).iter().zip(units()).map(|(number, (offset, scale))| (number - offset) / scale)
                });
                let shape = (rows.len(), numbers.names().len());
                let targets = Tensor::from_vec(scaled.collect::<Vec<f32>>(), shape, &Device::Cpu)?;
                (outputs - targets)?.sqr()?.sum_all()? * 0.5
            }
        }
    }

    /// Computes the L2 penalty on the weights of the head, a scalar; `None` without weight decay.
    ///
    /// # Errors
    /// Errors of Candle.
    pub(crate) fn penalty(&self, parameters: &Parameters) -> Result<Option<Tensor>> {
        if self.decay == 0.0 {
            return Ok(None);
        }
        let is_head_weight = |name: &str| name.starts_with("head.") && name.ends_with(".weight");
        let weights = parameters.iter().filter(|(name, _)| is_head_weight(name));
        let squares = weights.map(|(_, weight)| weight.sqr()?.sum_all()).collect::<Result<Vec<_>>>()?;
        match squares.into_iter().map(Ok).reduce(|one, other| one? + other?) {
            None => Ok(None),
            Some(sum) => Ok(Some((sum? * (0.5 * self.decay))?)),
        }
    }
}

/// Class weights that give each class the same total weight: `rows / (classes * rows of the class)`, where only classes
/// with rows count. A class without rows has weight 0.
pub(crate) fn balanced(counts: &[usize]) -> Vec<f32> {
    let present = counts.iter().filter(|&&count| count > 0).count().max(1);
    let rows: usize = counts.iter().sum();
    let weight = |&count: &usize| if count == 0 { 0.0 } else { rows as f64 / (present as f64 * count as f64) };
    counts.iter().map(|count| weight(count) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::targets::Numbers;

    fn number(tensor: &Tensor) -> f64 {
        f64::from(tensor.to_scalar::<f32>().expect("a scalar"))
    }

    const PLAIN: fn() -> Scaling = || Scaling { offset: vec![0.0], scale: vec![1.0] };

    #[test]
    fn cross_entropy_is_the_negative_logarithm_of_the_softmax_of_the_right_class() {
        let targets = Targets::Classes { labels: vec![2, 0], classes: 3 };
        let unit = PLAIN();
        let objective = Objective { targets: &targets, class_weights: None, unit: &unit, decay: 0.0 };
        let logits = Tensor::new(&[[1f32, -2.0, 0.5], [300.0, -300.0, 0.0]], &Device::Cpu).expect("a small tensor");
        let sum: f64 = [1f64, -2.0, 0.5].map(f64::exp).iter().sum();
        let expected = sum.ln() - 0.5;
        assert!((number(&objective.sum(&logits, &[0, 1]).expect("equal rows")) - expected).abs() < 1e-6);
        let weights = [1.0, 1.0, 3.0];
        let weighted = Objective { class_weights: Some(&weights), ..objective };
        assert!((number(&weighted.sum(&logits, &[0, 1]).expect("equal rows")) - 3.0 * expected).abs() < 1e-5);
    }

    #[test]
    fn regression_loss_is_in_standard_deviations_of_the_targets() {
        let targets = Targets::Numbers(Numbers::new(vec![10.0, 14.0], vec!["y".to_owned()]));
        let unit = Scaling { offset: vec![12.0], scale: vec![2.0] };
        let objective = Objective { targets: &targets, class_weights: None, unit: &unit, decay: 0.0 };
        let outputs = Tensor::new(&[[0f32], [0.0]], &Device::Cpu).expect("a small tensor");
        assert_eq!(number(&objective.sum(&outputs, &[0, 1]).expect("equal rows")), 1.0);
    }

    #[test]
    fn balanced_weights_sum_to_the_number_of_rows_and_equalise_the_classes() {
        assert_eq!(balanced(&[6, 2, 0]), [8.0 / 12.0, 2.0, 0.0].map(|weight: f64| weight as f32));
    }
}
