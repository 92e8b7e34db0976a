//! The parity checks of the two types of bundle.

use narrows_bundle::{ClassifierManifest, Contract, GraphParity, Manifest, Role};

use crate::{
    Error,
    loaded_graph::LoadedGraph,
    proof::{prove_decoder, prove_encoder, prove_end_to_end, prove_head},
};

/// The parity check of one graph.
pub(crate) struct GraphCheck<M: Contract> {
    /// Role of the graph's first input.
    pub(crate) input: Role,
    /// Runs the graph on a probe and measures the difference from the stored outputs.
    pub(crate) prove: fn(&LoadedGraph, &M::Probe, &M) -> Result<GraphParity, Error>,
}

/// A manifest whose bundle has a parity check.
pub(crate) trait Provable: Contract {
    /// Checks of both graphs, in the order of [`Contract::graphs`].
    const GRAPH_CHECKS: [GraphCheck<Self>; 2];
}

impl Provable for Manifest {
    const GRAPH_CHECKS: [GraphCheck<Self>; 2] = [
        GraphCheck { input: Role::Sample, prove: prove_encoder },
        GraphCheck { input: Role::Latent, prove: prove_decoder },
    ];
}

impl Provable for ClassifierManifest {
    const GRAPH_CHECKS: [GraphCheck<Self>; 2] = [
        GraphCheck { input: Role::Latent, prove: prove_head },
        GraphCheck { input: Role::Sample, prove: prove_end_to_end },
    ];
}
