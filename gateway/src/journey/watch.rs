//! How does an agency's system follow what happens: in order, without gap, without repetition?
//!
//! What is followed is a [`Feed`]: rows that are committed with the change that they tell of, each at its place in one
//! order. A watch reads them from the store, so it goes on behind the last one after a broken connection and after a
//! restart of the gateway. It reads when there is news of its own topic, together with those who were woken along with
//! it, and otherwise rarely: a thousand watchers that have nothing to hear cost memory, and little of it.

use std::sync::Arc;
use std::time::Duration;

use polku_policy::Authorised;
use tokio::sync::mpsc;

use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::news::{Listener, SharedRows, Topic};

#[cfg(test)]
mod tests;

/// How many items wait for a slow reader before the gateway stops reading for it.
const BUFFER: usize = 16;
/// How many rows are read from the store at once.
const BATCH: u32 = 64;
/// How long to wait for news before looking anyway, at least, and up to twice as long so that not all look at once: other
/// gateways on the same store tell nothing here.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Something that can be followed.
pub(crate) trait Feed: Send + Sync + 'static {
    /// What the store has of it.
    type Row: Clone + Send + Sync + 'static;
    /// What a watcher is sent.
    type Item: Send + 'static;
    /// Which part of it one watcher follows; `()` where there are no parts.
    type Scope: Send + Sync + 'static;

    /// Keeps the tokens of different feeds apart.
    const TOKEN: &'static str;
    /// Who may follow it.
    const FOLLOWERS: &'static str;

    /// Whether the caller is one of them.
    fn is_for(caller: &Caller, _scope: &Self::Scope) -> bool {
        matches!(caller.actor, Actor::Professional { .. })
    }

    /// The rules that the watcher is told of when they are others than before; none where nobody is.
    fn rules(_gateway: &Gateway) -> Option<[u8; 32]> {
        None
    }

    /// What a watcher is sent then.
    fn other_rules(
        _gateway: &Gateway,
        _caller: &Caller,
        _resume_token: String,
    ) -> Result<Option<Authorised<Self::Item>>, Error> {
        Ok(None)
    }

    /// Of what there is news when the watcher has a new row. Whoever has the same topic has the same rows.
    fn topic(gateway: &Gateway, caller: &Caller, scope: &Self::Scope) -> Topic;

    /// The position of the newest row; 0 if there is none.
    fn newest(gateway: &Gateway) -> impl Future<Output = Result<u64, Error>> + Send;

    /// The watcher's rows after a position, in order, each with its position.
    fn after(
        gateway: &Gateway,
        caller: &Caller,
        scope: &Self::Scope,
        position: u64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(u64, Self::Row)>, Error>> + Send;

    /// A row as the watcher may see it now; nothing if it is not the watcher's to see any more.
    fn item(
        gateway: &Gateway,
        caller: &Caller,
        row: Self::Row,
        resume_token: String,
    ) -> impl Future<Output = Result<Option<Authorised<Self::Item>>, Error>> + Send;
}

/// A watch that has begun. Items are authorised when they are sent, not when they happened.
#[derive(Debug)]
pub(crate) struct Watch<F: Feed> {
    gateway: Arc<Gateway>,
    caller: Caller,
    scope: F::Scope,
    place: Place,
}

/// How far a watcher has been told: what a token says.
#[derive(Debug, Clone, Copy)]
struct Place {
    position: u64,
    /// The rules that it knows of.
    rules: Option<[u8; 32]>,
}

impl Place {
    fn bytes(self) -> Vec<u8> {
        let rules = self.rules.as_ref().map_or(&[][..], |rules| rules);
        [&self.position.to_be_bytes(), rules].concat()
    }

    /// Reads those bytes. A token of a release that told of no rules has none: they may be others by now.
    fn read(bytes: &[u8]) -> Option<Place> {
        let (position, rules) = bytes.split_first_chunk()?;
        let rules = if rules.is_empty() { None } else { Some(rules.try_into().ok()?) };
        Some(Place { position: u64::from_be_bytes(*position), rules })
    }
}

impl Gateway {
    /// Begins a watch behind the row of the token, or behind the newest one.
    pub(crate) async fn follow<F: Feed>(
        self: &Arc<Self>,
        caller: Caller,
        scope: F::Scope,
        token: &str,
    ) -> Result<Watch<F>, Error> {
        if !F::is_for(&caller, &scope) {
            return Err(Error::ActorNotAllowed { expected: F::FOLLOWERS });
        }
        let place = if token.is_empty() {
            Place { position: F::newest(self).await?, rules: F::rules(self) }
        } else {
            let plain = self.keys.open_token(&binding::<F>(&caller), token).map_err(|_| WRONG_TOKEN)?;
            Place::read(&plain).ok_or(WRONG_TOKEN)?
        };
        Ok(Watch { gateway: Arc::clone(self), caller, scope, place })
    }
}

