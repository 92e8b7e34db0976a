//! Labels and classes: what a conditional model is told with every row.

use narrows_bundle::Manifest;

use crate::{Autoencoder, Error, half::Half};

impl Autoencoder {
    /// Names of the classes of the data that the model was fitted on, by label; empty without labels.
    pub fn classes(&self) -> &[String] {
        classes_of(self.manifest())
    }

    /// Whether the encoder or the decoder takes a label with every row.
    pub fn takes_labels(&self) -> bool {
        self.encoder.takes_labels() || self.decoder.takes_labels()
    }

    /// The label of a class, by its name, or by its number where no class has that name.
    ///
    /// # Errors
    /// [`Error::UnknownClass`], with all names.
    pub fn class_named(&self, name: &str) -> Result<usize, Error> {
        let classes = self.classes();
        let by_number = || name.parse().ok().filter(|&class: &usize| class < classes.len());
        classes
            .iter()
            .position(|class| class == name)
            .or_else(by_number)
            .ok_or_else(|| Error::UnknownClass { class: name.to_owned(), classes: classes.to_vec() })
    }
}

/// Checks that every row has a label that names a class, if one of the `halves` takes labels, and
/// that there are none otherwise. Gather would take -1 for the last class without a word.
pub(crate) fn check_labels(
    labels: Option<&[i64]>,
    rows: usize,
    halves: &[&Half],
    manifest: &Manifest,
) -> Result<(), Error> {
    let (kind, classes) = (manifest.kind, classes_of(manifest).len());
    let taken = halves.iter().any(|half| half.takes_labels());
    match labels {
        None if taken => Err(Error::LabelsMissing { kind, classes }),
        None => Ok(()),
        Some(labels) if !taken => Err(Error::LabelsUnexpected { kind, labels: labels.len() }),
        Some(labels) if labels.len() != rows => Err(Error::LabelCount { rows, labels: labels.len() }),
        Some(labels) => {
            let names_class = |label: i64| usize::try_from(label).is_ok_and(|label| label < classes);
            match labels.iter().enumerate().find(|&(_, &label)| !names_class(label)) {
                Some((row, &label)) => Err(Error::LabelRange { row, label, classes }),
                None => Ok(()),
            }
        }
    }
}

fn classes_of(manifest: &Manifest) -> &[String] {
    manifest.classes.as_deref().unwrap_or_default()
}
