//! Model card: the README of a bundle, in the format of Hugging Face.

mod code;
mod data;
mod detector;
mod figures;
mod form;
mod graphs;
mod label_flag;
mod limits;
mod page;
mod pictures;
mod plain;
mod render;
mod table_example;
#[cfg(test)]
mod tests;
mod uses;

use narrows_bundle::{Manifest, PRIOR, Prior, Role, SAMPLER, counted, table::MissingCells};

use self::{code::Code, data::data_notes, label_flag::label_flag};
pub(crate) use self::{
    code::{ClassifierCode, Language},
    data::facts,
    detector::DetectorOfCard,
    figures::{Protocol, figures, loss_unit},
    form::{capitalise, sample_in_words},
    graphs::graph_lines,
    limits::gap_between_parts,
    page::Page,
};
use crate::columns::columns;

/// Returns the card as Markdown with a YAML header. It depends on the manifest alone, whose file records must contain
/// the pictures.
///
/// # Errors
/// A template that does not fit, which is a mistake in the program.
pub(crate) fn card(manifest: &Manifest) -> anyhow::Result<String> {
    let Manifest { kind, training, graphs, .. } = manifest;
    let parity = manifest.parity.as_ref();
    let parity = parity.map(|parity| vec![("encoder", &parity.encoder), ("decoder", &parity.decoder)]);
    let code = Code::of(manifest);
    let graph_ports = [&graphs.encoder, &graphs.decoder].into_iter();
    let graph_ports = graph_ports.chain(manifest.detector.as_ref().map(|record| &record.graph));
    let page = Page {
        tags: vec!["autoencoder", kind.name()],
        title: capitalise(kind.title()),
        data: &training.data.name,
        introduction: introduction(manifest),
        uses: uses::uses(manifest),
        pictures: pictures::pictures(manifest),
        facts: facts(&manifest.sample, training, manifest.classes.as_deref(), Some(&manifest.scaling)),
        data_notes: data_notes(manifest),
        figures: figures(training, &parity.unwrap_or_default()) + &of_columns(manifest),
        protocol: Protocol::Autoencoder(manifest).sentences(),
        distributions: distributions(manifest),
        limits: limits::limits(manifest),
        graphs: graph_lines(graph_ports),
        detector: DetectorOfCard::of(manifest)?,
        graph_notes: graph_notes(manifest),
        python: code.in_language(Language::Python)?,
        javascript: code.in_language(Language::JavaScript)?,
        javascript_notes: code.javascript_notes(),
        rust: code.in_language(Language::Rust)?,
        commands: commands(manifest),
    };
    page.markdown()
}

/// Returns the figures of the columns of a mixed table.
fn of_columns(manifest: &Manifest) -> String {
    columns(manifest, manifest.cells.as_deref())
        .map_or_else(String::new, |columns| format!("\n```text\n{columns}\n```\n"))
}

fn introduction(manifest: &Manifest) -> String {
    let title = manifest.kind.title();
    let article = if title.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" };
    let checkpoint = manifest.training.progress.as_ref().filter(|progress| !progress.finished);
    let checkpoint = checkpoint.map_or(String::new(), |progress| {
        let epochs = counted(progress.epochs, "epoch");
        format!(" This is the model of a checkpoint after {epochs}, not of the end of the run.")
    });
    format!(
        "{article} {title} with {}. The encoder maps {} to a code, and the decoder maps a code back to a sample. \
         {}{checkpoint} `narrows config .` prints every option of the run.",
        counted(manifest.latent_dim, "latent dimension"),
        sample_in_words(&manifest.sample),
        unit_note(manifest),
    )
}

fn unit_note(manifest: &Manifest) -> String {
    if let Some(schema) = &manifest.sample.table {
        let missing = match schema.missing {
            MissingCells::Masked => " A missing value is NaN in `x` and 0 in `categories`.",
            MissingCells::Refused => "",
        };
        return format!(
            "Numbers are in the unit of the training data; scaling is part of the graphs. A category is the position of \
             its level in the vocabulary of `manifest.json`, from 1; 0 is any other level.{missing}"
        );
    }
    let (low, high) = manifest.sample.range;
    format!("Samples are in the unit of the training data ({low} to {high}); scaling is part of the graphs.")
}

fn graph_notes(manifest: &Manifest) -> String {
    let takes_labels = manifest.graphs.decoder.input(Role::Label).is_some();
    match manifest.classes.as_ref().filter(|_| takes_labels) {
        None => String::new(),
        Some(_) => "The input `label` is the class of each row as an index from 0, in the order of the classes under \
                    [Data](#data). With the narrows program, name the classes with --labels or --label-column."
            .to_owned(),
    }
}

/// Returns the commands of the narrows program that suit the model, one per line.
fn commands(manifest: &Manifest) -> String {
    let labels = label_flag(manifest, manifest.kind.is_conditional());
    let schema = manifest.sample.table.as_ref();
    let rows = if schema.is_some() { "csv" } else { "npy" };
    let impute = match schema.map(|schema| schema.missing) {
        Some(MissingCells::Masked) => format!("\nnarrows impute . --data new.csv{labels} --out complete.csv"),
        Some(MissingCells::Refused) | None => String::new(),
    };
    let generate = match (manifest.prior, &manifest.sampler) {
        (None, None) => String::new(),
        (Some(_), _) | (None, Some(_)) => format!("\nnarrows generate . --count 64 --out samples.{rows}"),
    };
    format!(
        "narrows encode . --data new.csv{labels} --out codes.npy\n\
         narrows reconstruct . --data new.csv{labels} --out reconstructions.{rows}\n\
         narrows score . --data new.csv{labels} --out scores.csv{impute}{generate}"
    )
}

/// Describes a learned prior and a fitted sampler; empty without either.
fn distributions(manifest: &Manifest) -> String {
    let prior = match manifest.prior {
        Some(Prior::Mixture { components }) => Some(format!(
            "The prior over codes is a mixture of {} in `{PRIOR}`, learned in training.",
            counted(components, "normal distribution")
        )),
        Some(Prior::StandardNormal) | None => None,
    };
    let sampler = manifest.sampler.as_ref().map(|record| {
        let mixture = if record.class_components.is_some() { "mixture of each class" } else { "mixture" };
        format!("New samples are generated from the {mixture} in `{SAMPLER}`: {}.", record.described())
    });
    [prior, sampler].into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}
