//! The valid files that cases start from: models/zoo/, the fixtures of the data crate, and some that are made here.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// Larger files take long to read, and mutations rarely change their structure.
const LARGEST_FILE: u64 = 32 << 10;

/// The file of samples to which labels belong, and its content: five rows.
pub(crate) const SAMPLES: (&str, &str) = ("samples.csv", "a,b\n1,2\n3,4\n5,6\n7,8\n9,10\n");

/// Returns a path in the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The content of files, by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Returns the files of every bundle in models/zoo/ and of the packed bundles in fuzz/seeds/packed_bundle/, without
/// those that are never packed.
pub(crate) fn bundles() -> anyhow::Result<Vec<Files>> {
    let zoo = entries(&repository("models/zoo"))?;
    let folders = zoo.into_iter().filter(|folder| folder.is_dir()).map(|folder| {
        let files = entries(&folder)?.into_iter().filter(|path| {
            let name = path.file_name().unwrap_or_default();
            let ending = path.extension().unwrap_or_default();
            name == "manifest.json" || ending == "onnx" || ending == "safetensors" && name != "weights.safetensors"
        });
        files.map(|path| Ok((name_of(&path), read(&path)?))).collect()
    });
    let packed = entries(&repository("fuzz/seeds/packed_bundle"))?;
    let unpacked =
        packed.iter().filter(|path| path.extension().is_some_and(|ending| ending == "narrows")).map(|path| {
            let bytes = read(path)?;
            unpacked(&bytes).with_context(|| format!("{} is not a packed bundle", path.display()))
        });
    folders.chain(unpacked).collect()
}

/// Returns the files of a packed bundle.
fn unpacked(bytes: &[u8]) -> Option<Files> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (header, data) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header).ok()?;
    let files = header.iter().filter(|(name, _)| *name != "__metadata__").map(|(name, tensor)| {
        let offset = |index: usize| usize::try_from(tensor["data_offsets"][index].as_u64()?).ok();
        Some((name.clone(), data.get(offset(0)?..offset(1)?)?.to_vec()))
    });
    files.collect()
}

/// Returns the fixtures of the data crate, with the name of their folder and their path below it.
pub(crate) fn fixtures() -> anyhow::Result<Vec<(String, String, Vec<u8>)>> {
    let root = repository("data/tests/fixtures");
    let mut found = Vec::new();
    for folder in entries(&root)?.into_iter().filter(|path| path.is_dir()) {
        let mut open = vec![folder.clone()];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(entries(&path)?);
            } else if path.metadata()?.len() <= LARGEST_FILE {
                let inner = path.strip_prefix(&folder)?.to_string_lossy().into_owned();
                found.push((name_of(&folder), inner, read(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns the entries of a folder in order; none if there is no such folder.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort_unstable();
    Ok(paths)
}
