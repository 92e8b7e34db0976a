//! Moments as a safetensors file: the tensors `count` (U64, `[1]`), `mean` (F64, `[n]`), `covariance` (F64, `[n, n]`),
//! `minimum` and `maximum` (F32, `[n]`), and as metadata the format and, where the features have names, `columns`, a
//! JSON list.

use std::path::Path;

use ndarray::{Ix1, Ix2};
use safetensors::SafeTensors;
use serde_json::{Map, Value, json};

use crate::{BundleError, Moments, limited::read_limited, quoted, sha256_hex, tensors::Tensors, write_atomic};

/// The value of `format` in the metadata.
const FORMAT: &str = "narrows-moments-1";

/// Largest file size to read, in bytes: the covariance of some 16,000 features.
const LIMIT: u64 = 2 << 30;

const COUNT: &str = "count";
const MEAN: &str = "mean";
const COVARIANCE: &str = "covariance";
const MINIMUM: &str = "minimum";
const MAXIMUM: &str = "maximum";

impl Moments {
    /// Reads a moments file and checks it.
    ///
    /// # Errors
    /// [`BundleError::Io`] if the file cannot be read, [`BundleError::TooLarge`] if it has more than 2 GiB, and those
    /// of [`Moments::from_bytes`].
    pub fn read(path: &Path) -> Result<Self, BundleError> {
        Moments::read_with_sha256(path).map(|(moments, _)| moments)
    }

    /// Reads a moments file and checks it. Also returns the SHA-256 of the file, as 64 hexadecimal digits.
    ///
    /// # Errors
    /// Those of [`Moments::read`].
    pub fn read_with_sha256(path: &Path) -> Result<(Self, String), BundleError> {
        let bytes = read_limited(path, LIMIT)?;
        Ok((Moments::from_bytes(path, &bytes)?, sha256_hex(&bytes)))
    }

    /// Parses a moments file and checks it; `path` is for error messages.
    ///
    /// # Errors
    /// [`BundleError::Invalid`] if the format is another one, a tensor is missing, unknown, or of the wrong type or
    /// shape, and for every reason of [`Moments::check`].
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, BundleError> {
        let invalid = |what: String| BundleError::invalid(path, what);
        let tensors = Tensors::open(path, bytes)?;
        let columns = columns(bytes).map_err(invalid)?;
        if let Some(unknown) = tensors.unknown(&[COUNT, MEAN, COVARIANCE, MINIMUM, MAXIMUM]) {
            return Err(invalid(format!("it has a tensor {} that moments do not have", quoted(unknown))));
        }
        let not_of = |name: &str, shape: &[usize], expected: &str| {
            invalid(format!("tensor `{name}` has shape {shape:?}, expected {expected}"))
        };
        let count = match tensors.counts(COUNT)?[..] {
            [count] => count,
            ref counts => return Err(not_of(COUNT, &[counts.len()], "[1]")),
        };
        let vector = |name: &str| {
            let values = tensors.floats(name)?;
            let shape = values.shape().to_vec();
            let values = values.into_dimensionality::<Ix1>().map_err(|_| not_of(name, &shape, "[features]"))?;
            Ok::<_, BundleError>(values.to_vec())
        };
        let mean = tensors.doubles(MEAN)?;
        let shape = mean.shape().to_vec();
        let mean = mean.into_dimensionality::<Ix1>().map_err(|_| not_of(MEAN, &shape, "[features]"))?;
        let covariance = tensors.doubles(COVARIANCE)?;
        let shape = covariance.shape().to_vec();
        let covariance =
            covariance.into_dimensionality::<Ix2>().map_err(|_| not_of(COVARIANCE, &shape, "[features, features]"))?;
        let moments = Moments {
            count,
            mean: mean.to_vec(),
            covariance,
            minimum: vector(MINIMUM)?,
            maximum: vector(MAXIMUM)?,
            columns,
        };
        moments.check().map_err(invalid)?;
        Ok(moments)
    }

