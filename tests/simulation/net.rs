//! How do bytes travel between callers, gateway and agencies?
//!
//! Each line has a state: what is sent over it arrives after a while, is held up, or the line is broken. Bytes keep their
//! order within a connection, and nothing is delivered for somebody who has hung up.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, duplex, split};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::chance::Chance;

/// What is on its way at the most.
const BYTES: usize = 64 * 1024;

/// Looks at bytes as they come to a line.
pub(crate) type Look = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// How it is with a line now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Clear,
    /// What is sent arrives when it clears up.
    HeldForth,
    /// What is answered does.
    HeldBack,
    /// Nobody can connect.
    Broken,
}

/// A line between two places. Clones are the same line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    weather: Arc<watch::Sender<Weather>>,
    cuts: Arc<watch::Sender<u64>>,
    chance: Chance,
}

impl Line {
    pub(crate) fn new(chance: Chance) -> Self {
        Self {
            weather: Arc::new(watch::Sender::new(Weather::Clear)),
            cuts: Arc::new(watch::Sender::new(0)),
            chance,
        }
    }

    /// A line that breaks loses what is on it.
    pub(crate) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
        if weather == Weather::Broken {
            self.cut();
        }
    }

    /// Ends all connections.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Puts the line before somebody's end of a connection; gives the other side's new end.
    pub(crate) fn before(&self, far: DuplexStream, look: Option<Look>) -> io::Result<DuplexStream> {
        if *self.weather.borrow() == Weather::Broken {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (near, end) = duplex(BYTES);
        let line = self.clone();
        let mut cuts = self.cuts.subscribe();
        tokio::spawn(async move {
            let ((from_near, to_near), (from_far, to_far)) = (split(end), split(far));
            let both = async {
                tokio::join!(
                    line.carry(from_near, to_far, Weather::HeldForth, look),
                    line.carry(from_far, to_near, Weather::HeldBack, None)
                )
            };
            tokio::select! {
                biased;
                _ = cuts.changed() => {}
                _ = both => {}
            }
        });
        Ok(near)
    }

    async fn carry<R, W>(&self, mut from: R, mut to: W, held: Weather, look: Option<Look>) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut buffer = vec![0; BYTES];
        loop {
            let count = from.read(&mut buffer).await?;
            if count == 0 {
                return to.shutdown().await;
            }
            let mut seen = buffer[..count].to_vec();
            if let Some(look) = &look {
                look(&seen);
            }
            let mut arrives = pin!(self.arrives(held));
            let mut is_open = true;
            loop {
                tokio::select! {
                    biased;
                    more = from.read(&mut buffer), if is_open => match more? {
                        // Whoever asks does not close one half of a connection: it has hung up.
                        0 if held == Weather::HeldForth => return to.shutdown().await,
                        0 => is_open = false,
                        more => {
                            if let Some(look) = &look {
                                look(&buffer[..more]);
                            }
                            seen.extend_from_slice(&buffer[..more]);
                        }
                    },
                    () = &mut arrives => break,
                }
            }
            to.write_all(&seen).await?;
            if !is_open {
                return to.shutdown().await;
            }
        }
    }

    async fn arrives(&self, held: Weather) {
        let travel =
            if self.chance.one_in(40) { self.chance.millis(200, 2_500) } else { self.chance.millis(1, 40) };
        sleep(travel).await;
        let mut weather = self.weather.subscribe();
        // The sender is held by this line.
        let _ = weather.wait_for(|weather| *weather != held).await;
    }
}
