//! The device that a model was loaded on.

use std::fmt;

use crate::{Device, Error, Options};

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