    /// Checks the moments and writes them to a file.
    ///
    /// # Errors
    /// [`BundleError::Invalid`] for every reason of [`Moments::check`], and [`BundleError::Io`] if the file cannot be
    /// written.
    pub fn write(&self, path: &Path) -> Result<(), BundleError> {
        self.check().map_err(|what| BundleError::invalid(path, what))?;
        write_atomic(path, &self.to_bytes()).map_err(BundleError::io("write", path))
    }

    /// Serialises the moments as a safetensors file without a check; the same moments give the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let (rows, columns) = self.covariance.dim();
        let covariance = self.covariance.iter().flat_map(|value| value.to_le_bytes()).collect();
        // Values of 8 bytes first, so that all are aligned.
        let tensors = [
            (COVARIANCE, "F64", vec![rows, columns], covariance),
            (MEAN, "F64", vec![self.mean.len()], self.mean.iter().flat_map(|value| value.to_le_bytes()).collect()),
            (COUNT, "U64", vec![1], self.count.to_le_bytes().to_vec()),
            (MINIMUM, "F32", vec![self.minimum.len()], bytes(&self.minimum)),
            (MAXIMUM, "F32", vec![self.maximum.len()], bytes(&self.maximum)),
        ];
        let mut metadata = Map::from_iter([("format".to_owned(), json!(FORMAT))]);
        if let Some(columns) = &self.columns {
            metadata.insert("columns".to_owned(), json!(json!(columns).to_string()));
        }
        let mut header = Map::from_iter([("__metadata__".to_owned(), Value::Object(metadata))]);
        let mut end = 0;
        for (name, dtype, shape, bytes) in &tensors {
            let offsets = [end, end + bytes.len()];
            end += bytes.len();
            header.insert((*name).to_owned(), json!({"dtype": dtype, "shape": shape, "data_offsets": offsets}));
        }
        // The crate writes metadata in a random order, so the header is written here.
        let mut header = Value::Object(header).to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        let length = (header.len() as u64).to_le_bytes();
        let values = tensors.iter().map(|(.., bytes)| &bytes[..]);
        [&length[..], &header].into_iter().chain(values).collect::<Vec<_>>().concat()
    }
}

