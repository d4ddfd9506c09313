//! What does a newcomer see of the gateway, with one command and no set-up?
//!
//! A whole small world is made on the spot, a story is played in it that checks itself at every step, and then the
//! gateway stays up to be called with `polku call`.

mod cast;
mod clock;
mod profiles;
mod story;
mod teller;

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, ensure};
use polku_gateway::front::Bound;
use tempfile::TempDir;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::world::{AddedAgency, DIRECTORY, KELA, World, WorldSettings};

pub use clock::StoryClock;
pub use story::{Told, tell};
pub use teller::{Deviation, Teller};

/// The story went otherwise.
const OTHERWISE: u8 = 1;
/// A file or a port cannot be used.
const BROKEN: u8 = 2;

/// How the sandbox is run.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// Where everything is kept; nothing for a temporary folder that is removed at the end.
    pub folder: Option<PathBuf>,
    /// Where gRPC is served; port 0 for any.
    pub grpc: SocketAddr,
    /// Where the agencies' own protocols are served; port 0 for any.
    pub inbound: SocketAddr,
    /// What happens after the story.
    pub afterwards: Afterwards,
}

/// What happens after the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// The sandbox ends.
    End,
    /// It stays up until SIGINT or SIGTERM. At SIGHUP the gateway reads files anew, as any does.
    StayUp,
}

/// Runs the sandbox and answers the exit code of the process.
#[must_use]
pub fn run(sandbox: &Sandbox) -> ExitCode {
    match attempt(sandbox) {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to tell when this cannot be written.
            let _ = writeln!(std::io::stderr(), "polku-sandbox: {error:#}");
            ExitCode::from(BROKEN)
        }
    }
}

fn attempt(sandbox: &Sandbox) -> Result<ExitCode> {
    let place = Place::open(sandbox.folder.as_deref())?;
    log_to(&place.path().join("gateway.log"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(sandbox, place.path()))
}

async fn play(sandbox: &Sandbox, folder: &Path) -> Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let clock = StoryClock::at_the_beginning();
    let world = sandbox.world(folder, &clock)?;
    let running = world.start_at(Arc::new(clock.clone())).await.context("the gateway does not start")?;
    let mut out = std::io::stdout();
    let mut teller = Teller::new(&mut out);
    let told = tokio::select! {
        told = tell(&world, running.bound, &clock, &mut teller) => Some(told),
        () = signals.end() => None,
    };
    let code = match told {
        Some(Ok(told)) => {
            profiles::write(folder, running.bound.grpc, &told.youth)?;
            if sandbox.afterwards == Afterwards::StayUp {
                invite(&mut out, folder, running.bound, &clock, &told.youth)?;
                while signals.next().await == Asked::Reload {
                    running.reload();
                }
            }
            ExitCode::SUCCESS
        }
        Some(Err(deviation)) => {
            teller.otherwise(&deviation)?;
            ExitCode::from(OTHERWISE)
        }
        None => ExitCode::from(OTHERWISE),
    };
    running.stop().await?;
    Ok(code)
}

/// Says how the gateway can be called from another shell.
fn invite(out: &mut impl Write, folder: &Path, bound: Bound, clock: &StoryClock, youth: &str) -> Result<()> {
    writeln!(out, "\nThe gateway stays up: gRPC on {}, agencies on {}.", bound.grpc, bound.inbound)?;
    writeln!(out, "Its clock is the story's and goes on from there: it is {}.", clock.day())?;
    writeln!(out, "Call it from another shell, in the folder of this repository:\n")?;
    for command in profiles::commands(folder, youth) {
        writeln!(out, "  {command}\n")?;
    }
    let folder = folder.display();
    writeln!(out, "Certificates, configuration and a profile for each caller are in {folder}")?;
    writeln!(
        out,
        "  (ohjaamo, te, kela and oma, each NAME.profile.toml); the gateway's log is gateway.log there."
    )?;
    writeln!(out, "Ctrl-C ends it.")?;
    Ok(out.flush()?)
}

impl Sandbox {
    /// The world in which the story plays, on its clock.
    ///
    /// # Errors
    /// When a file cannot be written or a socket cannot be opened.
    pub fn world(&self, folder: &Path, clock: &StoryClock) -> Result<World> {
        let world = World::make(folder, &settings(self, clock)).context("the world cannot be made")?;
        add_plan_settings(&world)?;
        Ok(world)
    }
}

fn settings(sandbox: &Sandbox, clock: &StoryClock) -> WorldSettings {
    WorldSettings {
        // Once failed, a delivery waits long enough for somebody to change their mind in the meantime.
        retry_seconds: vec![60],
        lease_seconds: 60,
        attempt_seconds: 20,
        answer_ms: 10_000,
        grpc: sandbox.grpc.to_string(),
        inbound: sandbox.inbound.to_string(),
        agencies: vec![
            AddedAgency {
                units: vec!["kuntoutus".to_owned()],
                ..AddedAgency::new(KELA, "kela", "usual", "benefits")
            },
            AddedAgency::new(cast::CITY, "typpi", "usual", "employment"),
            AddedAgency::new(cast::SOCIAL, "social", "usual", "social"),
        ],
        directory: Some(DIRECTORY.to_owned()),
        clock: clock.of_agencies(),
        ..WorldSettings::default()
    }
}

/// Who sits for the city when four parties meet, and what the star looks like.
fn add_plan_settings(world: &World) -> Result<()> {
    let (city, star, areas) = (cast::CITY, cast::STAR, cast::AREAS);
    let text = format!(
        "\n[plan]\nmunicipality = [{city:?}]\n\n[[plan.star]]\nid = {star:?}\nversion = 1\nareas = {areas:?}\nhighest = 5\n"
    );
    let mut file = File::options().append(true).open(world.config_file())?;
    file.write_all(text.as_bytes()).context("the configuration cannot be written")
}

/// The gateway's own log, so that it does not stand between the lines of the story.
fn log_to(file: &Path) -> Result<()> {
    let log = File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("info"))
        .with_ansi(false)
        .with_writer(Mutex::new(log))
        .try_init()
        .map_err(|error| anyhow::anyhow!(error).context("the log cannot be started"))
}

/// The folder of the sandbox.
enum Place {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Place {
    fn open(folder: Option<&Path>) -> Result<Self> {
        let Some(folder) = folder else {
            let folder = tempfile::Builder::new().prefix("polku-sandbox-").tempdir();
            return Ok(Self::Temporary(folder.context("no temporary folder can be made")?));
        };
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let is_empty = std::fs::read_dir(folder)?.next().is_none();
        ensure!(is_empty, "{} is not empty: name a new folder", folder.display());
        // The configuration in it names files by it, and means what it names from its own folder on.
        Ok(Self::Kept(std::fs::canonicalize(folder)?))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(folder) => folder,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    End,
    Reload,
}

/// Ctrl-C, SIGTERM and SIGHUP.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::End,
            _ = self.terminate.recv() => Asked::End,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    /// Nothing that is read anew has changed while the story is told.
    async fn end(&mut self) {
        while self.next().await != Asked::End {}
    }
}
