//! The outputs of a graph that a run returns.

use narrows_bundle::{GraphPorts, Port};

/// A set of outputs, by their positions in the graph: one bit each. The manifest limits a graph to a few outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutputSet(u32);

impl OutputSet {
    /// Returns the set of all outputs of a graph.
    pub(super) fn all(ports: &GraphPorts) -> Self {
        Self::of(0..ports.outputs.len())
    }

    /// Returns the set of the outputs at these positions.
    pub(crate) fn of(positions: impl IntoIterator<Item = usize>) -> Self {
        let bits = positions.into_iter().filter_map(|position| 1_u32.checked_shl(position.try_into().ok()?));
        OutputSet(bits.fold(0, |set, bit| set | bit))
    }

    /// Returns the outputs of a graph that are in the set.
    pub(super) fn ports(self, ports: &GraphPorts) -> impl Iterator<Item = &Port> {
        let is_wanted = move |position: usize| self.0 & Self::of([position]).0 != 0;
        ports.outputs.iter().enumerate().filter(move |(position, _)| is_wanted(*position)).map(|(_, port)| port)
    }
}

#[cfg(test)]
mod tests {
    use narrows_bundle::DetectorRecord;

    use super::*;

    #[test]
    fn a_set_has_the_outputs_at_its_positions_and_none_beyond_the_graph() {
        let ports = DetectorRecord::ports(&[2], false, 0.1);
        let names = |set: OutputSet| set.ports(&ports).map(|port| port.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(OutputSet::of([2, 0])), ["score", "is_anomaly"]);
        assert_eq!(names(OutputSet::of([1, 7, 99, usize::MAX])), ["p_value"]);
        assert_eq!(names(OutputSet::all(&ports)).len(), 5);
    }
}
