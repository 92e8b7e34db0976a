//! Reads the header and the pixels of an image.

use std::{
    error::Error,
    io::{BufRead, Seek},
    path::{Path, PathBuf},
};

use image::{
    AnimationDecoder, DynamicImage, ImageBuffer, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Pixel,
    codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder},
    imageops::{FilterType, resize},
    metadata::Orientation,
};

use super::{changes::Changes, jpeg::has_end, picture::Picture};
use crate::{
    decoding::caught,
    error::DataError,
    reading::{Channels, Depth, Reading, Size},
};

/// The largest unpacked image in bytes, checked before decoding: a small file can declare a huge image.
const MAX_BYTES: u64 = 64 << 20;
/// The largest width and height in pixels.
const MAX_SIDE: u32 = 16_384;

/// Size, channels and bits per channel of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) size: Size,
    pub(crate) channels: Channels,
    pub(crate) depth: Depth,
}

impl Form {
    /// Returns the shape of the sample, `[height, width, channels]`.
    pub(crate) fn shape(&self) -> Vec<usize> {
        let channels = match self.channels {
            Channels::Grey => 1,
            Channels::Rgb => 3,
        };
        vec![self.size.height as usize, self.size.width as usize, channels]
    }
}

/// The form that all samples must have.
pub(crate) struct Target {
    pub(crate) form: Form,
    /// The first image, which determines what the options leave open.
    pub(crate) first: PathBuf,
    /// Whether images of another size are resized. Otherwise they are refused.
    pub(crate) resizes: bool,
    /// Whether images with other channels are converted. Otherwise they are refused.
    pub(crate) converts: bool,
}

impl Target {
    /// Returns the form of the first image, except for what the options say.
    pub(crate) fn of(first: Picture, reading: &Reading) -> Result<Self, DataError> {
        let form = match (reading.resize, reading.channels, reading.depth) {
            (Some(size), Some(channels), Some(depth)) => Form { size, channels, depth },
            (size, channels, depth) => {
                let own = catch(first.path, || Ok(header(&mut open(first)?.0)?.0))?;
                Form {
                    size: size.unwrap_or(own.size),
                    channels: channels.unwrap_or(own.channels),
                    depth: depth.unwrap_or(own.depth),
                }
            }
        };
        let (resizes, converts) = (reading.resize.is_some(), reading.channels.is_some());
        Ok(Target { form, first: first.path.to_owned(), resizes, converts })
    }
}

/// Returns the pixels of an image as bytes in row-major order, in the form of `target`, and what was changed.
pub(super) fn bytes(picture: Picture, target: &Target) -> Result<(Vec<u8>, Changes), DataError> {
    pixels(picture, target, |image| match target.form.channels {
        Channels::Grey => fit(image.into_luma8(), target).into_raw(),
        Channels::Rgb => fit(image.into_rgb8(), target).into_raw(),
    })
}

/// Returns the pixels of an image as floats from 0 to 65535 in row-major order, in the form of `target`, and what was
/// changed.
pub(super) fn floats(picture: Picture, target: &Target) -> Result<(Vec<f32>, Changes), DataError> {
    let (pixels, changes) = pixels(picture, target, |image| match target.form.channels {
        Channels::Grey => fit(image.into_luma16(), target).into_raw(),
        Channels::Rgb => fit(image.into_rgb16(), target).into_raw(),
    })?;
    Ok((pixels.into_iter().map(f32::from).collect(), changes))
}

/// Resizes an image that has another size.
fn fit<P: Pixel + 'static>(image: ImageBuffer<P, Vec<P::Subpixel>>, target: &Target) -> ImageBuffer<P, Vec<P::Subpixel>>
where
    P::Subpixel: 'static,
{
    let Size { width, height } = target.form.size;
    // The triangle filter averages all source pixels that map to a target pixel.
    if image.dimensions() == (width, height) { image } else { resize(&image, width, height, FilterType::Triangle) }
}

