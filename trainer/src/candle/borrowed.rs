//! Mutable access to the values of a variable.
//!
//! Candle gives mutable access only to an in-place operation on one variable. Access to all variables at once would
//! need nested operations, with a call stack that grows with the network. So the values are moved out of each
//! variable and are moved back when they are no longer needed.

use std::{
    cell::Cell,
    mem,
    ops::{Deref, DerefMut, Range},
};

use candle_core::{CpuStorage, DType, InplaceOp1, Layout, Result, Var};

/// The values of a variable. The variable is empty until this guard is dropped, so it must not be read before.
pub(super) struct Borrowed<'a> {
    variable: &'a Var,
    values: Vec<f32>,
    /// The range of the storage that belongs to the variable.
    visible: Range<usize>,
}

impl<'a> Borrowed<'a> {
    /// Moves the values out of the variable.
    ///
    /// # Errors
    /// If the variable does not consist of contiguous 32-bit floats on the CPU, or its values are already borrowed.
    pub(super) fn from(variable: &'a Var) -> Result<Self> {
        let Some((start, end)) = variable.layout().contiguous_offsets() else {
            candle_core::bail!("only contiguous {:?} parameters can be modified in place", DType::F32);
        };
        let exchange = Exchange::default();
        variable.inplace_op1(&exchange)?;
        let borrowed = Borrowed { variable, values: exchange.values.take(), visible: start..end };
        if borrowed.values.len() < end {
            candle_core::bail!("the values of the parameter are already borrowed");
        }
        Ok(borrowed)
    }
}

impl Deref for Borrowed<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.visible.clone()]
    }
}

impl DerefMut for Borrowed<'_> {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.visible.clone()]
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let exchange = Exchange { values: Cell::new(mem::take(&mut self.values)) };
        let outcome = self.variable.inplace_op1(&exchange);
        // A second panic during a panic would abort the process without a message.
        assert!(
            outcome.is_ok() || std::thread::panicking(),
            "the values could not be moved back to the variable: {outcome:?}"
        );
    }
}

/// Exchanges the values of a variable for other values.
#[derive(Default)]
struct Exchange {
    values: Cell<Vec<f32>>,
}

impl InplaceOp1 for Exchange {
    fn name(&self) -> &'static str {
        "exchange"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, _layout: &Layout) -> Result<()> {
        let CpuStorage::F32(values) = storage else {
            candle_core::bail!("only {:?} parameters can be modified in place", DType::F32);
        };
        *values = self.values.replace(mem::take(values));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn written_values_are_moved_back_to_the_variable() {
        let variable = Var::new(&[1f32, 2.0], &Device::Cpu).expect("small");
        let mut borrowed = Borrowed::from(&variable).expect("floats");
        borrowed[1] = 7.0;
        drop(borrowed);
        assert_eq!(variable.to_vec1::<f32>().expect("floats"), [1.0, 7.0]);
    }

    #[test]
    fn borrowed_or_non_f32_variables_are_rejected_and_unchanged() {
        let variable = Var::new(&[1f32, 2.0], &Device::Cpu).expect("small");
        let first = Borrowed::from(&variable).expect("floats");
        assert!(Borrowed::from(&variable).is_err());
        drop(first);
        assert_eq!(variable.to_vec1::<f32>().expect("floats"), [1.0, 2.0]);
        let wide = Var::new(&[1f64, 2.0], &Device::Cpu).expect("small");
        assert!(Borrowed::from(&wide).is_err());
        assert_eq!(wide.to_vec1::<f64>().expect("floats"), [1.0, 2.0]);
    }
}
