//! The frame of a page: title, table of contents, sections, styles and scripts.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The style of every page. It follows the light or dark setting of the browser.
const STYLE: &str = include_str!("assets/style.css");

/// One part of a page.
#[derive(Debug)]
pub struct Section {
    /// The fragment of its address, unique in the page: lower case, with hyphens.
    pub id: &'static str,
    /// The heading.
    pub title: String,
    /// What stands below the heading.
    pub body: Markup,
}

/// A complete page without references to other files.
#[derive(Debug)]
pub struct Page<'a> {
    /// The title, which is also the first heading.
    pub title: &'a str,
    /// The text between the title and the first section.
    pub introduction: Markup,
    /// The sections, in order.
    pub sections: Vec<Section>,
    /// JavaScript that runs when the page is there.
    pub scripts: &'a [&'a str],
}

impl Page<'_> {
    /// Returns the page as HTML.
    pub fn html(&self) -> String {
        let markup = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="generator" content="narrows";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    header { h1 { (self.title) } (self.introduction) }
                    @if self.sections.len() > 1 { (self.contents()) }
                    main { @for section in &self.sections { (section.markup()) } }
                    @for script in self.scripts { script type="module" { (PreEscaped(script)) } }
                }
            }
        };
        markup.into_string()
    }

    fn contents(&self) -> Markup {
        html! {
            nav aria-label="Contents" {
                ul { @for section in &self.sections { li { a href={ "#" (section.id) } { (section.title) } } } }
            }
        }
    }
}

impl Section {
    fn markup(&self) -> Markup {
        html! {
            section id=(self.id) aria-labelledby={ (self.id) "-title" } {
                h2 id={ (self.id) "-title" } { (self.title) }
                (self.body)
            }
        }
    }
}
