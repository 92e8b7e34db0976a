//! The Flight service of a process: Ballista's own, which serves results, and actions that answer questions.

use std::pin::Pin;

use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo, HandshakeRequest, HandshakeResponse,
    PollInfo, PutResult, SchemaResult, Ticket,
    flight_service_server::{FlightService, FlightServiceServer},
};
use ballista_executor::flight_service::BallistaFlightService;
use futures::{Stream, stream};
use serde::{Serialize, de::DeserializeOwned};
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::cluster::limits::MESSAGE_LIMIT;

/// Returns the service of a process that answers questions, and serves the results in a folder if it has one.
pub(crate) fn flight_service(
    results: Option<String>,
    answer: impl Answering,
) -> FlightServiceServer<impl FlightService> {
    let service = Service { results: results.map(BallistaFlightService::new), answer };
    FlightServiceServer::new(service).max_decoding_message_size(MESSAGE_LIMIT).max_encoding_message_size(MESSAGE_LIMIT)
}

/// Answers the actions of a process: the body of the answer, or `None` for an action that it does not have.
pub(crate) trait Answering: Send + Sync + 'static {
    /// Answers an action.
    fn answer(&self, action: Action) -> impl Future<Output = Option<Result<Vec<u8>, Status>>> + Send;
}

/// Parses a question, and returns the answer of a function that may read files.
pub(crate) async fn blocking<Q, A>(body: &[u8], answer: impl FnOnce(Q) -> A + Send + 'static) -> Result<Vec<u8>, Status>
where
    Q: DeserializeOwned + Send + 'static,
    A: Serialize + Send + 'static,
{
    let question = serde_json::from_slice(body)
        .map_err(|error| Status::invalid_argument(format!("the question is malformed: {error}")))?;
    let answer = tokio::task::spawn_blocking(move || answer(question)).await;
    let answer = answer.map_err(|error| Status::internal(error.to_string()))?;
    serde_json::to_vec(&answer).map_err(|error| Status::internal(error.to_string()))
}

struct Service<A> {
    results: Option<BallistaFlightService>,
    answer: A,
}

impl<A> Service<A> {
    fn results(&self) -> Result<&BallistaFlightService, Status> {
        self.results.as_ref().ok_or_else(|| Status::unimplemented("this process has no results"))
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;

#[async_trait]
impl<A: Answering> FlightService for Service<A> {
    type DoActionStream = Answers<arrow_flight::Result>;
    type DoExchangeStream = Answers<FlightData>;
    type DoGetStream = Answers<FlightData>;
    type DoPutStream = Answers<PutResult>;
    type HandshakeStream = Answers<HandshakeResponse>;
    type ListActionsStream = Answers<ActionType>;
    type ListFlightsStream = Answers<FlightInfo>;

    async fn do_action(&self, request: Request<Action>) -> Result<Response<Self::DoActionStream>, Status> {
        match self.answer.answer(request.get_ref().clone()).await {
            Some(body) => {
                let answers = stream::iter([Ok(arrow_flight::Result { body: body?.into() })]);
                Ok(Response::new(Box::pin(answers)))
            }
            None => self.results()?.do_action(request).await,
        }
    }

    async fn do_get(&self, request: Request<Ticket>) -> Result<Response<Self::DoGetStream>, Status> {
        self.results()?.do_get(request).await
    }

    async fn get_schema(&self, request: Request<FlightDescriptor>) -> Result<Response<SchemaResult>, Status> {
        self.results()?.get_schema(request).await
    }

    async fn get_flight_info(&self, request: Request<FlightDescriptor>) -> Result<Response<FlightInfo>, Status> {
        self.results()?.get_flight_info(request).await
    }

    async fn handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        self.results()?.handshake(request).await
    }

    async fn list_flights(&self, request: Request<Criteria>) -> Result<Response<Self::ListFlightsStream>, Status> {
        self.results()?.list_flights(request).await
    }

    async fn do_put(&self, request: Request<Streaming<FlightData>>) -> Result<Response<Self::DoPutStream>, Status> {
        self.results()?.do_put(request).await
    }

    async fn list_actions(&self, request: Request<Empty>) -> Result<Response<Self::ListActionsStream>, Status> {
        self.results()?.list_actions(request).await
    }

    async fn do_exchange(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        self.results()?.do_exchange(request).await
    }

    async fn poll_flight_info(&self, request: Request<FlightDescriptor>) -> Result<Response<PollInfo>, Status> {
        self.results()?.poll_flight_info(request).await
    }
}
