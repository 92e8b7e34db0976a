//! What is wrong with tables is told with its place, soon, and without much memory.

use super::*;
use crate::source::csv::records::{MOST_BYTES, MOST_CELLS};

fn fault(text: impl AsRef<[u8]>, words: &str) -> String {
    read(text, &reading(words)).map(drop).expect_err(words).to_string()
}

#[test]
fn faults_are_named_with_line_and_column() {
    let cases: [(&[u8], &str, &str); 42] = [
        (b"", "", "is empty"),
        (b"\n\n", "", "is empty"),
        (b"\xef\xbb\xbf", "", "is empty"),
        (b"a,b\n", "", "has no rows"),
        (b"label\n1\n", "label=label", "0 features"),
        (b"1\n", "ignore=0", "0 features"),
        (b"a,b\n1,2\n3\n", "", "line 3 has 1 cells, expected 2"),
        (b"a,b\n1,2,\n", "", "line 2 has 3 cells, expected 2"),
        (b"a,b,\n1,2,\n", "", "line 2, column 2 (`column2`) has no value (``)"),
        (b"a,b\n1,2\n3,x\n", "", "line 3, column 1 (`b`) is `x`, expected a finite number"),
        (b"a,b\n1,2\n3,x\n", "", "left out by --ignore, or named as that of the labels by --label-column"),
        (b"1,2\n\n\n3,x\n", "", "line 4, column 1 is `x`"),
        (b"1,2\r\n\r\n3,4\r\n5,x\r\n", "", "line 4, column 1 is `x`"),
        (b"1,2\r3,4\r\r5,x\r", "", "line 4, column 1 is `x`"),
        (b"1,\"a\n\nb\"\n3,c\nx,d\n", "ignore=1", "line 5, column 0 is `x`"),
        (b"1,\"a\r\nb\"\r\nx,d\r\n", "ignore=1", "line 3, column 0 is `x`"),
        (b"1,2\n3,", "", "line 2, column 1 has no value (``); --missing says"),
        (b"1,\n3,4\n", "", "line 1, column 1 has no value (``)"),
        (b"1,2\n3,NaN\n", "", "line 2, column 1 has no value (`NaN`)"),
        (b"1,2\n3,1e39\n", "missing=keep", "line 2, column 1 is `1e39`, which no finite"),
        (b"1,2\n3,-inf\n", "missing=keep", "line 2, column 1 is `-inf`, which no finite"),
        (b"a,b\n1,2\n3,\n", "label=b missing=keep", "line 3, column 1 (`b`) is empty, expected a label"),
        (b"a,b\n1,2\n", "label=c", "no column `c`; expected a number from 0 to 1, or a name (`a`, `b`)"),
        (b"a,b\n1,2\n", "columns=a,c", "no column `c`"),
        (b"a,b\n1,2\n", "ignore=2", "no column `2`"),
        (b"1,2\n", "label=2", "a number from 0 to 1 (the file has no header)"),
        (b"a,b\n1,2\n", "label=a header=no", "a number from 0 to 1 (the file has no header)"),
        (b"a,b,a\n1,2,3\n", "columns=a", "has two columns `a`, 0 and 2; say which one"),
        (b"a,b\n1,2\n", "columns=a,0", "column 0 (`a`) is asked for twice"),
        (b"a,b\n1,2\n", "columns=a,b label=b", "column 1 (`b`) is asked for twice"),
        (b"a,b\n1,2\n", "columns=a ignore=b", "--ignore means nothing"),
        (b"1,a\n1,2\n", "", "line 1 mixes numbers (`1` in column 0) and text; say by --header"),
        (b"NA,a\n1,2\n", "", "line 1 mixes numbers (`NA` in column 0)"),
        (b"0,kind\n1,2\n3,4\n5,x\n", "label=1", "that of line 4 is `x`; say by --header yes or no"),
        (b"1,2\n3,\xff\n", "", "line 2 is not UTF-8"),
        (b"1,a\n3,\xff\n", "label=1", "line 2 is not UTF-8"),
        (b"a,\xff\n3,4\n", "", "line 1 is not UTF-8"),
        (b"1,2\n3,\x004\n", "", "line 2 is not UTF-8"),
        (b"\xff\xfe1\0,\x002\0", "", "is UTF-16 text; save the file as UTF-8"),
        (b"\xfe\xff\x001\0,\x002", "", "is UTF-16 text"),
        (b"1,2\n3,\"4\n5,6\n", "", "the record that begins in line 2 has a quote that is not closed"),
        (b"1,2\n", "delimiter=; quote=;", "cannot have `;` both between cells and around them"),
    ];
    for (text, words, expected) in cases {
        let message = fault(text, words);
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

#[test]
fn a_record_without_an_end_is_refused_by_the_line_it_begins_in() {
    let lines = "a\n".repeat(MOST_BYTES / 2 + 1000);
    let texts = [
        format!("1,2\n3,\"{lines}"),
        format!("1,2\n3,{}", lines.replace('\n', "b")),
        format!("1,2\n{}", ",".repeat(MOST_CELLS + 10)),
    ];
    for text in texts {
        assert!(fault(&text, "ignore=1").contains("the record that begins in line 2 is longer than"));
    }
}

#[test]
fn a_wide_table_carries_no_more_than_memory_allows() {
    let message = fault(format!("a{}\n", ",b".repeat(100_000)), "columns=a");
    assert!(message.contains("has 100000 columns beside the sample, expected 65536 at most"), "{message}");
}

#[test]
fn packed_tables_that_are_cut_off_or_bombs_are_refused() {
    let text = "0.25,0.5\n".repeat(10_000);
    let packed = gzipped(text.as_bytes());
    let cut = packed.get(..packed.len() / 2).expect("half");
    let message = fault(cut, "");
    assert!(message.contains("ends before its content does"), "{message}");
    let message = fault(gzipped("0,0\n".repeat(8 << 20).as_bytes()), "");
    assert!(message.contains("unpacks to more than 200 times its own size"), "{message}");
}

#[test]
fn a_file_of_labels_has_one_column_and_no_empty_cell() {
    let cases: [(&[u8], &str); 5] = [
        (b"1,2\n", "line 1 has 2 cells, expected 1"),
        (b"1\n\n2,3\n", "line 3 has 2 cells, expected 1"),
        (b"1\n\"\"\n", "line 2, column 0 is empty, expected a label"),
        (b"1\n\xff\n", "line 2 is not UTF-8"),
        (b"", "is empty"),
    ];
    for (text, expected) in cases {
        let (_folder, path) = written("labels.csv", text);
        let message = crate::source::csv::read_labels(&path).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}
