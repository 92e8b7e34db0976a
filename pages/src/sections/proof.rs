//! Why the numbers can be trusted, and how to repeat them.

use maud::{Markup, html};
use narrows_runtime::bundle::{GraphParity, Parity};

use crate::{frame::Section, gathered::Gathered};

/// Returns the section.
pub(super) fn section(gathered: &Gathered) -> Section {
    let (manifest, about) = (&gathered.manifest, &gathered.about);
    let data = &manifest.training.data;
    let body = html! {
        @if let Some(parity) = &manifest.parity { (proof(parity)) }
        h3 { "This page" }
        pre { code { (about.page_command) } }
        h3 { "The training" }
        pre { code { (about.training_command) } }
        @if let Some(configuration) = &about.configuration {
            details {
                summary { "Every option of the training" }
                pre { code { (configuration) } }
            }
        }
        p.note {
            "Trained on " (data.name) " with the fingerprint " code.long { (data.fingerprint) } ". The digest of the \
             manifest, which names the hash of every file of the bundle, is " code.long { (manifest.digest) } "."
        }
    };
    Section { id: "proof", title: "Proof, and how to repeat it".to_owned(), body }
}

fn proof(parity: &Parity) -> Markup {
    let sizes = parity.batch_sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let row = |name: &str, graph: &GraphParity| {
        let [found, allowed] = [graph.max_abs_difference, graph.tolerance].map(|value| match value {
            0.0 => "0".to_owned(),
            value => format!("{value:.1e}"),
        });
        html! { tr { td { (name) } td { (found) } td { (allowed) } } }
    };
    html! {
        p {
            "Before the bundle was written, ONNX Runtime computed both graphs on stored rows, in batches of " (sizes)
            ", and the outputs were compared with those of the training:"
        }
        div.wide { table {
            thead { tr { th { "graph" } th { "largest difference" } th { "allowed" } } }
            tbody { (row("encoder", &parity.encoder)) (row("decoder", &parity.decoder)) }
        } }
        p.note { code { "narrows verify" } " repeats this on another machine, and checks the hash of every file." }
    }
}
