//! Text in Markdown.

/// Makes a text from a file fit in a cell of a table and in a line.
pub(crate) fn plain(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
