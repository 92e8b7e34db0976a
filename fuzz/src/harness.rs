//! One function per kind of untrusted file. It takes arbitrary bytes, and panics if a guarantee is violated.
//!
//! The first byte selects the options for reading the rest. For data, loading and streaming must return the same rows,
//! and an error must name the file.

// The paths are explicit, because this file is also a module of the tests of the data crate, in another folder.
#[path = "harness/bundles.rs"]
mod bundles;
#[path = "harness/same.rs"]
mod same;
#[path = "harness/terminal.rs"]
mod terminal;

use std::fs;

use narrows_data::{Bytes, Channels, Character, Depth, Header, Limits, LoadOptions, Missing, Reading, Size};

pub use bundles::{graph, manifest, packed_bundle, safetensors};
pub use terminal::terminal;

/// Two rows with two features, for labels in a separate file.
const TWO_ROWS: [u8; 16] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4];
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An IDX file, raw or gzipped: samples, or the labels of two rows.
pub fn idx(bytes: &[u8]) {
    let Some((choice, bytes)) = Choice::of(bytes) else { return };
    if choice.variant % 4 == 3 {
        labels("labels.idx", bytes)
    } else {
        choice.check("data.idx", bytes, Reading::default())
    }
}

/// An .npy array: samples, or the labels of two rows.
pub fn npy(bytes: &[u8]) {
    let Some((choice, bytes)) = Choice::of(bytes) else { return };
    if choice.variant % 4 == 3 {
        labels("labels.npy", bytes)
    } else {
        choice.check("data.npy", bytes, Reading::default())
    }
}

/// An .npz archive.
pub fn npz(bytes: &[u8]) {
    let Some((choice, bytes)) = Choice::of(bytes) else { return };
    let name = |name: &str| Some(name.to_owned());
    let reading = match choice.variant % 4 {
        0 => Reading { key: name("x"), label_column: name("y"), ..Reading::default() },
        1 => Reading { key: name("x"), ..Reading::default() },
        _ => Reading::default(),
    };
    choice.check("data.npz", bytes, reading);
}

/// A safetensors file of samples and labels.
pub fn tensors(bytes: &[u8]) {
    let Some((choice, bytes)) = Choice::of(bytes) else { return };
    let name = |name: &str| Some(name.to_owned());
    let reading = match choice.variant % 4 {
        0 => Reading { key: name("embeddings"), label_column: name("ids"), ..Reading::default() },
        1 => Reading { key: name("x"), ..Reading::default() },
        _ => Reading::default(),
    };
    choice.check("data.safetensors", bytes, reading);
}

/// JSON lines, raw or gzipped.
pub fn json_lines(bytes: &[u8]) {
    let Some((choice, bytes)) = Choice::of(bytes) else { return };
    let names = |name: &str| Some(vec![name.to_owned()]);
    let column = |name: &str| Some(name.to_owned());
    let plain = Reading::default();
    let reading = match choice.variant {
        0 | 1 => plain,
        2 => Reading { label_column: column("0"), ..plain },
        3 => Reading { label_column: column("y"), ..plain },
        4 => Reading { columns: names("v"), ..plain },
        5 => Reading { ignore: names("v"), ..plain },
        6 => Reading { ignore: names("id"), label_column: column("kind"), ..plain },
        _ => Reading { date_columns: "when=days".parse().ok().map(|date| vec![date]), ..plain },
    };
    let file = if bytes.starts_with(&GZIP) { "data.jsonl.gz" } else { "data.jsonl" };
    choice.check(file, bytes, reading);
}

/// A CSV table, raw or gzipped: samples, or the labels of two rows.
pub fn csv(bytes: &[u8]) {
    let Some((choice, bytes)) = Choice::of(bytes) else { return };
    let names = |name: &str| Some(vec![name.to_owned()]);
    let column = |name: &str| Some(name.to_owned());
    let plain = Reading::default();
    let reading = match choice.variant {
        0 => plain,
        1 => Reading { header: Some(Header::No), ..plain },
        2 => Reading { header: Some(Header::Yes), label_column: column("0"), ..plain },
        3 => Reading { delimiter: Some(Character(b';')), ..plain },
        4 => Reading { delimiter: Some(Character(b'\t')), label_column: column("label"), ..plain },
        5 => Reading { columns: names("1"), ..plain },
        6 => Reading { ignore: names("a"), label_column: column("1"), ..plain },
        7 => Reading { quote: Some(Character(b'\'')), ..plain },
        _ => return labels("labels.csv", bytes),
    };
    let file = if bytes.starts_with(&GZIP) { "data.csv.gz" } else { "data.csv" };
    choice.check(file, bytes, reading);
}

/// A mixed table, as CSV or JSON lines, raw or gzipped.
pub fn mixed(bytes: &[u8]) {
    let Some((choice, bytes)) = Choice::of(bytes) else { return };
    let types = |text: &str| Some(text.split(',').filter_map(|column| column.parse().ok()).collect());
    let plain = Reading::default();
    let masked = Reading { missing: Some(Missing::Mask), ..Reading::default() };
    let (reading, ending) = match choice.variant {
        0 => (masked, "csv"),
        1 => (masked, "jsonl"),
        2 => (Reading { types: types("a=category"), ..plain }, "csv"),
        3 => (Reading { types: types("a=ordered:x|y|z,b=count"), ..plain }, "csv"),
        4 => (Reading { types: types("a=date,b=heavy-tailed"), ..masked }, "csv"),
        5 => (Reading { types: types("column0=category"), header: Some(Header::No), ..masked }, "csv"),
        6 => (Reading { types: types("a=ordered"), label_column: Some("b".to_owned()), ..masked }, "csv"),
        7 => (Reading { types: types("a=category,b=date"), ..plain }, "jsonl"),
        _ => (Reading { types: types("a=number"), decimal: Some(Character(b',')), ..masked }, "csv"),
    };
    let packed = if bytes.starts_with(&GZIP) { ".gz" } else { "" };
    choice.check(&format!("data.{ending}{packed}"), bytes, reading);
}

