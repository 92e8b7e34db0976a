//! Diagnosis of the runtime environment: ONNX Runtime, devices and machine, for users and logs.

use std::fmt;

#[cfg(feature = "load-dynamic")]
use crate::library::{Candidate, Origin, candidates};
use crate::{
    Device, Machine, Options,
    engine::{providers, start},
    library::{LibraryError, Running},
    trial::try_device,
};

/// The environment that a program with the given options has for running models.
#[derive(Debug)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The running ONNX Runtime, or the error of finding or starting it.
    pub library: Result<Running, LibraryError>,
    /// Every candidate of the library search with its result; empty if the host had loaded ONNX Runtime.
    #[cfg(feature = "load-dynamic")]
    pub candidates: Vec<Candidate>,
    /// Execution providers in this build of ONNX Runtime.
    pub providers: Vec<String>,
    /// Result of running a small test model on each device; empty without ONNX Runtime.
    pub devices: Vec<Trial>,
    /// Processor, threads and GPU driver.
    pub machine: Machine,
}

/// Result of running a small test model on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trial {
    /// Tested device.
    pub device: Device,
    /// `Ok` if models can run on the device, otherwise the reason.
    pub outcome: Result<(), String>,
}

/// Searches for ONNX Runtime with these options, starts it, and runs a small test model on the CPU and on a GPU: the
/// one in [`Options::device`], or the first.
///
/// Failures are part of the result; the function itself does not fail.
///
/// ```no_run
/// use narrows_runtime::{Options, diagnose};
///
/// println!("{}", diagnose(&Options::default()));
/// ```
pub fn diagnose(options: &Options) -> Diagnosis {
    let library = start(options);
    #[cfg(feature = "load-dynamic")]
    let candidates = match &library {
        Ok(Running { origin: Origin::Host, .. }) => Vec::new(),
        _ => candidates(options),
    };
    let gpu = match options.device {
        Device::Cuda(number) => Device::Cuda(number),
        Device::Cpu | Device::Auto => Device::Cuda(0),
    };
    let (providers, devices) = match &library {
        Ok(_) => {
            let trial = |device| Trial { device, outcome: try_device(device, options) };
            (providers(options).unwrap_or_default(), [Device::Cpu, gpu].map(trial).to_vec())
        }
        Err(_) => (Vec::new(), Vec::new()),
    };
    Diagnosis {
        library,
        #[cfg(feature = "load-dynamic")]
        candidates,
        providers,
        devices,
        machine: Machine::current(),
    }
}

impl Diagnosis {
    /// Returns the diagnosis as pairs of a name and a text, one per line.
    pub fn lines(&self) -> Vec<(String, String)> {
        let Machine { processor, threads, nvidia_driver } = &self.machine;
        let unknown = || "unknown".to_owned();
        let cores = processor.cores.map_or_else(unknown, |cores| cores.to_string());
        let features = processor.features.iter().map(|(name, has)| format!("{}{name}", if *has { "" } else { "no " }));
        let features = std::iter::once(processor.architecture.to_owned()).chain(features).collect::<Vec<_>>();
        let library = match &self.library {
            Ok(running) => [("library", running.to_string()), ("  found by", running.origin.to_string())],
            // The lines below list every candidate with its reason.
            #[cfg(feature = "load-dynamic")]
            Err(LibraryError::NotFound { .. }) => {
                [("library", "none".to_owned()), ("  because", "no candidate can be loaded".to_owned())]
            }
            Err(error) => [("library", "none".to_owned()), ("  because", error.to_string())],
        };
        let mut lines = vec![
            ("processor".to_owned(), processor.model.clone().unwrap_or_else(unknown)),
            ("  instructions".to_owned(), features.join(", ")),
            ("  cores".to_owned(), cores),
            ("threads".to_owned(), threads.to_string()),
            ("NVIDIA driver".to_owned(), nvidia_driver.clone().unwrap_or_else(|| "none found".to_owned())),
        ];
        lines.extend(library.map(|(name, text)| (name.to_owned(), text)));
        #[cfg(feature = "load-dynamic")]
        lines.extend(self.candidates.iter().map(|candidate| {
            ("  looked at".to_owned(), format!("{}: {}", candidate.path.display(), candidate.verdict))
        }));
        if !self.providers.is_empty() {
            lines.push(("  built with".to_owned(), self.providers.join(", ")));
        }
        lines.extend(self.devices.iter().map(|Trial { device, outcome }| {
            let text =
                outcome.as_ref().map_or_else(|reason| format!("cannot be used: {reason}"), |()| "works".to_owned());
            (format!("device {device}"), text)
        }));
        lines
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines();
        let last = lines.len().saturating_sub(1);
        for (index, (name, text)) in lines.iter().enumerate() {
            write!(formatter, "{name}: {text}{}", if index < last { "\n" } else { "" })?;
        }
        Ok(())
    }
}
