//! The options that say where bundles and ONNX Runtime are.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use datafusion::execution::object_store::ObjectStoreRegistry;
use narrows_datafusion::{Bundles, narrows_runtime::Options};

/// Where bundles and ONNX Runtime are.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct BundleOptions {
    /// Folder in which bundles are searched for by name. Can be repeated.
    #[arg(long = "models", value_name = "FOLDER", global = true)]
    pub(crate) folders: Vec<PathBuf>,
    /// Folder for downloaded bundles [default: narrows/bundles in the user's cache folder].
    #[arg(long, value_name = "FOLDER", global = true)]
    pub(crate) cache: Option<PathBuf>,
    /// The ONNX Runtime library [default: it is searched for, as `narrows doctor` shows].
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) onnxruntime: Option<PathBuf>,
}

impl BundleOptions {
    /// Returns the bundles of this process; `machine` names it in errors.
    pub(crate) fn bundles(&self, stores: Arc<dyn ObjectStoreRegistry>, machine: Option<String>) -> Bundles {
        self.bundles_with(Options::default(), stores, machine)
    }

    /// Returns the bundles of this process, whose models are opened with these options.
    pub(crate) fn bundles_with(
        &self,
        options: Options,
        stores: Arc<dyn ObjectStoreRegistry>,
        machine: Option<String>,
    ) -> Bundles {
        let mut builder = Bundles::builder().stores(stores);
        builder = self.folders.iter().fold(builder, |builder, folder| builder.folder(folder));
        builder = self.cache.iter().fold(builder, |builder, cache| builder.cache(cache));
        builder = machine.into_iter().fold(builder, |builder, machine| builder.machine(machine));
        let options = self.onnxruntime.iter().fold(options, |options, path| options.library(path));
        builder.options(options).build()
    }

    /// Returns the flags for a process that this one starts.
    pub(crate) fn flags(&self) -> Vec<std::ffi::OsString> {
        let mut flags: Vec<std::ffi::OsString> = Vec::new();
        for folder in &self.folders {
            flags.extend(["--models".into(), folder.into()]);
        }
        for (flag, path) in [("--cache", &self.cache), ("--onnxruntime", &self.onnxruntime)] {
            if let Some(path) = path {
                flags.extend([flag.into(), path.into()]);
            }
        }
        flags
    }
}
