//! Sections of a pass: ranges of steps that every block computes on its own.
//!
//! A step that normalises by the batch needs all blocks of the step before, so a section ends there.

use std::ops::Range;

/// Returns the sections of the forward computation of `steps` steps. Each step in `batch_norms` begins one.
pub(super) fn forward_sections(steps: usize, batch_norms: &[usize]) -> Vec<Range<usize>> {
    sections(steps, batch_norms.iter().copied())
}

/// Returns the sections of the backward computation, from the last to the first. Each step in `batch_norms` ends one,
/// because it needs the complete gradient of its result.
pub(super) fn backward_sections(steps: usize, batch_norms: &[usize]) -> Vec<Range<usize>> {
    let mut sections = sections(steps, batch_norms.iter().map(|index| index + 1));
    sections.reverse();
    sections
}

fn sections(steps: usize, starts: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut sections = Vec::new();
    let mut start = 0;
    for next in starts.chain([steps]) {
        sections.push(start..next);
        start = next;
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_begin_at_a_batch_norm_and_gradients_end_there() {
        assert_eq!(forward_sections(6, &[2, 4]), [0..2, 2..4, 4..6]);
        assert_eq!(backward_sections(6, &[2, 4]), [5..6, 3..5, 0..3]);
        // Without one, all steps are a single section.
        assert_eq!((forward_sections(6, &[]).len(), backward_sections(6, &[]).len()), (1, 1));
    }
}
