//! A folder of images, each a sample of bytes of shape `[height, width, channels]`.
//!
//! Images are PNG, JPEG, WebP, BMP, GIF or TIFF. The name of a subfolder is the class of its images. Samples have 1
//! channel (grey) or 3 channels (red, green, blue), like the first image. The alpha channel is dropped without
//! blending. Depths of 16 bits are rounded to 8, the EXIF orientation is applied, and only the first frame of an
//! animation is used.

mod changes;
mod decoder;
mod jpeg;
mod listing;
mod picture;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
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
    reading::{Channels, LoadOptions, Reading},
    values::Values,
};

pub(crate) use changes::Changes;
use decoder::pixels;
pub(crate) use decoder::{Form, Target, form_of};
use listing::{Listing, list};
pub(crate) use picture::Picture;

/// Lists the folder and reads the header of its first image.
pub(crate) fn open(path: &Path, options: &LoadOptions) -> Result<Opened, DataError> {
    let listing = list(path)?;
    let Reading { resize, channels, .. } = options.reading;
    let first = listing.path(0).ok_or_else(|| DataError::NoImages { folder: path.to_owned(), others: 0 })?;
    let form = match (resize, channels) {
        (Some(size), Some(channels)) => Form { size, channels },
        _ => {
            let own = form_of(Picture { path: &first, bytes: None })?;
            Form { size: resize.unwrap_or(own.size), channels: channels.unwrap_or(own.channels) }
        }
    };
    let mut notes = Notes::default();
    notes.extend(listing.note());
    let head = Head {
        sample_shape: vec![form.size.height as usize, form.size.width as usize, depth(form.channels)],
        is_bytes: true,
        range: Some((0.0, 255.0)),
        columns: None,
        rows: Some(listing.len()),
        has_labels: listing.has_classes(),
        roles: Roles::default(),
        notes,
    };
    let target = Target { form, first, resizes: resize.is_some(), converts: channels.is_some() };
    let opening_notes = head.notes.clone();
    let changes = Changes::default();
    let folder = path.to_owned();
    Ok(Opened::Reader(Box::new(Images { folder, head, opening_notes, changes, listing, target, next: 0 })))
}

/// Returns the number of channels of a pixel.
pub(crate) fn depth(channels: Channels) -> usize {
    match channels {
        Channels::Grey => 1,
        Channels::Rgb => 3,
    }
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
        let (bytes, changes) = decode(&pictures, features, &self.target)?;
        let values = Values::U8(matrix(bytes, features));
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

/// Decodes images in parallel, and returns their pixels, concatenated, and what was changed.
pub(crate) fn decode(pictures: &[Picture], features: usize, target: &Target) -> Result<(Vec<u8>, Changes), DataError> {
    /// A limit, because each thread may hold an image in memory.
    const MAX_THREADS: usize = 8;
    let mut bytes = vec![0; pictures.len() * features];
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let images_per_thread = pictures.len().div_ceil(threads).max(1);
    let fill = |pictures: &[Picture], bytes: &mut [u8]| -> Result<Changes, DataError> {
        let mut changes = Changes::default();
        for (&picture, into) in pictures.iter().zip(bytes.chunks_mut(features)) {
            let (pixels, more) = pixels(picture, target)?;
            into.copy_from_slice(&pixels);
            changes.add(more);
        }
        Ok(changes)
    };
    let work = pictures.chunks(images_per_thread).zip(bytes.chunks_mut(images_per_thread * features));
    let changes = thread::scope(|scope| {
        let threads: Vec<_> = work.map(|(pictures, bytes)| scope.spawn(move || fill(pictures, bytes))).collect();
        let outcomes = threads.into_iter().map(|thread| match thread.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        outcomes.collect::<Vec<_>>().into_iter().collect::<Result<Vec<Changes>, DataError>>()
    })?;
    let mut all = Changes::default();
    changes.into_iter().for_each(|changes| all.add(changes));
    Ok((bytes, all))
}

#[cfg(test)]
mod tests;
