//! Has all of a request come, and is it let in?
//!
//! Whoever lets a request trickle in takes up no place: a call is let in when its request is complete. Until then, its
//! caller can take it back by going away.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::Sleep;
use tower::BoxError;

use super::admission::{Full, Place, Room};

/// Where a call stands. Shared by its request and whoever waits for the answer.
#[derive(Debug, Default)]
pub(super) struct Door {
    stage: Mutex<Stage>,
    complete: OnceLock<Instant>,
}

#[derive(Debug, Default)]
enum Stage {
    /// Its request is not complete, or it waits for a place.
    #[default]
    Outside,
    /// It is at work, with its place if it needs one.
    Inside(Option<Place>),
    /// It has been told to come back.
    Refused(Refused),
    /// It has ended, or its caller has gone away before it was let in.
    Over,
}

/// Why a call is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no room, or no time.
    Full(Full),
    /// Its request takes too long.
    TooSlow,
}

#[derive(Debug, thiserror::Error)]
#[error("the request is not let in")]
struct NotLetIn;

impl Door {
    /// When all of the request was there.
    pub(super) fn complete(&self) -> Option<Instant> {
        self.complete.get().copied()
    }

    /// Why it was not let in, if it was not.
    pub(super) fn refused(&self) -> Option<Refused> {
        match *self.stage() {
            Stage::Refused(refused) => Some(refused),
            Stage::Outside | Stage::Inside(_) | Stage::Over => None,
        }
    }

    /// It has come to its end.
    pub(super) fn leave(&self, is_answered: bool) {
        let mut stage = self.stage();
        if let Stage::Inside(place) = &*stage {
            if let Some(place) = place.as_ref().filter(|_| is_answered) {
                place.answered();
            }
            *stage = Stage::Over;
        }
    }

    /// Nobody waits for it any more: answers whether it may be dropped, which it may as long as it is not let in.
    pub(super) fn forsake(&self) -> bool {
        let mut stage = self.stage();
        let is_outside = matches!(*stage, Stage::Outside);
        if is_outside {
            *stage = Stage::Over;
        }
        is_outside
    }

    fn let_in(&self, place: Option<Place>) -> bool {
        let mut stage = self.stage();
        let is_outside = matches!(*stage, Stage::Outside);
        if is_outside {
            *stage = Stage::Inside(place);
        }
        is_outside
    }

    fn refuse(&self, refused: Refused) {
        let mut stage = self.stage();
        if matches!(*stage, Stage::Outside) {
            *stage = Stage::Refused(refused);
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a request may take.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    /// All of it.
    Whole(Duration),
    /// Each part, for it may go on as long as its answer.
    Part(Duration),
}

impl Patience {
    fn limit(self) -> Duration {
        match self {
            Patience::Whole(limit) | Patience::Part(limit) => limit,
        }
    }
}

type Entering = Pin<Box<dyn Future<Output = Result<Place, Full>> + Send>>;

/// A request's body whose end comes when the call is let in.
pub(super) struct Arriving {
    body: Incoming,
    door: Arc<Door>,
    room: Option<(Arc<Room>, String)>,
    until: Instant,
    entering: Option<Entering>,
    /// The end of the body, while the call waits.
    held: Option<Frame<Bytes>>,
    is_in: bool,
    patience: Patience,
    slow: Pin<Box<Sleep>>,
}

impl Arriving {
    /// For a call to this method, if it needs a room, that has to be answered by then.
    pub(super) fn new(
        body: Incoming,
        door: Arc<Door>,
        room: Option<(Arc<Room>, String)>,
        patience: Patience,
        until: Instant,
    ) -> Arriving {
        let slow = Box::pin(tokio::time::sleep(patience.limit()));
        let (entering, held, is_in) = (None, None, false);
        Arriving { body, door, room, until, entering, held, is_in, patience, slow }
    }

    fn refuse(&mut self, refused: Refused) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.door.refuse(refused);
        Poll::Ready(Some(Err(NotLetIn.into())))
    }

    fn let_in(&mut self, place: Option<Place>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        // The answer of a stream of requests has long begun when they end.
        self.is_in = self.door.let_in(place) || matches!(self.patience, Patience::Part(_));
        if self.is_in {
            Poll::Ready(self.held.take().map(Ok))
        } else {
            Poll::Ready(Some(Err(NotLetIn.into())))
        }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(entering) = &mut self.entering {
            let entered = ready!(entering.as_mut().poll(context));
            self.entering = None;
            return match entered {
                Ok(place) => self.let_in(Some(place)),
                Err(full) => self.refuse(Refused::Full(full)),
            };
        }
        let frame = match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Err(error))) if self.is_in => return Poll::Ready(Some(Err(error.into()))),
            // As it came it would tell of a caller who cancels, and tonic takes that for the end of the request: a whole
            // message would be worked on, of a call that is not let in and is dropped in the midst of it.
            Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(NotLetIn.into()))),
            Poll::Ready(Some(Ok(frame))) => Some(frame),
            Poll::Ready(None) => None,
            Poll::Pending => {
                ready!(self.slow.as_mut().poll(context));
                return self.refuse(Refused::TooSlow);
            }
        };
        if self.is_in {
            return Poll::Ready(frame.map(Ok));
        }
        if frame.is_some() && !self.body.is_end_stream() {
            if let Patience::Part(limit) = self.patience {
                self.slow.as_mut().reset(tokio::time::Instant::now() + limit);
            }
            return Poll::Ready(frame.map(Ok));
        }
        self.door.complete.get_or_init(Instant::now);
        self.held = frame;
        match self.room.take() {
            Some((room, method)) => {
                self.entering = Some(Box::pin(room.enter(method, self.until)));
                self.poll_frame(context)
            }
            None => self.let_in(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_in && self.held.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.held.is_some() { SizeHint::default() } else { self.body.size_hint() }
    }
}
