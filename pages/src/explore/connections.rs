//! Connections: a limited number, and time limits for slow clients.

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};

/// Largest number of open connections. Further ones wait until another is closed.
const MAX_CONNECTIONS: usize = 256;
/// Largest time for the head of a request to arrive, and for an idle connection to stay open.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Time after which a connection is closed at the end of its request. A client opens a new one, which takes less than
/// a millisecond on one computer. Without it, a client that does not read answers would keep its place.
const CONNECTION_TIME: Duration = Duration::from_secs(60);
/// Largest time for the last request of a connection.
const LAST_REQUEST_TIME: Duration = Duration::from_secs(30);
/// Pause after a connection could not be accepted, for example because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Answers requests until `stop` completes. Open connections are then closed at once.
pub(crate) async fn serve<T>(listener: TcpListener, router: Router, stop: impl Future<Output = T>) -> T {
    let mut stop = pin!(stop);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // Dropping the set ends the tasks of all connections.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
            let (stream, _) = listener.accept().await?;
            Ok::<_, io::Error>((place, stream))
        };
        tokio::select! {
            stopped = &mut stop => return stopped,
            Some(_) = connections.join_next() => {}
            accepted = accepted => match accepted {
                Ok((place, stream)) => {
                    let router = router.clone();
                    connections.spawn(async move {
                        answer(stream, router).await;
                        drop(place);
                    });
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
        }
    }
}

/// Answers the requests of one connection.
async fn answer(stream: TcpStream, router: Router) {
    // Answers are small, and should not wait for more bytes (Nagle's algorithm).
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // A client may say that it has sent everything before it reads the answer.
        .half_close(true)
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    // Errors of a connection, such as one that the client closed, concern only that client.
    if timeout(CONNECTION_TIME, connection.as_mut()).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = timeout(LAST_REQUEST_TIME, connection).await;
    }
}
