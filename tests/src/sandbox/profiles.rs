//! How does somebody else call the sandbox's gateway with `polku call`?

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::cast;
use crate::world::{KELA, OHJAAMO, OMA, PAJA, TE};

/// How the repository's own binary is called from its folder.
const POLKU: &str = "cargo run --bin polku -- call --profile";

/// Writes `NAME.profile.toml` for every caller.
pub(super) fn write(folder: &Path, grpc: SocketAddr, youth: &str) -> Result<()> {
    let professional =
        |id: &str, unit: &str, role: &str| json!({"professional": {"id": id, "unit": unit, "role": role}});
    let callers = [
        (OHJAAMO, professional("ohjaaja-1", "keskusta", "guidance_worker")),
        (TE, professional("virkailija-7", "nuorten-palvelut", "official")),
        (KELA, professional("virkailija-3", "kuntoutus", "official")),
        (OMA, json!({"subject": {"youth": youth}})),
    ];
    for (name, actor) in callers {
        let text = format!(
            r#"# Calls the sandbox's gateway as {name}: polku call --profile THIS_FILE METHOD JSON
address = "{grpc}"
server_name = "localhost"
ca = "ca.crt.pem"
certificate = "{name}.crt.pem"
key = "{name}.key.pem"
actor = '{actor}'
"#
        );
        let file = folder.join(file_name(name));
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Calls to begin with, ready for a shell: what Aino sees of her own journey, one more referral, and who is at the Ohjaamo
/// this week.
pub(super) fn commands(folder: &Path, youth: &str) -> [String; 3] {
    let read = json!({"youth": youth});
    let refer = json!({
        "youth": youth,
        "recipient": PAJA,
        "purpose": "PURPOSE_WORKSHOP_COACHING",
        "content": {"givenNames": cast::GIVEN_NAME, "serviceNeeds": ["keittiövuoro"], "housing": "kaverin luona"},
        "waitForDelivery": true,
    });
    let week = json!({"serviceChannel": "serviceChannels/ohjaamo-keskusta"});
    [
        command(folder, OMA, "GetJourney", &read),
        command(folder, OHJAAMO, "SendReferral", &refer),
        command(folder, OMA, "GetWeeklyCalendar", &week),
    ]
}

fn command(folder: &Path, name: &str, method: &str, request: &Value) -> String {
    let profile = folder.join(file_name(name)).display().to_string();
    format!("{POLKU} {} {method} {}", quoted(&profile), quoted(&request.to_string()))
}

fn file_name(caller: &str) -> String {
    format!("{caller}.profile.toml")
}

/// A word for a shell, in quotes if it needs them.
fn quoted(word: &str) -> String {
    if word.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter)) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
