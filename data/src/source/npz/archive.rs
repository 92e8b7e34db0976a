//! An open archive of named arrays. Stored arrays have random access, compressed arrays are unpacked sequentially.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    directory::{self, Fault},
    entry::{Content, Entry, Packing},
};
use crate::{
    array::Array,
    element::Element,
    error::DataError,
    labels::Labels,
    packed::{self, PackedRows},
    reader::Opened,
    reading::LoadOptions,
    source::{
        choice::Arrays,
        npy::{self, header::Header},
    },
    unpack::{check_declared, limited, unpacking_error},
};

pub(super) struct Archive {
    path: PathBuf,
    file: Arc<File>,
    length: u64,
    entries: Vec<Entry>,
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let io = |source| DataError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        if length == 0 {
            return Err(DataError::Empty { path: path.to_owned() });
        }
        let entries = directory::read(&file, length).map_err(|fault| archive_error(path, fault))?;
        Ok(Archive { path: path.to_owned(), file: Arc::new(file), length, entries })
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the path of an array for error messages.
    pub(super) fn path_of(&self, entry: &Entry) -> PathBuf {
        let mut path = OsString::from(&self.path);
        path.push("/");
        path.push(entry.printable_name());
        path.into()
    }

    /// Reads the header of an array.
    fn header(&self, entry: &Entry) -> Result<Header, DataError> {
        Header::read(&self.path_of(entry), &mut self.content(entry)?)
    }

    /// Opens an array of samples.
    pub(super) fn samples(&self, entry: &Entry, options: &LoadOptions) -> Result<Opened, DataError> {
        let path = &self.path_of(entry);
        let missing = options.reading.missing.unwrap_or_default();
        let mut content = self.content(entry)?;
        let header = Header::read(path, &mut content)?;
        let array = header.array(path)?;
        array.head(path)?;
        let length = self.check(entry, &array, &header, options)?;
        match entry.packing {
            Packing::Stored => {
                // Its rows are read in any order, so the checksum is compared before.
                content.check_rest().map_err(|error| unpacking_error(path, error))?;
                let file = self.file.try_clone().map_err(|source| DataError::Io { path: path.clone(), source })?;
                npy::open_at(path, file, self.start_of(entry)? + header.length, length, &header, missing)
            }
            _ if header.is_row_major() => {
                let values = limited(content, entry.packed, options.limits.unpack);
                Ok(Opened::Reader(Box::new(PackedRows::new(path, array, values, missing)?)))
            }
            // A column-major array needs random access, so it is unpacked to a temporary file.
            _ => {
                let values = limited(content, entry.packed, options.limits.unpack);
                let file = unpack(path, values, length)?;
                npy::open_at(path, file, 0, length, &header, missing)
            }
        }
    }

    /// Reads the labels, one per row. The shape may be `[rows]` or `[rows, 1]`, or for floats `[rows, targets]`.
    pub(super) fn labels(&self, entry: &Entry, options: &LoadOptions) -> Result<Labels, DataError> {
        let path = &self.path_of(entry);
        let mut content = self.content(entry)?;
        let header = Header::read(path, &mut content)?;
        let array = header.array(path)?;
        array.check_labels(path)?;
        self.check(entry, &array, &header, options)?;
        packed::read_labels(path, array, header.order(), limited(content, entry.packed, options.limits.unpack))
    }

    /// Checks the declared size of an array against the directory and the limit on unpacking. Returns the number of
    /// bytes of its values.
    fn check(&self, entry: &Entry, array: &Array, header: &Header, options: &LoadOptions) -> Result<u64, DataError> {
        let path = &self.path_of(entry);
        let length = entry.unpacked.saturating_sub(header.length);
        array.check_length(path, length)?;
        check_declared(path, entry.packed, entry.unpacked.into(), options.limits.unpack)?;
        Ok(length)
    }

    fn content(&self, entry: &Entry) -> Result<Content, DataError> {
        let start = self.start_of(entry)?;
        entry.content(&self.file, start).ok_or_else(|| {
            let method = match entry.packing {
                Packing::Encrypted => "encrypted".to_owned(),
                Packing::Other(method) => format!("compressed with method {method}"),
                Packing::Stored => "stored".to_owned(),
                Packing::Deflated => "deflated".to_owned(),
            };
            DataError::ArrayPacking { path: self.path_of(entry), method }
        })
    }

    fn start_of(&self, entry: &Entry) -> Result<u64, DataError> {
        directory::start_of(&self.file, self.length, entry).map_err(|fault| archive_error(&self.path, fault))
    }
}

impl Arrays for Archive {
    fn path(&self) -> &Path {
        &self.path
    }

    fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    fn type_and_shape(&self, array: usize) -> Option<(Result<Element, String>, Vec<usize>)> {
        let Header { element, shape, .. } = self.header(self.entries.get(array)?).ok()?;
        Some((element, shape))
    }
}

/// Unpacks values to a temporary file. They must have the given length in bytes.
fn unpack(path: &Path, mut values: impl Read, length: u64) -> Result<File, DataError> {
    let spool_error = |source| DataError::Spool { path: path.to_owned(), folder: std::env::temp_dir(), source };
    let mut file = tempfile::tempfile().map_err(spool_error)?;
    let mut block = vec![0; 1 << 18];
    let mut written = 0;
    loop {
        let count = match values.read(&mut block) {
            Ok(0) if written == length => return Ok(file),
            Ok(0) => return Err(DataError::CutOff { path: path.to_owned() }),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unpacking_error(path, error)),
        };
        io::Write::write_all(&mut file, &block[..count]).map_err(spool_error)?;
        written += count as u64;
    }
}

fn archive_error(path: &Path, fault: Fault) -> DataError {
    let path = path.to_owned();
    match fault {
        Fault::Io(error) => unpacking_error(&path, error),
        Fault::Format(reason) => DataError::Archive { path, reason },
    }
}
