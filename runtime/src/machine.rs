//! Information about the machine: processor, threads and GPU driver.

use std::{collections::BTreeSet, env::consts, fs};

use narrows_crew::cores;

/// The computing resources of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Machine {
    /// Processor.
    pub processor: Processor,
    /// Number of threads that this process can run in parallel.
    pub threads: usize,
    /// Version of the NVIDIA driver; `None` if there is none or the system does not report it.
    pub nvidia_driver: Option<String>,
}

/// A processor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Processor {
    /// Architecture, for example `x86_64`.
    pub architecture: &'static str,
    /// Model name; `None` if the system does not report it.
    pub model: Option<String>,
    /// Number of physical cores; `None` if the system does not report it.
    pub cores: Option<usize>,
    /// Relevant vector instruction sets, and whether the processor supports them.
    pub features: Vec<(&'static str, bool)>,
}

impl Machine {
    /// Reads the information of this machine.
    pub(crate) fn current() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cpu_info = read("/proc/cpuinfo");
        let processor = Processor {
            architecture: consts::ARCH,
            model: model_in(&cpu_info).or_else(|| std::env::var("PROCESSOR_IDENTIFIER").ok()),
            cores: cores_in(&cpu_info),
            features: features(),
        };
        Machine { processor, threads: cores(), nvidia_driver: driver_in(&read("/proc/driver/nvidia/version")) }
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn features() -> Vec<(&'static str, bool)> {
    vec![
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512_vnni", is_x86_feature_detected!("avx512vnni")),
    ]
}

#[cfg(target_arch = "aarch64")]
fn features() -> Vec<(&'static str, bool)> {
    vec![("neon", std::arch::is_aarch64_feature_detected!("neon"))]
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn features() -> Vec<(&'static str, bool)> {
    Vec::new()
}

/// Returns the values of a key in the text of `/proc/cpuinfo`.
fn values<'a>(cpu_info: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    let pairs = cpu_info.lines().filter_map(|line| line.split_once(':'));
    pairs.filter(move |(name, _)| name.trim() == key).map(|(_, value)| value.trim())
}

fn model_in(cpu_info: &str) -> Option<String> {
    values(cpu_info, "model name").next().map(str::to_owned)
}

/// Counts the physical cores. `/proc/cpuinfo` lists a core once for each of its hardware threads.
fn cores_in(cpu_info: &str) -> Option<usize> {
    let cores: BTreeSet<_> = values(cpu_info, "physical id").zip(values(cpu_info, "core id")).collect();
    Some(cores.len()).filter(|&count| count > 0)
}

/// Extracts the driver version: the first word that consists of numbers separated by points.
fn driver_in(text: &str) -> Option<String> {
    let is_version = |word: &&str| word.contains('.') && word.split('.').all(|part| part.parse::<u32>().is_ok());
    let line = text.lines().find(|line| line.starts_with("NVRM version:"))?;
    line.split_whitespace().find(is_version).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_both_driver_variants_is_recognised() {
        let closed = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n\
                      GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n";
        let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\n";
        let versions = [closed, open, "", "GCC version: gcc version 12.2.0\n", "NVRM version: none\n"].map(driver_in);
        assert_eq!(versions, [Some("535.183.01".to_owned()), Some("570.86.15".to_owned()), None, None, None]);
    }

    #[test]
    fn two_threads_of_a_core_count_as_one_and_missing_fields_give_none() {
        let thread =
            |socket, core| format!("model name\t: Some CPU @ 2 GHz\nphysical id\t: {socket}\ncore id\t\t: {core}\n\n");
        let cpu_info: String =
            [(0, 0), (0, 1), (0, 0), (0, 1), (1, 0)].map(|(socket, core)| thread(socket, core)).concat();
        assert_eq!((model_in(&cpu_info), cores_in(&cpu_info)), (Some("Some CPU @ 2 GHz".to_owned()), Some(3)));
        assert_eq!((model_in(""), cores_in("processor\t: 0\nBogoMIPS\t: 50.00\n")), (None, None));
    }
}
