//! The manifest of a classifier or regressor as one of a bundle.

use std::{collections::BTreeMap, path::Path};

use super::{Contract, Sort};
use crate::{
    BundleError, ClassifierManifest, FileRecord, GraphParity, GraphPorts, HeadProbe, Sample, TrainingRecord,
    consistency::check_classifier,
};

impl Contract for ClassifierManifest {
    type Probe = HeadProbe;

    const SORT: Sort = Sort::Transferred;

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
        [&self.graphs.head, &self.graphs.whole]
    }

    fn graph_names(&self) -> [&'static str; 2] {
        ["head", self.kind.name()]
    }

    fn parity(&self) -> Option<[&GraphParity; 2]> {
        self.parity.as_ref().map(|parity| [&parity.head, &parity.whole])
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

    /// Both graphs have the same outputs: the check of the manifest demands that.
    fn probe(&self, path: &Path, bytes: &[u8]) -> Result<HeadProbe, BundleError> {
        HeadProbe::from_bytes(path, bytes, &self.graphs.head.output_names())
    }

    fn check(&self) -> Result<(), String> {
        check_classifier(self)
    }
}
