//! How is a gateway built from its configuration, and run?

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use polku_adapters::transport::http::Network;
use polku_policy::Engine;
use polku_proto::CategorySet;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;
use tonic::service::Routes;

use crate::audit::tlog::{self, Pin, Publisher, SigningKey, TlogError};
use crate::audit::{self, AuditError, AuditLog, Order as _, OrderError, Recovery};
use crate::caller::Callers;
use crate::clock::{Clock, ClockBehind, ForwardClock, SystemClock};
use crate::config::files::with_absolute_files;
use crate::config::{AgencyEntry, Config};
use crate::directory::{DirectoryError, ServiceDirectory};
use crate::error::Error;
use crate::front::{Bound, Front, FrontError, Health, Limits, Open, Shutdown};
use crate::gateway::{Gateway, Parts, System};
use crate::machine::Machine;
use crate::policy_files::{self, PolicyFilesError, Writer};
use crate::reload::{self, Reload, Reloadable};
use crate::rotation::MasterKeyError;
use crate::seal::{KeyError, Keys};
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::{self, SqliteStore};
use crate::store::{Store, StoreError};
use crate::{certificates, control, outbox, publish, rotation, services, several, trail};

/// How often the gateway looks at itself.
const LOOK: Duration = Duration::from_secs(1);

