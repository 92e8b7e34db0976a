//! A mixture as a safetensors file of a bundle, with the tensors `weights`, `means`, and `log_variances` or `factors`,
//! all of 64-bit floats. A sampler with one mixture per class also has the tensor `classes`, of 64-bit integers.

use std::path::Path;

use ndarray::{ArrayD, Dimension, ShapeError};
use safetensors::SafeTensorError;

use crate::{
    BundleError, Covariances, Mixture, Sampler,
    tensors::{Tensors, serialize_doubles},
};

const WEIGHTS: &str = "weights";
const MEANS: &str = "means";
const LOG_VARIANCES: &str = "log_variances";
const FACTORS: &str = "factors";
const CLASSES: &str = "classes";

impl Mixture {
    /// Serialises the mixture as a safetensors file; the same mixture gives the same bytes.
    ///
    /// # Errors
    /// Errors of the safetensors format; none for a valid mixture.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SafeTensorError> {
        self.to_bytes_with(None)
    }

    fn to_bytes_with(&self, integers: Option<(&str, &[i64])>) -> Result<Vec<u8>, SafeTensorError> {
        let (name, covariances) = match self.covariances() {
            Covariances::Diagonal(log_variances) => (LOG_VARIANCES, log_variances.clone().into_dyn()),
            Covariances::Full(factors) => (FACTORS, factors.clone().into_dyn()),
        };
        let (weights, means) = (self.weights().clone().into_dyn(), self.means().clone().into_dyn());
        serialize_doubles([(WEIGHTS, &weights), (MEANS, &means), (name, &covariances)], integers)
    }

    /// Parses a mixture over codes of `latent_dim` dimensions.
    ///
    /// # Errors
    /// [`BundleError::Invalid`] if a tensor is missing or has the wrong type or shape, and for every reason of
    /// [`Mixture::new`].
    pub fn from_bytes(path: &Path, bytes: &[u8], latent_dim: usize) -> Result<Self, BundleError> {
        let tensors = Tensors::open(path, bytes)?;
        let covariances = if tensors.contains(FACTORS) {
            Covariances::Full(shaped(path, FACTORS, tensors.doubles(FACTORS)?)?)
        } else {
            Covariances::Diagonal(shaped(path, LOG_VARIANCES, tensors.doubles(LOG_VARIANCES)?)?)
        };
        let weights = shaped(path, WEIGHTS, tensors.doubles(WEIGHTS)?)?;
        let means = shaped(path, MEANS, tensors.doubles(MEANS)?)?;
        let mixture = Mixture::new(weights, means, covariances).map_err(|what| BundleError::invalid(path, what))?;
        if mixture.latent_dim() != latent_dim {
            let what = format!("its codes have {} dimensions, those of the model {latent_dim}", mixture.latent_dim());
            return Err(BundleError::invalid(path, what));
        }
        Ok(mixture)
    }
}

impl Sampler {
    /// Serialises the sampler as a safetensors file; the same sampler gives the same bytes.
    ///
    /// # Errors
    /// Errors of the safetensors format; none for a valid sampler.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SafeTensorError> {
        let classes = self.classes().map(|classes| classes.iter().map(|&class| class as i64).collect::<Vec<_>>());
        self.mixture().to_bytes_with(classes.as_deref().map(|classes| (CLASSES, classes)))
    }

    /// Parses the sampler of a model with `latent_dim` latent dimensions and `classes` classes.
    ///
    /// # Errors
    /// Those of [`Mixture::from_bytes`], and [`BundleError::Invalid`] for every reason of [`Sampler::with_classes`].
    pub fn from_bytes(path: &Path, bytes: &[u8], latent_dim: usize, classes: usize) -> Result<Self, BundleError> {
        let mixture = Mixture::from_bytes(path, bytes, latent_dim)?;
        let Some(of_component) = Tensors::open(path, bytes)?.integers(CLASSES)? else {
            return Ok(Sampler::from(mixture));
        };
        // A negative class becomes one that is out of range.
        let of_component = of_component.into_iter().map(|class| usize::try_from(class).unwrap_or(usize::MAX)).collect();
        Sampler::with_classes(mixture, of_component, classes).map_err(|what| BundleError::invalid(path, what))
    }
}

