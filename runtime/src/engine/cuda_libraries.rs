//! Loads the libraries of CUDA and cuDNN before ONNX Runtime's CUDA provider needs them.
//!
//! The system's loader does not search the folders of the CUDA toolkit and of NVIDIA's packages for Python. It uses a
//! library that is already loaded, though, whatever its folder.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use narrows_crew::{load_from, nvidia_folders};

use crate::library::needed;

const PROVIDER: &str = "libonnxruntime_providers_cuda.so";
const DRIVER: &str = "libcuda.so.1";
/// The provider opens this library when a graph has a convolution, unless it lists it among those that it needs.
const CUDNN: &str = "libcudnn.so.9";

/// Loads the libraries that the CUDA provider next to this ONNX Runtime needs, once per process. Returns the names of
/// those that are missing; none if there is no such provider.
pub(super) fn preload(runtime: Option<&Path>) -> &'static [String] {
    static MISSING: OnceLock<Vec<String>> = OnceLock::new();
    MISSING.get_or_init(|| {
        let provider = runtime.and_then(Path::parent).map(|folder| folder.join(PROVIDER));
        match provider.and_then(|provider| needed(&provider).ok()) {
            Some(names) => load(nvidia_libraries(names), &nvidia_folders()),
            None => Vec::new(),
        }
    })
}

/// Returns the names of NVIDIA's libraries, with cuDNN.
fn nvidia_libraries(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| name.starts_with("libcu") || name.starts_with("libnv"));
    if !names.iter().any(|name| name.starts_with("libcudnn.")) {
        names.push(CUDNN.to_owned());
    }
    names
}

/// Loads libraries. Returns the names of those that cannot be loaded, the driver first.
fn load(names: Vec<String>, folders: &[PathBuf]) -> Vec<String> {
    let mut missing = load_from(folders, names, load_one);
    missing.sort_by_key(|name| name != DRIVER);
    missing
}

#[cfg(feature = "load-dynamic")]
fn load_one(path: &Path) -> bool {
    ort::util::preload_dylib(path).is_ok()
}

/// An ONNX Runtime that is linked into the program has no path, so there is nothing to load.
#[cfg(not(feature = "load-dynamic"))]
fn load_one(_: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nvidias_libraries_are_those_of_the_provider_and_cudnn() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            nvidia_libraries(names(&["libcublas.so.13", "libcuda.so.1", "libc.so.6", "libdl.so.2"])),
            names(&["libcublas.so.13", "libcuda.so.1", CUDNN])
        );
        let old = names(&["libcudnn.so.8", "libcufft.so.10"]);
        assert_eq!(nvidia_libraries(old.clone()), old);
    }

    #[test]
    fn missing_libraries_are_returned_with_the_driver_first() {
        let names = ["libnarrows-missing.so.1".to_owned(), DRIVER.to_owned()];
        let missing = load(names.to_vec(), &[PathBuf::from("/nowhere")]);
        let driver = missing.contains(&names[1]);
        assert_eq!(missing, if driver { vec![names[1].clone(), names[0].clone()] } else { vec![names[0].clone()] });
    }
}
