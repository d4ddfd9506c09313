//! What do many durations come to, how long does the disk take, and how much memory and processor time does a process use?

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// Linux counts memory in pages of this size on the machines that this runs on.
const PAGE_BYTES: usize = 4096;

/// Linux counts processor time in steps of this length on the machines that this runs on.
const TICK: Duration = Duration::from_millis(10);

/// What many durations come to.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Half of them are shorter.
    pub median: Duration,
    /// All but one in a hundred are shorter.
    pub p99: Duration,
    /// All but one in a thousand are shorter.
    pub p999: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Figures {
    /// Sorts and counts. Zeros for none.
    #[must_use]
    pub fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        let part = |thousandths: usize| durations.get(durations.len() * thousandths / 1000).copied();
        let longest = durations.last().copied().unwrap_or_default();
        let at = |thousandths| part(thousandths).unwrap_or(longest);
        Self { median: at(500), p99: at(990), p999: at(999), longest }
    }
}

/// How many bytes of this process are in memory.
///
/// # Errors
/// Fails where the system does not say it as Linux does.
pub fn resident_bytes() -> Result<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let resident = pages.split(' ').nth(1).context("no count of resident pages")?;
    Ok(resident.parse::<usize>()? * PAGE_BYTES)
}

/// The most memory that a process has had, in KiB: its number, or `self`.
///
/// # Errors
/// As [`resident_bytes`].
pub fn most_memory(process: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no count of memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// How much processor time a process has used: its number, or `self`.
///
/// # Errors
/// As [`resident_bytes`].
pub fn processor_time(process: &str) -> Result<Duration> {
    let line = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program is in brackets and may hold anything.
    let (_, fields) = line.rsplit_once(") ").context("no counts of this process")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u32>);
    let ticks = ticks.sum::<Result<u32, _>>()?;
    Ok(TICK * ticks)
}

/// How long the disk takes to have a block for certain: as long as everybody waits who must not go on before.
///
/// # Errors
/// Fails when the file cannot be written.
pub fn sync_time(file: &mut File) -> Result<Duration> {
    file.write_all(&[0; 4096])?;
    let begun = Instant::now();
    file.sync_data()?;
    Ok(begun.elapsed())
}
