//! Arrays and images: IDX, NPY, NPZ, safetensors, and folders.

use std::io::{Cursor, Write};

use narrows_data::{Missing, Reading};

use crate::{
    case::{Case, fine, refused},
    content::{Content, cut, fixture, floats, gzip, idx, npy, npy_in_columns},
};

pub(crate) fn cases() -> Vec<Case> {
    [idx_files(), arrays(), archives(), tensors(), folders(), others()].into_iter().flatten().collect()
}

fn idx_files() -> Vec<Case> {
    let four = [1, 2, 3, 4];
    let nan = [0f32, 1.0, f32::NAN, 2.0].map(f32::to_be_bytes).concat();
    let huge = [1e39f64, 1.0].map(f64::to_be_bytes).concat();
    let valid = gzip(&idx(8, &[2, 2], &four));
    vec![
        refused("declares-2-31.idx", idx(8, &[1 << 31, 1, 1], &[]), "declares 2147483648"),
        refused("declares-2-31.idx.gz", gzip(&idx(8, &[1 << 31, 1, 1], &[])), ""),
        refused("overflows.idx", idx(14, &[u32::MAX; 200], &[1]), ""),
        refused("unknown.idx", idx(10, &[2, 2], &four), "type"),
        refused("cut-header.idx", &[0, 0, 8, 3, 0, 0], "IDX header"),
        refused("cut.idx", idx(8, &[2, 3], &four), "declares 6"),
        refused("long.idx", idx(8, &[2, 1], &four), "declares 2"),
        refused("long.idx.gz", gzip(&idx(8, &[2, 1], &four)), ""),
        refused("cut.idx.gz", valid[..valid.len() - 9].to_vec(), "cut off"),
        refused("no-gzip.idx.gz", b"\x1f\x8bno gzip at all", ""),
        refused("no-rows.idx", idx(8, &[0, 2], &[]), "no rows"),
        refused("no-features.idx", idx(8, &[2, 0], &[]), "0 features"),
        refused("labels.idx", idx(8, &[4], &four), "1 dimension"),
        refused("nan.idx", idx(13, &[2, 2], &nan), "row 1, column 0"),
        refused("nan.idx.gz", gzip(&idx(13, &[2, 2], &nan)), "row 1, column 0"),
        refused("all-nan.idx", idx(13, &[1, 2], &nan[4..12]), "").missing(Missing::Drop),
        refused("no-number.idx", idx(13, &[1, 2], &nan[4..12]), "column 1").missing(Missing::Mean),
        refused("inf.idx", idx(14, &[1, 2], &huge), "row 0, column 0").missing(Missing::Keep),
        fine("one-row.idx", idx(8, &[1, 4], &four), 1),
        fine("dropped.idx", idx(13, &[2, 2], &nan), 1).missing(Missing::Drop),
        labelled("idx-and-labels.idx", "three.idx", "three.idx has 3 labels, but"),
        with_labels("negative.idx", "negative.npy"),
        with_labels("negative-text.idx", "negative.csv"),
        with_labels("floats.idx", "float.npy"),
        labelled("no-numbers.idx", "nan.npy", "the label of row 1 is NaN"),
    ]
}

