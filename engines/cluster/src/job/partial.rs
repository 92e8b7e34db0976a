//! Results that are not complete: each run has a folder of its own for them, which readers pass over.

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, path::Path as StorePath};
use url::Url;

/// Beginning of the names of the folders.
const PREFIX: &str = "_partial-";

/// Returns a new folder inside another.
pub(crate) fn temporary(folder: &Url) -> Result<Url> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(folder.join(&format!("{PREFIX}{}-{}/", now.as_nanos(), std::process::id()))?)
}

/// Moves a complete file to its final name, and returns its size.
pub(crate) async fn finish_file(store: &dyn ObjectStore, written: &StorePath, target: &StorePath) -> Result<u64> {
    let moved = store.rename(written, target).await;
    moved.with_context(|| format!("the result `{written}` cannot be moved (do all machines see the same folder?)"))?;
    Ok(store.head(target).await?.size)
}

/// Removes a folder with its files, as far as possible: a task that was cancelled may still write into it.
pub(crate) async fn remove_folder(store: &dyn ObjectStore, folder: &Url) {
    let Ok(path) = StorePath::from_url_path(folder.path()) else { return };
    let objects: Vec<StorePath> =
        store.list(Some(&path)).map_ok(|object| object.location).filter_map(async |object| object.ok()).collect().await;
    for object in objects {
        let _ = store.delete(&object).await;
    }
    if let Some(path) = Some(folder).filter(|url| url.scheme() == "file").and_then(|url| url.to_file_path().ok()) {
        let _ = std::fs::remove_dir_all(path);
    }
}

/// Returns whether an object in a folder is an incomplete result.
pub(crate) fn is_partial(object: &StorePath, folder: &StorePath) -> bool {
    let first = object.prefix_match(folder).and_then(|mut parts| parts.next());
    first.is_some_and(|part| part.as_ref().starts_with(PREFIX))
}
