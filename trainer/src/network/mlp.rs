//! Multilayer perceptrons: the bodies of encoders and decoders, of any depth.

use narrows_bundle::ElementType;

use super::{Activation, Add, Clamp, Dense, Graph, GraphError, LabelRow, Value};

/// Bounds of the encoder's log-variance. Within them the standard deviation lies between 0.0003 and
/// 3000, so neither its exponential nor the divergence can overflow.
pub const LOG_VARIANCE_RANGE: Clamp = Clamp { low: -16.0, high: 16.0 };

/// What the two halves of an autoencoder agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mlp {
    /// Numbers in a sample.
    pub features: usize,
    /// Widths of the encoder's hidden layers; the decoder has them in reverse.
    pub hidden: Vec<usize>,
    /// Numbers in a code.
    pub latent_dim: usize,
    /// After every hidden layer.
    pub activation: Activation,
    /// After the layer that gives the code `z`; means and log-variances have none.
    pub latent_activation: Activation,
    /// Number of classes, where both halves are told the class.
    pub classes: Option<usize>,
}

/// The label that enters a layer, and the number of classes.
type Label = Option<(Value, usize)>;

impl Mlp {
    /// `x -> z`.
    ///
    /// # Errors
    /// [`GraphError`] for a width of zero.
    pub fn encoder(&self) -> Result<Graph, GraphError> {
        let (mut graph, body, label) = self.encoder_body()?;
        let z = dense(&mut graph, "encoder.z", body, label, self.latent_dim)?;
        let z = activated(&mut graph, "encoder.z", z, self.latent_activation)?;
        graph.output("z", z);
        Ok(graph)
    }

    /// `x -> mu, log_var`: two heads on one body, the second one clamped to [`LOG_VARIANCE_RANGE`].
    ///
    /// # Errors
    /// [`GraphError`] for a width of zero.
    pub fn variational_encoder(&self) -> Result<Graph, GraphError> {
        let (mut graph, body, label) = self.encoder_body()?;
        let mu = dense(&mut graph, "encoder.mu", body, label, self.latent_dim)?;
        let log_var = dense(&mut graph, "encoder.log_var", body, label, self.latent_dim)?;
        let log_var = graph.node("encoder.log_var.clamp", super::Primitive::Clamp(LOG_VARIANCE_RANGE), &[log_var])?;
        graph.output("mu", mu);
        graph.output("log_var", log_var);
        Ok(graph)
    }

    /// `z -> logits`: the numbers before the output link.
    ///
    /// # Errors
    /// [`GraphError`] for a width of zero.
    pub fn decoder(&self) -> Result<Graph, GraphError> {
        let mut graph = Graph::new();
        let z = graph.input("z", ElementType::F32, &[self.latent_dim]);
        let label = self.label(&mut graph);
        let widths: Vec<usize> = self.hidden.iter().rev().copied().collect();
        let (body, label) = self.hidden_layers(&mut graph, "decoder", z, label, &widths)?;
        let logits = dense(&mut graph, "decoder.logits", body, label, self.features)?;
        graph.output("logits", logits);
        Ok(graph)
    }

    fn encoder_body(&self) -> Result<(Graph, Value, Label), GraphError> {
        let mut graph = Graph::new();
        let x = graph.input("x", ElementType::F32, &[self.features]);
        let label = self.label(&mut graph);
        let (body, label) = self.hidden_layers(&mut graph, "encoder", x, label, &self.hidden)?;
        Ok((graph, body, label))
    }

    fn label(&self, graph: &mut Graph) -> Label {
        self.classes.map(|classes| (graph.input("label", ElementType::I64, &[]), classes))
    }

    /// The label enters the first layer only: what is returned is the label for the next layer.
    fn hidden_layers(
        &self,
        graph: &mut Graph,
        half: &str,
        mut value: Value,
        mut label: Label,
        widths: &[usize],
    ) -> Result<(Value, Label), GraphError> {
        for (index, &width) in widths.iter().enumerate() {
            let name = format!("{half}.{index}");
            value = dense(graph, &name, value, label.take(), width)?;
            value = activated(graph, &name, value, self.activation)?;
        }
        Ok((value, label))
    }
}

