//! What is put under load, round by round, and kept running in between?

use std::any::Any;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use polku_tests::figures::sync_time;
use tokio::time::MissedTickBehavior;

use super::asks::Withdraw;
use super::connection::{Road, call};
use super::load::{Ask, Load, Pressed};
use super::process::Server;
use super::round::{Round, repeat};
use super::site::{Seed, Site};
use super::write;

/// On how many connections calls are in flight.
pub(crate) const CONNECTIONS: usize = 8;

/// How often somebody takes back a consent.
const WITHDRAWALS: Duration = Duration::from_millis(10);

/// Something that is measured in rounds.
#[async_trait]
pub(crate) trait System: Send {
    /// One round.
    async fn round(&mut self, time: Duration) -> Result<Round>;
}

/// A server that answers calls.
pub(crate) struct Answering {
    pub(crate) load: Load,
    pub(crate) ask: Arc<dyn Ask>,
    /// Whose processor time and memory count.
    pub(crate) processes: Vec<u32>,
    /// What ends when this does.
    pub(crate) _alive: Box<dyn Any + Send + Sync>,
}

#[async_trait]
impl System for Answering {
    async fn round(&mut self, time: Duration) -> Result<Round> {
        let load = self.load.open().await?;
        let warmed = load.press(&self.ask, time / 8).await?;
        let pressed = async { Ok(Round::of(load.press(&self.ask, time).await?)) };
        let mut round = Round::beside(&self.processes, pressed).await?;
        // What is wrong in the while that is not counted is wrong all the same.
        round.wrong += warmed.wrong;
        round.first_wrong = round.first_wrong.or(warmed.first_wrong);
        Ok(round)
    }
}

/// A writer without anything around it.
pub(crate) struct Writing {
    pub(crate) server: Server,
    pub(crate) processes: Vec<u32>,
    /// The folder that it writes into.
    pub(crate) _alive: Box<dyn Any + Send + Sync>,
}

#[async_trait]
impl System for Writing {
    async fn round(&mut self, time: Duration) -> Result<Round> {
        let server = &mut self.server;
        server.tell(&(time / 8).as_millis().to_string()).await?;
        let written = async { write::round(&server.tell(&time.as_millis().to_string()).await?) };
        Round::beside(&self.processes, written).await
    }
}

/// The disk alone: how long 4 KiB take to be on it.
pub(crate) struct Syncing(File);

impl Syncing {
    pub(crate) fn beside(folder: &Path) -> Result<Syncing> {
        Ok(Syncing(File::create(folder.join("synced"))?))
    }
}

#[async_trait]
impl System for Syncing {
    async fn round(&mut self, time: Duration) -> Result<Round> {
        Ok(Round::of(repeat(time, || sync_time(&mut self.0))?))
    }
}

/// People who take back a consent, one after the other, while everybody asks all that they can. The round is theirs, and
/// over for them when nobody is left.
pub(crate) struct Withdrawing {
    load: Load,
    ask: Arc<dyn Ask>,
    withdraw: Withdraw,
    road: Road,
    next: AtomicU64,
    site: Arc<Site>,
}

impl Withdrawing {
    /// By the last quarter of the people, from the last one on, of whom each is only taken once.
    pub(crate) fn of(
        site: &Arc<Site>,
        seed: &Seed,
        ask: Arc<dyn Ask>,
        in_flight: usize,
    ) -> Result<Withdrawing> {
        let (people, asked_about) = (seed.count(), seed.people().count);
        let roads = site.roads()?;
        let road = roads.first().context("no gateway")?.clone();
        let load = Load::new(roads, CONNECTIONS, in_flight);
        let withdraw = Withdraw::new(move |number| {
            (people - 1).checked_sub(number).filter(|person| *person >= asked_about)
        })?;
        Ok(Withdrawing { load, ask, withdraw, road, next: AtomicU64::new(0), site: Arc::clone(site) })
    }

    async fn withdraw(&self, time: Duration) -> Result<Pressed> {
        let (mut connection, mut answer) = (self.road.open().await?, Vec::new());
        let mut beat = tokio::time::interval(WITHDRAWALS);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (begun, mut pressed) = (Instant::now(), Pressed::default());
        while begun.elapsed() < time {
            beat.tick().await;
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if !self.withdraw.is_left(number) {
                break;
            }
            let request = self.withdraw.request(number)?;
            let asked = Instant::now();
            let answered = call(&mut connection, self.withdraw.method(), request, None, &mut answer).await;
            pressed.took.push(asked.elapsed());
            match answered.and_then(|()| self.withdraw.check(number, &answer)) {
                Ok(done) => {
                    pressed.calls += 1;
                    pressed.done += done;
                }
                Err(error) => {
                    pressed.wrong += 1;
                    pressed.first_wrong.get_or_insert(format!("{error:#}"));
                }
            }
        }
        Ok(Pressed { wall: begun.elapsed(), ..pressed })
    }
}

#[async_trait]
impl System for Withdrawing {
    async fn round(&mut self, time: Duration) -> Result<Round> {
        let processes = self.site.processes()?;
        let both = async {
            // The load is there before the first withdrawal, and until the last one.
            let load = self.load.open().await?;
            let warmed = load.press(&self.ask, time / 8).await?;
            let (pressed, withdrawn) = tokio::try_join!(load.press(&self.ask, time), self.withdraw(time))?;
            ensure!(pressed.done > 0, "nobody was answered beside the withdrawals");
            let mut round = Round::of(withdrawn);
            round.wrong += warmed.wrong + pressed.wrong;
            round.first_wrong = round.first_wrong.or(warmed.first_wrong).or(pressed.first_wrong);
            Ok(round)
        };
        // Most of what the processors do is for those who ask.
        Ok(Round { processor: Duration::ZERO, ..Round::beside(&processes, both).await? })
    }
}
