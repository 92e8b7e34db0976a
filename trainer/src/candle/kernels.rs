//! Selection of the kernels.

use std::{fmt, str::FromStr};

use candle_core::{DType, Tensor};

use crate::text::as_text;

/// How layers, losses and sampling are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kernels {
    /// By the fused kernels of this crate, each in one pass, for contiguous 32-bit floats on the CPU. All other
    /// tensors are computed by Candle's operations.
    #[default]
    Fused,
    /// By Candle's operations: slower, equal up to rounding errors, and available on all devices.
    Composed,
    /// [`Kernels::Fused`] on a device with its own memory: losses, samples, and the activation of a layer with its bias
    /// each take one kernel, and everything else Candle's operations.
    FusedOnDevice,
}

impl Kernels {
    /// The kernels that a user chooses from. The device decides what fused kernels are.
    pub const ALL: [Kernels; 2] = [Kernels::Fused, Kernels::Composed];

    /// Returns the name used on the command line and in configuration files.
    pub fn name(self) -> &'static str {
        match self {
            Kernels::Fused | Kernels::FusedOnDevice => "fused",
            Kernels::Composed => "composed",
        }
    }

    /// Returns whether fused kernels can be used for the tensors.
    pub(crate) fn can_fuse(self, tensors: &[&Tensor]) -> bool {
        let is_supported =
            |tensor: &&Tensor| tensor.device().is_cpu() && tensor.dtype() == DType::F32 && tensor.is_contiguous();
        match self {
            Kernels::Fused => tensors.iter().all(is_supported),
            Kernels::Composed | Kernels::FusedOnDevice => false,
        }
    }

    /// Returns these kernels on a device with its own memory.
    pub(crate) fn on_device(self) -> Self {
        match self {
            Kernels::Fused | Kernels::FusedOnDevice => Kernels::FusedOnDevice,
            Kernels::Composed => Kernels::Composed,
        }
    }

    /// Returns what the user chose to get these kernels.
    pub(crate) fn choice(self) -> Self {
        match self {
            Kernels::Fused | Kernels::FusedOnDevice => Kernels::Fused,
            Kernels::Composed => Kernels::Composed,
        }
    }
}

as_text!(Kernels);

impl fmt::Display for Kernels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Kernels {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let actual = Kernels::ALL.into_iter().find(|kernels| kernels.name() == text);
        actual.ok_or_else(|| format!("unknown kernels `{text}`; choose fused or composed"))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn only_contiguous_floats_on_the_cpu_are_fused() {
        let matrix = Tensor::zeros((2, 3), DType::F32, &Device::Cpu).expect("small");
        let transposed = matrix.t().expect("a matrix");
        let double = matrix.to_dtype(DType::F64).expect("small");
        assert!(Kernels::Fused.can_fuse(&[&matrix, &matrix]));
        assert!(!Kernels::Fused.can_fuse(&[&matrix, &transposed]) && !Kernels::Fused.can_fuse(&[&double]));
        assert!(!Kernels::Composed.can_fuse(&[&matrix]));
    }

    #[test]
    fn kernels_are_parsed_from_their_names() {
        for kernels in Kernels::ALL {
            assert_eq!(kernels.to_string().parse(), Ok(kernels));
            assert_eq!((kernels.on_device().name(), kernels.on_device().choice()), (kernels.name(), kernels));
        }
        assert!("quick".parse::<Kernels>().expect_err("an unknown name").contains("fused or composed"));
    }
}
