//! An open archive: its arrays by name, each to be read where it lies or unpacked as it is gone through.

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
    error::DataError,
    packed::{self, PackedRows},
    reader::Opened,
    reading::LoadOptions,
    source::npy::{self, header::Header},
    unpack::{check_claim, guarded, unpacking_error},
};

/// Entries whose headers are looked at to tell samples from all else.
pub(super) const MOST_LOOKED_AT: usize = 1000;

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
        let entries = directory::read(&file, length).map_err(|fault| broken(path, fault))?;
        Ok(Archive { path: path.to_owned(), file: Arc::new(file), length, entries })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The array of this name; the last one, as NumPy takes it, should there be two.
    pub(super) fn named(&self, name: &str) -> Option<&Entry> {
        let name = name.strip_suffix(".npy").unwrap_or(name);
        self.entries.iter().rfind(|entry| entry.name == name)
    }

    /// The array of this name, else one whose name has other capitals.
    pub(super) fn like(&self, name: &str) -> Option<&Entry> {
        self.named(name).or_else(|| self.entries.iter().rfind(|entry| entry.name.eq_ignore_ascii_case(name)))
    }

    /// How an array is named in errors.
    pub(super) fn path_of(&self, entry: &Entry) -> PathBuf {
        let mut path = OsString::from(&self.path);
        path.push("/");
        path.push(entry.shown());
        path.into()
    }

    /// What stands before the numbers of an array.
    pub(super) fn header(&self, entry: &Entry) -> Result<Header, DataError> {
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
                let file = self.file.try_clone().map_err(|source| DataError::Io { path: path.clone(), source })?;
                npy::open_at(path, file, self.start_of(entry)? + header.length, length, &header, missing)
            }
            _ if header.is_row_major() => {
                let numbers = guarded(content, entry.packed, options.limits.unpack);
                Ok(Opened::Reader(Box::new(PackedRows::new(path, array, numbers, missing)?)))
            }
            // Columns have to be read again and again, so they are unpacked to a file that can be.
            _ => {
                let numbers = guarded(content, entry.packed, options.limits.unpack);
                let file = unpacked(path, numbers, length)?;
                npy::open_at(path, file, 0, length, &header, missing)
            }
        }
    }

    /// Reads one label a row; they may be a column.
    pub(super) fn labels(&self, entry: &Entry, options: &LoadOptions) -> Result<Vec<u32>, DataError> {
        let path = &self.path_of(entry);
        let mut content = self.content(entry)?;
        let header = Header::read(path, &mut content)?;
        let mut array = header.array(path)?;
        if let [_, 1] = array.shape[..] {
            array.shape.truncate(1);
        }
        array.check_labels(path)?;
        self.check(entry, &array, &header, options)?;
        packed::read_labels(path, array, guarded(content, entry.packed, options.limits.unpack))
    }

    /// Compares an array with what the archive says of it, and that with what may be unpacked. Gives the bytes
    /// of its numbers.
    fn check(&self, entry: &Entry, array: &Array, header: &Header, options: &LoadOptions) -> Result<u64, DataError> {
        let path = &self.path_of(entry);
        let length = entry.unpacked.saturating_sub(header.length);
        array.check_length(path, length)?;
        check_claim(path, entry.packed, entry.unpacked.into(), options.limits.unpack)?;
        Ok(length)
    }

    fn content(&self, entry: &Entry) -> Result<Content, DataError> {
        let start = self.start_of(entry)?;
        entry.content(&self.file, start).ok_or_else(|| {
            let how = match entry.packing {
                Packing::Encrypted => "encrypted".to_owned(),
                Packing::Other(method) => format!("packed by method {method}"),
                Packing::Stored => "stored".to_owned(),
                Packing::Deflated => "deflated".to_owned(),
            };
            DataError::ArrayPacking { path: self.path_of(entry), how }
        })
    }

    fn start_of(&self, entry: &Entry) -> Result<u64, DataError> {
        directory::start_of(&self.file, self.length, entry).map_err(|fault| broken(&self.path, fault))
    }
}

/// A temporary file of all that is unpacked, which has to have this length.
fn unpacked(path: &Path, mut numbers: impl Read, length: u64) -> Result<File, DataError> {
    let refused = |source| DataError::Spool { path: path.to_owned(), folder: std::env::temp_dir(), source };
    let mut file = tempfile::tempfile().map_err(refused)?;
    let mut block = vec![0; 1 << 18];
    let mut found = 0;
    loop {
        let count = match numbers.read(&mut block) {
            Ok(0) if found == length => return Ok(file),
            Ok(0) => return Err(DataError::CutOff { path: path.to_owned() }),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unpacking_error(path, error)),
        };
        io::Write::write_all(&mut file, &block[..count]).map_err(refused)?;
        found += count as u64;
    }
}

fn broken(path: &Path, fault: Fault) -> DataError {
    let path = path.to_owned();
    match fault {
        Fault::Io(error) => unpacking_error(&path, error),
        Fault::Form(what) => DataError::Archive { path, what },
    }
}
