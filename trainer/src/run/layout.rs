//! Names of the files and folders in the folder of a run.

pub(super) const CONFIG: &str = "config.toml";
pub(super) const CHECKPOINTS: &str = "checkpoints";
pub(super) const BEST: &str = "best.safetensors";
pub(super) const LOCK: &str = ".lock";
