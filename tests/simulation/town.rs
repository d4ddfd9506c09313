//! What stands between callers, gateway and agencies, and who starts the gateway again?

use std::collections::BTreeMap;
use std::future::Ready;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use polku_adapters::transport::http::{Dial, Dialling, Network};
use polku_gateway::config::Config;
use polku_gateway::machine::{Blocking, Machine, Turn};
use polku_gateway::serve::{self, StartError};
use polku_policy::Engine;
use polku_tests::simulators::{Control, SimulatedAgency, SimulatorClock};
use polku_tests::world::{Client, PAJA, TE, World, WorldSettings, professional};
use tempfile::TempDir;
use tokio::io::DuplexStream;
use tokio::time::sleep;

use crate::book::Book;
use crate::chance::Chance;
use crate::net::Line;
use crate::people::{AGENCIES, added};
use crate::process::{HostClock, Process, Turns};

/// When every day begins.
const BEGINS: Timestamp = Timestamp::constant(1_793_000_000, 0);

/// How rarely the gateway looks whether something is due of which nothing has told it: a day is long.
const LOOK_AGAIN: Duration = Duration::from_secs(900);

static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();

/// How many callers there are.
pub(crate) const CALLERS: usize = 3;

/// Everything that there is in a day. Clones are the same town.
#[derive(Clone)]
pub(crate) struct Town(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) world: World,
    pub(crate) book: Book,
    pub(crate) clock: Arc<HostClock>,
    pub(crate) turns: Arc<Turns>,
    /// Between the gateway and each agency, both ways.
    pub(crate) to_agencies: BTreeMap<&'static str, Line>,
    /// Between each caller and the gateway.
    pub(crate) to_gateway: Vec<Line>,
    ids: Chance,
    process: Mutex<Option<Process>>,
    _folder: TempDir,
}

impl std::ops::Deref for Town {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Town {
    /// The agencies are there; the gateway is not.
    pub(crate) fn make(seed: u64) -> Self {
        // What is looked at need not outlive the test.
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
        let clock = Arc::new(HostClock::new(BEGINS));
        let settings = WorldSettings {
            agencies: added(),
            clock: SimulatorClock::reading({
                let clock = Arc::clone(&clock);
                move || clock.right()
            }),
            retry_seconds: vec![5, 30, 300, 1_800],
            breaker_failures: 5,
            probe_seconds: 30,
            retries_per_second: 10,
            lease_seconds: 60,
            settle_seconds: 40,
            attempt_seconds: 20,
            answer_ms: 10_000,
            ..WorldSettings::default()
        };
        let world = World::make(folder.path(), &settings).unwrap();
        let weather = Chance::of(seed, 1);
        let town = Self(Arc::new(Parts {
            book: Book::new(&folder.path().join("data")),
            clock,
            turns: Arc::new(Turns::new(Chance::of(seed, 2))),
            to_agencies: AGENCIES.map(|agency| (agency, Line::new(weather.clone()))).into(),
            to_gateway: (0..CALLERS).map(|_| Line::new(weather.clone())).collect(),
            ids: Chance::of(seed, 3),
            process: Mutex::new(None),
            world,
            _folder: folder,
        }));
        for agency in AGENCIES {
            town.simulator(agency).point_at(&format!("https://localhost:1/inbound/{agency}"));
            let place = Arc::downgrade(&town.0);
            town.control(agency).reach_gateway_by(move || {
                let town = Town(place.upgrade().ok_or(io::ErrorKind::ConnectionRefused)?);
                let (near, far) = tokio::io::duplex(64 * 1024);
                let certificate = town.certificate_of(agency).map(|text| digest(&text));
                let process = town.process.lock().unwrap();
                let process = process.as_ref().ok_or(io::ErrorKind::ConnectionRefused)?;
                let clock = Arc::clone(&town.clock);
                process.serve_agency(far, agency.parse().unwrap(), certificate, clock);
                town.to_agencies[agency].before(near, None)
            });
        }
        town
    }

    pub(crate) fn simulator(&self, agency: &str) -> &dyn SimulatedAgency {
        match agency {
            TE => &self.world.te,
            PAJA => &self.world.walmu,
            other => self.world.agencies[other].simulator.as_ref(),
        }
    }

    pub(crate) fn control(&self, agency: &str) -> &Control {
        self.simulator(agency).control()
    }

