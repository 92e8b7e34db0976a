//! Sessions with the functions.

use std::sync::Arc;

use ballista_core::extension::SessionConfigExt;
use datafusion::{
    common::Result,
    execution::{SessionState, SessionStateBuilder, object_store::ObjectStoreRegistry, runtime_env::RuntimeEnvBuilder},
    prelude::{SessionConfig, SessionContext},
};

use crate::{Bundles, cluster::limits::MESSAGE_LIMIT, udafs, udfs};

/// Returns a context that runs queries in this process, with the same functions and object stores as on a cluster.
///
/// Text is read as Ballista reads it, not as views, so that results have the same types.
///
/// # Errors
/// Those of DataFusion.
pub fn local(config: SessionConfig, bundles: &Bundles, stores: Arc<dyn ObjectStoreRegistry>) -> Result<SessionContext> {
    let config = config.set_bool("datafusion.execution.parquet.schema_force_view_types", false);
    Ok(SessionContext::new_with_state(state(config, bundles, stores)?))
}

/// Returns a configuration for all processes of a cluster.
pub(crate) fn config() -> SessionConfig {
    SessionConfig::new_with_ballista().with_ballista_grpc_client_max_message_size(MESSAGE_LIMIT)
}

/// Returns a state with the functions of DataFusion, Ballista and this crate.
pub(crate) fn state(
    config: SessionConfig,
    bundles: &Bundles,
    stores: Arc<dyn ObjectStoreRegistry>,
) -> Result<SessionState> {
    let runtime = RuntimeEnvBuilder::new().with_object_store_registry(stores).build_arc()?;
    let mut state =
        SessionStateBuilder::new().with_default_features().with_config(config).with_runtime_env(runtime).build();
    add_functions(&mut state, bundles)?;
    Ok(state)
}

/// Registers the functions of this crate.
pub(crate) fn add_functions(
    registry: &mut dyn datafusion::execution::FunctionRegistry,
    bundles: &Bundles,
) -> Result<()> {
    udfs(bundles).into_iter().try_for_each(|function| registry.register_udf(Arc::new(function)).map(drop))?;
    udafs().into_iter().try_for_each(|function| registry.register_udaf(Arc::new(function)).map(drop))
}
