//! The accepted notations of tables.

use super::*;

#[test]
fn header_byte_order_mark_spaces_quotes_and_line_ends_do_not_change_the_values() {
    let texts = [
        "1,2\n3,4",
        "a,b\n1,2\n3,4\n",
        "\u{feff}a,b\r\n1,2\r\n3,4\r\n",
        "\u{feff}1, 2\n\n3,4 ",
        "\r\n\r\n1,2\r\n\r\n3,4\r\n\r\n",
        "a,b\r1,2\r3,4\r",
        "1,2\n  \n3,4\n \t\n",
        "\"1\",\"2\"\n\"3\",\"4\"",
        "\"a\", \"b\"\n\"1\", \"2\"\n\" 3 \", \"4\" \n",
        "+1.0,2e0\n.3e1,4.\n",
    ];
    for text in texts {
        let table = read(text, &Reading::default()).expect(text);
        assert_eq!(table.rows, [[1.0, 2.0], [3.0, 4.0]], "{text:?}");
        assert_eq!((table.labels, table.others), (None, vec![]), "{text:?}");
        let names = (text.contains('a')).then(|| vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!((table.head.columns, table.head.sample_shape), (names, vec![2]), "{text:?}");
    }
}

#[test]
fn delimiter_and_quote_come_from_the_options_or_the_extension() {
    let cases: [(&str, &str, &str); 7] = [
        ("t.csv", "1;2\n3;4\n", "delimiter=;"),
        ("t.csv", "1\t2\n3\t4\n", "delimiter=tab"),
        ("t.csv", "'1'|2\n3|'4'\n", "delimiter=| quote='"),
        ("t.tsv", "a\tb\n1\t2\n3\t4\n", ""),
        ("T.TSV", "1\t2\n3\t 4\n", ""),
        ("t.tsv", "1,2\n3,4\n", "delimiter=,"),
        ("t.tsv.gz", "1\t2\n3\t4\n", ""),
    ];
    for (name, text, words) in cases {
        for bytes in [text.as_bytes().to_vec(), gzipped(text.as_bytes())] {
            let table = read_named(name, bytes, &reading(words), 1).expect(text);
            assert_eq!(table.rows, [[1.0, 2.0], [3.0, 4.0]], "{name}: {text:?}");
        }
    }
}

#[test]
fn the_label_column_is_selected_by_name_or_index() {
    let integers = ["7", "8"];
    let text = ["cat", "dog"];
    let cases = [
        ("a,kind,b\n1,7,2\n3,8,4\n", "label=kind", "kind", integers),
        ("a,kind,b\n1,7,2\n3,8,4\n", "label=1", "kind", integers),
        ("1,7,2\n3,8,4\n", "label=1", "column1", integers),
        ("1,2,cat\n3,4,dog\n", "label=2", "column2", text),
        ("1,2,cat\n3,4,dog\n", "label=2 header=no", "column2", text),
        ("1,2,x\n1,2,cat\n3,4,dog\n", "label=2 header=yes", "x", text),
        ("0,1,label\n1,2,7\n3,4,8\n", "label=2", "label", integers),
        ("a,b,2024\n1,2,7\n3,4,8\n", "label=2024", "2024", integers),
        ("a,b,2024\n1,2,7\n3,4,8\n", "label=2", "2024", integers),
        ("a,kind,b\n1,\"c\"\"a\nt\",2\n3,\" dog \",4\n", "label=kind", "kind", ["c\"a\nt", "dog"]),
    ];
    for (file, words, name, labels) in cases {
        let table = read(file, &reading(words)).expect(file);
        assert_eq!(table.rows, [[1.0, 2.0], [3.0, 4.0]], "{file:?}");
        let labels = labels.map(str::to_owned).to_vec();
        assert_eq!(table.others, [(name.to_owned(), labels.clone())], "{file:?}");
        assert_eq!((table.labels, table.head.has_labels), (Some(Labels::Text(labels)), true), "{file:?}");
    }
}

#[test]
fn columns_are_selected_ignored_or_passed_through() {
    let named = "id,a,kind,b\nx1,1,cat,2\nx2,3,dog,4\n";
    let bare = "x1,1,cat,2\nx2,3,dog,4\n";
    let cases = [
        (named, "columns=b,a", "[[2.0, 1.0], [4.0, 3.0]]", "b a", "id=x1,x2 kind=cat,dog"),
        (named, "columns=3", "[[2.0], [4.0]]", "b", "id=x1,x2 a=1,3 kind=cat,dog"),
        (named, "columns=a label=kind", "[[1.0], [3.0]]", "a", "id=x1,x2 kind=cat,dog b=2,4"),
        (named, "ignore=id,kind", "[[1.0, 2.0], [3.0, 4.0]]", "a b", "id=x1,x2 kind=cat,dog"),
        (named, "ignore=0,id label=kind", "[[1.0, 2.0], [3.0, 4.0]]", "a b", "id=x1,x2 kind=cat,dog"),
        (named, "ignore=id,kind label=kind", "[[1.0, 2.0], [3.0, 4.0]]", "a b", "id=x1,x2 kind=cat,dog"),
        (bare, "columns=3,1", "[[2.0, 1.0], [4.0, 3.0]]", "", "column0=x1,x2 column2=cat,dog"),
        ("a,,kind\n1,2,cat\n3,4,dog\n", "columns=a,column1", "[[1.0, 2.0], [3.0, 4.0]]", "a column1", "kind=cat,dog"),
        (bare, "ignore=0 label=2", "[[1.0, 2.0], [3.0, 4.0]]", "", "column0=x1,x2 column2=cat,dog"),
    ];
    for (file, words, rows, names, others) in cases {
        let table = read(file, &reading(words)).expect(words);
        assert_eq!(format!("{:?}", table.rows), rows, "{words}");
        assert_eq!(table.head.columns.unwrap_or_default().join(" "), names, "{words}");
        let passed_through: Vec<_> =
            table.others.iter().map(|(name, cells)| format!("{name}={}", cells.join(","))).collect();
        assert_eq!(passed_through.join(" "), others, "{words}");
    }
}

#[test]
fn the_first_line_is_a_header_if_it_is_text() {
    let cases = [
        ("1,2\n", "", 1, None),
        ("a,b\n1,2\n", "", 1, Some("a b")),
        // The column of row numbers has no name, and is not a feature.
        (",b\n1,2\n", "", 1, Some("b")),
        (",b\n1,2\n", "columns=column0,b", 1, Some("column0 b")),
        (",\n1,2\n", "header=yes", 1, Some("column0 column1")),
        ("b,\n1,2\n", "", 1, Some("b column1")),
        ("1,2,cat\n", "label=2", 1, None),
        ("cat\n7\n", "header=yes", 1, Some("cat")),
        ("1,2\n3,4\n", "header=yes", 1, Some("1 2")),
        ("NA,2\n3,4\n", "missing=keep", 2, None),
        (",\n3,4\n", "missing=keep", 2, None),
        ("1,a\n3,4\n", "ignore=1", 2, None),
        ("1,a\n3,4\n", "ignore=a", 1, Some("1")),
        ("1,a\n3,4\n", "columns=0", 2, None),
        ("x,a\n3,4\n", "columns=0", 1, Some("x")),
        ("RI,Na,Mg\n1,2,3\n", "", 1, Some("RI Na Mg")),
    ];
    for (file, words, rows, names) in cases {
        let table = read(file, &reading(words)).expect(file);
        let found_names = table.head.columns.map(|names| names.join(" "));
        assert_eq!((table.rows.len(), found_names.as_deref()), (rows, names), "{file:?} {words}");
    }
}

#[test]
fn missing_values_are_nan_if_they_are_allowed() {
    for cell in [
        "", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "n/a", "#N/A", "<NA>", "#NA", "-1.#IND", " NA ",
        "\"\"", "\"NA\"",
    ] {
        for missing in ["mean", "median", "drop", "keep"] {
            let table = read(format!("1,2\n3,{cell}\n"), &reading(&format!("missing={missing}"))).expect(cell);
            assert!(table.rows[1][1].is_nan(), "{cell:?}");
        }
    }
    let table = read("a\n\"\"\n1\n", &reading("missing=keep")).expect("a line with one quoted empty cell");
    assert_eq!(table.rows.len(), 2);
}

#[test]
fn a_first_column_without_a_name_is_an_index_and_not_a_feature() {
    for (text, name) in [
        (",a,b\n7,1,2\n9,3,4\n", "column0"),
        ("\"\",a,b\nr1,1,2\nr2,3,4\n", "column0"),
        ("Unnamed: 0,a,b\n7,1,2\n9,3,4\n", "Unnamed: 0"),
    ] {
        let table = read(text, &Reading::default()).expect(text);
        assert_eq!(table.rows, [[1.0, 2.0], [3.0, 4.0]], "{text:?}");
        assert_eq!(table.others[0].0, name);
        assert!(table.notes[0].contains("the first column has no name"), "{:?}", table.notes);
    }
    let table = read(",a\n7,1\n", &reading("ignore=0")).expect("ignored by an option");
    assert_eq!((table.rows, table.notes), (vec![vec![1.0]], vec![]));
}

#[test]
fn columns_that_lose_distinct_values_are_named() {
    let table = read("t,v\n1700000010,0.5\n1700000017,0.25\n", &Reading::default()).expect("a table");
    assert_eq!(table.notes.len(), 1);
    assert!(table.notes[0].contains("in `t` (1700000017 becomes 1700000000); subtract an offset"), "{:?}", table.notes);
    let table = read("t\n1.700.000.010\n 1.700.000.017\n", &reading("thousands=. decimal=,")).expect("a table");
    assert!(table.notes[0].contains("1700000017 becomes"), "{:?}", table.notes);
}

#[test]
fn columns_of_the_same_name_get_different_names() {
    let table = read("A,X,X,E\n1,2,3,4\n", &Reading::default()).expect("a table");
    assert_eq!(table.head.columns.as_deref(), Some(&["A", "X", "X.1", "E"].map(str::to_owned)[..]));
    assert_eq!(table.notes, ["column 2 (counted from 0) is another `X` and is called `X.1`"]);
    let swapped = read("E,X,X,A\n4,2,3,1\n", &reading("columns=A,X,X.1,E")).expect("the same names");
    assert_eq!(swapped.rows, table.rows);
}

#[test]
fn the_decimal_sign_and_the_thousands_separator_are_options() {
    let cases = [
        ("x;y\n0,5;2.000\n1.000,25;3\n", "delimiter=; decimal=, thousands=."),
        ("x,y\n\"0,5\",2000\n\"1000,25\",3\n", "decimal=,"),
        ("x,y\n0.5,\"2,000\"\n\"1,000.25\",3\n", "thousands=,"),
        ("0,5;2000\n1000,25;3\n", "delimiter=; decimal=,"),
    ];
    for (text, words) in cases {
        assert_eq!(read(text, &reading(words)).expect(text).rows, [[0.5, 2000.0], [1000.25, 3.0]], "{text:?}");
    }
}

#[test]
fn the_first_line_of_excel_names_the_delimiter() {
    for start in ["sep=;\r\n", "\u{feff}sep=;\n", "\"sep=;\"\r\n", "SEP=;\r"] {
        let table = read(format!("{start}a;b\n1;2\n3;4\n"), &Reading::default()).expect(start);
        assert_eq!(table.rows, [[1.0, 2.0], [3.0, 4.0]], "{start:?}");
        assert_eq!(table.notes, ["the first line, `sep=;`, sets the delimiter"], "{start:?}");
    }
    let table = read("sep=;\n1|2\n", &reading("delimiter=|")).expect("the option decides");
    assert_eq!((table.rows, table.notes.len()), (vec![vec![1.0, 2.0]], 1));
    assert_eq!(read("sep=\n1\n", &Reading::default()).expect("a name").head.columns, Some(vec!["sep=".to_owned()]));
    let message = read("sep=;\na;b\n1;2\n3;x\n", &Reading::default()).map(drop).expect_err("text").to_string();
    assert!(message.contains("line 4, column `b` is `x`"), "{message}");
}

#[test]
fn booleans_are_one_and_zero() {
    let gap = f32::NAN;
    let cases = [
        ("a,b\nTrue,1\nFalse,2\n", "", vec![[1.0, 1.0], [0.0, 2.0]]),
        ("a,b\n yes ,1\nNO,2\n", "", vec![[1.0, 1.0], [0.0, 2.0]]),
        ("a,b\n,1\nTRUE,2\n,3\nfalse,4\n", "missing=keep", vec![[gap, 1.0], [1.0, 2.0], [gap, 3.0], [0.0, 4.0]]),
        // Booleans in the first line are a sample, unless names are next to them.
        ("no,1\nyes,2\n", "", vec![[0.0, 1.0], [1.0, 2.0]]),
        ("true,false\nfalse,true\n", "", vec![[1.0, 0.0], [0.0, 1.0]]),
        ("true,predicted\n1,2\n", "", vec![[1.0, 2.0]]),
    ];
    for (text, words, expected) in cases {
        let table = read(text, &reading(words)).expect(text);
        assert_eq!(format!("{:?}", table.rows), format!("{expected:?}"), "{text:?}");
    }
    let note = read("a,b\nyes,1\nno,2\n", &Reading::default()).expect("booleans").notes;
    assert_eq!(note, ["yes and no in `a` are read as 1 and 0"]);
}

#[test]
fn the_size_of_chunks_does_not_change_the_rows() {
    let rows = 2500;
    let text: String = (0..rows).map(|row| format!("{row},{}.5,\"k\n{}\"\n", row % 7, row % 3)).collect();
    let expected = read_named("t.csv", &text, &reading("label=2"), usize::MAX).expect("a table");
    assert_eq!((expected.rows.len(), &expected.rows[2499]), (rows, &vec![2499.0, 0.5]));
    for max_rows in [1, 7, 1000] {
        let table = read_named("t.csv.gz", gzipped(text.as_bytes()), &reading("label=2"), max_rows).expect("a table");
        assert_eq!(
            (table.rows, table.labels, table.others),
            (expected.rows.clone(), expected.labels.clone(), expected.others.clone())
        );
    }
}

#[test]
fn a_file_of_labels_may_have_a_header_above_integers() {
    let cases: [(&str, &[&str]); 5] = [
        ("digit\n3\n5\n", &["3", "5"]),
        ("3\r\n5", &["3", "5"]),
        ("cat\ndog\n", &["cat", "dog"]),
        ("cat\n3\ndog\n", &["cat", "3", "dog"]),
        ("cat\n", &["cat"]),
    ];
    for (text, labels) in cases {
        let (_folder, path) = write_file("labels.csv", text);
        let expected = Labels::Text(labels.iter().map(|&label| label.to_owned()).collect());
        assert_eq!(crate::source::csv::read_labels(&path).expect(text).0, expected, "{text:?}");
    }
}

#[test]
fn several_label_columns_are_one_label_and_no_features() {
    let read = |text: &str, label_column: &str| {
        read(text, &Reading { label_column: Some(label_column.to_owned()), ..Reading::default() })
    };
    let joined = Some(Labels::Text(vec!["1;2".to_owned(), "cat;2.5".to_owned()]));
    let table = "a,kind,size\n7,1.0,2\n8,cat,2.5\n";
    for label_column in ["kind,size", "1,2", "kind,\"size\""] {
        let read = read(table, label_column).expect(label_column);
        assert_eq!((read.rows, read.labels), (vec![vec![7.0], vec![8.0]], joined.clone()), "{label_column}");
    }
    // Without a header, and with a name that contains a comma.
    let plain = read("7,1,2\n8,3,4\n", "2,1").expect("numbers");
    assert_eq!(plain.labels, Some(Labels::Text(vec!["2;1".to_owned(), "4;3".to_owned()])));
    let comma = read("a,\"b,c\"\n7,x\n8,y\n", "b,c").expect("a name");
    assert_eq!(comma.labels, Some(Labels::Text(vec!["x".to_owned(), "y".to_owned()])));
    for (label_column, expected) in [("kind,kind", "selected twice"), ("kind,colour", "has no column `colour`")] {
        let message = read(table, label_column).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message}");
    }
}
