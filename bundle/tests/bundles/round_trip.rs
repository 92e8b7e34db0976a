//! A packed bundle has the same content as its folder.

use std::fs;

use narrows_bundle::{Bundle, BundleError, DECODER, ENCODER, Kind, MANIFEST, PROBE, WEIGHTS};
use safetensors::{Dtype, SafeTensors};

use crate::support::{autoencoder, content, written};

#[test]
fn a_packed_bundle_has_the_same_content_as_its_folder() {
    for kind in Kind::ALL {
        let folder = autoencoder(kind);
        let bundle = Bundle::open(folder.path().join("model")).expect("a good bundle");
        let packed = bundle.pack().expect("a good bundle");
        let file = folder.path().join("model.narrows");
        fs::write(&file, &packed).expect("a writable folder");
        let opened = Bundle::open(&file).expect("just packed");
        assert_eq!(opened.path(), file);
        for other in [opened, Bundle::from_bytes(&packed).expect("just packed")] {
            assert_eq!(other.manifest(), bundle.manifest());
            for ports in [&bundle.manifest().graphs.encoder, &bundle.manifest().graphs.decoder] {
                assert_eq!(other.graph(ports).expect("packed"), bundle.graph(ports).expect("there"));
            }
            assert_eq!(other.probe().expect("packed"), bundle.probe().expect("there"));
            assert_eq!(other.pack().expect("a good bundle"), packed, "{kind}: packing again gives the same bytes");
        }
    }
}

#[test]
fn graphs_and_probe_are_packed_and_other_files_are_an_error_only_when_read() {
    let folder = autoencoder(Kind::Vae);
    let bundle = Bundle::open(folder.path().join("model")).expect("a good bundle");
    let names = |bundle: &Bundle| bundle.files().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&bundle), ["README.md", DECODER, ENCODER, PROBE, WEIGHTS]);
    let packed = Bundle::from_bytes(&bundle.pack().expect("a good bundle")).expect("just packed");
    assert_eq!(names(&packed), [DECODER, ENCODER, PROBE]);
    let error = packed.read(WEIGHTS).expect_err("not packed").to_string();
    assert_eq!(error, "`packed bundle/weights.safetensors` cannot be used: the packed file does not contain it");
}

#[test]
fn a_bundle_without_a_probe_is_packed_without_one() {
    let with = autoencoder(Kind::Ae);
    let manifest = Bundle::open(with.path().join("model")).expect("a good bundle").manifest().clone();
    let without = written(manifest, &[]);
    let bundle = Bundle::open(without.path().join("model")).expect("a good bundle");
    let packed = Bundle::from_bytes(&bundle.pack().expect("two graphs")).expect("just packed");
    assert_eq!(packed.files().map(|(name, _)| name).collect::<Vec<_>>(), [DECODER, ENCODER]);
}

#[test]
fn any_safetensors_reader_can_unpack_it() {
    let folder = autoencoder(Kind::Cvae);
    let model = folder.path().join("model");
    let packed = Bundle::open(&model).expect("a good bundle").pack().expect("a good bundle");
    let file = SafeTensors::deserialize(&packed).expect("safetensors");
    let mut names = file.names();
    names.sort_unstable();
    assert_eq!(names, [DECODER, ENCODER, MANIFEST, PROBE]);
    let files = content(&model);
    for name in names {
        let tensor = file.tensor(name).expect("named");
        assert_eq!(
            (tensor.dtype(), tensor.shape(), tensor.data()),
            (Dtype::U8, &[files[name].len()][..], &files[name][..])
        );
    }
}

#[test]
fn a_bundle_that_changes_between_opening_and_packing_is_not_packed() {
    let folder = autoencoder(Kind::Vae);
    let model = folder.path().join("model");
    let bundle = Bundle::open(&model).expect("a good bundle");
    let encoder = fs::read(model.join(ENCODER)).expect("a file");
    fs::write(model.join(ENCODER), &encoder[1..]).expect("a writable folder");
    assert!(matches!(bundle.pack(), Err(BundleError::Changed { path, .. }) if path.ends_with(ENCODER)));
    fs::write(model.join(ENCODER), encoder).expect("a writable folder");
    let other = autoencoder(Kind::Ae);
    fs::copy(other.path().join("model").join(MANIFEST), model.join(MANIFEST)).expect("a writable folder");
    assert!(matches!(bundle.pack(), Err(BundleError::Changed { path, .. }) if path.ends_with(MANIFEST)));
}
