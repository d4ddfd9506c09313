//! How is a connection cut so that the caller sees a reset and not a polite end?

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Cuts a connection, wholly or its own half; clones cut the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scissors(Arc<Cuts>);

#[derive(Debug, Default)]
struct Cuts {
    whole: AtomicBool,
    own_half: AtomicBool,
}

impl Scissors {
    pub(crate) fn cut(&self) {
        self.0.whole.store(true, Ordering::SeqCst);
    }

    /// Strikes when the connection is next looked at.
    pub(crate) fn cut_own_half(&self) {
        self.0.own_half.store(true, Ordering::SeqCst);
    }

    fn has_cut(&self) -> bool {
        self.0.whole.load(Ordering::SeqCst)
    }
}

/// A TCP connection under TLS. Once cut, nothing more is written, not even TLS's farewell.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    scissors: Scissors,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, scissors: Scissors) -> Self {
        Self { stream, scissors }
    }

    fn whole(&self) -> io::Result<()> {
        if self.scissors.has_cut() { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.scissors.has_cut() {
            // If this fails the caller sees an end of stream instead of a reset: as unanswered as before.
            drop(self.stream.set_zero_linger());
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.whole()?;
        if self.scissors.0.own_half.load(Ordering::SeqCst) {
            // Closing a half again is no mistake.
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.whole()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.whole()?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
