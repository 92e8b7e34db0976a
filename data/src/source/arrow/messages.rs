//! The messages of the Arrow IPC format. Declared sizes are checked against the file before a message is decoded.
//!
//! The decoder trusts the declared unpacked size of a compressed buffer, so this module checks it.

use std::{error::Error, io::Read, path::Path, sync::Arc};

use arrow_ipc::{
    Buffer, CompressionType, DictionaryBatch, MetadataVersion, RecordBatch, Schema, convert::try_fb_to_schema,
    root_as_message,
};
use arrow_schema::SchemaRef;

use crate::unpack::check_declared;

/// An error in a message.
pub(super) type Fault = Box<dyn Error + Send + Sync>;

/// The marker before the size of a message. Files written before 2019 do not have it.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// Reads messages sequentially.
pub(super) struct Messages<R> {
    from: R,
    /// The number of bytes that remain.
    remaining: u64,
    /// The largest unpacked size of a message, as a multiple of its packed size.
    times: u32,
}

/// A message with checked sizes.
pub(super) struct Message {
    pub(super) content: Content,
    pub(super) metadata: Vec<u8>,
    pub(super) body: Vec<u8>,
}

pub(super) enum Content {
    Schema(SchemaRef),
    Dictionary,
    Batch,
}

/// Refuses numbers of another byte order.
pub(super) fn check_byte_order(schema: &Schema<'_>) -> Result<(), Fault> {
    if schema.endianness() != arrow_ipc::Endianness::Little {
        return Err("its numbers are big-endian, which is not supported".into());
    }
    Ok(())
}

impl<R: Read> Messages<R> {
    /// Creates a reader of the messages in the first `length` bytes of `from`.
    pub(super) fn new(from: R, length: u64, times: u32) -> Self {
        Messages { from, remaining: length, times }
    }

    /// Returns the next message, or `None` at the end.
    pub(super) fn next(&mut self, path: &Path) -> Result<Option<Message>, Fault> {
        // The end marker is optional, so truncation between two messages cannot be detected.
        if self.remaining == 0 {
            return Ok(None);
        }
        let mut size = self.four_bytes()?;
        if size == CONTINUATION {
            size = self.four_bytes()?;
        }
        let size = i32::from_le_bytes(size);
        if size == 0 {
            return Ok(None);
        }
        let metadata = self.take(size.into(), "a message")?;
        let message = parse(&metadata)?;
        let body = self.take(message.bodyLength(), "the body of a message")?;
        let content = if let Some(schema) = message.header_as_schema() {
            check_byte_order(&schema)?;
            Content::Schema(Arc::new(try_fb_to_schema(schema)?))
        } else if let Some(batch) = message.header_as_record_batch() {
            self.check(path, &batch, &body)?;
            Content::Batch
        } else if let Some(dictionary) = message.header_as_dictionary_batch() {
            self.check(path, &dictionary.data().ok_or("a dictionary has no values")?, &body)?;
            Content::Dictionary
        } else {
            return Err("a message has an unknown type".into());
        };
        Ok(Some(Message { content, metadata, body }))
    }

    fn four_bytes(&mut self) -> Result<[u8; 4], Fault> {
        let bytes = self.take(4, "the size of a message")?;
        Ok(bytes.try_into().unwrap_or_default())
    }

    fn take(&mut self, size: i64, name: &str) -> Result<Vec<u8>, Fault> {
        let size = u64::try_from(size).map_err(|_| format!("{name} declares a size of {size} bytes"))?;
        if size > self.remaining {
            return Err(format!("{name} declares {size} bytes, but only {} remain", self.remaining).into());
        }
        self.remaining -= size;
        let mut bytes = Vec::with_capacity(usize::try_from(size)?);
        if self.from.by_ref().take(size).read_to_end(&mut bytes)? as u64 != size {
            return Err(format!("{name} is cut off").into());
        }
        Ok(bytes)
    }

    /// Refuses buffers outside the body, overlapping buffers, and buffers that unpack to more than the limit.
    fn check(&self, path: &Path, batch: &RecordBatch<'_>, body: &[u8]) -> Result<(), Fault> {
        let is_compressed = match batch.compression().map(|compression| compression.codec()) {
            None => false,
            Some(CompressionType::LZ4_FRAME | CompressionType::ZSTD) => true,
            Some(other) => {
                return Err(format!("its buffers are compressed with {other:?}, which is not supported").into());
            }
        };
        if batch.length() < 0
            || batch.nodes().into_iter().flatten().any(|node| node.length() < 0 || node.null_count() < 0)
        {
            return Err("a column declares a negative number of rows".into());
        }
        let (mut packed, mut unpacked) = (0u128, 0u128);
        for buffer in batch.buffers().into_iter().flatten() {
            let bytes = within(buffer, body).ok_or("a buffer is outside its message")?;
            packed += bytes.len() as u128;
            if is_compressed && !bytes.is_empty() {
                let (declared, _) = bytes.split_first_chunk::<8>().ok_or("a buffer is cut off")?;
                // -1 marks a buffer that is not compressed.
                unpacked += u64::try_from(i64::from_le_bytes(*declared)).unwrap_or(0) as u128;
            }
        }
        if packed > body.len() as u128 {
            return Err("its buffers overlap".into());
        }
        Ok(check_declared(path, body.len() as u64, unpacked, self.times)?)
    }
}

impl Message {
    /// Parses a batch of rows, and returns it with the version of its format.
    pub(super) fn batch(metadata: &[u8]) -> Result<(RecordBatch<'_>, MetadataVersion), Fault> {
        let message = parse(metadata)?;
        Ok((message.header_as_record_batch().ok_or("a message is not a batch")?, message.version()))
    }

    /// Parses the values of a dictionary, and returns them with the version of their format.
    pub(super) fn dictionary(metadata: &[u8]) -> Result<(DictionaryBatch<'_>, MetadataVersion), Fault> {
        let message = parse(metadata)?;
        Ok((message.header_as_dictionary_batch().ok_or("a message is not a dictionary")?, message.version()))
    }
}

fn parse(metadata: &[u8]) -> Result<arrow_ipc::Message<'_>, Fault> {
    // This error type does not implement `std::error::Error`, so it is converted to text.
    root_as_message(metadata).map_err(|error| error.to_string().into())
}

fn within<'a>(buffer: &Buffer, body: &'a [u8]) -> Option<&'a [u8]> {
    body.get(usize::try_from(buffer.offset()).ok()?..)?.get(..usize::try_from(buffer.length()).ok()?)
}
