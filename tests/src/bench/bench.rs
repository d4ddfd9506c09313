//! How is a row set up? Whatever several rows need is there once.

use std::collections::HashMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use polku_tests::pki::{Identity, Pki};
use polku_tests::postgres::programs;
use polku_tests::world::Database;
use tempfile::TempDir;

use super::asks::{AnsweredWhen, Batch, Echo, Refer, Verify};
use super::connection::{Road, call};
use super::cores::Cores;
use super::load::{Ask, Load};
use super::options::Options;
use super::process::Server;
use super::site::{Deliveries, Seed, Site, postgres};
use super::systems::{Answering, CONNECTIONS, Syncing, System, Withdrawing, Writing};
use super::{foreign, python};

/// Why a row is not run: something is not installed, or not built.
pub(crate) type NotRun = String;

/// Where gateways are in which several rows are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Embedded,
    /// With a bounded audit buffer.
    Buffered,
    /// With a queue that waits.
    Queueing,
    /// With deliveries that flow.
    Delivering,
    Server,
    QueueingServer,
    ThreeOnServer,
}

/// What all rows share.
pub(crate) struct Bench {
    pub(crate) cores: Cores,
    pub(crate) folder: TempDir,
    pub(crate) seed: Seed,
    pub(crate) pki: Pki,
    pub(crate) client: Identity,
    echo: Option<Arc<Server>>,
    sites: HashMap<Place, Arc<Site>>,
    /// How many calls are in flight where nothing else is said.
    pub(crate) in_flight: usize,
}

impl Bench {
    /// Makes certificates.
    pub(crate) fn new(options: &Options, cores: Cores) -> Result<Bench> {
        let folder = TempDir::new()?;
        let kept = options.keep.clone().unwrap_or_else(|| folder.path().join("kept"));
        std::fs::create_dir_all(&kept)?;
        let pki = Pki::new()?;
        let client = pki.issue_client("bench.example")?;
        pki.write_authority(folder.path(), "ca")?;
        pki.issue_server(&["localhost"])?.write(folder.path(), "server")?;
        let seed = Seed { grants: options.grants, kept };
        let in_flight = options.in_flight();
        Ok(Bench { cores, folder, seed, pki, client, echo: None, sites: HashMap::new(), in_flight })
    }

    /// Starts what the row needs. The inner error says why it cannot be run here.
    pub(crate) async fn system(&mut self, name: &str) -> Result<Result<Box<dyn System>, NotRun>> {
        let people = self.seed.people();
        let (verify, durable) = (Arc::new(Verify::new(people)?), AnsweredWhen::Durable);
        let system: Box<dyn System> = match name {
            "floor" => Box::new(self.floor(CONNECTIONS, self.in_flight).await?),
            "floor-alone" => Box::new(self.floor(1, 1).await?),
            "verify" => Box::new(self.at(Place::Embedded, verify, CONNECTIONS, self.in_flight).await?),
            "verify-buffered" => {
                Box::new(self.at(Place::Buffered, verify, CONNECTIONS, self.in_flight).await?)
            }
            "verify-alone" => Box::new(self.at(Place::Embedded, verify, 1, 1).await?),
            "batch" => {
                let batch = Arc::new(Batch::new(people)?);
                Box::new(self.at(Place::Embedded, batch, CONNECTIONS, self.in_flight).await?)
            }
            "send-sqlite" => {
                let send = Arc::new(Refer::new(people, durable)?);
                Box::new(self.at(Place::Queueing, send, CONNECTIONS, self.in_flight).await?)
            }
            "send-few" => {
                let send = Arc::new(Refer::new(people, durable)?);
                Box::new(self.at(Place::Queueing, send, python::CALLERS, python::CALLERS).await?)
            }
            "send-delivered" => {
                let send = Arc::new(Refer::new(people, AnsweredWhen::Delivered)?);
                Box::new(self.at(Place::Delivering, send, CONNECTIONS, self.in_flight).await?)
            }
            "withdraw" => {
                let site = self.site(Place::Embedded).await?;
                Box::new(Withdrawing::of(&site, &self.seed, verify, self.in_flight)?)
            }
            "sync" => Box::new(Syncing::beside(self.folder.path())?),
            "write-file" | "write-sqlite" => Box::new(self.writing(name).await?),
            "nginx" | "haproxy" | "envoy" => {
                let started = match name {
                    "nginx" => foreign::nginx(self).await?,
                    "haproxy" => foreign::haproxy(self).await?,
                    _ => foreign::envoy(self).await?,
                };
                match started {
                    Ok(proxy) => Box::new(self.behind(proxy).await?),
                    Err(reason) => return Ok(Err(reason)),
                }
            }
            "python-send" => match python::client(self.site(Place::Queueing).await?, people).await? {
                Ok(client) => Box::new(client),
                Err(reason) => return Ok(Err(reason)),
            },
            "verify-postgres" | "write-postgres" | "send-postgres" | "withdraw-three" => {
                if let Err(reason) = programs() {
                    return Ok(Err(format!("{reason:#}")));
                }
                return self.on_server(name, verify).await.map(Ok);
            }
            other => bail!("nobody knows how to set up the row {other}"),
        };
        Ok(Ok(system))
    }

    /// Ends all gateways that rows were measured on: their stores take room.
    pub(crate) fn close(&mut self) {
        self.sites.clear();
        self.echo = None;
    }

