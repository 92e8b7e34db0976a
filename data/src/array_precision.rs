//! Compares the values of an array with the `f32` that they are rounded to.

use std::path::{Path, PathBuf};

use crate::{
    check::column_label,
    element::{ByteOrder, Element, Number},
    head::Head,
    notes::Notes,
    precision::{Exact, Precision},
};

/// The largest number of features that are compared one by one. More of them, and those of images and series, are
/// compared together.
const MAX_FEATURES: usize = 1 << 16;

/// Finds the features of an array whose distinct values become equal.
#[derive(Debug)]
pub(crate) struct ArrayPrecision {
    path: PathBuf,
    element: Element,
    features: usize,
    /// The notes before any value is read.
    opening_notes: Notes,
    precision: Precision,
    is_per_feature: bool,
}

impl ArrayPrecision {
    /// Returns `None` if `f32` has all values of the type.
    pub(crate) fn of(path: &Path, head: &Head, element: Element) -> Option<Self> {
        let is_rounded = match element.number {
            Number::Bool | Number::U8 | Number::I8 | Number::U16 | Number::I16 => false,
            Number::BF16 | Number::F16 | Number::F32 => false,
            Number::U32 | Number::I32 | Number::U64 | Number::I64 | Number::F64 => true,
        };
        let features = head.sample_shape.iter().product();
        let is_per_feature = head.sample_shape.len() == 1 && features <= MAX_FEATURES;
        let precision = if is_per_feature { Precision::new(features) } else { Precision::of_all() };
        let (path, opening_notes) = (path.to_owned(), head.notes.clone());
        is_rounded.then_some(ArrayPrecision { path, element, features, opening_notes, precision, is_per_feature })
    }

    /// Takes consecutive values in row-major order. `first` is the index in the array of the first one, `bytes` are the
    /// values in the file, and `rounded` are the same values as `f32`.
    pub(crate) fn add(&mut self, first: usize, bytes: &[u8], rounded: &[f32]) {
        let mut feature = first % self.features.max(1);
        for (bytes, &rounded) in bytes.chunks_exact(self.element.size()).zip(rounded) {
            self.add_value(feature, bytes, rounded);
            feature = if feature + 1 == self.features { 0 } else { feature + 1 };
        }
    }

    /// Takes values of one feature.
    pub(crate) fn add_feature(&mut self, feature: usize, bytes: &[u8], rounded: &[f32]) {
        for (bytes, &rounded) in bytes.chunks_exact(self.element.size()).zip(rounded) {
            self.add_value(feature, bytes, rounded);
        }
    }

    #[inline]
    fn add_value(&mut self, feature: usize, bytes: &[u8], rounded: f32) {
        if self.precision.add(feature, rounded)
            && let Some(exact) = exact(self.element, bytes)
        {
            self.precision.add_exact(feature, exact, rounded);
        }
    }

    /// Returns the notes of the array, with what was found so far.
    pub(crate) fn notes(&self) -> Notes {
        let name = |feature| match self.is_per_feature {
            true => format!("column {}", column_label(feature, None)),
            false => "the samples".to_owned(),
        };
        let mut notes = self.opening_notes.clone();
        notes.extend(self.precision.array_note(self.path.display(), name));
        notes
    }
}

/// Returns a value before it is rounded.
#[cold]
fn exact(element: Element, bytes: &[u8]) -> Option<Exact> {
    if element.number == Number::F64 {
        let &bytes = bytes.first_chunk()?;
        return Some(Exact::Float(match element.order {
            ByteOrder::Little => f64::from_le_bytes(bytes),
            ByteOrder::Big => f64::from_be_bytes(bytes),
        }));
    }
    element.integer(bytes, 0).map(Exact::Integer)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use ndarray::{Array2, array};
    use ndarray_npy::{WritableElement, WriteNpyExt};
    use zip::{ZipWriter, write::SimpleFileOptions};

    use crate::{LoadOptions, load, stream};

    /// The texts of the notes of an array, which are the same in row-major, column-major and compressed files, in
    /// memory and in a stream.
    fn notes<T: WritableElement + Clone>(array: Array2<T>) -> Vec<String> {
        let npy = |array: &Array2<T>| {
            let mut bytes = Vec::new();
            array.write_npy(&mut bytes).expect("written to memory");
            bytes
        };
        let mut columns = Array2::from_shape_vec((array.ncols(), array.nrows()), array.t().iter().cloned().collect())
            .expect("as many values");
        columns.swap_axes(0, 1);
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("x.npy", SimpleFileOptions::default()).expect("a name");
        archive.write_all(&npy(&array)).expect("written to memory");
        let archive = archive.finish().expect("written to memory").into_inner();
        let folder = tempfile::tempdir().expect("a folder");
        let mut all = Vec::new();
        for (name, bytes) in [("rows.npy", npy(&array)), ("columns.npy", npy(&columns)), ("x.npz", archive)] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            let (spec, options) = (path.to_string_lossy().into_owned(), LoadOptions::default());
            let loaded = load(&spec, &options).expect(name).notes;
            let mut stream = stream(&spec, &options).expect(name).train;
            while stream.next(2, None).expect(name).is_some() {}
            for notes in [&loaded, &stream.notes()] {
                all.push(notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>());
            }
        }
        assert!(all.iter().all(|texts| *texts == all[0]), "{all:?}");
        all.swap_remove(0)
    }

    #[test]
    fn columns_of_an_array_that_lose_distinct_values_are_named_in_every_layout() {
        let found = notes(array![[1i64, 16_777_216], [2, 16_777_217], [3, 5]]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("in column 1 (counted from 0) (16777217 becomes 16777216); subtract an offset"),
            "{found:?}"
        );
        assert!(found[0].ends_with("before"), "{found:?}");
        let found = notes(array![[20_000.001f64], [20_000.002], [20_000.003]]);
        assert!(found[0].contains("in column 0 (counted from 0) (20000.00"), "{found:?}");
        assert_eq!(notes(array![[0.1f64], [0.2], [0.3]]), [""; 0]);
        assert_eq!(notes(array![[1i32, 2], [3, 4]]), [""; 0]);
    }
}
