//! Where are the files that an adapter's settings name?

use std::path::Path;

/// File names in an adapter's settings are relative to the configuration file, like all others.
pub(crate) fn with_absolute_files(mut settings: toml::Table, folder: &Path) -> toml::Table {
    for (key, value) in &mut settings {
        match value {
            toml::Value::String(file) if key.ends_with("_file") => {
                *value = folder.join(&*file).to_string_lossy().into_owned().into();
            }
            toml::Value::Table(inner) => *inner = with_absolute_files(std::mem::take(inner), folder),
            toml::Value::String(_)
            | toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_) => {}
        }
    }
    settings
}
