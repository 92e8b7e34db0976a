//! A configuration with the device that it computes on, opened.

#[cfg(test)]
use candle_core::Device;

use crate::{
    Config, DeviceReport, Method, TrainError, descent::Computation, device::free_memory, memory::available,
    placement::Placement,
};

/// A configuration and what it computes on.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    /// The configuration with the device that was opened, and its kernels.
    pub(crate) config: Config,
    /// Where the parameters are.
    pub(crate) placement: Placement,
    /// What to tell the user about the device.
    pub(crate) report: Option<DeviceReport>,
    /// Memory that is free where the parameters are, in bytes; `None` if it is not known.
    pub(crate) memory: Option<u64>,
}

impl Opened {
    /// Opens the device of a configuration. Principal components are computed on the host.
    ///
    /// # Errors
    /// [`TrainError::Device`] if the device cannot be used.
    pub(crate) fn on_device(config: &Config) -> Result<Self, TrainError> {
        let computation = match &config.method {
            Method::ClosedForm(_) => Computation::default(),
            Method::Descent(descent) => descent.computation,
        };
        let (computation, placement, report) = computation.open()?;
        let memory = match &placement {
            Placement::Host => available(),
            Placement::Device(device) => free_memory(device),
        };
        Ok(Opened { config: config.computed_by(computation), placement, report, memory })
    }

    /// Evaluates a configuration on the host, whatever device it was trained on. Nothing is limited.
    pub(crate) fn on_host(config: &Config) -> Self {
        Opened { config: config.clone(), placement: Placement::Host, report: None, memory: None }
    }

    /// Takes the path of a device on the CPU, so that tests without a GPU compare it with the path of the host.
    #[cfg(test)]
    pub(crate) fn on_foreign_cpu(config: &Config) -> Self {
        let mut config = config.clone();
        if let Method::Descent(descent) = &config.method {
            let computation = descent.computation;
            config = config.computed_by(Computation { kernels: computation.kernels.on_device(), ..computation });
        }
        let placement = Placement::Device(Device::Cpu);
        Opened { config, placement, report: None, memory: None }
    }
}
