//! The memory that this process can still use, from the files of Linux. Other systems have no such files.

use std::{fs, path::Path};

/// Returns the number of bytes that this process can still use, as far as the system says: what is available on the
/// machine, or less if a control group or a limit of the process (`RLIMIT_AS`, `RLIMIT_DATA`) says so. `None` if it is
/// not known.
///
/// It reads some files of the system, which takes about 50 microseconds.
pub fn available_memory() -> Option<u64> {
    available(&|path| fs::read_to_string(Path::new("/").join(path)).ok())
}

/// Returns the number of bytes of addresses that this process can still use, if `RLIMIT_AS` limits them. Libraries and
/// the stacks of threads need addresses too, although they use little memory.
pub fn available_address_space() -> Option<u64> {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    ADDRESS_SPACE.remaining(&text("/proc/self/limits"), &text("/proc/self/status"))
}

/// Reads a file of the system; its path has no leading slash.
type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// Like [`available_memory`], with the files of another system.
fn available(read: Read<'_>) -> Option<u64> {
    let text = |path: &str| read(path.as_ref()).unwrap_or_default();
    let groups = text("proc/self/cgroup");
    let of_groups = groups.lines().filter_map(|line| of_group(read, line));
    let (limits, status) = (text("proc/self/limits"), text("proc/self/status"));
    let of_process = [ADDRESS_SPACE, DATA].into_iter().filter_map(|limit| limit.remaining(&limits, &status));
    of_machine(&text("proc/meminfo")).into_iter().chain(of_groups).chain(of_process).min()
}

fn of_machine(meminfo: &str) -> Option<u64> {
    kilobytes(meminfo, "MemAvailable:")
}

/// A limit of a process.
struct Limit {
    /// Its name in `/proc/self/limits`.
    name: &'static str,
    /// Key of `/proc/self/status` for what counts towards it.
    used: &'static str,
}

/// RLIMIT_AS, which `ulimit -v` sets.
const ADDRESS_SPACE: Limit = Limit { name: "Max address space", used: "VmSize:" };
/// RLIMIT_DATA, which `ulimit -d` sets.
const DATA: Limit = Limit { name: "Max data size", used: "VmData:" };

impl Limit {
    /// Returns the bytes that remain; `None` without a limit.
    ///
    /// An allocator may have reserved much more than it uses, mimalloc 1 GiB at the start. What was never touched is
    /// still there for the process.
    fn remaining(&self, limits: &str, status: &str) -> Option<u64> {
        let mut values = limits.lines().filter_map(|line| line.strip_prefix(self.name));
        // The soft limit, or `unlimited`.
        let limit: u64 = values.next()?.split_whitespace().next()?.parse().ok()?;
        let [used, data, touched] = [self.used, "VmData:", "RssAnon:"].map(|key| kilobytes(status, key).unwrap_or(0));
        Some(limit.saturating_sub(used.saturating_sub(data.saturating_sub(touched))))
    }
}

/// Returns what a line of `/proc/self/cgroup`, `number:controllers:path`, and all groups above that path allow.
fn of_group(read: Read<'_>, line: &str) -> Option<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let version = match controllers {
        "" => Version { mount: "sys/fs/cgroup", limit: "memory.max", usage: "memory.current", cache: "inactive_file" },
        list if list.split(',').any(|controller| controller == "memory") => Version {
            mount: "sys/fs/cgroup/memory",
            limit: "memory.limit_in_bytes",
            usage: "memory.usage_in_bytes",
            cache: "total_inactive_file",
        },
        _ => return None,
    };
    let ancestors = Path::new(path.trim_start_matches('/')).ancestors();
    ancestors.filter_map(|group| version.remaining(read, &Path::new(version.mount).join(group))).min()
}

/// The files of a version of control groups.
struct Version {
    mount: &'static str,
    limit: &'static str,
    usage: &'static str,
    /// Key of `memory.stat` for pages of files that the system can drop.
    cache: &'static str,
}

impl Version {
    /// Returns the bytes that remain in a group; `None` without a limit. A container may not see its own group.
    fn remaining(&self, read: Read<'_>, group: &Path) -> Option<u64> {
        let number = |name: &str| read(&group.join(name))?.trim().parse::<u64>().ok();
        let cache = read(&group.join("memory.stat")).and_then(|text| field(&text, self.cache)).unwrap_or(0);
        Some(number(self.limit)?.saturating_sub(number(self.usage)?.saturating_sub(cache)))
    }
}

/// Returns the bytes after a key, which the file gives in kB.
fn kilobytes(text: &str, key: &str) -> Option<u64> {
    field(text, key)?.checked_mul(1 << 10)
}

/// Returns the number after a key at the beginning of a line.
fn field(text: &str, key: &str) -> Option<u64> {
    let mut lines = text.lines().map(str::split_whitespace);
    lines.find_map(|mut words| (words.next() == Some(key)).then(|| words.next()?.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is available in a system with these files.
    fn system(files: &[(&str, &str)]) -> Option<u64> {
        available(&|path| files.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| (*text).to_owned()))
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemTotal:  9000 kB\nMemAvailable:    4000 kB\nBuffers: 1 kB\n");

    #[test]
    fn an_unlimited_process_has_what_is_available_on_the_machine() {
        assert_eq!(system(&[]), None);
        assert_eq!(system(&[MACHINE]), Some(4_096_000));
        let unlimited = [("proc/self/cgroup", "0::/user\n"), ("sys/fs/cgroup/user/memory.max", "max\n")];
        assert_eq!(system(&[&[MACHINE], unlimited.as_slice()].concat()), Some(4_096_000));
    }

    #[test]
    fn a_control_group_of_both_versions_or_one_above_it_limits_the_process() {
        let second = [
            ("proc/self/cgroup", "0::/outer/inner\n"),
            ("sys/fs/cgroup/outer/memory.max", "1000\n"),
            ("sys/fs/cgroup/outer/memory.current", "700\n"),
            ("sys/fs/cgroup/outer/memory.stat", "anon 500\ninactive_file 200\n"),
            ("sys/fs/cgroup/outer/inner/memory.max", "max\n"),
        ];
        assert_eq!(system(&[&[MACHINE], second.as_slice()].concat()), Some(500));
        let first = [
            ("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/hidden/from/the/container\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1800\n"),
        ];
        assert_eq!(system(&[&[MACHINE], first.as_slice()].concat()), Some(200));
    }

    #[test]
    fn the_limits_of_address_space_and_of_data_count_less_what_is_used() {
        let limits = |data: &str, space: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units     \n\
                 Max data size             {data:<20} unlimited            bytes     \n\
                 Max stack size            8388608              unlimited            bytes     \n\
                 Max address space         {space:<20} unlimited            bytes     \n"
            )
        };
        let status = (
            "proc/self/status",
            "Name:\tnarrows\nVmPeak:\t 900 kB\nVmSize:\t 200 kB\nRssAnon:\t 20 kB\nVmData:\t 50 kB\n",
        );
        let remaining = |data, space| system(&[MACHINE, status, ("proc/self/limits", limits(data, space).as_str())]);
        assert_eq!(remaining("unlimited", "unlimited"), Some(4_096_000));
        // Of the data, 30 kB are reserved and not touched.
        assert_eq!(remaining("unlimited", "1024000"), Some(1_024_000 - 170 * 1024));
        assert_eq!(remaining("100000", "1024000"), Some(100_000 - 20 * 1024));
        assert_eq!(remaining("100", "unlimited"), Some(0));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_some_memory() {
        assert!(available_memory().is_some_and(|bytes| bytes > 1 << 20));
    }
}
