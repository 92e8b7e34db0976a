//! Values of options, as they are written on the command line and in configuration files.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Implements `Display`, `FromStr` and serde for an enum: `$type::$variant` is written as `$name`.
macro_rules! named {
    ($type:ident, $what:literal, $($variant:ident = $name:literal),+) => {
        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(match self { $(Self::$variant => $name),+ })
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(format!("`{text}` is not a valid {}; expected {}", $what, [$($name),+].join(", "))),
                }
            }
        }

        as_text!($type);
    };
}

/// Serializes a type as its text, so that the configuration file and the command line use the same notation.
macro_rules! as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use {as_text, named};

/// Whether the first line of a table contains the column names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    /// Yes if the first line is text.
    #[default]
    Auto,
    /// The first line contains the column names.
    Yes,
    /// The first line is a sample.
    No,
}

named!(Header, "value of --header", Auto = "auto", Yes = "yes", No = "no");

/// The format of a file whose name does not tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// A table of text.
    Csv,
    /// An array of NumPy.
    Npy,
}

named!(InputFormat, "value of --input-format", Csv = "csv", Npy = "npy");

/// How to handle a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// Stop with an error.
    #[default]
    Refuse,
    /// Replace it by the mean of the column in the training part.
    Mean,
    /// Replace it by the median of the column in the training part.
    Median,
    /// Leave out the row.
    Drop,
    /// Keep it as NaN. This is for describing data; models do not accept NaN.
    Keep,
    /// Keep it as NaN, for models of mixed tables that take missing values as they are.
    Mask,
}

named!(
    Missing,
    "value of --missing",
    Refuse = "refuse",
    Mean = "mean",
    Median = "median",
    Drop = "drop",
    Keep = "keep",
    Mask = "mask"
);

/// The channels of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// One channel: lightness.
    Grey,
    /// Three channels: red, green and blue.
    Rgb,
}

named!(Channels, "value of --channels", Grey = "grey", Rgb = "rgb");

/// The bits per channel of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Bytes, 0 to 255.
    Eight,
    /// Floats that are whole numbers, 0 to 65535.
    Sixteen,
}

impl Depth {
    /// Returns the values of black and white.
    pub fn range(self) -> (f32, f32) {
        match self {
            Self::Eight => (0.0, u8::MAX.into()),
            Self::Sixteen => (0.0, u16::MAX.into()),
        }
    }

    /// Returns the bits per channel of samples of this shape, if they can be images, `[height, width]` or `[height,
    /// width, channels]` with one or three channels, and their values have the range of a depth.
    pub fn of_samples(shape: &[usize], is_bytes: bool, range: (f32, f32)) -> Option<Self> {
        let depth = if is_bytes { Self::Eight } else { Self::Sixteen };
        (matches!(shape, [_, _] | [_, _, 1 | 3]) && range == depth.range()).then_some(depth)
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Eight => "8",
            Self::Sixteen => "16",
        })
    }
}

impl FromStr for Depth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "8" => Ok(Self::Eight),
            "16" => Ok(Self::Sixteen),
            _ => Err(format!("`{text}` is not a valid value of --depth; expected 8, 16")),
        }
    }
}

impl Serialize for Depth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Eight => serializer.serialize_u8(8),
            Self::Sixteen => serializer.serialize_u8(16),
        }
    }
}

impl<'de> Deserialize<'de> for Depth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer)?.to_string().parse().map_err(serde::de::Error::custom)
    }
}

/// An ASCII character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Character(pub u8);

impl fmt::Display for Character {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => formatter.write_str("tab"),
            byte => write!(formatter, "{}", char::from(byte)),
        }
    }
}

impl FromStr for Character {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.as_bytes() {
            b"tab" | b"\\t" => Ok(Character(b'\t')),
            [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'\n' | b'\r' | 0) => {
                Ok(Character(*byte))
            }
            _ => Err(format!(
                "expected one ASCII character that is neither a letter nor a digit, or `tab`, got `{text}`"
            )),
        }
    }
}

as_text!(Character);

/// Width and height of an image, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pixels per line.
    pub width: u32,
    /// Number of lines.
    pub height: u32,
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}x{}", self.width, self.height)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        /// A larger side is probably a typing error: the images would be too large for a network of dense layers.
        const MAX_SIDE: u32 = 16_384;
        let side = |side: &str| side.parse().ok().filter(|&side| side > 0 && side <= MAX_SIDE);
        let sides = text.split_once('x').and_then(|(width, height)| Some((side(width)?, side(height)?)));
        sides.map(|(width, height)| Size { width, height }).ok_or_else(|| {
            format!("`{text}` is not an image size; expected width and height in pixels, 1 to {MAX_SIDE}, like 28x28")
        })
    }
}

as_text!(Size);

/// A size in bytes: `512MB`, `4GB`, `1GiB`, or a plain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= 1_000_000_000 => write!(formatter, "{:.1} GB", bytes as f64 / 1e9),
            bytes if bytes >= 1_000_000 => write!(formatter, "{:.0} MB", bytes as f64 / 1e6),
            bytes => write!(formatter, "{bytes} bytes"),
        }
    }
}

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let unit: Option<u64> = match unit.trim().to_ascii_uppercase().as_str() {
            "" | "B" => Some(1),
            "K" | "KB" => Some(1_000),
            "M" | "MB" => Some(1_000_000),
            "G" | "GB" => Some(1_000_000_000),
            "T" | "TB" => Some(1_000_000_000_000),
            "KIB" => Some(1 << 10),
            "MIB" => Some(1 << 20),
            "GIB" => Some(1 << 30),
            "TIB" => Some(1 << 40),
            _ => None,
        };
        let bytes = number.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
        bytes.map(Bytes).ok_or_else(|| {
            format!("`{text}` is not a size in bytes; expected a number with a unit, like 512MB, 4GB or 1GiB")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_survive_a_round_trip_through_text() {
        for text in ["auto", "yes", "no"] {
            assert_eq!(text.parse::<Header>().map(|header| header.to_string()).as_deref(), Ok(text));
        }
        for text in ["8", "16"] {
            assert_eq!(text.parse::<Depth>().map(|depth| depth.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("28x14".parse(), Ok(Size { width: 28, height: 14 }));
        assert_eq!("tab".parse(), Ok(Character(b'\t')));
        assert_eq!("512MB".parse(), Ok(Bytes(512_000_000)));
        assert_eq!("2 GiB".parse(), Ok(Bytes(1 << 31)));
    }

    #[test]
    fn invalid_options_are_refused_with_the_expected_values() {
        let cases = [
            ("drp".parse::<Missing>().map(drop), "refuse, mean, median, drop"),
            ("12".parse::<Depth>().map(drop), "8, 16"),
            ("28".parse::<Size>().map(drop), "like 28x28"),
            ("0x5".parse::<Size>().map(drop), "like 28x28"),
            (",,".parse::<Character>().map(drop), "one ASCII character"),
            ("5".parse::<Character>().map(drop), "neither a letter nor a digit"),
            ("5 XB".parse::<Bytes>().map(drop), "512MB, 4GB"),
            ("99999999999GB".parse::<Bytes>().map(drop), "512MB, 4GB"),
        ];
        for (outcome, expected) in cases {
            let message = outcome.expect_err(expected);
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }
}
