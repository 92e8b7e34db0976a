//! Tables: CSV, JSON lines, Parquet and Arrow.

use narrows_data::{Missing, Reading};

use crate::{
    case::{Case, fine, refused},
    content::{cut, fixture, gzip},
};

pub(crate) fn cases() -> Vec<Case> {
    [text(), json_lines(), parquet(), arrow()].into_iter().flatten().collect()
}

fn label(column: &str) -> Reading {
    Reading { label_column: Some(column.to_owned()), ..Reading::default() }
}

fn columns(names: &[&str]) -> Reading {
    Reading { columns: Some(names.iter().map(ToString::to_string).collect()), ..Reading::default() }
}

fn text() -> Vec<Case> {
    let valid = gzip(b"a,b\n1,2\n3,4\n");
    vec![
        refused("ragged.csv", "a,b\n1,2\n3\n", "line 3 has 1 cell, expected 2"),
        refused("wide.csv", "a,b\n1,2\n3,4,5\n", "line 3 has 3 cells, expected 2"),
        refused("text.csv", "a,b\n1,2\n3,x\n", "line 3, column `b` is `x`"),
        refused("inf.csv", "a,b\n1,inf\n", "line 2, column `b`"),
        refused("minus-inf.csv", "a,b\n-Infinity,1\n", "line 2, column `a`").missing(Missing::Keep),
        refused("overflow.csv", "a,b\n1,1e39\n", "line 2, column `b`").missing(Missing::Drop),
        refused("nan.csv", "a,b\n1,2\n1,NaN\n", "line 3, column `b`"),
        refused("hole.csv", "a,b\n1,2\n,2\n", "line 3, column `a`"),
        refused("trailing.csv", "a,b\n1,2,\n", "line 2"),
        refused("headings.csv", "a,b\n", "no rows"),
        refused("blank.csv", "\n\n\n", ""),
        refused("mixed.csv", "a,2\n3,4\n", "line 1"),
        refused("utf-16.csv", b"\xff\xfea\0,\0b\0\n\x001\0,\x002\0\n\0", "UTF-8"),
        refused("latin-1.csv", b"h\xf6he,b\n1,2\n", "UTF-8"),
        refused("nul.csv", b"a,b\n1,\x00\n", "line 2"),
        refused("unclosed.csv", "a,b\n1,2\n\"3,4\n5,6\n", "line 3"),
        refused("cut.csv.gz", valid[..valid.len() - 9].to_vec(), "cut off"),
        refused("no-column.csv", "a,b\n1,2\n", "`c`").read_as(label("c")),
        refused("no-label.csv", "a,b\n1,2\n1,\n", "line 3, column `b`").read_as(label("b")),
        refused("no-sample.csv", "a,b\n1,2\n", "`c`").read_as(columns(&["a", "c"])),
        refused("all-holes.csv", "a,b\n,2\n1,\n", "row").missing(Missing::Drop),
        refused("no-value.csv", "a,b\n1,\n2,\n", "column `b`").missing(Missing::Mean),
        refused("key.csv", "a,b\n1,2\n", "key").read_as(Reading { key: Some("x".to_owned()), ..Reading::default() }),
        fine("mark.csv", "\u{feff}a,b\n1,2\n", 1),
        fine("windows.csv", "a,b\r\n1,2\r\n3,4\r\n", 2),
        // Some browsers unpack a file when they download it, and keep its name.
        fine("no-gzip.csv.gz", "a,b\n1,2\n", 1),
        fine("no-end.csv", "a,b\n1,2", 1),
        fine("quotes.csv", "\"a\",\"b\"\n\"1\",\"2\"\n", 1),
        fine("dropped.csv", "a,b\n1,2\n,2\n", 1).missing(Missing::Drop),
        fine("filled.csv", "a,b\n1,2\n,2\n", 2).missing(Missing::Median),
        fine("one-row.csv", "1,2\n", 1),
    ]
}

