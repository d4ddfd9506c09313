//! Are secrets kept from others, and does what is said of an agency's connection fit the rest?

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use toml::{Table, Value};

use super::super::AgencyEntry;
use super::super::section::{Section, quoted};
use crate::config::DeliverySettings;

/// What files of secrets are named by.
const NAMES: [&str; 3] = ["key_file", "secret_file", "password_file"];

/// The bits of everybody who is neither the owner nor of the group.
const OTHERS: u32 = 0o007;

/// Reports a file of secrets that everybody on the machine can read. One that is not there is reported elsewhere.
pub(super) fn keep(section: &Section<'_>, key: String, file: &Path) {
    let is_open = std::fs::metadata(file).is_ok_and(|found| found.permissions().mode() & OTHERS != 0);
    if is_open {
        let found = format!("{}, which everybody on this machine can open", quoted(file.display()));
        section.wrong_at(
            key,
            found,
            "a file for the gateway's user alone: what it holds is secret (chmod 0400)",
        );
    }
}

/// The same for every file in the folder of the keys.
pub(super) fn keep_all(section: &Section<'_>, key: &str, folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "key") {
            keep(section, section.path(key), &entry.path());
        }
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
        let stated =
            connection.and_then(|connection| connection.get("timeout_ms")).and_then(Value::as_integer);
        let attempt = i64::try_from(delivery.attempt.as_millis()).unwrap_or(i64::MAX);
        if let Some(timeout) = stated.filter(|timeout| *timeout > attempt) {
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
