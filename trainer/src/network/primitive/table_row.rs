//! The inputs of a network for a row of a mixed table: numbers as they are, and every category as the row of a table
//! with one row per level.
//!
//! In training one input has all cells of a row, scaled. In the exported graph numbers and categories are two inputs.

#[cfg(test)]
pub(crate) mod example;
mod kernel;
mod nodes;

use candle_core::{DType, Tensor};
use narrows_data::table::{Cell, MissingCells};

use crate::{
    network::{
        CellOrder,
        kernel::Kernel,
        operation::{InputKind, Operation},
        parameter::{Initial, ParameterSpec, Role},
    },
    onnx::Call,
};

/// The largest number of levels of a category whose code is fixed. More levels have a trained embedding.
const MOST_FIXED_LEVELS: usize = 32;

/// The largest number of values of an embedding.
const WIDEST_EMBEDDING: usize = 64;

/// The name of the mean of `ln(1 + x)` of each count, and of its standard deviation.
pub(crate) const LOG_MEAN: &str = "log_mean";
pub(crate) const LOG_DEVIATION: &str = "log_deviation";

/// The cells of a row to the features of the first layer:
///
/// 1. the scaled numbers;
/// 2. `(ln(1 + x) - mean) / deviation` of each count `x`, which is not scaled before;
/// 3. if values may be missing, 1 for each of these that is missing and 0 for the others; a missing value itself is 0;
/// 4. the code of each category: zeros for an unseen level or a missing value, otherwise a vector with one 1 (one-hot),
///    or for ordered levels as many ones as the position of the level (thermometer). With more than 32 levels it is a
///    row of a trained embedding, whose first row is that of an unseen level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// The cells of a row.
    pub order: CellOrder,
    /// Whether values may be missing.
    pub missing: MissingCells,
    /// The inputs.
    pub inputs: TableInputs,
}

/// The inputs of a [`TableRow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableInputs {
    /// All cells, `[cells]`: NaN for a missing value, and the position of a level, from 1, for a category.
    Cells,
    /// The numbers and counts in the order of the table, `[numbers]`, and the positions of the levels, `[categories]`
    /// integers. A table without numbers or without categories has only the other input.
    Ports,
}

/// How a category enters the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    OneHot { levels: usize },
    Thermometer { levels: usize },
    Embedding { levels: usize, width: usize },
}

impl Code {
    fn width(self) -> usize {
        match self {
            Code::OneHot { levels } | Code::Thermometer { levels } => levels,
            Code::Embedding { width, .. } => width,
        }
    }

    /// Returns the number of trained values.
    fn trained(self) -> usize {
        match self {
            Code::OneHot { .. } | Code::Thermometer { .. } => 0,
            Code::Embedding { levels, width } => (levels + 1) * width,
        }
    }

    /// Returns the table of a fixed code, `[levels + 1, levels]`: the code of an unseen level, then those of the
    /// levels.
    fn fixed(self) -> Option<Vec<f32>> {
        let table = |levels: usize, is_one: fn(usize, usize) -> bool| {
            let rows = (0..=levels).flat_map(|row| (1..=levels).map(move |column| (row, column)));
            Some(rows.map(|(row, column)| f32::from(u8::from(is_one(row, column)))).collect())
        };
        match self {
            Code::OneHot { levels } => table(levels, |row, column| row == column),
            Code::Thermometer { levels } => table(levels, |row, column| column <= row),
            Code::Embedding { .. } => None,
        }
    }
}

/// Returns the number of values of the embedding of a category: `1.6 levels^0.56`, the rule of fastai (Howard and
/// Gugger 2020), at most 64.
fn embedding_width(levels: usize) -> usize {
    ((1.6 * (levels as f64).powf(0.56)).ceil() as usize).min(WIDEST_EMBEDDING)
}

impl TableRow {
    /// Creates the layer for the cells of a row, which are its only input.
    pub fn new(cells: &[Cell], missing: MissingCells) -> Self {
        TableRow { order: CellOrder::of(cells), missing, inputs: TableInputs::Cells }
    }

    /// Returns the same layer with the inputs of an exported graph.
    pub fn of_ports(&self) -> Self {
        TableRow { inputs: TableInputs::Ports, ..self.clone() }
    }

