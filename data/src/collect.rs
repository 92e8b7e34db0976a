//! A part of a source, read: in memory as far as it fits, else on disk.

use std::path::{Path, PathBuf};

use crate::{
    check::check_numbers,
    error::DataError,
    file_rows::FileRows,
    finite::Reach,
    found::OpenPart,
    head::Head,
    in_memory::matrix,
    labels::{Labels, check_count},
    missing::Fill,
    reader::{Opened, Reader},
    reading::{LoadOptions, Missing},
    spool::Spool,
    values::Values,
};

/// Numbers that a reader is asked for at a time.
const CHUNK: usize = 1 << 18;

/// A part that was read, as it was found.
pub(crate) struct Collected {
    pub(crate) path: PathBuf,
    pub(crate) head: Head,
    pub(crate) values: Values,
    pub(crate) labels: Option<Labels>,
}

impl Collected {
    /// Refuses samples that are not as those of the training part.
    pub(crate) fn check_like(&self, sample_shape: &[usize], is_bytes: bool) -> Result<(), DataError> {
        let path = || self.path.clone();
        if self.head.sample_shape != sample_shape {
            let (expected, found) = (sample_shape.to_vec(), self.head.sample_shape.clone());
            return Err(DataError::SampleShape { path: path(), expected, found });
        }
        if self.head.is_bytes != is_bytes {
            let name = |is_bytes| if is_bytes { "bytes" } else { "floats" };
            let (expected, found) = (name(is_bytes), name(self.head.is_bytes));
            return Err(DataError::SampleType { path: path(), expected, found });
        }
        Ok(())
    }

    /// Fills in or drops what is missing.
    pub(crate) fn treat(&mut self, fill: Option<&Fill>) -> Result<(), DataError> {
        let Some(fill) = fill else { return Ok(()) };
        let kept = fill.treat(&self.path, &mut self.values)?;
        if let (Some(kept), Some(labels)) = (kept, &self.labels) {
            self.labels = Some(labels.select(&kept));
        }
        Ok(())
    }
}

/// Reads a part, and checks it.
pub(crate) fn collect(part: OpenPart, options: &LoadOptions) -> Result<Collected, DataError> {
    let OpenPart { path, opened, labels } = part;
    let (head, values, own_labels) = match opened {
        Opened::Rows(mut head, rows) => {
            let values = rows_of(&path, &mut head, rows, options)?;
            (head, values, None)
        }
        Opened::Reader(mut reader) => gather(&path, reader.as_mut(), options)?,
    };
    if let Some(labels) = &labels {
        check_count(&path, values.rows(), labels.len())?;
    }
    Ok(Collected { path, head, values, labels: labels.or(own_labels) })
}

/// Rows that lie in a file: read, or left there if they are too many; checked and measured in the same pass.
fn rows_of(path: &Path, head: &mut Head, rows: FileRows, options: &LoadOptions) -> Result<Values, DataError> {
    let missing = options.reading.missing.unwrap_or_default();
    let (features, columns, mut reach) = (rows.features(), head.columns.as_deref(), Reach::new());
    let look = |first: usize, numbers: &[f32]| {
        check_numbers(path, first, numbers, features, columns, missing)?;
        reach.add(numbers);
        Ok(())
    };
    let values = if rows.size_in_memory() > options.limits.memory.0 {
        rows.look_at_all(look)?;
        Values::OnDisk(rows)
    } else {
        rows.read_all(look)?.into()
    };
    // Where rows may be dropped or filled in, the range is that of what they become.
    if missing == Missing::Refuse && !values.is_bytes() {
        head.range = Some(reach.ends());
    }
    Ok(values)
}

/// Everything that a reader gives: in memory, or in a temporary file once that is too much.
fn gather(
    path: &Path,
    reader: &mut dyn Reader,
    options: &LoadOptions,
) -> Result<(Head, Values, Option<Labels>), DataError> {
    let head = reader.head().clone();
    let features: usize = head.sample_shape.iter().product();
    let rows = (CHUNK / features.max(1)).max(1);
    let (mut bytes, mut floats): (Vec<u8>, Vec<f32>) = (Vec::new(), Vec::new());
    let mut labels: Option<Labels> = None;
    let expected = head.rows.map(|rows| rows.saturating_mul(features));
    let width = if head.is_bytes { 1 } else { size_of::<f32>() };
    let is_too_much = |numbers: usize| (numbers as u64).saturating_mul(width as u64) > options.limits.memory.0;
    let mut spool = match expected {
        Some(numbers) if is_too_much(numbers) => Some(Spool::new(path, head.is_bytes, features)?),
        Some(_) | None => None,
    };
    while let Some(chunk) = reader.next(rows)? {
        match (&mut labels, chunk.labels) {
            (Some(labels), Some(more)) => labels.append(more),
            (none @ None, more) => *none = more,
            (Some(_), None) => {}
        }
        if let Some(spool) = &mut spool {
            spool.add(&chunk.values)?;
            continue;
        }
        match chunk.values {
            Values::U8(values) => bytes.extend(values.iter()),
            Values::F32(values) => floats.extend(values.iter()),
            on_disk @ Values::OnDisk(_) => {
                on_disk.visit(0..on_disk.rows(), |_, row| floats.extend(row.floats()))?;
            }
        }
        if is_too_much(bytes.len() + floats.len()) {
            let mut begun = Spool::new(path, head.is_bytes, features)?;
            begun.add(&in_memory(&head, std::mem::take(&mut bytes), std::mem::take(&mut floats)))?;
            spool = Some(begun);
        }
    }
    let values = match spool {
        Some(spool) => Values::OnDisk(spool.finish()?),
        None if bytes.is_empty() && floats.is_empty() => return Err(DataError::NoRows { path: path.to_owned() }),
        None => {
            bytes.shrink_to_fit();
            floats.shrink_to_fit();
            in_memory(&head, bytes, floats)
        }
    };
    Ok((reader.head().clone(), values, labels))
}

fn in_memory(head: &Head, bytes: Vec<u8>, floats: Vec<f32>) -> Values {
    let features = head.sample_shape.iter().product();
    if head.is_bytes { Values::U8(matrix(bytes, features)) } else { Values::F32(matrix(floats, features)) }
}
