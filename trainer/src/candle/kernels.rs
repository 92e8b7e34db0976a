//! Which kernels compute.

use std::{fmt, str::FromStr};

use candle_core::{DType, Tensor};

use crate::text::as_text;

/// How losses, layers and what lies between them are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kernels {
    /// In one pass each, by the kernels of this crate, where they can: 32-bit floats in the processor's
    /// memory.
    #[default]
    Fused,
    /// By Candle's own operations one after another: slower, the same to rounding, and on any device.
    Composed,
}

impl Kernels {
    /// Both of them.
    pub const ALL: [Kernels; 2] = [Kernels::Fused, Kernels::Composed];

    /// The name on the command line and in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Kernels::Fused => "fused",
            Kernels::Composed => "composed",
        }
    }

    /// Whether a fused kernel takes these tensors.
    pub(crate) fn fuse(self, tensors: &[&Tensor]) -> bool {
        let fits =
            |tensor: &&Tensor| tensor.device().is_cpu() && tensor.dtype() == DType::F32 && tensor.is_contiguous();
        match self {
            Kernels::Fused => tensors.iter().all(fits),
            Kernels::Composed => false,
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
        let found = Kernels::ALL.into_iter().find(|kernels| kernels.name() == text);
        found.ok_or_else(|| format!("`{text}` are no kernels: write fused or composed"))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn only_contiguous_floats_on_the_processor_are_fused() {
        let matrix = Tensor::zeros((2, 3), DType::F32, &Device::Cpu).expect("small");
        let turned = matrix.t().expect("a matrix");
        let wide = matrix.to_dtype(DType::F64).expect("small");
        assert!(Kernels::Fused.fuse(&[&matrix, &matrix]));
        assert!(!Kernels::Fused.fuse(&[&matrix, &turned]) && !Kernels::Fused.fuse(&[&wide]));
        assert!(!Kernels::Composed.fuse(&[&matrix]));
    }

    #[test]
    fn kernels_are_read_as_they_are_written() {
        for kernels in Kernels::ALL {
            assert_eq!(kernels.to_string().parse(), Ok(kernels));
        }
        assert!("quick".parse::<Kernels>().expect_err("none").contains("fused or composed"));
    }
}
