//! How data is read: the words that a person says beside the name of a file.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list of columns; with a name of its own, since a flag that may be repeated is another thing.
pub type Names = Vec<String>;

/// What is read, and how; what is open is told by the data itself.
///
/// A field is a key of a configuration file, a flag of the command line (with the feature `clap`), and what
/// its documentation says is the help of both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default)]
pub struct Reading {
    /// digits, mnist, fashion-mnist, a folder of images (subfolder = class) or of IDX files, or a .csv, .tsv,
    /// .npy, .npz, .parquet, .arrow or IDX file [default: digits]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SPEC", help_heading = "Data"))]
    pub data: Option<String>,
    /// File with a label for every row (.npy, .csv or IDX)
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE", help_heading = "Data"))]
    pub labels: Option<String>,
    /// Column of a table that holds the labels, by name or number from 0, or array of an .npz
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Data"))]
    pub label_column: Option<String>,
    /// Columns of a table that are the sample, like height,width [default: all with numbers]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAMES", value_parser = names, help_heading = "Data"))]
    pub columns: Option<Names>,
    /// Columns of a table that are no part of the sample, like id,date
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAMES", value_parser = names, conflicts_with = "columns", help_heading = "Data"))]
    pub ignore: Option<Names>,
    /// Array of an .npz that holds the samples [default: the only one]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Data"))]
    pub key: Option<String>,
    /// Between the cells of a .csv: a character, or `tab` [default: a comma, in a .tsv a tab]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "CHARACTER", help_heading = "Data"))]
    pub delimiter: Option<Character>,
    /// Around the cells of a .csv that hold the delimiter [default: "]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "CHARACTER", help_heading = "Data"))]
    pub quote: Option<Character>,
    /// Whether the first line of a .csv names the columns: yes, no or auto [default: auto]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "WHETHER", help_heading = "Data"))]
    pub header: Option<Header>,
    /// What becomes of missing values (empty cells, NA, NaN, null): refuse, mean or median (of the column, in
    /// the training part) or drop (the row) [default: refuse]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "HOW", help_heading = "Data"))]
    pub missing: Option<Missing>,
    /// Size that all images of a folder are brought to [default: they must agree]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "WIDTHxHEIGHT", help_heading = "Data"))]
    pub resize: Option<Size>,
    /// What is kept of the images of a folder: grey (1 channel) or rgb (3) [default: grey if all are]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "CHANNELS", help_heading = "Data"))]
    pub channels: Option<Channels>,
}

/// All fields, said once.
macro_rules! fields {
    ($($field:ident),* $(,)?) => {
        impl Reading {
            /// The keys of all fields, in their order.
            pub const KEYS: &[&str] = &[$(stringify!($field)),*];

            /// What is said here, and what `other` says where nothing is said here.
            pub fn or(&self, other: &Reading) -> Reading {
                Reading { $($field: self.$field.clone().or_else(|| other.$field.clone())),* }
            }
        }
    };
}

fields![data, labels, label_column, columns, ignore, key, delimiter, quote, header, missing, resize, channels];

/// What reading may cost; it changes nothing of what is read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct Limits {
    /// Rows that take more than this, like 512MB or 4GB, stay on disk and are read as they are needed
    #[cfg_attr(feature = "clap", arg(long, value_name = "SIZE", default_value = "512MB", help_heading = "Data"))]
    pub memory: Bytes,
    /// How many times its own size a packed file (gzip, zip, Parquet, Arrow) may unpack to
    #[cfg_attr(feature = "clap", arg(long, value_name = "TIMES", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Data"))]
    pub unpack: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory: Bytes(512_000_000), unpack: 200 }
    }
}

/// Everything that loading is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// How the files are read.
    pub reading: Reading,
    /// What reading may cost.
    pub limits: Limits,
    /// The folder under which `data/sets/<name>/` is looked for; the working directory by default.
    pub sets: Option<PathBuf>,
}

/// Says how a closed set is written: `$type::$variant` as `$name`.
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
                    _ => Err(format!("`{text}` is no {}: write {}", $what, [$($name),+].join(", "))),
                }
            }
        }

        as_text!($type);
    };
}

/// A type is in a file what it is on the command line.
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

/// Whether a table names its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    /// The first line does if it is text.
    #[default]
    Auto,
    /// The first line does.
    Yes,
    /// The first line is a sample.
    No,
}

named!(Header, "way to find a header", Auto = "auto", Yes = "yes", No = "no");

/// What becomes of a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// It is an error.
    #[default]
    Refuse,
    /// The mean of the column in the training part takes its place.
    Mean,
    /// The median of the column in the training part takes its place.
    Median,
    /// The row is left out.
    Drop,
    /// It stays, as NaN: to look at data, not to train on it.
    Keep,
}

named!(
    Missing,
    "way with missing values",
    Refuse = "refuse",
    Mean = "mean",
    Median = "median",
    Drop = "drop",
    Keep = "keep"
);

/// What is kept of the colours of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// Lightness alone.
    Grey,
    /// Red, green and blue.
    Rgb,
}

named!(Channels, "choice of channels", Grey = "grey", Rgb = "rgb");

/// A character of one byte.
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
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | 0) => Ok(Character(*byte)),
            _ => Err(format!("`{text}` is not one ASCII character, or `tab`")),
        }
    }
}

as_text!(Character);

/// Width and height of an image, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pixels in a line.
    pub width: u32,
    /// Lines.
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
        /// A larger image is no sample for a network of dense layers, and a slip of the finger is likely.
        const MOST: u32 = 16_384;
        let side = |side: &str| side.parse().ok().filter(|&side| side > 0 && side <= MOST);
        let sides = text.split_once('x').and_then(|(width, height)| Some((side(width)?, side(height)?)));
        sides
            .map(|(width, height)| Size { width, height })
            .ok_or_else(|| format!("`{text}` is no size: write width and height in pixels, 1 to {MOST}, like 28x28"))
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
        bytes.map(Bytes).ok_or_else(|| format!("`{text}` is no size in bytes: write 512MB, 4GB or 1GiB"))
    }
}

/// `a,b,c`.
#[cfg(feature = "clap")]
fn names(text: &str) -> Result<Names, String> {
    let names: Names = text.split(',').map(|name| name.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) { Err(format!("`{text}` names a column without a name")) } else { Ok(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["auto", "yes", "no"] {
            assert_eq!(text.parse::<Header>().map(|header| header.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("28x14".parse(), Ok(Size { width: 28, height: 14 }));
        assert_eq!("tab".parse(), Ok(Character(b'\t')));
        assert_eq!("512MB".parse(), Ok(Limits::default().memory));
        assert_eq!("2 GiB".parse(), Ok(Bytes(1 << 31)));
    }

    #[test]
    fn what_is_not_understood_is_told_with_what_is() {
        let told = [
            ("drp".parse::<Missing>().map(drop), "refuse, mean, median, drop"),
            ("28".parse::<Size>().map(drop), "like 28x28"),
            ("0x5".parse::<Size>().map(drop), "like 28x28"),
            (",,".parse::<Character>().map(drop), "one ASCII character"),
            ("5 XB".parse::<Bytes>().map(drop), "512MB, 4GB"),
            ("99999999999GB".parse::<Bytes>().map(drop), "512MB, 4GB"),
        ];
        for (outcome, expected) in told {
            let message = outcome.expect_err(expected);
            assert!(message.contains(expected), "{message} lacks {expected}");
        }
    }
}
