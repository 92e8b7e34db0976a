//! Harnesses for the files of a bundle.

use std::{fs, path::Path};

use narrows_bundle::{
    AnyBundle, Bundle, BundleError, Calibration, CheckedGraph, ClassifierBundle, ClassifierKind, ClassifierPorts,
    Contract, DECODER, DetectorProbe, ENCODER, GraphPorts, HeadProbe, MANIFEST, Manifest, Moments, Opened, PROBE,
    Probe, checked_model, sealed, sha256_hex,
};

use super::same::in_folder;

const VALID_MANIFEST: &str = include_str!("../../../models/zoo/pca/manifest.json");
const VALID_ENCODER: &[u8] = include_bytes!("../../../models/zoo/pca/encoder.onnx");
const VALID_DECODER: &[u8] = include_bytes!("../../../models/zoo/pca/decoder.onnx");
const VALID_PROBE: &[u8] = include_bytes!("../../../models/zoo/pca/probe.safetensors");

/// A manifest next to the other files of a valid bundle: unchanged, and with the correct digest.
pub fn manifest(bytes: &[u8]) {
    in_folder(|folder| {
        if !folder.join(ENCODER).exists() {
            for (name, bytes) in [(ENCODER, VALID_ENCODER), (DECODER, VALID_DECODER), (PROBE, VALID_PROBE)] {
                fs::write(folder.join(name), bytes).expect("a writable temporary folder");
            }
        }
        open(folder, bytes);
        // A changed manifest almost never has the correct digest, so the code after that check would not be tested.
        let Ok(text) = str::from_utf8(bytes) else { return };
        let Ok(raw) = serde_json::from_str::<serde_json::Value>(text) else { return };
        let digest = raw.get("digest").and_then(serde_json::Value::as_str).unwrap_or_default();
        if !digest.is_empty() {
            open(folder, sealed(text, digest).as_bytes());
        }
    });
}

/// A packed bundle, the header of a packed bundle, or a probe, quantiles or moments, depending on the first byte.
pub fn safetensors(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    match choice % 3 {
        0 => packed(bytes),
        1 => {
            // Prefix the correct length of the header, so that the header itself is parsed.
            let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
            let (header, data) = bytes.split_at(end);
            packed(&[&(header.len() as u64).to_le_bytes(), header, data].concat());
        }
        _ => {
            let (path, names) = (Path::new(PROBE), |name: &str| [name.to_owned()]);
            check_round_trip(bytes, |bytes| {
                let probe = Probe::from_bytes(path, bytes, &names("z"), &names("x_hat")).ok()?;
                Some(probe.to_bytes().expect("a parsed probe has valid shapes"))
            });
            check_round_trip(bytes, |bytes| {
                let probe = HeadProbe::from_bytes(path, bytes, &names("x_hat")).ok()?;
                Some(probe.to_bytes().expect("a parsed probe has valid shapes"))
            });
            check_round_trip(bytes, |bytes| {
                let probe = DetectorProbe::from_bytes(path, bytes).ok()?;
                Some(probe.to_bytes().expect("a parsed probe has valid shapes"))
            });
            check_round_trip(bytes, |bytes| Some(Moments::from_bytes(path, bytes).ok()?.to_bytes()));
            check_round_trip(bytes, |bytes| {
                let calibration = Calibration::from_bytes(path, bytes).ok()?;
                Some(calibration.to_bytes().expect("parsed quantiles have valid shapes"))
            });
        }
    }
}

/// Checks that the encoding of parsed bytes is parsed and encoded to the same bytes.
fn check_round_trip(bytes: &[u8], reencode: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    if let Some(first) = reencode(bytes) {
        assert!(reencode(&first).as_ref() == Some(&first), "the encoding of a parsed probe is stable");
    }
}

/// An ONNX graph, checked against the ports of an encoder and a decoder, and of the head and the whole graph of a
/// classifier and a regressor.
pub fn graph(bytes: &[u8]) {
    let valid: Manifest = serde_json::from_str(VALID_MANIFEST).expect("a committed manifest");
    valid.graphs().into_iter().for_each(|ports| check_graph(bytes, ports));
    for kind in ClassifierKind::ALL {
        let ports = ClassifierPorts::of(kind, &valid.sample.shape, valid.latent_dim, 3);
        [&ports.head, &ports.end_to_end].into_iter().for_each(|ports| check_graph(bytes, ports));
    }
}

/// Checks a graph against ports. What passes is encoded to a graph that passes, too.
fn check_graph(bytes: &[u8], ports: &GraphPorts) {
    let path = Path::new(&ports.file);
    match checked_model(path, bytes, ports) {
        Ok(model) => {
            let graph = CheckedGraph::of(&model);
            assert!(checked_model(path, &graph.bytes, ports).is_ok_and(|again| again == model));
        }
        Err(error) => {
            assert!(error.to_string().contains(&ports.file), "the message does not name the file: {error}");
        }
    }
}

