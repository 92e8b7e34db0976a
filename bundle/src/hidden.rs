//! Hidden files and folders next to an output: incomplete ones, older ones that are moved aside, and the leftovers of
//! processes that were killed.
//!
//! A process locks its hidden files, and the system releases the lock when the process ends, however it ends. Numbers
//! of processes alone do not tell which files are leftovers: after a while they belong to other processes, and two
//! containers with a common folder number their processes alike.

use std::{
    borrow::Cow,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::sha256_hex;

/// What a hidden file or folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It is not complete yet.
    Partial,
    /// It was at the output path, until a new one took its place.
    Retired,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Partial => "partial",
            State::Retired => "retired",
        }
    }
}

/// Age at which a hidden file without a lock is a leftover although a process has its number. A process locks its file
/// at once after it has created it.
const OLD: Duration = Duration::from_secs(60);

/// Creates a file or folder at a hidden path in the same folder as `path`, with a name that no other one has.
pub(crate) fn create_sibling<T>(
    path: &Path,
    state: State,
    create: impl Fn(&Path) -> io::Result<T>,
) -> io::Result<(PathBuf, T)> {
    loop {
        let hidden = sibling(path, state);
        match create(&hidden) {
            // In another container, a process with the same number writes the same output.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            outcome => return outcome.map(|created| (hidden, created)),
        }
    }
}

/// Returns a hidden path in the same folder as `path`. Every call in this process returns another one.
pub(crate) fn sibling(path: &Path, state: State) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);

    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    path.with_file_name(format!("{}{}-{count}", prefix(path, state), std::process::id()))
}

fn prefix(path: &Path, state: State) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(".{}.{}-", shortened(&name), state.name())
}

/// Shortens a name to which the hidden path adds more than a file system allows, which is 255 bytes. A part of its hash
/// keeps shortened names different.
fn shortened(name: &str) -> Cow<'_, str> {
    /// Leaves room for the state, the number of a process and a count.
    const LONGEST: usize = 200;
    const KEPT: usize = 64;
    const DIGITS: usize = 16;
    if name.len() <= LONGEST {
        return Cow::Borrowed(name);
    }
    let start = name.get(..name.floor_char_boundary(KEPT)).unwrap_or_default();
    let hash = sha256_hex(name.as_bytes());
    Cow::Owned(format!("{start}~{}", hash.get(..DIGITS).unwrap_or(&hash)))
}

/// Opens a hidden folder and locks it until the returned file is closed; `None` on systems that cannot.
pub(crate) fn locked_folder(path: &Path) -> Option<File> {
    let folder = if cfg!(unix) { File::open(path).ok()? } else { return None };
    lock(&folder);
    Some(folder)
}

/// Locks a hidden file until it is closed. Some network file systems have no locks; there the number of the process
/// decides alone. Elsewhere than on Unix, a lock would also keep readers away from the finished file.
pub(crate) fn lock(file: &File) {
    if cfg!(unix) {
        let _ = file.try_lock();
    }
}

/// Cleans up after killed processes: restores an older bundle that was moved aside, and removes incomplete ones.
pub(crate) fn clean_up(path: &Path) {
    for retired in leftovers(path, State::Retired) {
        if path.exists() || fs::rename(&retired, path).is_err() {
            let _ = fs::remove_dir_all(&retired);
        }
    }
    for partial in leftovers(path, State::Partial) {
        let _ = fs::remove_dir_all(partial);
    }
}

/// Returns the hidden siblings of `path` that a killed process left; none on systems other than Unix.
pub(crate) fn leftovers(path: &Path, state: State) -> Vec<PathBuf> {
    if !cfg!(unix) {
        return Vec::new();
    }
    let prefix = prefix(path, state);
    let folder = path.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let leftover = |name: String| {
        let digits = name.strip_prefix(&prefix)?.split('-').next()?;
        let process_id = digits.parse().ok()?;
        let hidden = path.with_file_name(name);
        is_leftover(&hidden, process_id).then_some(hidden)
    };
    names.filter_map(leftover).collect()
}

