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
    /// Styles in addition to those of every page.
    pub styles: &'a [&'a str],
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
                    // Without an icon of its own, a browser asks the server of the page for one.
                    link rel="icon" href="data:,";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) @for style in self.styles { (PreEscaped(style)) } }
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

#[cfg(test)]
mod tests {
    use super::STYLE;

    /// Returns the values of a colour in the light and in the dark scheme, as numbers of the form 0xRRGGBB.
    fn schemes(name: &str) -> Vec<u32> {
        let declaration = format!("{name}: #");
        let values = STYLE.split(&declaration).skip(1);
        values.map(|rest| u32::from_str_radix(&rest[..6], 16).expect("a colour")).collect()
    }

    /// The relative luminance (WCAG 2).
    fn luminance(color: u32) -> f64 {
        let part = |shift: u32| {
            let value = f64::from((color >> shift) & 0xff) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
    }

    #[test]
    fn colours_of_classes_have_a_contrast_of_three_in_both_schemes() {
        for index in 0..10 {
            for ground in ["--paper", "--panel"] {
                let (colors, grounds) = (schemes(&format!("--k{index}")), schemes(ground));
                assert_eq!((colors.len(), grounds.len()), (2, 2), "--k{index}");
                for (color, ground) in colors.into_iter().zip(grounds) {
                    let (one, other) = (luminance(color), luminance(ground));
                    let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                    assert!(contrast >= 3.0, "--k{index}: {contrast}");
                }
            }
        }
    }
}
