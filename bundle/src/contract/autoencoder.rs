//! The implementation of `Contract` for the manifest of an autoencoder.

use std::{collections::BTreeMap, path::Path};

use super::{BundleType, Contract};
use crate::{
    BundleError, FileRecord, GraphParity, GraphPorts, Manifest, Ports, Probe, Sample, TrainingRecord,
    consistency::check_manifest,
};

impl Contract for Manifest {
    type Probe = Probe;

    const BUNDLE_TYPE: BundleType = BundleType::Autoencoder;

    fn digest(&self) -> &str {
        &self.digest
    }

    fn records(&self) -> &BTreeMap<String, FileRecord> {
        &self.files
    }

    fn complete(&mut self, digest: &str, records: &BTreeMap<String, FileRecord>) {
        digest.clone_into(&mut self.digest);
        self.files.clone_from(records);
    }

    fn graphs(&self) -> [&GraphPorts; 2] {
        [&self.graphs.encoder, &self.graphs.decoder]
    }

    fn graph_names(&self) -> [&'static str; 2] {
        ["encoder", "decoder"]
    }

    fn parity(&self) -> Option<[&GraphParity; 2]> {
        self.parity.as_ref().map(|parity| [&parity.encoder, &parity.decoder])
    }

    fn kind_name(&self) -> &'static str {
        self.kind.name()
    }

    fn sample(&self) -> &Sample {
        &self.sample
    }

    fn latent_dim(&self) -> usize {
        self.latent_dim
    }

    fn training(&self) -> &TrainingRecord {
        &self.training
    }

    fn probe(&self, path: &Path, bytes: &[u8]) -> Result<Probe, BundleError> {
        let Ports { encoder, decoder } = &self.graphs;
        Probe::from_bytes(path, bytes, &encoder.output_names(), &decoder.output_names())
    }

    fn check(&self) -> Result<(), String> {
        check_manifest(self)
    }
}