/// Reads the format and the names of the features from the metadata.
fn columns(bytes: &[u8]) -> Result<Option<Vec<String>>, String> {
    let header =
        SafeTensors::read_metadata(bytes).map_err(|error| format!("it is not a safetensors file ({error})"))?;
    let entry = |key: &str| header.1.metadata().as_ref().and_then(|metadata| metadata.get(key));
    match entry("format") {
        Some(format) if format == FORMAT => {}
        Some(format) => return Err(format!("it has format {}, this version reads {FORMAT}", quoted(format))),
        None => return Err(format!("it is not a moments file: its metadata has no `format` ({FORMAT})")),
    }
    let parsed = entry("columns").map(|columns| serde_json::from_str(columns)).transpose();
    parsed.map_err(|error| format!("its `columns` are not a JSON list of names ({error})"))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn moments() -> Moments {
        let rows = array![[1.0, 10.0], [2.0, 10.0], [3.0, 40.0]];
        Moments::of(&rows.view(), Some(vec!["age".to_owned(), "höhe, m".to_owned()]))
    }

    #[test]
    fn moments_of_rows_are_those_of_the_population() {
        let Moments { count, mean, covariance, minimum, maximum, .. } = moments();
        assert_eq!((count, mean, minimum, maximum), (3, vec![2.0, 20.0], vec![1.0, 10.0], vec![3.0, 40.0]));
        assert_eq!(covariance, array![[2.0 / 3.0, 10.0], [10.0, 200.0]]);
        assert!(
            Moments::of(&Array2::zeros((0, 2)).view(), None).check().is_err_and(|what| what.contains("`count` is 0"))
        );
    }

    fn refusal(change: impl FnOnce(&mut Moments)) -> String {
        let mut moments = moments();
        change(&mut moments);
        Moments::from_bytes(Path::new("m.safetensors"), &moments.to_bytes()).expect_err("invalid").to_string()
    }

    #[test]
    fn moments_round_trip_and_the_same_moments_give_the_same_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        for columns in [moments().columns, None] {
            let moments = Moments { columns, ..moments() };
            assert_eq!(moments.to_bytes(), moments.to_bytes());
            let path = folder.path().join("m.safetensors");
            moments.write(&path).expect("valid");
            assert_eq!(Moments::read(&path).expect("just written"), moments);
        }
        let damaged = Moments { count: 1, ..moments() }.write(&folder.path().join("m")).expect_err("one row");
        assert!(damaged.to_string().contains("at least 2 rows"), "{damaged}");
    }

    #[test]
    fn every_contradiction_is_refused_with_the_file_and_the_tensor() {
        type Change = fn(&mut Moments);
        let cases: [(&str, Change); 14] = [
            ("tensor `count` is 1", |moments| moments.count = 1),
            ("tensor `minimum` has shape [1], expected [2]", |moments| moments.minimum = vec![1.0]),
            ("tensor `covariance` has shape [1, 1], expected [2, 2]", |moments| moments.covariance = Array2::eye(1)),
            ("`columns` are 1 name, expected 2", |moments| moments.columns = Some(vec!["age".to_owned()])),
            ("`columns` contain `a` twice", |moments| moments.columns = Some(vec!["a".to_owned(), "a".to_owned()])),
            ("tensor `mean` has the value NaN for column `age`", |moments| moments.mean[0] = f64::NAN),
            ("tensor `maximum` has the value inf for column `age`", |moments| moments.maximum[0] = f32::INFINITY),
            ("tensor `covariance` has the value NaN", |moments| moments.covariance[(0, 1)] = f64::NAN),
            ("tensor `minimum` is 4 for column `age`", |moments| moments.minimum[0] = 4.0),
            ("tensor `mean` is 5 for column `age`", |moments| moments.mean[0] = 5.0),
            ("which is negative", |moments| moments.covariance[(0, 0)] = -1e-9),
            ("it is at most 1 (divide", |moments| moments.covariance[(0, 0)] = 2.0),
            ("is not symmetric: it has 9 and 10", |moments| moments.covariance[(1, 0)] = 9.0),
            ("it is at most 11.5", |moments| {
                (moments.covariance[(0, 1)], moments.covariance[(1, 0)]) = (12.0, 12.0);
            }),
        ];
        for (expected, change) in cases {
            let error = refusal(change);
            assert!(error.starts_with("`m.safetensors` cannot be used: ") && error.contains(expected), "{error}");
        }
        let unnamed = refusal(|moments| (moments.columns, moments.mean[1]) = (None, 50.0));
        assert!(unnamed.contains("for feature 1"), "{unnamed}");
    }

    #[test]
    fn another_file_is_refused() {
        let path = Path::new("m.safetensors");
        let refused = |bytes: &[u8]| Moments::from_bytes(path, bytes).expect_err("another file").to_string();
        let bytes = moments().to_bytes();
        assert!(refused(&bytes[..bytes.len() - 1]).contains("not a safetensors file"));
        assert!(refused(b"").contains("not a safetensors file"));
        let changed = |from: &str, to: &str| {
            let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).expect("in the header");
            let mut bytes = bytes.clone();
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            refused(&bytes)
        };
        assert!(changed("moments-1", "moments-2").contains("format `narrows-moments-2`, this version reads"));
        assert!(changed("\"format\"", "\"format_").contains("not a safetensors file"));
        assert!(changed("\"format\"", "\"farmat\"").contains("its metadata has no `format`"));
        assert!(changed("\"mean\"", "\"maen\"").contains("a tensor `maen` that moments do not have"));
        assert!(changed("U64", "I64").contains("tensor `count` is I64, expected U64"));
        assert!(changed("[\\\"age", "{\\\"age").contains("not a JSON list of names"));
    }
}
