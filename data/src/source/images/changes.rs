//! What was lost or changed when images were decoded.

use std::path::Path;

use image::DynamicImage;

use crate::{
    counted::counted,
    notes::{Note, NoteCode},
};

/// The number of images that lost something.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changes {
    /// Images with 16 bits per channel or more.
    pub(super) deep: usize,
    /// The largest value of these, of 65,535.
    pub(super) largest: u16,
    /// Images with pixels that are not opaque.
    pub(super) clear: usize,
    /// Images that their metadata rotates or mirrors.
    pub(super) turned: usize,
    /// Images with more than one frame.
    pub(super) animated: usize,
}

impl Changes {
    /// Adds what the conversion of an image to bytes without transparency loses.
    pub(super) fn add_image(&mut self, image: &DynamicImage) {
        let color = image.color();
        if color.bytes_per_pixel() > color.channel_count() {
            let values = image.to_rgb16();
            self.deep += 1;
            self.largest = self.largest.max(values.iter().copied().max().unwrap_or(0));
        }
        if color.has_alpha() {
            self.clear += usize::from(image.to_rgba8().pixels().any(|pixel| pixel.0[3] != u8::MAX));
        }
    }

    pub(crate) fn add(&mut self, more: Changes) {
        self.deep += more.deep;
        self.largest = self.largest.max(more.largest);
        self.clear += more.clear;
        self.turned += more.turned;
        self.animated += more.animated;
    }

    /// Describes the changes.
    pub(crate) fn notes(&self, place: &Path) -> Vec<Note> {
        let images = |count: usize| counted(count, "image");
        let levels = usize::from(self.largest) / 257 + 1;
        let levels = if levels < 200 {
            format!(
                "; the largest value is {} of 65535, so at most {} of 256 levels are left: stretch the values before, \
                 or write them to an .npy",
                self.largest, levels
            )
        } else {
            String::new()
        };
        let notes = [
            (self.deep, NoteCode::Depth, format!("16 bits per channel become 8 in {}{levels}", images(self.deep))),
            (self.clear, NoteCode::Colour, format!("transparency is dropped in {}", images(self.clear))),
            (
                self.turned,
                NoteCode::Orientation,
                format!("{} turned or mirrored as the metadata says", are(self.turned)),
            ),
            (self.animated, NoteCode::Frames, format!("only the first frame is read of {}", images(self.animated))),
        ];
        let notes = notes.into_iter().filter(|(count, ..)| *count > 0);
        notes.map(|(_, code, text)| Note::new(code, place.display(), text)).collect()
    }
}

fn are(count: usize) -> String {
    format!("{} {}", counted(count, "image"), if count == 1 { "is" } else { "are" })
}
