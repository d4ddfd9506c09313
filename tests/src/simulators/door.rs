//! Who listens on a simulator's port? Somebody, or, when the agency is dead, nobody; the port stays the same.

use std::fmt;
use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;

/// A port of this machine that can be closed and opened again at once.
#[derive(Clone)]
pub(crate) struct Door {
    address: SocketAddr,
    runtime: Handle,
    // Bound and never listening: while the door is closed, nobody else is given the port.
    _reservation: Arc<TcpSocket>,
    listening: Arc<Mutex<Listening>>,
    closings: Arc<watch::Sender<u64>>,
}

#[derive(Default)]
struct Listening {
    listener: Option<TcpListener>,
    waker: Option<Waker>,
    stopped: bool,
}

impl fmt::Debug for Door {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Door").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Door {
    /// Opens a door on 127.0.0.1; port 0 stands for any free one.
    pub(crate) fn on_port(port: u16) -> Result<Self> {
        let reservation = reusable()?;
        reservation.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).context("the port is taken")?;
        let door = Self {
            address: reservation.local_addr()?,
            runtime: Handle::try_current().context("needs a tokio runtime")?,
            _reservation: Arc::new(reservation),
            listening: Arc::default(),
            closings: Arc::new(watch::Sender::new(0)),
        };
        door.open()?;
        Ok(door)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn is_open(&self) -> bool {
        self.listening().listener.is_some()
    }

    /// Listens, if nobody does.
    pub(crate) fn open(&self) -> Result<()> {
        let _entered = self.runtime.enter();
        let mut listening = self.listening();
        if listening.stopped || listening.listener.is_some() {
            return Ok(());
        }
        let socket = reusable()?;
        socket.bind(self.address).context("the port is taken")?;
        listening.listener = Some(socket.listen(1024).context("the port cannot be listened on")?);
        wake(&mut listening);
        Ok(())
    }

    /// Refuses new connections from now on and tells the open ones to end.
    pub(crate) fn close(&self) {
        let mut listening = self.listening();
        listening.listener = None;
        self.cut();
        wake(&mut listening);
    }

    /// Tells the open connections to end, and goes on listening.
    pub(crate) fn cut(&self) {
        self.closings.send_modify(|count| *count += 1);
    }

    /// Closes for good: [`Door::accept`] answers `None`.
    pub(crate) fn stop(&self) {
        self.listening().stopped = true;
        self.close();
    }

    /// Changes whenever the open connections are to end.
    pub(crate) fn closings(&self) -> watch::Receiver<u64> {
        self.closings.subscribe()
    }

    pub(crate) async fn accept(&self) -> Option<TcpStream> {
        poll_fn(|context| {
            let mut listening = self.listening();
            if listening.stopped {
                return Poll::Ready(None);
            }
            listening.waker = Some(context.waker().clone());
            let Some(listener) = listening.listener.as_ref() else {
                return Poll::Pending;
            };
            match listener.poll_accept(context) {
                Poll::Ready(Ok((stream, _))) => Poll::Ready(Some(stream)),
                Poll::Ready(Err(_)) => {
                    // A caller that gave up before it was accepted; look for the next one.
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    fn listening(&self) -> MutexGuard<'_, Listening> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(listening: &mut Listening) {
    if let Some(waker) = listening.waker.take() {
        waker.wake();
    }
}

fn reusable() -> Result<TcpSocket> {
    let socket = TcpSocket::new_v4().context("no socket")?;
    socket.set_reuseaddr(true).context("the port cannot be shared")?;
    Ok(socket)
}
