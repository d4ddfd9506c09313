//! How is `polku` run to its end?

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use polku_tests::world::{PATIENCE, binary};
use serde_json::Value;

/// What a command has said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// What it has said, or null if that is no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_default()
    }

    /// What it has said, or its exit code and what it had to object.
    pub(crate) fn result(self) -> Result<String, (Option<i32>, String)> {
        if self.code == Some(0) { Ok(self.out) } else { Err((self.code, self.err)) }
    }
}

/// Starts a gateway that must not start, and tells how it has ended. One that serves after all is ended.
pub(crate) fn refused_start(
    config: &Path,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Ran {
    let mut command = Command::new(binary("polku").unwrap());
    command.args(["serve", "--config"]).arg(config).envs(environment);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut gateway = command.spawn().unwrap();
    let until = Instant::now() + PATIENCE;
    while gateway.try_wait().unwrap().is_none() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    let has_ended = gateway.try_wait().unwrap().is_some();
    if !has_ended {
        gateway.kill().unwrap();
    }
    let ran = Ran::of(gateway.wait_with_output().unwrap());
    assert!(has_ended, "it serves: {}", ran.out);
    ran
}

/// A path as an argument beside words.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs `polku` to its end.
pub(crate) fn polku(arguments: &[impl AsRef<OsStr>]) -> Ran {
    let mut command = Command::new(binary("polku").unwrap());
    Ran::of(command.args(arguments).stdin(Stdio::null()).output().unwrap())
}