/// Decodes an image, checks its form, and converts it with `convert`. Returns its pixels and what was changed.
fn pixels<T>(
    picture: Picture,
    target: &Target,
    convert: impl FnOnce(DynamicImage) -> Vec<T>,
) -> Result<(Vec<T>, Changes), DataError> {
    let Form { size, channels, depth } = target.form;
    let path = picture.path;
    catch(path, || {
        let (mut decoder, format) = open(picture)?;
        let (found, orientation) = header(&mut decoder)?;
        let mut changes =
            Changes { turned: usize::from(orientation != Orientation::NoTransforms), ..Changes::default() };
        match further(picture, format)? {
            Further::None => {}
            Further::Frames => changes.animated = 1,
            Further::Pages => changes.paged = 1,
        }
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
        changes.add_image(&image, depth);
        image.apply_orientation(orientation);
        Ok((convert(image), changes))
    })
}

/// What a file has after its first image.
enum Further {
    None,
    Frames,
    Pages,
}

/// Returns what a file has after its first image.
fn further(picture: Picture, format: ImageFormat) -> Result<Further, Fault> {
    let file =
        picture.open().map_err(|source| Fault::Known(DataError::Io { path: picture.path.to_owned(), source }))?;
    let frames = |are_more: bool| if are_more { Further::Frames } else { Further::None };
    Ok(match format {
        ImageFormat::Gif => {
            let mut gif = GifDecoder::new(file)?;
            // A frame can be larger than the image.
            gif.set_limits(limits())?;
            frames(gif.into_frames().take(2).filter(Result::is_ok).count() > 1)
        }
        ImageFormat::WebP => frames(WebPDecoder::new(file)?.has_animation()),
        ImageFormat::Png => frames(PngDecoder::new(file)?.is_apng()?),
        ImageFormat::Tiff => {
            let pages = tiff::decoder::Decoder::new(file).map_err(|error| Fault::Content(error.into()))?;
            if pages.more_images() { Further::Pages } else { Further::None }
        }
        _ => Further::None,
    })
}

/// An error in an image.
enum Fault {
    Known(DataError),
    Image(ImageError),
    Content(Box<dyn Error + Send + Sync>),
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
    reader.limits(limits());
    match reader.format() {
        Some(
            format @ (ImageFormat::Png
            | ImageFormat::Jpeg
            | ImageFormat::WebP
            | ImageFormat::Bmp
            | ImageFormat::Gif
            | ImageFormat::Tiff),
        ) => Ok((reader.into_decoder()?, format)),
        Some(_) | None => Err(Fault::Content("its content is neither PNG, JPEG, WebP, BMP, GIF nor TIFF".into())),
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    limits
}

/// Whether the file starts like a JPEG. Does not move its position.
fn is_jpeg(file: &mut impl BufRead) -> std::io::Result<bool> {
    Ok(file.fill_buf()?.starts_with(b"\xff\xd8\xff"))
}

fn header(decoder: &mut impl ImageDecoder) -> Result<(Form, Orientation), Fault> {
    if decoder.total_bytes() > MAX_BYTES {
        return Err(Fault::Content("it needs more than 64 MB of memory; make it smaller".into()));
    }
    let orientation = decoder.orientation()?;
    let (width, height) = match (orientation, decoder.dimensions()) {
        (
            Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH,
            (width, height),
        ) => (height, width),
        (_, size) => size,
    };
    if width == 0 || height == 0 {
        return Err(Fault::Content("it has no pixels".into()));
    }
    let color = decoder.color_type();
    let channels = if color.has_color() { Channels::Rgb } else { Channels::Grey };
    let depth = if color.bytes_per_pixel() > color.channel_count() { Depth::Sixteen } else { Depth::Eight };
    Ok((Form { size: Size { width, height }, channels, depth }, orientation))
}

/// Calls a decoder. Converts its errors, and its panics on damaged files, to a [`DataError`].
fn catch<T>(path: &Path, decode: impl FnOnce() -> Result<T, Fault>) -> Result<T, DataError> {
    let source = match caught(decode) {
        Some(Ok(decoded)) => return Ok(decoded),
        Some(Err(Fault::Known(error))) => return Err(error),
        Some(Err(Fault::Image(error))) => error.into(),
        Some(Err(Fault::Content(source))) => source,
        None => "its content is inconsistent".into(),
    };
    Err(DataError::Image { path: path.to_owned(), source })
}
