//! How a recording is cut into windows: the options, checked.

use crate::{reading::Reading, sample_kind::SampleKind, series_error::SeriesError};

/// How a recording is cut into windows.
///
/// A recording is a table with one time step per row, in the order of the file, and one channel per column. A window is
/// a sample of shape `[channels, window]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windowing {
    /// The length of a window, in time steps, at least 1.
    pub window: usize,
    /// The distance between the starts of two consecutive windows, in time steps, at least 1.
    pub hop: usize,
    /// The column with the time of each step. No window crosses a gap in time.
    pub time_column: Option<String>,
    /// The column with the group of each step. No window crosses a group.
    pub group_column: Option<String>,
}

impl Reading {
    /// Returns how the options cut a recording into windows, or `None` if they do not.
    ///
    /// # Errors
    /// [`SeriesError`] for a length of 0, and for options of windows without `window`.
    pub fn windowing(&self) -> Result<Option<Windowing>, SeriesError> {
        let Reading { window, hop, time_column, group_column, sample, .. } = self;
        let Some(window) = *window else {
            let set = [
                ("hop", hop.is_some()),
                ("time-column", time_column.is_some()),
                ("group-column", group_column.is_some()),
            ];
            let first = set.into_iter().find(|(_, is_set)| *is_set);
            return first.map_or(Ok(None), |(option, _)| Err(SeriesError::NeedsWindow { option }));
        };
        let hop = hop.unwrap_or(window);
        match (window, hop, sample) {
            (0, _, _) => Err(SeriesError::Zero { option: "window" }),
            (_, 0, _) => Err(SeriesError::Zero { option: "hop" }),
            (_, _, Some(SampleKind::Features)) => Err(SeriesError::NotSeries),
            (_, _, Some(SampleKind::Series) | None) => Ok(Some(Windowing {
                window,
                hop,
                time_column: time_column.clone(),
                group_column: group_column.clone(),
            })),
        }
    }

    /// Whether no option says what a sample is.
    pub(crate) fn is_sample_open(&self) -> bool {
        self.sample.is_none() && self.window.is_none()
    }

    /// Returns what a sample is: a series if the options say so or cut windows.
    pub fn sample_kind(&self) -> SampleKind {
        let default = if self.window.is_some() { SampleKind::Series } else { SampleKind::default() };
        self.sample.unwrap_or(default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hop_defaults_to_the_window_and_samples_are_series() {
        let reading = Reading { window: Some(8), ..Reading::default() };
        let windowing = Windowing { window: 8, hop: 8, time_column: None, group_column: None };
        assert_eq!(reading.windowing().expect("valid"), Some(windowing));
        assert_eq!(reading.sample_kind(), SampleKind::Series);
        assert_eq!(Reading::default().windowing().expect("no windows"), None);
        assert_eq!(Reading::default().sample_kind(), SampleKind::Features);
    }

    #[test]
    fn options_that_contradict_each_other_are_refused_with_their_names() {
        let window = |window: usize| Reading { window: Some(window), ..Reading::default() };
        let cases = [
            (window(0), "--window is 0, expected at least 1"),
            (Reading { hop: Some(0), ..window(4) }, "--hop is 0, expected at least 1"),
            (Reading { hop: Some(3), ..Reading::default() }, "--hop applies to windows"),
            (Reading { time_column: Some("t".into()), ..Reading::default() }, "--time-column applies to windows"),
            (Reading { group_column: Some("g".into()), ..Reading::default() }, "--group-column applies to windows"),
            (Reading { sample: Some(SampleKind::Features), ..window(4) }, "--sample features cannot be combined"),
        ];
        for (reading, expected) in cases {
            let message = reading.windowing().expect_err(expected).to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
