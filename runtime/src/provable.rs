//! What the two sorts of bundle bring to their proof.

use narrows_bundle::{ClassifierManifest, Contract, GraphParity, Manifest, Role};

use crate::{
    Error,
    loaded_graph::LoadedGraph,
    proof::{prove_decoder, prove_encoder, prove_head, prove_whole},
};

/// What is claimed of one graph.
pub(crate) struct Claim<M: Contract> {
    /// The role of its first input.
    pub(crate) input: Role,
    /// Runs it on a probe and measures how far it is from what is stored there.
    pub(crate) prove: fn(&LoadedGraph, &M::Probe, &M) -> Result<GraphParity, Error>,
}

/// A manifest whose bundle can be proved.
pub(crate) trait Provable: Contract {
    /// Of both graphs, in the order of [`Contract::graphs`].
    const CLAIMS: [Claim<Self>; 2];
}

impl Provable for Manifest {
    const CLAIMS: [Claim<Self>; 2] =
        [Claim { input: Role::Sample, prove: prove_encoder }, Claim { input: Role::Latent, prove: prove_decoder }];
}

impl Provable for ClassifierManifest {
    const CLAIMS: [Claim<Self>; 2] =
        [Claim { input: Role::Latent, prove: prove_head }, Claim { input: Role::Sample, prove: prove_whole }];
}
