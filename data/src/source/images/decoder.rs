//! Reads the header and the pixels of an image.

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

/// The largest unpacked image in bytes, checked before decoding: a small file can declare a huge image.
const MAX_BYTES: u64 = 64 << 20;
/// The largest width and height in pixels.
const MAX_SIDE: u32 = 16_384;

/// Size and channels of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) size: Size,
    pub(super) channels: Channels,
}

/// The size and channels that all samples must have.
pub(super) struct Target {
    pub(super) form: Form,
    /// The first image, which determines what the options leave open.
    pub(super) first: PathBuf,
    /// Whether images of another size are resized. Otherwise they are refused.
    pub(super) resizes: bool,
    /// Whether images with other channels are converted. Otherwise they are refused.
    pub(super) converts: bool,
}

/// Reads the size and the channels of an image from its header.
pub(super) fn form_of(path: &Path) -> Result<Form, DataError> {
    catch(path, || Ok(header(&mut open(path)?)?.0))
}

/// Returns the pixels of an image in row-major order, in the form of `target`.
pub(super) fn pixels(path: &Path, target: &Target) -> Result<Vec<u8>, DataError> {
    let Form { size, channels } = target.form;
    catch(path, || {
        let mut decoder = open(path)?;
        let (found, orientation) = header(&mut decoder)?;
        if found.size != size && !target.resizes {
            let (path, first) = (path.to_owned(), target.first.clone());
            return Err(Fault::Known(DataError::ImageSize { path, found: found.size, first, expected: size }));
        }
        if found.channels != channels && !target.converts {
            let (path, first) = (path.to_owned(), target.first.clone());
            let (found, expected) = (found.channels, channels);
            return Err(Fault::Known(DataError::ImageChannels { path, found, first, expected }));
        }
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        let Size { width, height } = size;
        // The triangle filter averages all source pixels that map to a target pixel.
        Ok(match channels {
            Channels::Grey if found.size == size => image.into_luma8().into_raw(),
            Channels::Rgb if found.size == size => image.into_rgb8().into_raw(),
            Channels::Grey => resize(&image.into_luma8(), width, height, FilterType::Triangle).into_raw(),
            Channels::Rgb => resize(&image.into_rgb8(), width, height, FilterType::Triangle).into_raw(),
        })
    })
}

/// An error in an image.
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

/// Opens an image. The format is recognised by the content, not by the name.
fn open(path: &Path) -> Result<impl ImageDecoder, Fault> {
    let io = |source| Fault::Known(DataError::Io { path: path.to_owned(), source });
    let file = BufReader::new(File::open(path).map_err(io)?);
    let mut reader = ImageReader::new(file).with_guessed_format().map_err(io)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    match reader.format() {
        Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) => Ok(reader.into_decoder()?),
        Some(_) | None => Err(Fault::Content("its content is neither PNG, JPEG nor WebP")),
    }
}

fn header(decoder: &mut impl ImageDecoder) -> Result<(Form, Orientation), Fault> {
    if decoder.total_bytes() > MAX_BYTES {
        return Err(Fault::Content("it needs more than 64 MB of memory; make it smaller"));
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

/// Calls a decoder. Converts its errors, and its panics on damaged files, to a [`DataError`].
fn catch<T>(path: &Path, decode: impl FnOnce() -> Result<T, Fault>) -> Result<T, DataError> {
    let source = match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(decoded)) => return Ok(decoded),
        Ok(Err(Fault::Known(error))) => return Err(error),
        Ok(Err(Fault::Image(error))) => error.into(),
        Ok(Err(Fault::Content(message))) => message.into(),
        Err(_) => "its content is inconsistent".into(),
    };
    Err(DataError::Image { path: path.to_owned(), source })
}
