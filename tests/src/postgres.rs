//! On which PostgreSQL do the tests run? On a private one: in a folder of its own, of an unprivileged user, gone with the
//! process that started it, however that one ends.

use std::fs::Permissions;
use std::net::TcpListener;
use std::ops::Range;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, anyhow, bail};
use polku_gateway::store::postgres::{PostgresSettings, Server};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::pki::Pki;

/// Where Debian puts the releases.
const RELEASES: &str = "/usr/lib/postgresql";

/// The user as whom the server runs when root starts it: PostgreSQL refuses to run as root.
const UNPRIVILEGED: &str = "postgres";

/// The role that owns everything, and its password for TCP.
const ROLE: &str = "polku";
const PASSWORD: &str = "a-synthetic-database-password";

/// Ports below those that the system gives away by itself (`ip_local_port_range`, on Linux from 32768 on): while a server
/// is down, nobody is handed its port.
const PORTS: Range<u32> = 15_000..32_000;

/// How many ports are tried.
const TRIES: usize = 5;

/// Waits until nobody holds its standard input any more, then stops the server and removes the folder.
const GUARD: &str = r#"trap '' INT TERM HUP; read -r _
    for data in "$1/data" "$1/standby"; do
        if [ -f "$data/postmaster.pid" ]; then kill -QUIT "$(head -n 1 "$data/postmaster.pid")"; fi
        while [ -f "$data/postmaster.pid" ] && kill -0 "$(head -n 1 "$data/postmaster.pid")"; do sleep 0.05; done
    done
    rm -rf "$1""#;

/// A server with its own folder, socket, port and certificate.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    authority_pem: String,
    made: AtomicU32,
    guard: Child,
}

