//! `polku-lazy`: a gateway whose database waits for the disk when it is convenient (`synchronous=NORMAL`). What it has
//! acknowledged is lost with the power: the test of power cuts has to find that out. It is called as `polku serve` is.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use polku_gateway::clock::SystemClock;
use polku_gateway::config::Config;
use polku_gateway::front::Shutdown;
use polku_gateway::machine::{Durability, Machine};
use polku_gateway::reload::Reload;
use polku_gateway::serve;

fn main() -> ExitCode {
    // The configuration is the last argument.
    let config = std::env::args_os().next_back().unwrap_or_default();
    match run(Path::new(&config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when even this cannot be written.
            let _ = writeln!(std::io::stderr(), "polku-lazy: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: &Path) -> Result<()> {
    let config = Config::load(config)?;
    let machine = Machine { durability: Durability::Lazy, ..Machine::default() };
    let runtime = tokio::runtime::Runtime::new().context("there is no runtime")?;
    runtime.block_on(async {
        let engine = serve::engine(&config)?;
        let prepared = serve::prepare(config, engine, Arc::new(SystemClock), machine).await?;
        let started = prepared.open().await?;
        let bound = started.bound();
        writeln!(std::io::stdout(), "ready: gRPC on {}, others on {}", bound.grpc, bound.inbound)?;
        started.run(Shutdown::new(), Reload::new()).await;
        Ok(())
    })
}