fn tensors() -> Vec<Case> {
    let with_header = |header: &str, bytes: usize| {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; bytes]].concat()
    };
    let of = |shape: &str, end: u64, bytes: usize| {
        with_header(&format!(r#"{{"x":{{"dtype":"U8","shape":{shape},"data_offsets":[0,{end}]}}}}"#), bytes)
    };
    vec![
        refused("declares-2-64.safetensors", [0xff; 8].to_vec(), "cannot be read as safetensors"),
        refused("declares-2-20.safetensors", (1u64 << 20).to_le_bytes().to_vec(), "cut off"),
        refused("short.safetensors", b"\x02\0\0\0", "cut off"),
        refused("text.safetensors", "{\"this\": \"is no file of tensors\"}", ""),
        refused("cut.safetensors", cut("safetensors/f8.safetensors", 1), "cannot be read as safetensors"),
        refused("long.safetensors", of("[2,2]", 4, 5), "cannot be read as safetensors"),
        refused("huge.safetensors", of("[1073741824,1073741824]", 1 << 60, 4), "cannot be read as safetensors"),
        refused("overflows.safetensors", of("[18446744073709551615,2]", 4, 4), ""),
        refused("outside.safetensors", of("[2,2]", u64::MAX, 4), ""),
        refused("shape.safetensors", of("[2,3]", 4, 4), ""),
        refused("no-rows.safetensors", of("[0,2]", 0, 0), "no rows"),
        refused("no-features.safetensors", of("[2,0]", 0, 0), "0 features"),
        refused("brackets.safetensors", with_header(&"[".repeat(1 << 20), 0), ""),
        fine("two-rows.safetensors", of("[2,2]", 4, 4), 2),
    ]
}

/// Two rows with two labels from a separate file.
fn with_labels(name: &'static str, labels: &str) -> Case {
    let reading = Reading { labels: Some(labels.to_owned()), ..Reading::default() };
    fine(name, idx(8, &[2, 2], &[1, 2, 3, 4]), 2).read_as(reading)
}

/// Two rows with labels from a separate file. The error names that file, unless `words` is about the number of rows.
fn labelled(name: &'static str, labels: &str, words: &'static str) -> Case {
    let reading = Reading { labels: Some(labels.to_owned()), ..Reading::default() };
    let case = refused(name, idx(8, &[2, 2], &[1, 2, 3, 4]), words).read_as(reading);
    if words.contains("rows") { case } else { case.naming(labels) }
}

fn arrays() -> Vec<Case> {
    let values = floats(&[0.0, 1.0, f32::NAN, 2.0]);
    let huge = [1e39f64, 1.0].map(f64::to_le_bytes).concat();
    let plain = npy("<f4", "(2, 2)", &values);
    let headed = |length: u32| [b"\x93NUMPY\x02\x00", &length.to_le_bytes()[..], b"{'descr': '<f4'"].concat();
    let deep = format!("{{'descr': {}'<f4'{}, }}", "[".repeat(60), "]".repeat(60));
    let deep = [b"\x93NUMPY\x01\x00", &(deep.len() as u16).to_le_bytes()[..], deep.as_bytes()].concat();
    vec![
        refused("declares-2-31.npy", npy("<f4", "(2147483648, 2)", &[]), "declares"),
        refused("header-length.npy", headed(0xFFFF_FFF0), "header"),
        refused("header-cut.npy", headed(200), "header"),
        refused("header-deep.npy", deep, "header"),
        refused("version-9.npy", b"\x93NUMPY\x09\x00\x10\x00", "header"),
        refused("overflows.npy", npy("<f8", "(18446744073709551615, 18446744073709551615)", &[]), ""),
        refused("wide.npy", npy("<f8", "(340282366920938463463374607431768211456, 2)", &[]), ""),
        refused("negative.npy.npy", npy("<f4", "(-1, 2)", &values), ""),
        refused("many-sizes.npy", npy("<f4", &format!("({})", "1, ".repeat(1500)), &values), ""),
        refused("object.npy", npy("|O", "(2, 2)", &[0; 32]), "type"),
        refused("structured.npy", npy("[('a', '<f4'), ('b', '<i4')]", "(2,)", &[0; 16]), ""),
        refused("complex.npy", npy("<c8", "(1, 2)", &[0; 16]), "type"),
        refused("text.npy", npy("<U3", "(1, 2)", &[0; 24]), "type"),
        refused("quadruple.npy", npy("<f16", "(1, 2)", &[0; 32]), "type"),
        refused("short.npy", npy("<f4", "(3, 2)", &values), "declares 24"),
        refused("long.npy", npy("<f4", "(1, 2)", &values), "declares 8"),
        refused("rank-0.npy", npy("<f4", "()", &values[..4]), "dimensions"),
        refused("rank-1.npy", npy("<f4", "(4,)", &values), "dimensions"),
        refused("no-rows.npy", npy("<f4", "(0, 2)", &[]), "no rows"),
        refused("no-features.npy", npy("<f4", "(2, 0)", &[]), "0 features"),
        refused("nan.npy", plain.clone(), "row 1, column 0"),
        refused("nan-in-columns.npy", npy_in_columns("<f4", "(2, 2)", &values), "row 0, column 1"),
        refused("inf.npy", npy("<f8", "(1, 2)", &huge), "row 0, column 0").missing(Missing::Keep),
        refused("no-array.npy", "this is text", "header"),
        refused("other.npy", fixture("idx/u1.idx"), "header"),
        fine("kept.npy", plain.clone(), 2).missing(Missing::Keep),
        fine("dropped.npy", plain, 1).missing(Missing::Drop),
        fine("one-row.npy", npy("|u1", "(1, 2)", &[1, 2]), 1),
    ]
}

fn archives() -> Vec<Case> {
    let keyed = fixture("npz/stored-keyed.npz");
    let key = |key: &str| Reading { key: Some(key.to_owned()), ..Reading::default() };
    let holes = npy("<f4", "(2, 2)", &floats(&[0.0, 1.0, f32::NAN, 2.0]));
    let wrong_shape = npy("<f8", "(4611686018427387904, 2)", &[0; 64]);
    vec![
        refused("no-zip.npz", "this is no archive, though it is long enough to be one", ""),
        refused("cut.npz", cut("npz/deflated.npz", 30), ""),
        refused("no-key.npz", keyed.clone(), "first").read_as(key("third")),
        refused("many.npz", keyed, "second"),
        refused("empty-archive.npz", archive(&[]), ""),
        refused("no-array.npz", archive(&[("x.npy", b"no array")]), ""),
        refused("notes.npz", archive(&[("notes.txt", b"no array")]), ""),
        refused("wrong-shape.npz", archive(&[("x.npy", &wrong_shape)]), ""),
        refused("nan.npz", archive(&[("x.npy", &holes)]), "row 1, column 0"),
        refused("flipped.npz", flipped("npz/deflated.npz", 200), ""),
        fine("dropped.npz", archive(&[("x.npy", &holes)]), 1).missing(Missing::Drop),
    ]
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(*name, options).expect("written to memory");
        archive.write_all(bytes).expect("written to memory");
    }
    archive.finish().expect("written to memory").into_inner()
}

