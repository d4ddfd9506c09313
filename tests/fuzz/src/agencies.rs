//! Who is at the other end? One adapter of each kind, as the configuration makes it, and the clock of all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use polku_adapters::Adapter;
use tokio::runtime::Runtime;

use crate::permit::Permits;

/// The client certificate that every agency is pinned to.
pub const PIN: [u8; 32] = [0xab; 32];

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");
const CA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../adapters/src/agencies/testdata/ca.pem");

/// The adapters, and what is needed to let them speak.
pub struct Agencies {
    /// By their kinds.
    adapters: BTreeMap<&'static str, Arc<dyn Adapter>>,
    pub(crate) permits: Permits,
    pub(crate) runtime: Runtime,
}

impl Agencies {
    /// Makes one of each kind.
    #[expect(clippy::new_without_default, reason = "reads files")]
    pub fn new() -> Self {
        let kinds = polku_adapters::kinds().iter();
        Self {
            adapters: kinds.map(|kind| (kind.id, build(kind.id, &settings(kind.id)))).collect(),
            permits: Permits::new(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap(),
        }
    }

    /// The agency of this kind.
    pub fn of(&self, kind: &str) -> &dyn Adapter {
        &*self.adapters[kind]
    }
}

/// The table of an agency of this kind: that of X-Road, where nothing else is said.
fn settings(kind: &str) -> String {
    match kind {
        "te" => xroad("", "lahetteet"),
        "kela" => xroad("redelivery = 'answers_status'\nnuotti = { from = 16, below = 30 }", "nuoret"),
        "social" => xroad("", "sosiaalihuolto"),
        "walmu" => walmu(),
        _ => xroad("", "rekisteri"),
    }
}

/// The instant at which everything happens.
pub fn now() -> Timestamp {
    "2026-11-21T09:31:00Z".parse().unwrap()
}

fn build(kind: &str, table: &str) -> Arc<dyn Adapter> {
    polku_adapters::build(kind, kind.parse().unwrap(), table.parse().unwrap()).unwrap()
}

/// The table of an agency that speaks over X-Road.
fn xroad(own: &str, subsystem: &str) -> String {
    format!(
        r#"
        {own}
        url = "https://security-server.example:8443/"
        user_id = "polku"
        inbound_certificate_sha256 = ["{pin}"]

        [connection]
        ca_file = "{CA_FILE}"

        [client]
        instance = "FI-TEST"
        member_class = "COM"
        member_code = "0245437-2"
        subsystem_code = "polku"

        [service]
        instance = "FI-TEST"
        member_class = "MUN"
        member_code = "0204819-8"
        subsystem_code = "{subsystem}"

        [represented_party]
        class = "MUN"
        code = "0186690-1"
        "#,
        pin = "ab".repeat(32),
    )
}

fn walmu() -> String {
    format!(
        r#"
        base_url = "https://walmu.example/api/v1/"
        token_url = "https://login.example/oauth2/token"
        client_id = "polku"
        client_secret_file = "{TESTDATA}/client-secret"
        webhook_secret_file = "{TESTDATA}/webhook-secret"

        [connection]
        ca_file = "{CA_FILE}"
        "#
    )
}
