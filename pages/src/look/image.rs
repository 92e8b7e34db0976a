//! A sample as an image inside of the page.

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{Markup, html};
use narrows_evaluate::{Picture, PictureError, sprite_sheet};
use ndarray::{ArrayView1, ArrayViewD, IxDyn};

/// Largest width and height in pixels; larger images are shrunk.
const MAX_SIDE: usize = 128;

/// Returns an image of `values: [features]` with this shape. `range` has the values of black and white.
pub(super) fn image(
    values: ArrayView1<'_, f32>,
    shape: &[usize],
    range: (f32, f32),
    description: &str,
) -> Result<Markup, PictureError> {
    let values = values.to_vec();
    let full: Vec<usize> = std::iter::once(1).chain(shape.iter().copied()).collect();
    let sample =
        ArrayViewD::from_shape(IxDyn(&full), &values).map_err(|_| PictureError::Shape { shape: shape.to_vec() })?;
    let png = sprite_sheet(&Picture::Images { range }, &sample, MAX_SIDE)?.png;
    Ok(html! { img.pixels src=(data_uri("image/png", &png)) alt=(description); })
}

/// Returns bytes as an address that contains them.
pub(super) fn data_uri(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(bytes))
}
