//! The messages that Arrow's format is made of, each measured against the file before it is decoded.
//!
//! The decoder believes a compressed buffer when it says how large it will be, so that is checked here.

use std::{error::Error, io::Read, path::Path, sync::Arc};

use arrow_ipc::{
    Buffer, CompressionType, DictionaryBatch, MetadataVersion, RecordBatch, convert::try_fb_to_schema, root_as_message,
};
use arrow_schema::SchemaRef;

use crate::unpack::check_claim;

/// Anything that can be wrong with a message.
pub(super) type Fault = Box<dyn Error + Send + Sync>;

/// What a message with a size goes without, in files of before 2019.
const CONTINUES: [u8; 4] = [0xff; 4];

/// Goes through messages.
pub(super) struct Messages<R> {
    from: R,
    /// Bytes that can still be read.
    left: u64,
    /// How many times its own size a message may unpack to.
    times: u32,
}

/// A message whose sizes were checked.
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

impl<R: Read> Messages<R> {
    /// Messages lie in the first `length` bytes.
    pub(super) fn new(from: R, length: u64, times: u32) -> Self {
        Messages { from, left: length, times }
    }

    /// The next message; `None` at the end.
    pub(super) fn next(&mut self, path: &Path) -> Result<Option<Message>, Fault> {
        // An end without a mark is allowed, so a stream that was cut off between two messages seems whole.
        if self.left == 0 {
            return Ok(None);
        }
        let mut size = self.four()?;
        if size == CONTINUES {
            size = self.four()?;
        }
        let size = i32::from_le_bytes(size);
        if size == 0 {
            return Ok(None);
        }
        let metadata = self.take(size.into(), "a message")?;
        let message = parse(&metadata)?;
        let body = self.take(message.bodyLength(), "the body of a message")?;
        let content = if let Some(schema) = message.header_as_schema() {
            if schema.endianness() != arrow_ipc::Endianness::Little {
                return Err("its numbers are big-endian".into());
            }
            Content::Schema(Arc::new(try_fb_to_schema(schema)?))
        } else if let Some(batch) = message.header_as_record_batch() {
            self.check(path, &batch, &body)?;
            Content::Batch
        } else if let Some(dictionary) = message.header_as_dictionary_batch() {
            self.check(path, &dictionary.data().ok_or("a dictionary without values")?, &body)?;
            Content::Dictionary
        } else {
            return Err("a message is of no known kind".into());
        };
        Ok(Some(Message { content, metadata, body }))
    }

    fn four(&mut self) -> Result<[u8; 4], Fault> {
        let bytes = self.take(4, "the size of a message")?;
        Ok(bytes.try_into().unwrap_or_default())
    }

    fn take(&mut self, size: i64, what: &str) -> Result<Vec<u8>, Fault> {
        let size = u64::try_from(size).map_err(|_| format!("{what} claims a size of {size} bytes"))?;
        if size > self.left {
            return Err(format!("{what} claims {size} bytes, but {} are left", self.left).into());
        }
        self.left -= size;
        let mut bytes = Vec::with_capacity(usize::try_from(size)?);
        if self.from.by_ref().take(size).read_to_end(&mut bytes)? as u64 != size {
            return Err(format!("{what} is cut off").into());
        }
        Ok(bytes)
    }

    /// Refuses buffers outside the body, ones that share bytes of it, and more of what is compressed than is
    /// allowed.
    fn check(&self, path: &Path, batch: &RecordBatch<'_>, body: &[u8]) -> Result<(), Fault> {
        let is_compressed = match batch.compression().map(|compression| compression.codec()) {
            None => false,
            Some(CompressionType::LZ4_FRAME | CompressionType::ZSTD) => true,
            Some(other) => return Err(format!("its buffers are compressed by {other:?}").into()),
        };
        if batch.length() < 0
            || batch.nodes().into_iter().flatten().any(|node| node.length() < 0 || node.null_count() < 0)
        {
            return Err("a column claims less than no rows".into());
        }
        let (mut packed, mut unpacked) = (0u128, 0u128);
        for buffer in batch.buffers().into_iter().flatten() {
            let bytes = within(buffer, body).ok_or("a buffer lies outside its message")?;
            packed += bytes.len() as u128;
            if is_compressed && !bytes.is_empty() {
                let (claimed, _) = bytes.split_first_chunk::<8>().ok_or("a buffer is cut off")?;
                // -1 stands for a buffer that is not compressed.
                unpacked += u64::try_from(i64::from_le_bytes(*claimed)).unwrap_or(0) as u128;
            }
        }
        if packed > body.len() as u128 {
            return Err("its buffers overlap".into());
        }
        Ok(check_claim(path, body.len() as u64, unpacked, self.times)?)
    }
}

impl Message {
    /// A batch of rows, and the version of the format that it is of.
    pub(super) fn batch(metadata: &[u8]) -> Result<(RecordBatch<'_>, MetadataVersion), Fault> {
        let message = parse(metadata)?;
        Ok((message.header_as_record_batch().ok_or("a message is no batch")?, message.version()))
    }

    /// The values of a dictionary, and the version of the format that they are of.
    pub(super) fn dictionary(metadata: &[u8]) -> Result<(DictionaryBatch<'_>, MetadataVersion), Fault> {
        let message = parse(metadata)?;
        Ok((message.header_as_dictionary_batch().ok_or("a message is no dictionary")?, message.version()))
    }
}

fn parse(metadata: &[u8]) -> Result<arrow_ipc::Message<'_>, Fault> {
    // This error is none of the standard library's kind.
    root_as_message(metadata).map_err(|error| error.to_string().into())
}

fn within<'a>(buffer: &Buffer, body: &'a [u8]) -> Option<&'a [u8]> {
    body.get(usize::try_from(buffer.offset()).ok()?..)?.get(..usize::try_from(buffer.length()).ok()?)
}