    /// Returns the number of features.
    pub fn width(&self) -> usize {
        self.values() + self.codes().map(Code::width).sum::<usize>()
    }

    /// Returns the number of trained values.
    pub fn trained(&self) -> usize {
        self.codes().map(Code::trained).sum()
    }

    /// Returns the number of features of numbers and counts, with those that say which are missing.
    fn values(&self) -> usize {
        match self.missing {
            MissingCells::Refused => self.order.numeric(),
            MissingCells::Masked => 2 * self.order.numeric(),
        }
    }

    fn codes(&self) -> impl Iterator<Item = Code> + '_ {
        self.order.categories.iter().map(|category| match category.levels {
            levels if levels > MOST_FIXED_LEVELS => Code::Embedding { levels, width: embedding_width(levels) },
            levels if category.is_ordered => Code::Thermometer { levels },
            levels => Code::OneHot { levels },
        })
    }

    /// Returns the embeddings among the parameters, and the mean and the deviation of the logarithms of counts.
    fn parts<'a, T>(&self, parameters: &'a [T]) -> (Option<&'a T>, Option<[&'a T; 2]>) {
        let (embeddings, rest) = parameters.split_at(usize::from(self.trained() > 0).min(parameters.len()));
        let counts = match rest {
            [mean, deviation] => Some([mean, deviation]),
            _ => None,
        };
        (embeddings.first(), counts)
    }
}

