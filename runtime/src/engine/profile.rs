//! What ONNX Runtime's own profile says of a run: which node was computed by which execution provider.

use std::{fs, path::Path};

use serde_json::Value;

use super::Graph;
use crate::{Error, NodePlacement, scratch::Scratch};

impl Graph {
    /// Runs one row in a session that is made like all others and profiled, and returns every node that it
    /// computed, in the order in which it did.
    pub(crate) fn nodes(&self) -> Result<Vec<NodePlacement>, Error> {
        // Before the session, and so removed after it: a session that is dropped may still write.
        let scratch = Scratch::new().map_err(|error| self.failed("profile", error))?;
        let file = self.profile(scratch.path())?;
        let text = fs::read_to_string(file).map_err(|error| self.failed("profile", error))?;
        let nodes = nodes_of(&text).map_err(|error| self.failed("profile", error))?;
        // Nodes that were not seen could have run anywhere.
        if nodes.is_empty() { Err(self.failed("profile", "its profile names no node")) } else { Ok(nodes) }
    }

    fn profile(&self, folder: &Path) -> Result<String, Error> {
        let failed = |error: ort::Error| self.failed("profile", error);
        let builder = self.builder()?.with_profiling(folder.join("profile")).map_err(|error| failed(error.into()))?;
        let mut session = self.load(builder)?;
        session.try_row(self)?;
        session.end_profiling().map_err(failed)
    }
}

/// The nodes of a profile: of each run of a node it holds one event that is called after its kernel.
fn nodes_of(profile: &str) -> Result<Vec<NodePlacement>, serde_json::Error> {
    let events: Vec<Value> = serde_json::from_str(profile)?;
    let node = |event: &Value| {
        let name = event["name"].as_str()?.strip_suffix("_kernel_time")?;
        let text = |key: &str| event["args"][key].as_str().map(str::to_owned);
        let is_node = event["cat"] == "Node";
        Some(NodePlacement { name: name.to_owned(), operator: text("op_name")?, provider: text("provider")? })
            .filter(|_| is_node)
    };
    Ok(events.iter().filter_map(node).collect())
}
