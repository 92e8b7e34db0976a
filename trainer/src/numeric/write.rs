//! Whether results take the place of what is there, or are added to it.

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Whatever was there is gone.
    Set,
    /// The results are added to what is there.
    Add,
}

impl Write {
    /// Writes one number.
    #[inline(always)]
    pub fn put(self, into: &mut f32, value: f32) {
        match self {
            Write::Set => *into = value,
            Write::Add => *into += value,
        }
    }
}
