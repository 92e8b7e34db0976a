//! Options that say where and with which kernels a run computes.

use crate::{
    candle::Kernels,
    device::{self, Device, DeviceChoice, DeviceError, TrainingDevice},
    options::options,
    placement::Placement,
    problems::Problems,
};

options! {
    /// The kernels of the training loop.
    pub struct KernelOptions in "Training" {
        /// Kernels of the training loop: fused (those of Narrows, for the CPU and for CUDA), or composed (Candle's own
        /// operations: slower, equal up to rounding) [default: fused]
        #[flag(value_name = "fused|composed")]
        pub kernels: Kernels = Kernels::Fused,
    }
}

options! {
    /// The device of the training loop.
    pub struct DeviceOptions in "Training" {
        /// Device that trains: cpu, cuda or cuda:N (an NVIDIA GPU), or auto (the first GPU if there is one that can be
        /// used). A GPU computes the same losses as the CPU up to rounding [default: cpu]
        #[flag(value_name = "cpu|cuda[:N]|auto")]
        pub device: DeviceChoice = DeviceChoice(Device::Cpu),
        /// Round the factors of matrix products to TF32, 10 bits of mantissa, which is faster on NVIDIA GPUs from
        /// Ampere on and less accurate [default: false]
        #[flag(num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
        pub tf32: bool = false,
    }
}

/// Where and how a run computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Computation {
    /// The device. [`Computation::open`] replaces [`Device::Auto`] by the device that it opens.
    pub device: Device,
    /// The kernels.
    pub kernels: Kernels,
    /// Whether matrix products may round their factors to TF32.
    pub tf32: bool,
}

/// A device that a run was opened on, for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceReport {
    /// The device: never [`Device::Auto`].
    pub device: Device,
    /// Name of the GPU, such as `NVIDIA H200`; `None` for the CPU.
    pub name: Option<String>,
    /// Why [`Device::Auto`] chose the CPU; `None` in all other cases.
    pub reason: Option<String>,
}

impl DeviceOptions {
    /// Checks the device together with the kernels. Problems are added to `problems`.
    pub(crate) fn check(&self, kernels: &KernelOptions, problems: &mut Problems) -> Computation {
        let (DeviceChoice(device), tf32) = (self.device.unwrap_or_default(), self.tf32.unwrap_or(false));
        if tf32 && device == Device::Cpu {
            problems.add("tf32", "is for NVIDIA GPUs; leave it out, or pass --device cuda");
        }
        Computation { device, kernels: kernels.kernels.unwrap_or_default(), tf32 }
    }
}

impl Computation {
    /// Returns the options that give this computation.
    pub(crate) fn options(self) -> (KernelOptions, DeviceOptions) {
        let Computation { device, kernels, tf32 } = self;
        (
            KernelOptions { kernels: Some(kernels.choice()) },
            DeviceOptions { device: Some(DeviceChoice(device)), tf32: Some(tf32) },
        )
    }

    /// Opens the device. Returns the computation on that device, with its kernels, the placement of tensors, and what
    /// to tell the user; `None` if the user chose the CPU.
    ///
    /// # Errors
    /// [`DeviceError`] for a GPU that cannot be used.
    pub(crate) fn open(self) -> Result<(Self, Placement, Option<DeviceReport>), DeviceError> {
        let TrainingDevice { device, name, reason, candle } = device::open(self.device)?;
        let placement = Placement::of(&candle);
        let (kernels, tf32) = match placement {
            Placement::Host => (self.kernels, false),
            Placement::Device(_) => (self.kernels.on_device(), self.tf32),
        };
        // A setting of the process. Candle's default is `false`, and an earlier run may have changed it.
        if candle.is_cuda() {
            candle_core::cuda::set_gemm_reduced_precision_f32(tf32);
        }
        let report = (self.device != Device::Cpu).then_some(DeviceReport { device, name, reason });
        Ok((Computation { device, kernels, tf32 }, placement, report))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(device: Device, kernels: Option<Kernels>, tf32: bool) -> Result<Computation, String> {
        let mut problems = Problems::default();
        let options = DeviceOptions { device: Some(DeviceChoice(device)), tf32: Some(tf32) };
        let computation = options.check(&KernelOptions { kernels }, &mut problems);
        problems.none_or(computation).map_err(|error| error.to_string())
    }

    #[test]
    fn the_kernels_do_not_depend_on_the_device() {
        for device in [Device::Cpu, Device::Auto, Device::Cuda(1)] {
            let kernels = |kernels| checked(device, kernels, false).map(|computation| computation.kernels);
            assert_eq!(kernels(None), Ok(Kernels::Fused));
            assert_eq!(kernels(Some(Kernels::Composed)), Ok(Kernels::Composed));
        }
    }

    #[test]
    fn tf32_is_refused_on_the_cpu() {
        let error = checked(Device::Cpu, None, true).expect_err("no GPU");
        assert!(error.contains("tf32") && error.contains("NVIDIA GPUs"), "{error}");
        assert!(checked(Device::Auto, None, true).is_ok());
    }

    #[test]
    fn the_opened_computation_names_the_device_that_auto_chose() {
        let (computation, placement, report) = Computation::default().open().expect("the CPU can always be opened");
        assert_eq!((computation, report), (Computation::default(), None));
        assert!(matches!(placement, Placement::Host));
        let auto = Computation { device: Device::Auto, tf32: true, ..Computation::default() };
        let (computation, _, report) = auto.open().expect("the CPU is always left");
        assert_ne!(computation.device, Device::Auto);
        assert_eq!(report.map(|report| report.device), Some(computation.device));
    }
}
