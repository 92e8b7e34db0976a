//! A graph loaded into ONNX Runtime, with its ports, its sessions, and the splitting of batches into runs.

use std::{
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use narrows_bundle::{BundleError, CheckedGraph, GraphPorts, Port, Role, Sample, counted};
use narrows_crew::{Busy, Panicked, idle, idle_for_short_tasks, together};
use ndarray::ArrayD;

use crate::{
    Cancellation, Device, Error, Options,
    bounds::Bounds,
    cut::{Cut, RowCost},
    destination::{Destination, Pieces},
    engine::{Frame, Graph, OutputSet},
    memory_estimate::max_sessions,
    pool::{Pool, lock},
    rows::{InputRows, full_shape, width},
    table_edge::TableEdge,
};

/// How long helper threads wait for the next batch before they sleep: about the cost of waking them.
const HELPER_WAIT: Duration = Duration::from_micros(50);

/// A loaded encoder, decoder, head or end-to-end graph. Inputs and outputs are found by role, never by the kind of
/// model. Handles of the same graph share everything but the bounds of their calls.
#[derive(Debug)]
pub(crate) struct LoadedGraph {
    parts: Arc<Parts>,
    bounds: Bounds,
}

#[derive(Debug)]
struct Parts {
    input: Port,
    /// Position of the input with the labels.
    label_input: Option<usize>,
    /// How rows of a mixed table are given to the graph and received from it.
    table: Option<TableEdge>,
    graph: Graph,
    pool: Pool,
    row: RowCost,
    cut: Cut,
}

/// An output port, and the array that receives its rows.
pub(crate) type OutputTarget<'p, 'a> = (&'p Port, Destination<'a>);

impl LoadedGraph {
    /// Loads a checked graph that takes samples (the role `Sample`) or codes (the role `Latent`) of a model with this
    /// description of samples.
    pub(crate) fn load(
        ports: &GraphPorts,
        checked: CheckedGraph,
        role: Role,
        sample: &Sample,
        device: Device,
        options: &Options,
    ) -> Result<Self, Error> {
        let table = TableEdge::of(ports, sample);
        let input = match &table {
            Some(table) if role == Role::Sample => table.input.clone(),
            Some(_) | None => ports.input(role).ok_or_else(|| missing(ports, role))?.clone(),
        };
        let label_input = ports.inputs.iter().position(|port| port.role == Role::Label);
        let CheckedGraph { bytes, cost, parameters: _ } = checked;
        let width = ports.inputs.iter().chain(&ports.outputs).map(width).sum();
        let row = RowCost::of(cost, bytes.len(), width);
        let graph = Graph::new(ports, bytes, device, row.memory(), options)?;
        let pool = Pool::new(graph.session()?, max_sessions(device, options));
        let cut = Cut::of(row, pool.max_slots(), options);
        let parts = Arc::new(Parts { input, label_input, table, graph, pool, row, cut });
        Ok(LoadedGraph { parts, bounds: Bounds::of(options) })
    }

    /// Returns a second handle of the graph whose calls the flag cancels.
    pub(crate) fn cancelled_by(&self, cancellation: &Cancellation) -> Self {
        LoadedGraph { parts: Arc::clone(&self.parts), bounds: self.bounds.cancelled_by(cancellation) }
    }

    /// Returns what bounds the calls of this handle.
    pub(crate) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Sets the value of a setting, a scalar input with a default value, for all later runs of this handle. If there
    /// are other handles of the graph, this one gets sessions of its own.
    ///
    /// # Errors
    /// [`Error::Engine`] if the graph has no setting with this name, or if a session cannot be created.
    pub(crate) fn set(&mut self, name: &str, value: f32) -> Result<(), Error> {
        if Arc::get_mut(&mut self.parts).is_none() {
            self.parts = Arc::new(self.parts.with_own_sessions()?);
        }
        let parts = Arc::get_mut(&mut self.parts).expect("the only handle of these parts");
        parts.graph.set(name, value)?;
        parts.pool.clear();
        Ok(())
    }

    /// Returns the input port for samples or codes. Samples of a mixed table are rows of cells.
    pub(crate) fn input(&self) -> &Port {
        &self.parts.input
    }

    /// Returns what one row costs.
    pub(crate) fn row_cost(&self) -> RowCost {
        self.parts.row
    }

    /// Returns all output ports, in the graph's order.
    pub(crate) fn outputs(&self) -> &[Port] {
        &self.parts.graph.ports.outputs
    }

    /// Returns the output port with this role, if the graph has one. The reconstructions of a mixed table are rows of
    /// cells, which are joined from two outputs of the graph.
    pub(crate) fn output(&self, role: Role) -> Option<&Port> {
        match &self.parts.table {
            Some(table) if role == Role::Reconstruction => table.output.as_ref(),
            Some(_) | None => self.parts.graph.ports.output(role),
        }
    }

    /// Returns the output port with this role, or an error if the graph has none.
    pub(crate) fn required(&self, role: Role) -> Result<&Port, Error> {
        self.output(role).ok_or_else(|| missing(&self.parts.graph.ports, role))
    }

    /// Returns whether the graph takes a label for every row.
    pub(crate) fn takes_labels(&self) -> bool {
        self.parts.label_input.is_some()
    }

    /// Runs the graph and returns the given outputs of floats, each `[rows, ...port shape]`. The engine is not called
    /// for zero rows. Labels are ignored if the graph takes none.
    pub(crate) fn run<const N: usize>(
        &self,
        rows: &InputRows<'_, '_>,
        labels: Option<&[i64]>,
        outputs: [&Port; N],
    ) -> Result<[ArrayD<f32>; N], Error> {
        self.bounds.check_memory(rows.count, outputs.iter().map(|port| width(port)).sum())?;
        let mut arrays = outputs.map(|port| ArrayD::zeros(full_shape(rows.count, port)));
        let mut views = arrays.iter_mut();
        let targets = outputs.map(|port| {
            let array = views.next().expect("an array for every output");
            (port, Destination::of(array.view_mut()))
        });
        self.run_into(rows, labels, targets)?;
        Ok(arrays)
    }

    /// Runs a graph whose outputs are all floats, and returns them in the graph's order.
    pub(crate) fn run_all(&self, rows: &InputRows<'_, '_>, labels: Option<&[i64]>) -> Result<Vec<ArrayD<f32>>, Error> {
        // Almost every graph has one or two outputs.
        match self.outputs() {
            [first, second] => Ok(self.run(rows, labels, [first, second])?.into()),
            outputs => {
                let each = outputs.iter().map(|port| Ok(self.run(rows, labels, [port])?.into()));
                each.collect::<Result<Vec<Vec<_>>, Error>>().map(|arrays| arrays.into_iter().flatten().collect())
            }
        }
    }

    /// Runs the graph like [`LoadedGraph::run`], and writes the outputs to existing arrays. After an error their
    /// content is unspecified.
    pub(crate) fn run_into<const N: usize>(
        &self,
        rows: &InputRows<'_, '_>,
        labels: Option<&[i64]>,
        targets: [OutputTarget<'_, '_>; N],
    ) -> Result<(), Error> {
        let labels = labels.filter(|_| self.takes_labels());
        if rows.count == 0 {
            return Ok(());
        }
        self.bounds.check_cancelled(0, rows.count)?;
        let _busy = Busy::caller();
        let size = self.parts.cut.rows_per_run(rows.count);
        self.check_runs(rows.count, size)?;
        if size >= rows.count {
            return self.run_range(rows, labels, 0..rows.count, targets);
        }
        let runs = Mutex::new(Runs {
            rows: 0..rows.count,
            size,
            pieces: targets.map(|(port, destination)| (port, destination.pieces(size))),
        });
        let failure: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let (is_cancelled, done) = (AtomicBool::new(false), AtomicUsize::new(0));
        // A closure of its own, so that the lock is released before the run starts.
        let next = || lock(&runs).next();
        let work = || {
            while let Some((range, targets)) = next() {
                if self.bounds.is_cancelled() {
                    lock(&runs).rows.start = rows.count;
                    is_cancelled.store(true, Ordering::Relaxed);
                    return;
                }
                let (first, count) = (range.start, range.len());
                if let Err(error) = self.run_range(rows, labels, range, targets) {
                    lock(&runs).rows.start = rows.count;
                    let mut failure = lock(&failure);
                    // All earlier runs have started already. Keeping the error of the first failed run makes the error
                    // of a batch deterministic.
                    if failure.as_ref().is_none_or(|(other, _)| first < *other) {
                        *failure = Some((first, error));
                    }
                } else {
                    done.fetch_add(count, Ordering::Relaxed);
                }
            }
        };
        let idle = if rows.count > self.parts.cut.chunk() { idle() } else { idle_for_short_tasks() };
        let outcome = together(idle.min(self.parts.pool.max_slots() - 1), HELPER_WAIT, &work);
        match (failure.into_inner().unwrap_or_else(PoisonError::into_inner), outcome) {
            (Some((_, error)), _) => Err(error),
            (None, Err(Panicked)) => Err(self.parts.graph.failed("run", "a thread panicked")),
            (None, Ok(())) if is_cancelled.into_inner() => {
                Err(Error::Cancelled { done: done.into_inner(), rows: rows.count })
            }
            (None, Ok(())) => Ok(()),
        }
    }

    /// Checks that the runs of `size` rows that compute at the same time may take the memory that they need.
    fn check_runs(&self, rows: usize, size: usize) -> Result<(), Error> {
        let Parts { row, cut, graph, .. } = &*self.parts;
        let runs = rows.div_ceil(size.max(1)).min(cut.threads()).saturating_mul(size);
        let what = || format!("runs of {} of `{}`", counted(size, "row"), graph.ports.file);
        let advice = "use a smaller chunk, fewer sessions or fewer rows";
        self.bounds.check_bytes(row.bytes().saturating_mul(runs as u64), what, advice)
    }

    fn run_range<const N: usize>(
        &self,
        rows: &InputRows<'_, '_>,
        labels: Option<&[i64]>,
        range: Range<usize>,
        targets: [OutputTarget<'_, '_>; N],
    ) -> Result<(), Error> {
        let mut slot = self.parts.pool.acquire(&self.parts.graph)?;
        let wanted = self.outputs_of(&targets);
        let mut frame = slot.frame(&self.parts.graph, range.len(), wanted)?;
        let outcome = self
            .fill(&mut frame, rows, labels, range)
            .and_then(|()| slot.run(&mut frame, &self.parts.graph))
            .and_then(|()| self.collect(&frame, targets));
        slot.keep(frame);
        outcome
    }

    fn fill(
        &self,
        frame: &mut Frame,
        rows: &InputRows<'_, '_>,
        labels: Option<&[i64]>,
        range: Range<usize>,
    ) -> Result<(), Error> {
        let failed = |error| self.parts.graph.failed("run", error);
        let labels = labels.and_then(|labels| labels.get(range.clone()));
        if let Some((labels, index)) = labels.zip(self.parts.label_input) {
            frame.input(index).map_err(failed)?.copy_from_slice(labels);
        }
        match &self.parts.table {
            Some(table) if self.parts.input.role == Role::Sample => {
                let [numbers, categories] = table.inputs;
                let mut are_allowed = true;
                if let Some(index) = numbers {
                    let to = frame.input(index).map_err(failed)?;
                    are_allowed &= table.write_numbers(rows, range.clone(), to);
                }
                if let Some(index) = categories {
                    let to = frame.input(index).map_err(failed)?;
                    are_allowed &= table.write_categories(rows, range.clone(), to);
                }
                if are_allowed { Ok(()) } else { Err(table.first_error(rows, range)) }
            }
            Some(_) | None => rows.write(range, frame.input(0).map_err(failed)?),
        }
    }

    /// Returns the table if a port stands for complete rows of cells, which are joined from several outputs.
    fn joined(&self, port: &Port) -> Option<&TableEdge> {
        self.parts.table.as_ref().filter(|table| table.is_output(port))
    }

    /// Returns the outputs of the graph that the targets need.
    fn outputs_of(&self, targets: &[OutputTarget<'_, '_>]) -> OutputSet {
        OutputSet::of(
            targets
                .iter()
                .flat_map(|(port, _)| match self.joined(port) {
                    Some(table) => table.outputs,
                    None => [Some(self.position(port)), None],
                })
                .flatten(),
        )
    }

    /// Returns the position of an output in the graph; that of no output for a port of another graph.
    fn position(&self, port: &Port) -> usize {
        self.outputs().iter().position(|output| output.name == port.name).unwrap_or(usize::MAX)
    }

    fn collect<const N: usize>(&self, frame: &Frame, targets: [OutputTarget<'_, '_>; N]) -> Result<(), Error> {
        for (port, mut destination) in targets {
            let outcome = match self.joined(port) {
                Some(table) => destination.write_cells(frame, table),
                None => destination.write(frame, self.position(port), port),
            };
            outcome.map_err(|error| self.parts.graph.failed("run", error))?;
        }
        Ok(())
    }
}

impl Parts {
    /// Returns the same graph with a new session.
    fn with_own_sessions(&self) -> Result<Self, Error> {
        let Parts { input, label_input, table, graph, pool, row, cut } = self;
        Ok(Parts {
            input: input.clone(),
            label_input: *label_input,
            table: table.clone(),
            graph: graph.clone(),
            pool: Pool::new(graph.session()?, pool.max_slots()),
            row: *row,
            cut: *cut,
        })
    }
}

/// The remaining runs of a batch: an iterator over row ranges and their output targets.
struct Runs<'p, 'a, const N: usize> {
    rows: Range<usize>,
    size: usize,
    pieces: [(&'p Port, Pieces<'a>); N],
}

impl<'p, 'a, const N: usize> Iterator for Runs<'p, 'a, N> {
    type Item = (Range<usize>, [OutputTarget<'p, 'a>; N]);

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.rows.start;
        if first >= self.rows.end {
            return None;
        }
        self.rows.start = self.rows.end.min(first + self.size);
        let pieces = self.pieces.each_mut().map(|(port, pieces)| (*port, pieces.take()));
        Some((first..self.rows.start, pieces))
    }
}

fn missing(ports: &GraphPorts, role: Role) -> Error {
    let what = format!("it has no port with the role {role:?}");
    BundleError::Invalid { path: ports.file.clone().into(), what }.into()
}
