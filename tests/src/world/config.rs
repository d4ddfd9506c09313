//! What does the gateway's configuration say in such a world?

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{AddedAgency, KELA, OHJAAMO, OMA, OPERATOR, PAJA, TE, World};
use crate::pki::Identity;
use crate::simulators::{Repetition, SimulatedAgency, SimulatorClock, Surroundings};

/// Where a gateway keeps its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// In its own folder.
    Embedded,
    /// On the PostgreSQL server of this process, in a database of its own.
    Server,
}

/// What differs from world to world.
#[derive(Debug, Clone)]
pub struct WorldSettings {
    /// Pauses between attempts, seconds.
    pub retry_seconds: Vec<u32>,
    /// After how many failures in a row an agency is left alone. Those that a test makes one by one are fewer.
    pub breaker_failures: u32,
    /// How long an agency that does not answer is left alone before it is tried again, seconds.
    pub probe_seconds: u32,
    /// How many deliveries that have waited may go to an agency every second.
    pub retries_per_second: u32,
    /// For how long a worker has a delivery for itself, seconds.
    pub lease_seconds: u32,
    /// How long an agency that has not answered may still be at work on a message, seconds.
    pub settle_seconds: u32,
    /// How long one attempt may take, seconds.
    pub attempt_seconds: u32,
    /// How long an adapter waits for an answer, milliseconds.
    pub answer_ms: u32,
    /// How somebody can be sure that a message has not taken effect twice at the employment services.
    pub te_repetition: Repetition,
    /// Where gRPC is served; port 0 for any.
    pub grpc: String,
    /// Where agencies' own protocols are served; port 0 for any.
    pub inbound: String,
    /// Agencies beside those that every world has.
    pub agencies: Vec<AddedAgency>,
    /// The text of the service directory; with it comes the routing of referrals.
    pub directory: Option<String>,
    /// The clock of every agency.
    pub clock: SimulatorClock,
    /// Where the gateway keeps its state.
    pub database: Database,
}

impl Default for WorldSettings {
    fn default() -> Self {
        Self {
            retry_seconds: vec![0, 1],
            breaker_failures: 20,
            probe_seconds: 1,
            retries_per_second: 1_000,
            lease_seconds: 9,
            settle_seconds: 0,
            attempt_seconds: 7,
            answer_ms: 5_000,
            te_repetition: Repetition::Asked,
            grpc: "127.0.0.1:0".into(),
            inbound: "127.0.0.1:0".into(),
            agencies: Vec::new(),
            directory: None,
            clock: SimulatorClock::system(),
            database: Database::Embedded,
        }
    }
}

