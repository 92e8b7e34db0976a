//! The head: the layers that compute a prediction from a code.

use std::{fmt, str::FromStr};

use narrows_bundle::{ElementType, Scaling};

use crate::{
    architecture::Widths,
    network::{Activation, Affine, Dense, Graph, GraphError},
    text::as_text,
};

/// The layers of a head, in text form `linear` or `mlp:128,64`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Head {
    /// A single layer: softmax regression or ridge regression.
    #[default]
    Linear,
    /// Hidden ReLU layers of these widths, followed by a linear layer.
    Mlp(Widths),
}

impl Head {
    /// Widths of the hidden layers.
    pub fn hidden(&self) -> &[usize] {
        match self {
            Head::Linear => &[],
            Head::Mlp(widths) => widths,
        }
    }

    /// Builds the graph of the head from a code, `[latent]`, to its output with the port name `output`. The graph
    /// standardises the code and applies the hidden layers. The output is logits, or standardised targets of a
    /// regression.
    ///
    /// # Errors
    /// [`GraphError`] if a width is zero, or if the standardisation does not match the code length.
    pub(crate) fn graph(
        &self,
        latent_dim: usize,
        standardisation: &Scaling,
        outputs: usize,
        output: &str,
    ) -> Result<Graph, GraphError> {
        let mut graph = Graph::new();
        let z = graph.input("z", ElementType::F32, &[latent_dim]);
        let mut value = graph.node("head.standardise", Affine::to_network(standardisation), &[z])?;
        let mut inputs = latent_dim;
        for (index, &width) in self.hidden().iter().enumerate() {
            let name = format!("head.{index}");
            value = graph.node(name.clone(), Dense { inputs, outputs: width, fan_in: inputs }, &[value])?;
            value = graph.node(format!("{name}.relu"), Activation::Relu, &[value])?;
            inputs = width;
        }
        let value = graph.node(format!("head.{output}"), Dense { inputs, outputs, fan_in: inputs }, &[value])?;
        graph.output(output, value);
        Ok(graph)
    }
}

as_text!(Head);

impl fmt::Display for Head {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Head::Linear => formatter.write_str("linear"),
            Head::Mlp(widths) => {
                let widths: Vec<String> = widths.iter().map(ToString::to_string).collect();
                write!(formatter, "mlp:{}", widths.join(","))
            }
        }
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || format!("`{text}` is not a head: write linear, or mlp: with hidden widths such as mlp:128,64");
        match text.split_once(':') {
            None if text == "linear" => Ok(Head::Linear),
            Some(("mlp", widths)) => {
                let widths: Result<Widths, _> = widths.split(',').map(|width| width.trim().parse()).collect();
                let widths = widths.map_err(|_| invalid())?;
                if widths.contains(&0) { Err(invalid()) } else { Ok(Head::Mlp(widths)) }
            }
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_parses_back_to_itself_and_invalid_text_is_rejected() {
        for text in ["linear", "mlp:128", "mlp:128,64"] {
            assert_eq!(text.parse::<Head>().map(|head| head.to_string()), Ok(text.to_owned()));
        }
        for text in ["mlp", "mlp:", "mlp:0", "mlp:12,x", "forest", "linear:3"] {
            assert!(text.parse::<Head>().is_err(), "{text}");
        }
    }

    #[test]
    fn head_graph_standardises_and_has_the_named_output() {
        let scaling = Scaling { offset: vec![1.0; 4], scale: vec![2.0; 4] };
        let graph = Head::Mlp(vec![6]).graph(4, &scaling, 3, "logits").expect("valid widths");
        let names: Vec<String> = graph.parameters().map(|(name, _)| name).collect();
        assert_eq!(names, ["head.0.weight", "head.0.bias", "head.logits.weight", "head.logits.bias"]);
        assert_eq!(
            graph.outputs().iter().map(|(name, value)| (name.as_str(), graph.shape(*value))).collect::<Vec<_>>(),
            [("logits", &[3][..])]
        );
    }
}