const WRONG_TOKEN: Error = Error::Field {
    field: "resume_token",
    reason: "RESUME_TOKEN_INVALID",
    expected: "the token of something that this caller was sent by the same method",
};

fn binding<F: Feed>(caller: &Caller) -> String {
    match &caller.actor {
        Actor::Professional { .. } => format!("{}/{}", F::TOKEN, caller.agency),
        Actor::Subject(youth) => format!("{}/{youth}", F::TOKEN),
        Actor::Representative { youth, capacity, id } => {
            format!("{}/{youth}/{}/{id}", F::TOKEN, capacity.as_str_name())
        }
    }
}

/// What is on its way to a watcher. Boxed, for every channel has room for 32 of them from the beginning.
pub(crate) type Sending<F> = Box<Result<Authorised<<F as Feed>::Item>, Error>>;

type Sender<F> = mpsc::Sender<Sending<F>>;
type Receiver<F> = mpsc::Receiver<Sending<F>>;

impl<F: Feed> Watch<F> {
    /// Starts sending. The receiver's end is the watcher's: when it is dropped, the watch ends.
    pub(crate) fn start(self) -> Receiver<F> {
        let (sender, receiver) = mpsc::channel(BUFFER);
        tokio::spawn(self.run(sender));
        receiver
    }

    async fn run(mut self, sender: Sender<F>) {
        let topic = F::topic(&self.gateway, &self.caller, &self.scope);
        let listener = self.gateway.news.listen(topic);
        let mut woken = Woken::ByTime;
        loop {
            let mut rung = std::pin::pin!(listener.bell().notified());
            rung.as_mut().enable();
            let rings = listener.rings();
            // Boxed, so that a watch that waits does not keep the room that reading and deciding take.
            match Box::pin(self.send_news(&sender, (&listener, rings), woken)).await {
                Ok(Sent::All) => {}
                Ok(Sent::WatcherGone) => return,
                Err(error) => {
                    // The watcher resumes behind the last item that it got.
                    drop(sender.send(Box::new(Err(error))).await);
                    return;
                }
            }
            let pause = LOOK_AGAIN.mul_f64(1.0 + self.gateway.jitter());
            woken = tokio::select! {
                () = rung => Woken::ByNews,
                () = sender.closed() => return,
                () = tokio::time::sleep(pause) => Woken::ByTime,
            };
        }
    }

    async fn send_news(
        &mut self,
        sender: &Sender<F>,
        (listener, rings): (&Listener, u64),
        mut woken: Woken,
    ) -> Result<Sent, Error> {
        let gateway = Arc::clone(&self.gateway);
        let rules = F::rules(&gateway);
        if rules != self.place.rules {
            let Ok(room) = sender.reserve().await else { return Ok(Sent::WatcherGone) };
            self.place.rules = rules;
            if let Some(item) = F::other_rules(&gateway, &self.caller, self.token(self.place)?)? {
                room.send(Box::new(Ok(item)));
            }
        }
        loop {
            let (newest, rows): (u64, SharedRows<F::Row>) = match woken {
                // There are rows: the last of them is the newest place that matters.
                Woken::ByNews => (self.place.position, listener.shared(rings, self.place.position)),
                Woken::ByTime => (F::newest(&gateway).await?, Arc::default()),
            };
            let read = || F::after(&gateway, &self.caller, &self.scope, self.place.position, BATCH);
            // Kept until all of it is sent: who comes a little later need not read it again.
            let read = rows.get_or_try_init(read).await?;
            // What comes after this reading is rung for.
            let is_all = read.len() < BATCH as usize;
            let from = self.place.position;
            for (position, row) in read.iter().filter(|(position, _)| *position > from) {
                // Room first, then the permit: a permit does not wait for a slow reader.
                let Ok(room) = sender.reserve().await else { return Ok(Sent::WatcherGone) };
                let token = self.token(Place { position: *position, ..self.place })?;
                if let Some(item) = F::item(&gateway, &self.caller, row.clone(), token).await? {
                    room.send(Box::new(Ok(item)));
                }
                self.place.position = *position;
            }
            if is_all {
                // Others' rows need not be looked at again.
                self.place.position = self.place.position.max(newest);
                return Ok(Sent::All);
            }
            // Whoever is so far behind reads the rest alone.
            woken = Woken::ByTime;
        }
    }

    /// The token with which the watcher goes on behind a place.
    fn token(&self, place: Place) -> Result<String, Error> {
        Ok(self.gateway.keys.seal_token(&binding::<F>(&self.caller), &place.bytes())?)
    }
}

/// Why a watcher looks.
#[derive(Debug, Clone, Copy)]
enum Woken {
    /// There is news.
    ByNews,
    /// There has been none for a while, or it has just begun.
    ByTime,
}

enum Sent {
    All,
    WatcherGone,
}
