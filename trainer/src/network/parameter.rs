//! Trained tensors of a primitive: their names, shapes and first values.

/// A trained tensor of a primitive.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterSpec {
    /// Name within the node, such as `weight`.
    pub name: &'static str,
    /// Shape.
    pub shape: Vec<usize>,
    /// How it starts.
    pub initial: Initial,
}

/// How a parameter starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Initial {
    /// Uniform in plus or minus one over the square root of the number of inputs of a unit: what
    /// PyTorch's `Linear` does.
    FanIn(usize),
}

impl Initial {
    /// Half-width of the uniform distribution.
    pub fn bound(self) -> f32 {
        match self {
            Initial::FanIn(fan_in) => 1.0 / (fan_in.max(1) as f32).sqrt(),
        }
    }
}
