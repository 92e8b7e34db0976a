//! Where the tensors of a run are: in the memory of the CPU, or on a device with its own memory.

use candle_core::{Device, Result, Tensor};

/// Where the tensors of a run are, which decides how a step is computed.
///
/// The tests of the device path use [`Placement::Device`] with Candle's CPU device, because the placement, and not the
/// type of a device, selects the path.
#[derive(Debug, Clone, Default)]
pub(crate) enum Placement {
    /// In the memory of the CPU. Kernels, optimizers and data preparation read and write it directly, and every loss is
    /// known after its step.
    #[default]
    Host,
    /// On a device with its own memory. Losses, gradients and updates are computed from tensors of the device. Values
    /// are read back as seldom as possible, because the host has to wait for them.
    Device(Device),
}

impl Placement {
    /// Returns the placement for a device of Candle.
    pub(crate) fn of(device: &Device) -> Self {
        if device.is_cpu() { Placement::Host } else { Placement::Device(device.clone()) }
    }

    /// Returns the device of the tensors.
    pub(crate) fn device(&self) -> &Device {
        match self {
            Placement::Host => &Device::Cpu,
            Placement::Device(device) => device,
        }
    }

    /// Returns a tensor of the host with the same values at this place.
    pub(crate) fn place(&self, tensor: Tensor) -> Result<Tensor> {
        match self {
            Placement::Host => Ok(tensor),
            Placement::Device(device) => tensor.to_device(device),
        }
    }
}
