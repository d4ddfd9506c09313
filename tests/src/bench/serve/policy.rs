//! The small policy service that others ask over HTTP before each call: is there a grant of this person?

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::people::youth_id;

/// The header in which the caller names the person.
pub(crate) const HEADER: &str = "x-youth";

/// As many as the gateway's index has, each under a key of its own.
pub(super) fn known(grants: u64) -> Arc<HashSet<Uuid>> {
    Arc::new((0..grants).map(youth_id).collect())
}

/// Serves for ever.
pub(super) async fn serve(listener: TcpListener, known: Arc<HashSet<Uuid>>) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let known = Arc::clone(&known);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answer = decide(&known, &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            // The other side finds out by itself.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn decide(known: &HashSet<Uuid>, request: &Request<Incoming>) -> Response<Empty<Bytes>> {
    let named = request.headers().get(HEADER).and_then(|youth| Uuid::try_parse_ascii(youth.as_bytes()).ok());
    let is_permitted = named.is_some_and(|youth| known.contains(&youth));
    let mut response = Response::new(Empty::new());
    *response.status_mut() = if is_permitted { StatusCode::OK } else { StatusCode::FORBIDDEN };
    response
}
