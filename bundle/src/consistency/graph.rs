//! Checks of a graph's ports: roles, shapes and element types.

use crate::{ElementType, GraphPorts, Port, Role};

/// Sizes that determine the shapes of all ports.
pub(super) struct Sizes<'a> {
    pub(super) sample: &'a [usize],
    pub(super) latent_dim: usize,
    /// Number of classes or targets; `None` for an autoencoder.
    pub(super) outputs: Option<usize>,
}

impl Sizes<'_> {
    /// Returns the shape and element type of a port with this role.
    fn of(&self, role: Role) -> Option<(Vec<usize>, ElementType)> {
        match role {
            Role::Sample | Role::Reconstruction => Some((self.sample.to_vec(), ElementType::F32)),
            Role::Latent | Role::Mean | Role::LogVariance => Some((vec![self.latent_dim], ElementType::F32)),
            Role::Label => Some((vec![], ElementType::I64)),
            Role::Logits | Role::Probabilities | Role::Prediction => Some((vec![self.outputs?], ElementType::F32)),
            Role::Score | Role::PValue => Some((vec![], ElementType::F32)),
            Role::Anomaly => Some((vec![], ElementType::Bool)),
            Role::Share => Some((self.sample.to_vec(), ElementType::F32)),
        }
    }
}

/// Checks that the roles of a graph's inputs and outputs are among the accepted lists.
pub(super) fn check_roles(
    name: &str,
    graph: &GraphPorts,
    inputs: &[&[Role]],
    outputs: &[&[Role]],
) -> Result<(), String> {
    let sides = [("inputs", &graph.inputs, inputs), ("outputs", &graph.outputs, outputs)];
    for (side, ports, accepted) in sides {
        let roles: Vec<Role> = ports.iter().map(|port| port.role).collect();
        if !accepted.contains(&roles.as_slice()) {
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
        .of(*role)
        .ok_or_else(|| format!("port `{name}` has the role {role:?}, which this type of bundle does not have"))?;
    if name.is_empty() || *shape != expected_shape || *dtype != expected_dtype {
        let (found, expected) = ((dtype, shape), (expected_dtype, expected_shape));
        return Err(format!("port `{name}` with role {role:?} is {found:?}, expected {expected:?}"));
    }
    Ok(())
}
