//! The footer of an Arrow IPC file. It repeats the schema, and has the positions of all messages.
//!
//! Polars (version 2) does not write the schema as a message, so that it is only in the footer.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    sync::Arc,
};

use arrow_ipc::{Block, convert::try_fb_to_schema, root_as_footer};
use arrow_schema::SchemaRef;

use super::messages::{Fault, check_byte_order};

/// What is needed to read the messages.
pub(super) struct Footer {
    pub(super) schema: SchemaRef,
    /// The byte offset of the first message with values, or that of the footer if there is none.
    pub(super) first: u64,
}

/// Reads the footer, which is in the bytes from `start` to `end` of a file.
pub(super) fn read(file: &mut File, start: u64, end: u64) -> Result<Footer, Fault> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(end.saturating_sub(start)).read_to_end(&mut bytes)?;
    // This error type does not implement `std::error::Error`, so it is converted to text.
    let footer = root_as_footer(&bytes).map_err(|error| error.to_string())?;
    let schema = footer.schema().ok_or("its footer has no schema")?;
    check_byte_order(&schema)?;
    let blocks = footer.dictionaries().into_iter().flatten().chain(footer.recordBatches().into_iter().flatten());
    let first = blocks.map(Block::offset).min().map_or(Ok(start), u64::try_from)?;
    if first > start {
        return Err(format!("its first message starts at byte {first}, after the footer at {start}").into());
    }
    Ok(Footer { schema: Arc::new(try_fb_to_schema(schema)?), first })
}
