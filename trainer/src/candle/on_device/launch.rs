//! Starts the kernels of `kernels.cu`.
#![expect(unsafe_code, reason = "a kernel reads and writes memory of the GPU as its arguments tell it to")]

use candle_core::{
    CudaStorage, Layout, Result,
    cuda_backend::{
        WrapErr,
        cudarc::driver::{LaunchConfig, PushKernelArg},
    },
};

use super::function::Function;

/// The kernels, compiled by `just cuda-kernels`. The driver compiles them for its GPU when the first one is started.
const PTX: &str = include_str!("kernels.ptx");

/// Name of the compiled kernels among the modules of a device.
const MODULE: &str = "narrows";

/// Computes a function of matrices of the same shape. The result is contiguous.
pub(super) fn launch(function: Function, operands: [(&CudaStorage, &Layout); 3]) -> Result<CudaStorage> {
    let (first, layout) = operands[0];
    let (rows, width) = layout.shape().dims2()?;
    let device = &first.device;
    let count = rows * width;
    // The kernels count in 32 bits, and their loops add the number of all threads to an index.
    let size = |size: usize| match u32::try_from(size) {
        Ok(size) if size <= i32::MAX as u32 => Ok(size),
        Ok(_) | Err(_) => {
            candle_core::bail!("a matrix [{rows}, {width}] has more elements than a kernel counts; use a smaller batch")
        }
    };
    let threads = size(count)?;
    let sizes = [size(rows)?, size(width)?];
    // SAFETY: the kernel below writes every element before anything reads one, because both use the same stream.
    let mut out = unsafe { device.alloc::<f32>(count.max(1))? };
    if count == 0 {
        return Ok(CudaStorage::wrap_cuda_slice(out, device.clone()));
    }
    let mut values = Vec::with_capacity(3);
    for (storage, layout) in operands {
        let &[row, column] = layout.stride() else { candle_core::bail!("a matrix has two strides") };
        if layout.shape().dims2()? != (rows, width) {
            candle_core::bail!("operands of {} differ in shape", function.name());
        }
        // The largest index, from the start of the slice below.
        size((rows - 1) * row + (width - 1) * column)?;
        let slice = storage.as_cuda_slice::<f32>()?.slice(layout.start_offset()..);
        values.push((slice, [size(row)?, size(column)?]));
    }
    let constants = function.constants();
    let kernel = device.get_or_load_custom_func(function.name(), MODULE, PTX)?;
    let mut arguments = kernel.builder();
    sizes.iter().for_each(|size| _ = arguments.arg(size));
    for (slice, strides) in &values {
        arguments.arg(slice);
        strides.iter().for_each(|stride| _ = arguments.arg(stride));
    }
    constants.iter().for_each(|constant| _ = arguments.arg(constant));
    arguments.arg(&mut out);
    // SAFETY: the arguments have the order and the types of the kernel's parameters. It reads the elements of the
    // operands at their strides, which are within their memory because Candle checked the layouts, and writes `count`
    // elements of `out`.
    unsafe { arguments.launch(LaunchConfig::for_num_elems(threads)) }.w()?;
    drop(arguments);
    Ok(CudaStorage::wrap_cuda_slice(out, device.clone()))
}
