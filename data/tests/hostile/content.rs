//! The content of test files.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};

type WriteContent = dyn FnOnce(&mut dyn Write) -> std::io::Result<()>;

/// The content of a file, or of a folder.
pub(crate) enum Content {
    Bytes(Vec<u8>),
    /// Content that is too large for memory, so that it is written in pieces.
    Written(Box<WriteContent>),
    /// A folder with these files.
    Folder(Vec<(&'static str, Content)>),
}

impl Content {
    /// Writes the file or folder.
    pub(crate) fn put(self, path: &Path) {
        match self {
            Content::Bytes(bytes) => fs::write(path, bytes).expect("enough disk space"),
            Content::Written(write) => {
                let mut file = BufWriter::new(File::create(path).expect("enough disk space"));
                write(&mut file).and_then(|()| file.flush()).expect("enough disk space");
            }
            Content::Folder(files) => {
                fs::create_dir(path).expect("enough disk space");
                for (name, content) in files {
                    let path = path.join(name);
                    fs::create_dir_all(path.parent().expect("a parent folder")).expect("enough disk space");
                    content.put(&path);
                }
            }
        }
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Content::Bytes(bytes)
    }
}

impl<const N: usize> From<&[u8; N]> for Content {
    fn from(bytes: &[u8; N]) -> Self {
        Content::Bytes(bytes.to_vec())
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Content::Bytes(text.as_bytes().to_vec())
    }
}

/// Content that is written in pieces.
pub(crate) fn written(write: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + 'static) -> Content {
    Content::Written(Box::new(write))
}

/// Writes `bytes` repeatedly.
pub(crate) fn repeat(to: &mut (impl Write + ?Sized), bytes: &[u8], times: usize) -> std::io::Result<()> {
    (0..times).try_for_each(|_| to.write_all(bytes))
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("written to memory");
    encoder.finish().expect("written to memory")
}

/// Encodes an IDX file with the given type code.
pub(crate) fn idx(element: u8, sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let sizes_bytes = sizes.iter().flat_map(|size| size.to_be_bytes());
    [0, 0, element, sizes.len() as u8].into_iter().chain(sizes_bytes).chain(values.iter().copied()).collect()
}

/// Encodes an .npy with the given `descr` and shape.
pub(crate) fn npy(element: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let quoted = if element.starts_with('[') { element.to_owned() } else { format!("'{element}'") };
    with_header(&format!("{{'descr': {quoted}, 'fortran_order': False, 'shape': {shape}, }}"), values)
}

/// Encodes an .npy in column-major order.
pub(crate) fn npy_in_columns(element: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    with_header(&format!("{{'descr': '{element}', 'fortran_order': True, 'shape': {shape}, }}"), values)
}

fn with_header(header: &str, values: &[u8]) -> Vec<u8> {
    let length = (header.len() as u16 + 1).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), b"\n", values].concat()
}

pub(crate) fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

pub(crate) fn fixture_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Reads a file that another program wrote.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    fs::read(fixture_path(name)).expect("a committed file")
}

/// Reads a fixture without its last bytes.
pub(crate) fn cut(name: &str, bytes: usize) -> Vec<u8> {
    let mut content = fixture(name);
    content.truncate(content.len() - bytes);
    content
}

/// Writes the label files that the cases refer to.
pub(crate) fn put_helpers(folder: &Path) {
    let files: [(&str, Vec<u8>); 5] = [
        ("three.idx", idx(8, &[3], &[0, 1, 2])),
        ("negative.npy", npy("<i8", "(2,)", &[1i64, -1].map(i64::to_le_bytes).concat())),
        ("negative.csv", b"1\n-1\n".to_vec()),
        ("float.npy", npy("<f4", "(2, 1)", &floats(&[0.0, 1.0]))),
        ("nan.npy", npy("<f4", "(2,)", &floats(&[0.0, f32::NAN]))),
    ];
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).expect("enough disk space");
    }
}
