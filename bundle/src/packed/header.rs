//! The header of a packed file: the names and byte ranges of its files. The header is untrusted: every
//! declared size is checked.

use std::{collections::BTreeMap, fmt, ops::Range, path::Path};

use safetensors::{
    Dtype,
    tensor::{Metadata, TensorInfo},
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

use crate::{BundleError, git::check_pointer};

/// Metadata key and value that distinguish a packed bundle from other safetensors files, such as model weights.
pub(super) const FORMAT: (&str, &str) = ("format", "narrows");
/// Size of the header length field at the start of the file, in bytes.
pub(super) const PREFIX: usize = 8;
/// Largest size of a header, in bytes: about a thousand times what four files need.
pub(super) const HEADER_LIMIT: u64 = 1 << 20;

/// Returns the byte range of each file in a packed file of `length` bytes.
///
/// `head` is the beginning of the file: all of it, or at least as much as the largest header needs.
pub(super) fn parse_header(
    path: &Path,
    head: &[u8],
    length: u64,
) -> Result<BTreeMap<String, Range<usize>>, BundleError> {
    check_pointer(path, head)?;
    let (metadata, start) = metadata(head).map_err(|what| BundleError::NotPacked { path: path.to_owned(), what })?;
    let declared = metadata.data_len().saturating_add(start) as u64;
    if declared != length {
        return Err(changed_length(path, length, declared));
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

/// Error for a file whose length differs from the one that its header declares or the file system reports.
pub(super) fn changed_length(path: &Path, found: u64, declared: u64) -> BundleError {
    let what = format!("it has {found} bytes, expected {declared}");
    BundleError::Changed { path: path.to_owned(), what }
}

/// Parses the header and returns it with the offset of the data; the error says why this is not a packed bundle.
fn metadata(head: &[u8]) -> Result<(Metadata, usize), String> {
    if head.is_empty() {
        return Err("it is empty".to_owned());
    }
    let no_header = || "it does not begin with a safetensors header".to_owned();
    let (prefix, after_prefix) = head.split_first_chunk::<PREFIX>().ok_or_else(no_header)?;
    let length = u64::from_le_bytes(*prefix);
    let length = usize::try_from(length).ok().filter(|_| length <= HEADER_LIMIT).ok_or_else(no_header)?;
    let Some(header) = after_prefix.get(..length) else {
        return Err(format!("its header should have {length} bytes, but only {} follow", after_prefix.len()));
    };
    let malformed = |error| format!("its header is not a valid safetensors header: {error}");
    serde_json::from_slice::<UniqueKeys>(header).map_err(malformed)?;
    let metadata: Metadata = serde_json::from_slice(header).map_err(malformed)?;
    let (key, value) = FORMAT;
    match metadata.metadata().as_ref().and_then(|metadata| metadata.get(key)) {
        Some(found) if found == value => Ok((metadata, PREFIX + length)),
        Some(_) | None => Err("it is a safetensors file, but not a packed bundle".to_owned()),
    }
}

/// A JSON object in which no key occurs twice; otherwise the last one would silently replace the others.
struct UniqueKeys;

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueKeys)
    }
}

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = UniqueKeys;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UniqueKeys, A::Error> {
        let mut names = std::collections::BTreeSet::new();
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            if let Some(name) = names.replace(name) {
                return Err(A::Error::custom(format_args!("it contains the name `{name}` twice")));
            }
        }
        Ok(UniqueKeys)
    }
}
