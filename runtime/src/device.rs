//! What a graph is computed on.

use std::{fmt, str::FromStr};

use crate::{Error, Options};

/// What to compute on.
///
/// ```
/// use narrows_runtime::Device;
///
/// assert_eq!("cuda:1".parse(), Ok(Device::Cuda(1)));
/// assert_eq!(Device::Cuda(0).to_string(), "cuda:0");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// The NVIDIA GPU with this number, strictly: where it cannot be used, or one node of a graph would run
    /// elsewhere, opening is an error.
    Cuda(u32),
    /// The first NVIDIA GPU where it can run both graphs whole, otherwise the processor.
    /// [`Autoencoder::device`](crate::Autoencoder::device) tells which it became, and why.
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

/// What the sessions of a model were made on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Placement {
    /// Where every node of both graphs runs: [`Device::Cpu`] or [`Device::Cuda`].
    pub device: Device,
    /// Why it is not the GPU, where [`Device::Auto`] was asked for and became the processor.
    pub reason: Option<String>,
}

impl fmt::Display for Placement {
    /// `cpu`, or `cpu (this ONNX Runtime has no CUDA provider)`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.device.fmt(formatter)?;
        self.reason.iter().try_for_each(|reason| write!(formatter, " ({reason})"))
    }
}

/// Loads something on the device that the options ask for.
pub(crate) fn place<T>(options: &Options, load: impl Fn(Device) -> Result<T, Error>) -> Result<(T, Placement), Error> {
    let on = |device, reason| Ok((load(device)?, Placement { device, reason }));
    match options.device {
        Device::Cpu => on(Device::Cpu, None),
        Device::Cuda(number) => on(Device::Cuda(number), None),
        Device::Auto => match on(Device::Cuda(0), None) {
            Err(Error::Device { reason, .. }) => on(Device::Cpu, Some(reason)),
            outcome => outcome,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_read_as_it_is_written_and_anything_else_is_refused() {
        for device in [Device::Cpu, Device::Cuda(0), Device::Cuda(3), Device::Auto] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        for text in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU", "cuda:99999999999"] {
            assert!(text.parse::<Device>().is_err_and(|error| error.contains("cpu, cuda, cuda:N or auto")), "{text}");
        }
    }
}
