//! Which core is the servers', and which are the load's?

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// How the cores that this process may use are shared out.
#[derive(Debug, Clone)]
pub(crate) struct Cores {
    /// One core for everything that serves, databases included.
    server: String,
    /// What is left for the load; the same core where there is only one.
    load: String,
}

impl Cores {
    /// The first core that this process may use is the servers', all others are the load's.
    pub(crate) fn share_out() -> Result<Cores> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let numbers = numbers(allowed.context("the system does not say which cores there are")?.trim())?;
        let (first, others) = numbers.split_first().context("there is no core")?;
        let others: Vec<String> = others.iter().map(usize::to_string).collect();
        let load = if others.is_empty() { first.to_string() } else { others.join(",") };
        Ok(Cores { server: first.to_string(), load })
    }

    /// What the table says of it.
    pub(crate) fn told(&self) -> String {
        let shared = if self.server == self.load { ", which is the same one" } else { "" };
        format!("all servers on core {}, the load on {}{shared}", self.server, self.load)
    }

    /// Before a runtime has its threads: this process stays on the load's cores.
    pub(crate) fn hold_load(&self) -> Result<()> {
        hold(&self.load)
    }

    /// The same on the servers' core, for what this process starts by other hands than its own.
    pub(crate) fn hold_server(&self) -> Result<()> {
        hold(&self.server)
    }

    /// With what a program is started on the servers' core. Its number is that of the program.
    pub(crate) fn on_server(&self) -> Vec<String> {
        ["taskset", "-c", &self.server].map(str::to_owned).into()
    }

    /// A program on the servers' core.
    pub(crate) fn server(&self, program: impl AsRef<OsStr>) -> tokio::process::Command {
        let mut command = tokio::process::Command::new("taskset");
        command.args(["-c", &self.server]).arg(program);
        command
    }
}

fn hold(cores: &str) -> Result<()> {
    let own = std::process::id().to_string();
    let mut taskset = Command::new("taskset");
    taskset.args(["-a", "-p", "-c", cores, &own]).stdout(Stdio::null());
    let held = taskset.status().context("taskset (Debian package util-linux) does not start")?;
    ensure!(held.success(), "taskset does not keep this process on cores {cores}");
    Ok(())
}

/// Reads a list as `0-3,8`.
fn numbers(list: &str) -> Result<Vec<usize>> {
    let mut numbers = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        numbers.extend(first.parse::<usize>()?..=last.parse::<usize>()?);
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn a_list_of_cores_is_read() {
        assert_eq!(numbers("0-2,5,7-8").unwrap(), [0, 1, 2, 5, 7, 8]);
        assert_eq!(numbers("3").unwrap(), [3]);
    }
}
