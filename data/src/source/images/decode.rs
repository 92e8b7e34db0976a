//! One image: what it is, and its pixels.

use std::{
    fs::File,
    io::BufReader,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
    imageops::{FilterType, resize},
    metadata::Orientation,
};

use crate::{
    error::DataError,
    reading::{Channels, Size},
};

/// A larger image is refused before it is decoded: a small file can claim to be one.
const MOST_BYTES: u64 = 64 << 20;
const MOST_PIXELS_A_SIDE: u32 = 16_384;

/// Size and channels of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) size: Size,
    pub(super) channels: Channels,
}

/// What all images have to be.
pub(super) struct Wanted {
    pub(super) form: Form,
    /// The image that said so, where the options did not.
    pub(super) first: PathBuf,
    /// Whether others are brought to the size, and to the channels; else they are refused.
    pub(super) resizes: bool,
    pub(super) converts: bool,
}

/// What the header of an image says.
pub(super) fn form_of(path: &Path) -> Result<Form, DataError> {
    guarded(path, || Ok(header(&mut opened(path)?)?.0))
}

/// The pixels of an image, row-major, in the form that is wanted.
pub(super) fn pixels(path: &Path, wanted: &Wanted) -> Result<Vec<u8>, DataError> {
    let Form { size, channels } = wanted.form;
    guarded(path, || {
        let mut decoder = opened(path)?;
        let (found, orientation) = header(&mut decoder)?;
        if found.size != size && !wanted.resizes {
            let (path, first) = (path.to_owned(), wanted.first.clone());
            return Err(Fault::Known(DataError::ImageSize { path, found: found.size, first, expected: size }));
        }
        if found.channels != channels && !wanted.converts {
            let (path, first) = (path.to_owned(), wanted.first.clone());
            let (found, expected) = (found.channels, channels);
            return Err(Fault::Known(DataError::ImageChannels { path, found, first, expected }));
        }
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        let Size { width, height } = size;
        // A triangle averages over all pixels that fall into one.
        Ok(match channels {
            Channels::Grey if found.size == size => image.into_luma8().into_raw(),
            Channels::Rgb if found.size == size => image.into_rgb8().into_raw(),
            Channels::Grey => resize(&image.into_luma8(), width, height, FilterType::Triangle).into_raw(),
            Channels::Rgb => resize(&image.into_rgb8(), width, height, FilterType::Triangle).into_raw(),
        })
    })
}

/// What goes wrong with an image.
enum Fault {
    Known(DataError),
    Image(ImageError),
    Content(&'static str),
}

impl From<ImageError> for Fault {
    fn from(error: ImageError) -> Self {
        Fault::Image(error)
    }
}

/// What an image is told by is its content, whatever its name says.
fn opened(path: &Path) -> Result<impl ImageDecoder, Fault> {
    let io = |source| Fault::Known(DataError::Io { path: path.to_owned(), source });
    let file = BufReader::new(File::open(path).map_err(io)?);
    let mut reader = ImageReader::new(file).with_guessed_format().map_err(io)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_PIXELS_A_SIDE);
    limits.max_image_height = Some(MOST_PIXELS_A_SIDE);
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    match reader.format() {
        Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) => Ok(reader.into_decoder()?),
        Some(_) | None => Err(Fault::Content("its content is neither PNG, JPEG nor WebP")),
    }
}

fn header(decoder: &mut impl ImageDecoder) -> Result<(Form, Orientation), Fault> {
    if decoder.total_bytes() > MOST_BYTES {
        return Err(Fault::Content("it would take more than 64 MB; make it smaller"));
    }
    let orientation = decoder.orientation()?;
    let (width, height) = match (orientation, decoder.dimensions()) {
        (
            Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH,
            (width, height),
        ) => (height, width),
        (_, size) => size,
    };
    let channels = if decoder.color_type().has_color() { Channels::Rgb } else { Channels::Grey };
    Ok((Form { size: Size { width, height }, channels }, orientation))
}

/// A decoder that panics on what it did not expect of a damaged file says that it is damaged.
fn guarded<T>(path: &Path, decode: impl FnOnce() -> Result<T, Fault>) -> Result<T, DataError> {
    let source = match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(decoded)) => return Ok(decoded),
        Ok(Err(Fault::Known(error))) => return Err(error),
        Ok(Err(Fault::Image(error))) => error.into(),
        Ok(Err(Fault::Content(what))) => what.into(),
        Err(_) => "its content contradicts itself".into(),
    };
    Err(DataError::Image { path: path.to_owned(), source })
}
