//! Who is at the other end? One adapter of each kind, as the configuration makes it, and the clock of all of them.

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
    /// Employment services, over X-Road SOAP.
    pub te: Arc<dyn Adapter>,
    /// Kela, over X-Road REST.
    pub kela: Arc<dyn Adapter>,
    /// Social services, in FHIR over X-Road REST.
    pub social: Arc<dyn Adapter>,
    /// Case management, over REST.
    pub walmu: Arc<dyn Adapter>,
    /// The joint register, over X-Road SOAP.
    pub typpi: Arc<dyn Adapter>,
    pub(crate) permits: Permits,
    pub(crate) runtime: Runtime,
}

impl Agencies {
    /// Makes all of them.
    #[expect(clippy::new_without_default, reason = "reads files")]
    pub fn new() -> Self {
        Self {
            te: build("te", &xroad("", "lahetteet")),
            kela: build("kela", &xroad("redelivery = 'answers_status'", "nuoret")),
            social: build("social", &xroad("", "sosiaalihuolto")),
            walmu: build("walmu", &walmu()),
            typpi: build("typpi", &xroad("", "rekisteri")),
            permits: Permits::new(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap(),
        }
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