    /// What the agency's system shows when it calls the gateway.
    fn certificate_of(&self, agency: &str) -> Option<String> {
        match agency {
            TE => Some(self.world.te.settings().official.sha256.clone()),
            PAJA => None,
            other => Some(self.world.agencies[other].caller.sha256.clone()),
        }
    }

    /// Starts the gateway.
    pub(crate) async fn start(&self) {
        let machine = Machine {
            random: Arc::new(self.ids.clone()),
            blocking: Blocking::InTurn(Arc::clone(&self.turns) as Arc<dyn Turn>),
            network: Network::Dialled(Arc::new(Lines(Arc::downgrade(&self.0)))),
            ..Machine::default()
        };
        loop {
            let mut config = Config::load(&self.world.config_file()).unwrap();
            config.delivery.look_again = LOOK_AGAIN;
            // The rules are the same in every life of every gateway.
            let engine = ENGINE.get_or_init(|| serve::engine(&config).unwrap());
            let clock = Arc::clone(&self.clock);
            match Process::start(config, Arc::clone(engine), clock, machine.clone()).await {
                Ok(process) => {
                    self.book.note("the gateway lives");
                    *self.process.lock().unwrap() = Some(process);
                    return;
                }
                // Whoever runs it is told so, and does it.
                Err(StartError::Clock(_)) => {
                    self.book.note("the clock is set right");
                    self.clock.set_right();
                    sleep(Duration::from_secs(60)).await;
                }
                Err(error) => panic!("the gateway does not start: {error:?}"),
            }
        }
    }

    pub(crate) async fn kill(&self) {
        let process = self.process.lock().unwrap().take();
        if let Some(process) = process {
            process.kill().await;
            for line in self.to_agencies.values().chain(&self.to_gateway) {
                line.cut();
            }
            self.book.note("the gateway is dead");
            self.book.note_log();
        }
    }

    /// One of the callers: a worker at the one-stop guidance point, another one, or the employment services.
    pub(crate) fn caller(&self, number: usize) -> Client {
        let identities = &self.world.identities;
        let (identity, actor) = match number {
            0 | 1 => {
                let id = format!("ohjaaja-{number}");
                (&identities.ohjaamo, professional(&id, "keskusta", "guidance_worker"))
            }
            _ => (&identities.te, professional("virkailija-7", "nuorten-palvelut", "official")),
        };
        let way = ToGateway { town: Arc::downgrade(&self.0), number, certificate: digest(&identity.sha256) };
        Client::through(way).acting(&actor)
    }
}

/// The lines between the gateway and the agencies.
#[derive(Debug)]
struct Lines(std::sync::Weak<Parts>);

impl std::fmt::Debug for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Parts")
    }
}

impl Dial for Lines {
    fn dial(&self, server: &Uri) -> Dialling {
        let connected = self.connect(server);
        Box::pin(async { connected })
    }
}

impl Lines {
    fn connect(&self, server: &Uri) -> io::Result<DuplexStream> {
        let town = Town(self.0.upgrade().ok_or(io::ErrorKind::ConnectionRefused)?);
        let is_here = |agency: &&&str| server.port_u16() == Some(town.control(agency).address().port());
        let agency = *AGENCIES.iter().find(is_here).ok_or(io::ErrorKind::ConnectionRefused)?;
        // The gateway's own; which one it is, the agency's page does not say.
        let far = town.control(agency).connect(&"0".repeat(64))?;
        town.to_agencies[agency].before(far, Some(Arc::new(town.book.watch(agency))))
    }
}

/// The way of one caller to the gateway.
#[derive(Clone)]
struct ToGateway {
    town: std::sync::Weak<Parts>,
    number: usize,
    certificate: [u8; 32],
}

impl tower::Service<Uri> for ToGateway {
    type Response = TokioIo<DuplexStream>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        std::future::ready(self.connect().map(TokioIo::new))
    }
}

impl ToGateway {
    fn connect(&self) -> io::Result<DuplexStream> {
        let town = Town(self.town.upgrade().ok_or(io::ErrorKind::ConnectionRefused)?);
        let (near, far) = tokio::io::duplex(64 * 1024);
        let process = town.process.lock().unwrap();
        process.as_ref().ok_or(io::ErrorKind::ConnectionRefused)?.serve_calls(far, self.certificate);
        town.to_gateway[self.number].before(near, None)
    }
}

/// Reads 64 hexadecimal digits.
fn digest(text: &str) -> [u8; 32] {
    let digits: Vec<u8> =
        text.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    std::array::from_fn(|place| digits[2 * place] << 4 | digits[2 * place + 1])
}