pub(super) fn text(settings: &WorldSettings, world: &World) -> Result<String> {
    let WorldSettings {
        retry_seconds,
        breaker_failures,
        probe_seconds,
        retries_per_second,
        lease_seconds,
        settle_seconds,
        attempt_seconds,
        answer_ms,
        te_repetition: _,
        grpc,
        inbound,
        agencies,
        directory: _,
        clock: _,
        database: _,
    } = settings;
    let ids = &world.identities;
    let walmu_url = world.walmu.base_url();
    let token_url = world.walmu.token_url();
    let te_settings = system(&world.te, TE, "usual", &world.folder, *answer_ms)?;
    let (ohjaamo, te, oma) = (&ids.ohjaamo.sha256, &ids.te.sha256, &ids.oma.sha256);
    let operator = &ids.operator.sha256;
    let has_own = agencies.iter().any(|added| added.id == KELA);
    let of_kela = if has_own { String::new() } else { kela_without_a_system(&ids.kela.sha256) };
    Ok(format!(
        r#"# A gateway with two agencies that have systems of their own, one that works over gRPC, and a front for young people.
[listen]
grpc = "{grpc}"
inbound = "{inbound}"
reflection = true

[tls]
certificate_file = "gateway.crt.pem"
key_file = "gateway.key.pem"
client_ca_file = "ca.crt.pem"
crl_file = "ca.crl.pem"

[store]
directory = "data"

[keys]
directory = "keys"

[quota]
requests_per_second = 5000
burst = 10000
deliveries_per_second = 5000

[delivery]
lease_seconds = {lease_seconds}
settle_seconds = {settle_seconds}
attempt_seconds = {attempt_seconds}
retry_seconds = {retry_seconds:?}
breaker_failures = {breaker_failures}
probe_seconds = {probe_seconds}
retries_per_second = {retries_per_second}

[[agency]]
id = "{OHJAAMO}"
sector = "youth_work"
standing = "authority"

[[agency]]
id = "{TE}"
sector = "employment"
standing = "authority"
adapter = "te"
[agency.settings]
{te_settings}
[[agency]]
id = "{PAJA}"
sector = "ngo"
standing = "not_authority"
adapter = "walmu"
[agency.settings]
base_url = "{walmu_url}"
token_url = "{token_url}"
client_id = "polku"
client_secret_file = "walmu-client.secret"
webhook_secret_file = "walmu-webhook.secret"
connection = {{ ca_file = "ca.crt.pem", timeout_ms = {answer_ms} }}

[[agency]]
id = "{OMA}"
sector = "youth_work"
standing = "authority"

[[organisation]]
agency = "{OHJAAMO}"
certificates_sha256 = ["{ohjaamo}"]
units = ["keskusta"]
roles = ["guidance_worker", "peer"]
actors = ["professional"]

[[organisation]]
agency = "{TE}"
certificates_sha256 = ["{te}"]
units = ["nuorten-palvelut"]
roles = ["official"]
actors = ["professional"]

[[organisation]]
agency = "{OMA}"
certificates_sha256 = ["{oma}"]
units = []
roles = []
actors = ["subject", "representative"]

[[operator]]
id = "{OPERATOR}"
certificates_sha256 = ["{operator}"]

[[agreement]]
from = "{OHJAAMO}"
to = "{TE}"

[[agreement]]
from = "{OHJAAMO}"
to = "{PAJA}"

[[agreement]]
from = "{TE}"
to = "{OHJAAMO}"

[[agreement]]
from = "{TE}"
to = "{PAJA}"

[[agreement]]
from = "{PAJA}"
to = "{OHJAAMO}"

[[agreement]]
from = "{PAJA}"
to = "{TE}"
{of_kela}"#
    ))
}

/// Kela as it is where nobody has added one with a system of its own: it works over gRPC.
fn kela_without_a_system(certificate: &str) -> String {
    format!(
        r#"
[[agency]]
id = "{KELA}"
sector = "benefits"
standing = "authority"

[[organisation]]
agency = "{KELA}"
certificates_sha256 = ["{certificate}"]
units = ["kuntoutus"]
roles = ["official"]
actors = ["professional"]

[[agreement]]
from = "{OHJAAMO}"
to = "{KELA}"

[[agreement]]
from = "{KELA}"
to = "{OHJAAMO}"
"#
    )
}

/// The name of the certificate that the gateway shows to one agency, and to no other.
#[must_use]
pub fn certificate_for(agency: &str) -> String {
    format!("gateway-for-{agency}")
}

/// The settings of the adapter for an agency's own system.
fn system(
    simulator: &dyn SimulatedAgency,
    agency: &str,
    manner: &str,
    folder: &Path,
    timeout_ms: u32,
) -> Result<String> {
    let surroundings = Surroundings {
        folder,
        agency,
        ca_file: &folder.join("ca.crt.pem"),
        certificate_file: &folder.join(format!("{}.crt.pem", certificate_for(agency))),
        key_file: &folder.join(format!("{}.key.pem", certificate_for(agency))),
        timeout_ms,
    };
    simulator.settings(&surroundings, manner)
}

/// The tables of an agency beside those that every world has. Writes the files that they name.
pub(super) fn added(
    agency: &AddedAgency,
    simulator: &dyn SimulatedAgency,
    identity: &Identity,
    folder: &Path,
    answer_ms: u32,
) -> Result<String> {
    let AddedAgency { id, kind, manner, repetition: _, sector, standing, units, agreements } = agency;
    let settings = system(simulator, id, manner, folder, answer_ms)?;
    let certificate = &identity.sha256;
    let mut text = format!(
        "\n[[agency]]\nid = {id:?}\nsector = {sector:?}\nstanding = {standing:?}\nadapter = {kind:?}\n\
         [agency.settings]\n{settings}\n\
         [[organisation]]\nagency = {id:?}\ncertificates_sha256 = [{certificate:?}]\nunits = {units:?}\n\
         roles = [\"official\"]\nactors = [\"professional\"]\n"
    );
    for other in agreements {
        for (from, to) in [(id, other), (other, id)] {
            write!(text, "\n[[agreement]]\nfrom = {from:?}\nto = {to:?}\n").context("no room")?;
        }
    }
    Ok(text)
}
