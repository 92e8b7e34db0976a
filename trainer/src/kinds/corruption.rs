//! Corruption of the samples that the encoder of a denoising autoencoder receives during training.

use std::{fmt, str::FromStr};

use candle_core::{Result, Tensor};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::{
    candle::Kernels,
    options::options,
    random::map_with_random_bytes_parallel,
    table::{MaskedNumbers, Table},
    text::as_text,
};

options! {
    /// Corruption of the encoder's input.
    pub struct CorruptionOptions in "Objective" {
        /// Corruption of the encoder's input during training: masking (values become 0 with probability P), gaussian
        /// (normal noise of standard deviation SD) or salt-pepper (values become 0 or 1 with probability P) (dae)
        /// [default: masking:0.25]
        #[flag(value_name = "masking:P|gaussian:SD|salt-pepper:P")]
        pub corruption: Corruption = Corruption::Gaussian(0.3),
    }
}

/// A random corruption of scaled samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Corruption {
    /// Sets each value to 0 with this probability.
    Masking(f64),
    /// Adds normal noise of this standard deviation.
    Gaussian(f64),
    /// Sets each value with this probability to 0 or 1, both equally likely.
    SaltAndPepper(f64),
}

impl Corruption {
    /// Returns a corrupted copy of `x`, with randomness from `random`.
    ///
    /// # Errors
    /// Errors of Candle.
    pub fn apply(self, x: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor> {
        let mut values = x.flatten_all()?.to_vec1::<f32>()?;
        match self {
            Corruption::Masking(probability) => mask(&mut values, probability, random),
            Corruption::Gaussian(deviation) => {
                for value in &mut values {
                    let noise: f32 = StandardNormal.sample(random);
                    *value += deviation as f32 * noise;
                }
            }
            Corruption::SaltAndPepper(probability) => {
                for value in &mut values {
                    if random.random_bool(probability) {
                        *value = if random.random_bool(0.5) { 1.0 } else { 0.0 };
                    }
                }
            }
        }
        Tensor::from_vec(values, x.shape(), x.device())
    }

    /// Does the same as [`apply`](Corruption::apply) by operations of Candle, so that no value of `x` is read back from
    /// its device. The random values are the same.
    pub(crate) fn apply_composed(self, x: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor> {
        let count = x.elem_count();
        let tensor = |values: Vec<f32>| Tensor::from_vec(values, x.shape(), x.device());
        match self {
            Corruption::Masking(probability) => {
                let mut kept = vec![1f32; count];
                mask(&mut kept, probability, random);
                x * tensor(kept)?
            }
            Corruption::Gaussian(deviation) => {
                let noise = (0..count).map(|_| {
                    let noise: f32 = StandardNormal.sample(random);
                    deviation as f32 * noise
                });
                x + tensor(noise.collect())?
            }
            Corruption::SaltAndPepper(probability) => {
                let (mut kept, mut added) = (vec![1f32; count], vec![0f32; count]);
                for (kept, added) in kept.iter_mut().zip(&mut added) {
                    if random.random_bool(probability) {
                        (*kept, *added) = (0.0, if random.random_bool(0.5) { 1.0 } else { 0.0 });
                    }
                }
                (x * tensor(kept)?)? + tensor(added)?
            }
        }
    }

    /// Returns a corrupted copy of the scaled cells of a mixed table: masked cells are missing values, or the mean of a
    /// number and an unseen level where no value may be missing; noise is added to numbers only.
    ///
    /// # Errors
    /// Errors of Candle, and for [`Corruption::SaltAndPepper`], which a checked configuration does not contain.
    pub(crate) fn apply_to_cells(
        self,
        kernels: Kernels,
        table: &Table,
        cells: &Tensor,
        random: &mut ChaCha8Rng,
    ) -> Result<Tensor> {
        match self {
            Corruption::Masking(probability) => table.masked(kernels, cells, probability, MaskedNumbers::Mean, random),
            Corruption::Gaussian(deviation) => {
                let order = &table.row.order;
                let mut noise = vec![0f32; cells.elem_count()];
                for row in noise.chunks_exact_mut(order.cells().max(1)) {
                    for &cell in &order.numbers {
                        let value: f32 = StandardNormal.sample(random);
                        row[cell] = deviation as f32 * value;
                    }
                }
                cells + Tensor::from_vec(noise, cells.shape(), cells.device())?
            }
            Corruption::SaltAndPepper(_) => candle_core::bail!("salt and pepper do not corrupt the cells of a table"),
        }
    }

    /// Returns what is wrong with the parameter, if anything.
    pub(crate) fn problem(self) -> Option<String> {
        match self {
            Corruption::Masking(p) | Corruption::SaltAndPepper(p) if !(0.0..=1.0).contains(&p) => {
                Some(format!("the probability must be in [0, 1], got {p}"))
            }
            Corruption::Gaussian(deviation) if !(deviation.is_finite() && deviation >= 0.0) => {
                Some(format!("the standard deviation must be finite and at least 0, got {deviation}"))
            }
            Corruption::Masking(_) | Corruption::SaltAndPepper(_) | Corruption::Gaussian(_) => None,
        }
    }
}

/// Sets each value to 0 with `probability`.
///
/// The result equals that of calling [`Rng::random_bool`] for each value, but several values are processed at a time: a
/// value is set to 0 if 64 random bits are below the probability. For a probability of 1 no bits are generated.
fn mask(values: &mut [f32], probability: f64, random: &mut ChaCha8Rng) {
    if probability >= 1.0 {
        values.fill(0.0);
        return;
    }
    let bound = (probability * 2f64.powi(64)) as u64;
    map_with_random_bytes_parallel(
        values,
        random,
        #[inline(always)]
        |value, bytes| if u64::from_le_bytes(bytes) < bound { 0.0 } else { value },
    );
}

as_text!(Corruption);

impl fmt::Display for Corruption {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Corruption::Masking(probability) => write!(formatter, "masking:{probability}"),
            Corruption::Gaussian(deviation) => write!(formatter, "gaussian:{deviation}"),
            Corruption::SaltAndPepper(probability) => write!(formatter, "salt-pepper:{probability}"),
        }
    }
}