fn json_lines() -> Vec<Case> {
    let valid = gzip(b"{\"a\":1}\n{\"a\":2}\n");
    vec![
        refused("blank.jsonl", "\n \n", "is empty"),
        refused("cut.jsonl", "{\"a\":1}\n{\"a\":", "line 2 is not an object or an array"),
        refused("cut.jsonl.gz", valid[..valid.len() - 9].to_vec(), "cut off"),
        refused("nan.jsonl", "{\"a\":NaN}\n", "line 1 is not an object or an array"),
        refused("overflow.jsonl", "[1]\n[1e39]\n", "line 2, column 0"),
        refused("latin-1.jsonl", b"{\"a\":\"\xf6\"}\n", "line 1"),
        refused("nul.jsonl", "{\"a\":\"\\u0000\"}\n", "line 1"),
        refused("nested.jsonl", b"[".repeat(1 << 20), "line 1 is not an object or an array"),
        refused("long.jsonl", [&b"["[..], &b"1,".repeat(4 << 20)].concat(), "line 1 has more than 4 MB"),
        refused("wide.jsonl", [&b"["[..], &b"1,".repeat(1 << 20), b"1]\n[2]\n"].concat(), "more than 524288 values"),
        refused("keys.jsonl", [&b"{"[..], &b"\"a\":1,".repeat(1 << 19), b"\"b\":1}"].concat(), "more than 65536 keys"),
        refused("no-label.jsonl", "{\"a\":1,\"b\":null}\n", "column `b` is empty").read_as(label("b")),
        fine("mark.jsonl", "\u{feff}{\"a\":1}\r\n\r\n{\"a\":2}", 2),
        fine("valid.ndjson.gz", valid, 2),
        fine("dropped.jsonl", "{\"a\":1}\n{\"b\":2}\n{\"a\":1,\"b\":2}\n", 1).missing(Missing::Drop),
    ]
}

fn parquet() -> Vec<Case> {
    let mut scribbled = fixture("parquet/plain.parquet");
    scribbled[4..60].fill(0xa5);
    vec![
        refused("magic.parquet", b"PAR1PAR1", ""),
        refused("short.parquet", b"PAR1", ""),
        refused("footer.parquet", b"PAR1\xff\xff\xff\x7fPAR1", ""),
        refused("cut.parquet", cut("parquet/plain.parquet", 20), ""),
        refused("half.parquet", cut("parquet/mixed.parquet", 1000), ""),
        refused("scribbled.parquet", scribbled, ""),
        refused("other.parquet", fixture("arrow/plain.arrow"), ""),
        refused("nulls.parquet", fixture("parquet/nulls.parquet"), "row 1, column `width`"),
        refused("no-label.parquet", fixture("parquet/plain.parquet"), "height").read_as(label("kind")),
        fine("float-label.parquet", fixture("parquet/plain.parquet"), 5).read_as(label("width")),
        fine("text.parquet", fixture("parquet/mixed.parquet"), 5).read_as(columns(&["id"])),
        fine("dropped.parquet", fixture("parquet/nulls.parquet"), 4).missing(Missing::Drop),
    ]
}

fn arrow() -> Vec<Case> {
    vec![
        refused("magic.arrow", b"ARROW1\0\0", ""),
        refused("magics.arrow", b"ARROW1\0\0\xff\xff\xff\x7fARROW1", ""),
        refused("length.arrow", b"\xff\xff\xff\xff\xff\xff\xff\x7f", ""),
        refused("text.arrow", "this is no table of Arrow, nor a stream", ""),
        refused("cut.arrow", cut("arrow/plain.arrow", 100), ""),
        refused("cut-stream.arrow", cut("arrow/plain-stream.arrow", 100), ""),
        refused("cut.feather", cut("arrow/zstd.feather", 100), ""),
        refused("other.feather", fixture("parquet/plain.parquet"), ""),
        refused("nulls.arrow", fixture("arrow/nulls.arrow"), "row 1, column `width`"),
        refused("nulls-stream.arrow", fixture("arrow/nulls-stream.arrow"), "row 1, column `width`"),
        refused("no-label.arrow", fixture("arrow/plain.arrow"), "height").read_as(label("kind")),
        fine("dropped.arrow", fixture("arrow/nulls.arrow"), 4).missing(Missing::Drop),
    ]
}
