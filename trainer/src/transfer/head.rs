//! The head: what makes an answer of a code.

use std::{fmt, str::FromStr};

use narrows_bundle::{ElementType, Scaling};

use crate::{
    Widths,
    network::{Activation, Affine, Dense, Graph, GraphError},
    text::as_text,
};

/// The layers of a head, written `linear` or `mlp:128,64`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Head {
    /// One layer: softmax regression, or ridge regression.
    #[default]
    Linear,
    /// Hidden layers of these widths with ReLU before it.
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

    /// Code, `[latent]`, to outputs: standardised, through the hidden layers, to logits or to targets in
    /// standard deviations, under the port name `output`.
    ///
    /// # Errors
    /// [`GraphError`] for a width of zero, and a standardisation of another length.
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
        let wrong = || format!("`{text}` is no head: write linear, or mlp:128,64 with widths of hidden layers");
        match text.split_once(':') {
            None if text == "linear" => Ok(Head::Linear),
            Some(("mlp", widths)) => {
                let widths: Result<Widths, _> = widths.split(',').map(|width| width.trim().parse()).collect();
                let widths = widths.map_err(|_| wrong())?;
                if widths.contains(&0) { Err(wrong()) } else { Ok(Head::Mlp(widths)) }
            }
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_as_they_are_written_and_nonsense_is_refused() {
        for text in ["linear", "mlp:128", "mlp:128,64"] {
            assert_eq!(text.parse::<Head>().map(|head| head.to_string()), Ok(text.to_owned()));
        }
        for text in ["mlp", "mlp:", "mlp:0", "mlp:12,x", "forest", "linear:3"] {
            assert!(text.parse::<Head>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_head_standardises_and_ends_in_its_output() {
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
