//! Finds the end of a JPEG image. The decoder fills the missing part of a file that is cut off with grey.

use std::io::{self, BufRead, Seek, SeekFrom};

/// The marker of the end of an image.
const END: u8 = 0xd9;

/// Whether an image ends before the file does. `file` is at its first byte.
///
/// Follows the markers of ITU T.81 (1992), Annex B: every segment declares its length, and in compressed data a 0xff is
/// a marker unless 0 or a restart marker follows.
pub(super) fn has_end(file: &mut (impl BufRead + Seek)) -> io::Result<bool> {
    loop {
        match next_marker(file)? {
            None => return Ok(false),
            Some(END) => return Ok(true),
            // Markers without a segment: stuffed bytes, TEM, restart markers and the start of the image.
            Some(0x00 | 0x01 | 0xd0..=0xd8) => {}
            Some(_) => {
                let mut length = [0; 2];
                if let Err(error) = file.read_exact(&mut length) {
                    return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(false) } else { Err(error) };
                }
                // The compressed data of a scan follows its header, and the next marker is searched for in it.
                let rest = u16::from_be_bytes(length).saturating_sub(2);
                file.seek(SeekFrom::Current(rest.into()))?;
            }
        }
    }
}

/// Returns the byte after the next 0xff that is not a fill byte, or `None` at the end of the file.
fn next_marker(file: &mut impl BufRead) -> io::Result<Option<u8>> {
    let mut byte = [0xff];
    file.skip_until(0xff)?;
    while byte == [0xff] {
        if file.read(&mut byte)? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(byte[0]))
}
