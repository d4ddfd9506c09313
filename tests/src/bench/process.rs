//! What do the processes of a system use: processor time and memory, with all that they have started?

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use polku_tests::world::PATIENCE;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Linux counts processor time in steps of this length on the machines that this runs on.
const TICK: Duration = Duration::from_millis(10);

/// A server that says by a line that it is ready, and ends with this process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// What it said when it was ready.
    pub(crate) ready: String,
}

impl Server {
    /// Starts it, and waits for its first line. What it complains of goes into a file.
    pub(crate) async fn start(mut command: Command, complaints: &Path) -> Result<Server> {
        let file = std::fs::File::create(complaints)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("{command:?} does not start"))?;
        let input = child.stdin.take().context("no input")?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let first = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let Some(ready) = first.context("a server does not become ready")?? else {
            bail!("a server has ended: {}", std::fs::read_to_string(complaints).unwrap_or_default());
        };
        Ok(Server { child, input, lines, ready })
    }

    /// Its number.
    pub(crate) fn id(&self) -> Result<u32> {
        self.child.id().context("a server has ended")
    }

    /// Tells it a line, and waits for the line that it answers.
    pub(crate) async fn tell(&mut self, line: &str) -> Result<String> {
        self.input.write_all(format!("{line}\n").as_bytes()).await?;
        self.lines.next_line().await?.context("a server has ended")
    }
}

/// What processes have used, with all that they have started.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Used {
    /// Of the processors.
    pub(crate) processor: Duration,
    /// Bytes in memory; what several share is counted once where the system says it.
    pub(crate) memory: u64,
}

/// Looks at these processes.
pub(crate) fn used(processes: &[u32]) -> Result<Used> {
    let stats = stats()?;
    let mut used = Used::default();
    for (process, stat) in &stats {
        if is_of(*process, processes, &stats) {
            used.processor += TICK * stat.ticks;
            used.memory += memory(*process);
        }
    }
    Ok(used)
}

struct Stat {
    parent: u32,
    /// Its own, and those of children that have ended.
    ticks: u32,
}

fn stats() -> Result<HashMap<u32, Stat>> {
    let mut stats = HashMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // It may have ended in between.
        let Ok(line) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { continue };
        // The name of the program is in brackets and may hold anything.
        let Some((_, fields)) = line.rsplit_once(") ") else { continue };
        let fields: Vec<u32> = fields.split(' ').map(|field| field.parse().unwrap_or(0)).collect();
        let field = |place: usize| fields.get(place).copied().unwrap_or(0);
        stats.insert(process, Stat { parent: field(1), ticks: (11..15).map(field).sum() });
    }
    Ok(stats)
}

fn is_of(process: u32, roots: &[u32], stats: &HashMap<u32, Stat>) -> bool {
    let mut next = process;
    while next > 1 {
        if roots.contains(&next) {
            return true;
        }
        next = stats.get(&next).map_or(0, |stat| stat.parent);
    }
    false
}

fn memory(process: u32) -> u64 {
    let kilobytes = |file: &str, name: &str| -> Option<u64> {
        let text = std::fs::read_to_string(format!("/proc/{process}/{file}")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.trim().parse().ok()
    };
    let resident = kilobytes("smaps_rollup", "Pss:").or_else(|| kilobytes("status", "VmRSS:"));
    resident.unwrap_or(0) * 1024
}
