//! Downloading a packed bundle into the cache.

use std::{path::PathBuf, thread};

use narrows_runtime::bundle::{make_folders, write_atomic};
use object_store::{ObjectStore, ObjectStoreExt, path::Path as StorePath};
use url::Url;

use crate::{Error, Reference, causes::with_causes, description::Description};

use super::shared::Bundles;

impl Bundles {
    /// Downloads a packed bundle, checks its digest, and moves it into the cache when it is complete.
    pub(super) fn download(&self, url: &Url, reference: &Reference) -> Result<PathBuf, Error> {
        let error = |what: String| Error::Download { url: url.to_string(), what };
        let expected = reference.digest.as_deref().ok_or_else(|| error("it has no digest".to_owned()))?;
        let bytes = self.fetch(url)?;
        let description = Description::of_packed(&bytes)?;
        if description.digest != expected {
            let (path, found) = (PathBuf::from(url.as_str()), description.digest);
            return Err(Error::Digest { path, found, expected: expected.to_owned() });
        }
        let path = self.cached(expected);
        let write = || {
            make_folders(&self.0.cache)?;
            write_atomic(&path, &bytes)
        };
        write().map_err(|source| Error::Write { path: path.clone(), source })?;
        Ok(path)
    }

    fn fetch(&self, url: &Url) -> Result<Vec<u8>, Error> {
        let error = |what: String| Error::Download { url: url.to_string(), what };
        let store = self.0.stores.get_store(url).map_err(|cause| error(with_causes(&cause)))?;
        let path = StorePath::from_url_path(url.path()).map_err(|cause| error(cause.to_string()))?;
        read_all(store.as_ref(), &path).map_err(|cause| error(with_causes(&cause)))
    }
}

/// Reads a whole object. Functions are planned and run without an async context, possibly on a thread of an async
/// runtime, where a second runtime cannot wait; therefore another thread does.
fn read_all(store: &dyn ObjectStore, path: &StorePath) -> Result<Vec<u8>, object_store::Error> {
    let failed =
        |source: Box<dyn std::error::Error + Send + Sync>| object_store::Error::Generic { store: "bundle", source };
    let read = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|cause| failed(Box::new(cause)))?;
        runtime.block_on(async { store.get(path).await?.bytes().await }).map(Vec::from)
    };
    thread::scope(|scope| scope.spawn(read).join()).unwrap_or_else(|_| Err(failed("the download panicked".into())))
}
