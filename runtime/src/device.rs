//! Devices that run a graph.

use std::{fmt, str::FromStr};

/// Device that runs a model.
///
/// ```
/// use narrows_runtime::Device;
///
/// assert_eq!("cuda:1".parse(), Ok(Device::Cuda(1)));
/// assert_eq!(Device::Cuda(0).to_string(), "cuda:0");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Device {
    /// The CPU.
    #[default]
    Cpu,
    /// The NVIDIA GPU with this index, without fallback: opening a bundle fails if the GPU cannot be used, or if a
    /// node of a graph would run elsewhere.
    Cuda(u32),
    /// The first NVIDIA GPU if it can run all nodes of the graphs, otherwise the CPU.
    /// [`Autoencoder::device`](crate::Autoencoder::device) returns the chosen device and the reason.
    Auto,
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => formatter.write_str("cpu"),
            Device::Cuda(number) => write!(formatter, "cuda:{number}"),
            Device::Auto => formatter.write_str("auto"),
        }
    }
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.strip_prefix("cuda:").and_then(|number| number.parse().ok());
        match text {
            "cpu" => Ok(Device::Cpu),
            "cuda" => Ok(Device::Cuda(0)),
            "auto" => Ok(Device::Auto),
            _ => number(text)
                .map(Device::Cuda)
                .ok_or_else(|| format!("`{text}` is not a device: choose cpu, cuda, cuda:N or auto")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_round_trips_through_its_text_and_other_text_is_refused() {
        for device in [Device::Cpu, Device::Cuda(0), Device::Cuda(3), Device::Auto] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        for text in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU", "cuda:99999999999"] {
            assert!(text.parse::<Device>().is_err_and(|error| error.contains("cpu, cuda, cuda:N or auto")), "{text}");
        }
    }
}
