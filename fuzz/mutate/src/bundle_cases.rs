//! Mutated bundles.

use fastrand::Rng;
use narrows_bundle::{sealed, sha256_hex};
use serde_json::{Value, json};

use crate::{
    bytes, graph,
    input::Input,
    json, protobuf,
    seeds::{self, Files},
    text::word,
};

const MANIFEST: &str = "manifest.json";
/// The name of a packed file.
pub(crate) const PACKED: &str = "case.narrows";
/// A graph of more bytes, such as a detector with its calibration rows, takes much longer to check and to load than the
/// others, so it is mutated less often.
const LARGE: usize = 100_000;

/// The bundles to start from.
pub(crate) struct BundleCases {
    seeds: Vec<Files>,
}

impl BundleCases {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(BundleCases { seeds: seeds::bundles()? })
    }

    /// Returns a valid bundle.
    pub(crate) fn valid(&self) -> Input {
        Input {
            files: [(PACKED.to_owned(), packed(&self.seeds[0]))].into(),
            opened: PACKED.to_owned(),
            ..Input::default()
        }
    }

    /// Returns a mutated bundle.
    pub(crate) fn case(&self, rng: &mut Rng) -> Input {
        let mut files = self.seed(rng).clone();
        let other = self.seed(rng);
        let mut group = "untouched";
        for _ in 0..[1, 1, 2, 4][rng.usize(..4)] {
            group = mutate(rng, &mut files, other);
        }
        if rng.bool() {
            mend(rng, &mut files);
        }
        if rng.u8(..8) == 0 {
            return Input { files, opened: String::new(), group, variant: rng.u8(..) };
        }
        let mut bytes = packed(&files);
        if rng.u8(..12) == 0 {
            // Most of the bytes are content, so the header is chosen separately.
            let header = if rng.bool() { 600.min(bytes.len()) } else { bytes.len() };
            let mut head: Vec<u8> = bytes.drain(..header).collect();
            bytes::mutate(rng, &mut head, b"manifest.json");
            bytes.splice(..0, head);
            group = "packed file";
        }
        Input { files: [(PACKED.to_owned(), bytes)].into(), opened: PACKED.to_owned(), group, variant: rng.u8(..) }
    }

    fn seed(&self, rng: &mut Rng) -> &Files {
        let mut chosen = &self.seeds[rng.usize(..self.seeds.len())];
        if chosen.values().any(|bytes| bytes.len() > LARGE) && rng.u8(..4) > 0 {
            chosen = &self.seeds[0];
        }
        chosen
    }
}

/// Changes one file. Returns what was changed.
fn mutate(rng: &mut Rng, files: &mut Files, other: &Files) -> &'static str {
    let name = match rng.u8(..12) {
        0..7 => any(rng, files, |name| name.ends_with(".onnx")),
        7..10 => Some(MANIFEST.to_owned()).filter(|name| files.contains_key(name)),
        _ => any(rng, files, |_| true),
    };
    let Some(name) = name else { return "untouched" };
    let donor = other.get(&name).map_or(&[][..], Vec::as_slice);
    let Some(content) = files.get_mut(&name) else { return "untouched" };
    match (rng.u8(..12), name.rsplit('.').next()) {
        (0, _) => {
            bytes::mutate(rng, content, donor);
            "any bytes"
        }
        (1, _) => {
            move_file(rng, files, other, &name);
            "files"
        }
        (2..6, Some("onnx")) => {
            protobuf::mutate(rng, content, donor);
            "graph, fields"
        }
        (_, Some("onnx")) => {
            graph::mutate(rng, content);
            "graph, nodes"
        }
        (_, Some("json")) => {
            let parsed = serde_json::from_slice::<Value>(content);
            if let (Ok(mut document), Ok(donor)) = (parsed, serde_json::from_slice::<Value>(donor)) {
                json::mutate(rng, &mut document, &donor);
                *content = document.to_string().into_bytes();
            }
            "manifest"
        }
        _ => {
            mutate_tensors(rng, content, donor);
            "tensors"
        }
    }
}

