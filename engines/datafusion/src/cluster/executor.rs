//! An executor of a cluster.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use arrow_flight::Action;
use ballista_core::{
    error::BallistaError,
    registry::BallistaFunctionRegistry,
    utils::{GrpcServerConfig, create_grpc_server},
};
use ballista_executor::{ArrowFlightServerProvider, executor_process::ExecutorProcessConfig, shutdown::Shutdown};
use datafusion::{
    common::Result,
    execution::{object_store::ObjectStoreRegistry, runtime_env::RuntimeEnvBuilder},
    prelude::SessionConfig,
};
use tonic::Status;

use crate::{
    Bundles,
    cluster::{
        flight::{Answering, blocking, flight_service},
        limits::{HEARTBEAT_SECONDS, MESSAGE_LIMIT},
        probe::{Answer, EXECUTOR, Question},
        session::{config, state},
    },
};

/// The addresses and resources of an executor.
#[derive(Debug, Clone)]
pub struct Executor {
    /// Address of the network interface on which it listens.
    pub bind: String,
    /// Port from which others fetch results, and which [`probe`](crate::cluster::probe) asks.
    pub port: u16,
    /// Port on which the scheduler sends tasks.
    pub task_port: u16,
    /// Host name under which others reach it; by default the address from which the scheduler sees it.
    pub host: Option<String>,
    /// Host name of the scheduler.
    pub scheduler_host: String,
    /// Port of the scheduler.
    pub scheduler_port: u16,
    /// Number of tasks that run at the same time.
    pub tasks: usize,
    /// Folder for intermediate results. The caller creates and removes it.
    pub work_folder: PathBuf,
    /// Memory for sorting and joining, in bytes; `None` for 70 % of the machine's. Models and batches are not counted.
    pub memory: Option<u64>,
    /// Time to wait for the scheduler at the start, in seconds.
    pub connect_seconds: u16,
}

/// Returns the configuration of an executor that runs the functions and answers [`probe`](crate::cluster::probe).
///
/// # Errors
/// Those of DataFusion.
pub fn executor_config(
    executor: &Executor,
    bundles: &Bundles,
    stores: Arc<dyn ObjectStoreRegistry>,
) -> Result<ExecutorProcessConfig> {
    let registry = BallistaFunctionRegistry::from(&state(config(), bundles, stores.clone())?);
    let folder = executor.work_folder.clone();
    let runtime = move |_: &SessionConfig| {
        let builder = RuntimeEnvBuilder::new().with_temp_file_path(folder.clone());
        builder.with_object_store_registry(stores.clone()).build_arc()
    };
    let limit = u32::try_from(MESSAGE_LIMIT).unwrap_or(u32::MAX);
    Ok(ExecutorProcessConfig {
        bind_host: executor.bind.clone(),
        external_host: executor.host.clone(),
        port: executor.port,
        grpc_port: executor.task_port,
        scheduler_host: executor.scheduler_host.clone(),
        scheduler_port: executor.scheduler_port,
        scheduler_connect_timeout_seconds: executor.connect_seconds,
        vcores: executor.tasks,
        // Ballista deletes its own temporary folder at once and later creates it again, and then leaves it behind.
        work_dir: Some(executor.work_folder.to_string_lossy().into_owned()),
        executor_heartbeat_interval_seconds: HEARTBEAT_SECONDS,
        grpc_max_decoding_message_size: limit,
        grpc_max_encoding_message_size: limit,
        memory_pool_size: executor.memory,
        override_function_registry: Some(Arc::new(registry)),
        override_runtime_producer: Some(Arc::new(runtime)),
        override_config_producer: Some(Arc::new(config)),
        override_arrow_flight_service: Some(service(bundles.clone(), executor.tasks)),
        ..ExecutorProcessConfig::default()
    })
}

/// Returns a function that starts the service from which others fetch results, and which answers probes.
fn service(bundles: Bundles, tasks: usize) -> Arc<ArrowFlightServerProvider> {
    Arc::new(move |folder: String, address: SocketAddr, mut shutdown: Shutdown, config: GrpcServerConfig| {
        let service = flight_service(Some(folder), Probed { bundles: bundles.clone(), tasks });
        tokio::spawn(async move {
            let server = create_grpc_server(&config).add_service(service);
            server.serve_with_shutdown(address, shutdown.recv()).await.map_err(BallistaError::TonicError)
        })
    })
}

/// Answers the probe of this executor.
struct Probed {
    bundles: Bundles,
    tasks: usize,
}

impl Answering for Probed {
    async fn answer(&self, action: Action) -> Option<Result<Vec<u8>, Status>> {
        if action.r#type != EXECUTOR {
            return None;
        }
        let (bundles, tasks) = (self.bundles.clone(), self.tasks);
        Some(blocking(&action.body, move |question: Question| Answer::of(&question, &bundles, tasks)).await)
    }
}
