//! Samples between two classes of a conditional model.

use std::sync::Arc;

use narrows_bundle::{Bundle, BundleError, CheckedGraph, Role, onnx};
use ndarray::{ArrayD, ArrayView2};
use prost::Message;

use crate::{
    Cancellation, Class, Codes, Error, Options, label::label_of, load_on_device::load_on_device,
    loaded_graph::LoadedGraph, memory_estimate::check_opening, rows::InputRows,
};

/// Largest number of steps: the tables of classes, with one row per step, stay small enough for a graph in memory.
const MAX_STEPS: usize = 1 << 14;

/// A decoder of a conditional model whose class moves from one class to another in equal steps.
///
/// A class enters a decoder as a row of a table, which is added inside the network. This decoder adds
/// `(1 - t) row(from) + t row(to)` instead, so the first step is exactly the class `from` and the last is `to`. No
/// training data has a class in between, so the model was not fitted for the steps between.
///
/// ```no_run
/// use narrows_runtime::{Autoencoder, ClassPath, GenerateOptions, Options, bundle::Bundle};
///
/// # fn main() -> Result<(), narrows_runtime::Error> {
/// let bundle = Bundle::open("models/cvae")?;
/// let options = Options::default();
/// let code = Autoencoder::from_bundle(&bundle, &options)?.sample_codes(&GenerateOptions::default().class("3"))?;
/// let path = ClassPath::open(&bundle, &options, "3", "8", 9)?;
/// let codes = code.broadcast((9, code.ncols())).expect("one code").to_owned();
/// let samples = path.decode(codes.view())?; // [9, ...sample shape]
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ClassPath {
    decoder: LoadedGraph,
    steps: Arc<[i64]>,
}

impl ClassPath {
    /// Loads the decoder of a bundle for `steps` steps from one class to another, each given by name or label. The
    /// tables of classes get one row per step.
    ///
    /// # Errors
    /// [`Error::ClassUnexpected`] if the decoder takes no class, [`Error::UnknownClass`] if there is no such class,
    /// [`Error::OutOfRange`] for no steps or more than 16384; otherwise those of
    /// [`Autoencoder::open`](crate::Autoencoder::open).
    pub fn open<'a>(
        bundle: &Bundle,
        options: &Options,
        from: impl Into<Class<'a>>,
        to: impl Into<Class<'a>>,
        steps: usize,
    ) -> Result<Self, Error> {
        let manifest = bundle.manifest();
        check_opening(bundle, &[&manifest.graphs.decoder], options)?;
        let ports = &manifest.graphs.decoder;
        let Some(label) = ports.input(Role::Label) else {
            return Err(Error::ClassUnexpected { kind: manifest.kind });
        };
        let classes = manifest.classes.as_deref().unwrap_or_default();
        let ends = [label_of(from.into(), classes)?, label_of(to.into(), classes)?];
        if !(1..=MAX_STEPS).contains(&steps) {
            let expected = "1 to 16384 between two classes";
            return Err(Error::OutOfRange { option: "steps", value: steps as f64, expected });
        }
        let invalid = |what: &str| BundleError::Invalid { path: ports.file.clone().into(), what: what.to_owned() };
        let mut model = onnx::Model::decode(&bundle.graph(ports)?[..]).map_err(|error| invalid(&error.to_string()))?;
        let graph = model.graph.as_mut().ok_or_else(|| invalid("it contains no graph"))?;
        blend_classes(graph, &label.name, ends, steps).map_err(|what| invalid(&what))?;
        let checked = CheckedGraph::of(&model);
        let sample = &manifest.sample;
        let load = |device| LoadedGraph::load(ports, checked.clone(), Role::Latent, sample, device, options);
        let (decoder, _) = load_on_device(options, load)?;
        Ok(ClassPath { decoder, steps: (0..steps as i64).collect() })
    }

    /// Returns a second handle of the decoder, with the same sessions, whose calls the flag cancels.
    pub fn cancelled_by(&self, cancellation: &Cancellation) -> Self {
        ClassPath { decoder: self.decoder.cancelled_by(cancellation), steps: Arc::clone(&self.steps) }
    }

    /// Decodes one code per step, `[steps, latent]`, and returns `[steps, ...sample shape]`.
    ///
    /// # Errors
    /// [`Error::LabelCount`] if there is not one code per step; otherwise those of
    /// [`Autoencoder::decode`](crate::Autoencoder::decode).
    pub fn decode(&self, codes: ArrayView2<'_, f32>) -> Result<ArrayD<f32>, Error> {
        if codes.nrows() != self.steps.len() {
            return Err(Error::LabelCount { rows: codes.nrows(), labels: self.steps.len() });
        }
        let rows = InputRows::of(Codes::from(codes).values, self.decoder.input())?;
        let [samples] = self.decoder.run(&rows, Some(&self.steps), [self.decoder.required(Role::Reconstruction)?])?;
        Ok(samples)
    }
}

/// Replaces every table of classes by one with a row per step.
fn blend_classes(graph: &mut onnx::Graph, label: &str, ends: [usize; 2], steps: usize) -> Result<(), String> {
    let takes = |node: &onnx::Node, name: &str| node.input.iter().any(|input| input == name);
    let tables: Vec<String> = graph
        .node
        .iter()
        .filter(|node| takes(node, label))
        .map(|node| match &node.input[..] {
            [table, index] if node.op_type == "Gather" && index == label => Ok(table.clone()),
            _ => Err(format!("its node `{}` uses the class in an unknown way", node.name)),
        })
        .collect::<Result<_, _>>()?;
    for table in &tables {
        if graph.node.iter().any(|node| takes(node, table) && !takes(node, label)) {
            return Err(format!("its table of classes `{table}` is used for something else too"));
        }
        let constant = graph.initializer.iter_mut().find(|constant| constant.name == *table);
        let constant = constant.ok_or_else(|| format!("it has no table of classes `{table}`"))?;
        *constant = blended(constant, ends, steps)?;
    }
    Ok(())
}

/// Returns the table with a row per step, from the row `ends[0]` to the row `ends[1]`.
fn blended(table: &onnx::Tensor, ends: [usize; 2], steps: usize) -> Result<onnx::Tensor, String> {
    let invalid = || format!("its table of classes `{}` has the shape {:?}", table.name, table.dims);
    let [_, width] = table.dims[..] else { return Err(invalid()) };
    let width = usize::try_from(width).map_err(|_| invalid())?;
    let (values, _) = table.raw_data.as_chunks::<4>();
    let row = |index: usize| index.checked_mul(width).and_then(|start| values.get(start..start.checked_add(width)?));
    let [from, to] = [row(ends[0]).ok_or_else(invalid)?, row(ends[1]).ok_or_else(invalid)?];
    let last = steps.saturating_sub(1).max(1) as f64;
    let mut raw = Vec::new();
    for step in 0..steps {
        let t = step as f64 / last;
        for (from, to) in from.iter().zip(to) {
            let [from, to] = [from, to].map(|bytes| f64::from(f32::from_le_bytes(*bytes)));
            raw.extend((((1.0 - t) * from + t * to) as f32).to_le_bytes());
        }
    }
    Ok(onnx::Tensor { dims: vec![steps as i64, width as i64], raw_data: raw, ..table.clone() })
}
