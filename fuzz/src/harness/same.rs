//! Checks that loading and streaming return the same rows.

use std::path::Path;

use narrows_data::{Chunk, DataError, Dataset, LoadOptions, Missing, Part, Stream, load, stream};
use tempfile::TempDir;

thread_local! {
    /// One folder per thread, because creating a folder takes longer than reading an input.
    static FOLDER: TempDir = tempfile::tempdir().expect("a temporary folder");
}

/// Calls `each` with a folder of this thread. It may contain files of earlier inputs.
pub(super) fn in_folder(each: impl FnOnce(&Path)) {
    FOLDER.with(|folder| each(folder.path()));
}

/// Loads and streams a source, and compares the results.
pub(super) fn check(spec: &str, folder: &Path, options: &LoadOptions, max_rows: usize) {
    let streamed = |fill: Option<&[f32]>| -> Result<(Rows, Option<Rows>), DataError> {
        let streams = stream(spec, options)?;
        let train = Rows::of(streams.train, max_rows, fill)?;
        Ok((train, streams.test.map(|test| Rows::of(test, max_rows, fill)).transpose()?))
    };
    match load(spec, options) {
        Ok(data) => {
            let (train, test) = streamed(data.fill.as_deref()).expect("data that can be loaded can be streamed");
            train.check(&data, &data.train, options);
            // Every row of a test part may have been dropped because of missing values.
            match (&data.test, test) {
                (Some(part), Some(test)) => test.check(&data, part, options),
                (None, None) => {}
                (part, test) => panic!("loaded a test part: {}, streamed: {}", part.is_some(), test.is_some()),
            }
        }
        Err(error) => {
            check_message(&error, folder);
            match (options.reading.missing.unwrap_or_default(), streamed(None)) {
                (_, Err(error)) => check_message(&error, folder),
                // Streams do not compute fills, and do not require that a row is left.
                (Missing::Mean | Missing::Median | Missing::Drop, Ok(_)) => {}
                (Missing::Refuse | Missing::Keep | Missing::Mask, Ok(_)) => {
                    panic!("can be streamed, but not loaded: {error}")
                }
            }
        }
    }
}

fn check_message(error: &DataError, folder: &Path) {
    let (message, folder) = (error.to_string(), folder.to_string_lossy());
    assert!(message.contains(&*folder), "the message does not name the file: {message} ({error:?})");
    assert!(message.len() < 4000 + 10 * folder.len(), "a message of {} bytes", message.len());
}

/// All rows of a stream.
struct Rows {
    values: Vec<f32>,
    rows: usize,
    shape: Vec<usize>,
    is_bytes: bool,
    labels: Option<Vec<String>>,
}

impl Rows {
    fn of(mut stream: Stream, max_rows: usize, fill: Option<&[f32]>) -> Result<Self, DataError> {
        let head = stream.head().clone();
        let mut all =
            Rows { values: Vec::new(), rows: 0, shape: head.sample_shape, is_bytes: head.is_bytes, labels: None };
        while let Some(Chunk { values, labels, others, recorded: _ }) = stream.next(max_rows, fill)? {
            let rows = values.rows();
            assert!((1..=max_rows).contains(&rows), "{rows} rows, expected 1 to {max_rows}");
            assert_eq!(values.features(), all.shape.iter().product::<usize>());
            assert_eq!(values.is_bytes(), all.is_bytes);
            assert!(labels.as_ref().is_none_or(|labels| labels.len() == rows), "one label per row");
            assert!(others.is_none_or(|others| others.num_rows() == rows), "one row of pass-through columns per row");
            values.visit(0..rows, |_, row| all.values.extend(row.floats()))?;
            all.rows += rows;
            if let Some(labels) = labels {
                all.labels.get_or_insert_default().extend((0..rows).map(|row| labels.name(row).into_owned()));
            }
        }
        assert_eq!(stream.read() - stream.dropped(), all.rows);
        assert!(head.rows.is_none_or(|rows| rows == stream.read()), "the declared number of rows");
        Ok(all)
    }

    fn check(&self, data: &Dataset, part: &Part, options: &LoadOptions) {
        assert_eq!((self.rows, &self.shape), (part.values.rows(), &data.sample_shape));
        assert_eq!(self.is_bytes, part.values.is_bytes());
        let may_miss = matches!(options.reading.missing, Some(Missing::Keep | Missing::Mask));
        let levels: Vec<Option<usize>> = match &data.table {
            Some(schema) => {
                assert_eq!(schema.check(), Ok(()));
                schema.cells().iter().map(|cell| cell.kind.levels()).collect()
            }
            None => vec![None; part.values.features()],
        };
        assert_eq!(levels.len(), part.values.features());
        let mut streamed = self.values.iter();
        part.values
            .visit(0..self.rows, |row, values| {
                for ((loaded, &streamed), levels) in values.floats().zip(&mut streamed).zip(&levels) {
                    let is_same = loaded == streamed || loaded.is_nan() && streamed.is_nan();
                    assert!(is_same, "row {row}: loaded {loaded}, streamed {streamed}");
                    assert!(loaded.is_finite() || loaded.is_nan() && may_miss, "row {row} contains {loaded}");
                    let is_level = |levels: usize| loaded.fract() == 0.0 && (0.0..=levels as f32).contains(&loaded);
                    assert!(loaded.is_nan() || levels.is_none_or(is_level), "row {row} contains the level {loaded}");
                }
            })
            .expect("readable a second time");
        assert_eq!(self.labels.is_some(), part.labels.is_some());
        let (Some(streamed), Some(loaded), Some(classes)) = (&self.labels, &part.labels, &data.classes) else { return };
        assert_eq!(streamed.len(), loaded.len());
        for (streamed, &loaded) in streamed.iter().zip(loaded) {
            let class = &classes[loaded as usize];
            let number = |label: &str| label.parse::<i64>().ok();
            // If all labels are integers, 07 and 7 are the same label.
            let is_same = streamed == class || number(streamed).is_some_and(|one| Some(one) == number(class));
            assert!(is_same, "loaded `{class}`, streamed `{streamed}`");
        }
    }
}
