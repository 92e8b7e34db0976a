//! Arrow's own format (IPC), as a file (`.arrow`, Feather of version 2) or as a stream.

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

/// What a file begins and ends with; a stream begins with its first message.
const MAGIC: [u8; 6] = *b"ARROW1";

/// Opens a file or a stream to be gone through batch by batch; a batch, whose size the writer chose, is in
/// memory as a whole.
///
/// A file is a stream with a table of contents behind it, which is not used: messages are taken as they come.
pub(crate) fn open(path: &Path, options: &LoadOptions) -> Result<Opened, DataError> {
    let io = |source| DataError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    if length == 0 {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    let mut begin = Vec::new();
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut begin).map_err(io)?;
    let (start, end) = if begin == MAGIC {
        let contents = contents(&mut file, length).map_err(io)?;
        let start = first_message(&mut file).map_err(io)?;
        (start, contents.ok_or_else(|| DataError::CutOff { path: path.to_owned() })?)
    } else {
        (0, length)
    };
    file.seek(SeekFrom::Start(start)).map_err(io)?;
    let mut messages = Messages::new(BufReader::new(file), end.saturating_sub(start), options.limits.unpack);
    let schema = match decode(path, FORMAT, || messages.next(path))? {
        Some(Message { content: Content::Schema(schema), .. }) => schema,
        Some(_) | None => {
            let source = "it does not begin with a schema; Feather of version 1 is not read".into();
            return Err(DataError::TableDamaged { path: path.to_owned(), format: FORMAT, source });
        }
    };
    let table = IpcTable { path: path.to_owned(), schema: schema.clone(), messages, dictionaries: HashMap::new() };
    columnar::open(path, &schema, None, table, options)
}

/// Where the table of contents of a file begins: in front of its size and the file's last bytes, the magic ones.
fn contents(file: &mut File, length: u64) -> std::io::Result<Option<u64>> {
    let Some(behind) = length.checked_sub(4 + MAGIC.len() as u64) else { return Ok(None) };
    let mut end = [0; 4 + MAGIC.len()];
    file.seek(SeekFrom::Start(behind))?;
    file.read_exact(&mut end)?;
    let [a, b, c, d, magic @ ..] = end;
    let start = behind.checked_sub(u32::from_le_bytes([a, b, c, d]).into());
    Ok(start.filter(|_| magic == MAGIC))
}

/// Where the first message of a file begins: behind zeros that align it, to 8 bytes or up to 64.
fn first_message(file: &mut File) -> std::io::Result<u64> {
    let mut begin = Vec::new();
    file.rewind()?;
    file.take(128).read_to_end(&mut begin)?;
    let zeros = begin.iter().skip(MAGIC.len()).take_while(|&&byte| byte == 0).count();
    Ok((MAGIC.len() + zeros) as u64 / 8 * 8)
}

/// The batches of a file.
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
