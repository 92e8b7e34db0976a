//! The handwritten digits that are embedded in the crate, so that it can be used without a download.
//!
//! Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning
//! Repository, 1998, CC BY 4.0. The file is the copy that scikit-learn ships.

use std::{io::Read, path::PathBuf};

use flate2::read::GzDecoder;

use crate::{
    head::{Head, Roles},
    in_memory::matrix,
    labels::Labels,
    memory::MemoryReader,
    notes::Notes,
    open_data::{OpenData, OpenPart},
    reader::Opened,
    values::Values,
};

const FILE: &[u8] = include_bytes!("../../assets/digits.csv.gz");
const FEATURES: usize = 64;
/// The first 1437 of the 1797 rows are the training part, the last 360 the test part.
const TRAIN_ROWS: usize = 1437;

/// Opens 1797 images of 8 x 8 pixels with integer values from 0 to 16. The class of an image is its digit.
pub(crate) fn open() -> OpenData {
    let (mut values, mut labels) = parse().expect("the file is embedded, and a test parses it");
    let test_values = values.split_off(TRAIN_ROWS * FEATURES);
    let test_labels = labels.split_off(TRAIN_ROWS);
    OpenData {
        name: "digits".to_owned(),
        train: part(values, labels),
        test: Some(part(test_values, test_labels)),
        classes: Some((0..10).map(|digit| digit.to_string()).collect()),
    }
}

fn part(values: Vec<u8>, labels: Vec<u32>) -> OpenPart {
    let head = Head {
        sample_shape: vec![8, 8],
        is_bytes: true,
        range: Some((0.0, 16.0)),
        columns: None,
        rows: None,
        has_labels: true,
        roles: Roles::default(),
        date_columns: None,
        table: None,
        notes: Notes::default(),
    };
    let values = Values::U8(matrix(values, FEATURES));
    let reader = MemoryReader::new(head, values, Some(Labels::from_numbers(labels)));
    OpenPart { path: PathBuf::from("digits"), opened: Opened::Reader(Box::new(reader)), labels: None }
}

/// Parses the pixels, in row-major order, and the labels.
fn parse() -> Option<(Vec<u8>, Vec<u32>)> {
    let mut values = Vec::new();
    let mut labels = Vec::new();
    for line in text()?.lines() {
        let (pixels, label) = line.rsplit_once(',')?;
        for pixel in pixels.split(',') {
            values.push(pixel.parse().ok()?);
        }
        labels.push(label.parse().ok()?);
    }
    Some((values, labels))
}

fn text() -> Option<String> {
    let mut text = String::new();
    GzDecoder::new(FILE).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::{Dataset, LoadOptions, fingerprint::hex};

    fn load() -> Dataset {
        crate::load("digits", &LoadOptions::default()).expect("embedded")
    }

    #[test]
    fn embedded_file_is_the_published_one() {
        let text = text().expect("readable");
        assert_eq!(
            hex(&Sha256::digest(text.as_bytes())),
            "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"
        );
    }

    #[test]
    fn digits_are_split_1437_to_360() {
        let digits = load();
        let test = digits.test.as_ref().expect("digits have a test part");
        for (part, rows) in [(&digits.train, 1437), (test, 360)] {
            assert_eq!((part.values.rows(), part.values.features()), (rows, 64));
            let labels = part.labels.as_ref().expect("digits have labels");
            assert_eq!(labels.len(), rows);
            assert!(labels.iter().all(|&label| label < 10));
        }
    }

    #[test]
    fn digits_reach_both_ends_of_their_range() {
        let digits = load();
        let values = digits.train.values.to_f32().expect("in memory");
        let low = values.iter().copied().fold(f32::INFINITY, f32::min);
        let high = values.iter().copied().fold(0.0, f32::max);
        assert_eq!((low, high), digits.range);
    }

    #[test]
    fn first_row_is_a_zero() {
        let digits = load();
        assert_eq!(digits.train.labels.as_deref().and_then(|labels| labels.first()), Some(&0));
        let first = digits.train.values.select(&[0]).expect("in memory").to_f32().expect("in memory").into_owned();
        let top_line = [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0];
        assert!(first.iter().zip(top_line).all(|(&value, expected)| value == expected));
    }
}
