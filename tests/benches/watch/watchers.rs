//! Who watches, and what did they get when?

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use polku_proto::v1::{PlanEvent, WatchPlansRequest};
use polku_tests::world::{Client, World, professional};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::Streaming;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::scene::shows;

/// How many streams there are in each connection: a few less than the gateway allows.
const STREAMS_EACH: usize = 50;
/// How many connections those have who watch the plan that changes: one of each of its parties.
const PARTIES: usize = 3;

/// Streams on which nothing should come.
pub(crate) struct Idle {
    told: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Idle {
    /// Streams of the health service, which say once that all is well.
    pub(crate) async fn of_health(world: &World, grpc: SocketAddr, count: usize) -> Result<Self> {
        let connections = connect(world, grpc, count.div_ceil(STREAMS_EACH))?;
        let mut streams = Vec::with_capacity(count);
        for client in connections.iter().cycle().take(count) {
            let request = HealthCheckRequest::default();
            let mut stream = HealthClient::new(client.channel()).watch(request).await?.into_inner();
            stream.message().await?.context("the health service says nothing")?;
            streams.push(stream);
        }
        Ok(Self::listening(streams))
    }

    /// Watchers of these plans, as many of each.
    pub(crate) async fn of_plans(
        world: &World,
        grpc: SocketAddr,
        plans: &[String],
        count: usize,
    ) -> Result<Self> {
        let connections = connect(world, grpc, count.div_ceil(STREAMS_EACH))?;
        let mut streams = Vec::with_capacity(count);
        for (number, plan) in plans.iter().cycle().take(count).enumerate() {
            streams.push(watch(&connections, number, plan).await?);
        }
        Ok(Self::listening(streams))
    }

    fn listening<X: Send + 'static>(streams: Vec<Streaming<X>>) -> Self {
        let (told, mut tasks) = (Arc::new(AtomicUsize::new(0)), JoinSet::new());
        for mut stream in streams {
            let told = Arc::clone(&told);
            tasks.spawn(async move {
                // An end is news too: nothing should come.
                while let Ok(message) = stream.message().await {
                    told.fetch_add(1, Ordering::SeqCst);
                    if message.is_none() {
                        break;
                    }
                }
            });
        }
        Self { told, _tasks: tasks }
    }

    /// How much has come.
    pub(crate) fn told(&self) -> usize {
        self.told.load(Ordering::SeqCst)
    }
}

/// Those who watch the plan that changes.
pub(crate) struct Watchers {
    count: usize,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    _tasks: JoinSet<()>,
}

/// What came to one of them.
pub(crate) struct Arrival {
    watcher: usize,
    /// When all of it had been read.
    pub(crate) at: Instant,
    event: PlanEvent,
}

impl Watchers {
    /// The same number, give or take one, of each party to the plan.
    pub(crate) async fn of(world: &World, grpc: SocketAddr, plan: &str, count: usize) -> Result<Self> {
        let connections = connect(world, grpc, PARTIES)?;
        let (sender, arrivals) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        for watcher in 0..count {
            let mut stream = watch(&connections, watcher, plan).await?;
            let sender = sender.clone();
            tasks.spawn(async move {
                while let Ok(Some(event)) = stream.message().await {
                    let arrival = Arrival { watcher, at: Instant::now(), event };
                    if sender.send(arrival).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self { count, arrivals, _tasks: tasks })
    }

    /// Waits until every watcher has the change of this number.
    pub(crate) async fn all_of(&mut self, change: usize, patience: Duration) -> Result<Vec<Arrival>> {
        let mut arrived = Vec::with_capacity(self.count);
        let mut seen = vec![false; self.count];
        while arrived.len() < self.count {
            let next = tokio::time::timeout(patience, self.arrivals.recv()).await;
            let arrival = next.context("a change does not arrive")?.context("a watch has ended")?;
            let plan = arrival.event.plan.as_ref().context("an event without its plan")?;
            ensure!(shows(plan, change), "an event does not show the change");
            let before = seen.get_mut(arrival.watcher).context("no such watcher")?;
            ensure!(!std::mem::replace(before, true), "a change was told twice");
            arrived.push(arrival);
        }
        Ok(arrived)
    }

    /// Nothing has come that nobody waited for.
    pub(crate) fn nothing_more(&mut self) -> Result<()> {
        ensure!(self.arrivals.try_recv().is_err(), "more events than changes");
        Ok(())
    }
}

/// Connections of the three agencies by turns.
fn connect(world: &World, grpc: SocketAddr, count: usize) -> Result<Vec<Client>> {
    let identities = &world.identities;
    let agencies = [&identities.ohjaamo, &identities.te, &identities.kela];
    agencies.into_iter().cycle().take(count).map(|identity| world.client(grpc, identity)).collect()
}

/// A watcher of the plan, a professional of its own in one of the connections.
async fn watch(connections: &[Client], number: usize, plan: &str) -> Result<Streaming<PlanEvent>> {
    let connection = number % connections.len();
    let (unit, role) = match connection % PARTIES {
        0 => ("keskusta", "guidance_worker"),
        1 => ("nuorten-palvelut", "official"),
        _ => ("kuntoutus", "official"),
    };
    let client = connections.get(connection).context("no connection")?;
    let mut client = client.acting(&professional(&format!("tyontekija-{number}"), unit, role));
    let request = WatchPlansRequest { name: plan.to_owned(), resume_token: String::new() };
    Ok(client.plan.watch_plans(request).await?.into_inner())
}
