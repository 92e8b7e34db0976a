//! Whether a graph takes and returns what its place demands.

use crate::{ElementType, GraphPorts, Port, Role};

/// What the shapes of ports follow from.
pub(super) struct Sizes<'a> {
    pub(super) sample: &'a [usize],
    pub(super) latent_dim: usize,
    /// Classes or targets; an autoencoder has none.
    pub(super) outputs: Option<usize>,
}

impl Sizes<'_> {
    /// Shape and element type of a port with this role.
    fn of(&self, role: Role) -> Option<(Vec<usize>, ElementType)> {
        match role {
            Role::Sample | Role::Reconstruction => Some((self.sample.to_vec(), ElementType::F32)),
            Role::Latent | Role::Mean | Role::LogVariance => Some((vec![self.latent_dim], ElementType::F32)),
            Role::Label => Some((vec![], ElementType::I64)),
            Role::Logits | Role::Probabilities | Role::Prediction => Some((vec![self.outputs?], ElementType::F32)),
        }
    }
}

/// The roles of a graph's inputs and outputs must be one of the accepted lists.
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
            return Err(format!("the {side} of its {name} have the roles {roles:?}, expected one of {accepted:?}"));
        }
    }
    Ok(())
}

/// Every port must have the shape and the type of its role.
pub(super) fn check_ports(graphs: [&GraphPorts; 2], sizes: &Sizes<'_>) -> Result<(), String> {
    graphs
        .into_iter()
        .flat_map(|graph| graph.inputs.iter().chain(&graph.outputs))
        .try_for_each(|port| check(port, sizes))
}

fn check(port: &Port, sizes: &Sizes<'_>) -> Result<(), String> {
    let Port { name, role, dtype, shape } = port;
    let (expected_shape, expected_dtype) =
        sizes.of(*role).ok_or_else(|| format!("port `{name}` has the role {role:?}, which has no size here"))?;
    if name.is_empty() || *shape != expected_shape || *dtype != expected_dtype {
        let (found, expected) = ((dtype, shape), (expected_dtype, expected_shape));
        return Err(format!("port `{name}` is {found:?}, its role {role:?} demands {expected:?}"));
    }
    Ok(())
}
