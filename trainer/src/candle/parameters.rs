//! The trained tensors as Candle variables, by name and in a fixed order.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use candle_core::{Device, Result, Tensor, Var};
use ndarray::ArrayD;
use rand_distr::{Distribution, Uniform};

use super::{gradients::Gradients, tape::Tape};
use crate::{
    network::{Graph, Held, Weights},
    random::{Stream, stream},
};

/// Variables by full name, and names that stand for the transpose of another's variable.
///
/// Candle's own `VarMap` lists its variables in the order of a hash; here the order is that of the
/// names, so that sums and updates come out the same every time.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    variables: BTreeMap<String, Var>,
    /// Names without a variable of their own, with the one whose transpose they are.
    tied: BTreeMap<String, String>,
    /// Where passes leave their gradients.
    tape: Arc<Tape>,
}

/// Where the values of a parameter are.
pub(super) struct Place {
    /// The number of a variable, in the order of the names.
    pub(super) variable: usize,
    pub(super) held: Held,
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
        Ok(Parameters { variables: variables.collect::<Result<_>>()?, ..Parameters::default() })
    }

    /// Parameters like these, tied like these, with other values.
    ///
    /// # Errors
    /// If a variable is missing among the values, or has another shape there.
    pub fn with_values(&self, values: &Weights) -> Result<Self> {
        let variables = self.variables.iter().map(|(name, variable)| {
            let Some(array) = values.get(name).filter(|array| array.shape() == variable.dims()) else {
                candle_core::bail!("there are no values of shape {:?} for `{name}`", variable.dims());
            };
            let flat: Vec<f32> = array.iter().copied().collect();
            Ok((name.clone(), Var::from_vec(flat, variable.shape(), variable.device())?))
        });
        Ok(Parameters { variables: variables.collect::<Result<_>>()?, tied: self.tied.clone(), tape: Arc::default() })
    }

    /// Adds a variable with these values, in the place of one of the same name.
    ///
    /// # Errors
    /// Those of Candle, for lack of memory.
    pub fn insert(&mut self, name: &str, values: &Tensor) -> Result<()> {
        self.variables.insert(name.to_owned(), Var::from_tensor(values)?);
        Ok(())
    }

    /// Makes the parameter `name` the transpose of the variable `to`: it loses its own values, and its
    /// gradient goes to `to`.
    ///
    /// # Errors
    /// If one of them is no matrix with values of its own, if their shapes do not fit, or if another is
    /// tied to `name`.
    pub fn tie(&mut self, name: &str, to: &str) -> Result<()> {
        let (tied, kept) = (self.variable(name)?.dims(), self.variable(to)?.dims());
        let is_transpose = matches!((tied, kept), ([a, b], [c, d]) if (a, b) == (d, c));
        if name == to || !is_transpose {
            candle_core::bail!("`{name}` {tied:?} cannot be the transpose of `{to}` {kept:?}");
        }
        if let Some((other, _)) = self.tied.iter().find(|(_, to)| *to == name) {
            candle_core::bail!("`{name}` cannot be tied to `{to}`, since `{other}` is its transpose");
        }
        self.variables.remove(name);
        self.tied.insert(name.to_owned(), to.to_owned());
        Ok(())
    }

    /// Those of them that these graphs use, with what they are tied to: the same variables, whose gradients are found
    /// apart from those of the others.
    pub(crate) fn used_by(&self, graphs: &[&Graph]) -> Self {
        let names: BTreeSet<String> =
            graphs.iter().flat_map(|graph| graph.parameters()).map(|(name, _)| name).collect();
        let tied = self.tied.iter().filter(|(name, _)| names.contains(*name));
        let tied: BTreeMap<String, String> = tied.map(|(name, to)| (name.clone(), to.clone())).collect();
        let is_used = |name: &String| names.contains(name) || tied.values().any(|to| to == name);
        let variables = self.variables.iter().filter(|(name, _)| is_used(name));
        let variables = variables.map(|(name, variable)| (name.clone(), variable.clone())).collect();
        Parameters { variables, tied, tape: Arc::default() }
    }

    /// Puts these values into the variables of their names, for all that share them.
    ///
    /// # Errors
    /// If one of them is no variable here, or has another shape.
    pub(crate) fn assign(&self, values: &Weights) -> Result<()> {
        values.iter().try_for_each(|(name, array)| {
            let variable = self.variable(name)?;
            let flat: Vec<f32> = array.iter().copied().collect();
            variable.set(&Tensor::from_vec(flat, array.shape(), variable.device())?)
        })
    }

    /// A copy of the values, outside Candle; tied parameters have theirs like all others.
    ///
    /// # Errors
    /// Those of Candle, when reading from a device.
    pub fn to_weights(&self) -> Result<Weights> {
        let arrays = self.variables.keys().chain(self.tied.keys()).map(|name| {
            let tensor = self.tensor(name)?;
            let values = tensor.flatten_all()?.to_vec1::<f32>()?;
            let array = ArrayD::from_shape_vec(tensor.dims(), values).map_err(candle_core::Error::wrap)?;
            Ok((name.clone(), array))
        });
        arrays.collect()
    }

    /// One of them; a tied one as a transposed view.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn tensor(&self, name: &str) -> Result<Tensor> {
        match self.tied.get(name) {
            Some(to) => self.variable(to)?.t(),
            None => Ok(self.variable(name)?.as_tensor().clone()),
        }
    }

    /// The gradients of a scalar with respect to all variables.
    ///
    /// # Errors
    /// Those of Candle.
    pub fn gradients(&self, loss: &Tensor) -> Result<Gradients> {
        self.tape.gradients(&self.variables, loss)
    }

    /// The numbers of the variables, by name.
    pub(super) fn numbers(&self) -> BTreeMap<&str, usize> {
        self.variables.keys().enumerate().map(|(number, name)| (name.as_str(), number)).collect()
    }

    /// Where a parameter is, by the [`numbers`](Parameters::numbers) of these variables.
    pub(super) fn place(&self, name: &str, numbers: &BTreeMap<&str, usize>) -> Result<Place> {
        let (holder, held) = match self.tied.get(name) {
            Some(to) => (to.as_str(), Held::Transposed),
            None => (name, Held::Straight),
        };
        match numbers.get(holder) {
            Some(&variable) => Ok(Place { variable, held }),
            None => candle_core::bail!("there is no parameter `{name}`"),
        }
    }

    pub(super) fn tape(&self) -> Arc<Tape> {
        self.tape.clone()
    }

    /// All variables, in the order of their names: what is tied to another is not among them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    fn variable(&self, name: &str) -> Result<&Var> {
        match self.variables.get(name) {
            Some(variable) => Ok(variable),
            None => candle_core::bail!("there is no parameter `{name}`"),
        }
    }
}
