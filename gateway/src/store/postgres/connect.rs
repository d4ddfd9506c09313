//! How is a connection opened, and to which servers?

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Connect, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use jiff::Timestamp;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::fault::{Fault, failed};
use super::news::listen_on;
use crate::store::{Heard, StoreError};

/// How long opening a connection may take.
const OPEN: Duration = Duration::from_secs(5);

/// The oldest release, as the server numbers it.
const OLDEST: i64 = 150_000;

/// Limits of every session, milliseconds, and then seconds: a gateway that stands still within a transaction must not
/// hold up the others, and one whose machine is gone must not keep its locks.
const OPTIONS: &str = "-c statement_timeout=30000 -c lock_timeout=15000 -c idle_in_transaction_session_timeout=5000 \
    -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2";

/// Which database, and how it is reached.
#[derive(Clone)]
pub struct PostgresSettings {
    /// Where the server is.
    pub server: Server,
    /// Its port. Of a Unix socket it is a part of the name.
    pub port: u16,
    /// Name of the database.
    pub database: String,
    /// Name of the role, which owns the database.
    pub user: String,
    /// The role's password. `None`: the server knows the role otherwise.
    pub password: Option<Zeroizing<Vec<u8>>>,
    /// How many connections read at the same time. One more writes.
    pub readers: u32,
}

/// Where a server is.
#[derive(Clone)]
pub enum Server {
    /// On this machine, by a Unix socket in this folder.
    Socket(PathBuf),
    /// Over TLS, with a certificate for this name from one of these authorities alone.
    Tls {
        /// Host name or address.
        host: String,
        /// The authorities.
        authorities: Arc<RootCertStore>,
    },
}

impl fmt::Debug for PostgresSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresSettings")
            .field("server", &self.server)
            .field("port", &self.port)
            .field("database", &self.database)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| format_args!("(redacted)")))
            .field("readers", &self.readers)
            .finish()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Server::Socket(folder) => formatter.debug_tuple("Socket").field(folder).finish(),
            Server::Tls { host, .. } => {
                formatter.debug_struct("Tls").field("host", host).finish_non_exhaustive()
            }
        }
    }
}

/// Why a server cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("PostgreSQL {found} is too old: 15 is the oldest that is used")]
    Version { found: i64 },
    #[error("the server's setting {setting} is {found}, so a commit could be lost")]
    Durability { setting: &'static str, found: String },
    #[error("the database is not encoded in UTF-8 but in {found}")]
    Encoding { found: String },
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

/// Opens connections.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    purpose: Purpose,
}

/// What the connections of a pool are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It is read on them.
    Reading,
    /// Parts of all people are taken and given back on them, and nobody waits there for whoever is committing.
    Holds,
}

impl fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connector").finish_non_exhaustive()
    }
}

impl Connector {
    pub(super) fn new(settings: &PostgresSettings) -> Result<Connector, StoreError> {
        let mut config = Config::new();
        config
            .application_name("polku")
            .user(&settings.user)
            .dbname(&settings.database)
            .port(settings.port)
            .connect_timeout(OPEN)
            .tcp_user_timeout(Duration::from_secs(15))
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(2)
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .options(OPTIONS);
        if let Some(password) = &settings.password {
            config.password(password.as_slice());
        }
        let tls = match &settings.server {
            Server::Socket(folder) => {
                config.host_path(folder).ssl_mode(SslMode::Disable);
                None
            }
            Server::Tls { host, authorities } => {
                config.host(host).ssl_mode(SslMode::Require);
                Some(MakeRustlsConnect::new(client(authorities)?))
            }
        };
        Ok(Connector { config, tls, purpose: Purpose::Reading })
    }

    /// For the connections of another pool.
    pub(super) fn for_purpose(self, purpose: Purpose) -> Connector {
        Connector { purpose, ..self }
    }

