//! Measured placement of graph nodes: which execution provider computes which node.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use narrows_bundle::{AnyBundle, Contract, GraphPorts, Opened, counted};

use crate::{
    Device, Error, Options,
    engine::{Graph, Memory},
    load_on_device::load_on_device,
};

/// Execution providers of all nodes of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GraphPlacement {
    /// File name of the graph.
    pub graph: String,
    /// Device of the session: [`Device::Cpu`] or [`Device::Cuda`].
    pub device: Device,
    /// The executed nodes, in order of execution. ONNX Runtime fuses and removes nodes, so they differ from those of
    /// the file.
    pub nodes: Vec<NodePlacement>,
}

/// An executed node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodePlacement {
    /// Name of the node.
    pub name: String,
    /// Operator, such as `Gemm`.
    pub operator: String,
    /// Execution provider that computed the node, such as `CPUExecutionProvider`.
    pub provider: String,
}

/// Runs one row through every graph of a bundle of any type, also that of a detector, and returns the execution
/// provider of every node, from ONNX Runtime's profile.
///
/// It loads the graphs only for this measurement; do not call it for every batch.
///
/// ```no_run
/// use narrows_runtime::{Options, placement};
///
/// # fn main() -> Result<(), narrows_runtime::Error> {
/// for graph in placement("models/vae", &Options::default())? {
///     println!("{graph}"); // encoder.onnx: 3 nodes run by CPUExecutionProvider
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`Autoencoder::open`](crate::Autoencoder::open), and [`Error::Engine`] if no profile is available,
/// for example because no temporary file can be written.
pub fn placement(bundle: impl Into<PathBuf>, options: &Options) -> Result<Vec<GraphPlacement>, Error> {
    match AnyBundle::open(bundle)? {
        AnyBundle::Autoencoder(bundle) => {
            let detector = bundle.manifest().detector.as_ref().map(|detector| &detector.graph);
            placement_in(&bundle, bundle.manifest().graphs().into_iter().chain(detector), options)
        }
        AnyBundle::Transferred(bundle) => placement_in(&bundle, bundle.manifest().graphs(), options),
    }
}

fn placement_in<'a, M: Contract>(
    bundle: &Opened<M>,
    graphs: impl IntoIterator<Item = &'a GraphPorts>,
    options: &Options,
) -> Result<Vec<GraphPlacement>, Error> {
    let graphs =
        graphs.into_iter().map(|ports| Ok((ports, bundle.graph(ports)?))).collect::<Result<Vec<_>, Error>>()?;
    let (placements, _) = load_on_device(options, |device| {
        graphs.iter().map(|(ports, bytes)| placement_on(device, ports, bytes, options)).collect()
    })?;
    Ok(placements)
}

/// Measures the placement of one checked graph on one device.
pub(crate) fn placement_on(
    device: Device,
    ports: &GraphPorts,
    bytes: &[u8],
    options: &Options,
) -> Result<GraphPlacement, Error> {
    let graph = Graph::new(ports, bytes.to_vec(), device, Memory::Planned, options)?;
    // Creating a session first reports whether the device can be used.
    drop(graph.session()?);
    Ok(GraphPlacement { graph: ports.file.clone(), device, nodes: graph.nodes()? })
}

impl GraphPlacement {
    /// Returns the number of nodes per execution provider.
    pub fn providers(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for node in &self.nodes {
            *counts.entry(node.provider.as_str()).or_default() += 1;
        }
        counts
    }

    /// Formats the number of nodes per execution provider.
    pub(crate) fn counts(&self) -> String {
        let counts = self
            .providers()
            .into_iter()
            .map(|(provider, count)| format!("{} run by {provider}", counted(count, "node")));
        counts.collect::<Vec<_>>().join(", ")
    }

    /// Returns whether all nodes ran on the device of the session.
    pub fn is_on_one_device(&self) -> bool {
        let provider = match self.device {
            Device::Cpu | Device::Auto => "CPUExecutionProvider",
            Device::Cuda(_) => "CUDAExecutionProvider",
        };
        self.nodes.iter().all(|node| node.provider == provider)
    }
}

impl fmt::Display for GraphPlacement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.graph, self.counts())
    }
}
