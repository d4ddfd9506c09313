//! Does a client send HTTP/2 frames that carry nothing?
//!
//! PING, SETTINGS, PRIORITY and WINDOW_UPDATE cost their sender nothing, and the library answers or reads as many as come:
//! it limits only those of requests, their data and their resets. Here the heads of all frames are read beside it, and a
//! connection that sends far more of the other kinds than its calls give reason for is cut.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a client says before its first frame (RFC 9113, 3.4), in bytes.
const PREFACE: usize = 24;
/// Length, kind, flags and stream of a frame (RFC 9113, 4.1), in bytes.
const HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;

/// How many frames there may be for which there is no reason, at once, and how soon there may be as many again.
const AT_ONCE: f64 = 1_000.0;
const AGAIN: Duration = Duration::from_secs(10);
/// How many more for each request: its client resets the stream, or measures how long the way is.
const OF_REQUEST: f64 = 4.0;
/// For how many bytes of answers there may be one more: its client makes room for the next ones.
const BYTES: f64 = 1_024.0;
/// The most that requests and answers give reason for ahead: of the largest answer.
const AHEAD: f64 = 16_384.0;

/// A connection whose frames are counted.
#[derive(Debug)]
pub(super) struct Counted<IO> {
    io: IO,
    reader: Heads,
    budget: Budget,
}

/// Finds the heads of frames in a stream of bytes.
#[derive(Debug)]
struct Heads {
    /// What comes before the next head.
    skip: usize,
    head: [u8; HEAD],
    /// How much of it is there.
    known: usize,
}

/// How many more frames there may be for which there is no reason.
#[derive(Debug)]
struct Budget {
    left: f64,
    counted: Instant,
}

impl<IO> Counted<IO> {
    pub(super) fn new(io: IO) -> Counted<IO> {
        let reader = Heads { skip: PREFACE, head: [0; HEAD], known: 0 };
        Counted { io, reader, budget: Budget { left: AT_ONCE, counted: Instant::now() } }
    }
}

impl Heads {
    /// Reads on, and gives the kind of each frame that begins.
    fn read(&mut self, mut bytes: &[u8], mut each: impl FnMut(u8)) {
        while !bytes.is_empty() {
            let (skipped, rest) = bytes.split_at_checked(self.skip).unwrap_or((bytes, &[]));
            self.skip -= skipped.len();
            bytes = rest;
            for (place, byte) in self.head.iter_mut().skip(self.known).zip(bytes) {
                *place = *byte;
            }
            let missing = HEAD - self.known;
            let Some((_, rest)) = bytes.split_at_checked(missing) else {
                self.known += bytes.len();
                return;
            };
            bytes = rest;
            let [upper, middle, lower, kind, ..] = self.head;
            self.skip = usize::from(upper) << 16 | usize::from(middle) << 8 | usize::from(lower);
            self.known = 0;
            each(kind);
        }
    }
}

impl Budget {
    fn count(&mut self, kind: u8) {
        match kind {
            DATA => {}
            HEADERS => self.earn(OF_REQUEST),
            _ => self.left -= 1.0,
        }
    }

    fn earn(&mut self, frames: f64) {
        self.left = (self.left + frames).min(AHEAD);
    }

    fn has_some_left(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.counted);
        self.counted = now;
        if self.left < AT_ONCE {
            self.left = (self.left + AT_ONCE * passed.as_secs_f64() / AGAIN.as_secs_f64()).min(AT_ONCE);
        }
        self.left >= 0.0
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Counted<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        let Counted { reader, budget, .. } = &mut *self;
        let come = buffer.filled().get(before..).unwrap_or_default();
        reader.read(come, |kind| budget.count(kind));
        if budget.has_some_left(Instant::now()) {
            Poll::Ready(Ok(()))
        } else {
            tracing::warn!("a connection is cut: it sends too many frames that carry nothing");
            Poll::Ready(Err(Error::new(ErrorKind::QuotaExceeded, "too many frames that carry nothing")))
        }
    }
}

impl<IO: AsyncWrite + Unpin> Counted<IO> {
    fn written(&mut self, count: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = count {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            self.budget.earn(f64::from(bytes) / BYTES);
        }
        count
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Counted<IO> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let count = Pin::new(&mut self.io).poll_write(context, bytes);
        self.written(count)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let count = Pin::new(&mut self.io).poll_write_vectored(context, bytes);
        self.written(count)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(pieces: &[&[u8]]) -> Vec<u8> {
        let mut heads = Heads { skip: 3, head: [0; HEAD], known: 0 };
        let mut kinds = Vec::new();
        for piece in pieces {
            heads.read(piece, |kind| kinds.push(kind));
        }
        kinds
    }

    #[test]
    fn heads_are_found_wherever_the_stream_is_cut() {
        let stream = b"PRI\0\0\x02\x06\0\0\0\0\0ab\0\0\0\x04\0\0\0\0\0\0\0\x01\x08\0\0\0\0\x01x";
        assert_eq!(kinds(&[stream]), [6, 4, 8]);
        assert_eq!(kinds(&stream.chunks(1).collect::<Vec<_>>()), [6, 4, 8]);
        for place in 1..stream.len() {
            let (one, other) = stream.split_at(place);
            assert_eq!(kinds(&[one, other]), [6, 4, 8], "{place}");
        }
    }

    #[test]
    fn frames_are_paid_for_by_time_requests_and_answers() {
        let begun = Instant::now();
        let mut budget = Budget { left: AT_ONCE, counted: begun };
        (0..1_000).for_each(|_| budget.count(6));
        assert!(budget.has_some_left(begun));
        budget.count(8);
        assert!(!budget.has_some_left(begun));
        assert!(budget.has_some_left(begun + AGAIN / 100));
        budget.earn(f64::from(16 * 1024 * 1024) / BYTES);
        (0..16_000).for_each(|_| budget.count(8));
        assert!(budget.has_some_left(begun + AGAIN / 100));
        let mut busy = Budget { left: AT_ONCE, counted: begun };
        for _ in 0..100_000 {
            busy.count(HEADERS);
            busy.count(DATA);
            (0..4).for_each(|_| busy.count(6));
        }
        assert!(busy.has_some_left(begun));
    }
}
