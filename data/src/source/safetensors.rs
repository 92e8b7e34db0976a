//! Safetensors, the format of Hugging Face for named tensors: samples, labels, and a test part if there is one.
//!
//! Rows are read in place.

use std::{
    ffi::OsString,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use ::safetensors::tensor::{Dtype, Metadata, TensorInfo};

use crate::{
    array::Array,
    element::{ByteOrder, Element, Number},
    error::DataError,
    file_rows::FileRows,
    labels::{Labels, SeparateLabels},
    notes::Notes,
    open_data::{OpenData, OpenPart},
    packed,
    reader::Opened,
    reading::LoadOptions,
    source::{
        choice::{Arrays, choose},
        npy::dictionary::printable,
    },
};

const FORMAT: &str = "safetensors";
/// The longest header in bytes. That of a thousand tensors has some 100 KB.
const MAX_HEADER: u64 = 16 << 20;
/// The size of the length of the header.
const LENGTH_BYTES: u64 = 8;

/// Opens the samples that `--key` selects. The default is that of an `.npz`.
pub(crate) fn open(name: String, path: &Path, options: &LoadOptions) -> Result<OpenData, DataError> {
    let file = Tensors::open(path)?;
    let reading = &options.reading;
    let chosen = choose(&file, reading.key.as_deref(), reading.label_column.as_deref())?;
    let part = |samples: usize, labels: Option<usize>| -> Result<OpenPart, DataError> {
        let separate = |labels: usize| -> Result<SeparateLabels, DataError> {
            Ok(SeparateLabels { path: file.path_of(labels), labels: file.labels(labels)?, notes: Notes::default() })
        };
        let labels = labels.map(separate).transpose()?;
        Ok(OpenPart { path: file.path_of(samples), opened: file.samples(samples)?, labels })
    };
    let train = part(chosen.samples, chosen.labels)?;
    let test = chosen.test.map(|(samples, labels)| part(samples, labels)).transpose()?;
    Ok(OpenData { name, train, test, classes: None })
}

/// A file of tensors, whose header has been checked.
struct Tensors {
    path: PathBuf,
    file: File,
    /// The byte offset of the first tensor.
    start: u64,
    /// The tensors in the order of their bytes.
    tensors: Vec<(String, TensorInfo)>,
}

impl Tensors {
    fn open(path: &Path) -> Result<Self, DataError> {
        let io = |source| DataError::Io { path: path.to_owned(), source };
        let damaged = |source| DataError::TableDamaged { path: path.to_owned(), format: FORMAT, source };
        let cut_off = || DataError::CutOff { path: path.to_owned() };
        let mut file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        if length == 0 {
            return Err(DataError::Empty { path: path.to_owned() });
        }
        let mut size = [0; LENGTH_BYTES as usize];
        let after = length.checked_sub(LENGTH_BYTES).ok_or_else(cut_off)?;
        file.read_exact(&mut size).map_err(io)?;
        let size = u64::from_le_bytes(size);
        if size > MAX_HEADER {
            let text = format!("its header declares {size} bytes, expected at most {MAX_HEADER}");
            return Err(damaged(text.into()));
        }
        if size > after {
            return Err(cut_off());
        }
        let mut header = Vec::new();
        file.by_ref().take(size).read_to_end(&mut header).map_err(io)?;
        // This also checks that the tensors follow each other without gaps, and that sizes fit types and shapes.
        let metadata: Metadata = serde_json::from_slice(&header).map_err(|error| damaged(error.into()))?;
        let declared = metadata.data_len() as u64;
        if declared != after - size {
            let text = format!("its tensors need {declared} bytes, found {}", after - size);
            return Err(damaged(text.into()));
        }
        let mut tensors: Vec<_> = metadata.tensors().into_iter().map(|(name, tensor)| (name, tensor.clone())).collect();
        tensors.sort_by_key(|(name, tensor)| (tensor.data_offsets, name.clone()));
        Ok(Tensors { path: path.to_owned(), file, start: LENGTH_BYTES + size, tensors })
    }

    /// Returns the path of a tensor for error messages.
    fn path_of(&self, tensor: usize) -> PathBuf {
        let mut path = OsString::from(&self.path);
        path.push("/");
        path.push(printable(&self.tensors[tensor].0));
        path.into()
    }

    /// Returns a tensor and the byte offset of its values.
    fn array(&self, tensor: usize) -> Result<(Array, u64), DataError> {
        let info = &self.tensors[tensor].1;
        let element = element(info.dtype).map_err(|found| DataError::ElementType {
            path: self.path_of(tensor),
            expected: "a boolean, integer or float of up to 64 bits",
            found,
        })?;
        let array = Array { element, shape: info.shape.clone() };
        array.check_length(&self.path_of(tensor), (info.data_offsets.1 - info.data_offsets.0) as u64)?;
        Ok((array, self.start + info.data_offsets.0 as u64))
    }

    fn samples(&self, tensor: usize) -> Result<Opened, DataError> {
        let path = &self.path_of(tensor);
        let (array, start) = self.array(tensor)?;
        let head = array.head(path)?;
        let file = self.file.try_clone().map_err(|source| DataError::Io { path: path.clone(), source })?;
        let rows = FileRows::new(file, path, array.element, start, array.rows(), array.features());
        Ok(Opened::Rows(head, rows))
    }

    fn labels(&self, tensor: usize) -> Result<Labels, DataError> {
        let path = &self.path_of(tensor);
        let (array, start) = self.array(tensor)?;
        let bytes = u64::try_from(array.declared_bytes()).unwrap_or(u64::MAX);
        let io = |source| DataError::Io { path: path.clone(), source };
        let mut file = self.file.try_clone().map_err(io)?;
        file.seek(SeekFrom::Start(start)).map_err(io)?;
        packed::read_labels(path, array, packed::Order::Rows, file.take(bytes))
    }
}

impl Arrays for Tensors {
    fn path(&self) -> &Path {
        &self.path
    }

    fn names(&self) -> Vec<&str> {
        self.tensors.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn type_and_shape(&self, tensor: usize) -> Option<(Result<Element, String>, Vec<usize>)> {
        let info = &self.tensors[tensor].1;
        Some((element(info.dtype), info.shape.clone()))
    }
}

/// Returns the element type, or its name if it is not supported.
fn element(dtype: Dtype) -> Result<Element, String> {
    let number = match dtype {
        Dtype::BOOL => Number::Bool,
        Dtype::U8 => Number::U8,
        Dtype::I8 => Number::I8,
        Dtype::U16 => Number::U16,
        Dtype::I16 => Number::I16,
        Dtype::U32 => Number::U32,
        Dtype::I32 => Number::I32,
        Dtype::U64 => Number::U64,
        Dtype::I64 => Number::I64,
        Dtype::F16 => Number::F16,
        Dtype::BF16 => Number::BF16,
        Dtype::F32 => Number::F32,
        Dtype::F64 => Number::F64,
        // The enum of the crate is not exhaustive. Other types are 4-bit to 8-bit floats and complex numbers.
        other => return Err(other.to_string()),
    };
    Ok(Element { number, order: ByteOrder::Little })
}

#[cfg(test)]
mod tests;
