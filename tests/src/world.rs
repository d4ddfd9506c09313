//! What does a whole small world look like: a gateway, two agencies with systems of their own, and callers?
//!
//! Everything is real but the agencies: certificates made on the spot, TLS on loopback sockets, the store and the audit
//! log on disk. The sandbox plays its story in such a world, and the tests run in one.

mod client;
mod config;
mod directory;
mod people;
mod process;
mod wait;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use anyhow::{Context as _, Result};
use polku_gateway::clock::{Clock, SystemClock};
use polku_gateway::config::Config;
use polku_gateway::front::{Bound, Shutdown};
use polku_gateway::reload::Reload;
use polku_gateway::seal::Keys;
use polku_gateway::serve;
use polku_gateway::store::Store;
use tokio::task::JoinHandle;
use tracing_subscriber::EnvFilter;

use crate::pki::{self, Identity, Pki};
use crate::postgres::Cluster;
use crate::simulators::te::{TeSettings, TeSimulator};
use crate::simulators::walmu::{WalmuSettings, WalmuSimulator};
use crate::simulators::{self, Ledger, Official, Repetition, Setup, SimulatedAgency, SimulatorTls};

pub use client::{Client, evidence, full_content, professional, referral_to, request_id, terms};
pub use config::{Database, WorldSettings, certificate_for};
pub use directory::DIRECTORY;
pub use people::{PEOPLE, born_on, canaries, nobody, nobody_born};
pub use process::{GatewayProcess, binary};
pub use wait::{PATIENCE, eventually};

/// The one-stop guidance point that refers.
pub const OHJAAMO: &str = "ohjaamo";
/// The employment services, over X-Road SOAP.
pub const TE: &str = "te";
/// The youth workshop with a Walmu-like system.
pub const PAJA: &str = "paja";
/// An authority that works over gRPC, and without an adapter unless an agency of this id is added.
pub const KELA: &str = "kela";
/// The front through which young people act themselves.
pub const OMA: &str = "oma";

/// Until the beginning of which year the list of certificates that were taken back holds: as long as they do.
const LISTED_UNTIL: i32 = 2100;

/// Who looks after the gateway's deliveries.
pub const OPERATOR: &str = "yllapito";

/// Client certificates of all that call over gRPC.
#[derive(Debug, Clone)]
pub struct Identities {
    /// Of [`OHJAAMO`].
    pub ohjaamo: Identity,
    /// Of [`TE`].
    pub te: Identity,
    /// Of [`KELA`].
    pub kela: Identity,
    /// Of [`OMA`].
    pub oma: Identity,
    /// Of an operator of the gateway.
    pub operator: Identity,
    /// Of an organisation that the authority has certified and the gateway does not know.
    pub stranger: Identity,
}

/// An agency beside those that every world has: a simulator of any registered kind.
#[derive(Debug, Clone)]
pub struct AddedAgency {
    /// Its id.
    pub id: String,
    /// As `adapter` in the configuration.
    pub kind: String,
    /// One of the manners in which its simulator can be spoken to.
    pub manner: String,
    /// How somebody can be sure that a message has not taken effect twice; what is usual for the kind when absent.
    pub repetition: Option<Repetition>,
    /// As `sector` in the configuration.
    pub sector: String,
    /// As `standing` in the configuration.
    pub standing: String,
    /// Its units.
    pub units: Vec<String>,
    /// With whom it exchanges data, both ways.
    pub agreements: Vec<String>,
}

impl AddedAgency {
    /// An authority of this kind, with one unit, that exchanges data with [`OHJAAMO`].
    #[must_use]
    pub fn new(id: &str, kind: &str, manner: &str, sector: &str) -> Self {
        Self {
            id: id.to_owned(),
            kind: kind.to_owned(),
            manner: manner.to_owned(),
            repetition: None,
            sector: sector.to_owned(),
            standing: "authority".to_owned(),
            units: vec!["yksikko-1".to_owned()],
            agreements: vec![OHJAAMO.to_owned()],
        }
    }
}

/// An agency beside those that every world has, running.
#[derive(Debug)]
pub struct RunningAgency {
    /// The agency.
    pub simulator: Box<dyn SimulatedAgency>,
    /// The client certificate with which its system calls the inbound listener, where it shows one.
    pub caller: Identity,
    /// The client certificate with which it calls over gRPC.
    pub identity: Identity,
}

/// The agencies, the certificates and the folder of one gateway, which may be running or not.
#[derive(Debug)]
pub struct World {
    folder: PathBuf,
    pki: Pki,
    /// The employment services.
    pub te: TeSimulator,
    /// The youth workshop's case management.
    pub walmu: WalmuSimulator,
    /// Who may call.
    pub identities: Identities,
    /// The agencies beside those that every world has, by id.
    pub agencies: BTreeMap<String, RunningAgency>,
    database: Option<String>,
}

