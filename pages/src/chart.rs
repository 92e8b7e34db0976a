//! Charts inside of a page.

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{Markup, PreEscaped, html};

/// The elements of our charts.
const ELEMENTS: [&str; 8] = ["svg", "rect", "text", "line", "polyline", "polygon", "circle", "path"];
/// The attributes of our charts. None of them runs a script or refers to another file.
const ATTRIBUTES: [&str; 28] = [
    "width",
    "height",
    "viewBox",
    "xmlns",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "cx",
    "cy",
    "r",
    "dx",
    "dy",
    "d",
    "points",
    "opacity",
    "fill",
    "stroke",
    "stroke-width",
    "fill-opacity",
    "stroke-opacity",
    "text-anchor",
    "font-family",
    "font-size",
    "font-weight",
    "transform",
];

/// Puts a chart that was just drawn into the page, with the colours of the page. `description` is read aloud instead.
pub fn chart(svg: &str, description: &str) -> Markup {
    let label = html! { svg.chart role="img" aria-label=(description) {} }.into_string();
    let start = label.trim_end_matches("></svg>");
    html! { figure.chart { (PreEscaped(svg.replacen("<svg", start, 1))) } }
}

/// Puts a chart of a file into the page: like [`chart`] if it has only elements and attributes of our own charts,
/// otherwise as an image, in which a browser runs no scripts.
pub(crate) fn untrusted_chart(svg: &str, description: &str) -> Markup {
    if is_plain(svg) {
        return chart(svg, description);
    }
    let address = format!("data:image/svg+xml;base64,{}", BASE64_STANDARD.encode(svg));
    html! { figure { img src=(address) alt=(description); } }
}

/// Whether a text is an SVG with only known elements and attributes, and without declarations, comments and entities
/// other than those of characters.
fn is_plain(svg: &str) -> bool {
    let Some(rest) = svg.trim_start().strip_prefix("<svg ") else { return false };
    let mut depth = 1usize;
    let mut parts = format!("svg {rest}");
    parts.truncate(parts.trim_end().len());
    for (index, part) in parts.split('<').enumerate() {
        let Some((tag, text)) = part.split_once('>') else { return false };
        if text.contains('>') {
            return false;
        }
        if let Some(name) = tag.strip_prefix('/') {
            let Some(left) = depth.checked_sub(1).filter(|_| ELEMENTS.contains(&name)) else { return false };
            depth = left;
        } else {
            let is_closed = tag.ends_with('/');
            if !is_plain_tag(tag.trim_end_matches('/')) || (depth == 0 && index > 0) {
                return false;
            }
            depth += usize::from(!is_closed && index > 0);
        }
    }
    depth == 0
}

fn is_plain_tag(tag: &str) -> bool {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    if !ELEMENTS.contains(&name) {
        return false;
    }
    while !rest.trim().is_empty() {
        let Some((attribute, after)) = rest.trim_start().split_once("=\"") else { return false };
        let Some((value, after)) = after.split_once('"') else { return false };
        let refers = attribute != "xmlns" && (value.contains(':') || value.contains("url"));
        if !ATTRIBUTES.contains(&attribute) || refers {
            return false;
        }
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use narrows_evaluate::{Curve, loss_curves};

    use super::*;

    #[test]
    fn our_charts_are_plain_and_follow_the_colours_of_the_page() {
        let curve = |name: &str| Curve { name: name.to_owned(), points: vec![(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)] };
        let svg = loss_curves("a <model>", "nats", &[curve("train"), curve("validation")]).expect("finite points");
        assert!(is_plain(&svg), "{svg}");
        let markup = untrusted_chart(&svg, "the \"loss\"").into_string();
        assert!(
            markup.starts_with(
                r#"<figure class="chart"><svg class="chart" role="img" aria-label="the &quot;loss&quot;" width"#
            ),
            "{markup}"
        );
    }

    #[test]
    fn charts_with_scripts_and_references_are_only_images() {
        for svg in [
            r#"<svg x="1"><script>alert(1)</script></svg>"#,
            r#"<svg x="1" onload="alert(1)"></svg>"#,
            r#"<svg x="1"><text x="1" href="https://example.org"/></svg>"#,
            r#"<svg x="1"><rect fill="url(https://example.org)"/></svg>"#,
            r#"<svg x="1"></svg><p>more</p>"#,
            r#"<svg x="1"></svg><rect x="1"/>"#,
            r#"<svg x="1"><text x="1">a</svg>"#,
            r#"<svg x="1"><!-- <text x="1"> --></svg>"#,
            r#"<svg x=1></svg>"#,
            r#"<?xml version="1.0"?><svg x="1"></svg>"#,
            r#"<!DOCTYPE svg [<!ENTITY a "b">]><svg x="1"></svg>"#,
            r#"<svg x="1"><style>* { fill: red }</style></svg>"#,
        ] {
            let markup = untrusted_chart(svg, "a chart").into_string();
            assert!(markup.starts_with("<figure><img src=\"data:image/svg+xml;base64,"), "{svg}: {markup}");
        }
        assert!(is_plain(r#"<svg x="1"><text x="1">a &lt; b</text><line x1="0"/></svg>"#));
    }
}
