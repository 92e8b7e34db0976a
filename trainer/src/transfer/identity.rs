//! What a run of `transfer` depends on.

use std::path::Path;

use narrows_bundle::Manifest;
use narrows_data::Dataset;
use serde::{Deserialize, Serialize};

use super::{Config, Options};
use crate::{
    DataOptions,
    options::Group,
    run::{RunError, field_differences},
};

/// What a run depends on. A run is only resumed with the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The configuration, with a value for every option; file names are without their folders.
    configuration: Options,
    /// SHA-256 of the data.
    fingerprint: String,
    /// Digest of the bundle.
    bundle: String,
}

impl Identity {
    /// Returns the identity of a transfer.
    ///
    /// # Errors
    /// [`RunError::Reading`] if the data can no longer be read.
    pub fn of(config: &Config, options: &Options, model: &Manifest, data: &Dataset) -> Result<Self, RunError> {
        let configuration = config.effective(options);
        Ok(Identity { configuration, fingerprint: data.fingerprint()?, bundle: model.digest.clone() })
    }

    /// Checks that a checkpoint of the run in `folder` belongs to this transfer.
    pub(super) fn check(&self, found: &Identity, folder: &Path) -> Result<(), RunError> {
        let path = || folder.to_owned();
        if found.fingerprint != self.fingerprint {
            let (expected, found) = (found.fingerprint.clone(), self.fingerprint.clone());
            return Err(RunError::OtherData { path: path(), expected, found });
        }
        if found.bundle != self.bundle {
            let (expected, found) = (found.bundle.clone(), self.bundle.clone());
            return Err(RunError::OtherBundle { path: path(), expected, found });
        }
        refuse_differences(&found.configuration, &self.configuration, folder)
    }
}

/// Refuses options that differ, except for the names of the data, which is identified by its fingerprint.
pub(super) fn refuse_differences(before: &Options, now: &Options, folder: &Path) -> Result<(), RunError> {
    let mut differences = field_differences(&before.fields(), &now.fields());
    <DataOptions as Group>::keys().into_iter().for_each(|key| drop(differences.remove(key)));
    if differences.is_empty() {
        return Ok(());
    }
    let differences = differences.into_values().collect();
    Err(RunError::OtherConfiguration { path: folder.to_owned(), differences })
}
