//! The devices on which training computes: their names, and how they are opened.

use std::{fmt, str::FromStr};

use candle_core::Device;

use crate::text::as_text;

/// The device of a training run, as the user names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DeviceChoice {
    /// The CPU.
    #[default]
    Cpu,
    /// The NVIDIA GPU with this index.
    Cuda(usize),
    /// The first NVIDIA GPU if it can be used, otherwise the CPU.
    Auto,
}

/// A device that is ready to compute.
#[derive(Debug, Clone)]
pub(crate) struct OpenDevice {
    /// The device that was opened: never [`DeviceChoice::Auto`].
    pub(crate) choice: DeviceChoice,
    pub(crate) device: Device,
    /// Name of the GPU, such as `NVIDIA H200`; `None` for the CPU.
    pub(crate) name: Option<String>,
    /// Why [`DeviceChoice::Auto`] chose the CPU; `None` in all other cases.
    pub(crate) reason: Option<String>,
}

/// A device that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("training on {device} is not possible: {reason}")]
pub struct DeviceError {
    /// The device.
    pub device: DeviceChoice,
    /// The reason, and what to do.
    pub reason: String,
}

impl DeviceChoice {
    /// Opens the device.
    ///
    /// # Errors
    /// [`DeviceError`] for a GPU that cannot be used.
    pub(crate) fn open(self) -> Result<OpenDevice, DeviceError> {
        let cpu = |reason| OpenDevice { choice: DeviceChoice::Cpu, device: Device::Cpu, name: None, reason };
        match self {
            DeviceChoice::Cpu => Ok(cpu(None)),
            DeviceChoice::Cuda(_) => Err(DeviceError { device: self, reason: NOT_BUILT.to_owned() }),
            DeviceChoice::Auto => Ok(cpu(Some(NOT_BUILT.to_owned()))),
        }
    }
}

const NOT_BUILT: &str = "this program was built without the feature cuda";

/// Returns the number of bytes of the device's own memory that are free; `None` if it is not known.
pub(crate) fn free_memory(_device: &Device) -> Option<u64> {
    None
}

as_text!(DeviceChoice);

impl fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceChoice::Cpu => formatter.write_str("cpu"),
            DeviceChoice::Cuda(number) => write!(formatter, "cuda:{number}"),
            DeviceChoice::Auto => formatter.write_str("auto"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.strip_prefix("cuda:").and_then(|number| number.parse().ok());
        match text {
            "cpu" => Ok(DeviceChoice::Cpu),
            "cuda" => Ok(DeviceChoice::Cuda(0)),
            "auto" => Ok(DeviceChoice::Auto),
            _ => number(text)
                .map(DeviceChoice::Cuda)
                .ok_or_else(|| format!("`{text}` is not a device: choose cpu, cuda, cuda:N or auto")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_round_trips_through_its_text_and_other_text_is_refused() {
        for device in [DeviceChoice::Cpu, DeviceChoice::Cuda(0), DeviceChoice::Cuda(3), DeviceChoice::Auto] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        for text in ["", "gpu", "cuda:", "cuda:-1", "CPU"] {
            assert!(text.parse::<DeviceChoice>().is_err(), "{text}");
        }
    }
}
