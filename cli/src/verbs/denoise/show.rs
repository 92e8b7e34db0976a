//! The picture of noisy and denoised samples.

use std::path::Path;

use narrows_evaluate::Picture;
use narrows_runtime::bundle::Sample;
use ndarray::{ArrayD, ArrayViewD, Axis, Slice};

use super::denoised::Denoised;
use crate::output::{Arrangement, Format, Output, RowLayout};

/// Number of images: one column each.
const IMAGES: usize = 16;

/// The first samples, as they are in the picture.
pub(crate) struct Shown<'a> {
    sample: &'a Sample,
    picture: Picture,
    noisy: Option<ArrayD<f32>>,
    denoised: Option<ArrayD<f32>>,
    clean: Option<ArrayD<f32>>,
}

impl<'a> Shown<'a> {
    /// Creates an empty picture.
    pub(crate) fn new(sample: &'a Sample) -> Self {
        Shown { sample, picture: Picture::of(sample), noisy: None, denoised: None, clean: None }
    }

    /// Adds samples until the picture is full.
    pub(crate) fn add(&mut self, batch: &Denoised) -> anyhow::Result<()> {
        let most = match self.picture {
            Picture::Images { .. } => IMAGES,
            Picture::Lines { .. } => self.picture.capacity(),
        };
        let shape = batch.denoised.raw_dim();
        append(&mut self.noisy, &batch.noisy.view().into_shape_with_order(shape.clone())?, most)?;
        append(&mut self.denoised, &batch.denoised.view(), most)?;
        if let Some(clean) = &batch.clean {
            append(&mut self.clean, &clean.view().into_shape_with_order(shape)?, most)?;
        }
        Ok(())
    }

    /// Draws the picture and writes it. Returns a message.
    pub(crate) fn write(self, path: &Path, layout: RowLayout) -> anyhow::Result<String> {
        let empty = || ArrayD::zeros([&[0], &self.sample.shape[..]].concat());
        let (noisy, denoised) = (self.noisy.unwrap_or_else(empty), self.denoised.unwrap_or_else(empty));
        let count = denoised.len_of(Axis(0));
        match self.picture {
            Picture::Images { .. } => {
                let blocks: Vec<&ArrayD<f32>> = [&noisy, &denoised].into_iter().chain(&self.clean).collect();
                let names = if self.clean.is_some() { "noisy, denoised and clean" } else { "noisy and denoised" };
                let arrangement = Arrangement::Grid { columns: count.max(1), rows: blocks.len() };
                let mut output = Output::begin_arranged(path, Format::Png, layout, self.picture, arrangement)?;
                blocks.into_iter().try_for_each(|block| output.write(&block.view(), None))?;
                output.finish("image", &format!(" ({names})"))
            }
            Picture::Lines { .. } => {
                let mut output = Output::begin(path, Format::Png, layout, self.picture)?;
                output.write(&denoised.view(), None)?;
                output.write_originals(&noisy.view())?;
                output.finish("denoised sample", "")
            }
        }
    }
}

fn append(to: &mut Option<ArrayD<f32>>, rows: &ArrayViewD<'_, f32>, most: usize) -> anyhow::Result<()> {
    let count = to.as_ref().map_or(0, |rows| rows.len_of(Axis(0)));
    let rows = rows.slice_axis(Axis(0), Slice::from(..rows.len_of(Axis(0)).min(most - count)));
    match to {
        Some(all) => all.append(Axis(0), rows)?,
        none => *none = Some(rows.as_standard_layout().into_owned()),
    }
    Ok(())
}
