//! Where an output goes: to a file, or to standard output.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

use narrows_bundle::AtomicFile;

use crate::stop::Stop;

/// The `--out` of standard output.
const STANDARD: &str = "-";

/// An output that is visible only when it is complete.
#[derive(Debug)]
pub(super) enum Target {
    File(AtomicFile),
    /// An unnamed temporary file, whose content goes to standard output at the end.
    StandardOutput(File),
}

/// Whether the path of an output is standard output.
pub(crate) fn is_standard_output(path: &Path) -> bool {
    path == Path::new(STANDARD)
}

/// Returns the name of an output for messages.
pub(super) fn name_of(path: &Path) -> String {
    if is_standard_output(path) { "standard output".to_owned() } else { path.display().to_string() }
}

/// Names the folder of the temporary file in an error about it.
fn while_waiting(error: io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    let text = format!(
        "{error}; until all rows are complete they are in the temporary folder {}, which TMPDIR sets",
        folder.display()
    );
    io::Error::new(error.kind(), text)
}

impl Target {
    pub(super) fn create(path: &Path, stop: &Stop) -> io::Result<Self> {
        if is_standard_output(path) {
            return tempfile::tempfile().map(Target::StandardOutput).map_err(while_waiting);
        }
        let file = AtomicFile::create(path)?;
        stop.remove_on_exit(file.partial());
        Ok(Target::File(file))
    }

    /// Makes the output visible. It is not an error if the reader of standard output has ended, as in `| head -1`.
    pub(super) fn commit(self) -> io::Result<()> {
        match self {
            Target::File(file) => file.commit(),
            Target::StandardOutput(mut file) => {
                file.rewind()?;
                let mut output = io::stdout().lock();
                match io::copy(&mut file, &mut output).and_then(|_| output.flush()) {
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                    outcome => outcome,
                }
            }
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Target::File(file) => file.write(bytes),
            Target::StandardOutput(file) => file.write(bytes).map_err(while_waiting),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Target::File(file) => file.flush(),
            Target::StandardOutput(file) => file.flush(),
        }
    }
}

impl Seek for Target {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match self {
            Target::File(file) => file.seek(position),
            Target::StandardOutput(file) => file.seek(position),
        }
    }
}
