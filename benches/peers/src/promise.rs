//! What the project promises, and whether a run found it.

use crate::table::table;

/// A bound on a number, and the number; none if it could not be measured.
pub(crate) struct Promise {
    pub(crate) what: String,
    pub(crate) bound: Bound,
    pub(crate) found: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn admits(self, number: f64) -> bool {
        match self {
            Bound::AtMost(bound) => number <= bound,
            Bound::AtLeast(bound) => number >= bound,
        }
    }
}

/// Every promise with what was found.
pub(crate) fn table_of(promises: &[Promise]) -> String {
    let mut table = table(["promise", "bound", "found", ""].map(str::to_owned), 1);
    for promise in promises {
        let bound = match promise.bound {
            Bound::AtMost(bound) => format!("at most {bound:.2}"),
            Bound::AtLeast(bound) => format!("at least {bound:.2}"),
        };
        let (found, verdict) = match promise.found {
            Some(found) if promise.bound.admits(found) => (format!("{found:.2}"), "met"),
            Some(found) => (format!("{found:.2}"), "NOT MET"),
            None => ("-".to_owned(), "not measured"),
        };
        table.add_row([promise.what.clone(), bound, found, verdict.to_owned()]);
    }
    table.to_string()
}
