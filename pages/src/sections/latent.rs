//! The codes of random rows as points in planes, with a legend and a picture of the chosen point.

mod colours;
mod hover;
mod plot;

use maud::{Markup, html};
use narrows_runtime::bundle::counted;

use self::{colours::Colours, hover::hover_data, plot::plot};
use crate::{
    error::PageError,
    frame::Section,
    gathered::{Gathered, Plane},
    name::name,
};

/// The script that shows the chosen point and hides classes.
pub(crate) const SCRIPT: &str = include_str!("../assets/report/scatter.js");

/// Returns the section; `None` if the codes do not vary.
pub(super) fn section(gathered: &Gathered) -> Result<Option<Section>, PageError> {
    if gathered.planes.is_empty() {
        return Ok(None);
    }
    let colours = Colours::of(gathered);
    let all = gathered.errors.len();
    let shown = gathered.points.len();
    let body = html! {
        p {
            "The codes of "
            @if shown < all { (shown) " of the " } @else { "the " }
            (gathered.about.rows)
            @if shown < all { ", chosen at random" }
            ". Point at a point, touch it, or use the arrow keys to see its " (gathered.about.noun)
            @if colours.has_legend() { "; the buttons hide and show classes" }
            "."
        }
        @if let Some(note) = colours.note() { p.note { (note) } }
        (hover_data(gathered)?)
        @for plane in &gathered.planes { (figure(gathered, plane, &colours)) }
    };
    Ok(Some(Section { id: "latent-space", title: "The latent space".to_owned(), body }))
}

fn figure(gathered: &Gathered, plane: &Plane, colours: &Colours) -> Markup {
    let label = format!(
        "{}: {}; arrow keys move to the next point in their direction",
        plane.title,
        counted(gathered.points.len(), "point")
    );
    html! {
        figure.scatter id=(plane.id) {
            h3 { (plane.title) }
            p.note { (plane.explanation) }
            (legend(colours))
            div.plane {
                div.plot tabindex="0" role="application" aria-label=(label) { (plot(plane, gathered, colours)) }
                div.detail {
                    canvas hidden width="0" height="0" role="img"
                        aria-label=(format!("The {} of the chosen point", gathered.about.noun)) {}
                    div.detail-text aria-live="polite" { "No point is chosen." }
                }
            }
        }
    }
}

fn legend(colours: &Colours) -> Markup {
    html! {
        @if colours.has_legend() {
            div.legend role="group" aria-label="Classes" {
                @for entry in colours.entries() {
                    button type="button" aria-pressed="true" data-colour=(entry.colour) {
                        svg viewBox="-6 -6 12 12" aria-hidden="true" { (plot::mark(entry.colour, (0.0, 0.0))) }
                        " " (name(&entry.name))
                    }
                }
            }
        }
    }
}
