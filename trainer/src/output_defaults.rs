//! The default likelihood and output function of a decoder, by the kind of model and the data.

use narrows_bundle::{Kind, Likelihood, Link, Sample, SampleType};
use narrows_data::{Row, Values};

use crate::{binarize::Binarize, scaling::Scale};

/// Number of rows that are read at a time to find a grey value.
const CHUNK: usize = 1024;

/// The defaults of `--likelihood` and, for a Gaussian likelihood, of `--output-link`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutputDefaults {
    pub(crate) likelihood: Likelihood,
    pub(crate) gaussian_link: Link,
}

impl OutputDefaults {
    /// Gaussian with the identity link, the default for unbounded values, and the only choice for PCA.
    pub(crate) const UNBOUNDED: OutputDefaults =
        OutputDefaults { likelihood: Likelihood::Gaussian, gaussian_link: Link::Identity };

    /// Returns the defaults of a kind for the data that `scale` scales.
    ///
    /// For values without bounds it is Gaussian, because a sigmoid output cannot reconstruct negative values or heavy
    /// tails. For values in `[0, 1]`, cross-entropy is the common choice of a deterministic autoencoder. As a
    /// likelihood it fits zeros and ones only: the entropy of grey values outweighs the KL term, so a variational
    /// decoder would ignore most of the code. Variational kinds use a Gaussian likelihood for grey values, whose
    /// variance they learn.
    pub(crate) fn of(kind: Kind, sample: &Sample, values: &Values, scale: Scale, binarize: Binarize) -> Self {
        if sample.table.is_some() {
            return OutputDefaults { likelihood: Likelihood::Columns, gaussian_link: Link::Identity };
        }
        if kind == Kind::Pca || !is_bounded(sample, scale) {
            return OutputDefaults::UNBOUNDED;
        }
        let bernoulli = OutputDefaults { likelihood: Likelihood::Bernoulli, gaussian_link: Link::Identity };
        match binarize {
            Binarize::Static | Binarize::Dynamic => bernoulli,
            Binarize::None if !kind.is_variational() || !has_grey(values, sample.range) => bernoulli,
            Binarize::None => OutputDefaults { likelihood: Likelihood::Gaussian, gaussian_link: Link::Sigmoid },
        }
    }
}

/// Returns whether scaled values are in `[0, 1]` because of the type or the range of the data.
fn is_bounded(sample: &Sample, scale: Scale) -> bool {
    let (low, high) = sample.range;
    let is_probability = low >= 0.0 && high <= 1.0;
    match scale {
        Scale::Auto | Scale::Unit | Scale::MinMax => sample.dtype == SampleType::U8 || is_probability,
        Scale::None => is_probability,
        Scale::Standard | Scale::Robust => false,
    }
}

/// Returns whether a value lies strictly between the ends of the range. Most sets with such a value have one in the
/// first rows. Rows that cannot be read count as grey; training then reports the error.
fn has_grey(values: &Values, (low, high): (f32, f32)) -> bool {
    let is_grey = |value: f32| low < value && value < high;
    (0..values.rows()).step_by(CHUNK).any(|start| {
        let mut found = false;
        let rows = start..values.rows().min(start + CHUNK);
        let read = values.visit(rows, |_, row| {
            found |= match row {
                Row::U8(row) => row.iter().any(|&value| is_grey(f32::from(value))),
                Row::F32(row) => row.iter().copied().any(is_grey),
            }
        });
        found || read.is_err()
    })
}

#[cfg(test)]
mod tests {
    use narrows_bundle::SampleKind;
    use ndarray::{Array2, array};

    use super::*;

    fn defaults(kind: Kind, values: Values, range: (f32, f32), scale: Scale, binarize: Binarize) -> (Likelihood, Link) {
        let dtype = if values.is_bytes() { SampleType::U8 } else { SampleType::F32 };
        let sample = Sample {
            shape: vec![values.features()],
            dtype,
            range,
            columns: None,
            fill: None,
            kind: SampleKind::default(),
            windows: None,
            table: None,
        };
        let defaults = OutputDefaults::of(kind, &sample, &values, scale, binarize);
        (defaults.likelihood, defaults.gaussian_link)
    }

    #[test]
    fn unbounded_values_are_gaussian_with_the_identity_link() {
        let gaussian = (Likelihood::Gaussian, Link::Identity);
        for kind in [Kind::Ae, Kind::Vae] {
            for range in [(-0.1, 1.0), (0.0, 1.5)] {
                let values = Values::F32(array![[range.0, range.1]]);
                assert_eq!(defaults(kind, values, range, Scale::Auto, Binarize::None), gaussian);
            }
            for scale in [Scale::Standard, Scale::Robust] {
                let values = Values::F32(array![[0.0, 0.5]]);
                assert_eq!(defaults(kind, values, (0.0, 1.0), scale, Binarize::None), gaussian);
            }
        }
    }

    #[test]
    fn bounded_values_are_bernoulli_except_for_grey_values_of_variational_kinds() {
        // The only grey value of 2000 rows is in the last one.
        let grey = Array2::from_shape_fn((2000, 2), |(row, column)| match (row, column) {
            (1999, 1) => 7,
            (_, column) => 255 * column as u8,
        });
        let black_and_white = grey.mapv(|value| if value == 7 { 0 } else { value });
        let of = |kind, values: &Array2<u8>, binarize| {
            defaults(kind, Values::U8(values.clone()), (0.0, 255.0), Scale::Auto, binarize)
        };
        for kind in [Kind::Vae, Kind::Cvae] {
            assert_eq!(of(kind, &grey, Binarize::None), (Likelihood::Gaussian, Link::Sigmoid));
            assert_eq!(of(kind, &grey, Binarize::Dynamic).0, Likelihood::Bernoulli);
            assert_eq!(of(kind, &black_and_white, Binarize::None).0, Likelihood::Bernoulli);
        }
        for kind in [Kind::Ae, Kind::Dae, Kind::Wae] {
            assert_eq!(of(kind, &grey, Binarize::None).0, Likelihood::Bernoulli);
        }
    }
}