/// Converts an array to the number of dimensions that its tensor must have.
fn shaped<D: Dimension>(path: &Path, name: &str, array: ArrayD<f64>) -> Result<ndarray::Array<f64, D>, BundleError> {
    let shape = array.shape().to_vec();
    let wrong = |_: ShapeError| BundleError::invalid(path, format!("tensor `{name}` has shape {shape:?}"));
    array.into_dimensionality().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_mixture_round_trips_and_every_other_file_is_refused() {
        let forms = [
            Covariances::Diagonal(array![[0.5, -3.0], [0.0, 1.0]]),
            Covariances::Full(array![[[1.0, 0.0], [0.5, 2.0]], [[1.0, 0.0], [0.0, 1.0]]]),
        ];
        let path = Path::new("sampler.safetensors");
        for covariances in forms {
            let mixture = Mixture::new(array![0.1, 0.9], array![[1.0, 2.0], [1e-300, 4.0]], covariances);
            let mixture = mixture.expect("valid");
            let bytes = mixture.to_bytes().expect("valid shapes");
            assert_eq!(Mixture::from_bytes(path, &bytes, 2).expect("just written"), mixture);
            let other = Mixture::from_bytes(path, &bytes, 3).expect_err("another number of dimensions").to_string();
            assert!(other.contains("2 dimensions, those of the model 3"), "{other}");
            assert!(Mixture::from_bytes(path, &bytes[..bytes.len() - 1], 2).is_err(), "truncated");
        }
        let weights = array![1.0].into_dyn();
        let bytes = serialize_doubles([(WEIGHTS, &weights)], None).expect("valid shapes");
        let missing = Mixture::from_bytes(path, &bytes, 1).expect_err("no means").to_string();
        assert!(missing.contains("no tensor `log_variances`"), "{missing}");
        let flat = [(WEIGHTS, &weights), (MEANS, &weights), (LOG_VARIANCES, &weights)];
        let bytes = serialize_doubles(flat, None).expect("valid shapes");
        let shape = Mixture::from_bytes(path, &bytes, 1).expect_err("flat means").to_string();
        assert!(shape.contains("has shape [1]"), "{shape}");
    }

    #[test]
    fn a_sampler_round_trips_with_the_classes_of_its_components() {
        let path = Path::new("sampler.safetensors");
        let log_variances = Covariances::Diagonal(array![[0.5], [0.0]]);
        let mixture = Mixture::new(array![0.1, 0.9], array![[1.0], [2.0]], log_variances).expect("valid");
        let conditional = Sampler::with_classes(mixture.clone(), vec![1, 0], 2).expect("valid");
        let bytes = conditional.to_bytes().expect("valid shapes");
        assert_eq!(Sampler::from_bytes(path, &bytes, 1, 2).expect("just written"), conditional);
        let other = Sampler::from_bytes(path, &bytes, 1, 3).expect_err("three classes").to_string();
        assert!(other.contains("class 2 has no component"), "{other}");
        assert!(Sampler::from_bytes(path, &bytes, 1, 1).is_err());
        let negative = mixture.to_bytes_with(Some((CLASSES, &[0, -1]))).expect("valid shapes");
        assert!(Sampler::from_bytes(path, &negative, 1, 2).is_err());
        let unconditional = Sampler::from(mixture.clone());
        let bytes = unconditional.to_bytes().expect("valid shapes");
        assert_eq!(bytes, mixture.to_bytes().expect("valid shapes"));
        assert_eq!(Sampler::from_bytes(path, &bytes, 1, 2).expect("just written"), unconditional);
    }
}
