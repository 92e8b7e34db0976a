//! The page of the explorer: what its scripts fill.

use maud::{Markup, html};

use super::state::Explorer;
use crate::{
    error::PageError,
    frame::{Page, Section},
    gathered::Gathered,
    sections::{SECTION_SCRIPTS, sections as report_sections},
};

/// Loads the scripts.
const SCRIPT: &str = "import \"./explore/main.js\";";

/// The style of what the report does not have.
const STYLE: &str = include_str!("../assets/explore.css");

/// Returns the page as HTML, with the sections of the report below if there is one.
///
/// # Errors
/// [`PageError`] if a picture or a chart of the report cannot be drawn.
pub(crate) fn page(explorer: &Explorer, gathered: Option<&Gathered>) -> Result<String, PageError> {
    let form = explorer.describe();
    let mut sections = vec![latent(explorer)];
    if explorer.rows.len() > 0 {
        sections.push(samples(explorer));
        sections.push(blend(explorer));
        sections.push(if explorer.is_mixed() { no_noise() } else { noise() });
    }
    if form.is_image() {
        sections.push(draw());
    }
    sections.push(programs());
    let mut scripts = vec![SCRIPT];
    if let Some(gathered) = gathered {
        sections.extend(report_sections(gathered)?);
        scripts.extend(SECTION_SCRIPTS);
    }
    let title = format!("Explore {}", explorer.name);
    let introduction = introduction(explorer);
    Ok(Page { title: &title, introduction, sections, styles: &[STYLE], scripts: &scripts }.html())
}

fn introduction(explorer: &Explorer) -> Markup {
    let manifest = explorer.model.manifest();
    html! {
        p {
            "This " (manifest.kind.title()) " (" code { (manifest.kind) } ") encodes samples of shape "
            code { (format!("{:?}", manifest.sample.shape)) } " to " (explorer.model.latent_dim()) " latent "
            @if explorer.model.latent_dim() == 1 { "number" } @else { "numbers" }
            ", and decodes them again. The page asks the program on this computer, and nothing else."
        }
        p #problem role="alert" hidden {}
        noscript { p { "This page needs JavaScript." } }
    }
}

fn section(id: &'static str, title: &str, body: Markup) -> Section {
    Section { id, title: title.to_owned(), body }
}

fn latent(explorer: &Explorer) -> Section {
    let body = html! {
        p.note {
            "Drag in the plane, or use the arrow keys (with Shift for larger steps): the decoder answers at once. "
            @if explorer.rows.len() > 0 {
                "Click a point, or press Enter for the nearest one, to start from a real sample. The points are the "
                "codes of " (explorer.rows.rows.source) "."
            }
        }
        div.stage {
            div {
                canvas #plane.surface tabindex="0" role="application" aria-label="Latent plane"
                    aria-describedby="place" {}
                p #place.note {}
                ul #legend.key aria-label="Classes" {}
                @if explorer.model.latent_dim() > 2 { p #axes.row {} }
            }
            div {
                div.views { div #seen {} div #original hidden {} }
                p #about-seen aria-live="polite" {}
                div #classes.row role="group" aria-label="Class" {}
                div #random.row {}
            }
        }
        h3 { "Latent numbers" }
        p.row { button #reset-all type="button" { "Reset all to their means" } span.note #timing {} }
        div #sliders.sliders {}
        details #more-sliders hidden { summary {} div.sliders {} }
    };
    section("latent", "Latent space", body)
}

fn samples(explorer: &Explorer) -> Section {
    let body = html! {
        p.note { "A random choice of " (explorer.rows.rows.source) ". Choose one to start from its code." }
        div #thumbnails.thumbnails {}
        p.row { button #other-samples type="button" { "Show others" } }
    };
    section("real-samples", "Real samples", body)
}

fn blend(explorer: &Explorer) -> Section {
    let body = html! {
        p.note {
            "Decodes the codes on the way from one sample to another"
            @if explorer.model.takes_labels() { ", all as the class that is chosen above" }
            "."
        }
        div.views { div #blend-from {} div #blend-seen {} div #blend-to {} }
        p.row {
            button #set-from type="button" { "Current sample as A" }
            label {
                "A "
                input #blend-position type="range" min="0" max="1" step="any" value="0.5"
                    aria-label="Position from A to B";
                " B"
            }
            button #set-to type="button" { "Current sample as B" }
            label {
                "Path "
                select #blend-path { option value="linear" { "linear" } option value="spherical" { "spherical" } }
            }
        }
        p #about-blend.note {}
    };
    section("blend", "Blend two samples", body)
}

fn noise() -> Section {
    let body = html! {
        p.note {
            "Adds noise to the current sample, as " code { "narrows denoise --noise" }
            " does, and shows what the model makes of it."
        }
        p.row {
            label { "Noise " select #noise-kind {
                option value="gaussian" { "gaussian" }
                option value="masking" { "masking" }
                option value="salt-pepper" { "salt-pepper" }
            } }
            label { "Amount " input #noise-amount type="range" min="0" max="1" step="0.01" value="0.3"; }
            output #noise-text for="noise-amount noise-kind" {}
            button #other-noise type="button" { "Other noise" }
        }
        div.views { div #noise-clean {} div #noise-noisy {} div #noise-cleaned {} }
        p #about-noise aria-live="polite" {}
    };
    section("noise", "Add noise and clean it", body)
}

/// Says why there is no noise.
fn no_noise() -> Section {
    let body = html! {
        p.note { "Noise is for numbers only, and the rows of this table have columns of several kinds." }
    };
    section("noise", "Add noise and clean it", body)
}

fn draw() -> Section {
    let body = html! {
        p.note {
            "Draw with the mouse or a finger. With the keyboard, the arrow keys move the cursor, Space draws and "
            "Backspace erases."
        }
        p.row #draw-tools {}
        div.views {
            figure {
                canvas #drawing.pixels tabindex="0" role="application" aria-label="Drawing" {}
                figcaption { "Drawing" }
            }
            div #drawn {}
        }
        p #about-drawing role="status" aria-live="polite" {}
    };
    section("draw", "Draw", body)
}

fn programs() -> Section {
    let body = html! {
        p {
            "The page asks these addresses, and so can a program that knows the token, the text after "
            code { "token=" } " in the address that the program printed. They take and return JSON; errors are "
            code { "{\"error\": \"...\"}" } ". The token stands in the header " code { "x-narrows-token" } ":"
        }
        pre #commands {}
        div.wide { table {
            thead { tr { th { "method" } th { "address" } th { "fields" } } }
            tbody {
                @for path in ["/api/model", "/api/rows"] {
                    tr { td { "GET" } td { code { (path) } } td {} }
                }
                @for (path, fields) in super::service::addresses() {
                    tr { td { "POST" } td { code { (path) } } td { (fields.join(", ")) } }
                }
            }
        } }
    };
    section("programs", "For programs", body)
}
