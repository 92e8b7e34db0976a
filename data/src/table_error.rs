//! The errors of mixed tables.

use std::path::PathBuf;

/// Why a table cannot be read as a mixed table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum TableError {
    #[error("{}: {position}, column `{column}`: {value} is not {expected}; {advice}", path.display())]
    Value { path: PathBuf, position: String, column: String, value: String, expected: &'static str, advice: String },

    #[error(
        "{}: {position}, column `{column}`: the value is missing; pass --missing mask to give missing values to the \
         network as they are, or --missing drop to leave out their rows",
        path.display()
    )]
    Missing { path: PathBuf, position: String, column: String },

    #[error(
        "{}: {position}, column `{column}`: the value is missing, and only numbers can be filled in with their mean or \
         median; pass --missing mask to give missing values to the network as they are, or --missing drop to leave out \
         their rows",
        path.display()
    )]
    Fill { path: PathBuf, position: String, column: String },

    #[error(
        "{}: column `{column}` has {levels} different texts in {rows} rows, so it probably contains names or \
         identifiers; exclude it with --ignore, or pass --types {option} if it is a category",
        path.display()
    )]
    Identifiers { path: PathBuf, column: String, levels: usize, rows: usize, option: String },

    #[error(
        "{}: column `{column}` has more than {limit}, which is too much for a category; exclude it with --ignore",
        path.display()
    )]
    Levels { path: PathBuf, column: String, limit: String },

    #[error(
        "{}: column `{column}` has a text of {bytes} bytes, expected at most {most} in a category; exclude \
         the column with --ignore",
        path.display()
    )]
    LongLevel { path: PathBuf, column: String, bytes: usize, most: usize },

    #[error(
        "{}: the order of the levels of column `{column}` is unknown; write it like --types {option}",
        path.display()
    )]
    Order { path: PathBuf, column: String, option: String },

    #[error(
        "{}: the ordered column `{column}` has {levels} levels, and the limit is {limit}; pass --types {option} to read \
         it as numbers, or raise the limit with --max-levels",
        path.display()
    )]
    OrderedLevels { path: PathBuf, column: String, levels: usize, limit: usize, option: String },

    #[error("{}: column `{column}` has the level {level}, which --types does not name in its order; add it", path.display())]
    NotInOrder { path: PathBuf, column: String, level: String },

    #[error(
        "{}: column `{column}` has no value in any row; exclude it with --ignore",
        path.display()
    )]
    EmptyColumn { path: PathBuf, column: String },

    #[error(
        "{}: the label column `{column}` has the value {value}, and `;` separates the values of several label columns; \
         replace it in the file, or name one label column",
        path.display()
    )]
    LabelSeparator { path: PathBuf, column: String, value: String },

    #[error(
        "{}: row {row}, column `{column}`: {value} is not a date, and other values of the column are; correct it, write a \
         missing date as NA, or pass --types {option} if the column is a category",
        path.display()
    )]
    NotDate { path: PathBuf, row: usize, column: String, value: String, option: String },

    #[error("{}: --types names `{name}`, which is not a feature of the table; expected {columns}", path.display())]
    TypeOfNothing { path: PathBuf, name: String, columns: String },

    #[error("{}: the table lacks columns that the model was trained with: {names}", path.display())]
    ColumnsMissing { path: PathBuf, names: String },

    #[error(
        "{}: {option} does not apply to a mixed table, which is a table with text, or one with --types or --missing \
         mask; {advice}",
        path.display()
    )]
    Option { path: PathBuf, option: &'static str, advice: &'static str },

    #[error(
        "{}: the samples are lists or images and not the columns of a table; leave out --types and --missing mask",
        path.display()
    )]
    NoColumns { path: PathBuf },

    #[error("{}: {source}", path.display())]
    Schema { path: PathBuf, source: narrows_table::SchemaError },
}
