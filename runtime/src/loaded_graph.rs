//! One half of an autoencoder: a graph that is ready to run, and the ports by which it is known.

use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use narrows_bundle::{BundleError, GraphPorts, Port, Role};
use narrows_crew::{Busy, Panicked, cores, idle, idle_for_a_moment, together};
use ndarray::ArrayD;

use crate::{
    Device, Error, Options,
    cut::Cut,
    destination::{Destination, Pieces},
    engine::{Frame, Graph},
    pool::{Pool, lock},
    room::check_room,
    rows::{InputRows, full_shape, width},
};

/// How long helpers look for the next batch: about what waking them costs.
const PATIENCE: Duration = Duration::from_micros(50);

/// An encoder, a decoder or a classifier. Inputs and outputs are found by role, never by kind of model.
#[derive(Debug)]
pub(crate) struct LoadedGraph {
    input: Port,
    graph: Graph,
    pool: Pool,
    cut: Cut,
}

/// An output, and where its rows go.
pub(crate) type Wanted<'p, 'a> = (&'p Port, Destination<'a>);

impl LoadedGraph {
    /// Loads a checked graph whose first input has this role.
    pub(crate) fn load(
        ports: &GraphPorts,
        bytes: Vec<u8>,
        role: Role,
        device: Device,
        options: &Options,
    ) -> Result<Self, Error> {
        let input = ports.input(role).ok_or_else(|| missing(ports, role))?.clone();
        let graph = Graph::new(ports, bytes, device, options)?;
        let pool = Pool::new(graph.session()?, most_sessions(device, options));
        let width = ports.inputs.iter().chain(&ports.outputs).map(width).sum();
        let cut = Cut::of(graph.bytes(), width, pool.most(), options);
        Ok(LoadedGraph { input, graph, pool, cut })
    }

    /// The port that takes samples (of an encoder) or codes (of a decoder).
    pub(crate) fn input(&self) -> &Port {
        &self.input
    }

    /// All outputs, in the graph's order.
    pub(crate) fn outputs(&self) -> &[Port] {
        &self.graph.ports.outputs
    }

    /// The output with this role, if the graph has one.
    pub(crate) fn output(&self, role: Role) -> Option<&Port> {
        self.graph.ports.output(role)
    }

    /// The output that an operation cannot do without.
    pub(crate) fn required(&self, role: Role) -> Result<&Port, Error> {
        self.output(role).ok_or_else(|| missing(&self.graph.ports, role))
    }

    /// Whether the graph takes a label with every row.
    pub(crate) fn takes_labels(&self) -> bool {
        self.graph.ports.input(Role::Label).is_some()
    }

    /// Runs the graph and returns the named outputs, each `[rows, ...port shape]`; zero rows do not
    /// reach the engine. Labels are fed where the graph takes them and dropped where it does not.
    pub(crate) fn run<const N: usize>(
        &self,
        rows: &InputRows<'_, '_>,
        labels: Option<&[i64]>,
        outputs: [&Port; N],
    ) -> Result<[ArrayD<f32>; N], Error> {
        outputs.iter().try_for_each(|port| check_room(rows.count, width(port)))?;
        let mut arrays = outputs.map(|port| ArrayD::zeros(full_shape(rows.count, port)));
        let mut views = arrays.iter_mut();
        let wanted = outputs.map(|port| {
            let array = views.next().expect("an array for every output");
            (port, Destination::of(array.view_mut()))
        });
        self.run_into(rows, labels, wanted)?;
        Ok(arrays)
    }

    /// The same into arrays that are there. After an error it is undefined what they hold.
    pub(crate) fn run_into<const N: usize>(
        &self,
        rows: &InputRows<'_, '_>,
        labels: Option<&[i64]>,
        wanted: [Wanted<'_, '_>; N],
    ) -> Result<(), Error> {
        let labels = labels.filter(|_| self.takes_labels());
        if rows.count == 0 {
            return Ok(());
        }
        let _busy = Busy::caller();
        let size = self.cut.part(rows.count);
        if size >= rows.count {
            return self.run_part(rows, labels, 0..rows.count, wanted);
        }
        let parts = Mutex::new(Parts {
            rows: 0..rows.count,
            size,
            pieces: wanted.map(|(port, destination)| (port, destination.pieces(size))),
        });
        let failure: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        // A function of its own, so that the lock is not held while its result is worked on.
        let next = || lock(&parts).next();
        let work = || {
            while let Some((part, wanted)) = next() {
                let first = part.start;
                if let Err(error) = self.run_part(rows, labels, part, wanted) {
                    lock(&parts).rows.start = rows.count;
                    let mut failure = lock(&failure);
                    // Parts before this one have begun, so the same batch always fails by the same part.
                    if failure.as_ref().is_none_or(|(other, _)| first < *other) {
                        *failure = Some((first, error));
                    }
                }
            }
        };
        let idle = if rows.count > self.cut.chunk() { idle() } else { idle_for_a_moment() };
        let helped = together(idle.min(self.pool.most() - 1), PATIENCE, &work);
        match (failure.into_inner().unwrap_or_else(PoisonError::into_inner), helped) {
            (Some((_, error)), _) => Err(error),
            (None, Err(Panicked)) => Err(self.graph.failed("run", "it panicked")),
            (None, Ok(())) => Ok(()),
        }
    }

    fn run_part<const N: usize>(
        &self,
        rows: &InputRows<'_, '_>,
        labels: Option<&[i64]>,
        part: Range<usize>,
        wanted: [Wanted<'_, '_>; N],
    ) -> Result<(), Error> {
        let mut slot = self.pool.lend(&self.graph)?;
        let mut frame = slot.frame(&self.graph, part.len())?;
        let outcome = self
            .fill(&mut frame, rows, labels, part)
            .and_then(|()| slot.run(&mut frame, &self.graph))
            .and_then(|()| self.collect(&frame, wanted));
        slot.keep(frame);
        outcome
    }

    fn fill(
        &self,
        frame: &mut Frame,
        rows: &InputRows<'_, '_>,
        labels: Option<&[i64]>,
        part: Range<usize>,
    ) -> Result<(), Error> {
        let failed = |error| self.graph.failed("run", error);
        if let Some(labels) = labels.and_then(|labels| labels.get(part.clone())) {
            frame.integers().map_err(failed)?.copy_from_slice(labels);
        }
        rows.write(part, frame.floats().map_err(failed)?)
    }

    fn collect<const N: usize>(&self, frame: &Frame, wanted: [Wanted<'_, '_>; N]) -> Result<(), Error> {
        for (port, mut destination) in wanted {
            let at = self.outputs().iter().position(|output| output.name == port.name).unwrap_or(usize::MAX);
            destination.write(frame.output(at).map_err(|error| self.graph.failed("run", error))?);
        }
        Ok(())
    }
}

/// What is left to do of a batch.
struct Parts<'p, 'a, const N: usize> {
    rows: Range<usize>,
    size: usize,
    pieces: [(&'p Port, Pieces<'a>); N],
}

impl<'p, 'a, const N: usize> Iterator for Parts<'p, 'a, N> {
    type Item = (Range<usize>, [Wanted<'p, 'a>; N]);

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

fn most_sessions(device: Device, options: &Options) -> usize {
    match (options.sessions, device) {
        (Some(count), _) if count > 0 => count,
        (_, Device::Cuda(_)) => 1,
        (_, Device::Cpu | Device::Auto) => cores(),
    }
}

fn missing(ports: &GraphPorts, role: Role) -> Error {
    let what = format!("it has no port with the role {role:?}");
    BundleError::Invalid { path: ports.file.clone().into(), what }.into()
}
