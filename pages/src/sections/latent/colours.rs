//! Which class has which colour.

use narrows_runtime::bundle::counted;

use crate::gathered::{Gathered, Row};

/// Number of colours and marks: ten colours as circles, then the same as squares.
pub(super) const COLOURS: usize = 20;

/// The colours of the classes.
pub(super) struct Colours {
    /// The colour of each class; `None` without colours.
    of_class: Option<Vec<usize>>,
    entries: Vec<Entry>,
    classes: usize,
    noun: String,
}

/// A line of the legend.
pub(super) struct Entry {
    /// The name of the class, or of all others.
    pub(super) name: String,
    /// The number of its colour.
    pub(super) colour: usize,
}

impl Colours {
    /// Gives every class a colour if there are at most 20. Otherwise the 19 most frequent ones get a colour, and the
    /// others share one; there are no colours if these others are most of the points, as for labels that are
    /// measurements.
    pub(super) fn of(gathered: &Gathered) -> Self {
        let names = &gathered.classes;
        let (classes, noun) = (names.len(), gathered.about.noun.clone());
        if classes <= 1 {
            return Colours { of_class: None, entries: Vec::new(), classes, noun };
        }
        let all = |name: &String, colour| Entry { name: name.clone(), colour };
        if classes <= COLOURS {
            let entries = names.iter().enumerate().map(|(colour, name)| all(name, colour)).collect();
            return Colours { of_class: Some((0..classes).collect()), entries, classes, noun };
        }
        let mut counts = vec![0usize; classes];
        gathered.points.iter().filter_map(|row| row.class).for_each(|class| counts[class] += 1);
        let mut order: Vec<usize> = (0..classes).collect();
        order.sort_by(|&one, &other| counts[other].cmp(&counts[one]));
        let mut frequent = order[..COLOURS - 1].to_vec();
        if 2 * frequent.iter().map(|&class| counts[class]).sum::<usize>() < gathered.points.len() {
            return Colours { of_class: None, entries: Vec::new(), classes, noun };
        }
        frequent.sort_unstable();
        let mut of_class = vec![COLOURS - 1; classes];
        frequent.iter().enumerate().for_each(|(colour, &class)| of_class[class] = colour);
        let mut entries: Vec<Entry> =
            frequent.iter().enumerate().map(|(colour, &class)| all(&names[class], colour)).collect();
        entries.push(Entry { name: counted(classes - frequent.len(), "other class"), colour: COLOURS - 1 });
        Colours { of_class: Some(of_class), entries, classes, noun }
    }

    /// Returns the colour of a row; `None` for the colour of points without a class.
    pub(super) fn of_row(&self, row: &Row) -> Option<usize> {
        row.class.and_then(|class| self.of_class.as_ref()?.get(class).copied())
    }

    /// Returns whether there is a legend.
    pub(super) fn has_legend(&self) -> bool {
        !self.entries.is_empty()
    }

    /// Returns the lines of the legend.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Says why classes have no colour of their own.
    pub(super) fn note(&self) -> Option<String> {
        let different = self.classes;
        match (different > COLOURS, self.has_legend()) {
            (false, _) => None,
            (true, true) => Some(format!(
                "There are {}. The {} most frequent ones have a colour each.",
                counted(different, "class"),
                COLOURS - 1
            )),
            (true, false) => {
                Some(format!("The {}s have {different} different labels, too many for colours.", self.noun))
            }
        }
    }
}