/// Whether the process that made a hidden file or folder has ended.
fn is_leftover(hidden: &Path, process_id: u32) -> bool {
    let Ok(metadata) = hidden.symlink_metadata() else { return false };
    if !metadata.is_file() && !metadata.is_dir() {
        return false;
    }
    // Only Linux lists the processes in a folder.
    let runs = Path::new("/proc/self").exists().then(|| Path::new("/proc").join(process_id.to_string()).exists());
    let is_old = || metadata.modified().is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > OLD));
    match File::open(hidden).map(|file| file.try_lock()) {
        Ok(Err(TryLockError::WouldBlock)) => false,
        Ok(Ok(())) => runs == Some(false) || is_old(),
        // Without locks.
        Ok(Err(TryLockError::Error(_))) | Err(_) => runs == Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a hidden file or folder older than any that a running process has just created.
    #[cfg(unix)]
    fn age(hidden: &Path) {
        let long_ago = std::time::SystemTime::now() - 2 * OLD;
        File::open(hidden).and_then(|file| file.set_modified(long_ago)).expect("our own file");
    }

    #[test]
    fn the_hidden_sibling_of_a_long_name_is_short_and_different_names_stay_different() {
        let long = |last: &str| PathBuf::from("folder").join("ä".repeat(120) + last);
        let [one, other] = ["a.csv", "b.csv"].map(|last| prefix(&long(last), State::Retired));
        for name in [&one, &other] {
            assert!(name.len() < 130 && name.starts_with(".ä") && name.contains(".retired-"), "{name}");
        }
        assert_ne!(one, other);
        let short = sibling(Path::new("folder/z.csv"), State::Partial).to_string_lossy().into_owned();
        assert!(short.starts_with(&format!("folder/.z.csv.partial-{}-", std::process::id())), "{short}");
    }

    #[test]
    fn every_hidden_path_is_another_one_also_in_threads_of_one_process() {
        let folder = tempfile::tempdir().expect("a writable temporary folder");
        let folder = folder.path();
        let create = || create_sibling(&folder.join("a"), State::Partial, |hidden| File::create_new(hidden));
        let paths = std::thread::scope(|scope| {
            let threads = [(); 8].map(|()| scope.spawn(create));
            threads.map(|thread| thread.join().expect("no panic").expect("a writable folder").0)
        });
        assert_eq!(paths.iter().collect::<std::collections::BTreeSet<_>>().len(), 8);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn leftovers_of_a_killed_process_are_removed_and_the_older_bundle_is_restored() {
        let folder = tempfile::tempdir().expect("a writable temporary folder");
        let folder = folder.path();
        // No process has an id this high.
        for state in ["partial", "retired"] {
            fs::create_dir(folder.join(format!(".vae.{state}-4294967295-0"))).expect("writable");
        }
        let own = folder.join(format!(".vae.partial-{}-0", std::process::id()));
        fs::create_dir(&own).expect("writable");
        clean_up(&folder.join("vae"));
        let mut remaining: Vec<_> =
            fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path()).collect();
        remaining.sort();
        assert_eq!(remaining, [own, folder.join("vae")]);
    }

    #[test]
    #[cfg(unix)]
    fn a_leftover_is_found_although_another_process_has_its_number_and_a_locked_file_is_none() {
        let folder = tempfile::tempdir().expect("a writable temporary folder");
        let folder = folder.path();
        let hidden = folder.join(format!(".a.partial-{}-0", std::process::id()));
        let found = || leftovers(&folder.join("a"), State::Partial);
        fs::write(&hidden, "half").expect("writable");
        assert!(found().is_empty(), "it may have been created a moment ago");
        age(&hidden);
        assert_eq!(found(), std::slice::from_ref(&hidden));
        let file = File::open(&hidden).expect("there");
        lock(&file);
        assert!(found().is_empty(), "its process runs");
        drop(file);
        assert_eq!(found().len(), 1);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_locked_file_is_kept_although_its_process_has_no_number_here() {
        let folder = tempfile::tempdir().expect("a writable temporary folder");
        let folder = folder.path();
        // The number of a process in another container.
        let hidden = folder.join(".a.partial-4294967295-0");
        fs::create_dir(&hidden).expect("writable");
        let locked = locked_folder(&hidden);
        assert!(leftovers(&folder.join("a"), State::Partial).is_empty(), "its process runs");
        drop(locked);
        assert_eq!(leftovers(&folder.join("a"), State::Partial).len(), 1);
    }
}
