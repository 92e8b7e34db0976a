//! What a sample is, in words.

use narrows_bundle::{Sample, SampleKind, counted};
use narrows_evaluate::is_picture;

use super::plain::plain;

/// The forms of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An image, grey or in colour.
    Image,
    /// A series, or a window of a recording.
    Series,
    /// A row of a table, or an array of another shape.
    Row,
}

impl Form {
    pub(super) fn of(sample: &Sample) -> Self {
        match sample.kind {
            SampleKind::Series => Form::Series,
            SampleKind::Features if is_picture(&sample.shape) => Form::Image,
            SampleKind::Features => Form::Row,
        }
    }

    /// The plural noun.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Form::Image => "images",
            Form::Series => "series",
            Form::Row => "rows",
        }
    }
}

/// Describes one sample: `an image of 8 x 8 grey values (shape [8, 8])`.
pub(crate) fn sample_in_words(sample: &Sample) -> String {
    let shape = &sample.shape;
    let words = match (Form::of(sample), &shape[..]) {
        (Form::Image, &[height, width, 3]) => format!("an image of {height} x {width} colours"),
        (Form::Image, &[height, width, ..]) => format!("an image of {height} x {width} grey values"),
        (Form::Series, _) => series_in_words(sample),
        (Form::Row | Form::Image, _) if sample.table.is_some() => {
            let columns = sample.table.iter().flat_map(|schema| &schema.columns);
            let columns = columns.filter(|column| !column.kind.is_label()).count();
            return format!("a row of {} of a table", counted(columns, "column"));
        }
        (Form::Row | Form::Image, &[features]) => format!("a row of {}", counted(features, "value")),
        (Form::Row | Form::Image, _) => "an array".to_owned(),
    };
    let order = match (Form::of(sample), shape.len()) {
        (Form::Series, 2) => ": all steps of the first channel, then those of the next one",
        (Form::Image | Form::Series | Form::Row, _) => "",
    };
    format!("{words} (shape {shape:?}{order})")
}

fn series_in_words(sample: &Sample) -> String {
    match (&sample.windows, &sample.shape[..]) {
        (Some(windows), &[channels, _]) => {
            let names = sample.columns.as_ref().map_or(String::new(), |names| {
                let names: Vec<String> = names.iter().map(|name| plain(name)).collect();
                format!(" ({})", names.join(", "))
            });
            let (steps, channels) = (counted(windows.window, "time step"), counted(channels, "channel"));
            format!("a window of {steps} of a recording with {channels}{names}")
        }
        (_, &[length]) => format!("a series of {}", counted(length, "time step")),
        (_, &[channels, length]) => {
            format!("a series of {} with {}", counted(length, "time step"), counted(channels, "channel"))
        }
        (_, _) => "a series".to_owned(),
    }
}

/// Capitalises the first letter.
pub(crate) fn capitalise(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
