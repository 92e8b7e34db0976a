//! From the words a person writes for data to the reader that understands them.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::{
    csv,
    dataset::{Dataset, Part, Values},
    digits,
    error::DataError,
    folder, idx, labels,
    labels::Labels,
    npy,
    sets::{self, KnownSet},
};

/// What goes with a data argument.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    /// A file with one label a row: a .npy of integers, a .csv of one column, or an IDX file.
    pub labels: Option<PathBuf>,
    /// The column of a .csv file that holds labels: its number, from 0, or its name in the header.
    pub label_column: Option<String>,
    /// The folder under which `data/sets/<name>/` is looked for; the working directory by default.
    pub sets: Option<PathBuf>,
}

/// Loads `digits`, `mnist`, `fashion-mnist`, or the file or folder of that path.
///
/// A name goes before a file of the same name; write `./digits` for the file. Files:
/// - `.csv`: finite numbers, a sample a line, with or without a header;
/// - `.npy`: `[rows, ...sample shape]` of `u8`, `f32` or `f64` (narrowed to `f32`);
/// - an IDX file of bytes, raw or gzipped, whatever its name;
/// - a folder with the four IDX files of an MNIST-like set; those of the test part may be missing.
///
/// # Errors
///
/// A [`DataError`] that names the file and the place in it: for what cannot be read or is
/// malformed, for an empty file, for a value that is not finite, for labels that do not match the
/// rows, and for an option that the source has no use for.
pub fn load(spec: &str, options: &LoadOptions) -> Result<Dataset, DataError> {
    let source = Source::parse(spec)?;
    check_options(spec, &source, options)?;
    match source {
        Source::Digits => Ok(digits::load()),
        Source::Set(set) => sets::load(set, options.sets.as_deref().unwrap_or(Path::new("."))),
        Source::Folder(path) => folder::assemble(name_of(&path), folder::read(&path)?),
        Source::Csv(path) => {
            let table = csv::read(&path, options.label_column.as_deref())?;
            let sample_shape = vec![table.values.ncols()];
            single(&path, Values::F32(table.values), sample_shape, table.labels, options)
        }
        Source::Npy(path) => {
            let (values, sample_shape) = npy::read(&path)?;
            single(&path, values, sample_shape, None, options)
        }
        Source::Idx(path) => {
            let (values, sample_shape) = idx::read(&path)?.into_samples(&path)?;
            single(&path, values, sample_shape, None, options)
        }
    }
}

/// Whether this is the name of a set, which goes before a file or folder of the same name.
pub fn is_known(spec: &str) -> bool {
    spec == "digits" || sets::named(spec).is_some()
}