/// A Parquet file.
pub fn parquet(bytes: &[u8]) {
    let Some((choice, bytes)) = Choice::of(bytes) else { return };
    choice.check("data.parquet", bytes, choice.columns());
}

/// An Arrow file or stream.
pub fn arrow(bytes: &[u8]) {
    let Some((choice, bytes)) = Choice::of(bytes) else { return };
    choice.check("data.arrow", bytes, choice.columns());
}

/// An image, in a folder of its own. The first bytes tell its format.
pub fn images(bytes: &[u8]) {
    let Some((choice, bytes)) = Choice::of(bytes) else { return };
    let plain = Reading::default();
    let size = Size { width: 3, height: 5 };
    let reading = match choice.variant % 4 {
        0 => plain,
        1 => Reading { channels: Some(Channels::Grey), depth: Some(Depth::Eight), ..plain },
        2 => Reading { resize: Some(size), channels: Some(Channels::Rgb), depth: Some(Depth::Sixteen), ..plain },
        _ => Reading { resize: Some(size), ..plain },
    };
    let ending = match bytes {
        [0x89, b'P', ..] => "png",
        [0xff, ..] => "jpg",
        [b'G', ..] => "gif",
        [b'B', ..] => "bmp",
        [b'R', ..] => "webp",
        _ => "tiff",
    };
    let options = LoadOptions { reading, limits: choice.limits.clone(), ..LoadOptions::default() };
    same::in_folder(|folder| {
        let path = folder.join("images");
        // Only one image: those of earlier inputs are removed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("a writable temporary folder");
        fs::write(path.join(format!("0.{ending}")), bytes).expect("a writable temporary folder");
        same::check(&path.to_string_lossy(), folder, &options, choice.max_rows);
    });
}

/// The options for reading a file.
struct Choice {
    missing: Missing,
    limits: Limits,
    /// The number of rows to request from a stream at a time.
    max_rows: usize,
    /// The variant of the format, 0 to 8.
    variant: u8,
}

impl Choice {
    /// Derives the options from the first byte.
    fn of(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&first, rest) = bytes.split_first()?;
        let missing = match first % 5 {
            0 => Missing::Refuse,
            1 => Missing::Mean,
            2 => Missing::Median,
            3 => Missing::Drop,
            _ => Missing::Keep,
        };
        // With a limit of 8 bytes, rows stay on disk.
        let memory = if first / 5 % 2 == 0 { Limits::default().memory } else { Bytes(8) };
        let max_rows = match first / 10 % 3 {
            0 => 1000,
            1 => 7,
            _ => 1,
        };
        let limits = Limits { memory, ..Limits::default() };
        Some((Choice { missing, limits, max_rows, variant: first / 30 }, rest))
    }

    /// Returns the options for a table of typed columns.
    fn columns(&self) -> Reading {
        let names = |name: &str| Some(vec![name.to_owned()]);
        let column = |name: &str| Some(name.to_owned());
        let plain = Reading::default();
        match self.variant {
            0 | 1 => plain,
            2 => Reading { label_column: column("label"), ..plain },
            3 => Reading { columns: names("x"), ..plain },
            4 => Reading { missing: Some(Missing::Mask), ..plain },
            5 => Reading { ignore: names("a"), ..plain },
            6 => Reading { columns: Some(vec!["a".to_owned(), "b".to_owned()]), ..plain },
            7 => Reading { columns: names("0"), label_column: column("1"), ..plain },
            _ => Reading { date_columns: "when=days".parse().ok().map(|date| vec![date]), ..plain },
        }
    }

    fn check(&self, file: &str, bytes: &[u8], reading: Reading) {
        let missing = reading.missing.or(Some(self.missing));
        let options = LoadOptions {
            reading: Reading { missing, ..reading },
            limits: self.limits.clone(),
            ..LoadOptions::default()
        };
        same::in_folder(|folder| {
            let path = folder.join(file);
            fs::write(&path, bytes).expect("a writable temporary folder");
            same::check(&path.to_string_lossy(), folder, &options, self.max_rows);
        });
    }
}

/// Loads two rows with the labels in `bytes`.
fn labels(file: &str, bytes: &[u8]) {
    same::in_folder(|folder| {
        let (samples, path) = (folder.join("two-rows.idx"), folder.join(file));
        fs::write(&samples, TWO_ROWS).expect("a writable temporary folder");
        fs::write(&path, bytes).expect("a writable temporary folder");
        let labels = Some(path.to_string_lossy().into_owned());
        let options = LoadOptions { reading: Reading { labels, ..Reading::default() }, ..LoadOptions::default() };
        same::check(&samples.to_string_lossy(), folder, &options, 1000);
    });
}
