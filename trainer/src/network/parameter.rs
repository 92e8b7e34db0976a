//! Parameters of a primitive: names, shapes and initialisation.

/// Specification of a parameter of a primitive.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterSpec {
    /// Name within the node, such as `weight`.
    pub name: &'static str,
    /// Shape.
    pub shape: Vec<usize>,
    /// Initialisation.
    pub initial: Initial,
    /// How training changes the parameter.
    pub role: Role,
}

impl ParameterSpec {
    /// Creates the specification of a parameter that the optimizer changes.
    pub fn trained(name: &'static str, shape: Vec<usize>, initial: Initial) -> Self {
        ParameterSpec { name, shape, initial, role: Role::Trained }
    }
}

/// How training changes a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The optimizer changes it by its gradient.
    Trained,
    /// It is a running statistic of the training batches and has no gradient.
    Statistic,
}

/// Initialisation scheme of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Initial {
    /// Uniform in `[-bound, bound]` with `bound = 1 / sqrt(fan_in)`, as in PyTorch's `Linear`. The value is
    /// `fan_in`, the number of inputs of a unit.
    FanIn(usize),
    /// The same value everywhere.
    Constant(f32),
}

impl Initial {
    /// Returns the smallest and the largest initial value.
    pub fn range(self) -> [f32; 2] {
        match self {
            Initial::FanIn(fan_in) => {
                let bound = 1.0 / (fan_in.max(1) as f32).sqrt();
                [-bound, bound]
            }
            Initial::Constant(value) => [value; 2],
        }
    }
}
