//! Names of classes, columns and channels, which can be long.

use maud::{Markup, html};

/// Names with more characters may be cut off by the style of the page.
const SHORT: usize = 16;

/// Puts a name into the page. The style cuts off what is too long, and the whole name appears under the pointer.
pub(crate) fn name(text: &str) -> Markup {
    let title = (text.chars().count() > SHORT).then_some(text);
    html! { span.name title=[title] { (text) } }
}
