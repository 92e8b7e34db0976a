//! The memory that this process can still use, from the files of Linux. Other systems have no such files.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Returns the number of bytes that this process can still use, as far as the system says: what is available on the
/// machine, or less if a control group limits the process. `None` if it is not known.
pub(crate) fn available() -> Option<u64> {
    available_in(Path::new("/"))
}

/// Like [`available`], with the files of the system in another folder.
fn available_in(root: &Path) -> Option<u64> {
    let of_machine = fs::read_to_string(root.join("proc/meminfo")).ok().and_then(|text| of_machine(&text));
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let of_groups = groups.lines().filter_map(|line| of_group(root, line)).min();
    of_machine.into_iter().chain(of_groups).min()
}

fn of_machine(meminfo: &str) -> Option<u64> {
    field(meminfo, "MemAvailable:")?.checked_mul(1 << 10)
}

/// Returns what a line of `/proc/self/cgroup`, `number:controllers:path`, and all groups above that path allow.
fn of_group(root: &Path, line: &str) -> Option<u64> {
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
    let mount = root.join(version.mount);
    let ancestors = Path::new(path.trim_start_matches('/')).ancestors();
    ancestors.filter_map(|group| version.remaining(&mount.join(group))).min()
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
    fn remaining(&self, group: &Path) -> Option<u64> {
        let read = |name: &str| fs::read_to_string(PathBuf::from(group).join(name)).ok();
        let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
        let cache = read("memory.stat").and_then(|text| field(&text, self.cache)).unwrap_or(0);
        Some(number(self.limit)?.saturating_sub(number(self.usage)?.saturating_sub(cache)))
    }
}

/// Returns the number after a key at the beginning of a line.
fn field(text: &str, key: &str) -> Option<u64> {
    let mut lines = text.lines().map(str::split_whitespace);
    lines.find_map(|mut words| (words.next() == Some(key)).then(|| words.next()?.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(files: &[(&str, &str)]) -> Option<u64> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
            fs::write(path, text).expect("a writable folder");
        }
        available_in(folder.path())
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
}
