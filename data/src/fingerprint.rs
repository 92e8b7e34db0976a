//! The fingerprint of a data set: a SHA-256 of everything that a model can learn from.

use sha2::{Digest, Sha256};

use crate::{
    dataset::{Dataset, Part},
    error::DataError,
    row::Row,
};

/// A version of the layout below. Change it with the layout, so that fingerprints of two layouts always differ.
const LAYOUT: &[u8] = b"narrows data 1\n";
/// The number of bytes per update of the hash.
const BLOCK: usize = 1 << 16;

impl Dataset {
    /// Returns the SHA-256, in lower-case hexadecimal, of the shape, element type, values and labels of the training
    /// and the test part, and of the validation part if there is one. The names of the data set and its classes, and
    /// the range, are not included.
    ///
    /// The hashed bytes, with every integer little-endian and counts as `u64`:
    /// - `narrows data 1` and a line feed;
    /// - the rank of a sample, then its sizes;
    /// - for a mixed table, `table` and a line feed, then its schema as JSON and a line feed;
    /// - the training part, then the test part: one byte, 0 if the part does not exist, otherwise 1 and
    ///   - the element type, one byte: 1 for `u8`, 2 for `f32`;
    ///   - the number of rows, then the values row by row (`f32` as its four bytes); for windows of a recording instead
    ///     the byte 3, the element type, the number of time steps, their values, and for each window its first step;
    ///   - one byte, 0 if there are no labels, otherwise 1 and each label as `u32`;
    /// - the validation part in the same way, only if there is one.
    ///
    /// # Errors
    /// [`DataError`] if the rows are in a file that can no longer be read.
    pub fn fingerprint(&self) -> Result<String, DataError> {
        let mut hash = Sha256::new();
        hash.update(LAYOUT);
        add_count(&mut hash, self.sample_shape.len());
        for &size in &self.sample_shape {
            add_count(&mut hash, size);
        }
        if let Some(schema) = &self.table {
            hash.update(b"table\n");
            hash.update(serde_json::to_vec(schema).unwrap_or_default());
            hash.update(b"\n");
        }
        for part in [Some(&self.train), self.test.as_ref()] {
            match part {
                None => hash.update([0]),
                Some(part) => {
                    hash.update([1]);
                    add_part(&mut hash, part)?;
                }
            }
        }
        if let Some(part) = &self.valid {
            hash.update([1]);
            add_part(&mut hash, part)?;
        }
        Ok(hex(&hash.finalize()))
    }
}

/// Formats bytes as hexadecimal, two lower-case digits per byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn add_part(hash: &mut Sha256, part: &Part) -> Result<(), DataError> {
    let values = &part.values;
    let element = if values.is_bytes() { 1 } else { 2 };
    match values.windows() {
        Some(windows) => {
            hash.update([3, element]);
            add_count(hash, windows.counts().steps);
            add_rows(hash, |each| windows.visit_recording(|_, row| each(row)))?;
            add_count(hash, windows.rows());
            (0..windows.rows()).for_each(|row| add_count(hash, windows.steps_of(row).start));
        }
        None => {
            hash.update([element]);
            add_count(hash, values.rows());
            add_rows(hash, |each| values.visit(0..values.rows(), |_, row| each(row)))?;
        }
    }
    match &part.labels {
        None => hash.update([0]),
        Some(labels) => {
            hash.update([1]);
            let bytes: Vec<u8> = labels.iter().flat_map(|label| label.to_le_bytes()).collect();
            hash.update(&bytes);
        }
    }
    Ok(())
}

/// Adds the values of all rows that `visit` visits.
fn add_rows(
    hash: &mut Sha256,
    visit: impl FnOnce(&mut dyn FnMut(Row<'_>)) -> Result<(), DataError>,
) -> Result<(), DataError> {
    // One update per short row would cost more than the hashing itself.
    let mut block = Vec::with_capacity(2 * BLOCK);
    visit(&mut |row| {
        match row {
            Row::U8(row) => block.extend_from_slice(row),
            Row::F32(row) => block.extend(row.iter().flat_map(|value| value.to_le_bytes())),
        }
        if block.len() >= BLOCK {
            hash.update(&block);
            block.clear();
        }
    })?;
    hash.update(&block);
    Ok(())
}

fn add_count(hash: &mut Sha256, count: usize) {
    hash.update((count as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::{sample_kind::SampleKind, values::Values};

    fn dataset() -> Dataset {
        Dataset {
            name: "small".to_owned(),
            sample_shape: vec![2],
            sample_kind: SampleKind::default(),
            date_columns: None,
            table: None,
            notes: crate::Notes::default(),
            range: (0.0, 255.0),
            columns: None,
            fill: None,
            train: Part { values: Values::U8(array![[1, 2], [3, 4]]), labels: Some(vec![0, 1]) },
            valid: None,
            test: None,
            classes: None,
        }
    }

    #[test]
    fn fingerprint_hashes_the_stated_layout() {
        let mut bytes = LAYOUT.to_vec();
        bytes.extend_from_slice(&1u64.to_le_bytes());
        bytes.extend_from_slice(&2u64.to_le_bytes());
        bytes.extend_from_slice(&[1, 1]);
        bytes.extend_from_slice(&2u64.to_le_bytes());
        bytes.extend_from_slice(&[1, 2, 3, 4]);
        bytes.extend_from_slice(&[1, 0, 0, 0, 0, 1, 0, 0, 0]);
        bytes.push(0);
        assert_eq!(dataset().fingerprint().expect("in memory"), hex(&Sha256::digest(&bytes)));
    }

    #[test]
    fn fingerprint_changes_with_shape_type_values_labels_and_parts() {
        type Change = fn(&mut Dataset);
        let changes: [(&str, Change); 7] = [
            ("value", |d| d.train.values = Values::U8(array![[1, 2], [3, 5]])),
            ("type", |d| d.train.values = Values::F32(array![[1.0, 2.0], [3.0, 4.0]])),
            ("label", |d| d.train.labels = Some(vec![1, 1])),
            ("no labels", |d| d.train.labels = None),
            ("shape", |d| d.sample_shape = vec![2, 1]),
            ("validation part", |d| d.valid = Some(d.train.clone())),
            ("test part", |d| d.test = Some(d.train.clone())),
        ];
        for (changed, change) in changes {
            let mut other = dataset();
            change(&mut other);
            assert_ne!(
                other.fingerprint().expect("in memory"),
                dataset().fingerprint().expect("in memory"),
                "{changed}"
            );
        }
    }

    #[test]
    fn fingerprint_ignores_names_and_memory_order() {
        let mut other = dataset();
        other.name = "other".to_owned();
        let columns_first = Array2::from_shape_vec((2, 2), vec![1, 3, 2, 4]).expect("four values");
        other.train.values = Values::U8(columns_first.reversed_axes());
        assert_eq!(other.fingerprint().expect("in memory"), dataset().fingerprint().expect("in memory"));
    }
}
