//! The settings of [`Bundles`].

use std::{collections::HashMap, env, path::PathBuf, sync::Arc};

use datafusion::execution::object_store::{DefaultObjectStoreRegistry, ObjectStoreRegistry};
use narrows_runtime::Options;

use super::shared::{Bundles, Shared};

/// Builds a [`Bundles`].
#[derive(Debug, Default)]
pub struct BundlesBuilder {
    folders: Vec<PathBuf>,
    cache: Option<PathBuf>,
    stores: Option<Arc<dyn ObjectStoreRegistry>>,
    options: Options,
    machine: Option<String>,
}

impl Default for Bundles {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl Bundles {
    /// Returns a builder, with which folders, object stores and options are set.
    pub fn builder() -> BundlesBuilder {
        BundlesBuilder::default()
    }
}

impl BundlesBuilder {
    /// Adds a folder in which bundles are searched for by name.
    #[must_use]
    pub fn folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.folders.push(path.into());
        self
    }

    /// Sets the folder for downloaded bundles. By default `narrows/bundles` in the cache folder of the user.
    #[must_use]
    pub fn cache(mut self, path: impl Into<PathBuf>) -> Self {
        self.cache = Some(path.into());
        self
    }

    /// Sets the object stores from which bundles are downloaded, for example those of a session:
    /// `context.runtime_env().object_store_registry.clone()`. By default there are none.
    #[must_use]
    pub fn stores(mut self, stores: Arc<dyn ObjectStoreRegistry>) -> Self {
        self.stores = Some(stores);
        self
    }

    /// Sets the options with which models are opened. By default one session per core, with one thread each.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Sets a name of this machine, which errors then begin with. On a cluster they reach a client elsewhere.
    #[must_use]
    pub fn machine(mut self, name: impl Into<String>) -> Self {
        self.machine = Some(name.into());
        self
    }

    /// Returns the bundles. No file is read yet.
    pub fn build(self) -> Bundles {
        let BundlesBuilder { folders, cache, stores, options, machine } = self;
        let cache = cache.unwrap_or_else(default_cache);
        let stores = stores.unwrap_or_else(|| Arc::new(DefaultObjectStoreRegistry::new()));
        Bundles(Arc::new(Shared {
            folders,
            cache,
            stores,
            options,
            machine,
            described: HashMap::default().into(),
            models: HashMap::default().into(),
        }))
    }
}

/// Returns `$XDG_CACHE_HOME/narrows/bundles`, or `~/.cache/narrows/bundles`; without a home, a folder for temporary
/// files. Files in it are checked against their digest each time they are opened.
fn default_cache() -> PathBuf {
    let base = match env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(cache) => cache,
        None => {
            env::home_dir().filter(|home| home.is_absolute()).map_or_else(env::temp_dir, |home| home.join(".cache"))
        }
    };
    base.join("narrows").join("bundles")
}
