//! The page of a model card: what it says, and the template that arranges it.

use serde::Serialize;

use super::{data::Fact, detector::DetectorOfCard, pictures::PictureOfCard, render::render};

/// What a model card says. Every text is Markdown; empty parts are left out.
#[derive(Debug, Serialize)]
pub(crate) struct Page<'a> {
    pub(crate) tags: Vec<&'a str>,
    pub(crate) title: String,
    /// Name of the data set.
    pub(crate) data: &'a str,
    pub(crate) introduction: String,
    /// What the model is for and what it is not for.
    pub(crate) uses: Vec<String>,
    pub(crate) pictures: Vec<PictureOfCard>,
    /// Facts about the data.
    pub(crate) facts: Vec<Fact>,
    pub(crate) data_notes: String,
    /// The table of figures.
    pub(crate) figures: String,
    /// How the figures were computed.
    pub(crate) protocol: String,
    /// The distributions over codes from which samples are generated.
    pub(crate) distributions: String,
    pub(crate) limits: Vec<String>,
    pub(crate) graphs: Vec<String>,
    pub(crate) detector: Option<DetectorOfCard>,
    pub(crate) graph_notes: String,
    pub(crate) python: String,
    pub(crate) javascript: String,
    pub(crate) javascript_notes: String,
    pub(crate) rust: String,
    /// Commands of the narrows program.
    pub(crate) commands: String,
}

impl Page<'_> {
    /// Returns the card.
    pub(crate) fn markdown(&self) -> anyhow::Result<String> {
        let text = render(include_str!("card.md.jinja"), self)?;
        Ok(without_repeated_empty_lines(&text))
    }
}

/// Parts that are left out leave empty lines behind.
fn without_repeated_empty_lines(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        if !(line.is_empty() && lines.last().is_none_or(|last| last.is_empty())) {
            lines.push(line);
        }
    }
    lines.join("\n").trim_end().to_owned() + "\n"
}
