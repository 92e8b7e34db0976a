//! Summary of a graph as a text table: layers, shapes, parameters and multiply-adds.

use super::Graph;

/// Returns a table with a heading, one line per layer and a line of totals. It is indented and its columns are aligned.
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
    let mut rows: Vec<[String; 5]> = std::iter::once(heading).chain(rows).collect();
    let sum = |column: usize| rows.iter().filter_map(|row| row[column].parse::<u64>().ok()).sum::<u64>().to_string();
    rows.push(["total".to_owned(), String::new(), String::new(), sum(3), sum(4)]);
    let widths: Vec<usize> = (0..5).map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0)).collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
            format!("  {}\n", cells.join("  ").trim_end())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::network::{Activation, Normalisation, builder::Builder};

    #[test]
    fn the_summary_of_an_encoder_shows_layers_shapes_and_totals() {
        let mlp = Builder {
            convolutions: None,
            features: 6,
            hidden: vec![5],
            latent_dim: 2,
            normalisation: Normalisation::None,
            activation: Activation::Relu,
            latent_activation: Activation::Identity,
            classes: None,
        };
        let expected = "\
\x20 layer           operation     shape  parameters  multiply-adds
  encoder.0       dense 6 -> 5  [5]    35          30
  encoder.0.relu  relu          [5]    0           0
  encoder.z       dense 5 -> 2  [2]    12          10
  total                                47          40
";
        assert_eq!(super::summary(&mlp.encoder().expect("valid widths")), expected);
    }
}
