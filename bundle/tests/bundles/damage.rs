//! Any change of a packed bundle is detected.

use std::{collections::BTreeMap, fs};

use narrows_bundle::{Bundle, BundleError, DECODER, ENCODER, Kind, MANIFEST, PROBE};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::support::autoencoder;

fn packed() -> Vec<u8> {
    let folder = autoencoder(Kind::Vae);
    Bundle::open(folder.path().join("model")).and_then(|bundle| bundle.pack()).expect("a good bundle")
}

/// Reads all files, as the parity check does.
fn read_all(bytes: &[u8]) -> Result<(), BundleError> {
    let bundle = Bundle::from_bytes(bytes)?;
    bundle.files().try_for_each(|(name, _)| bundle.read(name).map(drop))
}

#[test]
fn every_truncated_packed_bundle_is_refused() {
    let bytes = packed();
    assert!(read_all(&bytes).is_ok());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("truncated");
    for length in 0..bytes.len() {
        assert!(Bundle::from_bytes(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        if length % 50 == 0 {
            fs::write(&path, &bytes[..length]).expect("a writable folder");
            assert!(Bundle::open(&path).is_err(), "{length} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_is_detected() {
    let mut bytes = packed();
    for position in 0..bytes.len() {
        let bit = 1 << (position % 8);
        bytes[position] ^= bit;
        assert!(read_all(&bytes).is_err(), "byte {position} of {}", bytes.len());
        bytes[position] ^= bit;
    }
}

/// Packs the same files under other names.
fn renamed(bytes: &[u8], names: &[(&str, &str)]) -> Vec<u8> {
    let file = SafeTensors::deserialize(bytes).expect("safetensors");
    let files: BTreeMap<&str, &[u8]> =
        names.iter().map(|(from, to)| (*to, file.tensor(from).expect("packed").data())).collect();
    let tensors = files
        .iter()
        .map(|(name, bytes)| (*name, TensorView::new(Dtype::U8, vec![bytes.len()], bytes).expect("a matching length")));
    let metadata = std::collections::HashMap::from([("format".to_owned(), "narrows".to_owned())]);
    safetensors::serialize(tensors, Some(metadata)).expect("safetensors")
}

#[test]
fn swapped_files_are_detected() {
    let bytes = packed();
    let unchanged = [MANIFEST, ENCODER, DECODER, PROBE].map(|name| (name, name));
    assert_eq!(renamed(&bytes, &unchanged), bytes);
    for (one, other) in [(ENCODER, DECODER), (ENCODER, PROBE), (DECODER, MANIFEST)] {
        let swapped = unchanged.map(|(from, to)| {
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
fn the_error_of_a_changed_file_names_it_with_both_hashes() {
    let folder = autoencoder(Kind::Ae);
    let bytes = Bundle::open(folder.path().join("model")).and_then(|bundle| bundle.pack()).expect("a good bundle");
    let encoder = fs::read(folder.path().join("model").join(ENCODER)).expect("a file");
    let position = bytes.windows(encoder.len()).position(|window| window == encoder).expect("packed unchanged");
    let mut changed = bytes;
    changed[position + 1] ^= 1;
    let bundle = Bundle::from_bytes(&changed).expect("an intact manifest");
    let error = bundle.graph(&bundle.manifest().graphs.encoder).expect_err("changed").to_string();
    let expected = "`packed bundle/encoder.onnx` has changed since it was exported: its SHA-256 is";
    assert!(error.starts_with(expected) && error.contains("the manifest says"), "{error}");
    assert!(bundle.graph(&bundle.manifest().graphs.decoder).is_ok(), "the decoder is intact");
}
