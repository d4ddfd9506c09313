//! How is a gateway built from its configuration, and run?

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use polku_proto::CategorySet;
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

use crate::audit::tlog::{self, Publisher, SigningKey, TlogError};
use crate::audit::{AuditError, AuditLog};
use crate::caller::Callers;
use crate::clock::{Clock, ClockBehind, ForwardClock, SystemClock};
use crate::config::Config;
use crate::directory::{DirectoryError, ServiceDirectory};
use crate::error::Error;
use crate::front::{Bound, Front, FrontError, Health, Limits, Open, Quotas, Shutdown};
use crate::gateway::{Gateway, Parts, System};
use crate::policy_files::{self, PolicyFilesError, Writer};
use crate::reload::{self, Reload, Reloadable};
use crate::seal::{KeyError, Keys};
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreError};
use crate::{outbox, publish, services, trail};

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
    /// The store cannot be opened.
    #[error("the store cannot be opened")]
    Store(#[source] StoreError),
    /// The audit log cannot be opened.
    #[error("the audit log cannot be opened")]
    Audit(#[source] AuditError),
    /// The audit log does not fit what was published of it, or cannot be published.
    #[error("the audit log cannot be published")]
    Published(#[source] TlogError),
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

/// Runs a gateway on the host's clock until told to stop. `ready` is told the open addresses; `wish` tells when the
/// policy rules and the service directory are to be read anew.
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
    let follower = tokio::spawn(reload::follow(Arc::clone(&started.gateway), started.files.clone(), wish));
    started.run(shutdown).await;
    follower.abort();
    Ok(())
}

/// A gateway whose ports are open and whose work has not begun.
#[derive(Debug)]
pub struct Started {
    gateway: Arc<Gateway>,
    front: Open,
    files: Reloadable,
    decisions: Writer,
    publisher: Publisher,
}

/// Builds everything and opens the ports.
///
/// # Errors
/// [`StartError`]; no port is left open then.
pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Started, StartError> {
    std::fs::create_dir_all(&config.store).map_err(StartError::Folder)?;
    let keys = Keys::load(&config.keys).map_err(StartError::Keys)?;
    let log_key = SigningKey::load(&config.keys.join(tlog::KEY_FILE), tlog::Signature::Log);
    let log_key = log_key.map_err(StartError::Keys)?;
    let files = Reloadable { rules: config.rules.clone(), directory: config.service_directory.clone() };
    let engine =
        policy_files::engine(files.rules.as_deref(), config.directory.clone()).map_err(StartError::Policy)?;
    let service_directory = ServiceDirectory::load_or_empty(files.directory.as_deref(), &config.directory)
        .map_err(StartError::Directory)?;
    // The log first: it lets in one process only, and the store takes over the work of the one before.
    let (audit, recovery) = AuditLog::open(&config.store.join("audit.log")).map_err(StartError::Audit)?;
    tracing::info!(leaves = recovery.leaves, torn_bytes = recovery.torn_bytes, "audit log opened");
    let last = audit.last_time().map_err(StartError::Audit)?;
    let forward = ForwardClock::after(Arc::clone(&clock), last).map_err(StartError::Clock)?;
    let store = store(&config).await.map_err(StartError::Store)?;
    let adapters = adapters(&config)?;
    let controllers = config.agencies.iter().map(|entry| (entry.id.clone(), entry.controller.clone()));
    let units = config.organisations.iter();
    let units = units.map(|organisation| (organisation.agency.clone(), organisation.units.clone()));
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
        units: units.collect(),
        adapters,
        delivery: config.delivery,
        plan: config.plan,
        journey: config.journey,
        delays: config.delays,
    };
    let gateway = Gateway::open(parts).await.map_err(StartError::State)?;
    // After the store has said whether this is its log.
    let publisher = Publisher::open(&gateway.audit, config.store.join(tlog::FOLDER), log_key);
    let publisher = publisher.map_err(StartError::Published)?;
    policy_files::note_start(&gateway, files.rules.as_deref()).await.map_err(StartError::State)?;
    let callers = Arc::new(Callers::new(&config.organisations));
    let quotas = Arc::new(Quotas::new(config.quota));
    let front = Front {
        listen: config.listen,
        tls: config.tls,
        limits: Limits::default(),
        routes: services::routes(Arc::clone(&gateway), callers, quotas),
        agencies,
        inbound: Arc::clone(&gateway) as Arc<dyn crate::front::InboundHandler>,
        clock,
    };
    let front = front.open().await.map_err(StartError::Front)?;
    let decisions = Writer::into_folder(&config.store);
    Ok(Started { gateway, front, files, decisions, publisher })
}

/// Opens the store that the configuration names.
///
/// # Errors
/// Those of the back end's `open`.
pub async fn store(config: &Config) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match &config.database {
        Some(settings) => Arc::new(PostgresStore::open(settings).await?),
        None => Arc::new(SqliteStore::open(&config.store.join("polku.db"))?),
    })
}

