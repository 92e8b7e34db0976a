//! Trained parameters as Candle variables, sorted by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use candle_core::{Device, Result, Tensor, Var};
use ndarray::ArrayD;
use rand_distr::{Distribution, Uniform};

use super::{gradients::Gradients, statistics::NormalisedBy, tape::Tape};
use crate::{
    network::{Graph, Orientation, Weights},
    placement::Placement,
    random::{Stream, stream},
};

/// Variables by full name, and tied parameters, which are the transpose of a variable.
///
/// Candle's `VarMap` lists its variables in hash order. Here they are sorted by name, so that sums and updates are
/// reproducible.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    variables: BTreeMap<String, Var>,
    /// Tied parameters, which have no variable of their own, with the name of the variable whose transpose they are.
    tied: BTreeMap<String, String>,
    /// Computes the gradients of the parameters of passes.
    tape: Arc<Tape>,
    normalised_by: NormalisedBy,
    placement: Placement,
}

/// Location of the values of a parameter.
pub(super) struct Location {
    /// Index of the variable, in the order of the names.
    pub(super) variable: usize,
    pub(super) orientation: Orientation,
}

impl Parameters {
    /// Creates initial parameters for the graphs, sampled from the initialisation stream of `seed`.
    ///
    /// # Errors
    /// If Candle returns an error.
    pub fn initial(graphs: &[&Graph], seed: u64, device: &Device) -> Result<Self> {
        let specs = graphs.iter().flat_map(|graph| graph.parameters());
        let mut parameters = Parameters { placement: Placement::of(device), ..Parameters::default() };
        for (index, (name, spec)) in specs.enumerate() {
            let [low, high] = spec.initial.range();
            let uniform = Uniform::new_inclusive(low, high).map_err(candle_core::Error::wrap)?;
            let mut random = stream(seed, Stream::Initial, index as u64);
            let values: Vec<f32> = (0..spec.shape.iter().product()).map(|_| uniform.sample(&mut random)).collect();
            parameters.variables.insert(name, Var::from_vec(values, spec.shape, device)?);
        }
        Ok(parameters)
    }

    /// Creates parameters with these weights.
    ///
    /// # Errors
    /// If Candle returns an error.
    pub fn from_weights(weights: &Weights, device: &Device) -> Result<Self> {
        let variables = weights.iter().map(|(name, array)| {
            let values: Vec<f32> = array.iter().copied().collect();
            Ok((name.clone(), Var::from_vec(values, array.shape(), device)?))
        });
        let placement = Placement::of(device);
        Ok(Parameters { variables: variables.collect::<Result<_>>()?, placement, ..Parameters::default() })
    }

    /// Returns a copy of these parameters of the host at another place.
    ///
    /// # Errors
    /// If Candle returns an error.
    pub(crate) fn placed(self, placement: &Placement) -> Result<Self> {
        let variables = match placement {
            Placement::Host => return Ok(self),
            Placement::Device(_) => self.variables.iter().map(|(name, variable)| {
                Ok((name.clone(), Var::from_tensor(&placement.place(variable.as_detached_tensor())?)?))
            }),
        };
        Ok(Parameters {
            variables: variables.collect::<Result<_>>()?,
            tied: self.tied,
            placement: placement.clone(),
            ..Parameters::default()
        })
    }

    /// Returns where the parameters are.
    pub(crate) fn placement(&self) -> &Placement {
        &self.placement
    }

    /// Returns parameters with the same names, shapes and ties at the same place, but other values.
    ///
    /// # Errors
    /// If the values of a variable are missing or have a different shape.
    pub fn with_values(&self, values: &Weights) -> Result<Self> {
        let variables = self.variables.iter().map(|(name, variable)| {
            let Some(array) = values.get(name).filter(|array| array.shape() == variable.dims()) else {
                candle_core::bail!(
                    "the values of parameter `{name}` are missing or do not have the shape {:?}",
                    variable.dims()
                );
            };
            let flat: Vec<f32> = array.iter().copied().collect();
            Ok((name.clone(), Var::from_vec(flat, variable.shape(), variable.device())?))
        });
        Ok(Parameters {
            variables: variables.collect::<Result<_>>()?,
            tied: self.tied.clone(),
            placement: self.placement.clone(),
            ..Parameters::default()
        })
    }

    /// Adds a variable with these values. It replaces a variable of the same name.
    ///
    /// # Errors
    /// If Candle returns an error.
    pub fn insert(&mut self, name: &str, values: &Tensor) -> Result<()> {
        self.variables.insert(name.to_owned(), Var::from_tensor(values)?);
        Ok(())
    }

