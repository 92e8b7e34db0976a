//! Errors in tables name their position, and are found early and in little memory.

use super::*;
use crate::source::csv::records::{MAX_BYTES, MAX_CELLS};

fn error_message(text: impl AsRef<[u8]>, words: &str) -> String {
    read(text, &reading(words)).map(drop).expect_err(words).to_string()
}

#[test]
fn errors_name_the_line_and_column() {
    let cases: [(&[u8], &str, &str); 60] = [
        (b"", "", "is empty"),
        (b"\n\n", "", "is empty"),
        (b"\xef\xbb\xbf", "", "is empty"),
        (b"a,b\n", "", "has no rows"),
        (b"label\n1\n", "label=label", "0 features"),
        (b"1\n", "ignore=0", "0 features"),
        (b"a,b\n\"x\ny\",1\n", "", "column `a` is `x\\ny`, expected a finite number"),
        (
            b"\"a\nb\",c\nx,y\n",
            "",
            "the columns `a\\nb` (`x`), `c` (`y`) contain text (from line 3), expected numbers; pass --types",
        ),
        (b"a,b\n1,2\n", "columns=c\u{1b}", "has no column `c\\u{1b}`; expected an index from 0 to 1"),
        (b"a,b\n1,2\n3\n", "", "line 3 has 1 cell, expected 2"),
        (b"a,b\n1,2,\n", "", "line 2 has 3 cells, expected 2; it ends with a delimiter, so remove it from each line"),
        (b"a;b\nr;1;2\n", "delimiter=;", "line 2 has 3 cells, expected 2; if it starts with a row name, as R's"),
        (
            b"a\n1,5\n",
            "",
            "line 2 has 2 cells, expected 1; if it is one number with a decimal comma, pass --decimal ','",
        ),
        (b"a,b,\n1,2,\n", "", "line 2, column `column2` is empty"),
        (b"a,b\n1,2\n3,x\n", "", "line 3, column `b` is `x`, expected a finite number"),
        (
            b"a,b\n1,2\n3,x\n",
            "",
            "correct the cell, pass --types b=category if the column is a category, or exclude it with --ignore",
        ),
        (
            b"a,b\n1,2\n3,x\n",
            "columns=a,b",
            "correct the cell, pass --types b=category if the column is a category, or leave it out of --columns",
        ),
        (
            b"x;y\n1;2\n",
            "",
            "is `1;2`, expected a finite number; set the character that separates the cells with --delimiter ';'",
        ),
        (b"x;y\n1,5;2\n", "delimiter=;", "column `x` is `1,5`, expected a finite number; pass --decimal ','"),
        (b"x,x\n1,2\n3,y\n", "", "column `x.1` is `y`"),
        (
            b"x;y\n0,5;2,5\n",
            "",
            "line 2 has 3 cells, expected 1; the first line contains `;`, so pass --delimiter ';', and --decimal ',' if",
        ),
        (
            b"x;y\n1.000,50;2,5\n",
            "delimiter=;",
            "`1.000,50`, expected a finite number; pass --decimal ',' and --thousands '.'",
        ),
        (
            b"x;y\n1.000,5;2\n",
            "delimiter=; decimal=,",
            "expected a finite number; pass --thousands '.' if `.` separates",
        ),
        (b"x;y\n1.5;2\n", "delimiter=; decimal=,", "expected a finite number; leave out --decimal"),
        (
            b"x,y\n\"1,000\",2\n",
            "",
            "expected a finite number; pass --thousands ',' if `,` separates thousands, or --decimal ','",
        ),
        (
            b"x\n1\n",
            "decimal=, thousands=,",
            "`,` cannot be both the decimal sign and the thousands separator; change --decimal or",
        ),
        (b"x;y\n1;2\n", "label=x", "no column `x`; expected `x;y`, its only column (if another character separates"),
        (b"1,2\n\n\n3,x\n", "", "line 4, column 1 (counted from 0) is `x`"),
        (b"1,2\r\n\r\n3,4\r\n5,x\r\n", "", "line 4, column 1 (counted from 0) is `x`"),
        (b"1,2\r3,4\r\r5,x\r", "", "line 4, column 1 (counted from 0) is `x`"),
        (b"1,\"a\n\nb\"\n3,c\nx,d\n", "ignore=1", "line 5, column 0 (counted from 0) is `x`"),
        (b"1,\"a\r\nb\"\r\nx,d\r\n", "ignore=1", "line 3, column 0 (counted from 0) is `x`"),
        (b"1,2\n3,", "", "line 2, column 1 (counted from 0) is empty; pass --missing"),
        (b"1,\n3,4\n", "", "line 1, column 1 (counted from 0) is empty"),
        (b"a,b\n1,2\ntrue,3\n", "", "line 3, column `a` is `true`, expected a finite number"),
        (
            b"a,b\ntrue,2\n1,3\n",
            "",
            "line 3, column `a` is `1`, expected a finite number; the values above are booleans of one notation, so correct \
             the cell, or pass --types a=category",
        ),
        (b"a,b\ntrue,2\nyes,3\n", "", "line 3, column `a` is `yes`, expected a finite number; the values above are"),
        (b"1,2\n3,NaN\n", "", "line 2, column 1 (counted from 0) contains the missing value `NaN`"),
        (b"1,2\n3,1e39\n", "missing=keep", "line 2, column 1 (counted from 0) is `1e39`, which is outside the range"),
        (b"1,2\n3,-inf\n", "missing=keep", "line 2, column 1 (counted from 0) is `-inf`, which is outside the range"),
        (b"a,b\n1,2\n3,\n", "label=b missing=keep", "line 3, column `b` is empty, expected a label"),
        (b"a,b\n1,2\n", "label=c", "no column `c`; expected an index from 0 to 1, or a name (`a`, `b`)"),
        (b"a,b\n1,2\n", "columns=a,c", "no column `c`"),
        (b"a,b\n1,2\n", "ignore=2", "no column `2`"),
        (b"1,2\n", "label=2", "an index from 0 to 1 (the file has no header)"),
        (b"a,b\n1,2\n", "label=a header=no", "an index from 0 to 1 (the file has no header)"),
        (b"a,b\n1,2\n", "columns=a,0", "column `a` is selected twice"),
        (b"a,b\n1,2\n", "columns=a,b label=b", "column `b` is selected twice"),
        (b"a,b\n1,2\n", "columns=a ignore=b", "--columns and --ignore cannot be used together"),
        (b"1,a\n1,2\n", "", "line 1 mixes numbers (`1` in column 0, counted from 0) and text; pass --header"),
        (b"NA,a\n1,2\n", "", "line 1 mixes numbers (`NA` in column 0, counted from 0)"),
        (b"0,kind\n1,2\n3,4\n5,x\n", "label=1", "the label in line 4 is `x`; pass --header yes or no"),
        (b"1,2\n3,\xff\n", "", "line 2 is not UTF-8"),
        (b"1,a\n3,\xff\n", "label=1", "line 2 is not UTF-8"),
        (b"a,\xff\n3,4\n", "", "line 1 is not UTF-8"),
        (b"1,2\n3,\x004\n", "", "line 2 is not UTF-8"),
        (b"\xff\xfe1\0,\x002\0", "", "is UTF-16 text; save the file as UTF-8"),
        (b"\xfe\xff\x001\0,\x002", "", "is UTF-16 text"),
        (b"1,2\n3,\"4\n5,6\n", "", "the record that starts in line 2 has an unclosed quote"),
        (b"1,2\n", "delimiter=; quote=;", "`;` cannot be both the delimiter and the quote character"),
    ];
    for (text, words, expected) in cases {
        let message = error_message(text, words);
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}

#[test]
fn one_error_names_all_columns_of_text() {
    let text = "id,sex,age,\"height, cm\"\n1,f,40,x\n2,m,41,y\n3,m,old,z\n";
    let message = error_message(text, "");
    assert!(
        message.contains("columns `sex` (`f`), `age` (`old`), `height, cm` (`x`) contain text (from line 2)"),
        "{message}"
    );
    assert!(
        message.contains("pass --types sex=category,age=category,'\"height, cm=category\"' to read them as they are"),
        "{message}"
    );
    assert!(message.contains("--ignore sex,age,'\"height, cm\"'"), "{message}");
    let message = error_message("1,a,b\n2,a,2024-02-28\n", "header=no");
    assert!(message.contains("--types column1=category,column2=category"), "{message}");
    assert!(message.ends_with("--ignore 1,2"), "{message}");
    let message = error_message("a,b,t\nx,y,1\n", "time=t");
    assert!(message.contains("exclude them with --ignore a,b, or use one of them as the labels"), "{message}");
}

#[test]
fn a_record_without_an_end_is_refused_with_the_line_of_its_start() {
    let lines = "a\n".repeat(MAX_BYTES / 2 + 1000);
    let texts = [
        format!("1,2\n3,\"{lines}"),
        format!("1,2\n3,{}", lines.replace('\n', "b")),
        format!("1,2\n{}", ",".repeat(MAX_CELLS + 10)),
    ];
    for text in texts {
        assert!(error_message(&text, "ignore=1").contains("the record that starts in line 2 has more than"));
    }
}

#[test]
fn the_number_of_pass_through_columns_is_limited() {
    let message = error_message(format!("a{}\n", ",b".repeat(100_000)), "columns=a");
    assert!(message.contains("has 100000 columns in addition to the features, expected at most 65536"), "{message}");
}

#[test]
fn truncated_gzip_and_decompression_bombs_are_refused() {
    let text = "0.25,0.5\n".repeat(10_000);
    let packed = gzipped(text.as_bytes());
    let cut = packed.get(..packed.len() / 2).expect("the first half");
    let message = error_message(cut, "");
    assert!(message.contains("ends too early"), "{message}");
    let message = error_message(gzipped("0,0\n".repeat(8 << 20).as_bytes()), "");
    assert!(message.contains("unpacks to more than 200 times its compressed size"), "{message}");
}

#[test]
fn a_file_of_labels_must_have_one_column_without_empty_cells() {
    let cases: [(&[u8], &str); 5] = [
        (b"1,2\n", "line 1 has 2 cells, expected 1"),
        (b"1\n\n2,3\n", "line 3 has 2 cells, expected 1"),
        (b"1\n\"\"\n", "line 2, column 0 (counted from 0) is empty, expected a label"),
        (b"1\n\xff\n", "line 2 is not UTF-8"),
        (b"", "is empty"),
    ];
    for (text, expected) in cases {
        let (_folder, path) = write_file("labels.csv", text);
        let message = crate::source::csv::read_labels(&path).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message} lacks {expected}");
    }
}