/// Changes a bit of a fixture.
fn flipped(name: &str, index: usize) -> Vec<u8> {
    let mut bytes = fixture(name);
    bytes[index] ^= 0x10;
    bytes
}

fn folders() -> Vec<Case> {
    let picture = |name: &str| Content::Bytes(fixture(&format!("images/{name}")));
    let grey = || picture("grey/a/0.png");
    let mut wide = fixture("images/grey/a/0.png");
    // The header and its checksum, for a width of 3 pixels instead of 6.
    let header = [b"IHDR", &[0, 0, 0, 3, 0, 0, 0, 4, 8, 0, 0, 0, 0][..]].concat();
    let mut sum = flate2::Crc::new();
    sum.update(&header);
    wide.splice(12..33, header.into_iter().chain(sum.sum().to_be_bytes()));
    let frames = fixture("images/frames/2.gif");
    let mut no_pixels = frames.clone();
    no_pixels[6..8].fill(0);
    // The second frame declares 41,032 by 49,472 pixels.
    let mut huge_frame = frames.clone();
    let descriptor = frames.windows(9).rposition(|bytes| bytes == b",\0\0\0\0\x06\0\x04\0").expect("a frame");
    huge_frame[descriptor + 5..descriptor + 9].copy_from_slice(&[0x48, 0xa0, 0x40, 0xc1]);
    vec![
        refused("no-pixels", Content::Folder(vec![("0.gif", no_pixels.into())]), "0.gif"),
        fine("huge-frame", Content::Folder(vec![("0.gif", huge_frame.into())]), 1),
        refused("empty-folder", Content::Folder(vec![]), ""),
        refused("notes", Content::Folder(vec![("notes.txt", "no picture".into())]), "1"),
        refused("sizes", Content::Folder(vec![("a/0.png", grey()), ("a/1.png", wide.into())]), "1.png"),
        refused("colours", Content::Folder(vec![("a/0.png", grey()), ("b/1.png", picture("rgb/a/0.PNG"))]), "1.png"),
        refused(
            "broken",
            Content::Folder(vec![("0.png", grey()), ("1.png", cut("images/grey/a/0.png", 30).into())]),
            "1.png",
        ),
        refused("no-png", Content::Folder(vec![("0.png", "no picture".into())]), "0.png"),
        refused("empty-picture", Content::Folder(vec![("0.jpg", "".into())]), "0.jpg"),
        refused("cut-jpeg", Content::Folder(vec![("0.jpg", cut("images/jpeg/a/0.jpg", 500).into())]), "0.jpg"),
        refused("mixed-levels", Content::Folder(vec![("0.png", grey()), ("a/1.png", grey())]), ""),
        refused(
            "half-a-set",
            Content::Folder(vec![("train-images-idx3-ubyte", idx(8, &[1, 1, 1], &[1]).into())]),
            "train-labels",
        ),
        fine("one-picture", Content::Folder(vec![("0.png", grey())]), 1),
    ]
}

/// Files and folders without a known format, or with a wrong extension.
fn others() -> Vec<Case> {
    vec![
        refused("empty.idx", "", "empty"),
        refused("empty.npy", "", "empty"),
        refused("empty.npz", "", "empty"),
        refused("empty.csv", "", "empty"),
        refused("empty.tsv", "", "empty"),
        refused("empty.csv.gz", "", "empty"),
        refused("empty.parquet", "", "empty"),
        refused("empty.arrow", "", "empty"),
        refused("empty.feather", "", "empty"),
        refused("empty", "", "empty"),
        refused("movie.mp4", "no data", "known format"),
        refused("folder.csv", Content::Folder(vec![]), ""),
    ]
}
