//! Accepts connections, refuses those beyond a limit, and ends them at a stop.

use std::{
    future::Future,
    io::{self, ErrorKind::WouldBlock},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    connection::answer,
    metrics::Refused,
    places::{Full, Places},
    service::Service,
};

/// Pause after a connection could not be accepted, for example because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Maximum number of refused connections that get a response. Further ones are closed without one.
const MAX_REFUSALS: usize = 64;

/// Maximum time for a refused client to take its response.
const REFUSAL_TIME: Duration = Duration::from_secs(1);

/// The response to a connection beyond a limit.
const REFUSAL: &str = "HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\n\
    content-length: 60\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\r\n\
    {\"error\":\"there are too many connections (try again later)\"}";

/// Serves until `stop` completes. Then reports the stop for the time `drain`, closes the listener, and finishes running
/// requests for at most the time `stop` of the limits.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    service: Arc<Service>,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let (closing, closed) = watch::channel(false);
    let places = Places::new(&service.limits, service.metrics.open.clone());
    let refusals = Arc::new(Semaphore::new(MAX_REFUSALS));
    // Dropping the set ends the tasks of all connections.
    let mut connections = JoinSet::new();
    {
        let mut stopped = pin!(async {
            stop.await;
            service.stop();
            sleep(service.limits.drain).await;
        });
        loop {
            tokio::select! {
                () = &mut stopped => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => match places.take(peer.ip()) {
                        Ok(place) => {
                            // Responses are small, and should not wait for more bytes (Nagle's algorithm).
                            let _ = stream.set_nodelay(true);
                            let (router, service, closed) = (router.clone(), Arc::clone(&service), closed.clone());
                            connections.spawn(async move {
                                answer(stream, peer, router, service, closed).await;
                                drop(place);
                            });
                        }
                        Err(full) => refuse(stream, full, &service, &refusals, &mut connections),
                    },
                    Err(_) => sleep(ACCEPT_PAUSE).await,
                },
            }
        }
    }
    drop(listener);
    closing.send_replace(true);
    let finished = async { while connections.join_next().await.is_some() {} };
    // Requests that take longer are interrupted.
    let _ = timeout(service.limits.stop, finished).await;
    Ok(())
}

/// Refuses a connection with the status 503.
fn refuse(stream: TcpStream, full: Full, service: &Service, refusals: &Arc<Semaphore>, connections: &mut JoinSet<()>) {
    service.metrics.refused.get_or_create(&Refused { limit: full.name() }).inc();
    let Ok(permit) = Arc::clone(refusals).try_acquire_owned() else { return };
    connections.spawn(async move {
        // The response fits into the buffer of a new connection.
        let _ = stream.try_write(REFUSAL.as_bytes());
        let _ = timeout(REFUSAL_TIME, read_to_end(stream)).await;
        drop(permit);
    });
}

/// Reads what the client sends, until it closes the connection. Closing it earlier would discard the response, if the
/// client is still sending its request.
async fn read_to_end(stream: TcpStream) {
    let mut discarded = [0; 4096];
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut discarded) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == WouldBlock => {}
            Err(_) => break,
        }
    }
}
