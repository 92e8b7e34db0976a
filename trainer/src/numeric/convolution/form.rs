//! The choice of the faster form. It depends on sizes alone.

use super::{geometry::Form, sizes::Convolution};

impl Convolution {
    pub(super) fn forward_form(&self) -> Form {
        let (from, into) = (self.in_channels, self.out_channels);
        self.form(|| if is_reading_faster(from, into) { Form::Direct } else { Form::Dual })
    }

    pub(super) fn input_gradient_form(&self) -> Form {
        let (from, into) = (self.out_channels, self.in_channels);
        self.form(|| if is_reading_faster(from, into) { Form::Dual } else { Form::Direct })
    }

    pub(super) fn weight_gradient_form(&self) -> Form {
        // The side with fewer channels has smaller patches.
        self.form(|| if self.in_channels <= self.out_channels { Form::Direct } else { Form::Dual })
    }

    /// Whether the input has to be upsampled in memory, because neither form exists.
    pub(super) fn is_upsampled_first(&self) -> bool {
        self.is_upsampled() && !self.has_dual_form()
    }

    fn form(&self, faster: impl FnOnce() -> Form) -> Form {
        match (self.has_dual_form(), self.is_upsampled()) {
            (true, false) => faster(),
            (true, true) => Form::Dual,
            (false, _) => Form::Direct,
        }
    }

    fn is_upsampled(&self) -> bool {
        self.upsampling != [1, 1]
    }

    fn has_dual_form(&self) -> bool {
        [0, 1].iter().all(|&axis| self.stride[axis] == 1 && self.padding[axis] < self.kernel[axis])
    }
}

/// Whether it is faster to read patches than to add to patches, for the same convolution from a side with `from`
/// channels into a side with `into` channels.
///
/// Both need the same multiplications, `from * into` per tap. A product that reads patches has `into` columns. Fewer
/// than 32 columns take as long as 32, and copying one of the `from` values takes as long as 4 multiplications. A
/// product that is added to patches has `into` columns per tap, and adding one of its values takes as long as 16
/// multiplications.
fn is_reading_faster(from: usize, into: usize) -> bool {
    from * (into.max(32) + 4) <= into * (from + 16)
}
