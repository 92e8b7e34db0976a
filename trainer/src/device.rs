//! The device on which a model is trained: the processor, or an NVIDIA GPU.
//!
//! A program with the feature `cuda` starts on every machine. Before Candle calls a function of CUDA, [`open`] looks
//! for the driver, the GPU and the libraries, and names what is missing.

mod choice;
mod error;
#[cfg(all(feature = "cuda", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod lazy;
#[cfg(feature = "cuda")]
mod probe;
#[cfg(any(feature = "cuda", test))]
mod seen;
mod version;

pub use choice::DeviceChoice;
pub use error::{DeviceError, Unusable};
pub use narrows_crew::Device;
pub use version::CudaVersion;

#[cfg(any(feature = "cuda", test))]
use crate::{candle::activated, network::Activation};

/// A device that works.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TrainingDevice {
    /// The device: [`Device::Cpu`] or [`Device::Cuda`].
    pub device: Device,
    /// Name of the GPU, such as `NVIDIA H200`; `None` for the CPU, or if the driver does not tell.
    pub name: Option<String>,
    /// Reason why [`Device::Auto`] chose the CPU; `None` in all other cases.
    pub reason: Option<String>,
    /// The device for tensors.
    pub candle: candle_core::Device,
}

/// Opens a device, and checks that the kernels of training run on it. [`Device::Auto`] opens the first GPU, or the CPU
/// if that cannot be used.
///
/// ```
/// use narrows_trainer::device::{Device, open};
///
/// let opened = open(Device::Auto)?;
/// println!("trains on {}", opened.device);
/// # Ok::<(), narrows_trainer::device::DeviceError>(())
/// ```
///
/// # Errors
/// [`DeviceError`] with the reason why a GPU cannot be used. The CPU can always be used.
pub fn open(device: Device) -> Result<TrainingDevice, DeviceError> {
    open_with(device, open_gpu)
}

fn open_with(
    device: Device,
    open_gpu: impl Fn(u32) -> Result<candle_core::Device, Unusable>,
) -> Result<TrainingDevice, DeviceError> {
    let cpu = |reason| TrainingDevice { device: Device::Cpu, name: None, reason, candle: candle_core::Device::Cpu };
    let gpu = |number| {
        let opened = open_gpu(number);
        opened.map(|candle| TrainingDevice {
            device: Device::Cuda(number),
            name: gpu_name(&candle),
            reason: None,
            candle,
        })
    };
    match device {
        Device::Cpu => Ok(cpu(None)),
        Device::Cuda(number) => gpu(number).map_err(|reason| DeviceError { device, reason }),
        Device::Auto => Ok(gpu(0).unwrap_or_else(|reason| cpu(Some(reason.to_string())))),
    }
}

/// Returns the number of bytes of a GPU's memory that are free; `None` if it is not known.
pub(crate) fn free_memory(device: &candle_core::Device) -> Option<u64> {
    #[cfg(feature = "cuda")]
    return device.as_cuda_device().ok()?.cuda_stream().context().mem_get_info().ok().map(|(free, _)| free as u64);
    #[cfg(not(feature = "cuda"))]
    match device {
        candle_core::Device::Cpu | candle_core::Device::Cuda(_) | candle_core::Device::Metal(_) => None,
    }
}

fn gpu_name(device: &candle_core::Device) -> Option<String> {
    #[cfg(feature = "cuda")]
    return device.as_cuda_device().ok()?.cuda_stream().context().name().ok();
    #[cfg(not(feature = "cuda"))]
    match device {
        candle_core::Device::Cpu | candle_core::Device::Cuda(_) | candle_core::Device::Metal(_) => None,
    }
}

#[cfg(feature = "cuda")]
fn open_gpu(number: u32) -> Result<candle_core::Device, Unusable> {
    seen::judge(&probe::look(), number)?;
    let failed = |error: candle_core::Error| Unusable::Failed(first_line(&error));
    let device = candle_core::Device::new_cuda(number as usize).map_err(failed)?;
    let kernels = |error: candle_core::Error| Unusable::Kernels(first_line(&error));
    let computed = computed_on(&device).map_err(kernels)?;
    match computed == COMPUTED {
        true => Ok(device),
        false => Err(Unusable::Kernels(format!("they computed {computed:?}, expected {COMPUTED:?}"))),
    }
}

/// Result of [`computed_on`].
#[cfg(any(feature = "cuda", test))]
const COMPUTED: [f32; 4] = [4.0, 1.0, 8.0, 1.0];

/// Computes with each of what a step of training needs: a product of cuBLAS, a kernel of ours and one of Candle.
#[cfg(any(feature = "cuda", test))]
fn computed_on(device: &candle_core::Device) -> candle_core::Result<Vec<f32>> {
    let tensor = |values: &[[f32; 2]; 2]| candle_core::Tensor::new(values, device);
    let product = tensor(&[[1.0, 2.0], [3.0, 4.0]])?.matmul(&tensor(&[[1.0, 0.0], [0.0, -1.0]])?)?;
    let bias = candle_core::Tensor::new(&[0.5_f32, 0.0], device)?;
    activated(Activation::Relu, &product, &bias)?.affine(2.0, 1.0)?.flatten_all()?.to_vec1()
}

/// Returns the text of an error without the backtrace, which Candle appends to it.
#[cfg(any(feature = "cuda", test))]
fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or("no reason given").to_owned()
}

#[cfg(not(feature = "cuda"))]
fn open_gpu(_: u32) -> Result<candle_core::Device, Unusable> {
    Err(Unusable::NotBuilt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_always_opens_and_auto_says_why_it_chose_it() {
        let unusable = |_| Err(Unusable::NoGpu);
        let opened = open_with(Device::Cpu, unusable).expect("the CPU");
        assert_eq!((opened.device, opened.reason), (Device::Cpu, None));
        let opened = open_with(Device::Auto, unusable).expect("the CPU");
        assert_eq!((opened.device, opened.reason), (Device::Cpu, Some(Unusable::NoGpu.to_string())));
        // The tensors of a fake GPU are on the CPU.
        for (device, chosen) in [(Device::Auto, Device::Cuda(0)), (Device::Cuda(3), Device::Cuda(3))] {
            let opened = open_with(device, |_| Ok(candle_core::Device::Cpu)).expect("a fake GPU");
            assert_eq!((opened.device, opened.reason), (chosen, None));
        }
    }

    #[test]
    fn the_probe_computes_what_is_expected() {
        assert_eq!(computed_on(&candle_core::Device::Cpu).expect("small"), COMPUTED);
    }

    #[test]
    fn the_text_of_candle_has_one_line() {
        let error = candle_core::Error::Msg("no such kernel\nat file.rs".to_owned());
        assert_eq!(first_line(&error), "no such kernel");
    }

    #[test]
    fn a_gpu_opens_or_the_error_says_why_not_and_what_to_do() {
        match open(Device::Cuda(0)) {
            Ok(opened) => assert!(opened.candle.is_cuda()),
            Err(error) => {
                let text = error.to_string();
                println!("{text}");
                let (start, end) =
                    ("cannot train on cuda:0: ", "(choose `cpu`, or `auto` to use the GPU only if it works)");
                assert!(text.starts_with(start) && text.ends_with(end) && text.lines().count() == 1, "{text}");
                let is_without = matches!(error.reason, Unusable::NotBuilt);
                assert_eq!(is_without, !cfg!(feature = "cuda"), "{text}");
            }
        }
    }
}
