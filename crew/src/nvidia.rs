//! The search for the libraries of CUDA and cuDNN, in the folders that the system's loader does not search.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

/// Returns the existing folders in which the libraries of CUDA and cuDNN usually are, in the order of the search:
///
/// 1. the folders of the toolkit in the environment variables `CUDA_HOME` and `CUDA_PATH`,
/// 2. NVIDIA's packages of the Python environment in `VIRTUAL_ENV` or `CONDA_PREFIX`, and the libraries of the latter,
/// 3. `/usr/local/cuda` and `/usr/local/cuda-*`, newest first.
///
/// The folders of the system's loader, such as those in `LD_LIBRARY_PATH`, come before all of these, and are not part
/// of the result. On systems other than Linux the result is empty.
pub fn nvidia_folders() -> Vec<PathBuf> {
    if cfg!(target_os = "linux") { folders(Path::new("/usr/local"), |name| env::var_os(name)) } else { Vec::new() }
}

/// Calls `load` for each library until it succeeds: first with its name, which the system's loader looks up, then with
/// its path in each of the folders. Returns the names of the libraries that cannot be loaded.
///
/// The loader finds a library that another one needs if it is loaded already, whatever its folder. The order of the
/// names does not matter: libraries that fail are tried again after others have been loaded.
pub fn load_from(folders: &[PathBuf], names: Vec<String>, mut load: impl FnMut(&Path) -> bool) -> Vec<String> {
    let mut missing = names;
    loop {
        let before = missing.len();
        missing.retain(|name| {
            let paths = folders.iter().map(|folder| folder.join(name)).filter(|path| path.is_file());
            !std::iter::once(PathBuf::from(name)).chain(paths).any(|path| load(&path))
        });
        if missing.is_empty() || missing.len() == before {
            return missing;
        }
    }
}

fn folders(local: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    // A relative path would depend on the working directory, in which libraries are never searched.
    let folder = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let toolkits = ["CUDA_HOME", "CUDA_PATH"].into_iter().filter_map(folder);
    let environments: Vec<_> = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(folder).collect();
    let conda = folder("CONDA_PREFIX").map(|prefix| prefix.join("lib"));
    let installed = versions_first(entries(local).into_iter().filter(|path| is_toolkit(path)).collect());

    let found = toolkits
        .flat_map(|toolkit| libraries_of(&toolkit))
        .chain(environments.iter().flat_map(|environment| packages_of(environment)))
        .chain(conda)
        .chain(installed.iter().flat_map(|toolkit| libraries_of(toolkit)));
    let mut unique = Vec::new();
    for path in found.filter(|path| path.is_dir()) {
        if !unique.contains(&path) {
            unique.push(path);
        }
    }
    unique
}

fn libraries_of(toolkit: &Path) -> [PathBuf; 3] {
    let target = format!("targets/{}-linux/lib", if cfg!(target_arch = "aarch64") { "sbsa" } else { "x86_64" });
    [toolkit.join("lib64"), toolkit.join(target), toolkit.join("lib")]
}

/// Returns `site-packages/nvidia/*/lib` of a Python environment.
fn packages_of(environment: &Path) -> Vec<PathBuf> {
    let pythons = entries(&environment.join("lib")).into_iter().filter(|path| is_named(path, "python"));
    pythons
        .flat_map(|python| entries(&python.join("site-packages").join("nvidia")))
        .map(|package| package.join("lib"))
        .collect()
}

fn is_toolkit(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "cuda") || is_named(path, "cuda-")
}

fn is_named(path: &Path, start: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
}

/// Returns the paths in a folder by name; none if it cannot be read.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

/// Sorts `cuda` first, which is the version that the administrator chose, and then by version, newest first.
fn versions_first(mut toolkits: Vec<PathBuf>) -> Vec<PathBuf> {
    let key = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let numbers = name.strip_prefix("cuda-").map(|version| version.split('.').map(|part| part.parse::<u32>().ok()));
        numbers.map(|numbers| std::cmp::Reverse(numbers.collect::<Vec<_>>()))
    };
    toolkits.sort_by_key(key);
    toolkits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_loaded_whatever_their_order_and_the_others_are_missing() {
        let root = env::temp_dir().join(format!("narrows-nvidia-load-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a writable folder");
        for name in ["libneeding.so", "libneeded.so"] {
            fs::write(root.join(name), "").expect("a writable folder");
        }
        let mut loaded = Vec::new();
        let names = ["libneeding.so", "libneeded.so", "libsystem.so", "libmissing.so"].map(str::to_owned).to_vec();
        let missing = load_from(&[root.join("none"), root.clone()], names, |path| {
            let loads = path == Path::new("libsystem.so")
                || path == root.join("libneeded.so")
                || path == root.join("libneeding.so") && loaded.contains(&root.join("libneeded.so"));
            if loads {
                loaded.push(path.to_owned());
            }
            loads
        });
        assert_eq!(missing, ["libmissing.so"]);
        assert_eq!(loaded.len(), 3);
        fs::remove_dir_all(&root).expect("a folder that exists");
    }

    #[test]
    fn folders_are_found_in_the_order_of_the_search_and_only_if_they_exist() {
        let root = env::temp_dir().join(format!("narrows-nvidia-{}", std::process::id()));
        let present = [
            "home/lib64",
            "venv/lib/python3.12/site-packages/nvidia/cu13/lib",
            "venv/lib/python3.12/site-packages/nvidia/cudnn/lib",
            "venv/lib/python3.12/site-packages/numpy/lib",
            "conda/lib",
            "local/cuda/lib64",
            "local/cuda-9.2/lib64",
            "local/cuda-13.0/lib64",
            "local/cuda-12.9/lib64",
            "local/share/lib64",
        ];
        for folder in present {
            fs::create_dir_all(root.join(folder)).expect("a writable folder");
        }
        let variable = |name: &str| match name {
            "CUDA_HOME" => Some(root.join("home").into_os_string()),
            "CUDA_PATH" => Some(root.join("missing").into_os_string()),
            "VIRTUAL_ENV" => Some(root.join("venv").into_os_string()),
            "CONDA_PREFIX" => Some(root.join("conda").into_os_string()),
            _ => None,
        };
        let found = folders(&root.join("local"), variable);
        let expected = [
            "home/lib64",
            "venv/lib/python3.12/site-packages/nvidia/cu13/lib",
            "venv/lib/python3.12/site-packages/nvidia/cudnn/lib",
            "conda/lib",
            "local/cuda/lib64",
            "local/cuda-13.0/lib64",
            "local/cuda-12.9/lib64",
            "local/cuda-9.2/lib64",
        ];
        assert_eq!(found, expected.map(|folder| root.join(folder)));
        assert!(folders(&root.join("nowhere"), |_| Some("relative".into())).is_empty());
        fs::remove_dir_all(&root).expect("a folder that exists");
    }
}
