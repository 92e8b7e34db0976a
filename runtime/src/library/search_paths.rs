//! The paths of the search, in order.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::FoundBy;
use crate::Options;

/// File name of the library on this system.
const NAME: &str = if cfg!(windows) {
    "onnxruntime.dll"
} else if cfg!(target_vendor = "apple") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so"
};

/// Names that the system's loader resolves. Apple's loader also searches the working directory for a bare name, so the
/// usual folders are listed instead.
const SYSTEM: &[&str] = if cfg!(windows) {
    &["onnxruntime.dll"]
} else if cfg!(target_vendor = "apple") {
    &["/opt/homebrew/lib/libonnxruntime.dylib", "/usr/local/lib/libonnxruntime.dylib"]
} else {
    &["libonnxruntime.so", "libonnxruntime.so.1"]
};

/// Returns all paths of the search: absolute paths, and bare names for the system's loader.
pub(super) fn search_paths(options: &Options) -> Vec<(FoundBy, PathBuf)> {
    // Explicit paths are relative to the working directory.
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let by_options = options.library.iter().map(|path| (FoundBy::Options, absolute(path)));
    let by_variable = env::var_os("ORT_DYLIB_PATH")
        .filter(|path| !path.is_empty())
        .map(|path| (FoundBy::Variable, absolute(Path::new(&path))));

    let folder = env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
    let program_folder = folder.iter().map(|folder| (FoundBy::ProgramFolder, folder.join(NAME)));
    let tools = folder.iter().flat_map(|folder| folder.ancestors()).flat_map(|folder| {
        let library = |name| folder.join(".tools").join(name).join("lib").join(NAME);
        // Whoever fetched the build for GPUs wants to use it. It computes on the CPU as well.
        let for_cuda = Some(library("onnxruntime-cuda")).filter(|path| path.exists());
        for_cuda.into_iter().chain([library("onnxruntime")]).map(|path| (FoundBy::ToolsFolder, path))
    });
    let system = SYSTEM.iter().map(|name| (FoundBy::System, PathBuf::from(name)));
    by_options.chain(by_variable).chain(program_folder).chain(tools).chain(system).collect()
}
