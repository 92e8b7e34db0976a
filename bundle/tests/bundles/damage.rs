//! A packed bundle that is not as it was packed does not pass for one.

use std::{collections::BTreeMap, fs};

use narrows_bundle::{Bundle, BundleError, DECODER, ENCODER, Kind, MANIFEST, PROBE};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::support::autoencoder;

fn packed() -> Vec<u8> {
    let folder = autoencoder(Kind::Vae);
    Bundle::open(folder.path().join("model")).and_then(|bundle| bundle.pack()).expect("a good bundle")
}

/// Reads everything, as a proof does.
fn read_all(bytes: &[u8]) -> Result<(), BundleError> {
    let bundle = Bundle::from_bytes(bytes)?;
    bundle.files().try_for_each(|(name, _)| bundle.read(name).map(drop))
}

#[test]
fn no_beginning_of_a_packed_bundle_passes_for_it() {
    let bytes = packed();
    assert!(read_all(&bytes).is_ok());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("cut");
    for length in 0..bytes.len() {
        assert!(Bundle::from_bytes(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        if length % 50 == 0 {
            fs::write(&path, &bytes[..length]).expect("a writable folder");
            assert!(Bundle::open(&path).is_err(), "{length} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let mut bytes = packed();
    for at in 0..bytes.len() {
        let bit = 1 << (at % 8);
        bytes[at] ^= bit;
        assert!(read_all(&bytes).is_err(), "byte {at} of {}", bytes.len());
        bytes[at] ^= bit;
    }
}

/// The same files under other names.
fn renamed(bytes: &[u8], names: &[(&str, &str)]) -> Vec<u8> {
    let file = SafeTensors::deserialize(bytes).expect("safetensors");
    let files: BTreeMap<&str, &[u8]> =
        names.iter().map(|(from, to)| (*to, file.tensor(from).expect("packed").data())).collect();
    let tensors = files
        .iter()
        .map(|(name, bytes)| (*name, TensorView::new(Dtype::U8, vec![bytes.len()], bytes).expect("as many bytes")));
    let metadata = std::collections::HashMap::from([("format".to_owned(), "narrows".to_owned())]);
    safetensors::serialize(tensors, Some(metadata)).expect("safetensors")
}

#[test]
fn files_under_each_others_names_are_noticed() {
    let bytes = packed();
    let as_it_is = [MANIFEST, ENCODER, DECODER, PROBE].map(|name| (name, name));
    assert_eq!(renamed(&bytes, &as_it_is), bytes);
    for (one, other) in [(ENCODER, DECODER), (ENCODER, PROBE), (DECODER, MANIFEST)] {
        let swapped = as_it_is.map(|(from, to)| {
            let to = if to == one {
                other
            } else if to == other {
                one
            } else {
                to
            };
            (from, to)
        });
        let error = read_all(&renamed(&bytes, &swapped)).expect_err("swapped").to_string();
        assert!(error.contains(one) || error.contains(other), "{one} and {other}: {error}");
    }
}

#[test]
fn a_changed_file_is_named_with_both_hashes() {
    let folder = autoencoder(Kind::Ae);
    let bytes = Bundle::open(folder.path().join("model")).and_then(|bundle| bundle.pack()).expect("a good bundle");
    let encoder = fs::read(folder.path().join("model").join(ENCODER)).expect("a file");
    let at = bytes.windows(encoder.len()).position(|window| window == encoder).expect("packed as it is");
    let mut changed = bytes;
    changed[at + 1] ^= 1;
    let bundle = Bundle::from_bytes(&changed).expect("the manifest is whole");
    let error = bundle.graph(&bundle.manifest().graphs.encoder).expect_err("changed").to_string();
    let beginning = "`packed bundle/encoder.onnx` has changed since it was exported: its SHA-256 is";
    assert!(error.starts_with(beginning) && error.contains("the manifest says"), "{error}");
    assert!(bundle.graph(&bundle.manifest().graphs.decoder).is_ok(), "the other one is whole");
}
