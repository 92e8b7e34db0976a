//! A state on disk: safetensors, with where the run stands in the metadata, and a digest of the whole file.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
};

use narrows_bundle::sha256_hex_of;
use ndarray::ArrayD;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::RunError;
use crate::{
    Config, Descent, Options, TrainError,
    candle::Average,
    descent::{Best, Learner, Plan, Position, State},
    network::Weights,
    stored::Stored,
};

/// The format that this version writes and reads.
const FORMAT: u32 = 1;

/// The key of the metadata.
const KEY: &str = "narrows";

/// Stands where the digest will be while it is computed.
const UNSEALED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Far above any state: 2^28 parameters with two moments, an average and the best.
const LARGEST: u64 = 8 << 30;

/// A state, outside the engine.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Checkpoint<'a> {
    pub(crate) record: Record,
    pub(crate) weights: Weights,
    best: Cow<'a, Weights>,
    /// Moments of the optimizer and the average, by their own names.
    memory: BTreeMap<String, Cow<'a, [f32]>>,
}

/// What stands in the metadata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    format: u32,
    /// SHA-256 of the file with zeros in this place.
    digest: String,
    /// The configuration, with files named without their folders.
    pub(crate) configuration: Options,
    /// SHA-256 over the data.
    pub(crate) fingerprint: String,
    pub(crate) position: Position,
    optimizer_steps: u64,
    average_steps: u64,
    best: Option<BestRecord>,
    /// PCA only.
    pub(crate) explained_variance_ratio: Option<Vec<f64>>,
}

/// What every format says.
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
    /// What a run of gradient descent stands at.
    pub(crate) fn of(config: &Config, fingerprint: &str, state: &'a State) -> Result<Self, TrainError> {
        let free = |(name, variable): (&str, &candle_core::Var)| {
            let values = variable.flatten_all()?.to_vec1::<f32>()?;
            Ok((name.to_owned(), ArrayD::from_shape_vec(variable.dims(), values).map_err(candle_core::Error::wrap)?))
        };
        let averages = state.learner.average.iter().flat_map(Average::remembered);
        let memory =
            state.learner.optimizer.remembered().chain(averages).map(|(name, values)| (name, Cow::Borrowed(values)));
        Ok(Checkpoint {
            record: Record {
                position: state.position.clone(),
                optimizer_steps: state.learner.optimizer.steps(),
                average_steps: state.learner.average.as_ref().map_or(0, Average::steps),
                best: state.best.as_ref().map(|best| BestRecord { epoch: best.epoch, loss: best.loss }),
                ..Record::new(config, fingerprint)
            },
            weights: state.parameters.iter().map(free).collect::<candle_core::Result<_>>()?,
            best: state.best.as_ref().map(|best| Cow::Borrowed(&best.weights)).unwrap_or_default(),
            memory: memory.collect(),
        })
    }

    /// A solution in closed form.
    pub(crate) fn solved(config: &Config, fingerprint: &str, weights: &Weights, ratios: &[f64]) -> Self {
        Checkpoint {
            record: Record { explained_variance_ratio: Some(ratios.to_vec()), ..Record::new(config, fingerprint) },
            weights: weights.clone(),
            best: Cow::default(),
            memory: BTreeMap::new(),
        }
    }

    /// The state that was saved.
    pub(crate) fn state(&self, plan: &Plan<'_>) -> Result<State, TrainError> {
        let mut state = State::fresh(plan)?;
        let position = &self.record.position;
        state.parameters = state.parameters.with_values(&self.weights)?;
        state.trained = plan.stage(position.epoch).parameters(&state.parameters);
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

    /// The content of the file.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, TrainError> {
        let record = Record { digest: UNSEALED.to_owned(), ..self.record.clone() };
        let record = serde_json::to_string(&record).map_err(candle_core::Error::wrap)?;
        let memory = self.memory.iter().map(|(name, values)| (format!("memory/{name}"), Stored::flat(values)));
        let arrays = [("weights", &self.weights), ("best", &*self.best)].into_iter().flat_map(|(prefix, weights)| {
            weights.iter().map(move |(name, array)| (format!("{prefix}/{name}"), Stored::array(array)))
        });
        let metadata = HashMap::from([(KEY.to_owned(), record)]);
        let mut file = safetensors::serialize(arrays.chain(memory), Some(metadata))?;
        seal(&mut file);
        Ok(file)
    }

    /// Reads a file, and believes nothing that it says.
    ///
    /// # Errors
    /// A sentence that says why this is no checkpoint to go on from.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let length = fs::metadata(path).map_err(|error| error.to_string())?.len();
        if length > LARGEST {
            return Err(format!("it has {length} bytes, more than any checkpoint"));
        }
        let file = fs::read(path).map_err(|error| error.to_string())?;
        let damaged = |what: &dyn std::fmt::Display| format!("it is damaged: {what}");
        let (_, header) = SafeTensors::read_metadata(&file).map_err(|error| damaged(&error))?;
        let metadata = header.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
        let text = metadata.ok_or("it is not a checkpoint of narrows")?;
        // By itself: another format may have other fields.
        let Format { format } = serde_json::from_str(text).map_err(|error| damaged(&error))?;
        if format != FORMAT {
            return Err(format!("it has format {format}, this version reads {FORMAT}"));
        }
        let record: Record = serde_json::from_str(text).map_err(|error| damaged(&error))?;
        if !is_sealed(&file, &record.digest) {
            return Err(damaged(&"its content does not match its checksum"));
        }
        let tensors = SafeTensors::deserialize(&file).map_err(|error| damaged(&error))?;
        let mut checkpoint =
            Checkpoint { record, weights: Weights::new(), best: Cow::default(), memory: BTreeMap::new() };
        for (name, view) in tensors.iter() {
            let values: Vec<f32> = view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            let (group, name) = name.split_once('/').ok_or_else(|| damaged(&format!("`{name}` has no group")))?;
            let array = |values| ArrayD::from_shape_vec(view.shape(), values).map_err(|error| damaged(&error));
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
            digest: UNSEALED.to_owned(),
            configuration: config.recorded(),
            fingerprint: fingerprint.to_owned(),
            position: Position::default(),
            optimizer_steps: 0,
            average_steps: 0,
            best: None,
            explained_variance_ratio: None,
        }
    }
}

