//! How is `polku` run to its end?

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use polku_tests::world::binary;
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

/// Runs `polku` to its end.
pub(crate) fn polku(arguments: &[impl AsRef<OsStr>]) -> Ran {
    let mut command = Command::new(binary("polku").unwrap());
    Ran::of(command.args(arguments).stdin(Stdio::null()).output().unwrap())
}
