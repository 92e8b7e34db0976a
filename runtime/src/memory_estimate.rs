//! An estimate of the memory that a bundle takes.

use narrows_bundle::{BundleError, CheckedGraph, Contract, GraphPorts, Opened};
use narrows_crew::{available_address_space, cores};

use crate::{
    Device, Error, MemoryLimit, Options,
    cut::{Cut, RowCost},
    rows::width,
};

/// How much memory opening a graph takes at most, as a multiple of the size of its file: the bytes of the file, the
/// message that is decoded from them and checked, the bytes for the engine, and the engine's own copies of the weights,
/// as they are and in the layout of its kernels.
const OPENING_COPIES: u64 = 6;

/// Memory that the engine takes for itself: its code, its environment, and a session without weights.
const ENGINE_BYTES: u64 = 56 << 20;

/// Addresses that the engine needs in addition to memory: its library, the stacks of threads, and what the allocator of
/// the C library reserves.
const ENGINE_ADDRESSES: u64 = 112 << 20;

/// Addresses that each further core needs: the stack of its thread.
const CORE_ADDRESSES: u64 = 4 << 20;

/// The memory that a bundle is estimated to take, in bytes.
///
/// The estimate is meant to be at or above what is measured, and below twice of it.
///
/// ```no_run
/// use narrows_runtime::{MemoryEstimate, Options, bundle::Bundle};
///
/// # fn main() -> Result<(), narrows_runtime::Error> {
/// let bundle = Bundle::open("models/vae")?;
/// let memory = MemoryEstimate::of(&bundle, &Options::default())?;
/// println!("{} bytes to open it, {} more for runs", memory.open, memory.runs);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryEstimate {
    /// Largest amount while the graphs are opened, with the engine itself.
    pub open: u64,
    /// What one row takes in a run: its inputs, its outputs and the values between the layers, in the graph that needs
    /// most.
    pub row: u64,
    /// Maximum number of rows per run, in the graph that needs most.
    pub chunk: usize,
    /// What all runs of a large batch take at the same time, with the weights of further sessions. The rows that are
    /// given and returned come on top of it.
    pub runs: u64,
}

impl MemoryEstimate {
    /// Estimates the memory of a bundle. It reads the graphs, but needs no ONNX Runtime.
    ///
    /// # Errors
    /// [`Error::Memory`] if the graphs do not fit into memory, and [`Error::Bundle`] for graphs that cannot be read.
    pub fn of<M: Contract>(bundle: &Opened<M>, options: &Options) -> Result<Self, Error> {
        let graphs = bundle.manifest().graphs();
        check_opening(bundle, &graphs, options)?;
        let each = graphs.iter().map(|ports| Ok(OfGraph::new(&bundle.graph_with_cost(ports)?, ports, options)));
        let each = each.collect::<Result<Vec<_>, BundleError>>()?;
        let largest = each.iter().max_by_key(|graph| graph.runs);
        Ok(MemoryEstimate {
            open: opening(bundle, &graphs),
            row: largest.map_or(0, |graph| graph.row),
            chunk: largest.map_or(0, |graph| graph.chunk),
            runs: each.iter().map(|graph| graph.runs).sum(),
        })
    }
}

/// Checks that there is memory for the engine itself, before a bundle exists that could be opened.
///
/// # Errors
/// [`Error::Memory`].
pub fn check_engine_memory(options: &Options) -> Result<(), Error> {
    let what = || "the libraries and threads of the engine".to_owned();
    options.memory.check(ENGINE_BYTES, what, "free memory, or raise the limit of the process")?;
    check_addresses(ENGINE_BYTES, what, options)
}

/// The estimate of one graph.
struct OfGraph {
    row: u64,
    chunk: usize,
    runs: u64,
}

impl OfGraph {
    fn new(checked: &CheckedGraph, ports: &GraphPorts, options: &Options) -> Self {
        let bytes = checked.bytes.len();
        let row = RowCost::of(checked.cost, bytes, ports.inputs.iter().chain(&ports.outputs).map(width).sum());
        let cut = Cut::of(row, max_sessions(options.device, options), options);
        let threads = cut.threads() as u64;
        // All sessions after the first one share one copy of the weights, as they are and in the layout of the kernels.
        let weights = if threads > 1 { 3 * bytes as u64 } else { 0 };
        let runs = row.bytes().saturating_mul(cut.chunk() as u64).saturating_mul(threads).saturating_add(weights);
        OfGraph { row: row.bytes(), chunk: cut.chunk(), runs }
    }
}

/// Checks that the graphs of a bundle can be opened within the memory of the options. Reads none of them.
///
/// # Errors
/// [`Error::Memory`].
pub(crate) fn check_opening<M: Contract>(
    bundle: &Opened<M>,
    graphs: &[&GraphPorts],
    options: &Options,
) -> Result<(), Error> {
    let needed = opening(bundle, graphs);
    let what = || format!("the graphs of `{}`", bundle.path().display());
    let advice = "free memory, raise the limit of the process, or use a model with fewer weights";
    options.memory.check(needed, what, advice)?;
    check_addresses(needed, || format!("{} and the libraries and threads of the engine", what()), options)
}

/// Checks that `RLIMIT_AS` leaves addresses for `needed` bytes of memory, and for the libraries and threads of the
/// engine.
fn check_addresses(needed: u64, what: impl FnOnce() -> String, options: &Options) -> Result<(), Error> {
    let addresses = match options.memory {
        MemoryLimit::Available => available_address_space(),
        MemoryLimit::Bytes(_) | MemoryLimit::Unlimited => None,
    };
    let needed = needed.saturating_add(ENGINE_ADDRESSES).saturating_add(CORE_ADDRESSES.saturating_mul(cores() as u64));
    match addresses.filter(|&addresses| addresses < needed) {
        Some(available) => {
            let advice = "raise the limit of addresses (`ulimit -v`)";
            Err(Error::Memory { what: what(), needed, available, advice })
        }
        None => Ok(()),
    }
}

/// Estimates the memory for opening graphs, from the sizes of their files.
fn opening<M: Contract>(bundle: &Opened<M>, graphs: &[&GraphPorts]) -> u64 {
    let records = graphs.iter().filter_map(|ports| bundle.manifest().records().get(&ports.file));
    let files = records.fold(0_u64, |sum, record| sum.saturating_add(record.bytes));
    files.saturating_mul(OPENING_COPIES).saturating_add(ENGINE_BYTES)
}

/// Returns the maximum number of sessions of a graph.
pub(crate) fn max_sessions(device: Device, options: &Options) -> usize {
    match (options.sessions, device) {
        (Some(count), _) if count > 0 => count,
        (_, Device::Cuda(_)) => 1,
        (_, Device::Cpu | Device::Auto) => cores(),
    }
}
