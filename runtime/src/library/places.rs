//! The places of the search, in their order.

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

/// What the system's loader is asked for. Apple's would look for a bare name in the working directory
/// too, so its usual folders are named instead.
const SYSTEM: &[&str] = if cfg!(windows) {
    &["onnxruntime.dll"]
} else if cfg!(target_vendor = "apple") {
    &["/opt/homebrew/lib/libonnxruntime.dylib", "/usr/local/lib/libonnxruntime.dylib"]
} else {
    &["libonnxruntime.so", "libonnxruntime.so.1"]
};

/// All places: absolute paths, and bare names for the system's loader.
pub(super) fn places(options: &Options) -> Vec<(FoundBy, PathBuf)> {
    // Like any path that is typed, these two start from the working directory.
    let given = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let by_options = options.library.iter().map(|path| (FoundBy::Options, given(path)));
    let by_variable = env::var_os("ORT_DYLIB_PATH")
        .filter(|path| !path.is_empty())
        .map(|path| (FoundBy::Variable, given(Path::new(&path))));

    let folder = env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
    let beside = folder.iter().map(|folder| (FoundBy::ProgramFolder, folder.join(NAME)));
    let tools = folder.iter().flat_map(|folder| folder.ancestors()).map(|folder| {
        let library = folder.join(".tools").join("onnxruntime").join("lib").join(NAME);
        (FoundBy::ToolsFolder, library)
    });
    let system = SYSTEM.iter().map(|name| (FoundBy::System, PathBuf::from(name)));
    by_options.chain(by_variable).chain(beside).chain(tools).chain(system).collect()
}
