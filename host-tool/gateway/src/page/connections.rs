//! The connections of the status page, all on one thread.
//!
//! Invariant: what others connect, send or leave undone takes bounded memory and time. A request has its head alone: nothing of
//! a body is read, whatever length is announced.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

/// The largest head of a request in bytes, and what is read at once.
const HEAD: usize = 16 * 1024;
/// How long no connection is accepted after that has failed, such as for too many open files.
const PAUSE: Duration = Duration::from_secs(1);

/// An answer: all of it is there before it is sent.
pub(super) type Answer = Response<Full<Bytes>>;

/// What connections may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Connections at a time. Others wait with the system until one ends.
    pub(super) connections: usize,
    /// How long the head of a request may take.
    pub(super) head: Duration,
    /// How long a connection may last.
    pub(super) total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { connections: 64, head: Duration::from_secs(10), total: Duration::from_secs(30) }
    }
}

/// Answers all requests until it is closed.
pub(super) async fn serve(
    listener: &TcpListener,
    limits: Limits,
    ended: &Notify,
    answer: &dyn Fn(&Request<Incoming>) -> Answer,
) {
    let mut connections = FuturesUnordered::new();
    let mut has_failed = false;
    loop {
        let accept = async {
            if has_failed {
                sleep(PAUSE).await;
            }
            listener.accept().await
        };
        tokio::select! {
            () = ended.notified() => return,
            accepted = accept, if connections.len() < limits.connections => match accepted {
                Ok((stream, _)) => {
                    has_failed = false;
                    connections.push(connection(stream, limits, answer));
                }
                Err(error) => {
                    if !has_failed {
                        warn!(%error, "the status page accepts no connection");
                    }
                    has_failed = true;
                }
            },
            Some(()) = connections.next() => {}
        }
    }
}

/// Answers one request.
async fn connection(stream: TcpStream, limits: Limits, answer: &dyn Fn(&Request<Incoming>) -> Answer) {
    let service = service_fn(|request| ready(Ok::<_, Infallible>(answer(&request))));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    match timeout(limits.total, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "no request, or the browser has gone"),
        Err(_) => debug!("the browser takes too long"),
    }
}