impl Cluster {
    /// The server that the tests of this process share.
    ///
    /// # Errors
    /// Fails when it does not start.
    pub fn shared() -> Result<&'static Cluster> {
        static SHARED: OnceLock<Result<Cluster>> = OnceLock::new();
        SHARED.get_or_init(Cluster::start).as_ref().map_err(|error| anyhow!("{error:#}"))
    }

    /// Makes a server and starts it.
    ///
    /// # Errors
    /// Fails when PostgreSQL is not installed or does not start.
    pub fn start() -> Result<Cluster> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("polku-pg-").tempdir()?.keep();
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("sh does not start")?;
        let pki = Pki::new()?;
        pki.issue_server(&["localhost"])?.write(&folder, "server")?;
        std::fs::write(folder.join("password"), PASSWORD)?;
        let key = folder.join("server.key.pem");
        std::fs::set_permissions(&key, Permissions::from_mode(0o600))?;
        if let Some((user, group)) = unprivileged()? {
            for path in [folder.clone(), key, folder.join("server.crt.pem"), folder.join("password")] {
                chown(path, Some(user), Some(group))?;
            }
        }
        let authority_pem = pki.authority_pem().to_owned();
        let mut cluster =
            Cluster { folder, programs, port: 0, authority_pem, made: AtomicU32::new(0), guard };
        cluster.initialise()?;
        // Somebody may take a free port first.
        let mut begun = Err(anyhow!("no port between {} and {} is free", PORTS.start, PORTS.end));
        for port in free_ports().take(TRIES) {
            cluster.port = port;
            begun = cluster.begin();
            if begun.is_ok() {
                break;
            }
        }
        begun.map(|()| cluster)
    }

    fn initialise(&self) -> Result<()> {
        let data = self.data();
        self.run(
            self.program("initdb")?
                .args(["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--auth-local=trust"])
                .arg(format!("--username={ROLE}"))
                .arg(format!("--pwfile={}", self.folder.join("password").display()))
                .arg("--auth-host=scram-sha-256")
                .arg(&data),
        )?;
        let settings = format!(
            "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{folder}'\nssl = on\n\
             ssl_cert_file = '{folder}/server.crt.pem'\nssl_key_file = '{folder}/server.key.pem'\n\
             max_connections = 1000\n",
            folder = self.folder.display()
        );
        let file = data.join("postgresql.conf");
        let usual = std::fs::read_to_string(&file)?;
        std::fs::write(file, usual + &settings)?;
        let doors =
            "local all all trust\nlocal replication all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        Ok(std::fs::write(data.join("pg_hba.conf"), doors)?)
    }

    /// Starts the server again.
    ///
    /// # Errors
    /// Fails when it does not start.
    pub fn begin(&self) -> Result<()> {
        self.begin_in(&self.data(), self.port)
    }

    fn begin_in(&self, data: &Path, port: u16) -> Result<()> {
        let port = format!("-p {port}");
        let mut begin = self.program("pg_ctl")?;
        begin.args(["start", "-w", "-s", "-o", &port, "-D"]).arg(data).arg("-l").arg(data.join("log"));
        self.run(&mut begin)
    }

    /// Makes a standby that follows this server, on another port.
    ///
    /// # Errors
    /// Fails when it does not start.
    pub fn add_standby(&self) -> Result<()> {
        let mut copy = self.program("pg_basebackup")?;
        copy.args(["-U", ROLE, "-p", &self.port.to_string(), "-h"]).arg(&self.folder);
        copy.args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync", "-D"]);
        self.run(copy.arg(self.standby()))?;
        let port = free_ports().next().context("no port is free")?;
        self.begin_in(&self.standby(), port)
    }

    /// Stops the standby: it hears of nothing any more.
    ///
    /// # Errors
    /// Fails when it does not stop.
    pub fn stop_standby(&self) -> Result<()> {
        self.run(self.program("pg_ctl")?.args(["stop", "-w", "-s", "-m", "fast", "-D"]).arg(self.standby()))
    }

    /// The server is lost, and the standby, which has been stopped, takes its place and address.
    ///
    /// # Errors
    /// Fails when it does not start.
    pub fn fail_over(&self) -> Result<()> {
        std::fs::rename(self.data(), self.folder.join("lost"))?;
        std::fs::rename(self.standby(), self.data())?;
        self.begin()?;
        self.run(self.program("pg_ctl")?.args(["promote", "-w", "-s", "-D"]).arg(self.data()))
    }

    /// Stops the server as if it had crashed.
    ///
    /// # Errors
    /// Fails when it does not stop.
    pub fn crash(&self) -> Result<()> {
        self.run(self.program("pg_ctl")?.args(["stop", "-w", "-s", "-m", "immediate", "-D"]).arg(self.data()))
    }

    /// Makes an empty database, and says how it is reached by the socket.
    ///
    /// # Errors
    /// Fails when it cannot be made.
    pub fn database(&self) -> Result<PostgresSettings> {
        let database = format!("test_{}", self.made.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {database}"))?;
        Ok(PostgresSettings {
            server: Server::Socket(self.folder.clone()),
            port: self.port,
            database,
            user: ROLE.to_owned(),
            password: None,
            readers: 4,
        })
    }

    /// How the same database is reached over TLS.
    ///
    /// # Errors
    /// Fails when the authority cannot be read.
    pub fn over_tls(&self, settings: &PostgresSettings) -> Result<PostgresSettings> {
        let mut authorities = RootCertStore::empty();
        authorities.add(CertificateDer::from_pem_slice(self.authority_pem.as_bytes())?)?;
        let server = Server::Tls { host: "localhost".to_owned(), authorities: Arc::new(authorities) };
        let password = Some(PASSWORD.as_bytes().to_vec().into());
        Ok(PostgresSettings { server, password, ..settings.clone() })
    }

    /// Writes the password and the authority into a folder, and says what stands in the gateway's configuration about a
    /// database that is reached over TLS.
    ///
    /// # Errors
    /// Fails when a file cannot be written.
    pub fn written(&self, database: &str, folder: &Path) -> Result<String> {
        std::fs::write(folder.join("database.password"), PASSWORD)?;
        std::fs::set_permissions(folder.join("database.password"), Permissions::from_mode(0o600))?;
        std::fs::write(folder.join("database-ca.crt.pem"), &self.authority_pem)?;
        Ok(format!(
            "[store.postgres]\nhost = \"localhost\"\nport = {}\ndatabase = \"{database}\"\nuser = \"{ROLE}\"\n\
             password_file = \"database.password\"\nca_file = \"database-ca.crt.pem\"\n",
            self.port
        ))
    }

    /// The port that the server listens on, over TLS.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the server's socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs statements, and answers what `psql` prints of their rows, without headlines.
    ///
    /// # Errors
    /// Fails when a statement does.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String> {
        let mut psql = self.client("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statements]);
        let output = psql.output().context("psql does not start")?;
        if !output.status.success() {
            bail!("psql failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    /// Writes a database into a file, as an operator does.
    ///
    /// # Errors
    /// Fails when `pg_dump` does.
    pub fn dump(&self, database: &str, file: &Path) -> Result<()> {
        self.run(self.client("pg_dump").args(["--format=custom", "-d", database, "-f"]).arg(file))
    }

    /// Reads a file that was written so into an empty database.
    ///
    /// # Errors
    /// Fails when `pg_restore` does.
    pub fn load(&self, database: &str, file: &Path) -> Result<()> {
        self.run(self.client("pg_restore").args(["--exit-on-error", "-d", database]).arg(file))
    }

    /// A program that speaks to the server by its socket.
    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args(["-U", ROLE, "-p", &self.port.to_string(), "-h"]).arg(&self.folder);
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn standby(&self) -> PathBuf {
        self.folder.join("standby")
    }

    /// A program of the server, run as whoever may run it.
    fn program(&self, name: &str) -> Result<Command> {
        let path = self.programs.join(name);
        let mut command = match unprivileged()? {
            None => Command::new(path),
            Some((user, group)) => {
                let mut command = Command::new("setpriv");
                command.args([
                    format!("--reuid={user}"),
                    format!("--regid={group}"),
                    "--clear-groups".into(),
                ]);
                command.arg(path);
                command
            }
        };
        // The server outlives this call, and must not hold what the caller waits for.
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        Ok(command)
    }

    fn run(&self, command: &mut Command) -> Result<()> {
        let complaints = self.folder.join("complaints");
        let status =
            command.stderr(std::fs::File::create(&complaints)?).status().context("it does not start")?;
        if !status.success() {
            bail!("{command:?}: {}", std::fs::read_to_string(complaints).unwrap_or_default());
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// Free ports, each time and in each process others first.
fn free_ports() -> impl Iterator<Item = u16> {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id().wrapping_mul(101);
    let next = move || own.wrapping_add(TRIED.fetch_add(1, Ordering::Relaxed)) % (PORTS.end - PORTS.start);
    let ports = PORTS.filter_map(move |_| u16::try_from(PORTS.start + next()).ok());
    ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
}

/// The folder with the programs of the newest release that is installed with its server.
///
/// # Errors
/// Fails where none is.
pub fn programs() -> Result<PathBuf> {
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = std::fs::read_dir(RELEASES).with_context(|| {
        format!("PostgreSQL is not installed in {RELEASES}: run `bash tests/run --setup`")
    })?;
    let releases = installed.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let newest = releases
        .filter(|path| number(path).is_some_and(|number| number >= 15) && path.join("bin/initdb").is_file())
        .max_by_key(number);
    Ok(newest.with_context(|| format!("no PostgreSQL from 15 on in {RELEASES}"))?.join("bin"))
}

/// User and group of the server when this process is root's.
fn unprivileged() -> Result<Option<(u32, u32)>> {
    let id = |arguments: &[&str]| -> Result<u32> {
        let output = Command::new("id").args(arguments).output().context("id does not start")?;
        String::from_utf8(output.stdout)?.trim().parse().with_context(|| format!("no user {UNPRIVILEGED}"))
    };
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((id(&["-u", UNPRIVILEGED])?, id(&["-g", UNPRIVILEGED])?)))
}
