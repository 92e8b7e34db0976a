//! The losses over the epochs, as the bundle has them.

use maud::html;
use narrows_runtime::bundle::counted;

use crate::{chart::untrusted_chart, frame::Section, gathered::Gathered};

/// Returns the section; `None` if the bundle has no chart, because it is packed or was not trained in epochs.
pub(super) fn section(gathered: &Gathered) -> Option<Section> {
    let svg = gathered.about.loss_chart.as_ref()?;
    let training = &gathered.manifest.training;
    let noun = format!("training {}", gathered.about.noun);
    let body = html! {
        @if let Some(progress) = &training.progress {
            p {
                (counted(progress.epochs, "epoch")) " of " (counted(training.data.train_rows, &noun)) ", "
                (progress.steps) " steps"
                @if let Some(best) = progress.best_epoch { "; the exported weights are those of epoch " (best) }
                @if !progress.finished { "; the run was not finished when the model was exported" }
                "."
            }
        }
        (untrusted_chart(svg, "Chart of the losses over the epochs of the training"))
    };
    Some(Section { id: "loss", title: "Losses in training".to_owned(), body })
}