impl Started {
    /// The addresses that were opened.
    #[must_use]
    pub fn bound(&self) -> Bound {
        self.front.bound()
    }

    /// Serves and delivers until told to stop; then finishes what is under way.
    pub async fn run(self, shutdown: Shutdown) {
        let (stop, stopped) = watch::channel(false);
        let publisher = Arc::new(Mutex::new(self.publisher));
        let publishing =
            tokio::spawn(publish::run(Arc::clone(&self.gateway), Arc::clone(&publisher), stopped.clone()));
        let outbox = tokio::spawn(outbox::run(Arc::clone(&self.gateway), stopped));
        let watchman = tokio::spawn(watch_over(Arc::clone(&self.gateway), self.front.health()));
        let decisions = Arc::new(Mutex::new(self.decisions));
        let recorder = tokio::spawn(record(Arc::clone(&self.gateway), Arc::clone(&decisions)));
        self.front.serve(shutdown).await;
        watchman.abort();
        recorder.abort();
        // Deliveries go on until nobody can ask for new ones.
        let _ = stop.send(true);
        if let Err(error) = outbox.await {
            tracing::error!(%error, "the outbox ended abnormally");
        }
        write_down(&self.gateway, &decisions).await;
        if let Err(error) = trail::close_unfinished(&self.gateway).await {
            tracing::error!(reason = error.reason(), "the audit log could not be marked");
        }
        if let Err(error) = publishing.await {
            tracing::error!(%error, "publishing the audit log ended abnormally");
        }
        let _ = publish::publish(&self.gateway, &publisher).await;
    }
}

/// Without its store and without an audit log nothing is disclosed: then the gateway says that it does not serve. A
/// store can come back, an audit log that is broken cannot.
async fn watch_over(gateway: Arc<Gateway>, health: Health) {
    let mut answered = true;
    while !gateway.audit.is_broken() {
        let answers = matches!(timeout(PATIENCE, gateway.store.reconciled()).await, Ok(Ok(_)));
        if answers && !answered {
            tracing::info!("the store answers again");
            health.serving().await;
        }
        if !answers && answered {
            tracing::error!("the store does not answer: calls are refused until it does");
            health.not_serving().await;
        }
        answered = answers;
        tokio::time::sleep(LOOK).await;
    }
    tracing::error!("the audit log is broken: every call is refused until the gateway is started again");
    health.not_serving().await;
}

/// Writes down every minute what the policy has been asked.
async fn record(gateway: Arc<Gateway>, decisions: Arc<Mutex<Writer>>) {
    loop {
        tokio::time::sleep(RECORD).await;
        write_down(&gateway, &decisions).await;
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

/// Without the file everything goes on: it is for trying out other rules.
async fn write_down(gateway: &Gateway, decisions: &Arc<Mutex<Writer>>) {
    let (engine, mut decisions) = (gateway.engine(), Arc::clone(decisions).lock_owned().await);
    match tokio::task::spawn_blocking(move || decisions.write(&engine)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "recorded decisions cannot be written"),
        Err(error) => tracing::error!(%error, "writing recorded decisions ended abnormally"),
    }
}

/// The adapters of all agencies that have one.
///
/// # Errors
/// [`StartError::Adapter`].
pub fn adapters(config: &Config) -> Result<Vec<System>, StartError> {
    let mut adapters = Vec::new();
    for agency in &config.agencies {
        let Some(entry) = &agency.adapter else { continue };
        let settings = with_absolute_files(entry.settings.clone(), &config.folder);
        let adapter = polku_adapters::build(&entry.kind, agency.id.clone(), settings)
            .map_err(|source| StartError::Adapter { agency: agency.id.clone(), source })?;
        let kind = polku_adapters::kinds().iter().find(|kind| kind.id == entry.kind);
        let delivers = kind.map_or(&[] as &[_], |kind| kind.delivers);
        let fetches = kind.map_or(CategorySet::EMPTY, |kind| kind.fetches);
        adapters.push(System { adapter, delivers, fetches });
    }
    Ok(adapters)
}

/// File names in an adapter's settings are relative to the configuration file, like all others.
fn with_absolute_files(mut settings: toml::Table, folder: &Path) -> toml::Table {
    for (key, value) in &mut settings {
        match value {
            toml::Value::String(file) if key.ends_with("_file") => {
                *value = folder.join(&*file).to_string_lossy().into_owned().into();
            }
            toml::Value::Table(inner) => *inner = with_absolute_files(std::mem::take(inner), folder),
            toml::Value::String(_)
            | toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_) => {}
        }
    }
    settings
}
