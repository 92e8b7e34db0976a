//! The input and output processing of the exported graphs of mixed tables: numbers in the scale of the data, and
//! categories as positions in their vocabularies.

use narrows_bundle::{ElementType, Scaling};

use super::copy_inputs;
use crate::{
    network::{Affine, Columns, Concat, CountMean, Graph, GraphError, Level, Softmax, TableRow, Value},
    numeric::LogRate,
};

/// Puts the layer that reads a row of cells before an encoder, whose first input are the features of that layer.
///
/// # Errors
/// [`GraphError`] if the encoder expects a different number of features.
pub(crate) fn with_table_row(encoder: &Graph, name: &str, row: &TableRow) -> Result<Graph, GraphError> {
    let mut graph = Graph::new();
    let cells = graph.input("x", ElementType::F32, &[row.order.cells()]);
    let others = copy_inputs(&mut graph, encoder);
    let features = graph.node(name, row.clone(), &[cells])?;
    let values: Vec<Value> = std::iter::once(features).chain(others).collect();
    let outputs = graph.splice(encoder, &values)?;
    for ((name, _), value) in encoder.outputs().iter().zip(outputs) {
        graph.output(name, value);
    }
    Ok(graph)
}

/// Adds input processing to an encoder of scaled cells: its inputs are the numbers `x` in the scale of the data and the
/// positions of the levels, `categories`. `scaling` is that of the numbers and counts, in the order of the table.
///
/// # Errors
/// [`GraphError`] if the scaling has a different number of values.
pub(crate) fn with_table_encoder_ports(core: &Graph, scaling: &Scaling) -> Result<Graph, GraphError> {
    let mut graph = Graph::new();
    let Some(order) = core.nodes().iter().find_map(|node| Some(&node.primitive.as_table_row()?.order)) else {
        return Ok(core.clone());
    };
    let mut cells = Vec::new();
    if order.numeric() > 0 {
        let x = graph.input("x", ElementType::F32, &[order.numeric()]);
        cells.push(graph.node("scale", Affine::to_network(scaling), &[x])?);
    }
    if !order.categories.is_empty() {
        cells.push(graph.input("categories", ElementType::I64, &[order.categories.len()]));
    }
    let others = copy_inputs(&mut graph, core);
    let outputs = graph.splice_of_ports(core, &cells, &others)?;
    for ((name, _), value) in core.outputs().iter().zip(outputs) {
        graph.output(name, value);
    }
    Ok(graph)
}

/// Adds output processing to a decoder of logits: `x_hat` are the numbers and the means of the counts in the scale of
/// the data, `categories_hat` the positions of the decoded levels, and `probabilities` those of all levels. `scaling`
/// is that of the numbers without the counts, in the order of the network.
///
/// # Errors
/// [`GraphError`] if the decoder returns a different number of logits.
pub(crate) fn with_table_decoder_ports(
    core: &Graph,
    row: &TableRow,
    scaling: &Scaling,
    rates: &[LogRate],
) -> Result<Graph, GraphError> {
    let order = &row.order;
    let mut graph = Graph::new();
    let z = core.inputs().first().map_or(&[][..], |input| &input.shape);
    let z = graph.input("z", ElementType::F32, z);
    let values: Vec<Value> = std::iter::once(z).chain(copy_inputs(&mut graph, core)).collect();
    let spliced = graph.splice(core, &values)?;
    let Some(&logits) = spliced.first() else { return Ok(graph) };
    let columns = |first: usize, count: usize| Columns { columns: (first..first + count).collect() };
    let mut numbers = Vec::new();
    if !order.numbers.is_empty() {
        let scaled = graph.node("numbers", columns(0, order.numbers.len()), &[logits])?;
        numbers.push(graph.node("unscale", Affine::to_data(scaling), &[scaled])?);
    }
    if !order.counts.is_empty() {
        let scaled = graph.node("counts", columns(order.numbers.len(), order.counts.len()), &[logits])?;
        numbers.push(graph.node("counts.mean", CountMean { rates: rates.to_vec() }, &[scaled])?);
    }
    if order.numeric() > 0 {
        let all = joined(&mut graph, "numbers.all", &numbers)?;
        let in_network = order.port_columns();
        let mut places: Vec<usize> = (0..in_network.len()).collect();
        places.sort_by_key(|&place| in_network[place]);
        let is_sorted = places.is_sorted();
        let x_hat = if is_sorted { all } else { graph.node("numbers.order", Columns { columns: places }, &[all])? };
        graph.output("x_hat", x_hat);
    }
    let (mut levels, mut probabilities) = (Vec::new(), Vec::new());
    for (index, (category, first)) in order.category_logits().enumerate() {
        let name = format!("category.{index}");
        let logits = graph.node(format!("{name}.logits"), columns(first, category.levels), &[logits])?;
        let softmax = graph.node(format!("{name}.softmax"), Softmax, &[logits])?;
        levels.push(graph.node(format!("{name}.level"), Level { is_ordered: category.is_ordered }, &[softmax])?);
        probabilities.push(softmax);
    }
    if !order.categories.is_empty() {
        let levels = joined(&mut graph, "categories.levels", &levels)?;
        graph.output("categories_hat", levels);
        let probabilities = joined(&mut graph, "categories.probabilities", &probabilities)?;
        graph.output("probabilities", probabilities);
    }
    Ok(graph)
}

fn joined(graph: &mut Graph, name: &str, values: &[Value]) -> Result<Value, GraphError> {
    match values {
        &[only] => Ok(only),
        several => graph.node(name, Concat, several),
    }
}