    /// So many connections at most, opened as they are needed; whoever needs one waits for it so long at most.
    pub(super) fn pool(self, size: usize, patience: Duration) -> Result<Pool, StoreError> {
        let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_connect(self.config.clone(), self, settings))
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(patience))
            .create_timeout(Some(patience));
        pool.build().map_err(StoreError::failed)
    }

    /// Opens a connection on which it is written, to a server that keeps what it has committed.
    pub(super) async fn open(&self) -> Result<ClientWrapper, StoreError> {
        let opened = tokio::time::timeout(OPEN, self.connect_once()).await;
        let late = |_| StoreError::failed(Fault::Lost("it took too long to open one".to_owned()));
        let (client, task) = opened.map_err(late)?.map_err(failed)?;
        let client = ClientWrapper::new(client, task);
        expect_usable(&client).await?;
        Ok(client)
    }

    /// The time of the server, to the millisecond.
    pub(super) async fn time(&self) -> Result<Timestamp, StoreError> {
        let client = self.open().await?;
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8";
        let row = client.query_one(sql, &[]).await.map_err(failed)?;
        let milliseconds = row.try_get(0).map_err(failed)?;
        Timestamp::from_millisecond(milliseconds).map_err(StoreError::failed)
    }

    /// Hears what other gateways tell, until the connection is lost.
    pub(super) async fn listen(&self, own: Uuid, heard: &mpsc::Sender<Heard>) -> Result<(), Error> {
        let late = |_: &tokio::time::error::Elapsed| {
            tracing::warn!("it took too long to open a connection to hear other gateways on")
        };
        match &self.tls {
            None => {
                let opened = tokio::time::timeout(OPEN, self.config.connect(NoTls)).await;
                let Ok(opened) = opened.inspect_err(late) else { return Ok(()) };
                let (client, connection) = opened?;
                listen_on(client, connection, own, heard).await
            }
            Some(tls) => {
                let opened = tokio::time::timeout(OPEN, self.config.connect(tls.clone())).await;
                let Ok(opened) = opened.inspect_err(late) else { return Ok(()) };
                let (client, connection) = opened?;
                listen_on(client, connection, own, heard).await
            }
        }
    }

    async fn connect_once(&self) -> Result<(Client, JoinHandle<()>), Error> {
        Ok(match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
        })
    }
}

impl Connect for Connector {
    /// Opens a connection of a pool.
    fn connect(
        &self,
        _: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        Box::pin(async move {
            let (client, task) = self.connect_once().await?;
            client
                .batch_execute(match self.purpose {
                    Purpose::Reading => "SET default_transaction_read_only = on",
                    Purpose::Holds => "SET lock_timeout = 100",
                })
                .await?;
            Ok((client, task))
        })
    }
}

/// The authorities of the settings are trusted and no others.
fn client(authorities: &Arc<RootCertStore>) -> Result<ClientConfig, StoreError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::failed(Unusable::Tls(error)))?;
    Ok(builder.with_root_certificates(Arc::clone(authorities)).with_no_client_auth())
}

/// What is answered has to be on disk, there and on the standby if there is one that counts.
async fn expect_usable(client: &Client) -> Result<(), StoreError> {
    let sql = "SELECT current_setting('server_version_num')::int8, current_setting('server_encoding'),
        current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes')";
    let row = client.query_one(sql, &[]).await.map_err(failed)?;
    let text = |column| row.try_get::<_, String>(column).map_err(failed);
    let version: i64 = row.try_get(0).map_err(failed)?;
    if version < OLDEST {
        return Err(StoreError::failed(Unusable::Version { found: version }));
    }
    let encoding = text(1)?;
    if encoding != "UTF8" {
        return Err(StoreError::failed(Unusable::Encoding { found: encoding }));
    }
    for (column, setting, right) in [
        (2, "synchronous_commit", &["on", "remote_apply"][..]),
        (3, "fsync", &["on"]),
        (4, "full_page_writes", &["on"]),
    ] {
        let found = text(column)?;
        if !right.contains(&found.as_str()) {
            return Err(StoreError::failed(Unusable::Durability { setting, found }));
        }
    }
    Ok(())
}
