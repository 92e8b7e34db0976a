//! Walks through the latent dimensions that change samples most.

use maud::{Markup, html};
use ndarray::Axis;

use super::table::values_table;
use crate::{
    error::PageError,
    frame::Section,
    gathered::{Gathered, Traversal},
    look::{Cells, Look, Pictures},
    number::short,
};

/// Number of columns that a walk through a table shows.
const COLUMNS: usize = 6;
/// A walk through a table shows every second step.
const TABLE_STEP: usize = 2;

/// Returns the section; `None` if no dimension changes samples.
pub(super) fn section(gathered: &Gathered) -> Result<Option<Section>, PageError> {
    let walks = &gathered.traversals;
    if walks.is_empty() {
        return Ok(None);
    }
    let shown = match &Look::of(gathered) {
        Look::Pictures(pictures) => strips(walks, pictures)?,
        Look::Table { columns, cells } => {
            html! { div.tables { @for walk in walks { (table(walk, columns, cells)) } } }
        }
    };
    let latent = gathered.manifest.latent_dim;
    let noun = &gathered.about.noun;
    let codes = match (&gathered.traversal_class, gathered.is_generative) {
        (Some(class), _) => format!("samples of the class “{class}”, which is the class of all walks"),
        (None, true) => "samples".to_owned(),
        (None, false) => format!("the {noun}s"),
    };
    let body = html! {
        p {
            "A walk changes one latent dimension from 3 standard deviations below its mean to 3 above"
            @if latent > 1 { ", while the others stay at their mean" }
            ". Means and standard deviations are those of the codes of " (codes) "; the numbers are values of the code. "
            @if walks.len() > 1 { "The dimension that changes the sample most is first" }
            @if walks.len() > 1 && walks.len() < latent { "; " (walks.len()) " of " (latent) " dimensions are shown" }
            @if walks.len() > 1 { "." }
        }
        (shown)
    };
    Ok(Some(Section { id: "traversals", title: "What the latent dimensions change".to_owned(), body }))
}

fn strips(walks: &[Traversal], pictures: &Pictures) -> Result<Markup, PageError> {
    let strip = |walk: &Traversal| {
        let draw = |(step, values)| {
            pictures.draw(values, &format!("sample with z{} at {}", walk.dimension, short(f64::from(walk.steps[step]))))
        };
        let drawn = walk.samples.outer_iter().enumerate().map(draw).collect::<Result<Vec<Markup>, _>>()?;
        Ok(html! {
            tr {
                th scope="row" { "z" (walk.dimension) }
                td { div class={ "walk " (pictures.gallery()) } { @for sample in drawn { (sample) } } }
            }
        })
    };
    let rows = walks.iter().map(strip).collect::<Result<Vec<Markup>, PageError>>()?;
    Ok(html! { div.wide { table.strips { @for row in rows { (row) } } } })
}

fn table(walk: &Traversal, names: &[String], cells: &Cells) -> Markup {
    let change = |column: usize| -> f64 {
        let values = walk.samples.column(column);
        let (low, high) = values
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
        if cells.levels(column).is_some() {
            // One level becomes another one.
            return f64::from(u8::from(low < high));
        }
        // Relative to the size of the values, because columns have different units.
        f64::from(high - low) / f64::from(high.abs().max(low.abs())).max(f64::MIN_POSITIVE)
    };
    let mut order: Vec<(usize, f64)> = (0..names.len()).map(|column| (column, change(column))).collect();
    order.sort_by(|one, other| other.1.total_cmp(&one.1));
    let mut chosen: Vec<usize> = order.into_iter().take(COLUMNS).map(|(column, _)| column).collect();
    chosen.sort_unstable();
    let steps: Vec<usize> = (0..walk.steps.len()).step_by(TABLE_STEP).collect();
    let headings: Vec<String> = steps.iter().map(|&step| short(walk.steps[step].into())).collect();
    let samples = walk.samples.select(Axis(0), &steps);
    html! { div {
        h3 { "Dimension z" (walk.dimension) }
        (values_table(
            (&format!("z{}", walk.dimension), &headings),
            samples.view(),
            (names, cells),
            (&chosen, "those that change most, relative to their size"),
        ))
    } }
}
