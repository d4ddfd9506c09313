//! Does a client of HTTP/1.1 take what is written to it?
//!
//! The library waits for that without end, and reads nothing meanwhile. Over HTTP/2 whoever fetches nothing answers no PING.

use std::future::Future as _;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A connection on which nothing that is written stands still for longer than a limit.
#[derive(Debug)]
pub(super) struct Taken<IO> {
    io: IO,
    limit: Duration,
    /// The end of its time, while something stands still.
    still: Option<Pin<Box<Sleep>>>,
}

impl<IO> Taken<IO> {
    pub(super) fn new(io: IO, limit: Duration) -> Taken<IO> {
        Taken { io, limit, still: None }
    }

    fn in_time<T>(&mut self, context: &mut Context<'_>, written: Poll<Result<T>>) -> Poll<Result<T>> {
        if written.is_ready() {
            self.still = None;
            return written;
        }
        let limit = self.limit;
        ready!(self.still.get_or_insert_with(|| Box::pin(sleep(limit))).as_mut().poll(context));
        tracing::warn!("a connection is cut: its answers are not read");
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the answers are not read")))
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Taken<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Taken<IO> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.in_time(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, bytes);
        self.in_time(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(context);
        self.in_time(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let shut = Pin::new(&mut self.io).poll_shutdown(context);
        self.in_time(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn what_stands_still_ends_the_connection() {
        let (_client, gateway) = duplex(4);
        let mut gateway = Taken::new(gateway, Duration::from_millis(10));
        assert_eq!(gateway.write_all(&[7; 5]).await.unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn what_is_taken_piece_by_piece_goes_on() {
        let (mut client, gateway) = duplex(4);
        let mut gateway = Taken::new(gateway, Duration::from_secs(3600));
        let reads = tokio::spawn(async move {
            let mut bytes = Vec::new();
            client.read_to_end(&mut bytes).await.unwrap();
            bytes
        });
        gateway.write_all(&[7; 44]).await.unwrap();
        assert!(gateway.still.is_none());
        drop(gateway);
        assert_eq!(reads.await.unwrap(), [7; 44]);
    }
}
