//! A graph that is loaded to be checked.

use narrows_bundle::{BundleError, Contract, GraphPorts, Opened, Port, Role};

use crate::{
    Error, Options, Placement,
    check::{Check, has_failed, not_checked},
    load_on_device::load_on_device,
    loaded_graph::LoadedGraph,
    placement::placement_on,
};

/// A loaded graph of the bundle, or the error of loading it.
pub(super) struct LoadedForCheck<'a> {
    name: &'static str,
    ports: &'a GraphPorts,
    loaded: Result<(LoadedGraph, Placement), Error>,
}

impl<'a> LoadedForCheck<'a> {
    /// Loads the graph `name`, whose first input has the role `input`.
    pub(super) fn of<M: Contract>(
        bundle: &Opened<M>,
        name: &'static str,
        ports: &'a GraphPorts,
        input: Role,
        options: &Options,
    ) -> Self {
        let sample = bundle.manifest().sample();
        let loaded = bundle.graph_with_cost(ports).map_err(Error::from).and_then(|checked| {
            load_on_device(options, |device| LoadedGraph::load(ports, checked.clone(), input, sample, device, options))
        });
        LoadedForCheck { name, ports, loaded }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Checks that the graph could be loaded. `earlier` are the checks of its file and of ONNX Runtime.
    pub(super) fn graph(&self, earlier: &[Check]) -> Check {
        let needed = [format!("file {}", self.ports.file), "engine".to_owned()];
        if let (Err(_), Some(failed)) = (&self.loaded, needed.iter().find(|name| has_failed(earlier, name))) {
            return Check::failed(format!("{} graph", self.name), not_checked(failed));
        }
        let names = |ports: &[Port]| ports.iter().map(|port| port.name.as_str()).collect::<Vec<_>>().join("`, `");
        Check::of(format!("{} graph", self.name), self.loaded.as_ref(), |(graph, _)| {
            let inputs: Vec<Port> = self.ports.inputs.iter().filter(|port| port.role != Role::Label).cloned().collect();
            format!("takes `{}`, returns `{}`", names(&inputs), names(graph.outputs()))
        })
    }

    /// Checks which execution provider computed the nodes; all must run on the same device.
    pub(super) fn placement<M: Contract>(&self, bundle: &Opened<M>, options: &Options) -> Check {
        let name = format!("{} placement", self.name);
        let (device, reason) = match &self.loaded {
            Ok((_, placement)) => (placement.device, &placement.reason),
            Err(_) => return Check::failed(name, not_checked(&format!("{} graph", self.name))),
        };
        let suffix = reason.as_ref().map_or_else(String::new, |reason| format!(" (auto: {reason})"));
        let bytes = bundle.graph(self.ports).map_err(Error::from);
        match bytes.and_then(|bytes| placement_on(device, self.ports, &bytes, options)) {
            Ok(placement) if placement.is_on_one_device() => Check::passed(name, placement.counts() + &suffix),
            Ok(placement) => Check::failed(name, format!("not all nodes run on {device}: {}", placement.counts())),
            Err(error) => Check::failed(name, error),
        }
    }

    /// Returns the loaded graph and the probe for the check `name`, or its failure if one of them is missing.
    pub(super) fn with_probe<'p, P>(
        &self,
        name: &str,
        probe: &'p Result<P, String>,
    ) -> Result<(&LoadedGraph, &'p P), Check> {
        match (&self.loaded, probe) {
            (Ok((graph, _)), Ok(probe)) => Ok((graph, probe)),
            (Err(_), _) => Err(Check::failed(name, not_checked(&format!("{} graph", self.name)))),
            (_, Err(reason)) => Err(Check::failed(name, reason)),
        }
    }
}

/// Returns the probe in a file, or the reason why it cannot be used. `earlier` are the checks of the files.
pub(super) fn readable<P>(file: &str, probe: Result<P, BundleError>, earlier: &[Check]) -> Result<P, String> {
    let check = format!("file {file}");
    match probe {
        Err(_) if has_failed(earlier, &check) => Err(not_checked(&check)),
        probe => probe.map_err(|error| error.to_string()),
    }
}
