//! Performance requirements of the project, and whether a run meets them.

use crate::table::table;

/// A bound on a measured value. The value is `None` if it could not be measured.
pub(crate) struct Requirement {
    pub(crate) name: String,
    pub(crate) bound: Bound,
    pub(crate) measured: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn is_met_by(self, value: f64) -> bool {
        match self {
            Bound::AtMost(bound) => value <= bound,
            Bound::AtLeast(bound) => value >= bound,
        }
    }
}

/// Returns a table of the requirements and their measured values.
pub(crate) fn table_of(requirements: &[Requirement]) -> String {
    let mut table = table(["requirement", "bound", "measured", "result"].map(str::to_owned), 1);
    for requirement in requirements {
        let bound = match requirement.bound {
            Bound::AtMost(bound) => format!("at most {bound:.2}"),
            Bound::AtLeast(bound) => format!("at least {bound:.2}"),
        };
        let (measured, verdict) = match requirement.measured {
            Some(measured) if requirement.bound.is_met_by(measured) => (format!("{measured:.2}"), "met"),
            Some(measured) => (format!("{measured:.2}"), "NOT MET"),
            None => ("-".to_owned(), "not measured"),
        };
        table.add_row([requirement.name.clone(), bound, measured, verdict.to_owned()]);
    }
    table.to_string()
}