/// Changes the header or the values of a safetensors file.
pub(crate) fn mutate_tensors(rng: &mut Rng, content: &mut Vec<u8>, donor: &[u8]) {
    let Some((header, data)) = header_and_data(content).filter(|_| rng.u8(..4) > 0) else {
        return bytes::mutate(rng, content, donor);
    };
    let Ok(mut document) = serde_json::from_slice::<Value>(header) else { return };
    let donor = header_and_data(donor).and_then(|(header, _)| serde_json::from_slice(header).ok());
    json::mutate(rng, &mut document, &donor.unwrap_or(Value::Null));
    let header = document.to_string();
    *content = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat();
}

fn header_and_data(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

fn any(rng: &mut Rng, files: &Files, is_chosen: impl Fn(&str) -> bool) -> Option<String> {
    let names: Vec<&String> = files.keys().filter(|name| is_chosen(name)).collect();
    (!names.is_empty()).then(|| names[rng.usize(..names.len())].clone())
}

/// Takes a file of another bundle, exchanges two files, removes one, or renames one.
fn move_file(rng: &mut Rng, files: &mut Files, other: &Files, name: &str) {
    match rng.u8(..4) {
        0 => {
            if let Some(content) = any(rng, other, |_| true).and_then(|taken| other.get(&taken)) {
                files.insert(name.to_owned(), content.clone());
            }
        }
        1 => {
            let second = any(rng, files, |_| true).unwrap_or_default();
            let contents = (files.get(name).cloned(), files.get(&second).cloned());
            if let (Some(one), Some(two)) = contents {
                files.insert(name.to_owned(), two);
                files.insert(second, one);
            }
        }
        2 => drop(files.remove(name)),
        _ => {
            // A name in a packed file can be any text. In a folder, names stay inside it.
            let content = files.remove(name).unwrap_or_default();
            files.insert(format!("{}.onnx", word(rng).replace(['/', '.', '"', '\u{1b}'], "_")), content);
        }
    }
}

/// Corrects the sizes and the hashes in the manifest, and its own digest; sometimes only the digest.
fn mend(rng: &mut Rng, files: &mut Files) {
    let Some(manifest) = files.get(MANIFEST) else { return };
    let Ok(mut document) = serde_json::from_slice::<Value>(manifest) else { return };
    if rng.u8(..4) > 0
        && let Some(records) = document.get_mut("files").and_then(Value::as_object_mut)
    {
        for (name, content) in files.iter().filter(|(name, _)| *name != MANIFEST) {
            if let Some(record) = records.get_mut(name) {
                *record = json!({"bytes": content.len(), "sha256": sha256_hex(content)});
            }
        }
    }
    let text = document.to_string();
    let digest = document.get("digest").and_then(Value::as_str).unwrap_or_default();
    let mended = if digest.is_empty() { text } else { sealed(&text, digest) };
    files.insert(MANIFEST.to_owned(), mended.into_bytes());
}

/// Returns the packed form of these files.
fn packed(files: &Files) -> Vec<u8> {
    let mut header = serde_json::Map::from_iter([("__metadata__".to_owned(), json!({"format": "narrows"}))]);
    let mut data = Vec::new();
    for (name, content) in files {
        let range = [data.len(), data.len() + content.len()];
        header.insert(name.clone(), json!({"dtype": "U8", "shape": [content.len()], "data_offsets": range}));
        data.extend(content);
    }
    let header = Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
}

#[cfg(test)]
mod tests {
    use narrows_bundle::Bundle;

    use super::*;

    #[test]
    fn the_packed_seeds_are_valid_and_a_mended_manifest_is_accepted() {
        let cases = BundleCases::new().expect("committed bundles");
        assert!(cases.seeds.len() >= 10);
        let files = &cases.seeds[0];
        Bundle::from_bytes(&packed(files)).expect("valid");
        let mut changed = files.clone();
        let manifest =
            str::from_utf8(&files[MANIFEST]).expect("text").replacen("\"name\": \"digits", "\"name\": \"x", 1);
        assert_ne!(manifest.as_bytes(), files[MANIFEST]);
        changed.insert(MANIFEST.to_owned(), manifest.into_bytes());
        Bundle::from_bytes(&packed(&changed)).expect_err("the digest is wrong");
        mend(&mut Rng::with_seed(1), &mut changed);
        Bundle::from_bytes(&packed(&changed)).expect("mended");
    }

    #[test]
    fn the_same_seed_gives_the_same_case() {
        let cases = BundleCases::new().expect("committed bundles");
        for seed in 0..20 {
            assert!(cases.case(&mut Rng::with_seed(seed)) == cases.case(&mut Rng::with_seed(seed)));
        }
    }
}
