//! The weights in a graph, as floats.

use prost::Message;

use crate::{
    BundleError,
    onnx::{Entry, Model, Tensor, element},
};

/// `TensorProto.DataLocation.EXTERNAL`.
const EXTERNAL: i32 = 1;

/// A constant of a graph with elements of type `f32`.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatConstant {
    /// Its name in the graph.
    pub name: String,
    /// Its shape.
    pub shape: Vec<i64>,
    /// Its elements, row-major.
    pub values: Vec<f32>,
}

/// A graph without its large weights, and the weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Detached {
    /// The graph. The weights are declared in it as data outside the file.
    pub graph: Vec<u8>,
    /// The weights.
    pub weights: Vec<FloatConstant>,
}

/// Takes the float constants of at least `minimum` elements out of a graph that was checked, so that several sessions
/// of an engine can use one copy. `file` is used in errors.
///
/// # Errors
/// [`BundleError::Invalid`] if the bytes are not an ONNX model.
pub fn detach_weights(file: &str, graph: &[u8], minimum: usize) -> Result<Detached, BundleError> {
    let mut model = Model::decode(graph)
        .map_err(|error| BundleError::invalid(file, format!("it is not an ONNX model ({error})")))?;
    let constants = model.graph.iter_mut().flat_map(|graph| &mut graph.initializer);
    let is_large = |constant: &&mut Tensor| {
        constant.data_type == element::FLOAT && constant.raw_data.len() >= minimum.saturating_mul(size_of::<f32>())
    };
    let detach = |constant: &mut Tensor| {
        let bytes = std::mem::take(&mut constant.raw_data);
        constant.data_location = EXTERNAL;
        constant.external_data = vec![Entry { key: "location".to_owned(), value: constant.name.clone() }];
        FloatConstant {
            name: constant.name.clone(),
            shape: constant.dims.clone(),
            values: bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        }
    };
    let weights = constants.filter(is_large).map(detach).collect();
    Ok(Detached { graph: model.encode_to_vec(), weights })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::Graph;

    #[test]
    fn large_floats_are_detached_and_small_ones_and_integers_stay() {
        let initializer = vec![
            Tensor::floats("weight", &[2, 2], &[1.0, 2.0, 3.0, 4.0]),
            Tensor::floats("bias", &[2], &[1.0, 2.0]),
            Tensor::integers("shape", &[4], &[1, 2, 3, 4]),
        ];
        let graph = Model { graph: Some(Graph { initializer, ..Graph::default() }), ..Model::default() };
        let Detached { graph, weights } = detach_weights("encoder.onnx", &graph.encode_to_vec(), 4).expect("a model");
        let weight = FloatConstant { name: "weight".to_owned(), shape: vec![2, 2], values: vec![1.0, 2.0, 3.0, 4.0] };
        assert_eq!(weights, [weight]);
        let left = Model::decode(&*graph).expect("a model").graph.expect("a graph").initializer;
        let bytes: Vec<usize> = left.iter().map(|constant| constant.raw_data.len()).collect();
        assert_eq!(bytes, [0, 8, 32]);
        assert_eq!(left[0].dims, [2, 2]);
        assert!(detach_weights("encoder.onnx", b"text", 4).is_err());
    }
}
