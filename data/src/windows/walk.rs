//! The rule that places windows: a walk over the time steps of a recording, in order.

use std::ops::AddAssign;

use serde::Serialize;

use super::windowing::Windowing;

/// A time step of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It continues the previous step.
    Continues,
    /// It follows a gap, or starts a group.
    Starts,
    /// It has a missing value, so no window contains it.
    Missing,
}

/// What a recording consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct WindowCounts {
    /// The number of time steps.
    pub steps: usize,
    /// The number of windows.
    pub windows: usize,
    /// The number of gaps in time.
    pub gaps: usize,
    /// The number of time steps in no window.
    pub uncovered: usize,
}

impl AddAssign for WindowCounts {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.windows += other.windows;
        self.gaps += other.gaps;
        self.uncovered += other.uncovered;
    }
}

/// Places the windows. A window starts at the first step of each stretch of steps without a break, and then every
/// `hop` steps, as long as it fits into the stretch.
#[derive(Debug)]
pub(crate) struct Walk {
    window: usize,
    hop: usize,
    /// The number of steps so far.
    steps: usize,
    /// The first step of the current stretch.
    stretch: usize,
    /// The start of the next window.
    next: usize,
    windows: usize,
    /// The number of steps in a window so far, and the end of the last window.
    covered: usize,
    end: usize,
    /// The length of the longest stretch so far.
    longest: usize,
}

impl Walk {
    pub(crate) fn new(windowing: &Windowing) -> Self {
        let Windowing { window, hop, .. } = *windowing;
        Walk { window, hop, steps: 0, stretch: 0, next: 0, windows: 0, covered: 0, end: 0, longest: 0 }
    }

    /// Adds the next step. Returns the start of the window whose last step it is, if there is one.
    pub(crate) fn add(&mut self, step: Step) -> Option<usize> {
        let index = self.steps;
        self.steps += 1;
        match step {
            Step::Continues => {}
            Step::Starts => (self.stretch, self.next) = (index, index),
            Step::Missing => {
                (self.stretch, self.next) = (self.steps, self.steps);
                return None;
            }
        }
        self.longest = self.longest.max(self.steps - self.stretch);
        if self.steps != self.next.saturating_add(self.window) {
            return None;
        }
        let start = self.next;
        self.next = start.saturating_add(self.hop);
        self.windows += 1;
        self.covered += self.steps - start.max(self.end);
        self.end = self.steps;
        Some(start)
    }

    /// Returns the first step that a later window can contain.
    pub(crate) fn first_needed(&self) -> usize {
        self.next.min(self.steps)
    }

    /// Returns the length of the longest stretch without a break.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Returns the counts so far. The walk does not know what a break is, so `gaps` is 0.
    pub(crate) fn counts(&self) -> WindowCounts {
        WindowCounts { steps: self.steps, windows: self.windows, gaps: 0, uncovered: self.steps - self.covered }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The starts of the windows in steps written as `.` (continues), `|` (starts) and `x` (missing), and the number of
    /// steps in no window.
    fn windows(window: usize, hop: usize, steps: &str) -> (Vec<usize>, usize) {
        let mut walk = Walk::new(&Windowing { window, hop, time_column: None, group_column: None });
        let step = |letter| match letter {
            '.' => Step::Continues,
            '|' => Step::Starts,
            _ => Step::Missing,
        };
        let starts = steps.chars().filter_map(|letter| walk.add(step(letter))).collect();
        (starts, walk.counts().uncovered)
    }

    #[test]
    fn windows_never_cross_a_break_and_start_again_after_it() {
        let cases: [(usize, usize, &str, &[usize], usize); 9] = [
            (3, 3, ".......", &[0, 3], 1),
            (3, 1, ".....", &[0, 1, 2], 0),
            (3, 2, "......", &[0, 2], 1),
            (2, 3, "........", &[0, 3, 6], 2),
            (3, 1, "....|...", &[0, 1, 4, 5], 0),
            (3, 3, "....|..", &[0, 4], 1),
            (3, 1, "..|.|.", &[], 6),
            (2, 1, "...x..x.", &[0, 1, 4], 3),
            (4, 1, "...", &[], 3),
        ];
        for (window, hop, steps, starts, uncovered) in cases {
            assert_eq!(windows(window, hop, steps), (starts.to_vec(), uncovered), "{window} {hop} {steps}");
        }
    }
}
