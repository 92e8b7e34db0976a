//! Finds the steps of a recording that do not continue the previous step: gaps in time, and changes of the group.

use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;

use super::{
    time::{Fault, Time, times},
    windowing::Windowing,
};
use crate::{error::DataError, head::Roles, series_error::SeriesError, write::cell};

/// A step in time that is larger than the median step by this factor is a gap.
const GAP: f32 = 1.5;

/// Reads the columns of time and group, in the order of the rows.
#[derive(Debug)]
pub(crate) struct BreakFinder {
    path: PathBuf,
    time: Option<(usize, String)>,
    group: Option<usize>,
    /// The number of rows so far.
    rows: usize,
    last_time: Option<Time>,
    last_group: Option<String>,
    /// The difference in time of every row to the row before. A change of the group is NaN.
    differences: Vec<f32>,
    /// The first rows of the groups, except that of the first group.
    groups: Vec<usize>,
}

/// The breaks of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Breaks {
    /// The rows that follow a gap or start a group, in ascending order.
    pub(crate) rows: Vec<usize>,
    /// The number of gaps.
    pub(crate) gaps: usize,
}

impl BreakFinder {
    pub(crate) fn new(path: &Path, windowing: &Windowing, roles: Roles) -> Self {
        let name = windowing.time_column.clone().unwrap_or_default();
        BreakFinder {
            path: path.to_owned(),
            time: roles.time.map(|column| (column, name)),
            group: roles.group,
            rows: 0,
            last_time: None,
            last_group: None,
            differences: Vec::new(),
            groups: Vec::new(),
        }
    }

    /// Adds the next `rows` rows, with their pass-through columns.
    pub(crate) fn add(&mut self, rows: usize, others: Option<&RecordBatch>) -> Result<(), DataError> {
        if let Some(others) = others {
            let first_group = self.groups.len();
            self.add_groups(others)?;
            self.add_times(others, first_group).map_err(DataError::series)?;
        }
        self.rows += rows;
        Ok(())
    }

    fn add_groups(&mut self, others: &RecordBatch) -> Result<(), DataError> {
        let Some(column) = self.group else { return Ok(()) };
        let column = others.column(column);
        let mut group = String::new();
        for row in 0..others.num_rows() {
            group.clear();
            cell::add(column, row, &mut group).map_err(DataError::column)?;
            match &mut self.last_group {
                Some(last) if *last == group => {}
                Some(last) => {
                    last.clone_from(&group);
                    self.groups.push(self.rows + row);
                }
                none => *none = Some(group.clone()),
            }
        }
        Ok(())
    }

    /// Adds times. The groups that start in these rows are those from the index `first_group`.
    fn add_times(&mut self, others: &RecordBatch, first_group: usize) -> Result<(), SeriesError> {
        let Some((column, name)) = &self.time else { return Ok(()) };
        let (path, array) = (|| self.path.clone(), others.column(*column));
        let Some(times) = times(array) else {
            let found = array.data_type().to_string();
            return Err(SeriesError::TimeType { path: path(), column: name.clone(), found });
        };
        let mut starts = self.groups[first_group..].iter().copied().peekable();
        for (offset, time) in times.into_iter().enumerate() {
            let (row, column) = (self.rows + offset, || name.clone());
            let time = time.map_err(|fault| match fault {
                Fault::Missing => SeriesError::TimeMissing { path: path(), row, column: column() },
                Fault::NotTime(cell) => SeriesError::NotTime { path: path(), row, column: column(), cell },
            })?;
            let last = self.last_time.replace(time);
            if starts.next_if_eq(&row).is_some() {
                self.differences.push(f32::NAN);
                continue;
            }
            let Some(last) = last else { continue };
            match time.since(last) {
                Some(difference) if difference >= 0.0 => self.differences.push(difference as f32),
                Some(_) => {
                    let (before, after) = (last.to_string(), time.to_string());
                    return Err(SeriesError::TimeDecreases { path: path(), row, column: column(), before, after });
                }
                None => {
                    return Err(SeriesError::NotTime { path: path(), row, column: column(), cell: time.to_string() });
                }
            }
        }
        Ok(())
    }

