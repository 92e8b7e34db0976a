//! Code in three languages that runs a bundle.

use narrows_bundle::{ClassifierKind, ClassifierManifest, Covariance, Manifest, PRIOR, Port, Prior, Role, SAMPLER};
use serde::Serialize;

use super::{render::render, table_example::TableOfExample};

/// The languages of the examples.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Language {
    Python,
    JavaScript,
    Rust,
}

/// What the examples of an autoencoder need to know.
#[derive(Debug, Serialize)]
pub(super) struct Code<'a> {
    encoder: &'a str,
    decoder: &'a str,
    /// Name of the encoder's input.
    sample: &'a str,
    /// Name of the input with the class, in both graphs.
    label: Option<&'a str>,
    /// Name of the encoder's output that is the code.
    code: &'a str,
    /// Name of the decoder's input.
    latent: &'a str,
    /// Name of the decoder's output.
    reconstruction: &'a str,
    /// The shape of a sample, separated by commas.
    dims: String,
    features: usize,
    table: Option<TableOfExample>,
    /// Name of the decoder's output with the levels of a mixed table, if `reconstruction` is another one.
    levels: Option<&'a str>,
    latent_dim: usize,
    /// The class of the example.
    class: ClassOfExample,
    /// The distribution that codes are drawn from, if there is one.
    draw: Option<Draw>,
}

#[derive(Debug, Serialize)]
struct ClassOfExample {
    index: usize,
    /// The quoted name.
    name: String,
}

/// A distribution over codes.
#[derive(Debug, Serialize)]
struct Draw {
    /// The file of the mixture; `None` for the standard normal distribution.
    mixture: Option<&'static str>,
    /// Whether the covariances are full matrices.
    full: bool,
    /// Whether every component belongs to a class.
    by_class: bool,
}

impl<'a> Code<'a> {
    pub(super) fn of(manifest: &'a Manifest) -> Self {
        let (encoder, decoder) = (&manifest.graphs.encoder, &manifest.graphs.decoder);
        let last = manifest.classes.as_ref().and_then(|classes| Some((classes.len().checked_sub(1)?, classes.last()?)));
        let class = match last {
            Some((index, name)) => ClassOfExample { index, name: format!("{name:?}") },
            None => ClassOfExample { index: 0, name: String::new() },
        };
        let of_table = last.filter(|_| decoder.input(Role::Label).is_some()).map(|(_, name)| name.as_str());
        let has_numbers = decoder.output(Role::Reconstruction).is_some();
        Code {
            encoder: &encoder.file,
            decoder: &decoder.file,
            sample: name(encoder.input(Role::Sample)),
            label: decoder.input(Role::Label).map(|port| port.name.as_str()),
            code: name(encoder.output(Role::Latent).or_else(|| encoder.output(Role::Mean))),
            latent: name(decoder.input(Role::Latent)),
            reconstruction: name(
                decoder.output(Role::Reconstruction).or_else(|| decoder.output(Role::DecodedCategories)),
            ),
            dims: dims(&manifest.sample.shape),
            features: manifest.sample.features(),
            table: TableOfExample::of(&manifest.sample, of_table),
            levels: decoder.output(Role::DecodedCategories).filter(|_| has_numbers).map(|port| port.name.as_str()),
            latent_dim: manifest.latent_dim,
            class,
            draw: Draw::of(manifest),
        }
    }

    /// Returns the example in a language.
    pub(super) fn in_language(&self, language: Language) -> anyhow::Result<String> {
        let template = match language {
            Language::Python => include_str!("autoencoder.py.jinja"),
            Language::JavaScript => include_str!("autoencoder.js.jinja"),
            Language::Rust => include_str!("autoencoder.rs.jinja"),
        };
        render(template, self)
    }

    /// Says what the example in JavaScript leaves out.
    pub(super) fn javascript_notes(&self) -> String {
        match &self.draw {
            Some(Draw { mixture: Some(file), .. }) => {
                format!(
                    "To generate, draw codes from the mixture in `{file}`, a safetensors file, as the example in \
                     Python does."
                )
            }
            Some(Draw { mixture: None, .. }) | None => String::new(),
        }
    }
}

impl Draw {
    fn of(manifest: &Manifest) -> Option<Self> {
        match (&manifest.sampler, manifest.prior) {
            (Some(record), _) => Some(Draw {
                mixture: Some(SAMPLER),
                full: match record.covariance {
                    Covariance::Diagonal => false,
                    Covariance::Full => true,
                },
                by_class: record.class_components.is_some(),
            }),
            (None, Some(Prior::Mixture { .. })) => Some(Draw { mixture: Some(PRIOR), full: false, by_class: false }),
            (None, Some(Prior::StandardNormal)) => Some(Draw { mixture: None, full: false, by_class: false }),
            (None, None) => None,
        }
    }
}

/// What the examples of a classifier or regressor need to know.
#[derive(Debug, Serialize)]
pub(crate) struct ClassifierCode<'a> {
    graph: &'a str,
    head: &'a str,
    /// Name of the input of the end-to-end graph.
    sample: &'a str,
    /// Name of the input of the head.
    latent: &'a str,
    /// Name of the output with the prediction.
    output: &'a str,
    dims: String,
    features: usize,
    table: Option<TableOfExample>,
    /// Whether the outputs are classes.
    classes: bool,
}

impl<'a> ClassifierCode<'a> {
    pub(crate) fn of(manifest: &'a ClassifierManifest) -> Self {
        let (graph, head) = (&manifest.graphs.end_to_end, &manifest.graphs.head);
        let (output, classes) = match manifest.kind {
            ClassifierKind::Classifier => (Role::Probabilities, true),
            ClassifierKind::Regressor => (Role::Prediction, false),
        };
        ClassifierCode {
            graph: &graph.file,
            head: &head.file,
            sample: name(graph.input(Role::Sample)),
            latent: name(head.input(Role::Latent)),
            output: name(graph.output(output)),
            dims: dims(&manifest.sample.shape),
            features: manifest.sample.features(),
            table: TableOfExample::of(&manifest.sample, None),
            classes,
        }
    }

    /// Returns the example in a language.
    pub(crate) fn in_language(&self, language: Language) -> anyhow::Result<String> {
        let template = match language {
            Language::Python => include_str!("classifier.py.jinja"),
            Language::JavaScript => include_str!("classifier.js.jinja"),
            Language::Rust => include_str!("classifier.rs.jinja"),
        };
        render(template, self)
    }
}

/// Every graph of a checked manifest has the ports that its kind needs.
fn name(port: Option<&Port>) -> &str {
    port.map_or("", |port| &port.name)
}

fn dims(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
