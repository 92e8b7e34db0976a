//! What a denoising autoencoder's encoder sees in training: a corrupted copy of the sample.

use std::{fmt, str::FromStr};

use candle_core::{Result, Tensor};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::{options::options, random::with_draws_side_by_side, text::as_text};

options! {
    /// How samples are corrupted.
    pub struct CorruptionOptions in "Objective" {
        /// Corruption of the encoder's input in training: dae, and transfer with --fine-tune [default: masking:0.25
        /// for a dae, none in a transfer]
        #[flag(value_name = "masking:P|gaussian:SD|salt-pepper:P")]
        pub corruption: Corruption = Corruption::Gaussian(0.3),
    }
}

/// A way to spoil a sample, in the network's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Corruption {
    /// Each number becomes 0 with this probability.
    Masking(f64),
    /// Normal noise of this standard deviation is added.
    Gaussian(f64),
    /// Each number becomes, with this probability, 0 or 1 by the toss of a coin.
    SaltAndPepper(f64),
}

impl Corruption {
    /// A corrupted copy of `x`, drawn from `random`.
    ///
    /// # Errors
    /// Those of Candle.
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

    /// What is wrong with its number, if anything.
    pub(crate) fn problem(self) -> Option<String> {
        match self {
            Corruption::Masking(p) | Corruption::SaltAndPepper(p) if !(0.0..=1.0).contains(&p) => {
                Some(format!("is a probability and lies in [0, 1], got {p}"))
            }
            Corruption::Gaussian(deviation) if !(deviation.is_finite() && deviation >= 0.0) => {
                Some(format!("is a standard deviation and not negative, got {deviation}"))
            }
            Corruption::Masking(_) | Corruption::SaltAndPepper(_) | Corruption::Gaussian(_) => None,
        }
    }
}

/// What [`Rng::random_bool`] of every value makes zero, several at a time: 64 bits below the probability, which
/// for certainty are not drawn.
fn mask(values: &mut [f32], probability: f64, random: &mut ChaCha8Rng) {
    if probability >= 1.0 {
        values.fill(0.0);
        return;
    }
    let bound = (probability * 2f64.powi(64)) as u64;
    with_draws_side_by_side(
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
        let wrong = || format!("`{text}` is not a corruption: write masking:0.25, gaussian:0.3 or salt-pepper:0.1");
        let (name, number) = text.split_once(':').ok_or_else(wrong)?;
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let corruption = match name {
            "masking" => Corruption::Masking(number),
            "gaussian" => Corruption::Gaussian(number),
            "salt-pepper" => Corruption::SaltAndPepper(number),
            _ => return Err(wrong()),
        };
        corruption.problem().map_or(Ok(corruption), |problem| Err(format!("the number in `{text}` {problem}")))
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
    fn masking_zeroes_the_share_that_it_was_asked_for() {
        let zeros = corrupted(Corruption::Masking(0.25)).iter().filter(|&&value| value == 0.0).count();
        // Four standard deviations of a binomial with 10,000 trials.
        assert!((2327..=2673).contains(&zeros), "{zeros}");
    }

    #[test]
    fn masking_draws_as_one_toss_after_another() {
        for probability in [0.0, 0.25, 1.0] {
            let mut random = stream(3, Stream::Corruption, 0);
            let tossed: Vec<f32> =
                (0..100 * 100).map(|_| if random.random_bool(probability) { 0.0 } else { 0.5 }).collect();
            assert!(corrupted(Corruption::Masking(probability)) == tossed, "{probability}");
        }
    }

    #[test]
    fn gaussian_noise_has_the_deviation_that_it_was_asked_for() {
        let values = corrupted(Corruption::Gaussian(0.3));
        let variance = values.iter().map(|value| f64::from(value - 0.5).powi(2)).sum::<f64>() / values.len() as f64;
        assert!((variance.sqrt() - 0.3).abs() < 0.01, "{variance}");
    }

    #[test]
    fn salt_and_pepper_come_in_equal_parts() {
        let values = corrupted(Corruption::SaltAndPepper(0.4));
        let count = |wanted: f32| values.iter().filter(|&&value| value == wanted).count();
        assert!((1840..=2160).contains(&count(0.0)) && (1840..=2160).contains(&count(1.0)));
    }

    #[test]
    fn corruptions_are_read_as_they_are_written_and_nonsense_is_refused() {
        for text in ["masking:0.25", "gaussian:0.3", "salt-pepper:0.1"] {
            assert_eq!(text.parse::<Corruption>().map(|corruption| corruption.to_string()), Ok(text.to_owned()));
        }
        for text in ["masking", "masking:1.5", "gaussian:-1", "gaussian:nan", "fog:0.1", "masking:x"] {
            assert!(text.parse::<Corruption>().is_err(), "{text}");
        }
    }
}
