//! What was lost or changed when images were decoded.

use std::path::Path;

use image::DynamicImage;

use crate::{
    counted::counted,
    notes::{Note, NoteCode},
    reading::Depth,
};

/// The number of images that lost something.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changes {
    /// Images with 16 bits per channel or more that became 8.
    pub(super) deep: usize,
    /// The largest value of these, of 65,535.
    pub(super) largest: u16,
    /// Images with 8 bits per channel that became 16.
    pub(super) shallow: usize,
    /// Images of floats.
    pub(super) floats: usize,
    /// Images with pixels that are not opaque.
    pub(super) clear: usize,
    /// Images that their metadata rotates or mirrors.
    pub(super) turned: usize,
    /// Images with more than one frame.
    pub(super) animated: usize,
    /// Images with more than one page.
    pub(super) paged: usize,
}

impl Changes {
    /// Adds what the conversion of an image to this depth without transparency changes.
    pub(super) fn add_image(&mut self, image: &DynamicImage, depth: Depth) {
        let color = image.color();
        match (depth, color.bytes_per_pixel() / color.channel_count()) {
            (Depth::Eight, 1) => {}
            (Depth::Eight, _) => {
                let values = image.to_rgb16();
                self.deep += 1;
                self.largest = self.largest.max(values.iter().copied().max().unwrap_or(0));
            }
            (Depth::Sixteen, 1) => self.shallow += 1,
            (Depth::Sixteen, 2) => {}
            (Depth::Sixteen, _) => self.floats += 1,
        }
        if color.has_alpha() {
            self.clear += usize::from(image.to_rgba8().pixels().any(|pixel| pixel.0[3] != u8::MAX));
        }
    }

    pub(crate) fn add(&mut self, more: Changes) {
        self.deep += more.deep;
        self.largest = self.largest.max(more.largest);
        self.shallow += more.shallow;
        self.floats += more.floats;
        self.clear += more.clear;
        self.turned += more.turned;
        self.animated += more.animated;
        self.paged += more.paged;
    }

    /// Describes the changes.
    pub(crate) fn notes(&self, place: &Path) -> Vec<Note> {
        let images = |count: usize| counted(count, "image");
        let levels = usize::from(self.largest) / 257 + 1;
        let levels = if levels < 200 {
            format!("; the largest value is {} of 65535, so at most {levels} of 256 levels are left", self.largest)
        } else {
            String::new()
        };
        let notes = [
            (
                self.deep,
                NoteCode::Depth,
                format!("16 bits per channel become 8 in {}{levels}; --depth 16 keeps them", images(self.deep)),
            ),
            (
                self.shallow,
                NoteCode::Depth,
                format!("8 bits per channel become 16 in {}: values are multiplied by 257", images(self.shallow)),
            ),
            (
                self.floats,
                NoteCode::Depth,
                format!(
                    "floats become whole numbers in {}: 0 to 1 becomes 0 to 65535, and values outside are clipped",
                    images(self.floats)
                ),
            ),
            (self.clear, NoteCode::Colour, format!("transparency is dropped in {}", images(self.clear))),
            (
                self.turned,
                NoteCode::Orientation,
                format!("{} turned or mirrored as the metadata says", are(self.turned)),
            ),
            (self.animated, NoteCode::Frames, format!("only the first frame is read of {}", images(self.animated))),
            (self.paged, NoteCode::Frames, format!("only the first page is read of {}", images(self.paged))),
        ];
        let notes = notes.into_iter().filter(|(count, ..)| *count > 0);
        notes.map(|(_, code, text)| Note::new(code, place.display(), text)).collect()
    }
}

fn are(count: usize) -> String {
    format!("{} {}", counted(count, "image"), if count == 1 { "is" } else { "are" })
}
