//! A cell of the comparison, and the group of cells that a row of the table shows.

use std::fmt;

use narrows_bundle::{Kind, counted};

/// A row of the table: cells that differ only in their seed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub(crate) latent_dim: usize,
    pub(crate) kind: Kind,
    /// Weight of the KL term; `None` for the default, and for kinds without a KL term.
    pub(crate) beta: Option<f64>,
    /// Path of a loaded bundle as the user named it; `None` for a model that the comparison trains.
    pub(crate) bundle: Option<String>,
}

/// A model of the comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub(crate) group: Group,
    pub(crate) seed: u64,
}

impl Group {
    /// Returns the name of the model in tables and legends: `vae`, `vae, beta 0.1` or `models/vae (vae)`.
    pub(crate) fn name(&self) -> String {
        let beta = self.beta.map_or(String::new(), |beta| format!(", beta {beta}"));
        match &self.bundle {
            None => format!("{}{beta}", self.kind),
            Some(bundle) => format!("{bundle} ({})", self.kind),
        }
    }
}

impl Cell {
    /// Returns the name of the folder of a trained cell: `vae-8-beta0.1-seed0`.
    pub(crate) fn folder_name(&self) -> String {
        let Group { latent_dim, kind, beta, .. } = &self.group;
        let beta = beta.map_or(String::new(), |beta| format!("-beta{beta}"));
        format!("{kind}-{latent_dim}{beta}-seed{}", self.seed)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let latent = counted(self.group.latent_dim, "latent dimension");
        match self.group.bundle {
            None => write!(formatter, "{}, {latent}, seed {}", self.group.name(), self.seed),
            Some(_) => write!(formatter, "{}, {latent}", self.group.name()),
        }
    }
}
