//! The pictures of a bundle, as its card shows them.

use narrows_bundle::Manifest;
use serde::Serialize;

use super::{
    data::{RECONSTRUCTIONS, shown_part},
    form::{Form, capitalise},
};

/// A picture with its text.
#[derive(Debug, Serialize)]
pub(crate) struct PictureOfCard {
    file: &'static str,
    /// What the picture shows, for whoever does not see it.
    alt: String,
    caption: String,
}

/// Returns the pictures that are in the bundle.
pub(super) fn pictures(manifest: &Manifest) -> Vec<PictureOfCard> {
    let all = [reconstructions(manifest), samples(manifest), losses(manifest)];
    all.into_iter().filter(|picture| manifest.files.contains_key(picture.file)).collect()
}

fn reconstructions(manifest: &Manifest) -> PictureOfCard {
    let part = shown_part(&manifest.training.data);
    let (alt, caption) = match Form::of(&manifest.sample) {
        Form::Image | Form::Row => (
            format!("Two rows of images: {part} images above, their reconstructions below."),
            format!("The first {part} images, and below each its reconstruction."),
        ),
        Form::Series => (
            format!("Line plots of {part} series, each with its reconstruction in the same plot."),
            format!("The first {part} series, with their reconstructions."),
        ),
    };
    PictureOfCard { file: RECONSTRUCTIONS, alt, caption }
}

fn samples(manifest: &Manifest) -> PictureOfCard {
    let form = Form::of(&manifest.sample).plural();
    let source = match (&manifest.sampler, manifest.prior) {
        (Some(_), _) => "the fitted sampler",
        (None, _) => "the prior",
    };
    let (alt, order) = match (Form::of(&manifest.sample), manifest.kind.is_conditional()) {
        (Form::Image | Form::Row, true) => {
            (format!("A grid of generated {form}, one class per column."), " Each column is one class.")
        }
        (Form::Series, true) => (format!("A grid of generated {form}, one class per row."), " Each row is one class."),
        (Form::Image | Form::Row | Form::Series, false) => (format!("A grid of generated {form}."), ""),
    };
    let caption = format!("Generated {form}: codes from {source} with seed 0, decoded. They were not selected.{order}");
    PictureOfCard { file: "samples.png", alt, caption }
}

fn losses(manifest: &Manifest) -> PictureOfCard {
    let curves = match manifest.training.data.valid_rows {
        0 => "the training loss",
        _ => "the training and the validation loss",
    };
    PictureOfCard {
        file: "loss.svg",
        alt: format!("A chart of {curves} over the epochs."),
        caption: format!("{} over the epochs.", capitalise(curves)),
    }
}