impl FromStr for Corruption {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let syntax_error =
            || format!("`{text}` is not a corruption: write masking:0.25, gaussian:0.3 or salt-pepper:0.1");
        let (name, number) = text.split_once(':').ok_or_else(syntax_error)?;
        let number: f64 = number.parse().map_err(|_| syntax_error())?;
        let corruption = match name {
            "masking" => Corruption::Masking(number),
            "gaussian" => Corruption::Gaussian(number),
            "salt-pepper" => Corruption::SaltAndPepper(number),
            _ => return Err(syntax_error()),
        };
        corruption.problem().map_or(Ok(corruption), |problem| Err(format!("`{text}` is not a corruption: {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::random::{Stream, stream};

    fn corrupted(corruption: Corruption) -> Vec<f32> {
        let x = Tensor::full(0.5f32, (100, 100), &Device::Cpu).expect("small");
        let corrupted = corruption.apply(&x, &mut stream(3, Stream::Corruption, 0)).expect("on the CPU");
        corrupted.flatten_all().and_then(|flat| flat.to_vec1()).expect("floats")
    }

    #[test]
    fn masking_sets_the_given_fraction_of_values_to_zero() {
        let zeros = corrupted(Corruption::Masking(0.25)).iter().filter(|&&value| value == 0.0).count();
        // Four standard deviations of a binomial with 10,000 trials.
        assert!((2327..=2673).contains(&zeros), "{zeros}");
    }

    #[test]
    fn masking_equals_calling_random_bool_for_each_value() {
        for probability in [0.0, 0.25, 1.0] {
            let mut random = stream(3, Stream::Corruption, 0);
            let expected: Vec<f32> =
                (0..100 * 100).map(|_| if random.random_bool(probability) { 0.0 } else { 0.5 }).collect();
            assert!(corrupted(Corruption::Masking(probability)) == expected, "{probability}");
        }
    }

    #[test]
    fn gaussian_noise_has_the_given_standard_deviation() {
        let values = corrupted(Corruption::Gaussian(0.3));
        let variance = values.iter().map(|value| f64::from(value - 0.5).powi(2)).sum::<f64>() / values.len() as f64;
        assert!((variance.sqrt() - 0.3).abs() < 0.01, "{variance}");
    }

    #[test]
    fn salt_and_pepper_are_equally_frequent() {
        let values = corrupted(Corruption::SaltAndPepper(0.4));
        let count = |expected: f32| values.iter().filter(|&&value| value == expected).count();
        assert!((1840..=2160).contains(&count(0.0)) && (1840..=2160).contains(&count(1.0)));
    }

    #[test]
    fn composed_corruption_has_the_same_values() {
        let x = Tensor::rand(-1f32, 1.0, (100, 100), &Device::Cpu).expect("small");
        let random = || stream(3, Stream::Corruption, 0);
        for corruption in [
            Corruption::Masking(0.25),
            Corruption::Masking(1.0),
            Corruption::Gaussian(0.3),
            Corruption::SaltAndPepper(0.4),
        ] {
            let [fused, composed] = [corruption.apply(&x, &mut random()), corruption.apply_composed(&x, &mut random())]
                .map(|values| values.and_then(|values| values.to_vec2::<f32>()).expect("floats"));
            assert!(fused == composed, "{corruption}");
        }
    }

    #[test]
    fn corruptions_are_parsed_from_their_display_form_and_invalid_text_is_rejected() {
        for text in ["masking:0.25", "gaussian:0.3", "salt-pepper:0.1"] {
            assert_eq!(text.parse::<Corruption>().map(|corruption| corruption.to_string()), Ok(text.to_owned()));
        }
        for text in ["masking", "masking:1.5", "gaussian:-1", "gaussian:nan", "fog:0.1", "masking:x"] {
            assert!(text.parse::<Corruption>().is_err(), "{text}");
        }
    }
}
