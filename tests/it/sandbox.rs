//! Does the sandbox play its story, and does the shell client work against it?

mod call;
mod config;
mod story;
mod xroad;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use polku_tests::world::binary;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::stage::{PATIENCE, Ran};

/// The young person of the story. Nowhere but in requests and in sealed data.
const IDENTITY_CODE: &str = "020504A902E";

/// Runs a binary of this workspace to its end.
async fn run<A: AsRef<OsStr>>(name: &str, arguments: &[A]) -> Result<Ran> {
    finish(Command::new(binary(name)?).args(arguments)).await
}

async fn finish(command: &mut Command) -> Result<Ran> {
    let output = timeout(PATIENCE, command.stdin(Stdio::null()).kill_on_drop(true).output());
    let ran = Ran::of(output.await.context("it does not end")??);
    ensure!(
        !ran.out.contains(IDENTITY_CODE) && !ran.err.contains(IDENTITY_CODE),
        "an identity code was shown"
    );
    Ok(ran)
}

/// A sandbox that has told its story and stays up.
struct Staying {
    child: Child,
    /// What it has said, up to its last line.
    said: Vec<String>,
    folder: PathBuf,
    _parent: TempDir,
}

impl Staying {
    /// Its folder is named from where it is started.
    async fn start() -> Result<Self> {
        let parent = TempDir::new()?;
        let folder = parent.path().join("sandbox");
        let mut child = Command::new(binary("polku-sandbox")?)
            .args(["--grpc", "127.0.0.1:0", "--inbound", "127.0.0.1:0", "--folder", "sandbox"])
            .current_dir(parent.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let mut said = Vec::new();
        while said.last().is_none_or(|line| line != "Ctrl-C ends it.") {
            let line = timeout(PATIENCE, lines.next_line()).await.context("the sandbox says nothing")??;
            said.push(line.with_context(|| format!("the sandbox has ended: {said:#?}"))?);
        }
        Ok(Self { child, said, folder, _parent: parent })
    }

    /// `polku call` as one of the callers of the story.
    async fn call(&self, caller: &str, arguments: &[&str]) -> Result<Ran> {
        finish(self.calling(caller)?.args(arguments)).await
    }

    fn calling(&self, caller: &str) -> Result<Command> {
        let mut command = Command::new(binary("polku")?);
        command.args(["call", "--profile"]).arg(self.folder.join(format!("{caller}.profile.toml")));
        Ok(command)
    }

    /// The id that stands in the story.
    fn youth(&self) -> Result<&str> {
        let ids = self.said.iter().filter_map(|line| line.trim().strip_prefix("id "));
        ids.map(str::trim).next().context("the story names no id")
    }

    /// Sends it this signal, as an operator would.
    async fn signal(&self, signal: &str) -> Result<()> {
        let id = self.child.id().context("it has ended already")?;
        let kill = Command::new("sh").args(["-c", &format!("kill -{signal} {id}")]).status().await?;
        ensure!(kill.success(), "it cannot be told");
        Ok(())
    }

    /// Ends it by this signal.
    async fn end(mut self, signal: &str) -> Result<Option<i32>> {
        self.signal(signal).await?;
        Ok(timeout(PATIENCE, self.child.wait()).await.context("it does not end")??.code())
    }
}

/// All files of a folder, whose bytes hold this.
fn files_with(folder: &Path, needle: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_with(&path, needle)?);
        } else if path.is_file()
            && std::fs::read(&path)?.windows(needle.len()).any(|part| part == needle.as_bytes())
        {
            found.push(path);
        }
    }
    Ok(found)
}