/// A gateway that runs in this process.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub bound: Bound,
    reload: Reload,
    shutdown: Shutdown,
    task: JoinHandle<()>,
}

impl World {
    /// Makes certificates, starts the agencies and writes the gateway's configuration into the folder.
    ///
    /// # Errors
    /// Fails when a file cannot be written or a socket cannot be opened.
    pub fn make(folder: &Path, settings: &WorldSettings) -> Result<Self> {
        let pki = Pki::new()?;
        let identities = Identities {
            ohjaamo: pki.issue_client("ohjaamo.example")?,
            te: pki.issue_client("te.example")?,
            kela: pki.issue_client("kela.example")?,
            oma: pki.issue_client("oma.example")?,
            operator: pki.issue_client("yllapito.example")?,
            stranger: pki.issue_client("stranger.example")?,
        };
        let tls = || -> Result<SimulatorTls> {
            let authority_pem = pki.authority_pem().to_owned();
            Ok(SimulatorTls { server: pki.issue_server(&["localhost"])?, authority_pem })
        };
        let official = pki.issue_client("te-security-server.example")?;
        let repetition = settings.te_repetition;
        let clock = || settings.clock.clone();
        let te = TeSimulator::start(TeSettings {
            repetition,
            clock: clock(),
            ..TeSettings::new(tls()?, official)
        })?;
        let walmu_secret = "a-synthetic-client-secret";
        let webhook_secret = "a-synthetic-webhook-secret-of-enough-bytes";
        let of_walmu = WalmuSettings::new(tls()?, walmu_secret, webhook_secret.as_bytes());
        let walmu = WalmuSimulator::start(WalmuSettings { clock: clock(), ..of_walmu })?;

        let mut agencies = BTreeMap::new();
        for AddedAgency { id, kind, repetition, .. } in &settings.agencies {
            let caller = pki.issue_client(&format!("{id}-system.example"))?;
            let setup = Setup {
                tls: tls()?,
                caller: caller.clone(),
                clock: clock(),
                ledger: Ledger::new(),
                repetition: *repetition,
                port: 0,
            };
            let simulator = simulators::start(kind, setup)?;
            let simulator = simulator.with_context(|| format!("no simulator of kind {kind}"))?;
            let identity = match id.as_str() {
                KELA => identities.kela.clone(),
                _ => pki.issue_client(&format!("{id}.example"))?,
            };
            agencies.insert(id.clone(), RunningAgency { simulator, caller, identity });
        }

        let database = match settings.database {
            Database::Embedded => None,
            Database::Server => Some(Cluster::shared()?.database()?.database),
        };
        let world = Self { folder: folder.to_owned(), pki, te, walmu, identities, agencies, database };
        world.write_files(settings, walmu_secret, webhook_secret)?;
        Ok(world)
    }

