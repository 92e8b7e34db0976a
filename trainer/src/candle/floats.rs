//! Access to the values of a tensor without copying.

use std::borrow::Cow;

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor};

/// Calls `reader` with the values of `tensor` in row-major order. They are copied only if the tensor is not
/// contiguous or not on the CPU.
///
/// # Errors
/// If the tensor does not consist of 32-bit floats.
pub(super) fn read<R>(tensor: &Tensor, reader: impl FnOnce(&[f32]) -> R) -> Result<R> {
    {
        let (storage, layout) = tensor.storage_and_layout();
        if let (Storage::Cpu(CpuStorage::F32(values)), Some((start, end))) = (&*storage, layout.contiguous_offsets()) {
            return Ok(reader(&values[start..end]));
        }
    }
    Ok(reader(&tensor.flatten_all()?.to_vec1::<f32>()?))
}

/// Returns the values of a contiguous tensor.
///
/// # Errors
/// If the tensor is not contiguous or does not consist of 32-bit floats on the CPU.
pub(super) fn tensor_values<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => values(storage, layout),
        _ => candle_core::bail!("fused kernels need tensors on the CPU"),
    }
}

/// Returns the values of the argument of a fused kernel.
///
/// # Errors
/// If the tensor is not contiguous or does not consist of 32-bit floats.
pub(super) fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&values[start..end]),
        _ => candle_core::bail!("fused kernels need contiguous 32-bit floats"),
    }
}

/// Returns the values of a matrix in row-major order. They are copied only if they are not contiguous.
///
/// # Errors
/// If the tensor is no matrix, or does not consist of 32-bit floats.
pub(super) fn in_order<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<Cow<'a, [f32]>> {
    let CpuStorage::F32(values) = storage else { candle_core::bail!("fused kernels need 32-bit floats") };
    if let Some((start, end)) = layout.contiguous_offsets() {
        return Ok(Cow::Borrowed(&values[start..end]));
    }
    let ((rows, width), &[row, column]) = (layout.shape().dims2()?, layout.stride()) else {
        candle_core::bail!("a matrix has two strides")
    };
    let at = |index: usize| layout.start_offset() + index / width * row + index % width * column;
    Ok((0..rows * width).map(|index| values[at(index)]).collect())
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn views_are_read_in_row_major_order() {
        let tensor = Tensor::arange(0f32, 6.0, &Device::Cpu).and_then(|flat| flat.reshape((2, 3))).expect("small");
        let lower = tensor.narrow(0, 1, 1).expect("two rows");
        assert_eq!(read(&lower, <[f32]>::to_vec).expect("floats"), [3.0, 4.0, 5.0]);
        let transposed = tensor.t().expect("a matrix");
        assert_eq!(read(&transposed, <[f32]>::to_vec).expect("floats"), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert!(read(&tensor.to_dtype(DType::F64).expect("small"), <[f32]>::len).is_err());
    }
}
