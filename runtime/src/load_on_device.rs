//! Choice of the device on which a model is loaded.

use std::fmt;

use crate::{Device, Error, Options};

/// The device on which a model was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Placement {
    /// Device that runs every node of the graphs: [`Device::Cpu`] or [`Device::Cuda`].
    pub device: Device,
    /// Reason why [`Device::Auto`] chose the CPU; `None` in all other cases.
    pub reason: Option<String>,
}

impl fmt::Display for Placement {
    /// Formats the device, with the reason if there is one: `cpu (this ONNX Runtime has no CUDA provider)`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.device.fmt(formatter)?;
        self.reason.iter().try_for_each(|reason| write!(formatter, " ({reason})"))
    }
}

/// Calls `load` with the device of the options. For [`Device::Auto`], tries the first GPU and then the CPU.
pub(crate) fn load_on_device<T>(
    options: &Options,
    load: impl Fn(Device) -> Result<T, Error>,
) -> Result<(T, Placement), Error> {
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
