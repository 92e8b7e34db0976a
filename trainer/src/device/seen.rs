//! What was found of CUDA on this machine, and what follows from it.

use super::{Unusable, version::CudaVersion};

/// What was found of CUDA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// The CUDA version that the kernels of this program were compiled with, the newest one.
    pub(super) build: CudaVersion,
    pub(super) driver: Driver,
    /// Names of the libraries that were not found.
    pub(super) missing: Vec<String>,
}

/// The NVIDIA driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Driver {
    /// Its library cannot be loaded, with the reason of the loader.
    Missing(String),
    /// Its library is loaded.
    Loaded {
        /// The newest CUDA version that it supports; `None` if it does not tell.
        version: Option<CudaVersion>,
        /// The number of GPUs, or the error of starting the driver.
        gpus: Result<u32, DriverCode>,
    },
}

/// An error of the driver: its code and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DriverCode {
    pub(super) code: i32,
    pub(super) name: Option<String>,
}

/// `CUDA_ERROR_STUB_LIBRARY` and `CUDA_ERROR_NO_DEVICE` of `cuda.h`.
const STUB: i32 = 34;
const NO_DEVICE: i32 = 100;

/// Returns whether the GPU with this index can be opened, or the first reason why not.
pub(super) fn judge(seen: &Seen, number: u32) -> Result<(), Unusable> {
    let needed = seen.build;
    let (version, gpus) = match &seen.driver {
        Driver::Missing(reason) => return Err(Unusable::NoDriver(reason.clone())),
        Driver::Loaded { version, gpus } => (version, gpus),
    };
    // CUDA's minor-version compatibility does not cover PTX, which only a driver of the same version or newer compiles.
    // The stub has no version.
    if let Some(driver) = *version
        && driver.major > 0
        && driver < needed
    {
        return Err(Unusable::OldDriver { driver, needed });
    }
    let count = match gpus {
        Ok(count) => *count,
        Err(DriverCode { code: STUB, .. }) => return Err(Unusable::StubDriver),
        Err(DriverCode { code: NO_DEVICE, .. }) => 0,
        Err(DriverCode { code, name }) => return Err(Unusable::Driver { code: *code, name: name.clone() }),
    };
    if count == 0 {
        return Err(Unusable::NoGpu);
    }
    if number >= count {
        return Err(Unusable::NoSuchGpu { count });
    }
    match seen.missing.is_empty() {
        true => Ok(()),
        false => Err(Unusable::MissingLibraries { names: seen.missing.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(major: u32, minor: u32) -> CudaVersion {
        CudaVersion { major, minor }
    }

    fn seen(driver: Driver, missing: &[&str]) -> Seen {
        let missing = missing.iter().map(|name| (*name).to_owned()).collect();
        Seen { build: version(13, 0), driver, missing }
    }

    fn loaded(version: CudaVersion, gpus: Result<u32, i32>) -> Driver {
        Driver::Loaded { version: Some(version), gpus: gpus.map_err(|code| DriverCode { code, name: None }) }
    }

    #[test]
    fn a_machine_with_everything_can_open_each_of_its_gpus() {
        for driver in [version(13, 0), version(13, 1), version(14, 0)] {
            for number in 0..3 {
                assert_eq!(judge(&seen(loaded(driver, Ok(3)), &[]), number), Ok(()));
            }
        }
    }

    #[test]
    fn the_first_problem_is_reported_with_what_to_do() {
        let missing = Driver::Missing("libcuda.so.1: cannot open shared object file".to_owned());
        let named = DriverCode { code: 999, name: Some("CUDA_ERROR_UNKNOWN".to_owned()) };
        let named = Driver::Loaded { version: None, gpus: Err(named) };
        let new = version(13, 0);
        let cases = [
            (
                seen(missing, &["libcublas.so.13"]),
                "there is no NVIDIA driver; install it (libcuda.so.1: cannot open shared object file)",
            ),
            (
                seen(loaded(version(0, 0), Err(34)), &[]),
                "`libcuda.so.1` is the stub of the CUDA toolkit, and not the driver; remove the folder `stubs` from \
                 LD_LIBRARY_PATH",
            ),
            (
                seen(loaded(version(12, 9), Ok(1)), &[]),
                "the NVIDIA driver supports CUDA 12.9, and this program was built for CUDA 13.0; update the driver",
            ),
            (
                seen(loaded(version(12, 9), Err(803)), &[]),
                "the NVIDIA driver supports CUDA 12.9, and this program was built for CUDA 13.0; update the driver",
            ),
            (
                seen(loaded(new, Err(100)), &[]),
                "the NVIDIA driver finds no GPU; check CUDA_VISIBLE_DEVICES, and in a container, that the GPU is passed to it",
            ),
            (
                seen(loaded(new, Ok(0)), &[]),
                "the NVIDIA driver finds no GPU; check CUDA_VISIBLE_DEVICES, and in a container, that the GPU is passed to it",
            ),
            (
                seen(loaded(new, Err(803)), &[]),
                "the NVIDIA driver does not start (error 803); its parts have different versions: restart the machine after \
                 an update of the driver",
            ),
            (
                seen(named, &[]),
                "the NVIDIA driver does not start (error 999, CUDA_ERROR_UNKNOWN); run `nvidia-smi` to check it",
            ),
            (
                seen(loaded(new, Ok(7)), &[]),
                "there is no GPU with this index (indices count from 0, number of GPUs: 7)",
            ),
            (
                seen(loaded(new, Ok(8)), &["libcublas.so.13", "libcurand.so.10"]),
                "libraries of CUDA were not found: libcublas.so.13, libcurand.so.10; install them, or set CUDA_HOME to the \
                 folder of the CUDA toolkit (the guide on devices says where they are searched for)",
            ),
        ];
        for (seen, expected) in cases {
            let reason = judge(&seen, 7).expect_err("a problem").to_string();
            assert_eq!(reason, expected, "{seen:?}");
        }
    }
}
