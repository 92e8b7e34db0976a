//! How the training data of a model was read, as the manifest of its bundle says.

use narrows_bundle::{Contract, SampleKind, SampleType};
use narrows_data::{Channels, DataError, DateColumn, DateForm, Depth, Reading};

/// Options that a source may not have, or that name columns which it lacks. The windows of a model are not among them,
/// because it cannot take other samples.
const OPTIONAL: [&str; 15] = [
    "label_column",
    "columns",
    "ignore",
    "delimiter",
    "quote",
    "decimal",
    "thousands",
    "header",
    "date_columns",
    "resize",
    "channels",
    "depth",
    "sample",
    "time_column",
    "group_column",
];

/// Returns the options with which the training data of a model was read: those of its configuration, its columns in
/// their order, and how its windows were cut. Missing values are not among them, because the model has fill values for
/// those.
pub(crate) fn remembered(manifest: &impl Contract) -> Reading {
    let sample = manifest.sample();
    let trained: Reading = serde_json::from_value(manifest.training().configuration.clone()).unwrap_or_default();
    let Reading {
        data: _,
        input_format: _,
        labels: _,
        label_column,
        columns,
        ignore,
        key: _,
        delimiter,
        quote,
        decimal,
        thousands,
        header,
        date_columns,
        // Of a mixed table, the schema has the types and levels, and whether values may be missing.
        types: _,
        max_levels: _,
        missing: _,
        resize,
        channels,
        depth,
        sample: kind,
        window: _,
        hop: _,
        time_column: _,
        group_column: _,
    } = trained;
    // Grey images become colours without a loss; the reverse only if training did the same.
    let is_colour = sample.kind == SampleKind::Features && matches!(sample.shape[..], [_, _, 3]);
    let own_depth = Depth::of_samples(&sample.shape, sample.dtype == SampleType::U8, sample.range);
    // Without names, columns are selected by their numbers. The columns of a mixed table are those of its schema.
    let (columns, ignore) = match (&sample.columns, &sample.table) {
        (_, Some(_)) => (None, None),
        (Some(names), None) => (Some(names.clone()), None),
        (None, None) => (columns, ignore),
    };
    let windows = sample.windows.as_ref();
    Reading {
        data: None,
        input_format: None,
        labels: None,
        label_column,
        columns,
        ignore,
        key: None,
        delimiter,
        quote,
        decimal,
        thousands,
        header,
        date_columns,
        types: None,
        max_levels: None,
        missing: None,
        resize,
        channels: channels.or(is_colour.then_some(Channels::Rgb)),
        depth: depth.or(own_depth),
        sample: kind,
        window: windows.map(|windows| windows.window),
        hop: windows.map(|windows| windows.hop),
        time_column: windows.and_then(|windows| windows.time_column.clone()),
        group_column: windows.and_then(|windows| windows.group_column.clone()),
    }
}

/// Returns what a model on the encoder of another one has to remember: what the user said, and what that one remembers
/// except for columns and windows, which are in the description of its samples.
#[cfg(feature = "train")]
pub(crate) fn inherited(said: &Reading, manifest: &impl Contract) -> Reading {
    let Reading { columns, ignore, window, hop, time_column, group_column, .. } = said.clone();
    Reading { columns, ignore, window, hop, time_column, group_column, ..completed(said, remembered(manifest)) }
}

/// Returns what the user said, completed by what a model remembers.
pub(crate) fn completed(said: &Reading, mut remembered: Reading) -> Reading {
    let is_selected = |column: &String| {
        let selected = [&said.columns, &said.ignore].into_iter().flatten();
        selected.flatten().any(|name| name == column)
    };
    // Days are counted from the origin of the training data.
    let with_origin = |date: &DateColumn| {
        let known = remembered.date_columns.iter().flatten().find(|known| known.name == date.name);
        match (date.form, known.map(|known| known.form)) {
            (DateForm::Days(None), Some(form @ DateForm::Days(_))) => DateColumn { form, ..date.clone() },
            (DateForm::Days(_) | DateForm::Cyclic, _) => date.clone(),
        }
    };
    let date_columns = said.date_columns.as_ref().map(|dates| dates.iter().map(with_origin).collect());
    let said = &Reading { date_columns, ..said.clone() };
    if said.labels.is_some() || remembered.label_column.as_ref().is_some_and(is_selected) {
        remembered.label_column = None;
    }
    match (&said.columns, &remembered.columns) {
        (Some(_), _) => Reading { ignore: said.ignore.clone(), ..said.or(&remembered) },
        // The columns of the model are not those that the user ignores.
        (None, Some(_)) => Reading { ignore: None, ..said.or(&remembered) },
        (None, None) => said.or(&remembered),
    }
}

