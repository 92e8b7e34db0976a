//! The scaling of a value.

/// The scaling of one feature.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) offset: f32,
    pub(super) scale: f32,
}

impl Scale {
    /// Scales a value in `f64`: with a large offset and a small scale, the subtraction in `f32` would lose precision.
    pub(super) fn scaled(self, value: f32) -> f64 {
        (f64::from(value) - f64::from(self.offset)) / f64::from(self.scale)
    }
}
