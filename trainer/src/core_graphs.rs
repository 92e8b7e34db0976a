//! The core graphs of encoder and decoder, between scaled features and logits.

use narrows_data::Dataset;

use crate::{
    Config, Method, TrainError,
    architecture::Architecture,
    candle::{Kernels, Parameters},
    kinds::{Ae, Model, Network},
    network::{Activation, Graph, Node, builder::Builder, with_table_row},
    samples::sample_of,
    table::{NODE, Table, TableSettings},
};

/// The graphs of encoder and decoder between scaled features and logits, without weights.
#[derive(Debug, Clone, PartialEq)]
pub struct CoreGraphs {
    /// Maps scaled features (and a label) to `z`, or to `mu` and `log_var`.
    pub encoder: Graph,
    /// Maps a code (and a label) to logits.
    pub decoder: Graph,
    /// What training knows of a mixed table; `None` for other data.
    pub(crate) table: Option<Table>,
}

impl CoreGraphs {
    /// Builds the graphs of a configuration for the samples of a data set.
    ///
    /// # Errors
    /// [`TrainError::Graph`], never for a checked configuration; and errors of reading the rows of a mixed table.
    pub fn new(config: &Config, data: &Dataset) -> Result<Self, TrainError> {
        let (Architecture { convolutions, hidden, normalisation, activation }, latent_activation) = match &config.method
        {
            Method::ClosedForm(_) => (Architecture::linear(), Activation::Identity),
            Method::Descent(descent) => (descent.architecture.clone(), descent.objective.code_layer().activation),
        };
        let classes = data.classes.as_ref().map(Vec::len).filter(|_| config.kind().is_conditional());
        let table = table_of(config, data)?;
        let values = data.train.values.features();
        let (features, outputs) =
            table.as_ref().map_or((values, values), |table| (table.row.width(), table.row.order.logits()));
        let mlp = Builder {
            convolutions,
            features,
            hidden,
            latent_dim: config.latent_dim,
            normalisation,
            activation,
            latent_activation,
            classes,
        };
        let encoder = match &config.method {
            Method::ClosedForm(_) => Ae::default().encoder(&mlp)?,
            Method::Descent(descent) => descent.objective.model().encoder(&mlp)?,
        };
        let encoder = match &table {
            Some(table) => with_table_row(&encoder, NODE, &table.row)?,
            None => encoder,
        };
        let decoder = Builder { features: outputs, ..mlp }.decoder()?;
        Ok(CoreGraphs { encoder, decoder, table })
    }

    /// Returns the layers without a fused kernel. The graph that contains one is computed by Candle's operations.
    pub(crate) fn without_kernel(&self) -> Vec<&Node> {
        self.encoder.nodes_without_kernel().chain(self.decoder.nodes_without_kernel()).collect()
    }

    pub(crate) fn network<'a>(&'a self, parameters: &'a Parameters, config: &Config) -> Network<'a> {
        let kernels = match &config.method {
            Method::ClosedForm(_) => Kernels::Fused,
            Method::Descent(descent) => descent.computation.kernels,
        };
        let output_distribution = config.output_distribution;
        Network {
            encoder: &self.encoder,
            decoder: &self.decoder,
            parameters,
            output_distribution,
            kernels,
            below: None,
            table: self.table.as_ref(),
        }
    }
}

/// Measures the training rows of a mixed table; `None` for other data.
fn table_of(config: &Config, data: &Dataset) -> Result<Option<Table>, TrainError> {
    let Some(schema) = &data.table else { return Ok(None) };
    let masking = match &config.method {
        Method::ClosedForm(_) => None,
        Method::Descent(descent) => descent.masking,
    };
    let settings = TableSettings {
        is_variational: config.kind().is_variational(),
        variance: config.output_distribution.variance,
        masking: masking.unwrap_or(0.0),
    };
    let (rows, _) = config.split(&data.train);
    let scaling = config.scaling.scaling(&sample_of(data), &data.train.values, &rows)?;
    Ok(Some(Table::of(schema, (&data.train.values, &rows, &scaling), settings)?))
}
