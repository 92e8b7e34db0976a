//! Asking an executor whether it can run a query: which functions and which ONNX Runtime it has, and whether it opens
//! the bundle. Ballista's own errors for these are those of a failed task.

use std::time::Duration;

use arrow_flight::{Action, flight_service_client::FlightServiceClient};
use futures::StreamExt;
use narrows_runtime::library;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tonic::{Code, transport::Endpoint};

use crate::{Bundles, Function, Reference, causes::with_causes};

/// Type of the Flight action that an executor answers with an [`Answer`].
pub(crate) const EXECUTOR: &str = "narrows.executor";
/// Type of the Flight action that a scheduler answers with an [`Overview`].
pub(crate) const SCHEDULER: &str = "narrows.scheduler";

/// Beginning of the message about a process to which there is no connection.
pub const NO_ANSWER: &str = "it does not answer";

/// Time for an answer, which opens the model.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Time for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What a query needs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Question {
    /// The function and the bundle that it opens, if the query calls one.
    pub call: Option<(String, String)>,
}

/// What an executor has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// Version of this crate.
    pub version: String,
    /// Version of DataFusion.
    pub datafusion: String,
    /// Names of the functions.
    pub functions: Vec<String>,
    /// Number of tasks that it runs at the same time.
    pub tasks: usize,
    /// Path of ONNX Runtime and its version, or why it cannot be loaded.
    pub onnxruntime: Result<String, String>,
    /// Digest of the bundle, or why it cannot be opened; `None` without a call.
    pub bundle: Option<Result<String, String>>,
}

/// What a scheduler knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Overview {
    /// The executors that are connected to it.
    pub executors: Vec<ConnectedExecutor>,
    /// Number of jobs that are not over.
    pub jobs: usize,
    /// Digest of the bundle, or why its manifest cannot be read; `None` without a call.
    pub bundle: Option<Result<String, String>>,
}

/// An executor that is connected to a scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectedExecutor {
    /// Host name or address.
    pub host: String,
    /// Port from which others fetch results.
    pub port: u16,
}

impl Answer {
    /// Answers for this process. Opens the model, as the query would.
    pub(crate) fn of(question: &Question, bundles: &Bundles, tasks: usize) -> Self {
        let bundle = question.call.as_ref().map(|(name, bundle)| open(name, bundle, bundles));
        let located = library::locate(bundles.options());
        Answer {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            datafusion: datafusion::DATAFUSION_VERSION.to_owned(),
            functions: Function::ALL.map(|function| function.name().to_owned()).to_vec(),
            tasks,
            onnxruntime: located.map(|located| located.path.display().to_string()).map_err(|error| error.to_string()),
            bundle,
        }
    }

    /// Returns why the executor cannot run the query, or `None` if it can.
    pub fn obstacle(&self, question: &Question) -> Option<String> {
        let own = env!("CARGO_PKG_VERSION");
        if self.version != own || self.datafusion != datafusion::DATAFUSION_VERSION {
            let (version, datafusion) = (&self.version, &self.datafusion);
            let expected = datafusion::DATAFUSION_VERSION;
            return Some(format!(
                "it is version {version} with DataFusion {datafusion}, this program is {own} with {expected}"
            ));
        }
        if let Some((function, _)) = question.call.as_ref().filter(|(name, _)| !self.functions.contains(name)) {
            return Some(format!("it does not have the function {function}"));
        }
        match (&self.onnxruntime, &self.bundle) {
            (Err(error), Some(_)) => Some(format!("ONNX Runtime: {error}")),
            (_, Some(Err(error))) => Some(error.clone()),
            (Ok(_) | Err(_), Some(Ok(_)) | None) => None,
        }
    }
}

/// Reads the manifest of a bundle, and returns its digest.
pub(crate) fn described(bundle: &str, bundles: &Bundles) -> Result<String, String> {
    let reference = Reference::parse(bundle).map_err(|error| error.to_string())?;
    bundles.describe(&reference).map(|description| description.digest.clone()).map_err(|error| error.to_string())
}

/// Opens the model that a function needs, and returns the digest of the bundle.
fn open(name: &str, bundle: &str, bundles: &Bundles) -> Result<String, String> {
    let function = Function::ALL.into_iter().find(|function| function.name() == name);
    let function = function.ok_or_else(|| format!("there is no function {name}"))?;
    let reference = Reference::parse(bundle).map_err(|error| error.to_string())?;
    let opened = bundles.describe(&reference).and_then(|description| {
        bundles.model(&reference, function.engine())?;
        Ok(description.digest.clone())
    });
    opened.map_err(|error| error.to_string())
}

/// Asks the executor at `host:port`, the port from which others fetch results.
///
/// # Errors
/// A message, if it does not answer, or is an executor without the functions of this crate.
pub async fn probe(host: &str, port: u16, question: &Question) -> Result<Answer, String> {
    ask(&format!("http://{host}:{port}"), EXECUTOR, question).await
}

/// Asks the scheduler at `http://host:port` for its executors and jobs, and whether it can plan a query.
///
/// # Errors
/// A message, if it does not answer, or is a scheduler without the functions of this crate.
pub async fn overview(scheduler: &str, question: &Question) -> Result<Overview, String> {
    ask(scheduler, SCHEDULER, question).await
}

async fn ask<A: DeserializeOwned>(address: &str, action: &str, question: &impl Serialize) -> Result<A, String> {
    let endpoint = Endpoint::from_shared(address.to_owned()).map_err(|error| error.to_string())?;
    let endpoint = endpoint.connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT);
    let channel = endpoint.connect().await.map_err(|error| format!("{NO_ANSWER}: {}", with_causes(&error)))?;
    let body = serde_json::to_vec(question).map_err(|error| error.to_string())?;
    let action = Action { r#type: action.to_owned(), body: body.into() };
    let answers = FlightServiceClient::new(channel).do_action(action).await;
    let mut answers = answers.map_err(|status| message(&status))?.into_inner();
    match answers.next().await {
        Some(Ok(answer)) => serde_json::from_slice(&answer.body).map_err(|error| format!("its answer: {error}")),
        Some(Err(status)) => Err(message(&status)),
        None => Err("its answer is empty".to_owned()),
    }
}

fn message(status: &tonic::Status) -> String {
    match status.code() {
        Code::Unimplemented => "it does not have the functions of Narrows (start it with `narrows-cluster`)".to_owned(),
        _ => status.message().to_owned(),
    }
}
