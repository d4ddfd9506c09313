//! How does an answer that goes on for ever end, when the gateway does?

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use http::HeaderMap;
use hyper::body::{Bytes, Frame, SizeHint};
use tonic::Code;

use super::Shutdown;
use super::refusal::Refusal;
use super::unread::Answered;

const SHUTTING_DOWN: Refusal<'_> = Refusal {
    code: Code::Unavailable,
    reason: "SHUTTING_DOWN",
    text: "the gateway shuts down",
    hint: "make the same call again, to another gateway or to this one when it runs again",
    retry: "same call later",
};

/// The body of an answer. Once shutdown has begun it ends, when it has nothing more to say for the moment.
pub(super) struct Ending {
    body: Body,
    shutdown: Shutdown,
    begun: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    over: bool,
    answered: Answered,
}

impl Ending {
    pub(super) fn new(body: Body, shutdown: Shutdown, answered: Answered) -> Ending {
        Ending { body, shutdown, begun: None, over: false, answered }
    }

    fn poll_begun(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let shutdown = self.shutdown.clone();
        self.begun
            .get_or_insert_with(|| Box::pin(async move { shutdown.begun().await }))
            .as_mut()
            .poll(context)
    }
}

impl hyper::body::Body for Ending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.over {
            return Poll::Ready(None);
        }
        self.answered.asked();
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(Some(Ok(_)))) {
            self.answered.given();
        }
        if frame.is_pending() && self.poll_begun(context).is_ready() {
            self.over = true;
            let mut trailers = HeaderMap::new();
            // It fails only for texts that no header can carry, and these are not such.
            let written = SHUTTING_DOWN.status().add_header(&mut trailers);
            return Poll::Ready(written.is_ok().then(|| Ok(Frame::trailers(trailers))));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.over || hyper::body::Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        hyper::body::Body::size_hint(&self.body)
    }
}
