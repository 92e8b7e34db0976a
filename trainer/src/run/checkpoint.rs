//! Checkpoints on disk: a safetensors file that holds the weights and the optimizer state as arrays, and the progress
//! of the run and a digest of the file as metadata.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fs,
    io::{self, Write},
    ops::Range,
    path::{Path, PathBuf},
};

use narrows_bundle::{AtomicFile, Fingerprint, sha256_hex_of};
use ndarray::ArrayD;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::RunError;
use crate::{
    Config, Descent, Options, TrainError,
    candle::Average,
    descent::{Best, Learner, Plan, Position, State},
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

/// A training state in plain arrays, independent of Candle.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Checkpoint<'a> {
    pub(crate) record: Record,
    pub(crate) weights: Weights,
    best: Cow<'a, Weights>,
    /// Moments of the optimizer and moving averages of the weights, by name.
    memory: BTreeMap<String, Cow<'a, [f32]>>,
}

/// The metadata of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    format: u32,
    /// SHA-256 of the file with zeros in place of the digest.
    digest: String,
    /// The configuration; file names are without their folders.
    pub(crate) configuration: Options,
    /// SHA-256 of the training data.
    pub(crate) fingerprint: String,
    /// SHA-256 of the moments file, if the configuration has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) moments: Option<String>,
    pub(crate) position: Position,
    optimizer_steps: u64,
    average_steps: u64,
    best: Option<BestRecord>,
    /// Explained variance ratio of each principal component; PCA only.
    pub(crate) explained_variance_ratio: Option<Vec<f64>>,
}

/// The format number, which every format version contains.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct BestRecord {
    epoch: usize,
    loss: f64,
}

impl<'a> Checkpoint<'a> {
    /// Creates the checkpoint of a run of gradient descent.
    pub(crate) fn of(config: &Config, fingerprint: &str, state: &'a State) -> Result<Self, TrainError> {
        let to_array = |(name, variable): (&str, &candle_core::Var)| {
            let values = variable.flatten_all()?.to_vec1::<f32>()?;
            Ok((name.to_owned(), ArrayD::from_shape_vec(variable.dims(), values).map_err(candle_core::Error::wrap)?))
        };
        let averages = state.learner.average.iter().flat_map(Average::state_slices);
        let memory =
            state.learner.optimizer.state_slices().chain(averages).map(|(name, values)| (name, Cow::Borrowed(values)));
        Ok(Checkpoint {
            record: Record {
                position: state.position.clone(),
                optimizer_steps: state.learner.optimizer.steps(),
                average_steps: state.learner.average.as_ref().map_or(0, Average::steps),
                best: state.best.as_ref().map(|best| BestRecord { epoch: best.epoch, loss: best.loss }),
                ..Record::new(config, fingerprint)
            },
            weights: state.parameters.iter().map(to_array).collect::<candle_core::Result<_>>()?,
            best: state.best.as_ref().map(|best| Cow::Borrowed(&best.weights)).unwrap_or_default(),
            memory: memory.collect(),
        })
    }

    /// Creates the checkpoint of a closed-form solution.
    pub(crate) fn solved(config: &Config, fingerprint: &str, weights: &Weights, ratios: &[f64]) -> Self {
        Checkpoint {
            record: Record { explained_variance_ratio: Some(ratios.to_vec()), ..Record::new(config, fingerprint) },
            weights: weights.clone(),
            best: Cow::default(),
            memory: BTreeMap::new(),
        }
    }

    /// Restores the saved training state.
    pub(crate) fn state(&self, plan: &Plan<'_>) -> Result<State, TrainError> {
        let mut state = State::fresh(plan)?;
        let position = &self.record.position;
        state.parameters = state.parameters.with_values(&self.weights)?;
        state.trained = plan.stage(position.epoch).trained(&state.parameters);
        let counts = (self.record.optimizer_steps, self.record.average_steps);
        let Descent { optimizer, steps, .. } = *plan.descent;
        state.learner = Learner::restore(&state.trained, optimizer, steps, counts, &self.memory)?;
        let best = self.record.best.as_ref();
        state.best = best.map(|BestRecord { epoch, loss }| Best {
            epoch: *epoch,
            loss: *loss,
            weights: self.best.clone().into_owned(),
        });
        state.position = position.clone();
        Ok(state)
    }