    /// Ties the parameter `name` to the transpose of the variable `to`. The values of `name` are dropped, and its
    /// gradient is added to that of `to`.
    ///
    /// # Errors
    /// If one of them is not a variable with two dimensions, if their shapes are not transposed, or if another
    /// parameter is tied to `name`.
    pub fn tie(&mut self, name: &str, to: &str) -> Result<()> {
        let (tied, kept) = (self.variable(name)?.dims(), self.variable(to)?.dims());
        let is_transpose = matches!((tied, kept), ([a, b], [c, d]) if (a, b) == (d, c));
        if name == to || !is_transpose {
            candle_core::bail!(
                "`{name}` cannot be tied to the transpose of `{to}`: their shapes are {tied:?} and {kept:?}"
            );
        }
        if let Some((other, _)) = self.tied.iter().find(|(_, to)| *to == name) {
            candle_core::bail!("`{name}` cannot be tied to `{to}`, because `{other}` is tied to `{name}`");
        }
        self.variables.remove(name);
        self.tied.insert(name.to_owned(), to.to_owned());
        Ok(())
    }

    /// Returns the parameters that the graphs use, and the variables to which they are tied. The variables are
    /// shared, but the result computes its gradients separately.
    pub(crate) fn used_by(&self, graphs: &[&Graph]) -> Self {
        let names: BTreeSet<String> =
            graphs.iter().flat_map(|graph| graph.parameters()).map(|(name, _)| name).collect();
        let tied = self.tied.iter().filter(|(name, _)| names.contains(*name));
        let tied: BTreeMap<String, String> = tied.map(|(name, to)| (name.clone(), to.clone())).collect();
        let is_used = |name: &String| names.contains(name) || tied.values().any(|to| to == name);
        let variables = self.variables.iter().filter(|(name, _)| is_used(name));
        let variables = variables.map(|(name, variable)| (name.clone(), variable.clone())).collect();
        Parameters { variables, tied, placement: self.placement.clone(), ..Parameters::default() }
    }

    /// Returns the same parameters, with batch normalisation by the statistics of each batch.
    pub(crate) fn in_training(&self) -> Self {
        Parameters { normalised_by: NormalisedBy::Batch, ..self.clone() }
    }

    pub(super) fn normalised_by(&self) -> NormalisedBy {
        self.normalised_by
    }

    /// Sets the variables to these values. All parameters that share a variable see the new values.
    ///
    /// # Errors
    /// If a name is not a variable, or its values have a different shape.
    pub(crate) fn assign(&self, values: &Weights) -> Result<()> {
        values.iter().try_for_each(|(name, array)| {
            let variable = self.variable(name)?;
            let flat: Vec<f32> = array.iter().copied().collect();
            variable.set(&Tensor::from_vec(flat, array.shape(), variable.device())?)
        })
    }

    /// Returns a copy of all values, including those of tied parameters.
    ///
    /// # Errors
    /// If the values cannot be read from the device.
    pub fn to_weights(&self) -> Result<Weights> {
        let arrays = self.variables.keys().chain(self.tied.keys()).map(|name| {
            let tensor = self.tensor(name)?;
            let values = tensor.flatten_all()?.to_vec1::<f32>()?;
            let array = ArrayD::from_shape_vec(tensor.dims(), values).map_err(candle_core::Error::wrap)?;
            Ok((name.clone(), array))
        });
        arrays.collect()
    }

    /// Returns a parameter. A tied parameter is a transposed view.
    ///
    /// # Errors
    /// If there is no parameter of this name.
    pub fn tensor(&self, name: &str) -> Result<Tensor> {
        match self.tied.get(name) {
            Some(to) => self.variable(to)?.t(),
            None => Ok(self.variable(name)?.as_tensor().clone()),
        }
    }

    /// Returns the gradients of a scalar with respect to all variables.
    ///
    /// # Errors
    /// If Candle returns an error.
    pub fn gradients(&self, loss: &Tensor) -> Result<Gradients> {
        self.tape.gradients(&self.variables, loss)
    }

    /// Returns the index of each variable by name.
    pub(super) fn variable_indices(&self) -> BTreeMap<&str, usize> {
        self.variables.keys().enumerate().map(|(index, name)| (name.as_str(), index)).collect()
    }

    /// Returns the location of a parameter, given the [`variable_indices`](Parameters::variable_indices).
    pub(super) fn locate(&self, name: &str, indices: &BTreeMap<&str, usize>) -> Result<Location> {
        let (owner, orientation) = match self.tied.get(name) {
            Some(to) => (to.as_str(), Orientation::Transposed),
            None => (name, Orientation::Normal),
        };
        match indices.get(owner) {
            Some(&variable) => Ok(Location { variable, orientation }),
            None => candle_core::bail!("there is no parameter `{name}`"),
        }
    }

    pub(super) fn tape(&self) -> Arc<Tape> {
        self.tape.clone()
    }

    /// Iterates over all variables, sorted by name. Tied parameters are not included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    pub(super) fn variable(&self, name: &str) -> Result<&Var> {
        match self.variables.get(name) {
            Some(variable) => Ok(variable),
            None => candle_core::bail!("there is no parameter `{name}`"),
        }
    }
}
