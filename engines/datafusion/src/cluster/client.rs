//! The client of a cluster.

use std::sync::Arc;

use ballista::prelude::SessionContextExt;
use ballista_core::serde::protobuf::{CancelJobParams, scheduler_grpc_client::SchedulerGrpcClient};
use datafusion::{
    common::Result,
    execution::object_store::ObjectStoreRegistry,
    prelude::{SessionConfig, SessionContext},
};

use crate::{
    Bundles,
    causes::with_causes,
    cluster::session::{self, config},
    register,
};

/// Returns a context whose queries run on the cluster of a scheduler at `http://host:port`. `target_partitions` is the
/// number of partitions into which a query is split.
///
/// Nothing is sent yet: the first query reports a scheduler that does not answer.
///
/// # Errors
/// Those of DataFusion, for a malformed address.
pub async fn connect(
    scheduler: &str,
    target_partitions: usize,
    bundles: &Bundles,
    stores: Arc<dyn ObjectStoreRegistry>,
) -> Result<SessionContext> {
    let config: SessionConfig = config().with_target_partitions(target_partitions);
    let context = SessionContext::remote_with_state(scheduler, session::state(config, bundles, stores)?).await?;
    // `remote_with_state` replaces the functions of the state by those of Ballista.
    register(&context, bundles);
    Ok(context)
}

/// Cancels a job of a scheduler at `http://host:port`. A client that merely stops listening does not.
///
/// # Errors
/// A message, if the scheduler does not answer.
pub async fn cancel(scheduler: &str, job: &str) -> std::result::Result<(), String> {
    let client = SchedulerGrpcClient::connect(scheduler.to_owned()).await;
    let mut client = client.map_err(|error| with_causes(&error))?;
    let canceled = client.cancel_job(CancelJobParams { job_id: job.to_owned() }).await;
    canceled.map(drop).map_err(|status| status.message().to_owned())
}
