//! Answers the requests of one connection, and closes it if a phase takes too long.

use std::{convert::Infallible, future::poll_fn, net::SocketAddr, pin::pin, sync::Arc, task::Poll};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, header},
};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::Instant,
};

use crate::{
    metrics::Closed,
    phase::{Phase, Phases, Watch},
    record::Peer,
    service::Service,
    stream::Watched,
};

/// Answers the requests of a connection until the client closes it, a limit is reached, or `closing` becomes true.
pub(crate) async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: SocketAddr,
    router: Router,
    service: Arc<Service>,
    mut closing: watch::Receiver<bool>,
) {
    let metrics = Arc::clone(&service.metrics);
    let phases = Arc::new(Phases::new(service.limits));
    let stream = Watched::new(stream, Arc::clone(&phases), Arc::clone(&metrics));
    let (opened, router) = (Instant::now(), TowerToHyperService::new(router));
    let respond = service_fn(|mut request: hyper::Request<Incoming>| {
        phases.started();
        request.extensions_mut().insert(Peer(peer));
        let response = router.call(request.map(Body::new));
        let (phases, service) = (&phases, &service);
        async move {
            let mut response = response.await?;
            // Announced with a response, because a client can already be sending a request while an idle connection
            // is closed.
            if service.is_stopping() || opened.elapsed() > service.limits.age {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            phases.answered();
            Ok::<_, Infallible>(response)
        }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .max_header_size(service.limits.head_bytes)
            .serve_connection(TokioIo::new(stream), respond)
    );
    let mut closing = pin!(async move { closing.wait_for(|&closing| closing).await.is_ok() });
    let (mut is_closing, mut watch) = (false, Watch::new(&phases));
    let reason = poll_fn(|context| {
        if !is_closing && closing.as_mut().poll(context).is_ready() {
            is_closing = true;
            connection.as_mut().graceful_shutdown();
        }
        if let Poll::Ready(ended) = connection.as_mut().poll(context) {
            return Poll::Ready(if ended.is_ok() { "end" } else { "error" });
        }
        watch.poll(context).map(Phase::name)
    })
    .await;
    metrics.closed.get_or_create(&Closed { reason }).inc();
}
