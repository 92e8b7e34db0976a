//! Errors of opening a device.

use super::{Device, version::CudaVersion};

/// The device that was asked for cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot train on {device}: {reason} (choose `cpu`, or `auto` to use the GPU only if it works)")]
#[non_exhaustive]
pub struct DeviceError {
    /// The device.
    pub device: Device,
    /// The reason.
    pub reason: Unusable,
}

/// The reason why a GPU cannot be used for training, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// The program has no code for GPUs.
    #[error("this program was built without training on GPUs; build it with the feature `cuda`")]
    NotBuilt,
    /// The library of the driver is missing, or cannot be loaded.
    #[error("there is no NVIDIA driver; install it ({0})")]
    NoDriver(String),
    /// The library of the driver is the one that NVIDIA's toolkit has for linking.
    #[error(
        "`libcuda.so.1` is the stub of the CUDA toolkit, and not the driver; remove the folder `stubs` from LD_LIBRARY_PATH"
    )]
    StubDriver,
    /// The driver is older than the CUDA version that the kernels were compiled with.
    #[error(
        "the NVIDIA driver supports CUDA {driver}, and this program was built for CUDA {needed}; update the driver"
    )]
    OldDriver {
        /// The newest CUDA version that the driver supports.
        driver: CudaVersion,
        /// The version of the build.
        needed: CudaVersion,
    },
    /// The driver does not start.
    #[error("the NVIDIA driver does not start (error {code}{}); {}", .name.as_ref().map_or(String::new(), |name| format!(", {name}")), remedy(*.code))]
    Driver {
        /// Code of the driver (`CUresult`).
        code: i32,
        /// Its name; `None` if the driver does not know it.
        name: Option<String>,
    },
    /// The driver finds no GPU.
    #[error(
        "the NVIDIA driver finds no GPU; check CUDA_VISIBLE_DEVICES, and in a container, that the GPU is passed to it"
    )]
    NoGpu,
    /// The index is too large.
    #[error("there is no GPU with this index (indices count from 0, number of GPUs: {count})")]
    NoSuchGpu {
        /// Number of GPUs.
        count: u32,
    },
    /// Libraries of CUDA or cuDNN are missing.
    #[error(
        "libraries of CUDA were not found: {}; install them, or set CUDA_HOME to the folder of the CUDA toolkit (the guide \
         on devices says where they are searched for)",
        .names.join(", ")
    )]
    MissingLibraries {
        /// Names of the files.
        names: Vec<String>,
    },
    /// The GPU was opened, and does not run the compiled kernels.
    #[error(
        "the kernels of this program do not run on this GPU ({0}); build it with CUDA_COMPUTE_CAP of at most the GPU's \
         compute capability"
    )]
    Kernels(String),
    /// Candle cannot open the GPU.
    #[error("it cannot be opened ({0})")]
    Failed(String),
}

/// Returns what to do about an error of the driver.
fn remedy(code: i32) -> &'static str {
    match code {
        802 => "start NVIDIA's fabric manager, which this machine needs",
        803 => "its parts have different versions: restart the machine after an update of the driver",
        804 => "the library of CUDA's forward compatibility does not support this GPU: remove it from LD_LIBRARY_PATH",
        _ => "run `nvidia-smi` to check it",
    }
}
