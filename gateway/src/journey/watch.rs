//! How does an agency's system follow what happens: in order, without gap, without repetition?
//!
//! What is followed is a [`Feed`]: rows that are committed with the change that they tell of, each at its place in one
//! order. A watch reads them from the store, so it goes on behind the last one after a broken connection and after a
//! restart of the gateway. It reads when there is news of its own topic, together with those who were woken along with
//! it, and otherwise rarely: a thousand watchers that have nothing to hear cost memory, and little of it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{Stream, try_unfold};
use polku_policy::Authorised;

use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::news::{Listener, SharedRows, Topic};

#[cfg(test)]
mod tests;

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
    caller: Arc<Caller>,
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
        Ok(Watch { gateway: Arc::clone(self), caller: Arc::new(caller), scope, place })
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

impl<F: Feed> Watch<F> {
    /// What the watcher may see, each made when it is asked for and not before: nothing that somebody may take back waits
    /// for a slow reader.
    pub(crate) fn items(self) -> impl Stream<Item = Result<Authorised<F::Item>, Error>> + Send {
        let topic = F::topic(&self.gateway, &self.caller, &self.scope);
        let listener = self.gateway.news.listen(topic);
        let following = Following { watch: self, listener, rings: 0, woken: Woken::ByTime, read: None };
        try_unfold(following, async |mut following| {
            let item = following.next().await?;
            Ok(Some((item, following)))
        })
    }

    /// The token with which the watcher goes on behind a place.
    fn token(&self, place: Place) -> Result<String, Error> {
        Ok(self.gateway.keys.seal_token(&binding::<F>(&self.caller), &place.bytes())?)
    }
}

/// A watch that is listened to.
struct Following<F: Feed> {
    watch: Watch<F>,
    listener: Listener,
    /// How often it had been rung when the store was read.
    rings: u64,
    woken: Woken,
    read: Option<Read<F::Row>>,
}

/// What has been read of the store. Kept until all of it is told: who comes a little later need not read it again.
struct Read<R> {
    rows: SharedRows<R>,
    /// Whether nothing came behind them.
    is_all: bool,
    /// The newest place that there was.
    newest: u64,
}

impl<R: Clone> Read<R> {
    /// The first row behind a place.
    fn after(&self, place: u64) -> Option<(u64, R)> {
        let rows = self.rows.get()?;
        rows.get(rows.partition_point(|(position, _)| *position <= place)).cloned()
    }
}

impl<F: Feed> Following<F> {
    /// The next item, as soon as there is one. After an error the watcher resumes behind the last one that it got.
    async fn next(&mut self) -> Result<Authorised<F::Item>, Error> {
        loop {
            let Some(read) = &self.read else {
                if let Some(item) = self.other_rules()? {
                    return Ok(item);
                }
                // Boxed, so that a watch that waits does not keep the room that reading takes.
                self.read = Some(Box::pin(self.look()).await?);
                continue;
            };
            let place = &mut self.watch.place.position;
            if let Some((position, row)) = read.after(*place) {
                if let Some(item) = self.item(position, row).await? {
                    return Ok(item);
                }
            } else if read.is_all {
                // Others' rows need not be looked at again.
                *place = (*place).max(read.newest);
                self.read = None;
                self.wait().await;
            } else {
                // Whoever is so far behind reads the rest alone.
                self.read = None;
                self.woken = Woken::ByTime;
            }
        }
    }

    /// Reads what is behind the place that the watcher has been told up to.
    async fn look(&mut self) -> Result<Read<F::Row>, Error> {
        let Watch { gateway, caller, scope, place } = &self.watch;
        // What comes after this is rung for.
        self.rings = self.listener.rings();
        let (newest, rows): (u64, SharedRows<F::Row>) = match self.woken {
            // There are rows: the last of them is the newest place that matters.
            Woken::ByNews => (place.position, self.listener.shared(self.rings, place.position)),
            Woken::ByTime => (F::newest(gateway).await?, Arc::default()),
        };
        let read = || F::after(gateway, caller, scope, place.position, BATCH);
        let is_all = rows.get_or_try_init(read).await?.len() < BATCH as usize;
        Ok(Read { rows, is_all, newest })
    }

    /// A row as the watcher may see it, made to its end even if the watcher goes: it has its leaf. Made again if
    /// something may have been taken back meanwhile.
    async fn item(&mut self, position: u64, row: F::Row) -> Result<Option<Authorised<F::Item>>, Error> {
        let token = self.watch.token(Place { position, ..self.watch.place })?;
        let item = loop {
            let (gateway, caller) = (Arc::clone(&self.watch.gateway), Arc::clone(&self.watch.caller));
            let (row, token) = (row.clone(), token.clone());
            let made = tokio::spawn(async move {
                let item = F::item(&gateway, &caller, row, token).await?;
                gateway.learn().await?;
                Ok::<_, Error>(item)
            });
            let made =
                made.await.map_err(|_| Error::Inconsistent("what a watcher is told was not made"))??;
            if made.as_ref().is_none_or(|made| made.still_holds(&self.watch.gateway.index())) {
                break made;
            }
        };
        self.watch.place.position = position;
        Ok(item)
    }

    /// What the watcher is told if the rules are others than those that it knows of.
    fn other_rules(&mut self) -> Result<Option<Authorised<F::Item>>, Error> {
        let rules = F::rules(&self.watch.gateway);
        if rules == self.watch.place.rules {
            return Ok(None);
        }
        self.watch.place.rules = rules;
        F::other_rules(&self.watch.gateway, &self.watch.caller, self.watch.token(self.watch.place)?)
    }

    /// Waits until something has been rung for that has not been read, or for a while.
    async fn wait(&mut self) {
        let mut rung = pin!(self.listener.bell().notified());
        rung.as_mut().enable();
        if self.listener.rings() != self.rings {
            self.woken = Woken::ByNews;
            return;
        }
        let pause = LOOK_AGAIN.mul_f64(1.0 + self.watch.gateway.jitter());
        self.woken = tokio::select! {
            () = rung => Woken::ByNews,
            () = tokio::time::sleep(pause) => Woken::ByTime,
        };
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
