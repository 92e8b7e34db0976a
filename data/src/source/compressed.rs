//! Recognises compressed files and archives that are not read, so that an error says what they are.

use std::{io::Read, path::Path};

use crate::{content_error::ContentError, error::DataError, standard_input};

/// The first bytes of a compressed format, its name, and the program that unpacks it.
const FORMATS: [(&[u8], &str, &str); 6] = [
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard", "zstd -d"),
    (b"PK\x03\x04", "a zip archive", "unzip"),
    (b"\xfd7zXZ\x00", "compressed with xz", "unxz"),
    (b"BZh", "compressed with bzip2", "bunzip2"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x"),
    (b"Rar!", "a RAR archive", "unrar x"),
];
/// Endings in front of `.gz` of files that are read only without compression.
const UNPACKED: [&str; 9] = ["npy", "npz", "parquet", "pq", "arrow", "feather", "ipc", "tar", "zip"];
const LONGEST_START: u64 = 6;

/// Refuses a file that is compressed in a way that is not read.
pub(super) fn check(path: &Path) -> Result<(), DataError> {
    let io = |source| DataError::Io { path: path.to_owned(), source };
    let mut start = Vec::new();
    standard_input::open(path).map_err(io)?.take(LONGEST_START).read_to_end(&mut start).map_err(io)?;
    let ends_with = |ending: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending));
    let is_inside =
        |ending: &&str| path.file_stem().is_some_and(|stem| Path::new(stem).extension() == Some(ending.as_ref()));
    let found = FORMATS.iter().find(|(magic, ..)| start.starts_with(magic));
    let (kind, program) = match found {
        Some(&(_, kind, program)) => (kind, program),
        None if ends_with("gz") && UNPACKED.iter().any(is_inside) => ("compressed with gzip", "gunzip"),
        None if ends_with("tgz") => ("a compressed tar archive", "tar -xzf"),
        None => return Ok(()),
    };
    let advice = format!("unpack it first: {program} {}", path.display());
    Err(DataError::content(ContentError::Compressed { path: path.to_owned(), kind, advice }))
}

#[cfg(test)]
mod tests {
    use crate::{LoadOptions, load};

    #[test]
    fn a_compressed_file_is_told_as_what_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes, expected) in [
            (
                "x.npy.gz",
                &b"\x1f\x8b\x08\0"[..],
                "is compressed with gzip, which is not read in this form; unpack it first: gunzip ",
            ),
            ("x.parquet.gz", b"\x1f\x8b\x08\0", "compressed with gzip"),
            ("x.tgz", b"\x1f\x8b\x08\0", "a compressed tar archive"),
            ("x.zip", b"PK\x03\x04....", "is a zip archive, which is not read in this form; unpack it first: unzip "),
            ("x.csv.zst", b"\x28\xb5\x2f\xfd..", "compressed with Zstandard"),
            ("x.csv.xz", b"\xfd7zXZ\x00..", "compressed with xz"),
            ("x.csv.bz2", b"BZh91AY", "compressed with bzip2"),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).expect("a writable folder");
            let error = load(&path.to_string_lossy(), &LoadOptions::default()).expect_err(name).to_string();
            assert!(error.contains(expected) && error.contains(name), "{error}");
        }
    }
}
