//! The sampler that the export fits to the codes of the fitted rows.

use candle_core::{Device, Tensor};
use narrows_bundle::{Covariance, counted};
use narrows_data::{Dataset, PartName};
use ndarray::{Array2, ArrayView2};

use crate::{
    Fitted, Method, TrainError,
    binarize::Binarize,
    candle::Parameters,
    evaluation::chunk_rows,
    kinds::LossContext,
    sampler::{Codes, FittedSampler, SamplerError, SamplerOptions, fit, fit_classes},
    sampler_option::ExportSampler,
    samples::BatchSource,
    store::Store,
};

impl Fitted {
    /// Fits the sampler of the configuration to the codes of the fitted rows, without augmentation: samples of the
    /// posterior for a variational encoder. `None` if the configuration has no sampler, or if the codes cannot be
    /// fitted. The remarks say what was fitted otherwise than the configuration asks.
    ///
    /// The codes are in memory, 8 bytes for each row times the sum of latent dimensions and components.
    pub(crate) fn sampler(&self, data: &Dataset) -> Result<(Option<FittedSampler>, Vec<String>), TrainError> {
        let components = match self.config.sampler {
            ExportSampler::None => return Ok((None, Vec::new())),
            ExportSampler::Mixture { components } => components,
        };
        let classes = data.classes.as_deref().filter(|_| self.config.kind().is_conditional());
        let options = SamplerOptions { components, covariance: Covariance::Full, seed: self.config.seed };
        let fitted = self.codes(data, classes.is_some())?.and_then(|codes| match classes {
            Some(classes) => fit_classes(codes, &data.name, classes, options, &|| false),
            None => fit(codes, &data.name, options, &|| false),
        });
        Ok(match fitted {
            Ok(fitted) => {
                let remarks = remark(&fitted, components).into_iter().collect();
                (Some(fitted), remarks)
            }
            Err(error) => (None, vec![format!("the bundle has no sampler: {error}")]),
        })
    }

    /// Encodes the fitted rows.
    fn codes(&self, data: &Dataset, has_classes: bool) -> Result<Result<Codes, SamplerError>, TrainError> {
        let (latent, seed) = (self.config.latent_dim, self.config.seed);
        let mut codes = if has_classes { Codes::of_classes(latent, seed) } else { Codes::new(latent, seed) };
        let (rows, _) = self.config.split(&data.train);
        let parameters = Parameters::from_weights(&self.weights, &Device::Cpu)?;
        let network = self.core.network(&parameters, &self.config);
        let source = BatchSource {
            part: &data.train,
            name: PartName::Train,
            scaling: &self.scaling,
            augmentation: None,
            binarize: match &self.config.method {
                Method::ClosedForm(_) => Binarize::None,
                Method::Descent(descent) => descent.binarize,
            },
            store: &Store::Host,
        };
        let features = data.train.values.features();
        for (index, chunk) in rows.chunks(chunk_rows(network.values_per_row(), 1)).enumerate() {
            let context = LossContext::Evaluation { seed, batch: index as u64 };
            let batch = source.batch(&network, chunk, context)?;
            let classes: Option<Vec<i64>> = match &data.train.labels {
                Some(labels) if has_classes => Some(chunk.iter().map(|&row| i64::from(labels[row])).collect()),
                Some(_) | None => None,
            };
            let mut values = Vec::with_capacity(chunk.len().saturating_mul(features));
            data.train.values.visit(chunk.iter().copied(), |_, row| values.extend(row.floats()))?;
            let raw = ArrayView2::from_shape((chunk.len(), features), &values).map_err(candle_core::Error::wrap)?;
            codes.record_rows(&raw, classes.as_deref());
            let encoded = network.encode(&batch.x, batch.labels.as_ref())?;
            let added = match &encoded[..] {
                [mean, log_variance] => {
                    let (mean, log_variance) = (matrix(mean)?, matrix(log_variance)?);
                    codes.add_posterior(&mean.view(), &log_variance.view(), classes.as_deref())
                }
                [code] => codes.add(&matrix(code)?.view(), classes.as_deref()),
                other => {
                    let what = format!("the encoder has {} outputs", other.len());
                    return Err(candle_core::Error::Msg(what).into());
                }
            };
            if let Err(error) = added {
                return Ok(Err(error));
            }
        }
        Ok(Ok(codes))
    }
}

/// Returns a remark about classes with fewer components than the configuration has.
fn remark(fitted: &FittedSampler, components: usize) -> Option<String> {
    let classes = fitted.record.class_components.as_ref()?;
    let small = classes.iter().filter(|&&of_class| of_class < components).count();
    (small > 0).then(|| {
        format!(
            "{} too few rows for {} of the sampler, which has {}",
            classes_have(small, classes.len()),
            counted(components, "component"),
            fitted.record.described_components()
        )
    })
}

/// Returns the subject and the verb of a sentence about some of the classes: `1 of the 10 classes has`.
fn classes_have(some: usize, all: usize) -> String {
    match (some, all) {
        (1, 1) => "the only class has".to_owned(),
        (1, _) => format!("1 of the {all} classes has"),
        _ if some == all => format!("all {all} classes have"),
        _ => format!("{some} of the {all} classes have"),
    }
}

fn matrix(tensor: &Tensor) -> Result<Array2<f32>, TrainError> {
    let values: Vec<f32> = tensor.flatten_all()?.to_vec1()?;
    Ok(Array2::from_shape_vec(tensor.dims2()?, values).map_err(candle_core::Error::wrap)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_class_and_all_classes_are_named_in_good_english() {
        let found = [(1, 1), (1, 10), (2, 10), (10, 10)].map(|(some, all)| classes_have(some, all));
        let expected =
            ["the only class has", "1 of the 10 classes has", "2 of the 10 classes have", "all 10 classes have"];
        assert_eq!(found, expected);
    }
}
