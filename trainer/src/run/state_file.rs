//! A training state on disk: a safetensors file with the arrays, and as its metadata a record and a digest of the file.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fs,
    io::Write,
    ops::Range,
    path::Path,
};

use candle_core::Var;
use narrows_bundle::{AtomicFile, Fingerprint, sha256_hex_of};
use ndarray::ArrayD;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::RunError;
use crate::{
    TrainError,
    candle::{Memory, Parameters},
    network::Weights,
    stored::{Stored, StoredTensors},
};

/// The format that this version writes and reads.
const FORMAT: u32 = 1;

/// Key of the record in the metadata.
const KEY: &str = "narrows";

/// Placeholder for the digest while the digest is computed.
const DIGEST_PLACEHOLDER: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Largest file size to read, in bytes. It is far above any state: 2^28 parameters with two moments, an average and the
/// best weights.
const MAX_BYTES: u64 = 8 << 30;

/// A training state in plain arrays, independent of Candle, with a record of type `R`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StateFile<'a, R> {
    pub(crate) record: R,
    pub(crate) weights: Weights,
    /// Weights of the best epoch; empty without one.
    pub(crate) best: Cow<'a, Weights>,
    /// Moments of the optimizer and moving averages of the weights, by name.
    pub(crate) memory: Memory<'a>,
}

/// The numbers of steps in the state of a learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct LearnerSteps {
    optimizer_steps: u64,
    average_steps: u64,
}

impl LearnerSteps {
    /// Returns the steps of the optimizer and the updates of the average.
    pub(crate) fn of((optimizer_steps, average_steps): (u64, u64)) -> Self {
        LearnerSteps { optimizer_steps, average_steps }
    }

    /// Returns the steps of the optimizer and the updates of the average.
    pub(crate) fn counts(self) -> (u64, u64) {
        (self.optimizer_steps, self.average_steps)
    }
}

/// Epoch and loss of the best weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BestRecord {
    pub(crate) epoch: usize,
    pub(crate) loss: f64,
}

/// The record as it is stored, with the format number and the digest.
#[derive(Serialize, Deserialize)]
struct Sealed<R> {
    format: u32,
    /// SHA-256 of the file with zeros in place of the digest.
    digest: String,
    #[serde(flatten)]
    record: R,
}

/// The format number, which every format version contains.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl<'a, R> StateFile<'a, R> {
    /// Creates the state of the parameters and of the learner that trains them. Values on a device are read.
    pub(crate) fn of(
        record: R,
        parameters: &Parameters,
        memory: Memory<'a>,
        best: Option<&'a Weights>,
    ) -> Result<Self, TrainError> {
        let to_array = |(name, variable): (&str, &Var)| {
            let values = variable.flatten_all()?.to_vec1::<f32>()?;
            Ok((name.to_owned(), ArrayD::from_shape_vec(variable.dims(), values).map_err(candle_core::Error::wrap)?))
        };
        Ok(StateFile {
            record,
            weights: parameters.iter().map(to_array).collect::<candle_core::Result<_>>()?,
            best: best.map(Cow::Borrowed).unwrap_or_default(),
            memory,
        })
    }
}

impl<R: Serialize> StateFile<'_, R> {
    /// Writes the file atomically, tensor by tensor: no copy of the whole file is in memory. The digest, which is
    /// before the tensors, is computed first.
    pub(crate) fn write(&self, path: &Path) -> Result<(), TrainError> {
        let memory = self.memory.iter().map(|(name, values)| (format!("memory/{name}"), Stored::flat(values)));
        let arrays = [("weights", &self.weights), ("best", &*self.best)].into_iter().flat_map(|(prefix, weights)| {
            weights.iter().map(move |(name, array)| (format!("{prefix}/{name}"), Stored::array(array)))
        });
        let tensors = StoredTensors::new(arrays.chain(memory));
        let header = |digest: &str| -> Result<Vec<u8>, TrainError> {
            let sealed = Sealed { format: FORMAT, digest: digest.to_owned(), record: &self.record };
            let sealed = serde_json::to_string(&sealed).map_err(candle_core::Error::wrap)?;
            tensors.header(Some(HashMap::from([(KEY.to_owned(), sealed)])))
        };
        let mut digest = Fingerprint::default();
        digest.add(&header(DIGEST_PLACEHOLDER)?);
        tensors.chunks().for_each(|bytes| digest.add(&bytes));
        let header = header(&digest.hex())?;
        let write = || {
            let mut file = AtomicFile::create(path)?;
            file.write_all(&header)?;
            tensors.chunks().try_for_each(|bytes| file.write_all(&bytes))?;
            file.commit()
        };
        Ok(write().map_err(RunError::io("write", path))?)
    }
}

impl<R: DeserializeOwned> StateFile<'_, R> {
    /// Reads and verifies a file. The content is untrusted: sizes, format and digest are checked.
    ///
    /// # Errors
    /// A message with the reason why the file is not a valid checkpoint.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let length = fs::metadata(path).map_err(|error| error.to_string())?.len();
        if length > MAX_BYTES {
            return Err(format!("it has {length} bytes, a checkpoint has at most {MAX_BYTES}"));
        }
        let file = fs::read(path).map_err(|error| error.to_string())?;
        let damaged = || "it is damaged (cut off or changed)".to_owned();
        let (_, header) = SafeTensors::read_metadata(&file).map_err(|_| damaged())?;
        let metadata = header.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
        let text = metadata.ok_or("it is not a checkpoint of narrows")?;
        // The format is read separately, because another format may have other fields.
        let Format { format } = serde_json::from_str(text).map_err(|_| damaged())?;
        if format != FORMAT {
            return Err(format!("it has format {format}, this version reads {FORMAT}"));
        }
        let Sealed { digest, record, .. } = serde_json::from_str(text).map_err(|_| damaged())?;
        if !has_valid_digest(&file, &digest) {
            return Err(damaged());
        }
        let tensors = SafeTensors::deserialize(&file).map_err(|_| damaged())?;
        let mut state = StateFile { record, weights: Weights::new(), best: Cow::default(), memory: BTreeMap::new() };
        for (name, view) in tensors.iter() {
            let values: Vec<f32> = view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            let (group, name) = name.split_once('/').ok_or_else(damaged)?;
            let array = |values| ArrayD::from_shape_vec(view.shape(), values).map_err(|_| damaged());
            match group {
                "weights" => drop(state.weights.insert(name.to_owned(), array(values)?)),
                "best" => drop(state.best.to_mut().insert(name.to_owned(), array(values)?)),
                _ => drop(state.memory.insert(name.to_owned(), Cow::Owned(values))),
            }
        }
        Ok(state)
    }
}

/// Whether `recorded`, the digest in the metadata, is the digest of the file.
fn has_valid_digest(file: &[u8], recorded: &str) -> bool {
    recorded.len() == DIGEST_PLACEHOLDER.len()
        && digest_range(file, recorded).is_some_and(|range| digest(file, &range) == recorded)
}

/// Finds the byte range of the digest. The first match is the right one, since the header is the start of the file.
fn digest_range(file: &[u8], digest: &str) -> Option<Range<usize>> {
    let start = file.windows(digest.len()).position(|window| window == digest.as_bytes())?;
    Some(start..start + digest.len())
}

/// SHA-256 of the file with zeros in the range of the digest.
fn digest(file: &[u8], range: &Range<usize>) -> String {
    sha256_hex_of([&file[..range.start], DIGEST_PLACEHOLDER.as_bytes(), &file[range.end..]])
}
