//! Object stores by their addresses.

use std::{collections::HashMap, sync::Arc};

use datafusion::{
    common::{DataFusionError, Result},
    execution::object_store::ObjectStoreRegistry,
};
use object_store::{ClientOptions, ObjectStore, aws::AmazonS3Builder, http::HttpBuilder, local::LocalFileSystem};
use std::sync::{Mutex, PoisonError};
use url::Url;

/// The local file system, S3 and HTTP. A store is connected to when its address is first used.
///
/// Credentials and region of S3 come from the environment of each process: `AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`, `AWS_ALLOW_HTTP` and the others of
/// [`AmazonS3Builder::from_env`]. They are never part of a query.
#[derive(Debug, Default)]
pub struct Stores(Mutex<HashMap<String, Arc<dyn ObjectStore>>>);

impl Stores {
    fn connect(url: &Url) -> Result<Arc<dyn ObjectStore>> {
        match url.scheme() {
            "file" | "" => Ok(Arc::new(LocalFileSystem::new())),
            "s3" | "s3a" => Ok(Arc::new(AmazonS3Builder::from_env().with_url(url.as_str()).build()?)),
            "http" | "https" => {
                let options = ClientOptions::new().with_allow_http(true);
                let address = url.origin().ascii_serialization();
                Ok(Arc::new(HttpBuilder::new().with_client_options(options).with_url(address).build()?))
            }
            scheme => Err(DataFusionError::Configuration(format!(
                "`{url}`: {scheme} is not a known kind of address, expected a path, s3:// or https://"
            ))),
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<dyn ObjectStore>>> {
        // The map is consistent after every statement, so a panic of another thread cannot have corrupted it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the part of an address that identifies the store: scheme, host or bucket, and port.
fn key(url: &Url) -> String {
    url[..url::Position::BeforePath].to_owned()
}

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.locked().insert(key(url), store)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        if let Some(store) = self.locked().get(&key(url)) {
            return Ok(store.clone());
        }
        let store = Stores::connect(url)?;
        self.locked().insert(key(url), store.clone());
        Ok(store)
    }
}
