//! What does each kind of agency say, and with which settings is it understood? `tests/golden/<kind>/`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use polku_adapters::{Adapter, Kind};
use toml::{Table, Value};

type Failure = Box<dyn Error>;

/// What was recorded of an agency of some kind.
pub(crate) struct Recorded {
    pub(crate) adapter: Arc<dyn Adapter>,
    /// The messages that it sends of its own accord, by name.
    pub(crate) messages: Vec<Message>,
    folder: PathBuf,
}

/// A message of an agency.
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    /// Reads what was recorded, and makes the adapter that understands it.
    pub(crate) fn read(kind: &Kind) -> Result<Self, Failure> {
        let folder = package().join("../tests/golden").join(kind.id);
        let settings = std::fs::read_to_string(folder.join("settings.toml"));
        let settings = settings.map_err(|error| format!("{}: no recorded settings: {error}", kind.id))?;
        let adapter = polku_adapters::build(kind.id, kind.id.parse()?, table(&settings, &folder)?)?;
        let mut messages = Vec::new();
        for entry in std::fs::read_dir(&folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let said = name.strip_prefix("agency-").and_then(|name| name.strip_suffix(".request.http"));
            // Those are the same messages again: it is the gateway that answers otherwise.
            let again = |name: &str| name.ends_with("-refused") || name.ends_with("-not-now");
            if let Some(said) = said.filter(|said| !again(said)) {
                messages.push(Message::read(said, &std::fs::read_to_string(folder.join(&name))?)?);
            }
        }
        messages.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self { adapter, messages, folder })
    }
}

impl Recorded {
    /// What was recorded under this name, if anything was.
    pub(crate) fn page(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.join(name)).ok()
    }
}

impl Message {
    pub(crate) fn read(name: &str, page: &str) -> Result<Self, Failure> {
        let (head, body) = page.split_once("\n\n").ok_or("a recorded message without an empty line")?;
        let mut headers = HeaderMap::new();
        for line in head.lines().skip(1) {
            let (name, value) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
            headers.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
        let body = body.strip_suffix('\n').unwrap_or(body).as_bytes().to_vec();
        Ok(Self { name: name.to_owned(), headers, body })
    }
}

/// The recorded settings, with files that there are. Nothing is sent, so that no certificate is needed for it.
fn table(settings: &str, folder: &Path) -> Result<Table, Failure> {
    let mut table: Table = settings.parse()?;
    for (key, value) in &mut table {
        if let Some(name) = value.as_str().filter(|_| key.ends_with("_file")) {
            *value = Value::from(path(&folder.join(name)));
        }
    }
    let authority = path(&package().join("src/agencies/testdata/ca.pem"));
    let connection = Table::from_iter([("ca_file".to_owned(), Value::from(authority))]);
    table.insert("connection".to_owned(), Value::from(connection));
    Ok(table)
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
