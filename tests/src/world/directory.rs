//! Who is where on which day in such a world, and to whom are matters suggested to go?

use std::path::Path;

use anyhow::{Context as _, Result};

use super::{KELA, PAJA, TE};

/// The services of an invented town: the gateway's own example.
pub const DIRECTORY: &str = include_str!("../../../gateway/directory.example.json");

/// Writes the file of the directory; gives what the configuration says of it and of the routing.
pub(super) fn written(directory: &str, folder: &Path) -> Result<String> {
    std::fs::write(folder.join("directory.json"), directory).context("the directory cannot be written")?;
    Ok(format!(
        r#"
[directory]
file = "directory.json"

[[routing]]
profile = 1
recipients = ["{TE}", "{PAJA}"]
statement = "Profiili 1"

[[routing]]
profile = 3
minimum_age = 16
maximum_age = 29
municipalities = ["049"]
recipients = ["{KELA}/kuntoutus"]
statement = "Profiili 3, Nuotti"

[[routing]]
team = "hyvinvointi"
recipients = ["{KELA}/kuntoutus", "{PAJA}"]
statement = "Hyvinvoinnin tiimi"

[[routing]]
team = "tyollistyminen"
recipients = ["{PAJA}", "{TE}"]
statement = "Työllistymisen tiimi"

[[routing]]
team = "tyollistyminen"
profile = 1
recipients = ["{TE}"]
statement = "Profiili 1 työllistymisen tiimissä"
"#
    ))
}
