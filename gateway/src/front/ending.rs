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

pub(super) const SHUTTING_DOWN: Refusal<'_> = Refusal {
    code: Code::Unavailable,
    reason: "SHUTTING_DOWN",
    text: "the gateway shuts down",
    hint: "make the same call again, to another gateway or to this one when it runs again",
    retry: "same call later",
};

pub(super) const UNREAD: Refusal<'_> = Refusal {
    code: Code::ResourceExhausted,
    reason: "ANSWERS_UNREAD",
    text: "the answers on this connection are not read, and leave no room for this one",
    hint: "read them, and repeat the call with the same request id: it may have taken effect",
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
    /// connection has room for it, which it always has for some.
    pub(super) async fn has_room(&mut self, always: bool) -> bool {
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
                self.answered.begins(bytes) || always
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

    fn end_with(&mut self, refusal: Refusal<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.over = true;
        let mut trailers = HeaderMap::new();
        // It fails only for texts that no header can carry, and these are not such.
        let written = refusal.status().add_header(&mut trailers);
        Poll::Ready(written.is_ok().then(|| Ok(Frame::trailers(trailers))))
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
            let next = Pin::new(&mut self.body).poll_frame(context);
            // Of an answer that goes on, whatever comes next needs room as the first did.
            if let Poll::Ready(Some(Ok(next))) = &next
                && !self.answered.begins(next.data_ref().map_or(0, Bytes::len))
            {
                return self.end_with(UNREAD);
            }
            next
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
            return self.end_with(SHUTTING_DOWN);
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::BodyExt as _;

    use super::super::LARGEST_ANSWER;
    use super::super::unread::Unread;
    use super::*;

    /// What goes on answering has to have room for each part, and says so when it has none: the watcher begins again behind
    /// the last one.
    #[tokio::test]
    async fn a_part_for_which_there_is_no_room_ends_the_answer() {
        let (unread, large) = (Unread::default(), Bytes::from(vec![0; 64 * 1024]));
        let parts = [Bytes::from_static(b"small"), large.clone(), large.clone()];
        let parts = futures_util::stream::iter(parts.map(Ok::<Bytes, Infallible>));
        let mut ending = Ending::new(Body::from_stream(parts), Shutdown::new(), unread.answered());
        assert!(ending.has_room(false).await);
        let mut received = 0;
        while received < 5 + large.len() {
            received += ending.frame().await.unwrap().unwrap().into_data().unwrap().len();
        }
        let mut other = unread.answered();
        assert!(other.begins(LARGEST_ANSWER));
        let trailers = ending.frame().await.unwrap().unwrap().into_trailers().unwrap();
        assert_eq!(trailers["grpc-status"], "8");
        assert!(ending.frame().await.is_none());
    }
}
