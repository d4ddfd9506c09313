//! How does an answer that goes on for ever end, when the gateway does?

use std::future::{Future, poll_fn};
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

/// How much of an answer is handed on at once. There has to be room for something of it before the next piece is taken: so a
/// long answer that nobody reads stands still where it is seen, and not out of sight in the connection.
const PIECE: usize = 32 * 1024;
/// The last piece at most: where there is room for its first byte, it is out of sight.
const LAST_PIECE: usize = 1024;

/// The body of an answer. Once shutdown has begun it ends, when it has nothing more to say for the moment.
pub(super) struct Ending {
    body: Body,
    /// What it begins with, before that is handed on.
    first: Option<Result<Frame<Bytes>, axum::Error>>,
    /// What is left of the last data.
    rest: Bytes,
    shutdown: Shutdown,
    begun: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    over: bool,
    answered: Answered,
}

impl Ending {
    pub(super) fn new(body: Body, shutdown: Shutdown, answered: Answered) -> Ending {
        Ending { body, first: None, rest: Bytes::new(), shutdown, begun: None, over: false, answered }
    }

    /// Looks at what the answer begins with, if it is there: of a call that is answered once, all of it. Says whether the
    /// connection has room for it.
    pub(super) async fn has_room(&mut self) -> bool {
        if hyper::body::Body::is_end_stream(&self.body) {
            return true;
        }
        let look = |context: &mut Context<'_>| {
            Poll::Ready(hyper::body::Body::poll_frame(Pin::new(&mut self.body), context))
        };
        match poll_fn(look).await {
            Poll::Ready(Some(first)) => {
                let bytes = first.as_ref().ok().and_then(Frame::data_ref).map_or(0, Bytes::len);
                self.first = Some(first);
                self.answered.begins(bytes)
            }
            Poll::Ready(None) => {
                self.over = true;
                true
            }
            // It goes on answering, and has nothing to say yet.
            Poll::Pending => true,
        }
    }

    /// The next piece of the data, of which the rest is kept. Trailers stay as they are.
    fn piece(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        match frame.into_data() {
            Ok(mut data) => {
                let length = match data.len() {
                    length @ 0..=LAST_PIECE => length,
                    length => (length - LAST_PIECE).min(PIECE),
                };
                self.rest = data.split_off(length);
                Frame::data(data)
            }
            Err(frame) => frame,
        }
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
        let frame = if let Some(first) = self.first.take() {
            Poll::Ready(Some(first))
        } else if self.rest.is_empty() {
            Pin::new(&mut self.body).poll_frame(context)
        } else {
            Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.rest)))))
        };
        let frame = frame.map_ok(|frame| self.piece(frame));
        let left = self.rest.len();
        self.answered.holds(left);
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
        let is_handed_on = self.first.is_none() && self.rest.is_empty();
        self.over || (is_handed_on && hyper::body::Body::is_end_stream(&self.body))
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().and_then(|first| first.as_ref().ok()?.data_ref());
        let rest = self.rest.len().saturating_add(first.map_or(0, Bytes::len));
        let rest = u64::try_from(rest).unwrap_or(u64::MAX);
        let body = hyper::body::Body::size_hint(&self.body);
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}
