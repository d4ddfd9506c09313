//! Are secrets kept from others, and does what is said of an agency's connection fit the rest?

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use toml::{Table, Value};

use super::super::AgencyEntry;
use super::super::section::{Section, quoted};
use crate::config::DeliverySettings;

/// What files of secrets are named by.
const NAMES: [&str; 3] = ["key_file", "secret_file", "password_file"];

/// How long an agency's system may take to answer where its connection does not say.
const USUAL_TIMEOUT_MS: i64 = 15_000;

/// The bits of everybody who is neither the owner nor of the group.
const OTHERS: u32 = 0o007;

/// Reports a file of secrets that users outside its owner and group can open. One that is not there is reported elsewhere.
pub(super) fn keep(section: &Section<'_>, key: String, file: &Path) {
    let is_open = std::fs::metadata(file).is_ok_and(|found| found.permissions().mode() & OTHERS != 0);
    if is_open {
        let found = format!("{}, which users outside its owner and group can open", quoted(file.display()));
        section.wrong_at(key, found, "a file that no others can open: what it holds is secret (chmod 0400)");
    }
}

/// Looks at what stands in the settings of adapters, which are read by these.
pub(super) fn adapters(
    top: &Section<'_>,
    agencies: &[AgencyEntry],
    folder: &Path,
    delivery: &DeliverySettings,
) {
    for (index, entry) in agencies.iter().enumerate() {
        let Some(adapter) = &entry.adapter else { continue };
        let path = format!("agency[{index}].settings");
        files(top, &path, &adapter.settings, folder);
        let connection = adapter.settings.get("connection").and_then(Value::as_table);
        let timeout = connection.and_then(|connection| {
            connection.get("timeout_ms").map_or(Some(USUAL_TIMEOUT_MS), Value::as_integer)
        });
        let attempt = i64::try_from(delivery.attempt.as_millis()).unwrap_or(i64::MAX);
        if let Some(timeout) = timeout.filter(|timeout| *timeout > attempt) {
            // The attempt would be over before its answer is, and it would never be known what came of it.
            let expected = format!("no more than delivery.attempt_seconds, which are {attempt} ms");
            top.wrong_at(format!("{path}.connection.timeout_ms"), timeout.to_string(), expected);
        }
    }
}

fn files(top: &Section<'_>, path: &str, settings: &Table, folder: &Path) {
    for (key, value) in settings {
        let path = format!("{path}.{key}");
        match value {
            Value::String(file) if NAMES.iter().any(|name| key.ends_with(name)) => {
                keep(top, path, &folder.join(file));
            }
            Value::Table(inner) => files(top, &path, inner, folder),
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => {}
        }
    }
}
