//! Originals with their reconstructions: random rows, the best and the worst.

use maud::{Markup, html};

use super::table::{columns_with_largest_errors, pairs_table};
use crate::{
    error::PageError,
    frame::Section,
    gathered::{Gathered, Reconstructed},
    look::{Look, Pictures},
    name::name as shown_name,
    number::short,
};

/// Returns the section.
pub(super) fn section(gathered: &Gathered) -> Result<Option<Section>, PageError> {
    let look = Look::of(gathered);
    let noun = &gathered.about.noun;
    let random = format!("Random {noun}s");
    let groups =
        [(random.as_str(), &gathered.random), ("Smallest errors", &gathered.best), ("Largest errors", &gathered.worst)];
    // With so few rows, the best and the worst are those that are shown already.
    let is_complete = gathered.errors.len() <= gathered.random.len();
    let groups = &groups[..if is_complete { 1 } else { 3 }];
    let shown: Markup = match &look {
        Look::Pictures(pictures) => {
            let group = |(heading, rows): &(&str, &Vec<Reconstructed>)| {
                let cards = cards(gathered, pictures, rows)?;
                Ok(html! { @if !is_complete { h3 { (heading) } } (cards) })
            };
            let groups = groups.iter().map(group).collect::<Result<Vec<Markup>, PageError>>()?;
            html! { @if let Some(note) = pictures.note() { (note) } @for group in groups { (group) } }
        }
        Look::Table { columns, cells } => {
            pairs_table(gathered, groups, (columns, cells), &columns_with_largest_errors(&gathered.figures))
        }
    };
    let body = html! {
        p.note { (explanation(&look)) " The " (noun) "s are counted from 0. An error is the " (gathered.error_unit().of_row(noun)) "." }
        (shown)
    };
    Ok(Some(Section { id: "reconstructions", title: "Reconstructions".to_owned(), body }))
}

fn explanation(look: &Look) -> &'static str {
    match look {
        Look::Pictures(Pictures::Images { .. }) => "Originals are above, their reconstructions below.",
        Look::Pictures(Pictures::Series { .. }) => {
            "Originals are grey, their reconstructions coloured, each channel in scaled units."
        }
        Look::Table { .. } => "Each cell has the value in the data and, after the arrow, its reconstruction.",
    }
}

fn cards(gathered: &Gathered, pictures: &Pictures, rows: &[Reconstructed]) -> Result<Markup, PageError> {
    let noun = &gathered.about.noun;
    let card = |shown: &Reconstructed| {
        let class = shown.row.class.and_then(|class| gathered.classes.get(class));
        let name = match class {
            Some(class) => format!("{noun} {}, class {class}", shown.row.number),
            None => format!("{noun} {}", shown.row.number),
        };
        let picture = pictures.draw_pair(shown.row.values.view(), shown.reconstruction.view(), &name)?;
        Ok(html! {
            figure.card {
                (picture)
                figcaption {
                    span.figure { (noun) " " (shown.row.number) @if class.is_some() { "," } }
                    @if let Some(class) = class { " " span.figure { "class " (shown_name(class)) } }
                    br;
                    span.figure { "error " (short(shown.row.error)) }
                }
            }
        })
    };
    let cards = rows.iter().map(card).collect::<Result<Vec<Markup>, PageError>>()?;
    Ok(html! { div class=(pictures.gallery()) { @for card in cards { (card) } } })
}
