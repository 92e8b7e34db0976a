//! Checks of a graph's ports: roles, shapes and element types.

use narrows_table::Layout;

use crate::{ElementType, GraphPorts, Port, Role, Sample};

/// Sizes that determine the shapes of all ports.
pub(super) struct Sizes<'a> {
    pub(super) sample: &'a [usize],
    /// The layout of the rows of a mixed table.
    pub(super) layout: Option<Layout>,
    pub(super) latent_dim: usize,
    /// Number of classes or targets; `None` for an autoencoder.
    pub(super) outputs: Option<usize>,
}

impl<'a> Sizes<'a> {
    /// Returns the sizes of a model. The schema of a mixed table is checked first.
    pub(super) fn of(sample: &'a Sample, latent_dim: usize, outputs: Option<usize>) -> Result<Self, String> {
        let layout = match &sample.table {
            Some(schema) => {
                schema.check().map_err(|error| format!("its table is invalid: {error}"))?;
                Some(Layout::of(&schema.cells()))
            }
            None => None,
        };
        Ok(Sizes { sample: &sample.shape, layout, latent_dim, outputs })
    }

    /// Returns the shape of the values of a sample, which are the numbers of a mixed table.
    fn values(&self) -> Vec<usize> {
        self.layout.as_ref().map_or_else(|| self.sample.to_vec(), |layout| vec![layout.numbers.len()])
    }

    /// Returns the roles of the inputs with a sample.
    pub(super) fn inputs(&self) -> Vec<Role> {
        self.with_categories(Role::Sample, &[Role::Categories])
    }

    /// Returns the roles of the outputs with a decoded sample.
    pub(super) fn outputs(&self) -> Vec<Role> {
        self.with_categories(Role::Reconstruction, &[Role::DecodedCategories, Role::LevelProbabilities])
    }

    fn with_categories(&self, values: Role, categories: &[Role]) -> Vec<Role> {
        let has_numbers = self.layout.as_ref().is_none_or(|layout| !layout.numbers.is_empty());
        let has_categories = self.layout.as_ref().is_some_and(|layout| !layout.categories.is_empty());
        let categories = if has_categories { categories } else { &[] };
        has_numbers.then_some(values).into_iter().chain(categories.iter().copied()).collect()
    }

    /// Returns the shape and element type of a port with this role.
    fn port(&self, role: Role) -> Option<(Vec<usize>, ElementType)> {
        match role {
            Role::Sample | Role::Reconstruction => Some((self.values(), ElementType::F32)),
            Role::Categories | Role::DecodedCategories => {
                Some((vec![self.layout.as_ref()?.categories.len()], ElementType::I64))
            }
            Role::LevelProbabilities => Some((vec![self.layout.as_ref()?.levels()], ElementType::F32)),
            Role::Latent | Role::Mean | Role::LogVariance => Some((vec![self.latent_dim], ElementType::F32)),
            Role::Label => Some((vec![], ElementType::I64)),
            Role::Logits | Role::Probabilities | Role::Prediction => Some((vec![self.outputs?], ElementType::F32)),
            Role::Score | Role::PValue => Some((vec![], ElementType::F32)),
            Role::Anomaly => Some((vec![], ElementType::Bool)),
            Role::Share => Some((self.sample.to_vec(), ElementType::F32)),
        }
    }
}

/// Returns the roles of the inputs of a graph without a label, and with one.
pub(super) fn with_and_without_label(roles: Vec<Role>) -> [Vec<Role>; 2] {
    let labelled = roles.iter().copied().chain([Role::Label]).collect();
    [roles, labelled]
}

/// Checks that the roles of a graph's inputs and outputs are among the accepted lists.
pub(super) fn check_roles(
    name: &str,
    graph: &GraphPorts,
    inputs: &[Vec<Role>],
    outputs: &[Vec<Role>],
) -> Result<(), String> {
    let sides = [("inputs", &graph.inputs, inputs), ("outputs", &graph.outputs, outputs)];
    for (side, ports, accepted) in sides {
        let roles: Vec<Role> = ports.iter().map(|port| port.role).collect();
        if !accepted.contains(&roles) {
            return Err(format!(
                "the {side} of its {name} graph have the roles {roles:?}, expected one of {accepted:?}"
            ));
        }
    }
    Ok(())
}

/// Checks that every port has the shape and the element type of its role.
pub(super) fn check_ports<'a>(
    graphs: impl IntoIterator<Item = &'a GraphPorts>,
    sizes: &Sizes<'_>,
) -> Result<(), String> {
    graphs
        .into_iter()
        .flat_map(|graph| graph.inputs.iter().chain(&graph.outputs))
        .try_for_each(|port| check_port(port, sizes))
}

fn check_port(port: &Port, sizes: &Sizes<'_>) -> Result<(), String> {
    let Port { name, role, dtype, shape } = port;
    let (expected_shape, expected_dtype) = sizes
        .port(*role)
        .ok_or_else(|| format!("port `{name}` has the role {role:?}, which this type of bundle does not have"))?;
    if name.is_empty() || *shape != expected_shape || *dtype != expected_dtype {
        let (found, expected) = ((dtype, shape), (expected_dtype, expected_shape));
        return Err(format!("port `{name}` with role {role:?} is {found:?}, expected {expected:?}"));
    }
    Ok(())
}