/// The name of the checkpoint after a step.
pub(super) fn name(step: u64) -> String {
    format!("step-{step:09}.safetensors")
}

/// The checkpoints of a folder by step, the newest first.
pub(super) fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>, RunError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(RunError::io("read", folder))?,
    };
    let mut found: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?;
            let step = name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()?;
            Some((step, path))
        })
        .collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    Ok(found)
}

/// A checkpoint and where it lies; files that are none, and why.
type Newest = (Option<(PathBuf, Checkpoint<'static>)>, Vec<(PathBuf, String)>);

/// The newest valid checkpoint of a folder, and the newer ones that had to be passed over.
pub(super) fn newest(folder: &Path) -> Result<Newest, RunError> {
    let mut passed_over = Vec::new();
    for (_, path) in list(folder)? {
        match Checkpoint::read(&path) {
            Ok(found) => return Ok((Some((path, found)), passed_over)),
            Err(why) => passed_over.push((path, why)),
        }
    }
    Ok((None, passed_over))
}

/// Puts the digest into its place.
fn seal(file: &mut [u8]) {
    if let Some(place) = place_of(file, UNSEALED) {
        let digest = digest(file, &place);
        file[place].copy_from_slice(digest.as_bytes());
    }
}

/// Whether this is the digest that belongs into the place where it stands.
fn is_sealed(file: &[u8], found: &str) -> bool {
    found.len() == UNSEALED.len() && place_of(file, found).is_some_and(|place| digest(file, &place) == found)
}

/// It stands in the header, which is the beginning of the file.
fn place_of(file: &[u8], digest: &str) -> Option<Range<usize>> {
    let start = file.windows(digest.len()).position(|window| window == digest.as_bytes())?;
    Some(start..start + digest.len())
}

/// SHA-256 of the file with zeros in this place.
fn digest(file: &[u8], place: &Range<usize>) -> String {
    sha256_hex_of([&file[..place.start], UNSEALED.as_bytes(), &file[place.end..]])
}
