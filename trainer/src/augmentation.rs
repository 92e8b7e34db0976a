//! Augmentation of images during training: random mirroring, shifts, crops and rotations.
//!
//! Every row of a training batch is transformed anew at every step, in the unit of the data, before scaling and
//! binarisation. The transformed image is the input of the encoder and the target of the reconstruction. Evaluations
//! use the images as they are.

mod transform;

use std::{fmt, str::FromStr};

use narrows_data::{Row, SampleKind};
use rand_chacha::{ChaCha8Rng, rand_core::RngCore};
use transform::{ImageSize, Transform};

use crate::{
    architecture::Samples,
    loss_context::LossContext,
    options::options,
    problems::Problems,
    random::{Stream, stream},
    text::as_text,
};

/// A list of augmentations. The alias keeps clap from treating the `Vec` as a flag that can be repeated.
pub type Augmentations = Vec<Augmentation>;

options! {
    /// Augmentation of the training images.
    pub struct AugmentationOptions in "Data" {
        /// Augment training images at random, in this order: flip (mirror left to right with probability 1/2), shift:N
        /// (move by up to N pixels, edges repeated), crop:N (remove N rows and N columns, resize back) and rotate:D
        /// (rotate by up to D degrees, edges repeated); none ([] in a file) for no augmentation [default: none]
        #[flag(value_name = "flip,shift:N,crop:N,rotate:D", value_parser = augmentations)]
        pub augment: Augmentations =
            vec![Augmentation::Flip, Augmentation::Shift(2), Augmentation::Crop(4), Augmentation::Rotate(10.0)],
    }
}

/// A random transformation of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Augmentation {
    /// Mirrors the image left to right with probability 1/2.
    Flip,
    /// Moves the image by a whole number of pixels, uniform in `[-N, N]` for each axis. Pixels of the edge are
    /// repeated.
    Shift(usize),
    /// Removes `N` rows and `N` columns at the edges, which are split at random between opposite edges, and resizes the
    /// rest to the size of the image. The corner pixels of the rest become the corners.
    Crop(usize),
    /// Rotates the image around its centre by an angle in degrees, uniform in `[-D, D)`. Pixels of the edge are
    /// repeated.
    Rotate(f64),
}

/// Checked augmentations for images of one size. Their transformations are combined, and pixels are interpolated once,
/// bilinearly.
#[derive(Debug, Clone, PartialEq)]
pub struct Augmenter {
    augmentations: Augmentations,
    size: ImageSize,
}

/// The augmentation of the batch of one training step.
pub(crate) struct StepAugmentation<'a> {
    augmenter: &'a Augmenter,
    random: ChaCha8Rng,
}

impl AugmentationOptions {
    /// Checks the augmentations for samples, which must be images. Returns `None` without augmentation. Problems are
    /// added to `problems`.
    pub(crate) fn check(&self, samples: Samples<'_>, problems: &mut Problems) -> Option<Augmenter> {
        let augmentations = self.augment.clone().filter(|augmentations| !augmentations.is_empty())?;
        for (index, augmentation) in augmentations.iter().enumerate() {
            let name = augmentation.name();
            if augmentations[..index].iter().any(|earlier| earlier.name() == name) {
                problems.add("augment", format!("contains {name} more than once; keep one of them"));
            }
        }
        let size = match samples.kind {
            SampleKind::Features => ImageSize::of_shape(samples.shape),
            SampleKind::Series => None,
        };
        let found = augmentations.iter().filter_map(|augmentation| augmentation.problem(size));
        found.for_each(|problem| problems.add_of_data("augment", problem));
        if size.is_none() {
            let found = match samples.kind {
                SampleKind::Features => format!("have the shape {:?}", samples.shape),
                SampleKind::Series => "are series".to_owned(),
            };
            problems.add_of_data(
                "augment",
                format!(
                    "transforms images of shape [height, width] or [height, width, channels], but samples {found}; \
                     leave it out"
                ),
            );
        }
        Some(Augmenter { augmentations, size: size? })
    }
}

impl Augmenter {
    /// Returns the options that give these augmentations. Without augmentation none is set, so that configurations
    /// without augmentation stay byte-identical.
    pub(crate) fn options(augmenter: Option<&Self>) -> AugmentationOptions {
        AugmentationOptions { augment: augmenter.map(|augmenter| augmenter.augmentations.clone()) }
    }

    /// Returns the augmentation of a training step; `None` in an evaluation.
    pub(crate) fn at(&self, context: LossContext) -> Option<StepAugmentation<'_>> {
        match context {
            LossContext::Training { seed, step, .. } => Some(self.at_step(seed, step)),
            LossContext::Evaluation { .. } => None,
        }
    }

    /// Returns the augmentation of a training step.
    pub(crate) fn at_step(&self, seed: u64, step: u64) -> StepAugmentation<'_> {
        StepAugmentation { augmenter: self, random: stream(seed, Stream::Augmentation, step) }
    }
}

