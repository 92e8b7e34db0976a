//! The header of a packed file: which files it holds, and where. Nothing that it says is believed.

use std::{collections::BTreeMap, fmt, ops::Range, path::Path};

use safetensors::{
    Dtype,
    tensor::{Metadata, TensorInfo},
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

use crate::BundleError;

/// Key and value of the metadata that tell a packed bundle from the weights of some model.
pub(super) const FORMAT: (&str, &str) = ("format", "narrows");
/// Bytes in front of the header, which hold its length.
pub(super) const PREFIX: usize = 8;
/// Bytes of a header at most: a thousand times what four files need.
pub(super) const HEADER_LIMIT: u64 = 1 << 20;

/// The files of a packed file of `length` bytes that begins with `head`: all of it, or so much that the
/// largest header is in it.
pub(super) fn files_in(path: &Path, head: &[u8], length: u64) -> Result<BTreeMap<String, Range<usize>>, BundleError> {
    let (metadata, start) = metadata(head).map_err(|what| BundleError::NotPacked { path: path.to_owned(), what })?;
    let announced = metadata.data_len().saturating_add(start) as u64;
    if announced != length {
        return Err(changed_length(path, length, announced));
    }
    let range = |(name, info): (String, &TensorInfo)| {
        if info.dtype != Dtype::U8 || info.shape.len() != 1 {
            let what = format!("it is {:?} of shape {:?}, expected U8 in one dimension", info.dtype, info.shape);
            return Err(BundleError::invalid(path.join(name), what));
        }
        let (from, to) = info.data_offsets;
        Ok((name, start.saturating_add(from)..start.saturating_add(to)))
    };
    metadata.tensors().into_iter().map(range).collect()
}

/// What to say of a file that has another length than its header, or the system, has announced.
pub(super) fn changed_length(path: &Path, found: u64, announced: u64) -> BundleError {
    let what = format!("it has {found} bytes, expected {announced}");
    BundleError::Changed { path: path.to_owned(), what }
}

/// The header, and where the data behind it starts; or why this is no packed bundle.
fn metadata(head: &[u8]) -> Result<(Metadata, usize), String> {
    if head.is_empty() {
        return Err("it is empty".to_owned());
    }
    let no_header = || "it does not begin with the header of a safetensors file".to_owned();
    let (prefix, behind) = head.split_first_chunk::<PREFIX>().ok_or_else(no_header)?;
    let length = u64::from_le_bytes(*prefix);
    let length = usize::try_from(length).ok().filter(|_| length <= HEADER_LIMIT).ok_or_else(no_header)?;
    let Some(header) = behind.get(..length) else {
        return Err(format!("its header should have {length} bytes, there are {}", behind.len()));
    };
    let malformed = |error| format!("its header is not that of a safetensors file: {error}");
    serde_json::from_slice::<NamedOnce>(header).map_err(malformed)?;
    let metadata: Metadata = serde_json::from_slice(header).map_err(malformed)?;
    let (key, value) = FORMAT;
    match metadata.metadata().as_ref().and_then(|metadata| metadata.get(key)) {
        Some(found) if found == value => Ok((metadata, PREFIX + length)),
        Some(_) | None => Err("it is a safetensors file of something else".to_owned()),
    }
}

/// An object that has no key twice: the last one would win without a word.
struct NamedOnce;

impl<'de> Deserialize<'de> for NamedOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NamedOnce)
    }
}

impl<'de> Visitor<'de> for NamedOnce {
    type Value = NamedOnce;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NamedOnce, A::Error> {
        let mut names = std::collections::BTreeSet::new();
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            if let Some(name) = names.replace(name) {
                return Err(A::Error::custom(format_args!("it names `{name}` twice")));
            }
        }
        Ok(NamedOnce)
    }
}
