//! The scheduler of a cluster.

use std::{net::SocketAddr, sync::Arc};

use arrow_flight::Action;
use ballista_core::{
    error::BallistaError, serde::protobuf::scheduler_grpc_server::SchedulerGrpcServer, utils::create_grpc_server,
};
use ballista_scheduler::{
    cluster::{BallistaCluster, ClusterState, JobState},
    config::SchedulerConfig,
    scheduler_process::create_scheduler,
};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tonic::Status;

use crate::{
    Bundles,
    cluster::{
        flight::{Answering, blocking, flight_service},
        limits::{EXPIRY_SECONDS, GRACE_SECONDS, MESSAGE_LIMIT, TIMEOUT_SECONDS},
        probe::{ConnectedExecutor, Overview, Question, SCHEDULER, described},
        session::{config, state},
    },
};

/// The addresses of a scheduler.
#[derive(Debug, Clone)]
pub struct Scheduler {
    /// Address of the network interface on which it listens.
    pub bind: String,
    /// Port.
    pub port: u16,
    /// Host name under which executors reach it.
    pub host: String,
}

/// Returns the configuration of a scheduler that plans queries with the functions.
///
/// An executor counts as dead 20 s after its last sign of life; Ballista's own default is 180 s. When all are dead,
/// jobs wait 30 s for another one, and then fail.
pub fn scheduler_config(
    address: &Scheduler,
    bundles: &Bundles,
    stores: Arc<dyn ObjectStoreRegistry>,
) -> SchedulerConfig {
    let bundles = bundles.clone();
    let limit = u32::try_from(MESSAGE_LIMIT).unwrap_or(u32::MAX);
    SchedulerConfig {
        bind_host: address.bind.clone(),
        bind_port: address.port,
        external_host: address.host.clone(),
        executor_timeout_seconds: TIMEOUT_SECONDS,
        expire_dead_executor_interval_seconds: EXPIRY_SECONDS,
        no_executors_grace_period_seconds: GRACE_SECONDS,
        executor_termination_grace_period: GRACE_SECONDS,
        grpc_server_max_decoding_message_size: limit,
        grpc_server_max_encoding_message_size: limit,
        grpc_client_max_message_size: limit,
        override_config_producer: Some(Arc::new(config)),
        override_session_builder: Some(Arc::new(move |config| state(config, &bundles, stores.clone()))),
        ..SchedulerConfig::default()
    }
}

/// Runs a scheduler, until the future is dropped.
///
/// It answers [`overview`](crate::cluster::overview), which Ballista's own does not.
///
/// # Errors
/// Those of Ballista, for example if the port is in use.
pub async fn run_scheduler(
    address: SocketAddr,
    config: SchedulerConfig,
    bundles: &Bundles,
) -> Result<(), BallistaError> {
    config.validate()?;
    let cluster = BallistaCluster::new_from_config(&config).await?;
    let (executors, jobs) = (cluster.cluster_state(), cluster.job_state());
    let overview = Overviewing { executors, jobs, bundles: bundles.clone() };
    let scheduler = create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config)).await?;
    let scheduler = SchedulerGrpcServer::new(scheduler)
        .max_encoding_message_size(MESSAGE_LIMIT)
        .max_decoding_message_size(MESSAGE_LIMIT);
    let server =
        create_grpc_server(&Default::default()).add_service(scheduler).add_service(flight_service(None, overview));
    server.serve(address).await.map_err(BallistaError::TonicError)
}

/// Answers what is connected and running.
struct Overviewing {
    executors: Arc<dyn ClusterState>,
    jobs: Arc<dyn JobState>,
    bundles: Bundles,
}

impl Answering for Overviewing {
    async fn answer(&self, action: Action) -> Option<Result<Vec<u8>, Status>> {
        if action.r#type != SCHEDULER {
            return None;
        }
        let executors = self.executors.registered_executor_metadata().await;
        let executors =
            executors.into_iter().map(|executor| ConnectedExecutor { host: executor.host, port: executor.port });
        let executors = executors.collect();
        let jobs = match (self.jobs.get_all_jobs().await, self.jobs.get_jobs().await) {
            (Ok(all), Ok(completed)) => all.difference(&completed).count(),
            (Err(error), _) | (_, Err(error)) => return Some(Err(Status::internal(error.to_string()))),
        };
        let bundles = self.bundles.clone();
        let answer = move |question: Question| {
            let bundle = question.call.map(|(_, bundle)| described(&bundle, &bundles));
            Overview { executors, jobs, bundle }
        };
        Some(blocking(&action.body, answer).await)
    }
}
