//! First lines of numbers, which may be headers, and what else of a table is said because it may be misread.

use super::*;

#[test]
fn a_first_line_that_numbers_the_columns_or_is_in_quotes_is_the_header_and_this_is_said() {
    let cases = [
        ("0,1\n1.5,2.5\n", "", "0 1", "numbers the columns from 0"),
        (",0\n0,2.5\n", "", "0", "numbers the columns from 0"),
        ("0,1,2\n0,7,8\n", "label=0", "1 2", "numbers the columns from 0"),
        ("\"10\",\"20\"\n1.5,2.5\n", "", "10 20", "is in quotes, unlike the next one"),
        ("\"10\",\"20\"\n\"1\",2.5\n", "", "10 20", "is in quotes, unlike the next one"),
    ];
    for (file, words, names, reason) in cases {
        let table = read(file, &reading(words)).expect(file);
        assert_eq!((table.rows.len(), table.head.columns.map(|names| names.join(" ")).as_deref()), (1, Some(names)));
        let note = &table.notes[0];
        assert!(note.starts_with(&format!("the first line {reason}")) && note.contains("it is the header"), "{note}");
        let all = read(file, &reading(&format!("{words} header=no missing=keep"))).expect(file);
        assert_eq!((all.rows.len(), all.notes), (2, vec![]), "{file:?}");
    }
}

#[test]
fn a_first_line_of_numbers_that_may_be_a_header_is_a_sample_and_this_is_said() {
    let suspicious = [
        "1,2,3\n1.5,2.5,3.5\n",
        "2019,2020\n1.5,2.5\n",
        "400.5,401.0,401.5\n0.25,0.5,0.875\n",
        "400.5,401.0,401.5\n0.25,0.5,0.75\n",
        "0\n1.5\n",
        "NA,nan\n1,2\n",
        ",\n1,2\n",
    ];
    for file in suspicious {
        let table = read(file, &reading("missing=keep")).expect(file);
        assert_eq!((table.rows.len(), table.head.columns), (2, None), "{file:?}");
        assert!(table.notes[0].starts_with("the first line has no text, so it is a sample"), "{:?}", table.notes);
        assert_eq!(read(file, &reading("missing=keep header=no")).expect(file).notes, [""; 0]);
    }
    for file in ["1,2\n3,4\n", "1,2,3\n4,5,6\n", "0,1\n0,1\n", "\"0\",\"5\"\n\"1\",\"2\"\n", "1\n2\n", "5,7\n1,2.5\n"] {
        let table = read(file, &Reading::default()).expect(file);
        assert_eq!((table.rows.len(), table.notes), (2, vec![]), "{file:?}");
    }
}

#[test]
fn two_first_columns_without_names_are_no_features() {
    let table = read(",,a\n3,7,1\n3,9,2\n", &Reading::default()).expect("a table");
    assert_eq!((table.rows, table.others.len()), (vec![vec![1.0], vec![2.0]], 2));
    assert!(table.notes[0].contains("the first 2 columns have no name"), "{:?}", table.notes);
}

#[test]
fn blank_lines_between_the_rows_of_one_column_are_counted() {
    for (file, count) in [
        ("a\n1\n\n2\n  \n\n3\n\n", Some("3 blank lines were")),
        ("\n1\r\n\r\n2\r\n", Some("a blank line was")),
        ("1\r\n2\r3", None),
    ] {
        let table = read(file, &Reading::default()).expect(file);
        assert_eq!(table.notes.len(), usize::from(count.is_some()), "{:?}", table.notes);
        assert!(table.notes.iter().all(|note| note.starts_with(count.unwrap_or_default())), "{:?}", table.notes);
    }
    assert_eq!(read("1,2\n\n3,4\n", &Reading::default()).expect("two columns").notes, [""; 0]);
}

#[test]
fn labels_that_look_like_missing_values_are_named() {
    let table = read("a,k\n1,cat\n2,NA\n3,nan\n4,NA\n", &reading("label=k")).expect("labels");
    assert_eq!(table.labels.map(|labels| labels.len()), Some(4));
    assert!(table.notes[0].starts_with("`NA`, `nan` are classes here and not a missing label"), "{:?}", table.notes);
}