/// How long its store may take to answer when it does.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is written down what the policy has been asked.
const RECORD: Duration = Duration::from_secs(60);

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder for the store cannot be made.
    #[error("the store's folder cannot be made")]
    Folder(#[source] std::io::Error),
    /// The keys cannot be read.
    #[error("the keys cannot be read")]
    Keys(#[source] KeyError),
    /// What is stored does not open by the master keys that are here.
    #[error("the master keys are not those of the store")]
    MasterKey(#[source] MasterKeyError),
    /// The store cannot be opened.
    #[error("the store cannot be opened")]
    Store(#[source] StoreError),
    /// The folder is that of a gateway with an embedded store, and the configuration names a database server.
    #[error(
        "{} is an embedded store, and what is in it does not move to a database server: name another folder as \
         store.directory, or take [store.postgres] out",
        .0.display()
    )]
    Embedded(PathBuf),
    /// The audit log cannot be opened.
    #[error("the audit log cannot be opened")]
    Audit(#[source] AuditError),
    /// The audit log does not fit what was published of it, or cannot be published.
    #[error("the audit log cannot be published")]
    Published(#[source] TlogError),
    /// The audit log is not the one that is pinned: it was cut, or an older copy of the store stands in its place.
    #[error(
        "an older copy of the store, or another audit log, stands in its place: bring the newest one back, or have the loss \
         written down by `polku audit accept-loss`"
    )]
    Pinned(#[source] TlogError),
    /// The database is older than the audit log: consents that were withdrawn would be in force again.
    #[error(
        "the database is older than the audit log, which tells of changes that are not in it: bring the newest one back, or \
         answer for it by `polku audit accept-older`"
    )]
    Older,
    /// The clock of the host is wrong: consents that have expired would be in force again.
    #[error("the time of the host cannot be trusted")]
    Clock(#[source] ClockBehind),
    /// The rules are refused.
    #[error("the policy cannot be used")]
    Policy(#[source] PolicyFilesError),
    /// The service directory is refused.
    #[error("the service directory cannot be used")]
    Directory(#[source] DirectoryError),
    /// An agency's adapter cannot be made.
    #[error("the adapter of agency {agency} cannot be made")]
    Adapter {
        /// Which agency.
        agency: polku_proto::AgencyId,
        /// Why.
        #[source]
        source: polku_adapters::BuildError,
    },
    /// What was stored cannot be brought back.
    #[error("the stored state cannot be read")]
    State(#[source] Error),
    /// The ports cannot be opened.
    #[error("the listeners cannot be opened")]
    Front(#[source] FrontError),
}

/// Runs a gateway on the host's clock until told to stop. `ready` is told the open addresses; `wish` tells when files
/// are to be read anew.
///
/// # Errors
/// [`StartError`].
pub async fn serve(
    config: Config,
    shutdown: Shutdown,
    wish: Reload,
    ready: impl FnOnce(Bound),
) -> Result<(), StartError> {
    let started = start(config, Arc::new(SystemClock)).await?;
    ready(started.bound());
    started.run(shutdown, wish).await;
    Ok(())
}

/// A gateway that is put together. No port is open.
#[derive(Debug)]
pub struct Prepared {
    gateway: Arc<Gateway>,
    front: Front,
    files: Reloadable,
    decisions: Arc<Mutex<Writer>>,
    publisher: Publisher,
    store: PathBuf,
}

/// A gateway whose ports are open and whose work has not begun.
#[derive(Debug)]
pub struct Started {
    gateway: Arc<Gateway>,
    front: Open,
    files: Reloadable,
    decisions: Arc<Mutex<Writer>>,
    publisher: Publisher,
    store: PathBuf,
}

/// Builds everything and opens the ports.
///
/// # Errors
/// [`StartError`]; no port is left open then.
pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Started, StartError> {
    let engine = engine(&config)?;
    prepare(config, engine, clock, Machine::default()).await?.open().await
}

/// Reads the rules that the configuration names.
///
/// # Errors
/// [`StartError::Policy`].
pub fn engine(config: &Config) -> Result<Arc<Engine>, StartError> {
    let engine = policy_files::engine(config.rules.as_deref(), config.directory.clone());
    Ok(Arc::new(engine.map_err(StartError::Policy)?))
}

/// Builds everything on a machine, to decide by these rules.
///
/// # Errors
/// [`StartError`].
pub async fn prepare(
    config: Config,
    engine: Arc<Engine>,
    clock: Arc<dyn Clock>,
    machine: Machine,
) -> Result<Prepared, StartError> {
    std::fs::create_dir_all(&config.store).map_err(StartError::Folder)?;
    let keys = Keys::load(&config.keys).map_err(StartError::Keys)?;
    let log_key = SigningKey::load(&config.keys.join(tlog::KEY_FILE), tlog::Signature::Log);
    let log_key = log_key.map_err(StartError::Keys)?;
    let files = Reloadable {
        config: config.file.clone(),
        keys: config.keys.clone(),
        rules: config.rules.clone(),
        directory: config.service_directory.clone(),
        tls: config.tls.clone().into(),
    };
    let (agencies, units) = (&config.directory, &config.units);
    let service_directory = ServiceDirectory::load_or_empty(files.directory.as_deref(), agencies, units)
        .map_err(StartError::Directory)?;
    let (audit, recovery, store) = log_and_store(&config, &machine).await?;
    tracing::info!(leaves = recovery.leaves, torn_bytes = recovery.torn_bytes, "audit log opened");
    // Before anything is added to it.
    let pin = config.pinned_checkpoint.clone().map(Pin::at);
    if let Some(pin) = &pin
        && !pin.expect(&audit, log_key.verifier()).map_err(StartError::Pinned)?
    {
        tracing::warn!(
            leaves = recovery.leaves,
            "no checkpoint is pinned yet: the audit log is taken as it is"
        );
    }
    let settled = trail::Settled::read(&config.store);
    let behind = trail::Behind::look(store.as_ref(), &audit, settled).await;
    if behind.map_err(StartError::State)?.is_older {
        return Err(StartError::Older);
    }
    let last = audit.last_time().map_err(StartError::Audit)?;
    let forward = ForwardClock::after(Arc::clone(&clock), last).map_err(StartError::Clock)?;
    rotation::check(store.as_ref(), &keys).await.map_err(StartError::MasterKey)?;
    let adapters = adapters_over(&machine.network, &config)?;
    let controllers = config.agencies.iter().map(|entry| (entry.id.clone(), entry.controller.clone()));
    let agencies = adapters.iter().map(|system| system.adapter.agency().clone()).collect();
    let parts = Parts {
        clock: forward,
        store,
        audit,
        keys,
        engine,
        directory: config.directory,
        service_directory,
        routing: config.routing,
        controllers: controllers.collect(),
        units: config.units,
        adapters,
        quota: config.quota,
        delivery: config.delivery,
        plan: config.plan,
        journey: config.journey,
        delays: config.delays,
        retention: config.retention,
    };
    let gateway = Gateway::open_on(parts, machine).await.map_err(StartError::State)?;
    // After the store has said whether this is its log.
    let publisher = Publisher::open(&gateway.audit, config.store.join(tlog::FOLDER), log_key);
    let publisher = publisher.and_then(|publisher| match pin {
        Some(pin) => publisher.pinned(pin),
        None => Ok(publisher),
    });
    let publisher = publisher.map_err(StartError::Published)?;
    policy_files::note_start(&gateway, files.rules.as_deref()).await.map_err(StartError::State)?;
    rotation::note(&gateway).await.map_err(StartError::State)?;
    let callers = Arc::new(Callers::new(&config.organisations, &config.operators));
    let front = Front {
        listen: config.listen,
        tls: files.tls.clone(),
        limits: Limits::default(),
        routes: services::routes(Arc::clone(&gateway), callers),
        agencies,
        inbound: Arc::clone(&gateway) as Arc<dyn crate::front::InboundHandler>,
        clock,
    };
    let decisions = Arc::new(Mutex::new(Writer::into_folder(&config.store)));
    Ok(Prepared { gateway, front, files, decisions, publisher, store: config.store })
}

/// Opens the audit log, and the store that the configuration names. With a database server, that has the log of all
/// gateways on it, and each of them a copy in its own folder.
async fn log_and_store(
    config: &Config,
    machine: &Machine,
) -> Result<(AuditLog, Recovery, Arc<dyn Store>), StartError> {
    let path = config.store.join(audit::FILE);
    let Some(settings) = &config.database else {
        // The log first: it lets in one process only, and the store takes over the work of the one before.
        let opened = match config.audit_buffer {
            Some(longest) => AuditLog::open_buffered(&path, longest),
            None => AuditLog::open_on(&path, &machine.blocking),
        };
        let (audit, recovery) = opened.map_err(StartError::Audit)?;
        let store =
            SqliteStore::open_on(&config.store.join(sqlite::FILE), &machine.blocking, machine.durability);
        return Ok((audit, recovery, Arc::new(store.map_err(StartError::Store)?)));
    };
    // Nothing of it would be known, and its log would be taken for that of another database.
    let embedded = config.store.join(sqlite::FILE);
    if embedded.exists() {
        return Err(StartError::Embedded(embedded));
    }
    let store = PostgresStore::open(settings).await.map_err(StartError::Store)?;
    let (audit, recovery) = log_among(&path, &store).await.map_err(StartError::Audit)?;
    Ok((audit, recovery, Arc::new(store)))
}

/// Opens the log of all gateways, with the copy of it in this file.
pub(crate) async fn log_among(
    path: &Path,
    store: &PostgresStore,
) -> Result<(AuditLog, Recovery), AuditError> {
    let mut leaves = store.leaves();
    let seen = store.reconciled().await.map_err(|error| AuditError::Order(OrderError::of(&error)))?;
    let head = leaves.head().await.map_err(AuditError::Order)?;
    if seen.until > 0 && head.size == 0 && path.exists() {
        // Of a release that had the log in the folder of its one gateway.
        AuditLog::give(path, &mut leaves).await?;
    }
    AuditLog::open_among(path, Box::new(leaves)).await
}

/// Opens the store that the configuration names.
///
/// # Errors
/// Those of the back end's `open`.
pub async fn store(config: &Config) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match &config.database {
        Some(settings) => Arc::new(PostgresStore::open(settings).await?),
        None => Arc::new(SqliteStore::open(&config.store.join(sqlite::FILE))?),
    })
}

impl Prepared {
    /// What works on what is queued, and takes in what agencies send.
    #[must_use]
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// The services of the contract.
    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.front.routes
    }

    /// Opens the ports.
    ///
    /// # Errors
    /// [`StartError::Front`]; no port is left open then.
    pub async fn open(self) -> Result<Started, StartError> {
        let Self { gateway, front, files, decisions, publisher, store } = self;
        let front = front.open().await.map_err(StartError::Front)?;
        Ok(Started { gateway, front, files, decisions, publisher, store })
    }
}

impl Started {
    /// The addresses that were opened.
    #[must_use]
    pub fn bound(&self) -> Bound {
        self.front.bound()
    }

    /// Serves and delivers until told to stop; then finishes what is under way. `wish` tells when files are to be read
    /// anew.
    pub async fn run(self, shutdown: Shutdown, wish: Reload) {
        let (stop, stopped) = watch::channel(false);
        let publisher = Arc::new(Mutex::new(self.publisher));
        let publishing =
            tokio::spawn(publish::run(Arc::clone(&self.gateway), Arc::clone(&publisher), stopped.clone()));
        let follower = tokio::spawn(several::follow(Arc::clone(&self.gateway), stopped.clone()));
        let settling = trail::settled::follow(Arc::clone(&self.gateway), self.store.clone(), stopped.clone());
        let settling = tokio::spawn(settling);
        let (last, lasting) = watch::channel(None);
        let outbox = tokio::spawn(outbox::run(Arc::clone(&self.gateway), lasting));
        let watchman = tokio::spawn(watch_over(Arc::clone(&self.gateway), self.front.health()));
        let decisions = self.decisions;
        let control = tokio::spawn(control::run(Arc::clone(&self.gateway), self.store.clone()));
        let certificates = [
            tokio::spawn(self.files.tls.clone().follow()),
            tokio::spawn(certificates::follow(Arc::clone(&self.gateway))),
        ];
        let rotation = tokio::spawn(rotation::run(Arc::clone(&self.gateway), self.files.keys.clone()));
        let reloading = reload::follow(Arc::clone(&self.gateway), self.files, Arc::clone(&decisions), wish);
        let reloading = tokio::spawn(reloading);
        let recorder = tokio::spawn(record(Arc::clone(&self.gateway), Arc::clone(&decisions)));
        let attempt = self.gateway.delivery.attempt;
        outbox::after(self.front.serve(shutdown.clone()), &shutdown, attempt, last).await;
        watchman.abort();
        follower.abort();
        recorder.abort();
        control.abort();
        for following in certificates {
            following.abort();
        }
        rotation.abort();
        reloading.abort();
        let _ = stop.send(true);
        // It works on nothing any more when what is open in the log is closed.
        if let Err(error) = outbox.await {
            tracing::error!(%error, "the outbox ended abnormally");
        }
        // What calls that were cut off have handed to the store comes before the logs are closed.
        match timeout(PATIENCE, self.gateway.store.try_writing()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => services::status::log(&error.into()),
            Err(_) => tracing::warn!("what was under way in the store was not waited for any longer"),
        }
        policy_files::write_down(self.gateway.engine(), &decisions).await;
        // Before the mark of where the store is: from there on nothing is looked at.
        if settling.await.is_ok()
            && let Err(error) = trail::settled::note(&self.gateway, &self.store, 0).await
        {
            tracing::error!(
                reason = error.reason(),
                "it could not be noted how far the audit log is settled"
            );
        }
        if let Err(error) = trail::close_unfinished(&self.gateway).await {
            tracing::error!(reason = error.reason(), "the audit log could not be marked");
        }
        if let Err(error) = publishing.await {
            tracing::error!(%error, "publishing the audit log ended abnormally");
        }
        let _ = publish::publish(&self.gateway, &publisher).await;
    }
}

/// Without its store and without an audit log nothing is disclosed, and without a master key nothing of those whose keys it
/// wraps: then the gateway says that it does not serve. What cannot be written now can come back, an audit log that is
/// broken cannot.
async fn watch_over(gateway: Arc<Gateway>, health: Health) {
    let mut well = true;
    while !gateway.audit.is_broken() {
        let trouble = trouble(&gateway).await;
        match trouble {
            None if !well => {
                tracing::info!("store and audit log can be written again, and every key is here");
                health.serving().await;
            }
            Some(what) if well => {
                tracing::error!("{what}: calls are refused until that is put right");
                health.not_serving().await;
            }
            None | Some(_) => {}
        }
        well = trouble.is_none();
        tokio::time::sleep(LOOK).await;
    }
    tracing::error!("the audit log is broken: every call is refused until the gateway is started again");
    health.not_serving().await;
}

/// What does not work. Reading goes on where nothing can be written any more, so it is written.
async fn trouble(gateway: &Arc<Gateway>) -> Option<&'static str> {
    let log = Arc::clone(gateway);
    if !matches!(tokio::task::spawn_blocking(move || log.audit.is_writable()).await, Ok(true)) {
        return Some("the audit log cannot be written");
    }
    let written = timeout(PATIENCE, gateway.store.try_writing()).await;
    if !matches!(written, Ok(Ok(()))) {
        return Some("the store cannot be written");
    }
    let is_whole = gateway.has_master_keys.load(Ordering::Relaxed);
    (!is_whole).then_some("a master key is missing that another gateway uses")
}

/// Writes down every minute what the policy has been asked.
async fn record(gateway: Arc<Gateway>, decisions: Arc<Mutex<Writer>>) {
    // It is open from the beginning: later there may be no descriptor left for it.
    keep_index(&gateway).await;
    loop {
        tokio::time::sleep(RECORD).await;
        policy_files::write_down(gateway.engine(), &decisions).await;
        keep_index(&gateway).await;
    }
}

/// Who asks who has seen their data does not wait for all that has come into the log since somebody asked before.
async fn keep_index(gateway: &Gateway) {
    let subjects = gateway.audit.subjects();
    match tokio::task::spawn_blocking(move || subjects.catch_up()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "the index of the audit log cannot be kept"),
        Err(error) => tracing::error!(%error, "keeping the index of the audit log ended abnormally"),
    }
}

