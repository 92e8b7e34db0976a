//! Generated samples: of each class for a conditional model.

use maud::{Markup, html};
use narrows_runtime::bundle::counted;

use super::table::{LARGEST_ERRORS, columns_with_largest_errors, values_table};
use crate::{
    error::PageError,
    frame::Section,
    gathered::{Gathered, Generated},
    look::{Look, Pictures},
    name::name as shown_name,
};

/// Largest number of samples in a table.
const TABLE_ROWS: usize = 20;

/// Returns the section; `None` for a model that generates nothing.
pub(super) fn section(gathered: &Gathered) -> Result<Option<Section>, PageError> {
    let Some(generated) = &gathered.generated else { return Ok(None) };
    let look = Look::of(gathered);
    let is_table = matches!(look, Look::Table { .. });
    let samples = match &look {
        Look::Table { columns, cells } => {
            let name = |index: usize| match &generated.labels {
                Some(labels) => format!("{index}, class {}", class(gathered, labels[index])),
                None => index.to_string(),
            };
            let chosen: Vec<usize> = (0..generated.values.nrows()).step_by(table_step(generated)).collect();
            let headings: Vec<String> = chosen.iter().map(|&index| name(index)).collect();
            let values = generated.values.select(ndarray::Axis(0), &chosen);
            let columns_shown = columns_with_largest_errors(&gathered.figures);
            let chosen = (&columns_shown[..], LARGEST_ERRORS);
            values_table(("sample", &headings), values.view(), (columns, cells), chosen)
        }
        Look::Pictures(pictures) => match &generated.labels {
            Some(labels) => by_class(gathered, generated, labels, pictures)?,
            None => gallery(generated, 0..generated.values.nrows(), pictures, "")?,
        },
    };
    let source = match generated.codes_from {
        "sampler" => format!("the sampler, which was fitted to codes of training {}s", gathered.about.noun),
        _ => "the prior".to_owned(),
    };
    let body = html! {
        p { (counted(generated.values.nrows(), "sample")) " that the decoder made from codes of " (source)
            ", with seed " (gathered.seed) "; not chosen by hand."
            @if is_table && table_step(generated) > 1 { " One in " (table_step(generated)) " is in the table." }
        }
        @if let Look::Pictures(pictures) = &look { @if let Some(note) = pictures.note() { (note) } }
        (samples)
        @if let Some(labels) = &generated.labels {
            @let shown = labels.last().map_or(0, |last| last + 1);
            @let all = gathered.manifest.classes.as_ref().map_or(0, Vec::len);
            @if shown < all { p.note { "These are the first " (shown) " of " (counted(all, "class")) "." } }
        }
    };
    let title = if generated.labels.is_some() { "Samples of each class" } else { "Generated samples" };
    Ok(Some(Section { id: "samples", title: title.to_owned(), body }))
}

/// Returns the distance between the samples that are in a table.
fn table_step(generated: &Generated) -> usize {
    generated.values.nrows().div_ceil(TABLE_ROWS).max(1)
}

fn class(gathered: &Gathered, label: usize) -> String {
    let name = gathered.manifest.classes.as_ref().and_then(|classes| classes.get(label));
    name.cloned().unwrap_or_else(|| label.to_string())
}

fn by_class(
    gathered: &Gathered,
    generated: &Generated,
    labels: &[usize],
    pictures: &Pictures,
) -> Result<Markup, PageError> {
    let mut rows = Vec::new();
    let mut start = 0;
    for group in labels.chunk_by(|one, other| one == other) {
        let name = group.first().map_or(String::new(), |&label| class(gathered, label));
        let samples = gallery(generated, start..start + group.len(), pictures, &format!(" of class {name}"))?;
        rows.push(html! { tr { th scope="row" { (shown_name(&name)) } td { (samples) } } });
        start += group.len();
    }
    Ok(html! { table.strips { @for row in rows { (row) } } })
}

fn gallery(
    generated: &Generated,
    range: std::ops::Range<usize>,
    pictures: &Pictures,
    suffix: &str,
) -> Result<Markup, PageError> {
    let draw = |index: usize| pictures.draw(generated.values.row(index), &format!("generated sample {index}{suffix}"));
    let drawn = range.map(draw).collect::<Result<Vec<Markup>, _>>()?;
    Ok(html! { div class=(pictures.gallery()) { @for sample in drawn { (sample) } } })
}
