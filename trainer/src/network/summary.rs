//! A graph as a table for people: layers, shapes, parameters, multiply-adds.

use super::Graph;

/// One line a layer, under a heading; columns are aligned with spaces.
pub fn summary(graph: &Graph) -> String {
    let rows = graph.nodes().iter().map(|node| {
        let parameters: usize = node.parameters().iter().map(|(_, spec)| spec.shape.iter().product::<usize>()).sum();
        let operation = node.primitive.operation();
        let multiply_adds = operation.multiply_adds();
        [
            node.name.clone(),
            operation.describe(),
            format!("{:?}", node.shape),
            parameters.to_string(),
            multiply_adds.to_string(),
        ]
    });
    let heading = ["layer", "operation", "shape", "parameters", "multiply-adds"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(heading).chain(rows).collect();
    let widths: Vec<usize> = (0..5).map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0)).collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
            cells.join("  ").trim_end().to_owned() + "\n"
        })
        .collect()
}
