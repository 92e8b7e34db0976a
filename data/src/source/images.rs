//! A folder of images, or a single one, each a sample of shape `[height, width, channels]`.
//!
//! Images are PNG, JPEG, WebP, BMP, GIF or TIFF. The name of a subfolder is the class of its images. Samples have 1
//! channel (grey) or 3 channels (red, green, blue), and 8 or 16 bits per channel, like the first image. Values of 16
//! bits are floats from 0 to 65535. The alpha channel is dropped without blending, the EXIF orientation is applied, and
//! only the first frame of an animation is used.

mod changes;
mod decoder;
mod jpeg;
mod listing;
mod picture;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use arrow_array::{ArrayRef, RecordBatch, StringArray};

use crate::{
    chunk::Chunk,
    error::DataError,
    head::{Head, Roles},
    in_memory::matrix,
    labels::Labels,
    notes::Notes,
    reader::{Opened, Reader},
    reading::{Depth, LoadOptions},
    values::Values,
};

pub(crate) use changes::Changes;
pub(crate) use decoder::Target;
use decoder::{bytes, floats};
pub(super) use listing::is_image;
use listing::{Listing, list};
pub(crate) use picture::Picture;

/// Opens a folder of images, or a single image. Reads the header of the first image.
pub(crate) fn open(path: &Path, options: &LoadOptions) -> Result<Opened, DataError> {
    let listing = if path.is_dir() { list(path)? } else { Listing::single(path) };
    let first = listing.path(0).ok_or_else(|| DataError::NoImages { folder: path.to_owned(), others: 0 })?;
    let target = Target::of(Picture { path: &first, bytes: None }, &options.reading)?;
    let form = target.form;
    let mut notes = Notes::default();
    notes.extend(listing.note());
    let head = Head {
        sample_shape: form.shape(),
        is_bytes: form.depth == Depth::Eight,
        range: Some(form.depth.range()),
        columns: None,
        rows: Some(listing.len()),
        has_labels: listing.has_classes(),
        roles: Roles::default(),
        date_columns: None,
        table: None,
        notes,
    };
    let opening_notes = head.notes.clone();
    let changes = Changes::default();
    let folder = path.to_owned();
    Ok(Opened::Reader(Box::new(Images { folder, head, opening_notes, changes, listing, target, next: 0 })))
}

/// Reads images, and decodes them on demand.
struct Images {
    folder: PathBuf,
    head: Head,
    /// The notes before any image is decoded.
    opening_notes: Notes,
    changes: Changes,
    listing: Listing,
    target: Target,
    /// The next image to return.
    next: usize,
}

impl Reader for Images {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError> {
        let rows = self.next..self.listing.len().min(self.next.saturating_add(max_rows.max(1)));
        if rows.is_empty() {
            return Ok(None);
        }
        self.next = rows.end;
        let features: usize = self.head.sample_shape.iter().product();
        let paths: Vec<PathBuf> = rows.clone().filter_map(|row| self.listing.path(row)).collect();
        let pictures: Vec<_> = paths.iter().map(|path| Picture { path, bytes: None }).collect();
        let (values, changes) = decode(&pictures, features, &self.target)?;
        self.changes.add(changes);
        self.head.notes = self.opening_notes.clone();
        self.head.notes.extend(self.changes.notes(&self.folder));

        let files: ArrayRef = Arc::new(StringArray::from_iter_values(rows.clone().map(|row| self.listing.name(row))));
        let labels = self.listing.has_classes().then(|| rows.map(|row| self.listing.class(row)).collect::<Vec<_>>());
        let column = |labels: &Vec<String>| -> ArrayRef { Arc::new(StringArray::from_iter_values(labels)) };
        let columns = [("file", files)].into_iter().chain(labels.as_ref().map(|labels| ("label", column(labels))));
        let others = RecordBatch::try_from_iter(columns).map_err(DataError::column)?;
        Ok(Some(Chunk { values, labels: labels.map(Labels::Text), others: Some(others), recorded: None }))
    }
}

/// Decodes images, and returns their pixels and what was changed.
pub(crate) fn decode(pictures: &[Picture], features: usize, target: &Target) -> Result<(Values, Changes), DataError> {
    Ok(match target.form.depth {
        Depth::Eight => {
            let (bytes, changes) = decode_all(pictures, features, |picture| bytes(picture, target))?;
            (Values::U8(matrix(bytes, features)), changes)
        }
        Depth::Sixteen => {
            let (floats, changes) = decode_all(pictures, features, |picture| floats(picture, target))?;
            (Values::F32(matrix(floats, features)), changes)
        }
    })
}

/// Decodes images in parallel, and returns their pixels, concatenated, and what was changed.
fn decode_all<T: Copy + Default + Send>(
    pictures: &[Picture],
    features: usize,
    pixels: impl Fn(Picture) -> Result<(Vec<T>, Changes), DataError> + Sync,
) -> Result<(Vec<T>, Changes), DataError> {
    /// A limit, because each thread may hold an image in memory.
    const MAX_THREADS: usize = 8;
    let mut all = vec![T::default(); pictures.len() * features];
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let images_per_thread = pictures.len().div_ceil(threads).max(1);
    let fill = |pictures: &[Picture], all: &mut [T]| -> Result<Changes, DataError> {
        let mut changes = Changes::default();
        for (&picture, into) in pictures.iter().zip(all.chunks_mut(features)) {
            let (pixels, more) = pixels(picture)?;
            into.copy_from_slice(&pixels);
            changes.add(more);
        }
        Ok(changes)
    };
    let work = pictures.chunks(images_per_thread).zip(all.chunks_mut(images_per_thread * features)).enumerate();
    let work = Mutex::new(work);
    let next = || work.lock().unwrap_or_else(PoisonError::into_inner).next();
    let fill_pieces = || {
        let pieces = std::iter::from_fn(next).map(|(piece, (pictures, all))| (piece, fill(pictures, all)));
        pieces.collect::<Vec<_>>()
    };
    let mut outcomes = thread::scope(|scope| {
        // If the system cannot start more threads, the existing ones do the work.
        let start = |_| thread::Builder::new().spawn_scoped(scope, fill_pieces).ok();
        let helpers: Vec<_> = (1..threads).map_while(start).collect();
        let mut outcomes = fill_pieces();
        for helper in helpers {
            outcomes.extend(helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        outcomes
    });
    // The error of the first image is that of the whole, whichever thread was faster.
    outcomes.sort_by_key(|(piece, _)| *piece);
    let changes = outcomes.into_iter().map(|(_, outcome)| outcome).collect::<Result<Vec<Changes>, DataError>>()?;
    let mut total = Changes::default();
    changes.into_iter().for_each(|changes| total.add(changes));
    Ok((all, total))
}

#[cfg(test)]
mod tests;
