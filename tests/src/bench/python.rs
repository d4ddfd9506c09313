//! Does a client that nobody here wrote see the same? Stock grpcio for Python, from the .proto files alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::process::Command;

use super::asks::People;
use super::bench::NotRun;
use super::people::youth_id;
use super::process::Server;
use super::site::Site;
use super::systems::Writing;

/// How many calls it has in flight: it is the client that is slow.
pub(crate) const CALLERS: usize = 8;
/// Whom it refers, in turn.
const PEOPLE: u64 = 10_000;

/// A client in a process of its own on the load's cores.
pub(crate) async fn client(site: Arc<Site>, people: People) -> Result<Result<Writing, NotRun>> {
    let Some(python) = interpreter() else {
        return Ok(Err("there is no Python environment (tests/run --setup makes it)".to_owned()));
    };
    let folder = site.folder().join("python");
    std::fs::create_dir_all(&folder)?;
    let youths = (0..PEOPLE.min(people.count)).map(|person| format!("youths/{}\n", youth_id(person)));
    std::fs::write(folder.join("youths"), youths.collect::<String>())?;
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let gateway = site.gateways.first().context("no gateway")?;
    let mut command = Command::new(python);
    command.arg(tests.join("clients/python/load.py"));
    command.arg("--address").arg(gateway.bound.grpc.to_string());
    command.arg("--folder").arg(site.folder()).arg("--proto").arg(tests.join("../proto"));
    command.arg("--stubs").arg(folder.join("stubs")).arg("--youths").arg(folder.join("youths"));
    command.arg("--callers").arg(CALLERS.to_string()).env("PYTHONDONTWRITEBYTECODE", "1");
    let server = Server::start(command, &folder.join("complaints")).await?;
    // Processor time and memory are the gateway's, not the client's.
    let processes = site.processes()?;
    Ok(Ok(Writing { server, processes, _alive: Box::new(site) }))
}

/// In the target folder, which is one of the folders above this program.
pub(crate) fn interpreter() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    own.ancestors().map(|folder| folder.join("python-env/bin/python")).find(|file| file.exists())
}
