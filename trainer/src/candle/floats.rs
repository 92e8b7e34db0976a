//! The numbers of a tensor, where they lie.

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor};

/// Hands the values of `tensor` to `reader`, row by row; they are copied only if they do not lie next to
/// each other in this machine's memory.
///
/// # Errors
/// Those of Candle, for a tensor of another type than 32-bit floats.
pub(super) fn read<R>(tensor: &Tensor, reader: impl FnOnce(&[f32]) -> R) -> Result<R> {
    {
        let (storage, layout) = tensor.storage_and_layout();
        if let (Storage::Cpu(CpuStorage::F32(values)), Some((start, end))) = (&*storage, layout.contiguous_offsets()) {
            return Ok(reader(&values[start..end]));
        }
    }
    Ok(reader(&tensor.flatten_all()?.to_vec1::<f32>()?))
}

/// The values that a fused kernel was given.
///
/// # Errors
/// For others than contiguous 32-bit floats.
pub(super) fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&values[start..end]),
        _ => candle_core::bail!("a fused kernel takes contiguous 32-bit floats"),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn views_are_read_row_by_row() {
        let tensor = Tensor::arange(0f32, 6.0, &Device::Cpu).and_then(|flat| flat.reshape((2, 3))).expect("small");
        let lower = tensor.narrow(0, 1, 1).expect("two rows");
        assert_eq!(read(&lower, <[f32]>::to_vec).expect("floats"), [3.0, 4.0, 5.0]);
        let turned = tensor.t().expect("a matrix");
        assert_eq!(read(&turned, <[f32]>::to_vec).expect("floats"), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert!(read(&tensor.to_dtype(DType::F64).expect("small"), <[f32]>::len).is_err());
    }
}
