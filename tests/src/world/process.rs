//! How is the real `polku` binary run, and killed?

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use polku_gateway::front::Bound;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::PATIENCE;

/// A gateway in a process of its own.
#[derive(Debug)]
pub struct GatewayProcess {
    /// Where it listens.
    pub bound: Bound,
    child: Child,
    output: Arc<Mutex<String>>,
}

impl GatewayProcess {
    /// The number of the process; none when it has ended.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Starts `polku serve` and waits until it is ready. Its log is appended to a file.
    ///
    /// # Errors
    /// Fails when the binary is missing or does not become ready.
    pub async fn start(config: &Path, log: &Path) -> Result<Self> {
        Self::start_logging(config, log, "debug").await
    }

    /// The same, with another `--log-filter`.
    ///
    /// # Errors
    /// As [`GatewayProcess::start`].
    pub async fn start_logging(config: &Path, log: &Path, filter: &str) -> Result<Self> {
        Self::begin(Command::new(binary("polku")?), config, log, filter).await
    }

    /// The same as [`GatewayProcess::start`] in a shell that has set its limits, such as `ulimit -n 64`.
    ///
    /// # Errors
    /// As [`GatewayProcess::start`].
    pub async fn start_within(limits: &str, config: &Path, log: &Path) -> Result<Self> {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{limits}\nexec \"$0\" \"$@\"")).arg(binary("polku")?);
        Self::begin(shell, config, log, "info").await
    }

    /// The same as [`GatewayProcess::start_logging`] by a program that becomes it, such as `taskset -c 0`.
    ///
    /// # Errors
    /// As [`GatewayProcess::start`].
    pub async fn start_by(starter: &[String], config: &Path, log: &Path, filter: &str) -> Result<Self> {
        let (program, arguments) = starter.split_first().context("no program to start polku by")?;
        let mut command = Command::new(program);
        command.args(arguments).arg(binary("polku")?);
        Self::begin(command, config, log, filter).await
    }

    /// The same as [`GatewayProcess::start`] with these variables of the environment.
    ///
    /// # Errors
    /// As [`GatewayProcess::start`].
    pub async fn start_with(
        environment: Vec<(OsString, OsString)>,
        config: &Path,
        log: &Path,
    ) -> Result<Self> {
        Self::start_program("polku", environment, config, log).await
    }

    /// The same with another program that is called in the same way.
    ///
    /// # Errors
    /// As [`GatewayProcess::start`].
    pub async fn start_program(
        program: &str,
        environment: Vec<(OsString, OsString)>,
        config: &Path,
        log: &Path,
    ) -> Result<Self> {
        let mut command = Command::new(binary(program)?);
        command.envs(environment);
        Self::begin(command, config, log, "info").await
    }

    /// Starts `polku serve` and kills it so long after, ready or not.
    ///
    /// # Errors
    /// Fails when the binary is missing.
    pub async fn cut_short(config: &Path, log: &Path, after: Duration) -> Result<()> {
        let mut child = Self::spawn(Command::new(binary("polku")?), config, log, "info")?;
        tokio::time::sleep(after).await;
        Ok(child.kill().await?)
    }

    fn spawn(mut command: Command, config: &Path, log: &Path, filter: &str) -> Result<Child> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        command
            .args(["serve", "--log", "json", "--log-filter", filter, "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("polku does not start")
    }

    async fn begin(command: Command, config: &Path, log: &Path, filter: &str) -> Result<Self> {
        let mut child = Self::spawn(command, config, log, filter)?;
        let output = child.stdout.take().context("polku has no output")?;
        let mut lines = BufReader::new(output).lines();
        let ready = async {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
            let line = line.context("polku does not become ready")??;
            let line = line.context("polku ended before it was ready: see its log")?;
            let bound = addresses(&line).with_context(|| format!("polku said: {line}"))?;
            anyhow::Ok((line, bound))
        };
        let (line, bound) = match ready.await {
            Ok(ready) => ready,
            Err(error) => {
                // The next one would meet what this one holds.
                child.kill().await?;
                return Err(error);
            }
        };
        let said = Arc::new(Mutex::new(line));
        let output = Arc::clone(&said);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                said.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
            }
        });
        Ok(Self { bound, child, output })
    }

    /// What the process has written to its standard output.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends the process a signal, by its name without SIG.
    ///
    /// # Errors
    /// Fails when the process is gone.
    pub async fn signal(&self, name: &str) -> Result<()> {
        let process = self.child.id().context("polku has ended")?;
        // The shell's own: the program of this name is not everywhere.
        let kill = Command::new("sh").arg("-c").arg(format!("kill -s {name} {process}")).status().await?;
        ensure!(kill.success(), "polku gets no signal");
        Ok(())
    }

    /// Asks the process to end, waits until it has, and tells whether it succeeded.
    ///
    /// # Errors
    /// Fails when the process is gone or does not end.
    pub async fn stop(mut self) -> Result<ExitStatus> {
        self.signal("TERM").await?;
        tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .context("polku does not end")?
            .context("polku is lost")
    }

    /// Ends the process as a power cut would: SIGKILL, no farewell.
    ///
    /// # Errors
    /// Fails when the process cannot be killed.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("polku cannot be killed")
    }
}

/// A binary of this workspace, beside the running test or in the folder above it.
///
/// # Errors
/// Fails when it has not been built.
pub fn binary(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folders = own.ancestors().skip(1).take(2);
    for folder in folders {
        let candidate = folder.join(name);
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    bail!("{name} is not built: run cargo build --workspace --all-targets first")
}

fn addresses(line: &str) -> Option<Bound> {
    let mut found = line.split([' ', ',']).filter_map(|word| word.parse::<SocketAddr>().ok());
    Some(Bound { grpc: found.next()?, inbound: found.next()? })
}
