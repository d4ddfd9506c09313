//! What does a server answer that is not there? For `tests/fuzz` only, which builds with `--cfg fuzzing`.
//!
//! With a server set, a request of this thread goes to it instead of the network. All else of the client, the limit of
//! the answer among it, stays as it is.

use std::cell::RefCell;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};

use super::body::Outgoing;

/// Answers requests.
pub type Server = Box<dyn FnMut(Request<Bytes>) -> Response<Bytes>>;

thread_local! {
    static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
}

/// Sets the server of this thread.
pub fn serve(server: Server) {
    SERVER.set(Some(server));
}

/// Answers a request if there is a server, and gives it back otherwise.
pub(super) async fn respond(request: Request<Outgoing>) -> Result<Response<Full<Bytes>>, Request<Outgoing>> {
    if SERVER.with_borrow(Option::is_none) {
        return Err(request);
    }
    let (head, body) = request.into_parts();
    // Taken out piece by piece, as a connection does: from then on the request may have arrived.
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let request = Request::from_parts(head, body);
    let response = SERVER.with_borrow_mut(|server| server.as_mut().map(|server| server(request)));
    Ok(response.unwrap_or_default().map(Full::new))
}