/// What follows the layer `name`; the identity has no node.
fn activated(graph: &mut Graph, name: &str, value: Value, activation: Activation) -> Result<Value, GraphError> {
    match activation {
        Activation::Identity => Ok(value),
        _ => graph.node(format!("{name}.{activation}"), activation, &[value]),
    }
}

/// A fully connected layer; with a label, it is the layer on the sample and the one-hot label side by
/// side.
fn dense(graph: &mut Graph, name: &str, value: Value, label: Label, outputs: usize) -> Result<Value, GraphError> {
    let inputs = graph.shape(value).iter().product();
    let fan_in = inputs + label.map_or(0, |(_, classes)| classes);
    let linear = graph.node(name, Dense { inputs, outputs, fan_in }, &[value])?;
    match label {
        None => Ok(linear),
        Some((label, classes)) => {
            let row = graph.node(format!("{name}.label"), LabelRow { classes, outputs, fan_in }, &[label])?;
            graph.node(format!("{name}.sum"), Add, &[linear, row])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mlp(hidden: &[usize], classes: Option<usize>) -> Mlp {
        let latent_activation = Activation::Identity;
        Mlp {
            features: 6,
            hidden: hidden.to_vec(),
            latent_dim: 2,
            activation: Activation::Relu,
            latent_activation,
            classes,
        }
    }

    #[test]
    fn a_code_has_the_activation_that_was_asked_for_and_a_distribution_has_none() {
        let mlp = Mlp { latent_activation: Activation::Sigmoid, ..mlp(&[5], None) };
        let names = |graph: Graph| graph.nodes().iter().map(|node| node.name.clone()).collect::<Vec<_>>();
        let encoder = names(mlp.encoder().expect("valid widths"));
        assert_eq!(encoder, ["encoder.0", "encoder.0.relu", "encoder.z", "encoder.z.sigmoid"]);
        let variational = names(mlp.variational_encoder().expect("valid widths"));
        assert!(variational.iter().all(|name| !name.contains("sigmoid")), "{variational:?}");
    }

    #[test]
    fn the_decoder_mirrors_the_encoder() {
        let mlp = mlp(&[5, 4], None);
        let shapes = |graph: &Graph| graph.parameters().map(|(_, spec)| spec.shape).collect::<Vec<_>>();
        let encoder = shapes(&mlp.encoder().expect("valid widths"));
        assert_eq!(encoder, [vec![6, 5], vec![5], vec![5, 4], vec![4], vec![4, 2], vec![2]]);
        let decoder = shapes(&mlp.decoder().expect("valid widths"));
        assert_eq!(decoder, [vec![2, 4], vec![4], vec![4, 5], vec![5], vec![5, 6], vec![6]]);
    }

    #[test]
    fn a_label_enters_the_first_layer_of_each_half_and_counts_in_its_initialisation() {
        let encoder = mlp(&[5], Some(3)).variational_encoder().expect("valid widths");
        let rows: Vec<String> =
            encoder.parameters().map(|(name, _)| name).filter(|name| name.contains("label")).collect();
        assert_eq!(rows, ["encoder.0.label.weight"]);
        let (_, first) = encoder.parameters().next().expect("a first layer");
        assert_eq!(first.initial.bound(), 1.0 / 9f32.sqrt());
    }

    #[test]
    fn without_hidden_layers_the_label_enters_both_heads() {
        let encoder = mlp(&[], Some(3)).variational_encoder().expect("valid widths");
        assert_eq!(encoder.parameters().filter(|(name, _)| name.contains("label")).count(), 2);
    }

    #[test]
    fn a_width_of_zero_is_refused_with_the_layer_named() {
        let error = mlp(&[5, 0], None).encoder().expect_err("zero width").to_string();
        assert!(error.contains("encoder.1"), "{error}");
    }
}
