//! Lists of column names.

/// A list of column names. The alias keeps clap from treating a field of type `Vec<String>` as a repeatable flag.
pub type Names = Vec<String>;

/// Splits at commas that are not in double quotes. A quote inside quotes is written twice, as in a CSV file.
pub(crate) fn split_names(text: &str) -> Result<Names, String> {
    let (mut names, mut name, mut is_quoted) = (Names::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.next_if_eq(&'"').is_some() => name.push('"'),
            '"' if is_quoted || name.trim().is_empty() => is_quoted = !is_quoted,
            ',' if !is_quoted => names.push(std::mem::take(&mut name)),
            character => name.push(character),
        }
    }
    if is_quoted {
        return Err(format!("`{text}` has an unclosed quote; write a name that contains a comma like a,\"b, c\""));
    }
    names.push(name);
    Ok(names.into_iter().map(|name| name.trim().to_owned()).collect())
}