    /// The gateway's configuration file.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.folder.join("polku.toml")
    }

    /// The folder of this world.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of the database on the server, where there is one.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The certificate authority of this world, PEM.
    #[must_use]
    pub fn authority_pem(&self) -> &str {
        self.pki.authority_pem()
    }

    /// The authority itself, for certificates and lists that are not as they should be.
    #[must_use]
    pub fn authority(&self) -> &Pki {
        &self.pki
    }

    /// A certificate of this world's authority that ran out long ago.
    ///
    /// # Errors
    /// Fails when no key can be made.
    pub fn issue_expired_client(&self, common_name: &str) -> Result<Identity> {
        self.pki.issue_expired_client(common_name)
    }

    /// Takes these certificates back, and no others: writes the list of the authority anew, in one go.
    ///
    /// # Errors
    /// Fails when the list cannot be signed or written.
    pub fn take_back(&self, identities: &[&Identity]) -> Result<()> {
        let list = self.pki.revocation_list(identities, LISTED_UNTIL)?;
        let next = self.folder.join("ca.crl.next");
        std::fs::write(&next, list)?;
        std::fs::rename(next, self.folder.join("ca.crl.pem")).context("the list cannot be written")
    }

    /// Writes another certificate of the gateway over the one that it has, with its key.
    ///
    /// # Errors
    /// Fails when it cannot be issued or written.
    pub fn renew_certificate(&self) -> Result<()> {
        let Identity { certificate_pem, key_pem, .. } = self.pki.issue_server(&["localhost"])?;
        std::fs::write(self.folder.join("gateway.crt.pem"), certificate_pem)?;
        std::fs::write(self.folder.join("gateway.key.pem"), key_pem).context("the key cannot be written")
    }

    /// Starts the gateway in this process, on the host's clock.
    ///
    /// # Errors
    /// Fails when the gateway does not start.
    pub async fn start(&self) -> Result<Running> {
        self.start_at(Arc::new(SystemClock)).await
    }

    /// Starts the gateway in this process, on a clock of the caller's.
    ///
    /// # Errors
    /// Fails when the gateway does not start.
    pub async fn start_at(&self, clock: Arc<dyn Clock>) -> Result<Running> {
        log_to_output();
        let config = Config::load(&self.config_file()).context("the world's configuration is refused")?;
        let started = serve::start(config, clock).await?;
        let bound = started.bound();
        self.connect_agencies(bound);
        let (reload, shutdown) = (Reload::new(), Shutdown::new());
        let task = tokio::spawn(started.run(shutdown.clone(), reload.clone()));
        Ok(Running { bound, reload, shutdown, task })
    }

    /// The store of this world's gateway, which is not running.
    ///
    /// # Errors
    /// Fails when it cannot be opened.
    pub async fn store(&self) -> Result<Arc<dyn Store>> {
        let config = Config::load(&self.config_file()).context("the world's configuration is refused")?;
        Ok(serve::store(&config).await?)
    }

    /// Tells the agencies where the gateway listens.
    pub fn connect_agencies(&self, bound: Bound) {
        let inbound = |agency: &str| format!("https://localhost:{}/inbound/{agency}", bound.inbound.port());
        self.te.connect_gateway(&inbound(TE));
        self.walmu.connect_gateway(&inbound(PAJA));
        for (id, agency) in &self.agencies {
            agency.simulator.point_at(&inbound(id));
        }
    }

    /// A client of the gateway.
    ///
    /// # Errors
    /// Fails when the certificates cannot be used.
    pub fn client(&self, grpc: SocketAddr, identity: &Identity) -> Result<Client> {
        Client::new(self.authority_pem(), identity, grpc)
    }

    /// The system of the guidance point, with a guidance worker at it.
    ///
    /// # Errors
    /// As [`World::client`].
    pub fn guidance_worker(&self, grpc: SocketAddr) -> Result<Client> {
        let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
        Ok(self.client(grpc, &self.identities.ohjaamo)?.acting(&worker))
    }

    fn write_files(&self, settings: &WorldSettings, walmu_secret: &str, webhook_secret: &str) -> Result<()> {
        let folder = &self.folder;
        self.pki.write_authority(folder, "ca")?;
        self.take_back(&[])?;
        self.pki.issue_server(&["localhost"])?.write(folder, "gateway")?;
        for agency in self.agencies.keys().map(String::as_str).chain([TE]) {
            self.pki.issue_client("polku.example")?.write(folder, &certificate_for(agency))?;
        }
        let ids = &self.identities;
        let written = [
            (OHJAAMO, &ids.ohjaamo),
            (TE, &ids.te),
            (KELA, &ids.kela),
            (OMA, &ids.oma),
            (OPERATOR, &ids.operator),
        ];
        for (name, identity) in written {
            identity.write(folder, name)?;
        }
        pki::write_private(&folder.join("walmu-client.secret"), walmu_secret)?;
        pki::write_private(&folder.join("walmu-webhook.secret"), webhook_secret)?;
        Keys::generate_into(&folder.join("keys"))?;
        let mut text = config::text(settings, self)?;
        for added in &settings.agencies {
            let RunningAgency { simulator, identity, caller: _ } =
                self.agencies.get(&added.id).context("an agency was not started")?;
            text += &config::added(added, simulator.as_ref(), identity, folder, settings.answer_ms)?;
        }
        if let Some(directory) = &settings.directory {
            text += &directory::written(directory, folder)?;
        }
        if let Some(database) = &self.database {
            text += &Cluster::shared()?.written(database, folder)?;
        }
        std::fs::write(self.config_file(), text).context("the configuration cannot be written")
    }
}

impl Running {
    /// Has keys, rules and service directory read anew, as SIGHUP has a gateway do that is a process.
    pub fn reload(&self) {
        self.reload.ask();
    }

    /// Stops the gateway and waits until it has finished what was under way.
    ///
    /// # Errors
    /// Fails when the gateway ended abnormally.
    pub async fn stop(self) -> Result<()> {
        self.shutdown.begin();
        self.task.await.context("the gateway ended abnormally")
    }
}

/// Lets what is logged in this process stand in the output of the running test, where `tests/run` searches it.
fn log_to_output() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let log = tracing_subscriber::fmt().with_env_filter(EnvFilter::new("warn,polku=debug"));
        // Whoever has begun a log already, as the sandbox has, keeps it.
        let _ = log.with_ansi(false).with_test_writer().try_init();
    });
}

/// An official of the employment services, for updates in their own protocol.
#[must_use]
pub fn official() -> Official {
    Official::new("virkailija-7", "nuorten-palvelut")
}
