//! What Git does to the files of a bundle: it converts line endings, and Git LFS replaces files by pointers.

use std::{fs, path::Path};

use crate::BundleError;

/// File name of the attributes of Git in the folder of a bundle.
pub(crate) const ATTRIBUTES: &str = ".gitattributes";

/// Keeps Git from converting line endings, because the manifest has the hash of every file.
const KEEP_BYTES: &str = "* -text\n";

/// How a pointer of Git LFS begins (<https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>).
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1";

/// Returns the attributes for a bundle that replaces `older`: those of the older bundle if it has some, because a user
/// may have added to them.
pub(crate) fn attributes(older: &Path) -> Vec<u8> {
    fs::read(older.join(ATTRIBUTES)).unwrap_or_else(|_| KEEP_BYTES.into())
}

/// Returns the error for a file that is a pointer of Git LFS.
pub(crate) fn check_pointer(path: &Path, bytes: &[u8]) -> Result<(), BundleError> {
    match bytes.starts_with(POINTER) {
        true => Err(BundleError::LfsPointer { path: path.to_owned() }),
        false => Ok(()),
    }
}

/// Returns `bytes` with the line endings `\n` in place of `\r\n`; `None` if there is no `\r\n`.
pub(crate) fn with_line_feeds(bytes: &[u8]) -> Option<Vec<u8>> {
    let is_return = |index: usize| bytes.get(index..index + 2) == Some(b"\r\n".as_slice());
    let kept = bytes.iter().enumerate().filter(|(index, _)| !is_return(*index)).map(|(_, byte)| *byte);
    let converted: Vec<u8> = kept.collect();
    (converted.len() < bytes.len()).then_some(converted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_carriage_returns_before_line_feeds_are_removed() {
        assert_eq!(with_line_feeds(b"a\r\nb\r\n"), Some(b"a\nb\n".to_vec()));
        assert_eq!(with_line_feeds(b"\r\r\n\r"), Some(b"\r\n\r".to_vec()));
        assert_eq!(with_line_feeds(b"a\rb\n"), None);
        assert_eq!(with_line_feeds(b""), None);
    }
}