    /// Writes the checkpoint atomically, tensor by tensor: no copy of the whole file is in memory. The digest, which is
    /// before the tensors, is computed first.
    pub(crate) fn write(&self, path: &Path) -> Result<(), TrainError> {
        let memory = self.memory.iter().map(|(name, values)| (format!("memory/{name}"), Stored::flat(values)));
        let arrays = [("weights", &self.weights), ("best", &*self.best)].into_iter().flat_map(|(prefix, weights)| {
            weights.iter().map(move |(name, array)| (format!("{prefix}/{name}"), Stored::array(array)))
        });
        let tensors = StoredTensors::new(arrays.chain(memory));
        let header = |digest: &str| -> Result<Vec<u8>, TrainError> {
            let record = Record { digest: digest.to_owned(), ..self.record.clone() };
            let record = serde_json::to_string(&record).map_err(candle_core::Error::wrap)?;
            tensors.header(Some(HashMap::from([(KEY.to_owned(), record)])))
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
        let record: Record = serde_json::from_str(text).map_err(|_| damaged())?;
        if !has_valid_digest(&file, &record.digest) {
            return Err(damaged());
        }
        let tensors = SafeTensors::deserialize(&file).map_err(|_| damaged())?;
        let mut checkpoint =
            Checkpoint { record, weights: Weights::new(), best: Cow::default(), memory: BTreeMap::new() };
        for (name, view) in tensors.iter() {
            let values: Vec<f32> = view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            let (group, name) = name.split_once('/').ok_or_else(damaged)?;
            let array = |values| ArrayD::from_shape_vec(view.shape(), values).map_err(|_| damaged());
            match group {
                "weights" => drop(checkpoint.weights.insert(name.to_owned(), array(values)?)),
                "best" => drop(checkpoint.best.to_mut().insert(name.to_owned(), array(values)?)),
                _ => drop(checkpoint.memory.insert(name.to_owned(), Cow::Owned(values))),
            }
        }
        Ok(checkpoint)
    }
}

impl Record {
    fn new(config: &Config, fingerprint: &str) -> Self {
        Record {
            format: FORMAT,
            digest: DIGEST_PLACEHOLDER.to_owned(),
            configuration: config.recorded(),
            fingerprint: fingerprint.to_owned(),
            moments: config.moments.as_ref().map(|loaded| loaded.sha256.clone()),
            position: Position::default(),
            optimizer_steps: 0,
            average_steps: 0,
            best: None,
            explained_variance_ratio: None,
        }
    }
}

/// Returns the file name of the checkpoint after a step.
pub(super) fn name(step: u64) -> String {
    format!("step-{step:09}.safetensors")
}

/// Lists the checkpoints of a folder with their steps, the newest first.
pub(super) fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>, RunError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(RunError::io("read", folder))?,
    };
    let mut checkpoints: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?;
            let step = name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()?;
            Some((step, path))
        })
        .collect();
    checkpoints.sort_unstable_by(|one, other| other.cmp(one));
    Ok(checkpoints)
}

/// The newest valid checkpoint with its path, and the invalid files with the reason for each.
type Newest = (Option<(PathBuf, Checkpoint<'static>)>, Vec<(PathBuf, String)>);

/// Reads the newest valid checkpoint of a folder, and lists the newer ones that are invalid.
pub(super) fn newest(folder: &Path) -> Result<Newest, RunError> {
    let mut passed_over = Vec::new();
    for (_, path) in list(folder)? {
        match Checkpoint::read(&path) {
            Ok(checkpoint) => return Ok((Some((path, checkpoint)), passed_over)),
            Err(why) => passed_over.push((path, why)),
        }
    }
    Ok((None, passed_over))
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
