//! The record of a job, in its folder: what was computed, from which files, and which results are complete.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use datafusion::execution::object_store::ObjectStoreRegistry;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, path::Path as StorePath};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::data::File;

use super::partial::is_partial;

/// Name of the file. Readers of folders pass over names that begin with `_`.
const NAME: &str = "_narrows-job.json";

/// What a job computes, and how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The query of each file, in words that differ if results would.
    pub(crate) query: String,
    /// Digest of the bundle.
    pub(crate) bundle: String,
    /// Versions of Narrows and DataFusion.
    pub(crate) versions: String,
    /// The files, in the order of their results.
    pub(crate) files: Vec<File>,
    /// The complete results by the position of their file.
    pub(crate) done: BTreeMap<usize, Done>,
    /// Seconds, over all runs of the job.
    pub(crate) seconds: f64,
    /// Whether all files have a result.
    pub(crate) is_complete: bool,
    /// Whether they had one before this run.
    #[serde(skip)]
    pub(crate) was_complete: bool,
}

/// A complete result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl Record {
    pub(crate) fn new(query: String, bundle: String, files: Vec<File>) -> Self {
        let versions = format!("narrows {}, DataFusion {}", env!("CARGO_PKG_VERSION"), datafusion::DATAFUSION_VERSION);
        Record {
            query,
            bundle,
            versions,
            files,
            done: BTreeMap::new(),
            seconds: 0.0,
            is_complete: false,
            was_complete: false,
        }
    }

    /// Returns the name of the result of a file.
    pub(crate) fn name(index: usize) -> String {
        format!("part-{index:05}.parquet")
    }

    pub(crate) fn is_open(&self, index: usize) -> bool {
        !self.done.contains_key(&index)
    }

    /// Returns the number of rows and bytes of all results.
    pub(crate) fn total(&self) -> Done {
        let add = |sum: Done, done: &Done| Done { rows: sum.rows + done.rows, bytes: sum.bytes + done.bytes };
        self.done.values().fold(Done { rows: 0, bytes: 0 }, add)
    }

    /// Takes over the results of an earlier run of the same job, or starts a new one in an empty folder.
    ///
    /// # Errors
    /// A folder with another job, or with other files.
    pub(crate) async fn begin(&mut self, folder: &Url, stores: &Arc<dyn ObjectStoreRegistry>) -> Result<()> {
        let store = stores.get_store(folder)?;
        let path = StorePath::from_url_path(folder.join(NAME)?.path())?;
        match store.get(&path).await {
            Ok(found) => {
                let text = found.bytes().await?;
                let earlier: Record = serde_json::from_slice(&text)
                    .with_context(|| format!("`{folder}{NAME}` is not the record of a job"))?;
                let Record { done, seconds, .. } = earlier.clone();
                let same = Record { done: BTreeMap::new(), seconds: 0.0, is_complete: false, ..earlier };
                if same != *self {
                    bail!("`{folder}` has the results of another job: another query, bundle, version or set of files");
                }
                (self.done, self.seconds) = (done, seconds);
                self.forget_missing(folder, store.as_ref()).await?;
                self.was_complete = self.done.len() == self.files.len();
            }
            Err(object_store::Error::NotFound { .. }) => {
                let inside = StorePath::from_url_path(folder.path())?;
                let mut objects = store.list(Some(&inside));
                while let Some(object) = objects.next().await {
                    let location = object?.location;
                    if !is_partial(&location, &inside) {
                        bail!("`{folder}` is not empty: it has `{location}`");
                    }
                }
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read `{folder}{NAME}`")),
        }
        self.write(folder, stores).await
    }

    /// Drops complete results whose file is not there, or has another size.
    async fn forget_missing(&mut self, folder: &Url, store: &dyn ObjectStore) -> Result<()> {
        let inside = StorePath::from_url_path(folder.path())?;
        let objects = store.list(Some(&inside)).map_ok(|object| (object.location, object.size));
        let sizes: HashMap<StorePath, u64> = objects.try_collect().await?;
        let path = |index: usize| inside.clone().join(Record::name(index));
        self.done.retain(|&index, done| done.bytes == 0 || sizes.get(&path(index)) == Some(&done.bytes));
        Ok(())
    }

    /// Writes the record. Stores replace an object at once or not at all.
    pub(crate) async fn write(&self, folder: &Url, stores: &Arc<dyn ObjectStoreRegistry>) -> Result<()> {
        let path = folder.join(NAME)?;
        let text = serde_json::to_string_pretty(self)?;
        let store = stores.get_store(folder)?;
        let written = store.put(&StorePath::from_url_path(path.path())?, PutPayload::from(text)).await;
        written.with_context(|| format!("cannot write `{path}`"))?;
        Ok(())
    }
}
