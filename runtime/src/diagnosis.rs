//! What there is to run models with, and what is missing: for a person who wonders, or a service's log.

use std::fmt;

#[cfg(feature = "load-dynamic")]
use crate::library::{Candidate, Origin, candidates};
use crate::{
    Device, Machine, Options,
    engine::{providers, start},
    library::{LibraryError, Running},
    trial::try_device,
};

/// What a program with these options has to run models with.
#[derive(Debug)]
#[non_exhaustive]
pub struct Diagnosis {
    /// ONNX Runtime, or why there is none.
    pub library: Result<Running, LibraryError>,
    /// Where its library was looked for, and what came of it; nothing where a host had loaded it.
    #[cfg(feature = "load-dynamic")]
    pub candidates: Vec<Candidate>,
    /// The execution providers that it was built with.
    pub providers: Vec<String>,
    /// Whether models can run on the devices, as a tiny one showed; nothing without ONNX Runtime.
    pub devices: Vec<Trial>,
    /// The machine.
    pub machine: Machine,
}

/// What came of computing something on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trial {
    /// The device.
    pub device: Device,
    /// Whether models can run there, or why not.
    pub outcome: Result<(), String>,
}

/// Looks for ONNX Runtime as these options say, starts it, and computes something on the processor and
/// on a GPU: the one in [`Options::device`], or the first. Nothing that it finds is an error.
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
    /// The whole of it as names and what there is to say of them.
    pub fn lines(&self) -> Vec<(String, String)> {
        let Machine { processor, threads, nvidia_driver } = &self.machine;
        let unknown = || "unknown".to_owned();
        let cores = processor.cores.map_or_else(unknown, |cores| cores.to_string());
        let features = processor.features.iter().map(|(name, has)| format!("{}{name}", if *has { "" } else { "no " }));
        let features = std::iter::once(processor.architecture.to_owned()).chain(features).collect::<Vec<_>>();
        let library = match &self.library {
            Ok(running) => [("library", running.to_string()), ("  found by", running.origin.to_string())],
            // Below, each place is told by itself.
            #[cfg(feature = "load-dynamic")]
            Err(LibraryError::NotFound { .. }) => {
                [("library", "none".to_owned()), ("  because", "no place has one".to_owned())]
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
        lines.extend(library.map(|(name, told)| (name.to_owned(), told)));
        #[cfg(feature = "load-dynamic")]
        lines.extend(self.candidates.iter().map(|candidate| {
            ("  looked at".to_owned(), format!("{}: {}", candidate.path.display(), candidate.verdict))
        }));
        if !self.providers.is_empty() {
            lines.push(("  built with".to_owned(), self.providers.join(", ")));
        }
        lines.extend(self.devices.iter().map(|Trial { device, outcome }| {
            let told =
                outcome.as_ref().map_or_else(|reason| format!("cannot be used: {reason}"), |()| "works".to_owned());
            (format!("device {device}"), told)
        }));
        lines
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines();
        let last = lines.len().saturating_sub(1);
        for (at, (name, told)) in lines.iter().enumerate() {
            write!(formatter, "{name}: {told}{}", if at < last { "\n" } else { "" })?;
        }
        Ok(())
    }
}
