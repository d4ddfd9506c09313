//! How does the gateway run as a process?

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::Context as _;
use polku_gateway::front::{Bound, Shutdown};
use polku_gateway::reload::Reload;
use polku_gateway::serve::StartError;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::{Failure, check_config, note, runtime, tell};

/// How to run.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration, TOML.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// How the log is written to standard error.
    #[arg(long, value_enum, default_value_t = Log::Text)]
    log: Log,
    /// What is logged: a level, or levels by module such as `info,polku_gateway::front=debug`. Of libraries nothing below
    /// `info`.
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log_filter: String,
}

/// A form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Log {
    /// One readable line an event.
    Text,
    /// One JSON object an event.
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    start_log(arguments)?;
    let config = check_config::load(&arguments.config)?;
    runtime()?.block_on(async {
        let shutdown = Shutdown::new();
        let reload = Reload::new();
        end_on_signal(shutdown.clone())?;
        reload_on_signal(reload.clone())?;
        polku_gateway::serve::serve(config, shutdown, reload, ready).await.map_err(failure)
    })
}

fn failure(error: StartError) -> Failure {
    match error {
        StartError::Adapter { .. }
        | StartError::Keys(_)
        | StartError::MasterKey(_)
        | StartError::Embedded(_)
        | StartError::Policy(_)
        | StartError::Directory(_) => Failure::Usage(error.into()),
        StartError::Folder(_) | StartError::Front(_) => Failure::Broken(error.into()),
        StartError::Store(_)
        | StartError::Audit(_)
        | StartError::Published(_)
        | StartError::Pinned(_)
        | StartError::Older
        | StartError::Clock(_)
        | StartError::State(_) => Failure::Failed(error.into()),
    }
}

/// The one line that says that calls are answered from now on.
fn ready(bound: Bound) {
    let line =
        format!("polku is ready: gRPC on {}, agencies' own protocols on {}", bound.grpc, bound.inbound);
    // A gateway whose output nobody reads is still a gateway.
    let _ = tell(line);
}

fn start_log(arguments: &Arguments) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&arguments.log_filter)
        .context("--log-filter cannot be read")
        .map_err(Failure::Usage)?;
    // With the hint, what no filter wants costs nothing.
    let quiet = filter_fn(tells_nothing_of_messages).with_max_level_hint(LevelFilter::TRACE);
    let filter = filter.and(quiet);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let log = match arguments.log {
        Log::Text => lines.with_filter(filter).boxed(),
        Log::Json => lines.json().with_filter(filter).boxed(),
    };
    tracing_subscriber::registry().with(log).init();
    Ok(())
}

/// What libraries log in detail shows parts of messages, headers and statements: of them only what is above that is logged,
/// whatever the filter says.
fn tells_nothing_of_messages(metadata: &Metadata<'_>) -> bool {
    let (module, _) = metadata.target().split_once("::").unwrap_or((metadata.target(), ""));
    module.starts_with("polku") || *metadata.level() <= Level::INFO
}

/// Begins the shutdown at SIGTERM or SIGINT. The second signal ends the process at once.
fn end_on_signal(shutdown: Shutdown) -> Result<(), Failure> {
    let broken = |error: std::io::Error| Failure::Broken(error.into());
    let mut terminate = signal(SignalKind::terminate()).map_err(broken)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(broken)?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if shutdown.has_begun() {
                note("polku: ended at once");
                std::process::exit(1);
            }
            shutdown.begin();
        }
    });
    Ok(())
}

/// Has certificates, quotas, the master keys, the policy rules and the service directory read anew at SIGHUP.
fn reload_on_signal(reload: Reload) -> Result<(), Failure> {
    let mut hangup = signal(SignalKind::hangup()).map_err(|error| Failure::Broken(error.into()))?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            reload.ask();
        }
    });
    Ok(())
}