/// The adapters of all agencies that have one.
///
/// # Errors
/// [`StartError::Adapter`].
pub fn adapters(config: &Config) -> Result<Vec<System>, StartError> {
    adapters_over(&Network::Tls, config)
}

fn adapters_over(network: &Network, config: &Config) -> Result<Vec<System>, StartError> {
    config.agencies.iter().filter_map(|agency| system(network, config, agency).transpose()).collect()
}

/// What is wrong with adapters, each with the place of its agency in the configuration.
#[must_use]
pub fn adapter_errors(config: &Config) -> Vec<(usize, StartError)> {
    let systems = config.agencies.iter().map(|agency| system(&Network::Tls, config, agency));
    systems.enumerate().filter_map(|(index, system)| Some((index, system.err()?))).collect()
}

fn system(network: &Network, config: &Config, agency: &AgencyEntry) -> Result<Option<System>, StartError> {
    let Some(entry) = &agency.adapter else { return Ok(None) };
    let settings = with_absolute_files(entry.settings.clone(), &config.folder);
    let adapter = polku_adapters::build_over(network, &entry.kind, agency.id.clone(), settings)
        .map_err(|source| StartError::Adapter { agency: agency.id.clone(), source })?;
    let kind = polku_adapters::kinds().iter().find(|kind| kind.id == entry.kind);
    let delivers = kind.map_or(&[] as &[_], |kind| kind.delivers);
    let fetches = kind.map_or(CategorySet::EMPTY, |kind| kind.fetches);
    Ok(Some(System { adapter, delivers, fetches }))
}
