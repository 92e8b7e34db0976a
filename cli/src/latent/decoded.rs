//! Decodes codes and writes the samples.

use std::{fmt::Display, ops::Range, path::Path, sync::Arc};

use anyhow::bail;
use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use narrows_evaluate::Picture;
use narrows_runtime::{Autoencoder, Codes};
use ndarray::{Array2, ArrayD, Axis, Slice};

use super::column::Column;
use crate::{
    misuse::misuse,
    output::{Arrangement, Format, FormatArguments, Output, check_writable, sample_layout},
    report::note,
};

/// Number of samples decoded and written at a time.
const CHUNK_ROWS: usize = 1024;
/// Largest number of values of a picture, and of all codes: 4 GiB of 32-bit floats.
const MAX_VALUES: usize = 1 << 30;
/// Largest number of frames of an animation. Viewers hold all of them in memory.
const MAX_FRAMES: usize = 2000;
/// Largest number of steps of an animation, which runs forwards and back without repeating the ends.
const MAX_ANIMATED_STEPS: usize = MAX_FRAMES / 2 + 1;

/// The class of all codes, by index; `None` for a decoder that takes no class.
pub(crate) type Label = Option<i64>;

/// A file of samples that are decoded from codes.
pub(crate) struct DecodedOutput<'a> {
    path: &'a Path,
    format: Format,
}

impl<'a> DecodedOutput<'a> {
    /// Checks the path of the file and its format, before the model is opened.
    pub(crate) fn check(path: &'a Path, format: FormatArguments, accepted: &[Format]) -> anyhow::Result<Self> {
        let format = format.of(path, accepted)?;
        check_writable(path)?;
        Ok(DecodedOutput { path, format })
    }

    /// Returns the format of the file.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Refuses an animation of too many steps, before the model is opened.
    pub(crate) fn check_frames(&self, steps: usize) -> anyhow::Result<()> {
        match self.format {
            Format::Gif if steps > MAX_ANIMATED_STEPS => misuse!(
                "--steps {steps} gives {} frames, forwards and back, and a .gif file has at most {MAX_FRAMES}, because \
                 viewers hold all of them in memory; pass --steps {MAX_ANIMATED_STEPS} or fewer, or write a .npy file",
                steps.saturating_mul(2).saturating_sub(2)
            ),
            Format::Gif | Format::Npy | Format::Csv | Format::Parquet | Format::Png => Ok(()),
        }
    }

    /// Refuses a picture of samples that are neither images nor series, and sizes that exceed memory. `flag` is the
    /// flag and its value that determine the number of samples.
    pub(crate) fn check_model(
        &self,
        model: &Autoencoder,
        count: usize,
        flag: (&str, impl Display),
    ) -> anyhow::Result<()> {
        let shape = model.sample_shape();
        if self.format.is_picture() && !Picture::of(&model.manifest().sample).accepts(shape) {
            bail!(
                "samples of shape {shape:?} are neither images nor series and cannot be drawn; write a .csv, .parquet or \
                 .npy file"
            );
        }
        // A picture shows all samples, other files are written in chunks.
        let width = if self.format.is_picture() { shape.iter().product() } else { model.latent_dim() };
        if count.saturating_mul(width) > MAX_VALUES {
            let (name, value) = flag;
            bail!(
                "{name} {value} gives {count} samples, which need more than {MAX_VALUES} values in memory; lower {name}"
            );
        }
        Ok(())
    }

    /// Decodes codes, `[count, latent]`, all with the same class, and writes the samples with other columns.
    pub(crate) fn decode(
        &self,
        model: &Autoencoder,
        codes: &Array2<f32>,
        label: Label,
        columns: &[Column],
        arrangement: Arrangement,
    ) -> anyhow::Result<()> {
        self.write(model, codes.nrows(), columns, arrangement, |rows| {
            let codes = codes.slice_axis(Axis(0), rows);
            let labels = label.map(|label| vec![label; codes.nrows()]);
            let samples = match &labels {
                Some(labels) => model.decode(Codes::from(codes).labelled(labels))?,
                None => model.decode(codes)?,
            };
            Ok(samples)
        })
    }

    /// Writes `count` samples that `decode` returns for ranges of rows.
    pub(crate) fn write(
        &self,
        model: &Autoencoder,
        count: usize,
        columns: &[Column],
        arrangement: Arrangement,
        mut decode: impl FnMut(Slice) -> anyhow::Result<ArrayD<f32>>,
    ) -> anyhow::Result<()> {
        let sample = &model.manifest().sample;
        let layout = sample_layout(sample, self.format);
        let mut output = Output::begin_arranged(self.path, self.format, layout, Picture::of(sample), arrangement)?;
        for first in (0..count).step_by(CHUNK_ROWS) {
            let rows = first..(first + CHUNK_ROWS).min(count);
            let samples = decode(Slice::from(rows.clone()))?;
            output.write(&samples.view(), Some(&others(columns, rows)?))?;
        }
        note(output.finish("sample", "")?);
        Ok(())
    }
}

impl DecodedOutput<'_> {
    /// Writes `count` rows of a mixed table that `decode` returns for ranges of rows, with the names of their classes.
    pub(crate) fn write_table(
        &self,
        model: &Autoencoder,
        count: usize,
        classes: Option<&[String]>,
        mut decode: impl FnMut(Range<usize>) -> anyhow::Result<ArrayD<f32>>,
    ) -> anyhow::Result<()> {
        let layout = sample_layout(&model.manifest().sample, self.format);
        let mut output = Output::begin(self.path, self.format, layout, Picture::default())?;
        for first in (0..count).step_by(CHUNK_ROWS) {
            let rows = first..(first + CHUNK_ROWS).min(count);
            let samples = decode(rows.clone())?;
            match classes.and_then(|classes| classes.get(rows)) {
                Some(classes) => output.write_of_classes(&samples.view(), classes, None)?,
                None => output.write(&samples.view(), None)?,
            }
        }
        note(output.finish("row", "")?);
        Ok(())
    }
}

/// Returns a range of rows of columns.
fn others(columns: &[Column], rows: Range<usize>) -> anyhow::Result<RecordBatch> {
    let arrays = columns.iter().map(|column| column.array(rows.clone())).collect::<anyhow::Result<Vec<_>>>()?;
    let fields = columns.iter().zip(&arrays);
    let fields: Vec<Field> =
        fields.map(|(column, array)| Field::new(&column.name, array.data_type().clone(), false)).collect();
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
}
