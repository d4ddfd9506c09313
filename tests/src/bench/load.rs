//! How is a system put under load, with every answer checked?

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use tokio::task::JoinSet;

use super::connection::{Connection, Method, Road, call};

/// What is asked, again and again, and what is the right answer.
pub(crate) trait Ask: Send + Sync {
    /// Of which method.
    fn method(&self) -> &Method;
    /// The request with this number, with its prefix.
    fn request(&self, number: u64) -> Result<Bytes>;
    /// A header that differs from call to call.
    fn header(&self, _number: u64) -> Option<(HeaderName, HeaderValue)> {
        None
    }
    /// How much was done by it: one, or more of a batch.
    ///
    /// # Errors
    /// Says what is wrong with the answer.
    fn check(&self, number: u64, answer: &[u8]) -> Result<u64>;
}

/// What came of some time under load.
#[derive(Debug, Default, Clone)]
pub(crate) struct Pressed {
    /// Calls that were answered rightly.
    pub(crate) calls: u64,
    /// What was done by them.
    pub(crate) done: u64,
    /// Calls that were refused or answered wrongly.
    pub(crate) wrong: u64,
    /// What was wrong with one of these.
    pub(crate) first_wrong: Option<String>,
    /// How long all of it took.
    pub(crate) wall: Duration,
    /// How long each call took.
    pub(crate) took: Vec<Duration>,
}

impl Pressed {
    /// Both at the same time.
    pub(crate) fn and(mut self, other: Pressed) -> Pressed {
        self.calls += other.calls;
        self.done += other.done;
        self.wrong += other.wrong;
        self.first_wrong = self.first_wrong.or(other.first_wrong);
        self.wall = self.wall.max(other.wall);
        self.took.extend(other.took);
        self
    }
}

/// Whom to ask, and how much at a time.
#[derive(Clone)]
pub(crate) struct Load {
    roads: Vec<Road>,
    connections: usize,
    in_flight: usize,
    asked: Arc<AtomicU64>,
}

impl Load {
    /// So many connections, shared out to the servers, and so many calls in flight on all of them.
    pub(crate) fn new(roads: Vec<Road>, connections: usize, in_flight: usize) -> Load {
        Load { roads, connections, in_flight, asked: Arc::default() }
    }

    /// Connects. The gateway hangs up on whoever connects and asks nothing, so this is done anew for each turn.
    pub(crate) async fn open(&self) -> Result<Open<'_>> {
        let mut connections = Vec::with_capacity(self.connections);
        for road in self.roads.iter().cycle().take(self.connections) {
            connections.push(road.open().await.context("no connection")?);
        }
        Ok(Open { load: self, connections })
    }
}

/// Open connections.
pub(crate) struct Open<'a> {
    load: &'a Load,
    connections: Vec<Connection>,
}

impl Open<'_> {
    /// Asks for so long. Each place in flight asks at least once.
    pub(crate) async fn press(&self, ask: &Arc<dyn Ask>, time: Duration) -> Result<Pressed> {
        let begun = Instant::now();
        let mut places = JoinSet::new();
        for connection in self.connections.iter().cycle().take(self.load.in_flight) {
            let (connection, ask, asked) =
                (connection.clone(), Arc::clone(ask), Arc::clone(&self.load.asked));
            places.spawn(async move { keep_asking(connection, ask.as_ref(), &asked, begun + time).await });
        }
        let mut pressed = Pressed::default();
        while let Some(place) = places.join_next().await {
            pressed = pressed.and(place?);
        }
        pressed.wall = begun.elapsed();
        Ok(pressed)
    }
}

async fn keep_asking(
    mut connection: Connection,
    ask: &dyn Ask,
    asked: &AtomicU64,
    until: Instant,
) -> Pressed {
    let mut pressed = Pressed::default();
    let mut answer = Vec::new();
    loop {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let done = match ask.request(number) {
            Ok(request) => {
                let header = ask.header(number);
                let answered = call(&mut connection, ask.method(), request, header, &mut answer).await;
                pressed.took.push(begun.elapsed());
                answered.and_then(|()| ask.check(number, &answer))
            }
            Err(error) => Err(error),
        };
        match done {
            Ok(done) => {
                pressed.calls += 1;
                pressed.done += done;
            }
            Err(error) => {
                pressed.wrong += 1;
                pressed.first_wrong.get_or_insert_with(|| format!("{error:#}"));
                // A system that refuses everything at once must not fill the memory with refusals.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        if Instant::now() >= until {
            return pressed;
        }
    }
}
