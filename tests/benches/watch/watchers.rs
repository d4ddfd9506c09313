//! Who watches, and what did they get when?

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::{Buf as _, Bytes};
use http::uri::PathAndQuery;
use polku_proto::v1::{PlanEvent, WatchPlansRequest};
use polku_tests::world::{Client, World, professional};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataValue;
use tonic::{Request, Status, Streaming};
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
    /// Looked into when everybody has theirs: what a watcher does with an event is its own matter.
    event: Bytes,
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

    /// Waits until every watcher has an event.
    pub(crate) async fn arrivals(&mut self, patience: Duration) -> Result<Vec<Arrival>> {
        let mut arrived = Vec::with_capacity(self.count);
        while arrived.len() < self.count {
            let next = tokio::time::timeout(patience, self.arrivals.recv()).await;
            arrived.push(next.context("a change does not arrive")?.context("a watch has ended")?);
        }
        Ok(arrived)
    }

    /// These are the change of this number, once for each watcher.
    pub(crate) fn check(&self, arrivals: &[Arrival], change: usize) -> Result<()> {
        let mut told = vec![false; self.count];
        for arrival in arrivals {
            let event = PlanEvent::decode(arrival.event.clone())?;
            let plan = event.plan.as_ref().context("an event without its plan")?;
            ensure!(shows(plan, change), "an event does not show the change");
            let before = told.get_mut(arrival.watcher).context("no such watcher")?;
            ensure!(!std::mem::replace(before, true), "a change was told twice");
        }
        Ok(())
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
async fn watch(connections: &[Client], number: usize, plan: &str) -> Result<Streaming<Bytes>> {
    let connection = number % connections.len();
    let (unit, role) = match connection % PARTIES {
        0 => ("keskusta", "guidance_worker"),
        1 => ("nuorten-palvelut", "official"),
        _ => ("kuntoutus", "official"),
    };
    let actor = professional(&format!("tyontekija-{number}"), unit, role);
    let mut request = Request::new(WatchPlansRequest { name: plan.to_owned(), resume_token: String::new() });
    let actor = MetadataValue::from_bytes(&actor.encode_to_vec());
    request.metadata_mut().insert_bin("polku-actor-bin", actor);
    let client = connections.get(connection).context("no connection")?;
    let mut grpc = Grpc::new(client.channel());
    grpc.ready().await?;
    let path = PathAndQuery::from_static("/polku.v1.PlanService/WatchPlans");
    Ok(grpc.server_streaming(request, path, Unread).await?.into_inner())
}

/// Requests as the contract says, answers as they come.
struct Unread;

impl Codec for Unread {
    type Encode = WatchPlansRequest;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Unread {
    type Item = WatchPlansRequest;
    type Error = Status;

    fn encode(&mut self, request: WatchPlansRequest, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        request.encode(buffer).map_err(|_| Status::internal("no room for a request"))
    }
}

impl Decoder for Unread {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
