//! Versions of CUDA.

use std::fmt;

/// A version of CUDA, for example 13.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CudaVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
}

impl CudaVersion {
    /// Converts the number that CUDA uses, 1000 times the major plus 10 times the minor version.
    #[cfg(any(feature = "cuda", test))]
    pub(super) fn from_number(number: u32) -> Self {
        CudaVersion { major: number / 1000, minor: number % 1000 / 10 }
    }
}

impl fmt::Display for CudaVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_cuda_are_versions() {
        assert_eq!(CudaVersion::from_number(12_040).to_string(), "12.4");
        assert!(CudaVersion::from_number(13_000) > CudaVersion::from_number(12_090));
    }
}
