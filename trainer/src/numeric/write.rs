//! Whether results replace the existing values or are added to them.

/// How results are written to a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// The results replace the existing values.
    Set,
    /// The results are added to the existing values.
    Add,
}

impl Write {
    /// Writes one value.
    #[inline(always)]
    pub fn write(self, into: &mut f32, value: f32) {
        match self {
            Write::Set => *into = value,
            Write::Add => *into += value,
        }
    }
}
