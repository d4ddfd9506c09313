//! Through what does the client reach its server?
//!
//! Over TCP and TLS; or over connections that are made for it, on which a simulation plays the network.

use std::fmt::Debug;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio::net::TcpStream;

/// Through what agencies are reached.
#[derive(Debug, Clone, Default)]
pub enum Network {
    /// TCP with TLS over it, as the settings of the connection say.
    #[default]
    Tls,
    /// Connections that somebody makes. Whether they are secure, and who stands at their other end, is for them to know.
    Dialled(Arc<dyn Dial>),
}

/// Somebody who makes connections.
pub trait Dial: Debug + Send + Sync {
    /// Connects to the server of this address.
    fn dial(&self, server: &Uri) -> Dialling;
}

/// A connection that is being made.
pub type Dialling = Pin<Box<dyn Future<Output = io::Result<DuplexStream>> + Send>>;

/// A connection that has been made.
#[derive(Debug)]
pub(super) enum Stream {
    Tls(Box<MaybeHttpsStream<TokioIo<TcpStream>>>),
    Dialled(TokioIo<DuplexStream>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        match self {
            Self::Tls(stream) => stream.connected(),
            Self::Dialled(_) => Connected::new(),
        }
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
            Self::Dialled(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl Write for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
            Self::Dialled(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write_vectored(context, pieces),
            Self::Dialled(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tls(stream) => stream.is_write_vectored(),
            Self::Dialled(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
            Self::Dialled(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
            Self::Dialled(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
