//! Binarisation of grey values: a pixel becomes 1 with its value as the probability.
//!
//! The Bernoulli likelihood is a distribution of zeros and ones. Sampling them once gives a fixed binary data set,
//! similar to that of Larochelle and Murray 2011. Sampling them anew at every step never shows the network the same
//! sample twice, which reduces overfitting (Salakhutdinov and Murray 2008). Likelihoods of models with different
//! binarisations are not comparable.
//!
//! Training and evaluation share this file, so that a model is evaluated on exactly the bits that training saw.

use std::{fmt, str::FromStr};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

/// Number of the random stream of static binarisation, among the streams of the trainer (`trainer/src/random.rs`).
/// Never change it: that would change the bits of every seed.
const STATIC_STREAM: u64 = 9;

/// Number of values for which random bytes are generated at a time.
const BLOCK: usize = 64;

/// Whether and when samples are binarised before they enter the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Binarize {
    /// No binarisation.
    #[default]
    None,
    /// Once per row: a row has the same zeros and ones during the whole run.
    Static,
    /// At every step: the zeros and ones of a row are sampled anew.
    Dynamic,
}

impl Binarize {
    /// All variants.
    pub const ALL: [Binarize; 3] = [Binarize::None, Binarize::Static, Binarize::Dynamic];

    /// Returns the name on the command line and in configuration files.
    pub fn name(self) -> &'static str {
        match self {
            Binarize::None => "none",
            Binarize::Static => "static",
            Binarize::Dynamic => "dynamic",
        }
    }
}

impl fmt::Display for Binarize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Binarize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Binarize::ALL
            .into_iter()
            .find(|variant| variant.name() == text)
            .ok_or_else(|| format!("`{text}` is not a binarisation: choose one of none, static or dynamic"))
    }
}

impl serde::Serialize for Binarize {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Binarize {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartName {
    /// The training part, including the rows that are held out.
    Train,
    /// The test part.
    Test,
    /// A separate validation part.
    Valid,
}

impl PartName {
    /// Returns the number of the part in random streams. The numbers must never change, because they determine the
    /// random values of a seed.
    fn number(self) -> u64 {
        match self {
            PartName::Train => 0,
            PartName::Test => 1,
            PartName::Valid => 2,
        }
    }
}

/// Replaces the scaled values of one row by the zeros and ones of static binarisation. They depend on the seed, the
/// part and the index of the row in it, which does not count dropped rows. Values below 0 become 0, values above 1
/// become 1.
pub fn binarize_row(values: &mut [f32], seed: u64, part: PartName, row: usize) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream((STATIC_STREAM << 56) ^ (part.number() << 48 | row as u64));
    let mut bytes = [[0u8; 4]; BLOCK];
    for values in values.chunks_mut(BLOCK) {
        let bytes = &mut bytes[..values.len()];
        random.fill_bytes(bytes.as_flattened_mut());
        values.iter_mut().zip(&*bytes).for_each(|(value, bytes)| *value = sample_bit(*value, *bytes));
    }
}

/// Returns 1 with `value` as the probability, and 0 otherwise; 0 and 1 are not changed. The upper 24 random bits are
/// converted to a number in `[0, 1)`.
#[inline(always)]
pub fn sample_bit(value: f32, bytes: [u8; 4]) -> f32 {
    let uniform = (u32::from_le_bytes(bytes) >> 8) as f32 / 16_777_216.0;
    if uniform < value { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_of_a_seed_are_stable_and_depend_on_the_part_and_the_row() {
        let bits = |seed, part, row| {
            let mut values = [0.5f32; 100];
            binarize_row(&mut values, seed, part, row);
            values.map(|value| value as u8)
        };
        let first = bits(7, PartName::Test, 3);
        assert_eq!(first[..16], [0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1]);
        for other in [bits(8, PartName::Test, 3), bits(7, PartName::Train, 3), bits(7, PartName::Test, 4)] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn binarisations_are_parsed_from_their_display_form() {
        for variant in Binarize::ALL {
            assert_eq!(variant.to_string().parse(), Ok(variant));
        }
        assert!("sometimes".parse::<Binarize>().expect_err("an invalid name").contains("none, static or dynamic"));
    }
}
