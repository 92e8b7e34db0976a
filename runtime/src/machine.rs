//! The machine: what decides how fast a model runs, and on what.

use std::{collections::BTreeSet, env::consts, fs};

use narrows_crew::cores;

/// What a machine has to compute with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Machine {
    /// Its processor.
    pub processor: Processor,
    /// Threads that this process may run at a time.
    pub threads: usize,
    /// Version of NVIDIA's driver, where there is one and the system tells.
    pub nvidia_driver: Option<String>,
}

/// A processor.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Processor {
    /// Its architecture, as in `x86_64`.
    pub architecture: &'static str,
    /// What it calls itself, where the system tells.
    pub model: Option<String>,
    /// Cores, where the system tells.
    pub cores: Option<usize>,
    /// The vector instructions that matter here, and whether it has them.
    pub features: Vec<(&'static str, bool)>,
}

impl Machine {
    /// This machine.
    pub(crate) fn current() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let facts = read("/proc/cpuinfo");
        let processor = Processor {
            architecture: consts::ARCH,
            model: model_in(&facts).or_else(|| std::env::var("PROCESSOR_IDENTIFIER").ok()),
            cores: cores_in(&facts),
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

/// The values of a key in Linux's description of its processors.
fn values<'a>(facts: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    let pairs = facts.lines().filter_map(|line| line.split_once(':'));
    pairs.filter(move |(found, _)| found.trim() == key).map(|(_, value)| value.trim())
}

fn model_in(facts: &str) -> Option<String> {
    values(facts, "model name").next().map(str::to_owned)
}

/// A core is listed once for every thread that it runs.
fn cores_in(facts: &str) -> Option<usize> {
    let cores: BTreeSet<_> = values(facts, "physical id").zip(values(facts, "core id")).collect();
    Some(cores.len()).filter(|&count| count > 0)
}

/// The version in what the driver says of itself: the first word that is numbers with points between.
fn driver_in(text: &str) -> Option<String> {
    let is_version = |word: &&str| word.contains('.') && word.split('.').all(|part| part.parse::<u32>().is_ok());
    let line = text.lines().find(|line| line.starts_with("NVRM version:"))?;
    line.split_whitespace().find(is_version).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drivers_version_is_found_in_what_either_driver_says() {
        let closed = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n\
                      GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n";
        let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\n";
        let found = [closed, open, "", "GCC version: gcc version 12.2.0\n", "NVRM version: none\n"].map(driver_in);
        assert_eq!(found, [Some("535.183.01".to_owned()), Some("570.86.15".to_owned()), None, None, None]);
    }

    #[test]
    fn two_threads_of_a_core_are_one_core_and_silence_is_no_count() {
        let thread =
            |socket, core| format!("model name\t: Some CPU @ 2 GHz\nphysical id\t: {socket}\ncore id\t\t: {core}\n\n");
        let facts: String =
            [(0, 0), (0, 1), (0, 0), (0, 1), (1, 0)].map(|(socket, core)| thread(socket, core)).concat();
        assert_eq!((model_in(&facts), cores_in(&facts)), (Some("Some CPU @ 2 GHz".to_owned()), Some(3)));
        assert_eq!((model_in(""), cores_in("processor\t: 0\nBogoMIPS\t: 50.00\n")), (None, None));
    }
}
