//! The paths at which a bundle can be.

use std::path::PathBuf;

use crate::{Error, Location, Reference};

use super::shared::Bundles;

/// Ending of packed bundles in the cache and of names without a folder.
const PACKED: &str = "narrows";

impl Bundles {
    /// Returns the existing paths at which the bundle can be, the preferred first. Downloads it if it is in an object
    /// store and not in the cache.
    pub(super) fn candidates(&self, reference: &Reference) -> Result<Vec<PathBuf>, Error> {
        let cached = reference.digest.as_ref().map(|digest| self.cached(digest)).filter(|path| path.exists());
        match (&reference.location, cached) {
            (Location::Url(_), Some(path)) => Ok(vec![path]),
            (Location::Url(url), None) => self.download(url, reference).map(|path| vec![path]),
            (Location::Path(_), cached) => {
                Ok(self.searched(reference).into_iter().filter(|path| path.exists()).chain(cached).collect())
            }
        }
    }

    /// Returns the path of a downloaded bundle with this digest.
    pub(super) fn cached(&self, digest: &str) -> PathBuf {
        self.0.cache.join(digest).with_extension(PACKED)
    }

    pub(super) fn missing(&self, reference: &Reference) -> Error {
        Error::Missing { reference: reference.to_string(), searched: self.searched(reference) }
    }

    fn searched(&self, reference: &Reference) -> Vec<PathBuf> {
        let Location::Path(path) = &reference.location else { return Vec::new() };
        if path.is_absolute() {
            return vec![path.clone()];
        }
        let mut searched = vec![path.clone()];
        for folder in &self.0.folders {
            let inside = folder.join(path);
            let mut packed = inside.clone().into_os_string();
            packed.push(".");
            packed.push(PACKED);
            searched.extend([inside, packed.into()]);
        }
        searched
    }
}
