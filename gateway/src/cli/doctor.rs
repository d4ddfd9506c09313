//! Is everything there that a gateway needs to run, on this machine and now?
//!
//! Beyond `check-config`, which reads files only, this looks at the machine and at who is at the other end. It changes nothing.

mod certificates;
mod disk;
mod reach;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use polku_gateway::audit;
use polku_gateway::clock::{Clock as _, SystemClock};
use polku_gateway::config::Config;
use polku_gateway::control;

use super::table::table;
use super::{Failure, check_config, runtime, tell};

/// How far the clock may be behind what was written, and behind another machine's: a lease is longer.
const APART: SignedDuration = SignedDuration::from_secs(1);

/// What to look at.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration, TOML.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// One JSON object for each thing that was looked at.
    #[arg(long)]
    json: bool,
}

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Good,
    /// It works, and will not for ever.
    Warning,
    Bad,
}

/// Something that was looked at.
#[derive(Debug)]
struct Finding {
    what: String,
    state: State,
    found: String,
}

impl Finding {
    fn good(what: impl Into<String>, found: impl Into<String>) -> Finding {
        Finding { what: what.into(), state: State::Good, found: found.into() }
    }

    fn warning(what: impl Into<String>, found: impl Into<String>) -> Finding {
        Finding { what: what.into(), state: State::Warning, found: found.into() }
    }

    fn bad(what: impl Into<String>, found: impl Into<String>) -> Finding {
        Finding { what: what.into(), state: State::Bad, found: found.into() }
    }
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Good => "good",
            State::Warning => "warning",
            State::Bad => "bad",
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = check_config::load(&arguments.config)?;
    let runs = control::is_running(&config.store);
    let mut findings = vec![
        Finding::good("gateway", if runs { "runs" } else { "does not run" }),
        port("listen.grpc", config.listen.grpc, runs),
        port("listen.inbound", config.listen.inbound, runs),
        clock(&config),
    ];
    findings.extend(disk::findings(&config));
    findings.extend(certificates::of_listeners(&config.tls));
    findings.extend(runtime()?.block_on(reach::findings(&config, runs)));
    if arguments.json {
        for Finding { what, state, found } in &findings {
            tell(serde_json::json!({ "what": what, "state": state.word(), "found": found }))?;
        }
    } else {
        let row = |finding: &Finding| {
            [finding.state.word().to_owned(), finding.what.clone(), finding.found.clone()]
        };
        tell(table(&findings.iter().map(row).collect::<Vec<_>>()))?;
    }
    match findings.iter().map(|finding| finding.state).max() {
        Some(State::Bad) => Err(Failure::Told),
        Some(State::Good | State::Warning) | None => Ok(()),
    }
}

/// A gateway has its ports while it runs, and finds them free when it does not.
fn port(what: &str, address: SocketAddr, runs: bool) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) if runs && address.port() != 0 => Finding::bad(
            what,
            format!("{address} is free, though the gateway runs: is it another one's configuration?"),
        ),
        Ok(_) => Finding::good(what, format!("{address} is free")),
        Err(error) if runs && error.kind() == std::io::ErrorKind::AddrInUse => {
            Finding::good(what, format!("{address} is taken, as it should be"))
        }
        Err(error) => Finding::bad(what, format!("{address} cannot be listened on: {error}")),
    }
}

/// Whoever writes never writes in the future.
fn clock(config: &Config) -> Finding {
    let log = config.store.join(audit::FILE);
    let written = std::fs::metadata(&log).and_then(|found| found.modified());
    match written.ok().and_then(|written| Timestamp::try_from(written).ok()) {
        Some(written) if written.duration_since(SystemClock.now()) > APART => {
            let ahead = written.duration_since(SystemClock.now()).as_secs();
            Finding::bad("clock", format!("is {ahead} s behind the last write of the audit log"))
        }
        Some(_) => Finding::good("clock", "not behind the audit log"),
        None => Finding::good("clock", "there is no audit log yet to compare it with"),
    }
}
