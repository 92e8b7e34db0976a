//! Trainable parameters of a primitive: names, shapes and initialisation.

/// Specification of a trainable parameter of a primitive.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterSpec {
    /// Name within the node, such as `weight`.
    pub name: &'static str,
    /// Shape.
    pub shape: Vec<usize>,
    /// Initialisation.
    pub initial: Initial,
}

/// Initialisation scheme of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Initial {
    /// Uniform in `[-bound, bound]` with `bound = 1 / sqrt(fan_in)`, as in PyTorch's `Linear`. The value is
    /// `fan_in`, the number of inputs of a unit.
    FanIn(usize),
}

impl Initial {
    /// Returns the bound of the uniform distribution.
    pub fn bound(self) -> f32 {
        match self {
            Initial::FanIn(fan_in) => 1.0 / (fan_in.max(1) as f32).sqrt(),
        }
    }
}
