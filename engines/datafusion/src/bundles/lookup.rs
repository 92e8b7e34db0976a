//! Finding a bundle, and opening its model once.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[cfg(feature = "ballista")]
use narrows_runtime::Options;
use narrows_runtime::bundle::MANIFEST;

use crate::{Error, Reference, description::Description, function::Engine, model::Model};

use super::shared::{Bundles, Stamp};

impl Bundles {
    /// Reads the manifest of a bundle and checks its digest.
    pub(crate) fn describe(&self, reference: &Reference) -> Result<Arc<Description>, Error> {
        self.on_machine(|| self.find(reference).map(|(description, _)| description))
    }

    /// Returns an open model, which is opened if no call has done so before.
    pub(crate) fn model(&self, reference: &Reference, engine: Engine) -> Result<Arc<Model>, Error> {
        self.on_machine(|| {
            let (description, stamp) = self.find(reference)?;
            let key = (description.path.clone(), engine);
            let slot = lock(&self.0.models).entry(key).or_default().clone();
            let mut slot = lock(&slot);
            if let Some((_, model)) = slot.as_ref().filter(|(opened, _)| *opened == stamp) {
                return Ok(model.clone());
            }
            let model = Arc::new(Model::open(&description, engine, &self.0.options)?);
            *slot = Some((stamp, model.clone()));
            Ok(model)
        })
    }

    /// Returns the name of this machine in errors, if it has one.
    pub fn machine(&self) -> Option<&str> {
        self.0.machine.as_deref()
    }

    /// Returns the options with which models are opened.
    #[cfg(feature = "ballista")]
    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    fn find(&self, reference: &Reference) -> Result<(Arc<Description>, Stamp), Error> {
        let mut other = None;
        for path in self.candidates(reference)? {
            let stamp = stamp(&path);
            let known = lock(&self.0.described).get(&path).filter(|(known, _)| *known == stamp).cloned();
            let description = match known {
                Some((_, description)) => description,
                None => {
                    let description = Arc::new(Description::read(&path)?);
                    lock(&self.0.described).insert(path.clone(), (stamp, description.clone()));
                    description
                }
            };
            match &reference.digest {
                Some(expected) if *expected != description.digest => {
                    let found = description.digest.clone();
                    other.get_or_insert(Error::Digest { path, found, expected: expected.clone() });
                }
                _ => return Ok((description, stamp)),
            }
        }
        Err(other.unwrap_or_else(|| self.missing(reference)))
    }

    fn on_machine<T>(&self, call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        call().map_err(|source| match &self.0.machine {
            Some(machine) => Error::On { machine: machine.clone(), source: Box::new(source) },
            None => source,
        })
    }
}

fn stamp(path: &Path) -> Stamp {
    let manifest = path.join(MANIFEST);
    let metadata = manifest.metadata().or_else(|_| path.metadata());
    metadata.map_or((None, 0), |metadata| (metadata.modified().ok(), metadata.len()))
}

/// Locks a mutex and ignores poisoning: the maps are consistent after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
