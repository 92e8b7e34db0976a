//! The device of a computation, as a user chooses it.

use std::{fmt, str::FromStr};

/// Device that runs or trains a model.
///
/// ```
/// use narrows_crew::Device;
///
/// assert_eq!("cuda:1".parse(), Ok(Device::Cuda(1)));
/// assert_eq!(Device::Cuda(0).to_string(), "cuda:0");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Device {
    /// The CPU.
    #[default]
    Cpu,
    /// The NVIDIA GPU with this index, without fallback: it is an error if the GPU cannot be used, or if a part of the
    /// computation would run elsewhere.
    Cuda(u32),
    /// The first NVIDIA GPU if it can do the whole computation, otherwise the CPU. The chosen device and the reason are
    /// reported (in `narrows-runtime` by `Autoencoder::device`).
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
