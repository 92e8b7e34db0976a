//! The trained tensors as Candle variables, by name and in a fixed order.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor, Var};
use ndarray::ArrayD;
use rand_distr::{Distribution, Uniform};

use crate::{
    network::{Graph, Weights},
    random::{Stream, stream},
};

/// Variables by full name. Candle's own `VarMap` lists its variables in the order of a hash; here the
/// order is that of the names, so that sums and updates come out the same every time.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    variables: BTreeMap<String, Var>,
}

impl Parameters {
    /// Fresh parameters for these graphs, drawn from the stream of initialisation of `seed`.
    ///
    /// # Errors
    /// Those of Candle, for lack of memory.
    pub fn initial(graphs: &[&Graph], seed: u64, device: &Device) -> Result<Self> {
        let specs = graphs.iter().flat_map(|graph| graph.parameters());
        let mut parameters = Parameters::default();
        for (index, (name, spec)) in specs.enumerate() {
            let bound = spec.initial.bound();
            let uniform = Uniform::new_inclusive(-bound, bound).map_err(candle_core::Error::wrap)?;
            let mut random = stream(seed, Stream::Initial, index as u64);
            let values: Vec<f32> = (0..spec.shape.iter().product()).map(|_| uniform.sample(&mut random)).collect();
            parameters.variables.insert(name, Var::from_vec(values, spec.shape, device)?);
        }
        Ok(parameters)
    }

    /// Parameters that hold these weights.
    ///
    /// # Errors
    /// Those of Candle, for lack of memory.
    pub fn from_weights(weights: &Weights, device: &Device) -> Result<Self> {
        let variables = weights.iter().map(|(name, array)| {
            let values: Vec<f32> = array.iter().copied().collect();
            Ok((name.clone(), Var::from_vec(values, array.shape(), device)?))
        });
        Ok(Parameters { variables: variables.collect::<Result<_>>()? })
    }

    /// A copy of the values, outside Candle.
    ///
    /// # Errors
    /// Those of Candle, when reading from a device.
    pub fn to_weights(&self) -> Result<Weights> {
        let arrays = self.variables.iter().map(|(name, variable)| {
            let values = variable.flatten_all()?.to_vec1::<f32>()?;
            let array = ArrayD::from_shape_vec(variable.dims(), values).map_err(candle_core::Error::wrap)?;
            Ok((name.clone(), array))
        });
        arrays.collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn tensor(&self, name: &str) -> Result<Tensor> {
        match self.variables.get(name) {
            Some(variable) => Ok(variable.as_tensor().clone()),
            None => candle_core::bail!("there is no parameter `{name}`"),
        }
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), variable))
    }
}