/// A packed bundle: unchanged, and with the correct sizes, hashes and digest in its manifest.
pub fn packed_bundle(bytes: &[u8]) {
    packed(bytes);
    if let Some(mended) = mended(bytes) {
        packed(&mended);
    }
}

/// Corrects the manifest of a packed bundle. `None` if the bytes are not a packed bundle with a manifest.
fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (header, data) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let header: serde_json::Value = serde_json::from_slice(header).ok()?;
    let content = |tensor: &serde_json::Value| {
        let offset = |index: usize| usize::try_from(tensor.get("data_offsets")?.get(index)?.as_u64()?).ok();
        data.get(offset(0)?..offset(1)?)
    };
    let mut manifest: serde_json::Value = serde_json::from_slice(content(header.get(MANIFEST)?)?).ok()?;
    for (name, record) in manifest.get_mut("files")?.as_object_mut()? {
        if let Some(content) = header.get(name).and_then(content) {
            *record = serde_json::json!({"bytes": content.len(), "sha256": sha256_hex(content)});
        }
    }
    let text = manifest.to_string();
    let digest = manifest.get("digest").and_then(serde_json::Value::as_str).filter(|digest| !digest.is_empty())?;
    let manifest = sealed(&text, digest).into_bytes();
    let (mut tensors, mut packed) = (serde_json::Map::new(), Vec::new());
    for (name, tensor) in header.as_object()? {
        let mut tensor = tensor.clone();
        if name != "__metadata__" {
            let content = if name == MANIFEST { &manifest } else { content(&tensor)? };
            tensor["data_offsets"] = serde_json::json!([packed.len(), packed.len() + content.len()]);
            tensor["shape"] = serde_json::json!([content.len()]);
            packed.extend(content);
        }
        tensors.insert(name.clone(), tensor);
    }
    let header = serde_json::Value::Object(tensors).to_string();
    Some([&(header.len() as u64).to_le_bytes(), header.as_bytes(), &packed].concat())
}

fn open(folder: &Path, manifest: &[u8]) {
    fs::write(folder.join(MANIFEST), manifest).expect("a writable temporary folder");
    let path = folder.to_string_lossy();
    if let Some(bundle) = checked(ClassifierBundle::open(folder), &path) {
        read_content(&bundle, &path);
    }
    if let Some(bundle) = checked(Bundle::open(folder), &path) {
        read_content(&bundle, &path);
    }
}

/// Checks that a packed bundle is the same when it is read from memory and from a file.
fn packed(bytes: &[u8]) {
    in_folder(|folder| {
        let path = folder.join("packed.narrows");
        fs::write(&path, bytes).expect("a writable temporary folder");
        let classifier = read_all(ClassifierBundle::open(&path), &path.to_string_lossy());
        let from_file = read_all(Bundle::open(&path), &path.to_string_lossy());
        let from_memory = read_all(Bundle::from_bytes(bytes), "packed bundle");
        assert_eq!(from_file.is_some(), from_memory.is_some());
        assert_eq!(AnyBundle::open(&path).is_ok(), classifier.is_some() || from_file.is_some());
        if let (Some(one), Some(other)) = (from_file, from_memory) {
            assert_eq!(one.manifest().digest, other.manifest().digest);
        }
    });
}

/// Reads the complete content of a packed bundle, and packs it again.
fn read_all<M: Contract>(outcome: Result<Opened<M>, BundleError>, path: &str) -> Option<Opened<M>> {
    let bundle = checked(outcome, path)?;
    for (name, _) in bundle.files() {
        let _ = bundle.read(name).map_err(|error| check(&error, path));
    }
    read_content(&bundle, path);
    let _ = bundle.pack().map_err(|error| check(&error, path));
    Some(bundle)
}

/// Checks the message of an error, or the manifest of a bundle.
fn checked<M: Contract>(outcome: Result<Opened<M>, BundleError>, path: &str) -> Option<Opened<M>> {
    let bundle = outcome.map_err(|error| check(&error, path)).ok()?;
    assert_eq!(bundle.manifest().check(), Ok(()));
    Some(bundle)
}

fn read_content<M: Contract>(bundle: &Opened<M>, path: &str) {
    for ports in bundle.manifest().graphs() {
        let _ = bundle.graph(ports).map_err(|error| check(&error, path));
    }
    let _ = bundle.probe().map_err(|error| check(&error, path));
}

fn check(error: &BundleError, path: &str) {
    let message = error.to_string();
    assert!(message.contains(path), "the message does not name the file: {message} ({error:?})");
    assert!(message.len() < 4000 + 10 * path.len(), "a message of {} bytes", message.len());
}
