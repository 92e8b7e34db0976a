//! What the script shows for the chosen point: the text of its row, and its picture or its values.

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{Markup, PreEscaped, html};
use narrows_evaluate::{Picture, sprite_sheet};
use ndarray::{Array2, ArrayD, IxDyn};
use serde_json::{Value, json};

use crate::{
    error::PageError,
    gathered::{Gathered, Row},
    look::{CellFormat, Cells, Look},
    number::short,
};

/// Largest number of columns whose values are shown.
const MAX_COLUMNS: usize = 24;

/// Number of pixels of the images of all points, about.
const PIXELS: f64 = 1.5e6;
/// Width in pixels of a line plot.
const PLOT_SIDE: usize = 120;

/// Returns the data of the points as JSON, and the picture with all of them.
pub(super) fn hover_data(gathered: &Gathered) -> Result<Markup, PageError> {
    let texts: Vec<String> = gathered.points.iter().map(|row| text(gathered, row)).collect();
    let (kind, sprites) = match &Look::of(gathered) {
        Look::Pictures(_) => {
            let picture = Picture::of(&gathered.manifest.sample);
            let side = side(&picture, gathered.points.len());
            let sheet = sprite_sheet(&picture, &samples(gathered).view(), side)?;
            let address = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(&sheet.png));
            let kind = json!({ "columns": sheet.columns, "width": sheet.tile.0, "height": sheet.tile.1 });
            (json!({ "sprites": kind }), Some(address))
        }
        Look::Table { columns, cells } => (table(gathered, columns, cells), None),
    };
    let mut data = json!({ "texts": texts });
    if let (Value::Object(data), Value::Object(kind)) = (&mut data, kind) {
        data.extend(kind);
    }
    // Within a script, only this character could begin a tag.
    let text = data.to_string().replace('<', "\\u003c");
    Ok(html! {
        script type="application/json" id="points" { (PreEscaped(text)) }
        @if let Some(address) = sprites { img.sprites #sprites hidden src=(address) alt=""; }
    })
}

fn text(gathered: &Gathered, row: &Row) -> String {
    let class = row.class.and_then(|class| gathered.classes.get(class));
    let class = class.map_or(String::new(), |class| format!(", class {class}"));
    format!("{} {}{class}, error {}", gathered.about.noun, row.number, short(row.error))
}

fn table(gathered: &Gathered, columns: &[String], cells: &Cells) -> Value {
    let shown = columns.len().min(MAX_COLUMNS);
    let points = &gathered.points;
    let format = |column: usize| cells.format(column, points.iter().map(move |row| row.values[column]));
    let formats: Vec<CellFormat<'_>> = (0..shown).map(format).collect();
    let values = |row: &Row| row.values.iter().zip(&formats).map(|(&value, format)| format.text(value)).collect();
    let values: Vec<Vec<String>> = points.iter().map(values).collect();
    json!({
        "columns": columns.iter().take(shown).collect::<Vec<_>>(),
        "hidden_columns": columns.len() - shown,
        "values": values,
    })
}

/// Returns the largest width and height of the picture of one of `count` points: images are so large that all of them
/// have some hundred kilobytes.
fn side(picture: &Picture, count: usize) -> usize {
    match picture {
        Picture::Images { .. } => ((PIXELS / count.max(1) as f64).sqrt() as usize).clamp(16, 64),
        Picture::Lines { .. } => PLOT_SIDE,
    }
}

/// Returns the points as samples, `[points, ...sample shape]`.
fn samples(gathered: &Gathered) -> ArrayD<f32> {
    let sample = &gathered.manifest.sample;
    let rows = Array2::from_shape_fn((gathered.points.len(), sample.features()), |(row, column)| {
        gathered.points[row].values[column]
    });
    let shape: Vec<usize> = std::iter::once(rows.nrows()).chain(sample.shape.iter().copied()).collect();
    rows.into_shape_with_order(IxDyn(&shape)).expect("the features of a sample are the product of its shape")
}