/// Returns the options without the one that a source refused; `None` if the user said it, or the error has another
/// cause.
pub(crate) fn without_refused(error: &DataError, tried: &Reading, said: &Reading) -> Option<Reading> {
    let refused = match error {
        DataError::OptionUnused { option, .. } => option.replace('-', "_"),
        DataError::ColumnUnknown { name, .. } | DataError::ArrayMissing { name, .. } => {
            let ignores = tried.ignore.iter().flatten().any(|ignored| ignored == name);
            match () {
                () if tried.label_columns(|column| column == name).contains(name) => "label_column".to_owned(),
                () if ignores => "ignore".to_owned(),
                () => return None,
            }
        }
        // Other errors are about the content.
        _ => return None,
    };
    let fields = |reading: &Reading| match serde_json::to_value(reading) {
        Ok(serde_json::Value::Object(fields)) => Some(fields),
        Ok(_) | Err(_) => None,
    };
    let mut kept = fields(tried)?;
    if !OPTIONAL.contains(&refused.as_str()) || fields(said)?.contains_key(&refused) {
        return None;
    }
    kept.remove(&refused)?;
    let kept: Reading = serde_json::from_value(serde_json::Value::Object(kept)).ok()?;
    // The columns of the model replaced those that the user ignores.
    Some(if refused == "columns" { Reading { ignore: said.ignore.clone(), ..kept } } else { kept })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unused(option: &str) -> DataError {
        DataError::OptionUnused { option: option.to_owned(), spec: "x.npy".to_owned(), kind: "an .npy array" }
    }

    fn names(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_the_user_says_is_kept_and_the_rest_is_remembered() {
        let remembered = || Reading {
            label_column: Some("kind".to_owned()),
            columns: names(&["a", "b"]),
            hop: Some(2),
            ..Reading::default()
        };
        let said = Reading { hop: Some(3), ignore: names(&["id"]), ..Reading::default() };
        let expected = Reading { hop: Some(3), ..remembered() };
        assert_eq!(completed(&said, remembered()), expected, "the columns of the model replace --ignore");
        for said in [
            Reading { labels: Some("labels.csv".to_owned()), ..Reading::default() },
            Reading { columns: names(&["a", "kind"]), ..Reading::default() },
        ] {
            assert_eq!(completed(&said, remembered()).label_column, None, "{said:?}");
        }
    }

    #[test]
    fn days_are_counted_from_the_origin_of_the_model() {
        let dates = |text: &str| Some(vec![text.parse().expect("a form")]);
        let remembered = || Reading { date_columns: dates("when=days:2024-02-28"), ..Reading::default() };
        for (said, expected) in [
            (None, dates("when=days:2024-02-28")),
            (dates("when=days"), dates("when=days:2024-02-28")),
            (dates("when=days:2020-01-01"), dates("when=days:2020-01-01")),
            (dates("other=days"), dates("other=days")),
        ] {
            let said = Reading { date_columns: said, ..Reading::default() };
            assert_eq!(completed(&said, remembered()).date_columns, expected, "{said:?}");
        }
    }

    #[test]
    fn a_refused_option_is_left_out_only_if_the_model_added_it() {
        let tried = Reading { label_column: Some("kind".to_owned()), window: Some(4), ..Reading::default() };
        let nothing = Reading::default();
        let kept = without_refused(&unused("label-column"), &tried, &nothing);
        assert_eq!(kept, Some(Reading { label_column: None, ..tried.clone() }));
        assert_eq!(without_refused(&unused("label-column"), &tried, &tried), None, "the user said it");
        assert_eq!(without_refused(&unused("window"), &tried, &nothing), None, "the model takes only windows");
        let missing = |name: &str| DataError::ColumnUnknown {
            path: "t.csv".into(),
            name: name.to_owned(),
            columns: "`a`".to_owned(),
        };
        assert_eq!(without_refused(&missing("kind"), &tried, &nothing), kept);
        assert_eq!(without_refused(&missing("a"), &tried, &nothing), None, "a feature is missing");
    }
}
