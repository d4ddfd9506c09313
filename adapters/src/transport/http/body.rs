//! Has the whole request been handed out for writing?

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use thiserror::Error;

/// The body of a request, handed out in one piece.
///
/// As long as it is held here, no server can have seen the whole request. Once it is handed out, the server may have.
pub(super) struct Outgoing {
    data: Option<Bytes>,
    progress: Arc<Progress>,
}

/// Where the body is. Whoever comes first decides: the connection by taking it, or the caller by calling it off.
pub(super) struct Progress(AtomicU8);

/// What became of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was never handed out and never will be.
    Held,
    /// It was handed out.
    Taken,
}

/// The caller has given up before the body was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the request was called off")]
pub(super) struct CalledOff;

const HELD: u8 = 0;
const TAKEN: u8 = 1;
const CALLED_OFF: u8 = 2;

impl Outgoing {
    pub(super) fn new(data: Bytes) -> (Self, Arc<Progress>) {
        let progress = Arc::new(Progress(AtomicU8::new(HELD)));
        let data = Some(data).filter(|data| !data.is_empty());
        (Self { data, progress: Arc::clone(&progress) }, progress)
    }
}

impl Progress {
    /// Makes sure that a body not yet handed out never will be, and tells what became of it.
    pub(super) fn call_off(&self) -> Fate {
        match self.0.compare_exchange(HELD, CALLED_OFF, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) | Err(CALLED_OFF) => Fate::Held,
            Err(_) => Fate::Taken,
        }
    }

    fn take(&self) -> Result<(), CalledOff> {
        match self.0.compare_exchange(HELD, TAKEN, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(_) => Err(CalledOff),
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = CalledOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CalledOff>>> {
        let Some(data) = self.data.take() else {
            return Poll::Ready(None);
        };
        let taken: Result<(), CalledOff> = self.progress.take();
        Poll::Ready(Some(taken.map(|()| Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.data.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
    }
}
