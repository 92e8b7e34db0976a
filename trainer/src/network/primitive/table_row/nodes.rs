//! The ONNX nodes of a row of a table, for the two inputs of an exported graph.

use narrows_bundle::ElementType;
use narrows_data::table::MissingCells;

use super::{LOG_DEVIATION, LOG_MEAN, TableRow};
use crate::onnx::Call;

impl TableRow {
    /// Adds the nodes of the layer and returns the name of its result.
    pub(super) fn add_nodes(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let mut inputs = inputs.iter();
        let mut features = Vec::new();
        if self.order.numeric() > 0 {
            features.extend(numbers(self, call, &inputs.next().cloned().unwrap_or_default()));
        }
        if let Some(categories) = inputs.next() {
            features.extend(codes(self, call, categories));
        }
        call.node_with_integer("Concat", &features, "axis", 1)
    }
}

/// Adds the numbers and counts of `x`, and then which of them are missing.
fn numbers(row: &TableRow, call: &mut Call<'_>, x: &str) -> Vec<String> {
    let columns = row.order.port_columns();
    let (numbers, counts) = columns.split_at(row.order.numbers.len());
    let (mut values, mut indicators) = (Vec::new(), Vec::new());
    for (name, group, is_count) in [("numbers", numbers, false), ("counts", counts, true)] {
        if group.is_empty() {
            continue;
        }
        let group: Vec<i64> = group.iter().map(|&column| column as i64).collect();
        let group = call.integers(name, &group);
        let raw = call.node_with_integer("Gather", &[x.to_owned(), group], "axis", 1);
        let known = if is_count { log_of_counts(call, &raw) } else { raw.clone() };
        match row.missing {
            MissingCells::Refused => values.push(known),
            MissingCells::Masked => {
                let missing = call.node("IsNaN", &[raw]);
                let zero = call.floats(&format!("{name}.missing"), &[1], &[0.0]);
                values.push(call.node("Where", &[missing.clone(), zero, known]));
                indicators.push(call.cast(&missing, ElementType::F32));
            }
        }
    }
    values.append(&mut indicators);
    values
}

/// Adds `(ln(1 + x) - mean) / deviation`; a negative count counts as 0.
fn log_of_counts(call: &mut Call<'_>, raw: &str) -> String {
    let one = call.floats("one", &[1], &[1.0]);
    let (mean, deviation) = (call.parameter(LOG_MEAN), call.parameter(LOG_DEVIATION));
    let positive = call.node("Relu", &[raw.to_owned()]);
    let raised = call.node("Add", &[positive, one]);
    let log = call.node("Log", &[raised]);
    let centred = call.node("Sub", &[log, mean]);
    call.node("Div", &[centred, deviation])
}

/// Adds the codes of the categories.
fn codes(row: &TableRow, call: &mut Call<'_>, categories: &str) -> Vec<String> {
    let mut first = 0;
    let mut features = Vec::new();
    for (index, code) in row.codes().enumerate() {
        let shape = [row.order.categories[index].levels + 1, code.width()];
        let name = format!("code.{index}");
        let table = match code.fixed() {
            Some(table) => call.floats(&name, &shape, &table),
            None => call.part_of_parameter("embeddings", &name, &shape, first..first + code.trained()),
        };
        first += code.trained();
        let column = call.scalar_integer(&format!("column.{index}"), index as i64);
        let levels = call.node_with_integer("Gather", &[categories.to_owned(), column], "axis", 1);
        features.push(call.node("Gather", &[table, levels]));
    }
    features
}
