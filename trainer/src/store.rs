//! Where the rows of a part are, and how batches of them reach the device that computes.
//!
//! On a device, the rows of a part stay in its memory if they fit: as bytes if they are bytes, otherwise as 32-bit
//! floats. A batch is then gathered by index and scaled there. Other batches are gathered and scaled on the host, and
//! copied to the device: those of a part that does not fit, that stays in a file or consists of windows, and those that
//! are augmented or binarised.

use candle_core::{DType, Device, Result, Tensor};
use narrows_bundle::Scaling;
use narrows_data::{Part, Values};

use crate::{device::free_memory, placement::Placement};

/// Fraction of the free memory of a device that the rows of one part may take, without what training needs.
const FRACTION: u64 = 2;

/// Memory that the rows of one part may take on a device whose free memory is not known: 1 GiB.
const UNKNOWN: u64 = 1 << 30;

/// Where the rows of a part are.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    /// On the host, where batches are gathered and used.
    Host,
    /// On the host, where batches are gathered and then copied to the device.
    Copied(Device),
    /// On the device, where batches are gathered.
    Resident(ResidentRows),
}

/// Rows in the memory of a device.
#[derive(Debug, Clone)]
pub(crate) struct ResidentRows {
    /// `[rows, features]`, bytes or 32-bit floats.
    values: Tensor,
    /// Offsets of the scaling, `[1]` or `[features]`.
    offset: Tensor,
    /// Divisors of the scaling, `[1]` or `[features]`.
    scale: Tensor,
}

impl Store {
    /// Stores the rows of a part for a placement. `reserved` bytes of a device's memory stay free for the training.
    ///
    /// # Errors
    /// If the rows cannot be copied to the device.
    pub(crate) fn of(placement: &Placement, part: &Part, scaling: &Scaling, reserved: u64) -> Result<Self> {
        let device = match placement {
            Placement::Host => return Ok(Store::Host),
            Placement::Device(device) => device,
        };
        let limit = free_memory(device).map_or(UNKNOWN, |free| free.saturating_sub(reserved) / FRACTION);
        match ResidentRows::of(&part.values, scaling, device, limit)? {
            Some(rows) => Ok(Store::Resident(rows)),
            None => Ok(Store::Copied(device.clone())),
        }
    }

    /// Returns the device to which tensors of the host are copied; `None` if they stay there.
    pub(crate) fn device(&self) -> Option<&Device> {
        match self {
            Store::Host => None,
            Store::Copied(device) => Some(device),
            Store::Resident(rows) => Some(rows.values.device()),
        }
    }
}

impl ResidentRows {
    /// Copies rows to a device; `None` if they take more than `limit` bytes, or are not in memory.
    fn of(values: &Values, scaling: &Scaling, device: &Device, limit: u64) -> Result<Option<Self>> {
        let shape = (values.rows(), values.features());
        let fits = |width: u64| (shape.0 as u64).saturating_mul(shape.1 as u64).saturating_mul(width) <= limit;
        let flat = match values {
            Values::U8(rows) if fits(1) => Tensor::from_iter(rows.iter().copied(), &Device::Cpu)?,
            Values::F32(rows) if fits(4) => Tensor::from_iter(rows.iter().copied(), &Device::Cpu)?,
            Values::U8(_) | Values::F32(_) | Values::OnDisk(_) | Values::Windows(_) => return Ok(None),
        };
        Ok(Some(ResidentRows {
            values: flat.reshape(shape)?.to_device(device)?,
            offset: Tensor::new(scaling.offset.as_slice(), device)?,
            scale: Tensor::new(scaling.scale.as_slice(), device)?,
        }))
    }

    /// Returns the selected rows after scaling, `[rows, features]`, with the arithmetic of the host.
    pub(crate) fn scaled(&self, rows: &[usize]) -> Result<Tensor> {
        let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        let rows = Tensor::new(rows, self.values.device())?;
        let gathered = self.values.index_select(&rows, 0)?.to_dtype(DType::F32)?;
        gathered.broadcast_sub(&self.offset)?.broadcast_div(&self.scale)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::samples::scaled;

    #[test]
    fn resident_rows_are_gathered_and_scaled_to_the_bits_of_the_host() {
        let bytes = Array2::from_shape_fn((9, 5), |(row, column)| (row * 29 + column * 7) as u8);
        let floats = bytes.mapv(|byte| f32::from(byte) * 0.37 - 3.0);
        let scalings = [
            Scaling { offset: vec![1.25], scale: vec![3.0] },
            Scaling { offset: vec![0.0, 1.0, -2.0, 0.3, 5.0], scale: vec![1.0, 7.0, 0.1, 255.0, 3.0] },
        ];
        for scaling in &scalings {
            for values in [Values::U8(bytes.clone()), Values::F32(floats.clone())] {
                let resident = ResidentRows::of(&values, scaling, &Device::Cpu, 1000).expect("small").expect("it fits");
                let rows = [3, 8, 0, 3];
                let [actual, expected] = [resident.scaled(&rows), scaled(&values, &rows, scaling, None)]
                    .map(|tensor| tensor.and_then(|tensor| tensor.to_vec2::<f32>()).expect("floats"));
                assert_eq!(actual, expected);
            }
        }
    }

    #[test]
    fn rows_that_do_not_fit_stay_on_the_host() {
        let scaling = Scaling { offset: vec![0.0], scale: vec![1.0] };
        let values = Values::U8(Array2::zeros((10, 7)));
        let fits = |limit| ResidentRows::of(&values, &scaling, &Device::Cpu, limit).expect("small").is_some();
        assert!(fits(70) && !fits(69));
    }
}
