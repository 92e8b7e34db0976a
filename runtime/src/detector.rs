//! The public type `Detector`: the anomaly detector of a bundle, loaded into ONNX Runtime.

use std::{path::PathBuf, sync::Arc};

use narrows_bundle::{Bundle, DetectorRecord, Manifest, Port, Role};
use ndarray::{Array1, ArrayD};

use crate::{
    Cancellation, Detections, DetectionsMut, Error, Explained, Options, Placement, Reason, Samples,
    destination::Destination,
    detections::largest,
    label::check_labels,
    load_on_device::load_on_device,
    loaded_graph::{LoadedGraph, OutputTarget},
    memory_estimate::check_opening,
    rows::{InputRows, full_shape, width},
};

/// The anomaly detector of an exported autoencoder, loaded into ONNX Runtime.
///
/// `narrows detect fit` adds a detector to a bundle. One graph computes the score, the p-value and the label of every
/// row, so every engine that runs the graph agrees with this type on the labels.
///
/// Every method takes `&self`, and one handle can be used by many threads at the same time. After an error the handle
/// works as before.
///
/// ```no_run
/// use narrows_runtime::{Detector, ndarray::Array2};
///
/// # fn main() -> Result<(), narrows_runtime::Error> {
/// let detector = Detector::open("models/ae")?;
/// let rows = Array2::<f32>::zeros((32, 64)); // [batch, features], or [batch, ...sample shape]
/// let detections = detector.detect(&rows)?;
/// for (row, reasons) in detector.reasons(&rows, 3)?.iter().enumerate() {
///     if detections.are_anomalies[row] {
///         println!("row {row}: score {}, p-value {}", detections.scores[row], detections.p_values[row]);
///         for reason in reasons {
///             println!("  value {} is {}, expected {}", reason.feature, reason.value, reason.expected);
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Detector {
    manifest: Arc<Manifest>,
    record: Arc<DetectorRecord>,
    graph: LoadedGraph,
    placement: Arc<Placement>,
    level: f64,
}

const _: () = {
    const fn is_shareable<T: Send + Sync>() {}
    is_shareable::<Detector>();
};

/// A panic of another thread cannot leave it inconsistent: the state behind its locks is consistent after every
/// statement.
impl std::panic::UnwindSafe for Detector {}
impl std::panic::RefUnwindSafe for Detector {}