    async fn on_server(&mut self, name: &str, verify: Arc<dyn Ask>) -> Result<Box<dyn System>> {
        Ok(match name {
            "verify-postgres" => Box::new(self.at(Place::Server, verify, CONNECTIONS, self.in_flight).await?),
            "send-postgres" => {
                let send = Arc::new(Refer::new(self.seed.people(), AnsweredWhen::Durable)?);
                Box::new(self.at(Place::QueueingServer, send, CONNECTIONS, self.in_flight).await?)
            }
            "withdraw-three" => {
                let site = self.site(Place::ThreeOnServer).await?;
                Box::new(Withdrawing::of(&site, &self.seed, verify, self.in_flight)?)
            }
            _ => Box::new(self.writing(name).await?),
        })
    }

    /// Calls to the gateways of a place.
    async fn at(
        &mut self,
        place: Place,
        ask: Arc<dyn Ask>,
        connections: usize,
        in_flight: usize,
    ) -> Result<Answering> {
        let site = self.site(place).await?;
        let load = Load::new(site.roads()?, connections, in_flight);
        Ok(Answering { load, ask, processes: site.processes()?, _alive: Box::new(site) })
    }

    async fn site(&mut self, place: Place) -> Result<Arc<Site>> {
        if let Some(site) = self.sites.get(&place) {
            return Ok(Arc::clone(site));
        }
        let (database, deliveries, gateways) = match place {
            Place::Embedded | Place::Delivering => (Database::Embedded, Deliveries::Flow, 1),
            Place::Buffered => (Database::Embedded, Deliveries::FlowBuffered, 1),
            Place::Queueing => (Database::Embedded, Deliveries::Wait, 1),
            Place::Server => (Database::Server, Deliveries::Flow, 1),
            Place::QueueingServer => (Database::Server, Deliveries::Wait, 1),
            Place::ThreeOnServer => (Database::Server, Deliveries::Flow, 3),
        };
        let site = Site::open(&self.seed, &self.cores, database, deliveries, gateways).await;
        let site = Arc::new(site.with_context(|| format!("the gateway of {place:?} does not start"))?);
        self.sites.insert(place, Arc::clone(&site));
        Ok(site)
    }

    async fn floor(&mut self, connections: usize, in_flight: usize) -> Result<Answering> {
        if self.echo.is_none() {
            let server = self.serve(&["echo", "--tls", &self.path("")]).await?;
            self.echo = Some(Arc::new(server));
        }
        let server = Arc::clone(self.echo.as_ref().context("no floor")?);
        let road = Road::mutual(server.ready.parse()?, self.pki.authority_pem(), &self.client)?;
        let load = Load::new(vec![road], connections, in_flight);
        let ask = Arc::new(Echo::new(self.seed.people())?);
        Ok(Answering { load, ask, processes: vec![server.id()?], _alive: Box::new(server) })
    }

    /// The echo behind something else.
    async fn behind(&self, proxy: foreign::Proxy) -> Result<Answering> {
        let road = Road::mutual(proxy.address, self.pki.authority_pem(), &self.client)?;
        let ask = Arc::new(Echo::new(self.seed.people())?);
        if proxy.asks_policy() {
            // Without a person there is no grant.
            let (mut connection, mut answer) = (road.open().await?, Vec::new());
            let answered = call(&mut connection, ask.method(), ask.request(0)?, None, &mut answer).await;
            ensure!(answered.is_err(), "what the policy service refuses was let through");
        }
        let load = Load::new(vec![road], CONNECTIONS, self.in_flight);
        let processes = proxy.processes()?;
        Ok(Answering { load, ask, processes, _alive: Box::new(proxy) })
    }

    async fn writing(&self, name: &str) -> Result<Writing> {
        let folder = TempDir::new_in(self.folder.path())?;
        let path = folder.path().to_string_lossy().into_owned();
        let (mut arguments, mut others) =
            (vec!["write".into(), "--in-flight".into(), self.in_flight.to_string()], None);
        match name {
            "write-postgres" => {
                let (cluster, process) = postgres(&self.cores)?;
                let settings = cluster.database()?;
                let socket = cluster.folder().to_string_lossy().into_owned();
                arguments.extend(["postgres".into(), socket, settings.port.to_string()]);
                arguments.extend([settings.database, settings.user]);
                others = Some(process);
            }
            "write-sqlite" => arguments.extend(["sqlite".into(), path]),
            _ => arguments.extend(["file".into(), path]),
        }
        let mut command = self.cores.server(std::env::current_exe()?);
        command.args(&arguments);
        let server = Server::start(command, &folder.path().join("complaints")).await?;
        let processes = others.into_iter().chain([server.id()?]).collect();
        Ok(Writing { server, processes, _alive: Box::new(folder) })
    }

    /// One of the servers that the bench brings itself, on the servers' core.
    pub(crate) async fn serve(&self, arguments: &[&str]) -> Result<Server> {
        self.serve_with(arguments, Vec::new()).await
    }

    /// The same with these variables of the environment.
    pub(crate) async fn serve_with(
        &self,
        arguments: &[&str],
        environment: Vec<(OsString, OsString)>,
    ) -> Result<Server> {
        let mut command = self.cores.server(std::env::current_exe()?);
        command.envs(environment);
        command.arg("serve").args(arguments);
        let name = arguments.join("-").replace('/', "-");
        Server::start(command, &self.folder.path().join(format!("complaints-{name}"))).await
    }

    /// A file in the folder of this run.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    /// A folder of its own for somebody.
    pub(crate) fn own_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// A port that is free now.
pub(crate) fn free_port() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// A program of the system, where it is installed.
pub(crate) fn program(name: &str, package: &str) -> Result<PathBuf, NotRun> {
    let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(name)).find(|file| file.is_file());
    found.ok_or_else(|| format!("{name} is not installed ({package})"))
}
