//! What the values of a sample are: features without an order, or a series.

use std::{fmt, path::Path, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    notation::{as_text, named},
    series_error::SeriesError,
};

/// What the values of a sample are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SampleKind {
    /// A row of a table, a vector or an image, as the shape of the sample says.
    #[default]
    Features,
    /// A time series, `[length]` or `[channels, length]`.
    Series,
}

named!(SampleKind, "value of --sample", Features = "features", Series = "series");

impl SampleKind {
    /// Checks that samples of this kind can have a shape.
    pub(crate) fn check(self, path: &Path, sample_shape: &[usize]) -> Result<(), SeriesError> {
        match (self, sample_shape) {
            (Self::Features, _) | (Self::Series, [_] | [_, _]) => Ok(()),
            (Self::Series, shape) => Err(SeriesError::Shape { path: path.to_owned(), shape: shape.to_vec() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_one_or_two_dimensions() {
        let check = |shape: &[usize]| SampleKind::Series.check(Path::new("x.npy"), shape);
        assert!(check(&[25]).is_ok() && check(&[12, 25]).is_ok());
        let message = check(&[8, 8, 3]).expect_err("an image").to_string();
        assert_eq!(
            message,
            "x.npy: samples have shape [8, 8, 3], but a series has shape [length] or [channels, length]; leave out \
             --sample series, or write the samples in one of these shapes"
        );
        assert!(SampleKind::Features.check(Path::new("x.npy"), &[8, 8, 3]).is_ok());
    }

    #[test]
    fn kinds_survive_a_round_trip_through_text() {
        for kind in [SampleKind::Features, SampleKind::Series] {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert!("sequence".parse::<SampleKind>().expect_err("unknown").contains("features, series"));
    }
}
