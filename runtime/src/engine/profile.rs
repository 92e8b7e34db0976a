//! Reads from ONNX Runtime's profile which execution provider computed which node.

use std::{fs, path::Path};

use serde_json::Value;

use super::{Graph, shutdown::Call};
use crate::{Error, NodePlacement, scratch::Scratch};

impl Graph {
    /// Runs one row in a profiled session, and returns the executed nodes in order of execution.
    pub(crate) fn nodes(&self) -> Result<Vec<NodePlacement>, Error> {
        // Created before the session and therefore dropped after it, because a session may write while it is dropped.
        let scratch = Scratch::new().map_err(|error| self.failed("profile", error))?;
        let file = self.profile(scratch.path())?;
        let text = fs::read_to_string(file).map_err(|error| self.failed("profile", error))?;
        let nodes = nodes_of(&text).map_err(|error| self.failed("profile", error))?;
        // Without recorded nodes the placement is unknown.
        if nodes.is_empty() { Err(self.failed("profile", "the profile contains no node")) } else { Ok(nodes) }
    }

    fn profile(&self, folder: &Path) -> Result<String, Error> {
        let failed = |error: ort::Error| self.failed("profile", error);
        let _call = Call::begin_first().map_err(|error| self.failed("profile", error))?;
        let builder = self.builder()?.with_profiling(folder.join("profile")).map_err(|error| failed(error.into()))?;
        let mut session = self.load(builder)?;
        session.try_row(self)?;
        session.end_profiling().map_err(failed)
    }
}

/// Parses the nodes of a profile. Each execution of a node is one event, whose name ends in `_kernel_time`.
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
