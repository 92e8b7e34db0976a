//! A borrowed sample.

/// One sample, flattened to `[features]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    /// Bytes.
    U8(&'a [u8]),
    /// Floats.
    F32(&'a [f32]),
}

impl Row<'_> {
    /// Returns the values as floats.
    pub fn floats(&self) -> impl Iterator<Item = f32> + '_ {
        let (bytes, floats): (&[u8], &[f32]) = match self {
            Row::U8(bytes) => (bytes, &[]),
            Row::F32(floats) => (&[], floats),
        };
        bytes.iter().map(|&byte| f32::from(byte)).chain(floats.iter().copied())
    }
}
