//! The files of a bundle.

use std::{fs, path::Path};

use narrows_bundle::{
    AnyBundle, Bundle, BundleError, ClassifierBundle, Contract, DECODER, ENCODER, HeadProbe, MANIFEST, Manifest,
    Opened, PROBE, Probe, checked_model, sealed,
};

use super::same::in_folder;

const GOOD_MANIFEST: &str = include_str!("../../../models/zoo/pca/manifest.json");
const GOOD_ENCODER: &[u8] = include_bytes!("../../../models/zoo/pca/encoder.onnx");
const GOOD_DECODER: &[u8] = include_bytes!("../../../models/zoo/pca/decoder.onnx");
const GOOD_PROBE: &[u8] = include_bytes!("../../../models/zoo/pca/probe.safetensors");

/// A manifest beside the other files of a good bundle: as it is, and with the digest that it should have.
pub fn manifest(bytes: &[u8]) {
    in_folder(|folder| {
        if !folder.join(ENCODER).exists() {
            for (name, bytes) in [(ENCODER, GOOD_ENCODER), (DECODER, GOOD_DECODER), (PROBE, GOOD_PROBE)] {
                fs::write(folder.join(name), bytes).expect("a temporary folder with room");
            }
        }
        open(folder, bytes);
        // Almost no change has the right digest by chance, and what is behind that check would stay unseen.
        let Ok(text) = str::from_utf8(bytes) else { return };
        let Ok(raw) = serde_json::from_str::<serde_json::Value>(text) else { return };
        let digest = raw.get("digest").and_then(serde_json::Value::as_str).unwrap_or_default();
        if !digest.is_empty() {
            open(folder, sealed(text, digest).as_bytes());
        }
    });
}

/// A packed bundle, the header of one, or a probe: by the first byte.
pub fn safetensors(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    match choice % 3 {
        0 => packed(bytes),
        1 => {
            // The length in front of the header is right, so that the header itself is looked at.
            let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
            let (header, data) = bytes.split_at(end);
            packed(&[&(header.len() as u64).to_le_bytes(), header, data].concat());
        }
        _ => {
            let (path, names) = (Path::new(PROBE), |name: &str| [name.to_owned()]);
            written_as_read(bytes, |bytes| {
                let probe = Probe::from_bytes(path, bytes, &names("z"), &names("x_hat")).ok()?;
                Some(probe.to_bytes().expect("what was read has valid shapes"))
            });
            written_as_read(bytes, |bytes| {
                let probe = HeadProbe::from_bytes(path, bytes, &names("x_hat")).ok()?;
                Some(probe.to_bytes().expect("what was read has valid shapes"))
            });
        }
    }
}

/// What is made of some bytes is made again of itself.
fn written_as_read(bytes: &[u8], written: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    if let Some(first) = written(bytes) {
        assert!(written(&first).as_ref() == Some(&first), "a probe is written as it was read");
    }
}

/// An ONNX graph, held against the ports of a good one.
pub fn graph(bytes: &[u8]) {
    let good: Manifest = serde_json::from_str(GOOD_MANIFEST).expect("a committed manifest");
    for ports in good.graphs() {
        if let Err(error) = checked_model(Path::new(&ports.file), bytes, ports) {
            assert!(error.to_string().contains(&ports.file), "the file is not named: {error}");
        }
    }
}

fn open(folder: &Path, manifest: &[u8]) {
    fs::write(folder.join(MANIFEST), manifest).expect("a temporary folder with room");
    let place = folder.to_string_lossy();
    if let Some(bundle) = opened(ClassifierBundle::open(folder), &place) {
        read_content(&bundle, &place);
    }
    if let Some(bundle) = opened(Bundle::open(folder), &place) {
        read_content(&bundle, &place);
    }
}

/// From memory and from a file, the same bytes are the same bundle.
fn packed(bytes: &[u8]) {
    in_folder(|folder| {
        let path = folder.join("packed.narrows");
        fs::write(&path, bytes).expect("a temporary folder with room");
        let of_head = read_all(ClassifierBundle::open(&path), &path.to_string_lossy());
        let from_file = read_all(Bundle::open(&path), &path.to_string_lossy());
        let from_memory = read_all(Bundle::from_bytes(bytes), "packed bundle");
        assert_eq!(from_file.is_some(), from_memory.is_some());
        assert_eq!(AnyBundle::open(&path).is_ok(), of_head.is_some() || from_file.is_some());
        if let (Some(one), Some(other)) = (from_file, from_memory) {
            assert_eq!(one.manifest().digest, other.manifest().digest);
        }
    });
}

/// Reads all that a packed bundle holds, and packs it again.
fn read_all<M: Contract>(found: Result<Opened<M>, BundleError>, place: &str) -> Option<Opened<M>> {
    let bundle = opened(found, place)?;
    for (name, _) in bundle.files() {
        let _ = bundle.read(name).map_err(|error| check(&error, place));
    }
    read_content(&bundle, place);
    let _ = bundle.pack().map_err(|error| check(&error, place));
    Some(bundle)
}

fn opened<M: Contract>(found: Result<Opened<M>, BundleError>, place: &str) -> Option<Opened<M>> {
    let bundle = found.map_err(|error| check(&error, place)).ok()?;
    assert_eq!(bundle.manifest().check(), Ok(()));
    Some(bundle)
}

fn read_content<M: Contract>(bundle: &Opened<M>, place: &str) {
    for ports in bundle.manifest().graphs() {
        let _ = bundle.graph(ports).map_err(|error| check(&error, place));
    }
    let _ = bundle.probe().map_err(|error| check(&error, place));
}

fn check(error: &BundleError, place: &str) {
    let message = error.to_string();
    assert!(message.contains(place), "the file is not named: {message} ({error:?})");
    assert!(message.len() < 4000 + 10 * place.len(), "a message of {} bytes", message.len());
}
