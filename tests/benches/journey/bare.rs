//! What do the five calls cost by themselves?
//!
//! A process of its own that does nothing else: its adapters are made of the gateway's configuration as the gateway makes
//! them, and ask the same agencies the same questions at the same time, over connections that stay open. What they answer
//! is read as an adapter reads it, and dropped.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;
use polku_adapters::Adapter;
use polku_gateway::clock::{Clock as _, SystemClock};
use polku_gateway::config::Config;
use polku_gateway::serve;
use polku_policy::{Authorised, Channel, ConsentIndex, Engine, Question, Viewer};
use polku_proto::v1::FactsQuery;
use polku_proto::{CategorySet, Party, Valid, YouthId};
use polku_tests::world::request_id;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use uuid::Uuid;

use crate::{ADDED, FIVE, PURPOSE, TOLD, WORKER};

/// The argument that makes this program that process; the gateway's configuration file follows.
pub(crate) const ARGUMENT: &str = "--bare";

/// That process.
pub(crate) struct Bare {
    child: Child,
    orders: ChildStdin,
    took: Lines<BufReader<ChildStdout>>,
}

impl Bare {
    pub(crate) fn start(config: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(ARGUMENT).arg(config).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let orders = child.stdin.take().context("nobody listens")?;
        let took = BufReader::new(child.stdout.take().context("nobody answers")?).lines();
        Ok(Self { child, orders, took })
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> Result<String> {
        Ok(self.child.id().context("the bare calls have ended")?.to_string())
    }

    /// Has it ask all of them so often, one round after the other, and tells how long each round took.
    pub(crate) async fn rounds(&mut self, number: usize) -> Result<Vec<Duration>> {
        self.orders.write_all(format!("{number}\n").as_bytes()).await?;
        let line = self.took.next_line().await?.context("the bare calls have ended")?;
        line.split_whitespace().map(|nanos| Ok(Duration::from_nanos(nanos.parse()?))).collect()
    }
}

/// What that process does: as many rounds as a line asks for, until there are no more lines.
pub(crate) async fn serve(config: &str) -> Result<()> {
    let config = Config::load(Path::new(config))?;
    let engine = serve::engine(&config)?;
    let mut systems = serve::adapters(&config)?;
    systems.retain(|system| system.adapter.agency().as_str().starts_with(ADDED));
    // Nothing else is to be done while it waits for the next line.
    for number in std::io::stdin().lines() {
        let mut line = String::new();
        for _ in 0..number?.parse()? {
            let begun = Instant::now();
            let calls = systems.iter().map(|system| ask(&engine, &*system.adapter, system.fetches));
            try_join_all(calls).await?;
            line += &format!("{} ", begun.elapsed().as_nanos());
        }
        println!("{line}");
    }
    Ok(())
}

async fn ask(engine: &Engine, adapter: &dyn Adapter, fetches: CategorySet) -> Result<()> {
    let query = query(engine, adapter, CategorySet::of(&TOLD).intersection(fetches))?;
    adapter.fetch(query, SystemClock.now()).await?;
    Ok(())
}

/// As the gateway puts the question.
fn query(engine: &Engine, adapter: &dyn Adapter, asked: CategorySet) -> Result<Authorised<FactsQuery>> {
    let query = FactsQuery {
        query_id: request_id(),
        requester: polku_tests::world::OHJAAMO.to_owned(),
        professional: WORKER.0.to_owned(),
        purpose: PURPOSE.into(),
        categories: asked.to_wire(),
        identity_code: FIVE.to_owned(),
    };
    let own = Party::whole(adapter.agency().clone());
    let channel = Channel { from: own.clone(), to: own };
    let youth = YouthId::from_uuid(Uuid::nil());
    let question = Question::new(youth, channel, Viewer::Author, PURPOSE, SystemClock.now());
    let query = Valid::check(query).map_err(|violations| anyhow::anyhow!("{violations}"))?;
    let permit = engine.authorise(&ConsentIndex::new(), query, CategorySet::EMPTY, &question);
    permit.map_err(|denied| anyhow::anyhow!("{denied:?}"))
}
