//! Binarises samples for a model as training did.

use clap::Args;
use narrows_bundle::{Likelihood, Manifest};
use narrows_data::{Binarize, PartName, binarize_row};
use ndarray::Array2;

/// Added to the seed of a dynamic binarisation, so that its bits are not those of a static one.
const DYNAMIC: u64 = 0x6479_6e61_6d69_6300;

/// How samples are binarised before a model takes them.
#[derive(Debug, Args)]
pub(crate) struct BinarizeArguments {
    /// Binarise samples, with each scaled value as the probability of a 1: none, static (the bits of a training with
    /// --binarize static, by the model's seed) or dynamic (new bits by --seed) [default: as the model was trained]
    #[arg(long, value_name = "none|static|dynamic")]
    binarize: Option<Binarize>,
}

impl BinarizeArguments {
    /// Returns how to binarise samples for a model: as the user said, or as the model was trained. `seed` is that of
    /// dynamic binarisation.
    ///
    /// # Errors
    /// If the likelihood of the model is not one of zeros and ones.
    pub(crate) fn of(&self, manifest: &Manifest, seed: u64) -> anyhow::Result<Binarizer> {
        let configuration = &manifest.training.configuration;
        let trained = configuration.get("binarize").and_then(|value| value.as_str()).and_then(|text| text.parse().ok());
        let how = self.binarize.or(trained).unwrap_or_default();
        if let (Some(how @ (Binarize::Static | Binarize::Dynamic)), Likelihood::Gaussian) =
            (self.binarize, manifest.likelihood)
        {
            anyhow::bail!(
                "--binarize {how} needs the bernoulli likelihood, but this {} has a gaussian one; leave --binarize out",
                manifest.kind
            );
        }
        Ok(Binarizer::new(how, manifest, seed))
    }
}

/// Binarises rows in the unit of the data.
#[derive(Debug, Clone)]
pub(crate) struct Binarizer {
    how: Binarize,
    seed: u64,
    columns: Vec<Column>,
}

/// The scaling of one feature, and the values that scale to 0 and 1.
#[derive(Debug, Clone, Copy)]
struct Column {
    offset: f32,
    scale: f32,
    zero: f32,
    one: f32,
}

impl Binarizer {
    /// Binarises samples of a model: static binarisation by the seed of its training, dynamic binarisation by `seed`.
    pub(crate) fn new(how: Binarize, manifest: &Manifest, seed: u64) -> Self {
        let trained_seed = manifest.training.configuration.get("seed").and_then(serde_json::Value::as_u64).unwrap_or(0);
        let seed = match how {
            Binarize::None | Binarize::Static => trained_seed,
            Binarize::Dynamic => seed ^ DYNAMIC,
        };
        Binarizer { how, seed, columns: columns(manifest) }
    }

    /// Returns how samples are binarised.
    pub(crate) fn how(&self) -> Binarize {
        self.how
    }

    /// Replaces rows of a part by their bits, in the unit of the data. `indices` are those of the rows in the part.
    pub(crate) fn apply(&self, rows: &mut Array2<f32>, part: PartName, indices: impl IntoIterator<Item = usize>) {
        let mut scaled = vec![0.0f32; self.columns.len()];
        for (mut row, index) in rows.outer_iter_mut().zip(indices) {
            for ((scaled, value), column) in scaled.iter_mut().zip(&row).zip(&self.columns) {
                // The arithmetic of training.
                *scaled = (value - column.offset) / column.scale;
            }
            binarize_row(&mut scaled, self.seed, part, index);
            for ((value, bit), column) in row.iter_mut().zip(&scaled).zip(&self.columns) {
                *value = if *bit == 0.0 { column.zero } else { column.one };
            }
        }
    }
}

fn columns(manifest: &Manifest) -> Vec<Column> {
    let scaling = &manifest.scaling;
    let pairs = scaling.offset.iter().cycle().zip(scaling.scale.iter().cycle()).take(manifest.sample.features());
    let column = |(&offset, &scale): (&f32, &f32)| {
        let mut one = offset + scale;
        // The sum may be rounded to a value that scales to a number above 1, which the likelihood refuses.
        while (one - offset) / scale > 1.0 {
            one = if scale > 0.0 { one.next_down() } else { one.next_up() };
        }
        Column { offset, scale, zero: offset, one }
    };
    pairs.map(column).collect()
}
