//! Standard input as a data set. It is read once, to an unnamed temporary file, and every reader opens that file.

use std::{
    fs::File,
    io::{self, Read, Seek},
    path::Path,
    sync::{Mutex, PoisonError},
};

use crate::reading::InputFormat;

/// The `spec` of standard input.
pub(crate) const SPEC: &str = "-";
/// The path of standard input in messages, and for [`open`].
pub(crate) const PATH: &str = "standard input";
/// The name of the data set.
pub(crate) const NAME: &str = "stdin";

const NPY_MAGIC: &[u8] = b"\x93NUMPY";

/// The content of standard input, once it has been read. The system deletes the file when the process ends.
static CONTENT: Mutex<Option<File>> = Mutex::new(None);

/// Opens a file, or standard input for its path.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if path != Path::new(PATH) {
        return File::open(path);
    }
    let mut content = CONTENT.lock().unwrap_or_else(PoisonError::into_inner);
    let file = match &mut *content {
        Some(file) => file,
        none => none.insert(stored(io::stdin().lock()).map_err(with_folder)?),
    };
    reopened(file)
}

/// Returns the format of standard input, by its content.
pub(crate) fn format() -> io::Result<InputFormat> {
    let mut start = Vec::new();
    open(Path::new(PATH))?.take(NPY_MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(if start == NPY_MAGIC { InputFormat::Npy } else { InputFormat::Csv })
}

/// Copies everything to a temporary file.
fn stored(mut input: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut input, &mut file)?;
    Ok(file)
}

/// Opens the file again, at its start and with a position of its own.
fn reopened(file: &mut File) -> io::Result<File> {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd;

        if let Ok(again) = File::open(format!("/proc/self/fd/{}", file.as_raw_fd())) {
            return Ok(again);
        }
    }
    // Other systems cannot open a file without a name.
    file.rewind()?;
    let mut copy = stored(file)?;
    copy.rewind()?;
    Ok(copy)
}

fn with_folder(error: io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    let text = format!("{error}; it is stored in the temporary folder {}, which TMPDIR sets", folder.display());
    io::Error::new(error.kind(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_of_the_stored_content_has_its_own_position() {
        let mut file = stored(&b"abcd"[..]).expect("a temporary file");
        let [mut first, mut second] = [(); 2].map(|()| reopened(&mut file).expect("opened again"));
        let mut start = [0; 2];
        first.read_exact(&mut start).expect("four bytes");
        let (mut rest, mut all) = (String::new(), String::new());
        second.read_to_string(&mut all).expect("four bytes");
        first.read_to_string(&mut rest).expect("two bytes");
        assert_eq!((&start, rest.as_str(), all.as_str()), (b"ab", "cd", "abcd"));
    }

    #[test]
    fn a_mixed_table_of_standard_input_is_read_twice() {
        let text = b"a,k\n1,cat\n2,dog\n3,dog\n";
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        io::Write::write_all(&mut packed, text).expect("in memory");
        for content in [text.to_vec(), packed.finish().expect("in memory")] {
            // No other test of this process reads standard input.
            *CONTENT.lock().expect("no test panics") = Some(stored(&content[..]).expect("a temporary file"));
            let data = crate::load(SPEC, &crate::LoadOptions::default()).expect("a mixed table");
            let schema = data.table.expect("a mixed table");
            assert_eq!(schema.columns[1].levels(), Some(&["dog".to_owned(), "cat".to_owned()][..]));
            let values = data.train.values.to_f32().expect("in memory");
            assert_eq!(values, ndarray::array![[1.0, 2.0], [2.0, 1.0], [3.0, 1.0]]);
        }
    }
}
