//! Says where a run resumes.

use std::path::Path;

use narrows_bundle::counted;
use narrows_trainer::{Access, Resumed};

use crate::report::{note, warn};

/// Prints the checkpoint that a run resumes from, and the checkpoints that were skipped.
pub(crate) fn report_resumed(folder: &Path, resumed: &Resumed) {
    match resumed.access {
        Access::Writable => {}
        Access::ReadOnly => note(format_args!(
            "cannot lock `{}`, because its folder cannot be written; nothing is written to the run, and another process may \
             train it at the same time",
            folder.display()
        )),
    }
    for (path, why) in &resumed.passed_over {
        warn(format_args!("skipped the checkpoint `{}`: {why}", path.display()));
    }
    match &resumed.checkpoint {
        Some(path) => note(format_args!(
            "run: `{}`, from `{}` (step {}, {} complete{})",
            folder.display(),
            path.display(),
            resumed.step,
            counted(resumed.epoch, "epoch"),
            if resumed.finished { ", nothing left to train" } else { "" }
        )),
        None => note(format_args!("run: `{}` has no checkpoint yet and starts from the beginning", folder.display())),
    }
}

/// Says that the skipped checkpoints are renamed, for a run that continues.
pub(crate) fn note_renamed(resumed: &Resumed) {
    if !resumed.passed_over.is_empty() {
        note("a skipped checkpoint is kept under a name that starts with passed-over-");
    }
}
