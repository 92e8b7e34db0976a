//! Reads the header and the pixels of an image.

use std::{
    io::{BufRead, Seek},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use image::{
    AnimationDecoder, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
    codecs::{gif::GifDecoder, webp::WebPDecoder},
    imageops::{FilterType, resize},
    metadata::Orientation,
};

use super::{changes::Changes, jpeg::has_end, picture::Picture};
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
pub(crate) struct Form {
    pub(crate) size: Size,
    pub(crate) channels: Channels,
}

/// The size and channels that all samples must have.
pub(crate) struct Target {
    pub(crate) form: Form,
    /// The first image, which determines what the options leave open.
    pub(crate) first: PathBuf,
    /// Whether images of another size are resized. Otherwise they are refused.
    pub(crate) resizes: bool,
    /// Whether images with other channels are converted. Otherwise they are refused.
    pub(crate) converts: bool,
}

/// Reads the size and the channels of an image from its header.
pub(crate) fn form_of(picture: Picture) -> Result<Form, DataError> {
    catch(picture.path, || Ok(header(&mut open(picture)?.0)?.0))
}

/// Returns the pixels of an image in row-major order, in the form of `target`, and what was changed.
pub(super) fn pixels(picture: Picture, target: &Target) -> Result<(Vec<u8>, Changes), DataError> {
    let Form { size, channels } = target.form;
    let path = picture.path;
    catch(path, || {
        let (mut decoder, format) = open(picture)?;
        let (found, orientation) = header(&mut decoder)?;
        let mut changes = Changes {
            turned: usize::from(orientation != Orientation::NoTransforms),
            animated: usize::from(is_animated(picture, format)?),
            ..Changes::default()
        };
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
        changes.add_image(&image);
        image.apply_orientation(orientation);
        let Size { width, height } = size;
        // The triangle filter averages all source pixels that map to a target pixel.
        let pixels = match channels {
            Channels::Grey if found.size == size => image.into_luma8().into_raw(),
            Channels::Rgb if found.size == size => image.into_rgb8().into_raw(),
            Channels::Grey => resize(&image.into_luma8(), width, height, FilterType::Triangle).into_raw(),
            Channels::Rgb => resize(&image.into_rgb8(), width, height, FilterType::Triangle).into_raw(),
        };
        Ok((pixels, changes))
    })
}

/// Whether an image has more than one frame.
fn is_animated(picture: Picture, format: ImageFormat) -> Result<bool, Fault> {
    let file =
        picture.open().map_err(|source| Fault::Known(DataError::Io { path: picture.path.to_owned(), source }))?;
    Ok(match format {
        ImageFormat::Gif => GifDecoder::new(file)?.into_frames().take(2).filter(Result::is_ok).count() > 1,
        ImageFormat::WebP => WebPDecoder::new(file)?.has_animation(),
        _ => false,
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
fn open(picture: Picture) -> Result<(impl ImageDecoder, ImageFormat), Fault> {
    let path = picture.path;
    let io = |source| Fault::Known(DataError::Io { path: path.to_owned(), source });
    let mut file = picture.open().map_err(io)?;
    if is_jpeg(&mut file).map_err(io)? {
        if !has_end(&mut file).map_err(io)? {
            return Err(Fault::Known(DataError::CutOff { path: path.to_owned() }));
        }
        file.rewind().map_err(io)?;
    }
    let mut reader = ImageReader::new(file).with_guessed_format().map_err(io)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    match reader.format() {
        Some(
            format @ (ImageFormat::Png
            | ImageFormat::Jpeg
            | ImageFormat::WebP
            | ImageFormat::Bmp
            | ImageFormat::Gif
            | ImageFormat::Tiff),
        ) => Ok((reader.into_decoder()?, format)),
        Some(_) | None => Err(Fault::Content("its content is neither PNG, JPEG, WebP, BMP, GIF nor TIFF")),
    }
}

/// Whether the file starts like a JPEG. Does not move its position.
fn is_jpeg(file: &mut impl BufRead) -> std::io::Result<bool> {
    Ok(file.fill_buf()?.starts_with(b"\xff\xd8\xff"))
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
