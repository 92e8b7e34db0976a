//! Element types of binary files, and their conversion to `u8` and `f32`.

use std::fmt;

/// The element types of IDX, NPY and safetensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    BF16,
    F32,
    F64,
}

/// The byte order of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

/// The type and the byte order of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) number: Number,
    pub(crate) order: ByteOrder,
}

/// Decodes numbers of `$type` from `$bytes` in either byte order, and writes `$narrow(number)` to `$into`.
macro_rules! widen {
    ($type:ty, $order:expr, $bytes:expr, $into:expr, $narrow:expr) => {{
        let (numbers, _) = $bytes.as_chunks::<{ size_of::<$type>() }>();
        let narrow = $narrow;
        match $order {
            ByteOrder::Little => {
                $into.iter_mut().zip(numbers).for_each(|(into, &bytes)| *into = narrow(<$type>::from_le_bytes(bytes)))
            }
            ByteOrder::Big => {
                $into.iter_mut().zip(numbers).for_each(|(into, &bytes)| *into = narrow(<$type>::from_be_bytes(bytes)))
            }
        }
    }};
}

impl Element {
    /// The two element types of temporary files: `f32` and bytes.
    pub(crate) const FLOAT: Element = Element { number: Number::F32, order: ByteOrder::Little };
    pub(crate) const BYTE: Element = Element { number: Number::U8, order: ByteOrder::Little };

    /// Returns the size of a number in bytes.
    pub(crate) fn size(self) -> usize {
        match self.number {
            Number::Bool | Number::U8 | Number::I8 => 1,
            Number::U16 | Number::I16 | Number::F16 | Number::BF16 => 2,
            Number::U32 | Number::I32 | Number::F32 => 4,
            Number::U64 | Number::I64 | Number::F64 => 8,
        }
    }

    /// Whether values stay bytes in memory. All other types become `f32`.
    pub(crate) fn is_byte(self) -> bool {
        matches!(self.number, Number::Bool | Number::U8)
    }

    /// Returns the range of the type, if it is known without reading the values.
    pub(crate) fn range(self) -> Option<(f32, f32)> {
        match self.number {
            Number::Bool => Some((0.0, 1.0)),
            Number::U8 => Some((0.0, 255.0)),
            _ => None,
        }
    }

    /// Decodes `into.len()` numbers from `bytes`, each rounded to the nearest `f32`. Numbers outside the range of `f32`
    /// become infinite.
    pub(crate) fn widen(self, bytes: &[u8], into: &mut [f32]) {
        match self.number {
            Number::Bool | Number::U8 => {
                into.iter_mut().zip(bytes).for_each(|(into, &byte)| *into = f32::from(byte));
            }
            Number::I8 => widen!(i8, self.order, bytes, into, f32::from),
            Number::U16 => widen!(u16, self.order, bytes, into, f32::from),
            Number::I16 => widen!(i16, self.order, bytes, into, f32::from),
            Number::U32 => widen!(u32, self.order, bytes, into, |number| number as f32),
            Number::I32 => widen!(i32, self.order, bytes, into, |number| number as f32),
            Number::U64 => widen!(u64, self.order, bytes, into, |number| number as f32),
            Number::I64 => widen!(i64, self.order, bytes, into, |number| number as f32),
            Number::F16 => {
                widen!(u16, self.order, bytes, into, |bits| half::f16::from_bits(bits).to_f32());
            }
            Number::BF16 => {
                widen!(u16, self.order, bytes, into, |bits| half::bf16::from_bits(bits).to_f32());
            }
            Number::F32 => widen!(f32, self.order, bytes, into, |number| number),
            Number::F64 => widen!(f64, self.order, bytes, into, |number| number as f32),
        }
    }

    /// Normalises booleans to 0 or 1: a file may store any nonzero byte for true. Other types stay unchanged.
    pub(crate) fn normalise_bools(self, bytes: &mut [u8]) {
        if self.number == Number::Bool {
            bytes.iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
        }
    }

    /// Whether the type is an integer or a boolean.
    pub(crate) fn is_integer(self) -> bool {
        !matches!(self.number, Number::F16 | Number::BF16 | Number::F32 | Number::F64)
    }