/// Number of random words that belong to a row: one block of the generator.
const WORDS_PER_ROW: u128 = 16;

impl StepAugmentation<'_> {
    /// Writes the augmented image `row` to `into`; `index` is the position of the row in the batch.
    pub(crate) fn apply(&self, index: usize, row: &Row<'_>, into: &mut [f32]) {
        let Augmenter { augmentations, size } = self.augmenter;
        let mut random = self.random.clone();
        random.set_word_pos(index as u128 * WORDS_PER_ROW);
        // Each augmentation has its own random numbers, so that adding one does not change the others.
        let numbers: [f64; 6] = std::array::from_fn(|_| uniform(&mut random));
        let transforms = augmentations.iter().map(|augmentation| augmentation.transform(*size, numbers));
        let transform = transforms.fold(Transform::IDENTITY, Transform::then);
        match row {
            Row::U8(row) => transform.apply(*size, row, f32::from, into),
            Row::F32(row) => transform.apply(*size, row, |value| value, into),
        }
    }
}

/// Returns a random number in `[0, 1)`.
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    f64::from(random.next_u32()) / 4_294_967_296.0
}

impl Augmentation {
    /// Returns the name without the amount.
    fn name(self) -> &'static str {
        match self {
            Augmentation::Flip => "flip",
            Augmentation::Shift(_) => "shift",
            Augmentation::Crop(_) => "crop",
            Augmentation::Rotate(_) => "rotate",
        }
    }

    /// Returns what is wrong with the amount for images of a size, if anything.
    fn problem(self, size: Option<ImageSize>) -> Option<String> {
        let name = self.name();
        match self {
            Augmentation::Flip => None,
            Augmentation::Shift(0) | Augmentation::Crop(0) => {
                Some(format!("has {name}:0, which changes nothing; pass at least {name}:1, or leave it out"))
            }
            Augmentation::Shift(pixels) | Augmentation::Crop(pixels) => {
                let ImageSize { height, width, .. } = size?;
                let least = height.min(width);
                (pixels >= least).then(|| {
                    let advice = match least {
                        0 | 1 => "leave it out".to_owned(),
                        _ => format!("pass at most {name}:{}", least - 1),
                    };
                    format!("has {name}:{pixels}, but images have only {height} x {width} pixels; {advice}")
                })
            }
            Augmentation::Rotate(degrees) => (!(degrees > 0.0 && degrees <= 180.0))
                .then(|| format!("has rotate:{degrees}, but the angle must be above 0 and at most 180 degrees")),
        }
    }

    /// Returns the transformation for six random numbers in `[0, 1)`, of which each augmentation uses its own.
    fn transform(self, size: ImageSize, [flip, down, right, top, left, angle]: [f64; 6]) -> Transform {
        // A whole number in `[0, most]`.
        let pick = |number: f64, most: usize| (number * (most as f64 + 1.0)).floor();
        match self {
            Augmentation::Flip if flip < 0.5 => Transform::mirror(size),
            Augmentation::Flip => Transform::IDENTITY,
            Augmentation::Shift(most) => {
                let by = |number| pick(number, 2 * most) - most as f64;
                Transform::shift(by(down), by(right))
            }
            Augmentation::Crop(removed) => Transform::crop(size, removed, [pick(top, removed), pick(left, removed)]),
            Augmentation::Rotate(most) => Transform::rotation(size, (2.0 * angle - 1.0) * most),
        }
    }
}

as_text!(Augmentation);

impl fmt::Display for Augmentation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Augmentation::Flip => formatter.write_str(name),
            Augmentation::Shift(pixels) | Augmentation::Crop(pixels) => write!(formatter, "{name}:{pixels}"),
            Augmentation::Rotate(degrees) => write!(formatter, "{name}:{degrees}"),
        }
    }
}

impl FromStr for Augmentation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pixels = |amount: &str| {
            amount.parse().map_err(|_| format!("`{text}` is not an augmentation: `{amount}` is no number of pixels"))
        };
        match text.split_once(':') {
            None if text == "flip" => Ok(Augmentation::Flip),
            Some(("shift", amount)) => Ok(Augmentation::Shift(pixels(amount)?)),
            Some(("crop", amount)) => Ok(Augmentation::Crop(pixels(amount)?)),
            Some(("rotate", amount)) => match amount.parse::<f64>() {
                Ok(degrees) if degrees.is_finite() => Ok(Augmentation::Rotate(degrees)),
                _ => Err(format!("`{text}` is not an augmentation: `{amount}` is no angle in degrees")),
            },
            _ => Err(format!("`{text}` is not an augmentation: write flip, shift:2, crop:4 or rotate:10")),
        }
    }
}

/// Parses augmentations written as `flip,shift:2` or `none`.
#[cfg(feature = "clap")]
pub(crate) fn augmentations(text: &str) -> Result<Augmentations, String> {
    if text == "none" {
        return Ok(Vec::new());
    }
    text.split(',').map(|part| part.trim().parse()).collect()
}

#[cfg(test)]
mod tests;
