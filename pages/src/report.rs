//! The report: one page with everything that was gathered.

use maud::html;

use crate::{
    error::PageError,
    frame::Page,
    gathered::Gathered,
    sections::{SECTION_SCRIPTS, sections},
};

/// Returns the report as HTML, one file without references to others. The same input gives the same bytes.
///
/// # Errors
/// Those of [`sections`].
pub fn report(gathered: &Gathered) -> Result<String, PageError> {
    let about = &gathered.about;
    let title = about.title.clone().unwrap_or_else(|| {
        format!("{} on {}", gathered.manifest.kind.name().to_uppercase(), gathered.manifest.training.data.name)
    });
    let page = Page {
        title: &title,
        introduction: html! {
            p.note {
                "A report of a model by narrows: " (about.rows) " of " (about.data) ", seed " (gathered.seed) "."
            }
        },
        sections: sections(gathered)?,
        styles: &[],
        scripts: &SECTION_SCRIPTS,
    };
    Ok(page.html())
}