    /// Returns the breaks of all rows.
    pub(crate) fn finish(self) -> Breaks {
        // Equal times say nothing about the usual step.
        let mut positive: Vec<f32> = self.differences.iter().copied().filter(|difference| *difference > 0.0).collect();
        let middle = positive.len() / 2;
        let median = match positive.is_empty() {
            true => f32::INFINITY,
            false => *positive.select_nth_unstable_by(middle, f32::total_cmp).1,
        };
        let is_gap = |difference: f32| difference > GAP * median;
        let gaps = self.differences.iter().enumerate().filter(|(_, difference)| is_gap(**difference));
        let mut rows: Vec<usize> = gaps.map(|(index, _)| index + 1).collect();
        let gaps = rows.len();
        rows.extend(self.groups);
        rows.sort_unstable();
        Breaks { rows, gaps }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray};

    use super::*;

    fn breaks(times: &[&[f64]], groups: Option<&[&str]>) -> Result<Breaks, DataError> {
        let windowing = Windowing { window: 2, hop: 2, time_column: Some("t".into()), group_column: Some("g".into()) };
        let roles = Roles { time: Some(0), group: groups.map(|_| 1), label: None };
        let mut finder = BreakFinder::new(Path::new("r.csv"), &windowing, roles);
        let mut groups = groups.unwrap_or_default().iter();
        for times in times {
            let time: ArrayRef = Arc::new(Float64Array::from(times.to_vec()));
            let group: Vec<&str> = groups.by_ref().take(times.len()).copied().collect();
            let group: Option<ArrayRef> = (!group.is_empty()).then(|| Arc::new(StringArray::from(group)) as ArrayRef);
            let columns = [("t", time)].into_iter().chain(group.map(|group| ("g", group)));
            let others = RecordBatch::try_from_iter(columns).expect("equal lengths");
            finder.add(times.len(), Some(&others))?;
        }
        Ok(finder.finish())
    }

    #[test]
    fn a_gap_is_a_step_of_more_than_one_and_a_half_medians() {
        type Case<'a> = (&'a [&'a [f64]], Option<&'a [&'a str]>, &'a [usize], usize);
        let cases: [Case<'_>; 6] = [
            (&[&[0.0, 1.0, 2.0, 3.0]], None, &[], 0),
            (&[&[0.0, 1.0, 2.0, 3.5, 4.5]], None, &[], 0),
            (&[&[0.0, 1.0, 2.0, 3.6, 4.6]], None, &[3], 1),
            (&[&[0.0, 1.0], &[7.0, 8.0, 9.0]], None, &[2], 1),
            // Time starts again in every group, and the change of the group is no gap.
            (&[&[5.0, 6.0, 7.0], &[0.0, 1.0, 9.0]], Some(&["a", "a", "a", "b", "b", "b"]), &[3, 5], 1),
            (&[&[4.0, 4.0, 4.0]], None, &[], 0),
        ];
        for (times, groups, rows, gaps) in cases {
            assert_eq!(breaks(times, groups).expect("valid times"), Breaks { rows: rows.to_vec(), gaps }, "{times:?}");
        }
    }

    #[test]
    fn a_time_that_decreases_inside_a_group_is_refused_with_its_row() {
        let error = breaks(&[&[0.0, 1.0], &[0.5]], None).expect_err("decreases").to_string();
        assert!(error.starts_with("r.csv: the time in row 2, column `t` is 0.5, before"), "{error}");
        let missing = breaks(&[&[0.0, f64::NAN]], None).expect_err("missing").to_string();
        assert!(missing.starts_with("r.csv: row 1 has no time in column `t`"), "{missing}");
    }

    #[test]
    fn a_group_of_any_type_is_compared_by_its_value() {
        let windowing = Windowing { window: 2, hop: 2, time_column: None, group_column: Some("g".into()) };
        let mut finder = BreakFinder::new(Path::new("r"), &windowing, Roles { group: Some(0), ..Roles::default() });
        let group: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(1), None, Some(2)]));
        let others = RecordBatch::try_from_iter([("g", group)]).expect("one column");
        finder.add(4, Some(&others)).expect("any type");
        assert_eq!(finder.finish(), Breaks { rows: vec![2, 3], gaps: 0 });
    }
}
