//! How the samples of a model look: images, lines, or the values of a table.

mod cells;
mod image;
mod lines;

use maud::{Markup, html};
use narrows_evaluate::{Columns, Picture, PictureError};
use ndarray::ArrayView1;

pub(crate) use self::cells::{CellDescription, CellFormat, Cells, level_name};
use self::{
    image::image,
    lines::{Lines, lines},
};
use crate::gathered::Gathered;

/// Images with a longer side are shown larger.
const SMALL_SIDE: usize = 40;
/// Images whose sides have at least this ratio are tall or broad.
const LONG_RATIO: usize = 4;
/// The most channels of a series that are drawn.
const MAX_CHANNELS: usize = 6;

/// How samples are shown.
#[derive(Debug)]
pub(crate) enum Look {
    /// As pictures: images or lines.
    Pictures(Pictures),
    /// As the values of named columns.
    Table {
        /// The names of the columns, one per feature.
        columns: Vec<String>,
        /// What their values are.
        cells: Cells,
    },
}

/// How samples are drawn.
#[derive(Debug)]
pub(crate) enum Pictures {
    /// Images, `[height, width]` or `[height, width, channels]`.
    Images {
        /// The shape.
        shape: Vec<usize>,
        /// The values of black and white.
        range: (f32, f32),
    },
    /// Series, whose channels are drawn in scaled units.
    Series {
        /// The number of channels.
        channels: usize,
        /// The names of the channels that are drawn.
        names: Vec<String>,
        /// The scaling of the values.
        columns: Columns,
        /// The smallest and largest scaled value that is drawn.
        range: (f64, f64),
    },
}

impl Look {
    /// Returns how the samples of a model are shown.
    pub(crate) fn of(gathered: &Gathered) -> Self {
        let sample = &gathered.manifest.sample;
        let picture = Picture::of(sample);
        if picture.accepts(&sample.shape) {
            return Look::Pictures(match picture {
                Picture::Images { range } => Pictures::Images { shape: sample.shape.clone(), range },
                Picture::Lines { .. } => {
                    let columns = Columns::of(&gathered.manifest);
                    let range = scaled_range(gathered, &columns);
                    let channels = if sample.shape.len() > 1 { sample.shape[0] } else { 1 };
                    Pictures::Series { channels, names: channel_names(gathered, channels), columns, range }
                }
            });
        }
        let features = sample.features();
        // The file of a mixed table has other columns than the rows have cells.
        let own = sample.columns.as_ref();
        let known = if sample.table.is_some() { own } else { gathered.about.columns.as_ref().or(own) };
        let columns = match known.filter(|names| names.len() == features) {
            Some(names) => names.clone(),
            None => (0..features).map(|feature| format!("feature {feature}")).collect(),
        };
        Look::Table { columns, cells: Cells::of(sample) }
    }
}

/// Returns the names of the channels that are drawn.
fn channel_names(gathered: &Gathered, channels: usize) -> Vec<String> {
    let known = gathered.about.columns.as_ref().or(gathered.manifest.sample.columns.as_ref());
    let known = known.filter(|names| names.len() == channels);
    let name = |channel: usize| known.map_or_else(|| format!("channel {channel}"), |names| names[channel].clone());
    (0..channels.min(MAX_CHANNELS)).map(name).collect()
}

/// Returns the range of the rows that are shown with their reconstructions, in scaled units.
fn scaled_range(gathered: &Gathered, columns: &Columns) -> (f64, f64) {
    let shown = gathered.random.iter().chain(&gathered.best).chain(&gathered.worst);
    let rows = shown.flat_map(|shown| [&shown.row.values, &shown.reconstruction]);
    let values = rows.flat_map(|row| columns.scaled(row.iter().copied())).filter(|value| value.is_finite());
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low < high { (low, high) } else { (0.0, 1.0) }
}

impl Pictures {
    /// Draws one sample, `[features]`.
    ///
    /// # Errors
    /// [`PictureError`] if it cannot be drawn.
    pub(crate) fn draw(&self, values: ArrayView1<'_, f32>, description: &str) -> Result<Markup, PictureError> {
        match self {
            Pictures::Images { shape, range } => image(values, shape, *range, description),
            Pictures::Series { channels, names, columns, range } => {
                let values: Vec<f64> = columns.scaled(values.iter().copied()).collect();
                let drawn = Lines { values: &values, below: None, channels: *channels, names, range: *range };
                Ok(lines(&drawn, description))
            }
        }
    }

    /// Draws an original with its reconstruction: one image above the other, or lines over grey lines.
    ///
    /// # Errors
    /// [`PictureError`] if it cannot be drawn.
    pub(crate) fn draw_pair(
        &self,
        original: ArrayView1<'_, f32>,
        reconstruction: ArrayView1<'_, f32>,
        description: &str,
    ) -> Result<Markup, PictureError> {
        match self {
            Pictures::Images { shape, range } => {
                let above = image(original, shape, *range, &format!("original of {description}"))?;
                let below = image(reconstruction, shape, *range, &format!("reconstruction of {description}"))?;
                Ok(html! { (above) (below) })
            }
            Pictures::Series { channels, names, columns, range } => {
                let original: Vec<f64> = columns.scaled(original.iter().copied()).collect();
                let values: Vec<f64> = columns.scaled(reconstruction.iter().copied()).collect();
                let drawn =
                    Lines { values: &values, below: Some(&original), channels: *channels, names, range: *range };
                Ok(lines(&drawn, &format!("reconstruction over the original of {description}")))
            }
        }
    }

    /// Draws a sample with a row that it is compared with: one image above the other, or lines over grey lines.
    ///
    /// # Errors
    /// [`PictureError`] if they cannot be drawn.
    pub(crate) fn draw_neighbours(
        &self,
        sample: ArrayView1<'_, f32>,
        row: ArrayView1<'_, f32>,
        description: &str,
    ) -> Result<Markup, PictureError> {
        match self {
            Pictures::Images { .. } => {
                let above = self.draw(sample, &format!("the sample of: {description}"))?;
                let below = self.draw(row, &format!("the row of: {description}"))?;
                Ok(html! { (above) (below) })
            }
            Pictures::Series { channels, names, columns, range } => {
                let row: Vec<f64> = columns.scaled(row.iter().copied()).collect();
                let values: Vec<f64> = columns.scaled(sample.iter().copied()).collect();
                let drawn = Lines { values: &values, below: Some(&row), channels: *channels, names, range: *range };
                Ok(lines(&drawn, description))
            }
        }
    }

    /// Returns the class of the element around several pictures.
    pub(crate) fn gallery(&self) -> &'static str {
        match self {
            Pictures::Images { shape, .. } if shape[0] >= LONG_RATIO * shape[1] => "gallery tall",
            Pictures::Images { shape, .. } if shape[1] >= LONG_RATIO * shape[0] => "gallery broad",
            Pictures::Images { shape, .. } if shape.iter().take(2).any(|&side| side > SMALL_SIDE) => "gallery large",
            Pictures::Images { .. } => "gallery",
            Pictures::Series { channels, .. } if *channels > 1 => "gallery series several",
            Pictures::Series { .. } => "gallery series",
        }
    }

    /// Says which channels are drawn; `None` for all.
    pub(crate) fn note(&self) -> Option<Markup> {
        match self {
            Pictures::Series { channels, names, .. } if names.len() < *channels => {
                Some(html! { p.note { "Drawn are the first " (names.len()) " of " (channels) " channels." } })
            }
            Pictures::Series { .. } | Pictures::Images { .. } => None,
        }
    }
}