    /// Returns the integer at `index`, counted in numbers. `None` for floats and past the end.
    pub(crate) fn integer(self, bytes: &[u8], index: usize) -> Option<i128> {
        let size = self.size();
        let bytes = bytes.get(index.checked_mul(size)?..)?.get(..size)?;
        let add = |sum: u64, &byte: &u8| sum << 8 | u64::from(byte);
        let unsigned = match self.order {
            ByteOrder::Little => bytes.iter().rev().fold(0, add),
            ByteOrder::Big => bytes.iter().fold(0, add),
        };
        match self.number {
            Number::Bool => Some((unsigned != 0).into()),
            Number::U8 | Number::U16 | Number::U32 | Number::U64 => Some(unsigned.into()),
            Number::I8 => Some((unsigned as i8).into()),
            Number::I16 => Some((unsigned as i16).into()),
            Number::I32 => Some((unsigned as i32).into()),
            Number::I64 => Some((unsigned as i64).into()),
            Number::F16 | Number::BF16 | Number::F32 | Number::F64 => None,
        }
    }
}

/// The notation of NumPy without `|`: `u1`, `<f4`, `>i2`; and `<bf2`, which NumPy does not have.
impl fmt::Display for Element {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.order {
            _ if self.size() == 1 => "",
            ByteOrder::Little => "<",
            ByteOrder::Big => ">",
        };
        let kind = match self.number {
            Number::Bool => "b",
            Number::U8 | Number::U16 | Number::U32 | Number::U64 => "u",
            Number::I8 | Number::I16 | Number::I32 | Number::I64 => "i",
            Number::F16 | Number::F32 | Number::F64 => "f",
            Number::BF16 => "bf",
        };
        write!(formatter, "{order}{kind}{}", self.size())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widened(number: Number, order: ByteOrder, bytes: &[u8]) -> Vec<f32> {
        let element = Element { number, order };
        let mut into = vec![0.0; bytes.len() / element.size()];
        element.widen(bytes, &mut into);
        into
    }

    #[test]
    fn numbers_are_widened_from_either_byte_order() {
        let (little, big) = (ByteOrder::Little, ByteOrder::Big);
        assert_eq!(widened(Number::U8, little, &[0, 255]), [0.0, 255.0]);
        assert_eq!(widened(Number::I8, little, &[0x80]), [-128.0]);
        assert_eq!(widened(Number::I16, big, &[0xff, 0xfe]), [-2.0]);
        assert_eq!(widened(Number::U16, little, &[0xff, 0xfe]), [65_279.0]);
        assert_eq!(widened(Number::I64, big, &(-3i64).to_be_bytes()), [-3.0]);
        assert_eq!(widened(Number::F16, little, &[0, 0x3c]), [1.0]);
        assert_eq!(widened(Number::F32, big, &1.5f32.to_be_bytes()), [1.5]);
        assert_eq!(widened(Number::F64, little, &[1e39f64, 0.1].map(f64::to_le_bytes).concat()), [f32::INFINITY, 0.1]);
    }

    #[test]
    fn integers_keep_their_sign_and_every_digit() {
        let at = |number, order, bytes: &[u8]| Element { number, order }.integer(bytes, 0);
        assert_eq!(at(Number::I16, ByteOrder::Big, &[0xff, 0xfe]), Some(-2));
        assert_eq!(at(Number::U64, ByteOrder::Little, &u64::MAX.to_le_bytes()), Some(u64::MAX.into()));
        assert_eq!(at(Number::I64, ByteOrder::Little, &i64::MIN.to_le_bytes()), Some(i64::MIN.into()));
        assert_eq!(at(Number::I32, ByteOrder::Big, &(-7i32).to_be_bytes()), Some(-7));
        assert_eq!(at(Number::Bool, ByteOrder::Little, &[9]), Some(1));
        assert_eq!(at(Number::F32, ByteOrder::Little, &[0; 4]), None);
        assert_eq!(at(Number::I64, ByteOrder::Little, &[0; 4]), None);
    }
}
