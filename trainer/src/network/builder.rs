//! Builds encoders and decoders: multilayer perceptrons with any number of hidden layers, and convolutional networks
//! with such layers between the last map and the code.

use narrows_bundle::ElementType;

use super::{
    Activation, Add, Clamp, Convolutions, Dense, Graph, GraphError, LabelRow, Normalisation, Value,
    layers::{Hidden, Label, activated},
};

/// Range to which the encoder's log-variance is clamped. The standard deviation is then between 0.0003 and 3000, so
/// that neither its exponential nor the KL divergence overflows.
pub(crate) const LOG_VARIANCE_RANGE: Clamp = Clamp { low: -16.0, high: 16.0 };

/// Architecture of the encoder and the decoder of an autoencoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder {
    /// Number of features of a sample.
    pub features: usize,
    /// Convolutional layers between a sample and the dense layers.
    pub convolutions: Option<Convolutions>,
    /// Widths of the encoder's dense hidden layers. The decoder has the same widths in reverse order.
    pub hidden: Vec<usize>,
    /// Number of latent dimensions.
    pub latent_dim: usize,
    /// Normalisation between every hidden layer and its activation.
    pub normalisation: Normalisation,
    /// Activation after every hidden layer.
    pub activation: Activation,
    /// Activation after the layer that returns the code `z`. Means and log-variances have no activation.
    pub latent_activation: Activation,
    /// Number of classes, if the encoder and the decoder receive the class.
    pub classes: Option<usize>,
}

impl Builder {
    /// Returns the encoder `x -> z`.
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

    /// Returns the variational encoder `x -> mu, log_var`: hidden layers with two heads. `log_var` is clamped to
    /// [`LOG_VARIANCE_RANGE`].
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

    /// Returns the decoder `z -> logits`. The logits are the values before the output link.
    ///
    /// # Errors
    /// [`GraphError`] for a width of zero.
    pub fn decoder(&self) -> Result<Graph, GraphError> {
        let mut graph = Graph::new();
        let z = graph.input("z", ElementType::F32, &[self.latent_dim]);
        let label = self.label(&mut graph);
        let widths: Vec<usize> = self.hidden.iter().rev().copied().collect();
        let (body, label) = self.hidden_layers(&mut graph, "decoder", z, label, &widths)?;
        let logits = match &self.convolutions {
            None => dense(&mut graph, "decoder.logits", body, label, self.features)?,
            Some(convolutions) => {
                let map = dense(&mut graph, "decoder.features", body, label, convolutions.features())?;
                let map = activated(&mut graph, "decoder.features", map, self.activation)?;
                convolutions.decode(&mut graph, map, self.hidden_layer())?
            }
        };
        graph.output("logits", logits);
        Ok(graph)
    }

    fn encoder_body(&self) -> Result<(Graph, Value, Label), GraphError> {
        let mut graph = Graph::new();
        let x = graph.input("x", ElementType::F32, &[self.features]);
        let label = self.label(&mut graph);
        let (x, label) = match &self.convolutions {
            None => (x, label),
            Some(convolutions) => (convolutions.encode(&mut graph, x, label, self.hidden_layer())?, None),
        };
        let (body, label) = self.hidden_layers(&mut graph, "encoder", x, label, &self.hidden)?;
        Ok((graph, body, label))
    }

    fn hidden_layer(&self) -> Hidden {
        Hidden { normalisation: self.normalisation, activation: self.activation }
    }

    fn label(&self, graph: &mut Graph) -> Label {
        self.classes.map(|classes| (graph.input("label", ElementType::I64, &[]), classes))
    }

    /// Adds the hidden layers. Only the first layer receives the label. Returns the label for the next layer:
    /// `None` after a hidden layer.
    fn hidden_layers(
        &self,
        graph: &mut Graph,
        prefix: &str,
        mut value: Value,
        mut label: Label,
        widths: &[usize],
    ) -> Result<(Value, Label), GraphError> {
        for (index, &width) in widths.iter().enumerate() {
            let name = format!("{prefix}.{index}");
            value = dense(graph, &name, value, label.take(), width)?;
            value = self.hidden_layer().finish(graph, &name, value)?;
        }
        Ok((value, label))
    }
}

/// Adds a fully connected layer. With a label it is equivalent to a layer whose input is the sample concatenated
/// with the one-hot label.
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

    fn mlp(hidden: &[usize], classes: Option<usize>) -> Builder {
        let latent_activation = Activation::Identity;
        Builder {
            convolutions: None,
            features: 6,
            hidden: hidden.to_vec(),
            latent_dim: 2,
            normalisation: Normalisation::None,
            activation: Activation::Relu,
            latent_activation,
            classes,
        }
    }

    #[test]
    fn codes_have_the_latent_activation_and_distributions_have_none() {
        let mlp = Builder { latent_activation: Activation::Sigmoid, ..mlp(&[5], None) };
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
    fn the_first_layer_receives_the_label_and_counts_it_as_fan_in() {
        let encoder = mlp(&[5], Some(3)).variational_encoder().expect("valid widths");
        let rows: Vec<String> =
            encoder.parameters().map(|(name, _)| name).filter(|name| name.contains("label")).collect();
        assert_eq!(rows, ["encoder.0.label.weight"]);
        let (_, first) = encoder.parameters().next().expect("a first layer");
        assert_eq!(first.initial.range()[1], 1.0 / 9f32.sqrt());
    }

    #[test]
    fn without_hidden_layers_both_heads_receive_the_label() {
        let encoder = mlp(&[], Some(3)).variational_encoder().expect("valid widths");
        assert_eq!(encoder.parameters().filter(|(name, _)| name.contains("label")).count(), 2);
    }

    #[test]
    fn a_width_of_zero_is_rejected_by_layer_name() {
        let error = mlp(&[5, 0], None).encoder().expect_err("zero width").to_string();
        assert!(error.contains("encoder.1"), "{error}");
    }
}
