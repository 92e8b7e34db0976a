//! The Parquet files of a job.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use datafusion::{execution::object_store::ObjectStoreRegistry, prelude::ParquetReadOptions};
use futures::TryStreamExt;
use glob::{MatchOptions, Pattern};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, path::Path as StorePath};
use serde::{Deserialize, Serialize};
use url::Url;

/// Ending of the names of the files that are read in a folder.
const ENDING: &str = ".parquet";

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct File {
    pub(crate) url: String,
    pub(crate) bytes: u64,
    /// When the file was last changed.
    pub(crate) modified: String,
}

/// Returns the options of files whose names can have any ending.
pub(crate) fn parquet_options() -> ParquetReadOptions<'static> {
    ParquetReadOptions::default().file_extension("")
}

/// Returns the address of a path or address.
pub(crate) fn address(text: &str) -> Result<Url> {
    if text.contains("://") {
        return Url::parse(text).with_context(|| format!("`{text}` is not an address"));
    }
    let path = std::path::absolute(Path::new(text)).with_context(|| format!("`{text}` is not a path"))?;
    Url::from_file_path(&path).ok().with_context(|| format!("`{text}` is not a path"))
}

/// Lists the files of a path, an address, a folder or a pattern with `*`, in the order of their names. Files whose
/// name, or that of their folder, begins with `.` or `_` are not data.
pub(crate) async fn files(data: &[String], stores: &Arc<dyn ObjectStoreRegistry>) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for text in data {
        let found = list(text, stores).await.with_context(|| format!("cannot list `{text}`"))?;
        if found.is_empty() {
            bail!("`{text}` has no {ENDING} file");
        }
        files.extend(found);
    }
    files.sort();
    if let Some(file) = files.iter().find(|file| file.bytes == 0) {
        bail!("`{}` has 0 bytes and is not a Parquet file", file.url);
    }
    if let Some(pair) = files.windows(2).find(|pair| pair[0] == pair[1]) {
        bail!("--data has the file `{}` twice", pair[0].url);
    }
    Ok(files)
}

async fn list(text: &str, stores: &Arc<dyn ObjectStoreRegistry>) -> Result<Vec<File>> {
    let url = address(text)?;
    let store = stores.get_store(&url)?;
    let found = |object: ObjectMeta| {
        let mut address = url.clone();
        // `set_path` leaves these two as they are.
        let path = object.location.as_ref().replace('%', "%25").replace('\\', "%5C");
        address.set_path(&format!("/{path}"));
        File { url: address.to_string(), bytes: object.size, modified: object.last_modified.to_rfc3339() }
    };
    // The characters of a pattern are escaped in an address of a path.
    let path = StorePath::from_url_path(url.path())?;
    let on_disk = url.to_file_path().ok().filter(|_| url.scheme() == "file");
    let exists = on_disk.as_ref().is_some_and(|path| path.exists());
    if exists || !is_pattern(path.as_ref()) {
        // A bucket without a key is a folder, also where a server answers for it.
        if !path.as_ref().is_empty()
            && !on_disk.is_some_and(|path| path.is_dir())
            && let Ok(object) = store.head(&path).await
        {
            return Ok(vec![found(object)]);
        }
        let inside = everything(store.as_ref(), &path).await?.into_iter();
        let data =
            inside.filter(|object| object.location.as_ref().ends_with(ENDING) && is_data(&object.location, &path));
        return Ok(data.map(found).collect());
    }
    let pattern = Pattern::new(path.as_ref()).context("the pattern is malformed")?;
    let options =
        MatchOptions { require_literal_separator: true, require_literal_leading_dot: true, ..MatchOptions::new() };
    let folder: Vec<&str> = path.as_ref().split('/').take_while(|part| !is_pattern(part)).collect();
    let folder = StorePath::parse(folder.join("/"))?;
    let all = everything(store.as_ref(), &folder).await?.into_iter();
    Ok(all.filter(|object| pattern.matches_with(object.location.as_ref(), options)).map(found).collect())
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn is_data(path: &StorePath, folder: &StorePath) -> bool {
    path.prefix_match(folder).is_some_and(|mut parts| !parts.any(|part| part.as_ref().starts_with(['.', '_'])))
}

async fn everything(store: &dyn ObjectStore, folder: &StorePath) -> Result<Vec<ObjectMeta>> {
    Ok(store.list(Some(folder)).try_collect().await?)
}
