//! The Arrow IPC format, as a file (`.arrow`, Feather version 2) or as a stream.

mod footer;
mod messages;

use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::reader::{RecordBatchDecoder, read_dictionary};
use arrow_schema::SchemaRef;

use crate::{
    error::DataError,
    reader::Opened,
    reading::LoadOptions,
    source::columnar::{self, Batches, decode},
};

use messages::{Content, Fault, Message, Messages};

const FORMAT: &str = "Arrow IPC";

/// The first and last bytes of a file. A stream starts with its first message instead.
const MAGIC: [u8; 6] = *b"ARROW1";

/// The size of the end of a file: the size of the footer and the magic bytes.
const TRAILER_BYTES: usize = 4 + MAGIC.len();

/// Opens a file or a stream to read it batch by batch. A complete batch, of the size that its writer chose, is in
/// memory.
///
/// A file is a stream followed by a footer. Messages are read sequentially. The footer is used only if the stream does
/// not start with a readable schema.
pub(crate) fn open(path: &Path, options: &LoadOptions) -> Result<Opened, DataError> {
    let io = |source| DataError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    if length == 0 {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    let mut magic = Vec::new();
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic).map_err(io)?;
    let (start, end) = if magic == MAGIC {
        let footer = footer_start(&mut file, length).map_err(io)?;
        let start = first_message(&mut file).map_err(io)?;
        (start, footer.ok_or_else(|| DataError::CutOff { path: path.to_owned() })?)
    } else {
        (0, length)
    };
    let messages_from = |mut file: File, start: u64| -> Result<_, DataError> {
        file.seek(SeekFrom::Start(start)).map_err(io)?;
        Ok(Messages::new(BufReader::new(file), end.saturating_sub(start), options.limits.unpack))
    };
    let mut messages = messages_from(file.try_clone().map_err(io)?, start)?;
    let schema = match decode(path, FORMAT, || messages.next(path)) {
        Ok(Some(Message { content: Content::Schema(schema), .. })) => schema,
        other => {
            let footer = || footer::read(&mut file, end, length - TRAILER_BYTES as u64);
            match if end < length { decode(path, FORMAT, footer).ok() } else { None } {
                Some(footer) => {
                    messages = messages_from(file, footer.first)?;
                    footer.schema
                }
                None => {
                    let source = "it does not start with a schema; Feather version 1 is not supported".into();
                    let damaged = DataError::TableDamaged { path: path.to_owned(), format: FORMAT, source };
                    return Err(other.err().unwrap_or(damaged));
                }
            }
        }
    };
    let table = IpcTable { path: path.to_owned(), schema: schema.clone(), messages, dictionaries: HashMap::new() };
    columnar::open(path, length, &schema, None, table, options)
}

/// Returns the byte offset of the footer. The file ends with the footer, the size of the footer and the magic bytes.
fn footer_start(file: &mut File, length: u64) -> std::io::Result<Option<u64>> {
    let Some(footer_end) = length.checked_sub(TRAILER_BYTES as u64) else { return Ok(None) };
    let mut trailer = [0; TRAILER_BYTES];
    file.seek(SeekFrom::Start(footer_end))?;
    file.read_exact(&mut trailer)?;
    let [a, b, c, d, magic @ ..] = trailer;
    let start = footer_end.checked_sub(u32::from_le_bytes([a, b, c, d]).into());
    Ok(start.filter(|_| magic == MAGIC))
}

/// Returns the byte offset of the first message. It follows zeros that align it to 8, 16, 32 or 64 bytes.
fn first_message(file: &mut File) -> std::io::Result<u64> {
    let mut start = Vec::new();
    file.rewind()?;
    file.take(128).read_to_end(&mut start)?;
    let zeros = start.iter().skip(MAGIC.len()).take_while(|&&byte| byte == 0).count();
    Ok((MAGIC.len() + zeros) as u64 / 8 * 8)
}

/// Reads the batches of a file.
struct IpcTable {
    path: PathBuf,
    schema: SchemaRef,
    messages: Messages<BufReader<File>>,
    dictionaries: HashMap<i64, ArrayRef>,
}

impl Batches for IpcTable {
    fn next(&mut self) -> Result<Option<RecordBatch>, DataError> {
        let IpcTable { path, schema, messages, dictionaries } = self;
        decode(path, FORMAT, || -> Result<_, Fault> {
            loop {
                let Some(message) = messages.next(path)? else { return Ok(None) };
                match &message.content {
                    Content::Schema(_) => return Err("it has a second schema".into()),
                    Content::Dictionary => {
                        let (dictionary, version) = Message::dictionary(&message.metadata)?;
                        read_dictionary(&message.body.into(), dictionary, schema, dictionaries, &version)?;
                    }
                    Content::Batch => {
                        let (batch, version) = Message::batch(&message.metadata)?;
                        let body = message.body.into();
                        let decoder =
                            RecordBatchDecoder::try_new(&body, batch, schema.clone(), dictionaries, &version)?;
                        return Ok(Some(decoder.read_record_batch()?));
                    }
                }
            }
        })
    }
}

#[cfg(test)]
mod tests;
