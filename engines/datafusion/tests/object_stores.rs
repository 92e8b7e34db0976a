//! Bundles in object stores and in folders of models.

mod support;

use std::sync::Arc;

use datafusion::execution::object_store::{DefaultObjectStoreRegistry, ObjectStoreRegistry};
use narrows_datafusion::{Bundles, Reference, narrows_runtime::bundle::Bundle};
use object_store::{ObjectStoreExt, memory::InMemory, path::Path};
use support::zoo;
use url::Url;

/// Returns the packed bundle, its digest, and stores in which it is at `s3://models/vae.narrows`.
async fn stored() -> (Vec<u8>, String, Arc<DefaultObjectStoreRegistry>) {
    let bundle = Bundle::open(zoo("vae")).expect("a committed bundle");
    let packed = bundle.pack().expect("a packed bundle");
    let store = InMemory::new();
    store.put(&Path::from("vae.narrows"), packed.clone().into()).await.expect("memory");
    store.put(&Path::from("cut.narrows"), packed[..packed.len() / 2].to_vec().into()).await.expect("memory");
    let stores = DefaultObjectStoreRegistry::new();
    stores.register_store(&Url::parse("s3://models").expect("an address"), Arc::new(store));
    (packed, bundle.manifest().digest.clone(), Arc::new(stores))
}

fn reference(text: &str) -> Reference {
    Reference::parse(text).expect(text)
}

#[tokio::test]
async fn a_bundle_is_downloaded_once_and_its_digest_checked() {
    let (packed, digest, stores) = stored().await;
    let cache = tempfile::tempdir().expect("a folder");
    let bundles = Bundles::builder().cache(cache.path()).stores(stores).build();
    let address = reference(&format!("s3://models/vae.narrows@{digest}"));
    assert_eq!(bundles.digest(&address).expect("a bundle"), digest);
    let files: Vec<_> = std::fs::read_dir(cache.path()).expect("a folder").flatten().map(|file| file.path()).collect();
    assert_eq!(files, [cache.path().join(&digest).with_extension("narrows")]);
    assert_eq!(std::fs::read(&files[0]).expect("a file"), packed);
    // Without stores, only the cache has it; also by another name with the same digest.
    let offline = Bundles::builder().cache(cache.path()).build();
    assert_eq!(offline.digest(&address).expect("a cached bundle"), digest);
    assert_eq!(offline.digest(&reference(&format!("vae@{digest}"))).expect("a cached bundle"), digest);

    let other = reference(&format!("s3://models/vae.narrows@{}", "1".repeat(64)));
    let message = bundles.digest(&other).expect_err("another digest").to_string();
    assert!(message.contains("is another bundle than the query needs"), "{message}");
    let cases = [
        ("s3://models/none.narrows", "cannot download the bundle from s3://models/none.narrows"),
        ("s3://models/cut.narrows", ""),
        ("s3://other/vae.narrows", "cannot download the bundle from s3://other/vae.narrows"),
    ];
    let empty = tempfile::tempdir().expect("a folder");
    for (address, expected) in cases {
        let (_, _, stores) = stored().await;
        let bundles = Bundles::builder().cache(empty.path()).stores(stores).build();
        let message = bundles.digest(&reference(&format!("{address}@{digest}"))).expect_err(address).to_string();
        assert!(message.contains(expected), "{address}: {message}");
        assert_eq!(std::fs::read_dir(empty.path()).expect("a folder").count(), 0, "{address}");
    }
}

#[tokio::test]
async fn a_changed_file_in_the_cache_is_refused() {
    let (packed, digest, stores) = stored().await;
    let cache = tempfile::tempdir().expect("a folder");
    let bundles = Bundles::builder().cache(cache.path()).stores(stores).build();
    let address = reference(&format!("s3://models/vae.narrows@{digest}"));
    bundles.digest(&address).expect("a bundle");
    let mut changed = packed;
    let position = changed.windows(10).position(|bytes| bytes == b"latent_dim").expect("a manifest");
    changed[position] = b'L';
    std::fs::write(cache.path().join(&digest).with_extension("narrows"), changed).expect("a file");
    let offline = Bundles::builder().cache(cache.path()).build();
    offline.digest(&address).expect_err("a changed manifest");
}

#[test]
fn names_are_searched_for_in_folders_and_the_digest_chooses() {
    let digest = Bundle::open(zoo("vae")).expect("a committed bundle").manifest().digest.clone();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("empty")).expect("a folder");
    let bundles = Bundles::builder().folder(folder.path()).folder(support::repository("models/zoo")).build();
    assert_eq!(bundles.digest(&reference("vae")).expect("a name"), digest);
    assert_eq!(bundles.digest(&reference(&format!("vae@{digest}"))).expect("a name"), digest);
    let message = bundles.digest(&reference("none")).expect_err("no bundle").to_string();
    assert!(message.starts_with("there is no bundle `none`; searched `none`, "), "{message}");
    let message = bundles.digest(&reference("empty")).expect_err("a folder without a manifest").to_string();
    assert!(message.contains("empty"), "{message}");
}
