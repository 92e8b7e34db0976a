//! Where the nodes of a bundle's graphs are computed: found out, not assumed.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use narrows_bundle::{AnyBundle, Contract, GraphPorts, Opened};

use crate::{Device, Error, Options, engine::Graph, placed::place};

/// Which execution provider computed which nodes of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GraphPlacement {
    /// File name of the graph.
    pub graph: String,
    /// What its session was made on: [`Device::Cpu`] or [`Device::Cuda`].
    pub device: Device,
    /// Every node that was computed, in that order. ONNX Runtime joins nodes and leaves some out, so these
    /// are not those of the file.
    pub nodes: Vec<NodePlacement>,
}

/// A node that was computed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodePlacement {
    /// Its name.
    pub name: String,
    /// Its operator, such as `Gemm`.
    pub operator: String,
    /// The execution provider that computed it, such as `CPUExecutionProvider`.
    pub provider: String,
}

/// Computes one row in both graphs of a bundle of either sort, and says where every node was computed, by ONNX Runtime's
/// own profile. It loads the graphs for that alone: it is evidence, and nothing to do for every batch.
///
/// ```no_run
/// use narrows_runtime::{Options, placement};
///
/// # fn main() -> Result<(), narrows_runtime::Error> {
/// for graph in placement("models/vae", &Options::default())? {
///     println!("{graph}"); // encoder.onnx: 3 nodes by CPUExecutionProvider
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`Autoencoder::open`](crate::Autoencoder::open), and [`Error::Engine`] if there is no profile, as
/// where no temporary file can be written.
pub fn placement(bundle: impl Into<PathBuf>, options: &Options) -> Result<Vec<GraphPlacement>, Error> {
    match AnyBundle::open(bundle)? {
        AnyBundle::Autoencoder(bundle) => placement_in(&bundle, options),
        AnyBundle::Transferred(bundle) => placement_in(&bundle, options),
    }
}

fn placement_in<M: Contract>(bundle: &Opened<M>, options: &Options) -> Result<Vec<GraphPlacement>, Error> {
    let graphs = bundle.manifest().graphs().into_iter();
    let graphs = graphs.map(|ports| Ok((ports, bundle.graph(ports)?))).collect::<Result<Vec<_>, Error>>()?;
    let (placements, _) = place(options, |device| {
        graphs.iter().map(|(ports, bytes)| placement_on(device, ports, bytes, options)).collect()
    })?;
    Ok(placements)
}

/// The same for one graph that has been checked, on one device.
pub(crate) fn placement_on(
    device: Device,
    ports: &GraphPorts,
    bytes: &[u8],
    options: &Options,
) -> Result<GraphPlacement, Error> {
    let graph = Graph::new(ports, bytes.to_vec(), device, options)?;
    // It says first whether the device can be used at all.
    drop(graph.session()?);
    Ok(GraphPlacement { graph: ports.file.clone(), device, nodes: graph.nodes()? })
}

impl GraphPlacement {
    /// How many nodes each execution provider computed.
    pub fn providers(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for node in &self.nodes {
            *counts.entry(node.provider.as_str()).or_default() += 1;
        }
        counts
    }

    /// The same in words.
    pub(crate) fn counts(&self) -> String {
        let told = self.providers().into_iter().map(|(provider, count)| {
            let nodes = if count == 1 { "node" } else { "nodes" };
            format!("{count} {nodes} by {provider}")
        });
        told.collect::<Vec<_>>().join(", ")
    }

    /// Whether every node was computed on the device that the session was made on.
    pub fn is_whole(&self) -> bool {
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