/// The rows and labels of a batch after their check.
type Batch<'a, 'p> = (InputRows<'a, 'p>, Option<&'a [i64]>);

impl Detector {
    /// Opens the detector of the bundle at `path`, a folder or a packed file, with [`Options::default`].
    ///
    /// # Errors
    /// [`Error::NoDetector`] for a bundle without a detector, and those of
    /// [`Autoencoder::open`](crate::Autoencoder::open).
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::open_with(path, &Options::default())
    }

    /// Opens the detector of the bundle at `path`, a folder or a packed file, with `options`.
    ///
    /// # Errors
    /// Those of [`Detector::open`].
    pub fn open_with(path: impl Into<PathBuf>, options: &Options) -> Result<Self, Error> {
        Self::from_bundle(&Bundle::open(path)?, options)
    }

    /// Opens the detector of a packed bundle in memory, with `options`.
    ///
    /// # Errors
    /// Those of [`Detector::open`].
    pub fn open_bytes(packed: &[u8], options: &Options) -> Result<Self, Error> {
        Self::from_bundle(&Bundle::from_bytes(packed)?, options)
    }

    /// Loads the detector graph of an opened bundle. The encoder and the decoder are parts of it; their own graphs are
    /// not loaded.
    ///
    /// # Errors
    /// Those of [`Detector::open`].
    pub fn from_bundle(bundle: &Bundle, options: &Options) -> Result<Self, Error> {
        let manifest = bundle.manifest().clone();
        let missing = || Error::NoDetector { path: bundle.path().to_owned() };
        let record = manifest.detector.clone().ok_or_else(missing)?;
        check_opening(bundle, &[&record.graph], options)?;
        let checked = bundle.graph_with_cost(&record.graph)?;
        let sample = &manifest.sample;
        let load = |device| LoadedGraph::load(&record.graph, checked.clone(), Role::Sample, sample, device, options);
        let (graph, placement) = load_on_device(options, load)?;
        let (level, manifest, record) = (record.level, Arc::new(manifest), Arc::new(record));
        Ok(Detector { manifest, record, graph, placement: placement.into(), level })
    }

    /// Returns a second handle of the model, with the same sessions, whose calls the flag cancels. It costs nothing to
    /// speak of, so that every call can have a flag of its own.
    pub fn cancelled_by(&self, cancellation: &Cancellation) -> Self {
        Detector {
            manifest: Arc::clone(&self.manifest),
            record: Arc::clone(&self.record),
            graph: self.graph.cancelled_by(cancellation),
            placement: Arc::clone(&self.placement),
            level: self.level,
        }
    }

    /// Returns the manifest of the bundle.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the record of the detector: its score, level, threshold and calibration.
    pub fn record(&self) -> &DetectorRecord {
        &self.record
    }

    /// Returns the device on which the graph runs.
    pub fn device(&self) -> &Placement {
        &self.placement
    }

    /// Returns the false-alarm rate: a row is an anomaly if its p-value is at most this.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// Returns whether every row needs a label.
    pub fn takes_labels(&self) -> bool {
        self.graph.takes_labels()
    }

    /// Sets the false-alarm rate: the graph's input `level`, by default that of the record. The graph computes in
    /// `f32`, to which the level is rounded.
    ///
    /// The smallest p-value is `1 / (n + 1)` for `n` calibration rows; with a smaller level no row is an anomaly.
    ///
    /// # Errors
    /// [`Error::Level`] unless the level is in (0, 1).
    pub fn at_level(mut self, level: f64) -> Result<Self, Error> {
        let rounded = level as f32;
        if !(rounded > 0.0 && rounded < 1.0) {
            return Err(Error::Level { level });
        }
        self.graph.set(DetectorRecord::LEVEL, rounded)?;
        self.level = level;
        Ok(self)
    }

    /// Computes the score, the p-value and the label of every sample.
    ///
    /// The labels are those of the graph. They do not depend on the batch, except where a score is within the rounding
    /// error of a calibration score.
    ///
    /// # Errors
    /// Those of [`Autoencoder::encode`](crate::Autoencoder::encode).
    pub fn detect<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Detections, Error> {
        let (rows, labels) = self.batch(samples.into())?;
        let mut detections = self.room(rows.count)?;
        self.graph.run_into(&rows, labels, self.targets(&mut detections)?)?;
        Ok(detections)
    }

    /// Computes the results of [`Detector::detect`], and writes them to existing arrays.
    ///
    /// After a warm-up with the same batch sizes, this does not allocate at the default level, as long as the tensors
    /// of all batch sizes in use take at most 16 MiB per session. At another level, every run of the graph allocates
    /// its list of inputs. After an error the content of the arrays is unspecified.
    ///
    /// # Errors
    /// [`Error::Destination`] if an array has another length, and those of [`Detector::detect`].
    pub fn detect_into<'a>(&self, samples: impl Into<Samples<'a>>, results: DetectionsMut<'_>) -> Result<(), Error> {
        let (rows, labels) = self.batch(samples.into())?;
        let DetectionsMut { scores, p_values, are_anomalies } = results;
        let [score, p_value, is_anomaly] = self.label_ports()?;
        let targets = [
            (score, Destination::check(scores, rows.count, score)?),
            (p_value, Destination::check(p_values, rows.count, p_value)?),
            (is_anomaly, Destination::check_booleans(are_anomalies, rows.count, is_anomaly)?),
        ];
        self.graph.run_into(&rows, labels, targets)
    }

    /// Returns for every sample the `count` values with the largest shares, the largest first. Fewer where
    /// a sample has fewer values.
    ///
    /// Memory: two arrays of the size of the samples in `f32`.
    ///
    /// # Errors
    /// Those of [`Detector::detect`].
    pub fn reasons<'a>(&self, samples: impl Into<Samples<'a>>, count: usize) -> Result<Vec<Vec<Reason>>, Error> {
        let (rows, labels) = self.batch(samples.into())?;
        let ports = [self.graph.required(Role::Share)?, self.graph.required(Role::Reconstruction)?];
        let bounds = self.graph.bounds();
        let run = self.graph.run(&rows, labels, ports);
        let [shares, expected] = run.map_err(|error| error.cancelled_after(0, rows.count))?;
        let mut values = vec![0.0; width(self.graph.input())];
        let each = shares.outer_iter().zip(expected.outer_iter()).enumerate();
        each.map(|(row, (shares, expected))| {
            bounds.check_cancelled(row, rows.count)?;
            rows.copy(row..row + 1, &mut values);
            let (shares, expected) = (shares.flatten(), expected.flatten());
            let reason = |feature| {
                Some(Reason {
                    feature,
                    share: *shares.get(feature)?,
                    value: *values.get(feature)?,
                    expected: *expected.get(feature)?,
                })
            };
            Ok(largest(&shares.view(), count).into_iter().filter_map(reason).collect())
        })
        .collect()
    }

    /// Returns the share of every value of a sample, `[batch, ...sample shape]`; see [`Explained::shares`]. The shares
    /// of a row sum to 1.
    ///
    /// # Errors
    /// Those of [`Detector::detect`].
    pub fn shares<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<ArrayD<f32>, Error> {
        let (rows, labels) = self.batch(samples.into())?;
        let [shares] = self.graph.run(&rows, labels, [self.graph.required(Role::Share)?])?;
        Ok(shares)
    }

    /// Computes everything in one run of the graph: the results of [`Detector::detect`], the shares and the expected
    /// values.
    ///
    /// # Errors
    /// Those of [`Detector::detect`].
    pub fn explain<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Explained, Error> {
        let (rows, labels) = self.batch(samples.into())?;
        let (share, expected) = (self.graph.required(Role::Share)?, self.graph.required(Role::Reconstruction)?);
        self.graph.bounds().check_memory(rows.count, width(share) + width(expected))?;
        let array = |port: &Port| ArrayD::zeros(full_shape(rows.count, port));
        let detections = self.room(rows.count)?;
        let mut explained = Explained { detections, shares: array(share), expected: array(expected) };
        let [scores, p_values, are_anomalies] = self.targets(&mut explained.detections)?;
        let shares = (share, Destination::of(explained.shares.view_mut()));
        let expected = (expected, Destination::of(explained.expected.view_mut()));
        self.graph.run_into(&rows, labels, [scores, p_values, are_anomalies, shares, expected])?;
        Ok(explained)
    }

    /// Returns the loaded graph, for the parity check.
    pub(crate) fn graph(&self) -> &LoadedGraph {
        &self.graph
    }

    fn batch<'a>(&self, samples: Samples<'a>) -> Result<Batch<'a, '_>, Error> {
        let rows = InputRows::of(samples.values, self.graph.input())?;
        check_labels(samples.labels, rows.count, &[&self.graph], &self.manifest)?;
        Ok((rows, samples.labels))
    }

    fn label_ports(&self) -> Result<[&Port; 3], Error> {
        let graph = &self.graph;
        Ok([graph.required(Role::Score)?, graph.required(Role::PValue)?, graph.required(Role::Anomaly)?])
    }

    fn room(&self, rows: usize) -> Result<Detections, Error> {
        self.graph.bounds().check_memory(rows, 3)?;
        Ok(Detections { scores: Array1::zeros(rows), p_values: Array1::zeros(rows), are_anomalies: vec![false; rows] })
    }

    fn targets<'p, 'a>(&'p self, results: &'a mut Detections) -> Result<[OutputTarget<'p, 'a>; 3], Error> {
        let [score, p_value, is_anomaly] = self.label_ports()?;
        Ok([
            (score, Destination::of(results.scores.view_mut())),
            (p_value, Destination::of(results.p_values.view_mut())),
            (is_anomaly, Destination::Booleans(&mut results.are_anomalies)),
        ])
    }
}