impl Operation for TableRow {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let expected: Vec<usize> = match self.inputs {
            TableInputs::Cells => vec![self.order.cells()],
            TableInputs::Ports => {
                let ports = [self.order.numeric(), self.order.categories.len()];
                ports.into_iter().filter(|&width| width > 0).collect()
            }
        };
        let is_as_expected = inputs.iter().copied().eq(expected.iter().map(std::slice::from_ref));
        if is_as_expected && self.width() > 0 {
            Ok(vec![self.width()])
        } else {
            Err(format!("expects inputs of {expected:?} values and at least one cell, got {inputs:?}"))
        }
    }

    fn input_kind(&self, index: usize) -> InputKind {
        let first_category = usize::from(self.order.numeric() > 0);
        match self.inputs {
            TableInputs::Ports if index == first_category => InputKind::Categories,
            TableInputs::Cells | TableInputs::Ports => InputKind::Floats,
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        // Values up to 1, the unit of scaled numbers and of fixed codes.
        let embeddings = ParameterSpec::trained("embeddings", vec![self.trained()], Initial::FanIn(1));
        let counts = |name, value| ParameterSpec {
            name,
            shape: vec![self.order.counts.len()],
            initial: Initial::Constant(value),
            role: Role::Statistic,
        };
        let specs = [embeddings, counts(LOG_MEAN, 0.0), counts(LOG_DEVIATION, 1.0)];
        specs.into_iter().filter(|spec| spec.shape != [0]).collect()
    }

    fn candle(&self, inputs: &[Tensor], parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let Some(first_input) = inputs.first() else {
            candle_core::bail!("a row of a table has at least one input");
        };
        let device = first_input.device().clone();
        let dtype = if first_input.dtype() == DType::I64 { DType::F32 } else { first_input.dtype() };
        let select = |input: &Tensor, columns: &[usize]| -> candle_core::Result<Tensor> {
            let columns: Vec<u32> = columns.iter().map(|&column| column as u32).collect();
            input.contiguous()?.index_select(&Tensor::new(columns, &device)?, 1)
        };
        let (embeddings, log_scale) = self.parts(parameters);
        let columns: Vec<usize> = match self.inputs {
            TableInputs::Cells => self.order.numbers.iter().chain(&self.order.counts).copied().collect(),
            TableInputs::Ports => self.order.port_columns(),
        };
        let (mut values, mut indicators) = (Vec::new(), Vec::new());
        let (numbers, counts) = columns.split_at(self.order.numbers.len());
        for (group, log_scale) in [(numbers, None), (counts, log_scale)].into_iter().filter(|(of, _)| !of.is_empty()) {
            let raw = select(first_input, group)?;
            let missing = raw.ne(&raw)?;
            let known = match log_scale {
                None => raw.clone(),
                Some([mean, deviation]) => (raw.relu()? + 1.0)?.log()?.broadcast_sub(mean)?.broadcast_div(deviation)?,
            };
            match self.missing {
                MissingCells::Refused => values.push(known),
                MissingCells::Masked => {
                    values.push(missing.where_cond(&known.zeros_like()?, &known)?);
                    indicators.push(missing.to_dtype(dtype)?);
                }
            }
        }
        let mut features = [values, indicators].concat();
        let mut first = 0;
        for (index, (category, code)) in self.order.categories.iter().zip(self.codes()).enumerate() {
            let levels = match (self.inputs, inputs) {
                (TableInputs::Cells, [cells, ..]) => {
                    let cell = cells.narrow(1, category.cell, 1)?.contiguous()?;
                    let missing = cell.ne(&cell)?;
                    missing.where_cond(&cell.zeros_like()?, &cell)?
                }
                (TableInputs::Ports, [.., categories]) => categories.narrow(1, index, 1)?.contiguous()?,
                (TableInputs::Cells | TableInputs::Ports, []) => candle_core::bail!("a row has at least one input"),
            };
            let levels = levels.detach().to_dtype(DType::U32)?.flatten_all()?;
            let shape = (category.levels + 1, code.width());
            let table = match (code.fixed(), embeddings) {
                (Some(table), _) => Tensor::from_vec(table, shape, &device)?.to_dtype(dtype)?,
                (None, Some(embeddings)) => embeddings.narrow(0, first, code.trained())?.reshape(shape)?,
                (None, None) => candle_core::bail!("the embeddings of the table are missing"),
            };
            first += code.trained();
            features.push(table.index_select(&levels, 0)?);
        }
        Tensor::cat(&features, 1)
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        match self.inputs {
            TableInputs::Cells => Some(self),
            TableInputs::Ports => None,
        }
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        self.add_nodes(call, inputs)
    }

    fn describe(&self) -> String {
        format!("row of a table {} -> {}", self.order.cells(), self.width())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::{
        example::{example_cells, example_row},
        *,
    };
    use crate::candle::{Kernels, Parameters, run};
    use crate::network::{Dense, Graph, with_table_encoder_ports};
    use narrows_bundle::{ElementType, Scaling};

    fn values(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().and_then(|flat| flat.to_vec1()).expect("floats")
    }

    /// The row of the example, followed by a dense layer, so that there are trained values in any case.
    fn graph(row: &TableRow) -> Graph {
        let mut graph = Graph::new();
        let x = graph.input("x", ElementType::F32, &[row.order.cells()]);
        let features = graph.node("table", row.clone(), &[x]).expect("cells");
        let y = graph.node("y", Dense::new(row.width(), 3), &[features]).expect("features");
        graph.output("features", features);
        graph.output("y", y);
        graph
    }

    #[test]
    fn a_row_has_numbers_counts_missing_values_and_the_codes_of_its_categories() {
        let row = example_row(MissingCells::Masked);
        // Twice two numbers and two counts, then 3 levels, an embedding of 13 values, and 4 ordered levels.
        assert_eq!((row.width(), row.trained()), (8 + 3 + 13 + 4, 41 * 13));
        let graph = graph(&row);
        let parameters = Parameters::initial(&[&graph], 1, &Device::Cpu).expect("small");
        let nan = f32::NAN;
        let cells = [[0.5, 2.0, 3.0, 0.0, 3.0, nan, nan], [nan, 0.0, 0.0, nan, nan, -1.0, 1.0]];
        let x = Tensor::new(&cells, &Device::Cpu).expect("small");
        let features = values(&run(Kernels::Fused, &graph, &parameters, &[x]).expect("matching shapes")[0]);
        let (first, second) = features.split_at(row.width());
        assert_eq!(first[..8], [0.5, 0.0, 4f32.ln(), 0.0, 0.0, 1.0, 0.0, 1.0]);
        assert_eq!((&first[8..11], &first[24..]), (&[0.0, 1.0, 0.0][..], &[1.0, 1.0, 1.0, 0.0][..]));
        assert_eq!(second[..8], [0.0, -1.0, 0.0, 2f32.ln(), 1.0, 0.0, 0.0, 0.0]);
        assert_eq!((&second[8..11], &second[24..]), (&[0.0; 3][..], &[0.0; 4][..]));
        assert_eq!(first[11..24], second[11..24], "an unseen level and a missing one have the same embedding");
    }

    #[test]
    fn the_kernel_the_composed_operations_and_the_graph_with_ports_agree() {
        for missing in [MissingCells::Refused, MissingCells::Masked] {
            let row = example_row(missing);
            let graph = graph(&row);
            let parameters = Parameters::initial(&[&graph], 3, &Device::Cpu).expect("small");
            let x = example_cells(11, missing);
            let outputs = |kernels| {
                let outputs = run(kernels, &graph, &parameters, std::slice::from_ref(&x)).expect("matching shapes");
                outputs.iter().flat_map(values).collect::<Vec<f32>>()
            };
            let (fused, composed) = (outputs(Kernels::Fused), outputs(Kernels::Composed));
            let ported = with_table_encoder_ports(&graph, &Scaling { offset: vec![0.0], scale: vec![1.0] });
            let ported = ported.expect("a scaling for every number");
            assert_eq!(ported.inputs().iter().map(|input| &input.name[..]).collect::<Vec<_>>(), ["x", "categories"]);
            let layout =
                narrows_data::table::Layout { numbers: vec![0, 2, 5, 6], categories: vec![(1, 3), (3, 40), (4, 4)] };
            let ports = crate::export::table_ports(&layout, &x).expect("small");
            let outputs = run(Kernels::Fused, &ported, &parameters, &ports).expect("matching shapes");
            let ported: Vec<f32> = outputs.iter().flat_map(values).collect();
            for ((fused, composed), ported) in fused.iter().zip(&composed).zip(&ported) {
                assert!((fused - composed).abs() <= 2e-6 * composed.abs().max(1.0), "{fused} and {composed}");
                assert_eq!(composed, ported);
            }
        }
    }

    #[test]
    fn only_trained_parameters_have_a_gradient() {
        let graph = graph(&example_row(MissingCells::Refused));
        let parameters = Parameters::initial(&[&graph], 3, &Device::Cpu).expect("small");
        let x = example_cells(11, MissingCells::Refused);
        for kernels in Kernels::ALL {
            let outputs = run(kernels, &graph, &parameters, std::slice::from_ref(&x)).expect("matching shapes");
            let loss = outputs[1].sqr().and_then(|squares| squares.sum_all()).expect("a scalar");
            let gradients = parameters.gradients(&loss).expect("a scalar");
            let with_gradient = |gradients: &[Option<&[f32]>]| -> Vec<String> {
                let all = parameters.iter().zip(gradients);
                all.filter(|(_, gradient)| gradient.is_some()).map(|((name, _), _)| name.to_owned()).collect()
            };
            let names = gradients.read(with_gradient).expect("floats");
            assert_eq!(names, ["table.embeddings", "y.bias", "y.weight"], "{kernels}");
        }
    }

    #[test]
    fn numbers_and_counts_have_the_gradient_of_the_composed_operations() {
        for missing in [MissingCells::Refused, MissingCells::Masked] {
            let graph = graph(&example_row(missing));
            let parameters = Parameters::initial(&[&graph], 3, &Device::Cpu).expect("small");
            let x = candle_core::Var::from_tensor(&example_cells(11, missing)).expect("small");
            let gradient = |kernels| {
                let outputs = run(kernels, &graph, &parameters, &[x.as_tensor().clone()]).expect("matching shapes");
                let loss = outputs[1].sqr().and_then(|squares| squares.sum_all()).expect("a scalar");
                values(loss.backward().expect("a scalar").get(&x).expect("a gradient"))
            };
            for (fused, composed) in gradient(Kernels::Fused).iter().zip(&gradient(Kernels::Composed)) {
                // Where a value is missing, Candle's derivative of the logarithm is NaN, which its product keeps.
                if !composed.is_nan() {
                    assert!((fused - composed).abs() <= 1e-5 * composed.abs().max(1.0), "{fused} and {composed}");
                }
                assert!(fused.is_finite());
            }
        }
    }
}
