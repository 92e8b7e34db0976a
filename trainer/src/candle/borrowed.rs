//! The numbers of a variable, to be written.
//!
//! Candle shows them to an operation on that variable alone. An operation that runs on all variables at once would
//! have to be one inside the other, a stack as deep as the network; so the numbers are moved out of the variable and,
//! when they are done with, back.

use std::{
    cell::Cell,
    mem,
    ops::{Deref, DerefMut, Range},
};

use candle_core::{CpuStorage, DType, InplaceOp1, Layout, Result, Var};

/// The numbers of a variable, which has none until this is dropped: nobody may read it meanwhile.
pub(super) struct Borrowed<'a> {
    variable: &'a Var,
    numbers: Vec<f32>,
    /// Those that the variable shows.
    shown: Range<usize>,
}

impl<'a> Borrowed<'a> {
    /// Takes the numbers.
    ///
    /// # Errors
    /// For others than contiguous 32-bit floats on the CPU that nobody has taken.
    pub(super) fn from(variable: &'a Var) -> Result<Self> {
        let Some((start, end)) = variable.layout().contiguous_offsets() else {
            candle_core::bail!("only contiguous {:?} parameters can be written in place", DType::F32);
        };
        let exchange = Exchange::default();
        variable.inplace_op1(&exchange)?;
        let borrowed = Borrowed { variable, numbers: exchange.numbers.take(), shown: start..end };
        if borrowed.numbers.len() < end {
            candle_core::bail!("the numbers of a parameter are in use");
        }
        Ok(borrowed)
    }
}

impl Deref for Borrowed<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.numbers[self.shown.clone()]
    }
}

impl DerefMut for Borrowed<'_> {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.numbers[self.shown.clone()]
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let exchange = Exchange { numbers: Cell::new(mem::take(&mut self.numbers)) };
        let outcome = self.variable.inplace_op1(&exchange);
        // A panic beside another one would end the process without a word.
        assert!(outcome.is_ok() || std::thread::panicking(), "a variable takes back what it gave: {outcome:?}");
    }
}

/// Exchanges the numbers of a variable for others.
#[derive(Default)]
struct Exchange {
    numbers: Cell<Vec<f32>>,
}

impl InplaceOp1 for Exchange {
    fn name(&self) -> &'static str {
        "exchange"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, _layout: &Layout) -> Result<()> {
        let CpuStorage::F32(numbers) = storage else {
            candle_core::bail!("only {:?} parameters can be written in place", DType::F32);
        };
        *numbers = self.numbers.replace(mem::take(numbers));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn what_is_written_is_in_the_variable_afterwards() {
        let variable = Var::new(&[1f32, 2.0], &Device::Cpu).expect("small");
        let mut borrowed = Borrowed::from(&variable).expect("floats");
        borrowed[1] = 7.0;
        drop(borrowed);
        assert_eq!(variable.to_vec1::<f32>().expect("floats"), [1.0, 7.0]);
    }

    #[test]
    fn numbers_that_are_taken_or_no_floats_are_refused_and_stay() {
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
