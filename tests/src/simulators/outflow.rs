//! How do an answer's bytes leave: at once, in a trickle, blown up, or only half?

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// Long enough for what was written so far to leave the machine before the connection closes.
const BEFORE_BREAKING_OFF: Duration = Duration::from_millis(50);

/// Size of the pieces of an answer that is blown up, in bytes.
const PADDING_PIECE: usize = 64 * 1024;

/// The body of an answer on its way.
#[derive(Debug)]
pub(crate) struct Outflow {
    pieces: VecDeque<Bytes>,
    declared: Option<u64>,
    pause: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
    ending: Ending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Proper,
    BrokenOff,
}

impl Outflow {
    /// Everything at once.
    pub(crate) fn whole(body: Bytes) -> Self {
        let declared = Some(length(&body));
        Self { pieces: VecDeque::from([body]), declared, pause: None, timer: None, ending: Ending::Proper }
    }

    /// A byte at a time.
    pub(crate) fn trickle(body: &Bytes, pause: Duration) -> Self {
        let pieces = body.iter().map(|byte| Bytes::copy_from_slice(&[*byte])).collect();
        let declared = Some(length(body));
        Self { pieces, declared, pause: Some(pause), timer: None, ending: Ending::Proper }
    }

    /// The first half, under the length of the whole.
    pub(crate) fn half(body: &Bytes) -> Self {
        let first = body.slice(..body.len() / 2);
        Self {
            pieces: VecDeque::from([first]),
            declared: Some(length(body)),
            pause: None,
            timer: None,
            ending: Ending::BrokenOff,
        }
    }

    /// The body and then white space, of no declared length.
    pub(crate) fn padded(body: Bytes, padding: usize) -> Self {
        let piece = Bytes::from(vec![b' '; PADDING_PIECE]);
        let mut pieces = VecDeque::from([body]);
        let mut left = padding;
        while left > 0 {
            let size = left.min(PADDING_PIECE);
            pieces.push_back(piece.slice(..size));
            left -= size;
        }
        Self { pieces, declared: None, pause: None, timer: None, ending: Ending::Proper }
    }
}

impl Body for Outflow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(timer) = self.timer.as_mut() {
            ready!(timer.as_mut().poll(context));
            self.timer = None;
        }
        let Some(piece) = self.pieces.pop_front() else {
            let broken = io::Error::from(io::ErrorKind::BrokenPipe);
            return Poll::Ready((self.ending == Ending::BrokenOff).then_some(Err(broken)));
        };
        let last = self.pieces.is_empty();
        let pause = if last && self.ending == Ending::BrokenOff {
            Some(BEFORE_BREAKING_OFF)
        } else {
            self.pause.filter(|_| !last)
        };
        self.timer = pause.map(|pause| Box::pin(sleep(pause)));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.ending == Ending::Proper
    }

    fn size_hint(&self) -> SizeHint {
        self.declared.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

fn length(body: &Bytes) -> u64 {
    u64::try_from(body.len()).unwrap_or(u64::MAX)
}