enum Source {
    Digits,
    Set(&'static KnownSet),
    Folder(PathBuf),
    Csv(PathBuf),
    Npy(PathBuf),
    Idx(PathBuf),
}

impl Source {
    fn parse(spec: &str) -> Result<Self, DataError> {
        if spec == "digits" {
            return Ok(Self::Digits);
        }
        if let Some(set) = sets::named(spec) {
            return Ok(Self::Set(set));
        }
        let path = PathBuf::from(spec);
        let metadata = path.metadata().map_err(|source| match source.kind() {
            ErrorKind::NotFound => DataError::NotFound { spec: spec.to_owned() },
            _ => DataError::Io { path: path.clone(), source },
        })?;
        if metadata.is_dir() {
            return Ok(Self::Folder(path));
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Ok(Self::Csv(path)),
            Some("npy") => Ok(Self::Npy(path)),
            _ if idx::begins_like_idx(&path)? => Ok(Self::Idx(path)),
            _ => Err(DataError::UnknownFormat { path }),
        }
    }
}

/// An option that would be ignored is refused: whoever gave it expects it to matter.
fn check_options(spec: &str, source: &Source, options: &LoadOptions) -> Result<(), DataError> {
    let has_labels = match source {
        Source::Digits | Source::Set(_) | Source::Folder(_) => true,
        Source::Csv(_) => options.label_column.is_some(),
        Source::Npy(_) | Source::Idx(_) => false,
    };
    if let (false, Some(column)) = (matches!(source, Source::Csv(_)), &options.label_column) {
        let (spec, column) = (spec.to_owned(), column.clone());
        return Err(DataError::LabelColumnUnused { column, spec });
    }
    match &options.labels {
        Some(path) if has_labels => Err(DataError::LabelsTwice { spec: spec.to_owned(), path: path.clone() }),
        Some(_) | None => Ok(()),
    }
}

/// A data set out of one file: no test part, and labels from a file of their own if one is given.
fn single(
    path: &Path,
    values: Values,
    sample_shape: Vec<usize>,
    own_labels: Option<Labels>,
    options: &LoadOptions,
) -> Result<Dataset, DataError> {
    let labels = match &options.labels {
        Some(file) => Some(labels::read(file, values.rows())?),
        None => own_labels,
    };
    let (labels, classes) = labels.map(Labels::numbered).unzip();
    Ok(Dataset {
        name: name_of(path),
        sample_shape,
        range: values.range(),
        train: Part { values, labels },
        test: None,
        classes,
    })
}

/// The last part of a path without its extension, or `data` where it has none (`.`).
fn name_of(path: &Path) -> String {
    let path = match path.extension() {
        Some(extension) if extension == "gz" => path.with_extension(""),
        Some(_) | None => path.to_owned(),
    };
    let stem = if path.is_dir() { path.file_name() } else { path.file_stem() };
    stem.map_or_else(|| "data".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use tempfile::TempDir;

    use super::*;

    fn write(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path.into_os_string().into_string().expect("a path of text")
    }

    #[test]
    fn digits_need_no_file() {
        let digits = load("digits", &LoadOptions::default()).expect("embedded");
        assert_eq!(digits.name, "digits");
    }

    #[test]
    fn csv_gives_one_part_with_its_name_range_and_classes() {
        let folder = TempDir::new().expect("a folder");
        let spec = write(&folder, "Iris.CSV", "a,b,kind\n1,-2.5,x\n3,4,y\n");
        let options = LoadOptions { label_column: Some("kind".to_owned()), ..Default::default() };
        let table = load(&spec, &options).expect("a table");
        assert_eq!((table.name.as_str(), table.range), ("Iris", (-2.5, 4.0)));
        assert_eq!(table.sample_shape, [2]);
        assert_eq!(table.train.labels, Some(vec![0, 1]));
        assert_eq!(table.classes, Some(vec!["x".to_owned(), "y".to_owned()]));
        assert_eq!(table.test, None);
    }

    #[test]
    fn labels_of_a_single_file_come_from_another() {
        let folder = TempDir::new().expect("a folder");
        let spec = write(&folder, "images.idx", idx::encode(&[2, 1, 2], &[1, 2, 3, 4]));
        let labels = write(&folder, "labels", idx::encode(&[2], &[8, 3]));
        let options = LoadOptions { labels: Some(labels.into()), ..Default::default() };
        let images = load(&spec, &options).expect("images");
        assert_eq!(images.train.values, Values::U8(array![[1, 2], [3, 4]]));
        assert_eq!(images.train.labels, Some(vec![1, 0]));
        assert_eq!(images.classes, Some(vec!["3".to_owned(), "8".to_owned()]));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_what_is() {
        let folder = TempDir::new().expect("a folder");
        let text = write(&folder, "notes.txt", "hello");
        let empty = write(&folder, "nothing", "");
        let nowhere = folder.path().to_str().expect("a path of text");
        let cases = [
            (text.as_str(), "is of no known format; expected digits, mnist"),
            (empty.as_str(), "is empty"),
            ("missing.csv", "no file or folder has that path; expected digits, mnist"),
            (nowhere, "has no train-images-idx3-ubyte"),
        ];
        for (spec, expected) in cases {
            let message = load(spec, &LoadOptions::default()).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }

    #[test]
    fn options_that_a_source_cannot_use_are_refused() {
        let folder = TempDir::new().expect("a folder");
        let spec = write(&folder, "table.csv", "1,2\n");
        let column = LoadOptions { label_column: Some("1".to_owned()), ..Default::default() };
        let file = LoadOptions { labels: Some("labels.npy".into()), ..Default::default() };
        let both = LoadOptions { labels: file.labels.clone(), ..column.clone() };
        let cases = [
            ("digits", &column, "is for .csv files, and `digits` is none"),
            ("digits", &file, "`digits` has labels already, so labels.npy cannot"),
            (spec.as_str(), &both, "has labels already"),
        ];
        for (spec, options, expected) in cases {
            let message = load(spec, options).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }

    #[test]
    fn names_are_those_of_files_without_extension() {
        for (path, name) in [("a/b.csv", "b"), ("x.idx3-ubyte.gz", "x"), (".", "data")] {
            assert_eq!(name_of(Path::new(path)), name);
        }
    }
}
