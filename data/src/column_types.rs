//! Types of columns as an option: what the values of a column of a mixed table mean.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{column_names::split_names, notation::as_text, printable::printable};

/// A column and what its values mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnType {
    /// The name of the column.
    pub name: String,
    /// What its values mean.
    pub kind: TypeName,
}

/// What the values of a column mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeName {
    /// Numbers.
    Number,
    /// Numbers with rare extreme values.
    HeavyTailed,
    /// Whole numbers of at least 0.
    Count,
    /// One of some values without an order.
    Category,
    /// One of some values in an order: the given one, or that of whole numbers if none is given.
    Ordered(Vec<String>),
    /// Dates, with or without a time of day.
    Date,
}

impl TypeName {
    /// Returns the name of the type, without the levels of an order.
    pub fn name(&self) -> &'static str {
        match self {
            TypeName::Number => "number",
            TypeName::HeavyTailed => "heavy-tailed",
            TypeName::Count => "count",
            TypeName::Category => "category",
            TypeName::Ordered(_) => "ordered",
            TypeName::Date => "date",
        }
    }
}

/// Types of columns. The alias keeps clap from treating a field of this type as a repeatable flag.
pub type ColumnTypes = Vec<ColumnType>;

/// `amount=number`, or `size=ordered:S|M|L`.
impl fmt::Display for ColumnType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ColumnType { name, kind } = self;
        write!(formatter, "{name}={}", kind.name())?;
        match kind {
            TypeName::Ordered(levels) if !levels.is_empty() => write!(formatter, ":{}", levels.join("|")),
            TypeName::Ordered(_)
            | TypeName::Number
            | TypeName::HeavyTailed
            | TypeName::Count
            | TypeName::Category
            | TypeName::Date => Ok(()),
        }
    }
}

impl FromStr for ColumnType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The levels of an order may contain `=`, and names may too.
        let (head, order) = match text.split_once("=ordered:") {
            Some((name, levels)) => (name, Some(levels)),
            None => (text, None),
        };
        let (name, kind) = match order {
            Some(levels) => {
                let levels: Vec<String> = levels.split('|').map(|level| level.trim().to_owned()).collect();
                if levels.iter().any(String::is_empty) {
                    return Err(format!(
                        "`{text}` has an empty level; write the levels in order, like size=ordered:S|M|L"
                    ));
                }
                (head, TypeName::Ordered(levels))
            }
            None => {
                let without = || format!("`{text}` has no type; expected a name and a type, like country=category");
                let (name, kind) = head.rsplit_once('=').ok_or_else(without)?;
                let kind = match kind.trim() {
                    "number" => TypeName::Number,
                    "heavy-tailed" => TypeName::HeavyTailed,
                    "count" => TypeName::Count,
                    "category" => TypeName::Category,
                    "ordered" => TypeName::Ordered(Vec::new()),
                    "date" => TypeName::Date,
                    other => {
                        return Err(format!(
                            "`{other}` is not a type of columns; expected number, heavy-tailed, count, category, \
                             ordered (like ordered:S|M|L) or date"
                        ));
                    }
                };
                (name, kind)
            }
        };
        match name.trim() {
            "" => Err(format!("`{text}` has no column name; expected a name and a type, like country=category")),
            name => Ok(ColumnType { name: name.to_owned(), kind }),
        }
    }
}

as_text!(ColumnType);

/// Parses types that are separated by commas, like `amount=number,country=category`.
pub(crate) fn parse(text: &str) -> Result<ColumnTypes, String> {
    let types = split_names(text)?.iter().map(|column| column.parse()).collect::<Result<ColumnTypes, String>>()?;
    match types.iter().enumerate().find(|(index, column)| types[..*index].iter().any(|other| other.name == column.name))
    {
        Some((_, column)) => Err(format!("column `{}` has two types; leave out one of them", column.name)),
        None => Ok(types),
    }
}

/// Writes the type of a column as it is typed in a shell: a type that contains a comma is in quotes.
pub(crate) fn typed(name: &str, kind: &str) -> String {
    let text = format!("{}={kind}", printable(name));
    let listed = if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text };
    if listed.contains([' ', '|', '"', ',', '&', ';', '(', ')', '$', '#', '*', '<', '>']) {
        format!("'{listed}'")
    } else {
        listed
    }
}

/// Reads types from a list (`["amount=number"]`), from text (`"amount=number,country=category"`), or from a table of a
/// configuration file (`amount = "number"`).
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ColumnTypes>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "types of columns, like amount = \"number\" in a table, or a list or a text of them")]
    enum Form {
        List(Vec<String>),
        Text(String),
        Table(std::collections::BTreeMap<String, String>),
    }
    let each = |types: Vec<String>| types.iter().map(|column| column.parse()).collect::<Result<ColumnTypes, String>>();
    let types = match Option::<Form>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Form::List(types)) => each(types),
        Some(Form::Text(text)) => parse(&text),
        Some(Form::Table(table)) => each(table.into_iter().map(|(name, kind)| format!("{name}={kind}")).collect()),
    };
    types.map(Some).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Reading;

    #[test]
    fn column_types_survive_a_round_trip_through_text() {
        for text in [
            "amount=number",
            "price=heavy-tailed",
            "visits=count",
            "a=b=category",
            "size=ordered:S|M|L",
            "grade=ordered",
            "sold=date",
        ] {
            assert_eq!(text.parse::<ColumnType>().map(|column| column.to_string()).as_deref(), Ok(text));
        }
        for (text, expected) in [
            ("country", "has no type; expected a name and a type, like country=category"),
            ("country=text", "`text` is not a type of columns; expected number"),
            ("=category", "has no column name"),
            ("size=ordered:S||L", "has an empty level"),
        ] {
            let error = text.parse::<ColumnType>().expect_err(text);
            assert!(error.contains(expected), "{error}");
        }
        assert!(parse("a=count,a=number").expect_err("twice").contains("`a` has two types"));
    }

    #[test]
    fn an_advised_type_is_read_as_the_column_that_it_names() {
        for (name, expected) in [
            ("country", "country=category"),
            ("marital status", "'marital status=category'"),
            ("height, cm", "'\"height, cm=category\"'"),
            ("say \"hi\"", "'\"say \"\"hi\"\"=category\"'"),
        ] {
            let advised = typed(name, "category");
            assert_eq!(advised, expected);
            let read = parse(advised.trim_matches('\'')).expect("an advised type");
            assert_eq!(read, [ColumnType { name: name.to_owned(), kind: TypeName::Category }]);
        }
    }

    #[test]
    fn a_configuration_file_has_a_list_a_text_or_a_table_of_types() {
        let expected = parse("amount=number,country=category").expect("two types");
        for types in [
            serde_json::json!(["amount=number", "country=category"]),
            serde_json::json!("amount=number,country=category"),
            serde_json::json!({"amount": "number", "country": "category"}),
        ] {
            let reading: Reading = serde_json::from_value(serde_json::json!({ "types": types })).expect("types");
            assert_eq!(reading.types.as_ref(), Some(&expected), "{types}");
        }
        assert_eq!(serde_json::from_str::<Reading>("{}").expect("no types").types, None);
    }
}
