//! The implementation of `Contract` for the manifest of a classifier or regressor.

use std::{collections::BTreeMap, path::Path};

use super::{BundleType, Contract};
use crate::{
    BundleError, ClassifierManifest, FileRecord, GraphParity, GraphPorts, HeadProbe, Sample, TrainingRecord,
    consistency::check_classifier,
};

impl Contract for ClassifierManifest {
    type Probe = HeadProbe;

    const BUNDLE_TYPE: BundleType = BundleType::Transferred;

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
        [&self.graphs.head, &self.graphs.end_to_end]
    }

    fn graph_names(&self) -> [&'static str; 2] {
        ["head", self.kind.name()]
    }

    fn parity(&self) -> Option<[&GraphParity; 2]> {
        self.parity.as_ref().map(|parity| [&parity.head, &parity.end_to_end])
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

    /// Uses the output names of the head for both graphs: the consistency check requires equal roles.
    fn probe(&self, path: &Path, bytes: &[u8]) -> Result<HeadProbe, BundleError> {
        HeadProbe::from_bytes(path, bytes, &self.graphs.head.output_names())
    }

    fn check(&self) -> Result<(), String> {
        check_classifier(self)
    }
}
