//! The state that clones of [`Bundles`] share.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use datafusion::execution::object_store::ObjectStoreRegistry;
use narrows_runtime::Options;

use crate::{description::Description, function::Engine, model::Model};

/// The bundles that the functions of a process can use. Cloning it is cheap; clones share the opened models.
///
/// A bundle is named by a [`Reference`](crate::Reference). A relative path is searched for in the working directory and
/// then in the folders of the builder. A packed file in an object store is downloaded once into the cache, and its
/// digest checked.
///
/// Planning a query reads the manifest alone, so a client or a scheduler needs no ONNX Runtime. A model is opened when
/// the first batch needs it, once per process.
#[derive(Debug, Clone)]
pub struct Bundles(pub(super) Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) folders: Vec<PathBuf>,
    pub(super) cache: PathBuf,
    pub(super) stores: Arc<dyn ObjectStoreRegistry>,
    pub(super) options: Options,
    pub(super) machine: Option<String>,
    pub(super) described: Mutex<HashMap<PathBuf, (Stamp, Arc<Description>)>>,
    pub(super) models: Mutex<HashMap<(PathBuf, Engine), Slot>>,
}

/// A model that may not be open yet. The lock is held while it is opened, so that it is opened once.
pub(super) type Slot = Arc<Mutex<Option<(Stamp, Arc<Model>)>>>;

/// Time and size of the manifest or packed file, by which a changed bundle is noticed.
pub(super) type Stamp = (Option<SystemTime>, u64);
