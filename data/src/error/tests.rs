use super::*;

#[test]
fn messages_name_the_position_and_what_to_do() {
    let cases = [
        (
            DataError::SetMissing { name: "mnist", folders: vec!["a".into(), "b".into()] },
            "the data set `mnist` was not found (looked in a, b); download it with `just data mnist`",
        ),
        (
            DataError::CellMissing { path: "t.csv".into(), line: 3, column: "`age`".to_owned(), cell: String::new() },
            "t.csv: line 3, column `age` is empty; pass --missing mean, median, drop or mask",
        ),
        (
            DataError::Ragged { path: "t.csv".into(), line: 3, expected: 2, found: 1, advice: String::new() },
            "t.csv: line 3 has 1 cell, expected 2",
        ),
    ];
    for (error, message) in cases {
        assert_eq!(error.to_string(), message);
    }
}
