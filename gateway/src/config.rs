//! What has the operator decided, and is all of it usable?
//!
//! One strict TOML file. Everything in it is checked before a port opens, and everything that is wrong with it is
//! reported at once, by key and line, without the value of anything that may be secret.

mod delays;
mod error;
pub(crate) mod files;
mod parse;
mod quota;
mod retention;
mod section;
mod weak;

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use polku_policy::{Agreement, Directory, Municipality, Sector, Standing, Task};
use polku_proto::identity::BusinessId;
use polku_proto::{AgencyId, CategorySet, Party};

use crate::directory::Routing;
use crate::figures::ReportFor;
use crate::front::tls::Tls;
use crate::measure::Star;
use crate::store::postgres::PostgresSettings;

pub use delays::Delays;
pub(crate) use error::Lines;
pub use error::{ConfigError, Problem};
pub use quota::{QuotaSettings, Rate};
pub use retention::RetentionSettings;
pub(crate) use section::{Problems, quoted};
pub use weak::Weak;

#[cfg(test)]
mod tests;

/// The whole configuration of a gateway, checked.
#[derive(Debug)]
pub struct Config {
    /// The configuration file.
    pub file: PathBuf,
    /// The folder of the configuration file. Relative paths are relative to it.
    pub folder: PathBuf,
    /// Where the gateway listens.
    pub listen: Listen,
    /// How the gateway proves who it is, and whom it lets in.
    pub tls: Tls,
    /// The folder of the audit log, and of the embedded database. It need not exist yet, but its parent does.
    pub store: PathBuf,
    /// The database server that keeps the state. `None`: the embedded database does.
    pub database: Option<PostgresSettings>,
    /// The folder of the master keys. It exists.
    pub keys: PathBuf,
    /// The file in which the newest checkpoint of the audit log is pinned, outside the store. `None`: nothing is pinned.
    pub pinned_checkpoint: Option<PathBuf>,
    /// How long the leaf of a `VerifyConsent` that was answered may not be on disk yet. `None`: it is before the answer.
    pub audit_buffer: Option<Duration>,
    /// The folder of the policy rules. `None`: those that the gateway ships with.
    pub rules: Option<PathBuf>,
    /// The file of the service directory. `None`: nothing is listed.
    pub service_directory: Option<PathBuf>,
    /// To whom matters go, by profile and team.
    pub routing: Routing,
    /// How much one organisation may ask, and how much is sent to one agency.
    pub quota: QuotaSettings,
    /// How deliveries are made.
    pub delivery: DeliverySettings,
    /// What joint plans are kept with.
    pub plan: PlanSettings,
    /// When somebody is to be looked after, and to whom figures go.
    pub journey: JourneySettings,
    /// For how long it is not told what rests on a ground in law.
    pub delays: Delays,
    /// For how long what is kept.
    pub retention: RetentionSettings,
    /// Everybody who can send or receive, in the order of the file.
    pub agencies: Vec<AgencyEntry>,
    /// Everybody who may call over gRPC, in the order of the file.
    pub organisations: Vec<Organisation>,
    /// The units of all of them.
    pub units: Units,
    /// Who may look after deliveries, in the order of the file.
    pub operators: Vec<Operator>,
    /// Who may disclose to whom in regular flows, in the order of the file.
    pub agreements: Vec<Agreement>,
    /// Agencies and agreements as the policy engine wants them.
    pub directory: Directory,
}

impl Config {
    /// Reads and checks a configuration file and the files that it names.
    ///
    /// # Errors
    /// [`ConfigError`], with everything that is wrong.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        Config::parse(&text, path)
    }

    /// Checks the text of a configuration file and reads the files that it names.
    ///
    /// # Errors
    /// [`ConfigError::Wrong`], with everything that is wrong.
    pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
        parse::parse(text, path).map_err(|problems| ConfigError::Wrong { path: path.to_owned(), problems })
    }

    /// Reads and checks what a configuration file says of quotas. What else stands in it need not be right.
    ///
    /// # Errors
    /// [`ConfigError`], with everything that is wrong with the quotas.
    pub fn quotas(path: &Path) -> Result<QuotaSettings, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        parse::quotas(&text).map_err(|problems| ConfigError::Wrong { path: path.to_owned(), problems })
    }
}

/// Addresses that are opened, and what they tell. Port 0 lets the system choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// gRPC over mutual TLS.
    pub grpc: SocketAddr,
    /// Agencies' own protocols over HTTP/1.1 and TLS.
    pub inbound: SocketAddr,
    /// Whether the first tells the contract by server reflection.
    pub reflection: bool,
}

/// What joint plans are kept with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanSettings {
    /// The agencies that sit for the city's employment unit at meetings of four parties. For employment services and
    /// social work sit the agencies of those sectors.
    pub municipality: BTreeSet<AgencyId>,
    /// The outcome stars that are used.
    pub stars: Vec<Star>,
}

/// When somebody is to be looked after, and to whom figures go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JourneySettings {
    /// After how many days, by the calendar in Finland, a young person whom nobody has met becomes a task.
    pub unmet_days: u32,
    /// Whom reports go to, in the order of the file.
    pub reports: Vec<ReportFor>,
}

impl Default for JourneySettings {
    fn default() -> Self {
        Self { unmet_days: 30, reports: Vec::new() }
    }
}

/// How deliveries are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverySettings {
    /// How many are under way at the same time.
    pub concurrency: u32,
    /// For how long a worker has a delivery for itself.
    pub lease: Duration,
    /// How long one attempt may take. Shorter than the lease.
    pub attempt: Duration,
    /// After which time a delivery that does not succeed is given up.
    pub give_up_after: Duration,
    /// The longest pause after the first failed attempt, the second and so on; the last one stays.
    pub pauses: Vec<Duration>,
    /// How long an agency that has not answered may still be at work on a message: no sooner is it asked whether it has it. At
    /// most what a lease leaves behind an attempt: after a crash that alone is waited for.
    pub settle: Duration,
    /// After how many failures in a row nothing is sent to an agency any more but a probe.
    pub breaker_failures: u32,
    /// How long nothing is sent to it then, and after a probe that fails.
    pub probe_after: Duration,
    /// How many deliveries that have waited or failed may be sent to an agency for a hundred fresh ones.
    pub retry_percent: u32,
    /// How many of them may be sent to an agency every second, however many fresh ones there are.
    pub retries_per_second: u32,
    /// The longest pause without looking into the queue and at what time changes.
    pub look_again: Duration,
}

/// The usual pauses, seconds: from five seconds to ten hours.
pub(crate) const PAUSES: [u32; 7] = [5, 30, 300, 1_800, 7_200, 18_000, 36_000];

impl Default for DeliverySettings {
    fn default() -> Self {
        Self {
            concurrency: 64,
            lease: Duration::from_secs(60),
            attempt: Duration::from_secs(20),
            give_up_after: Duration::from_secs(72 * 60 * 60),
            pauses: PAUSES.iter().map(|seconds| Duration::from_secs(u64::from(*seconds))).collect(),
            settle: Duration::from_secs(40),
            breaker_failures: 5,
            probe_after: Duration::from_secs(30),
            retry_percent: 10,
            retries_per_second: 10,
            look_again: Duration::from_secs(1),
        }
    }
}

/// An agency that can send or receive.
#[derive(Debug, Clone)]
pub struct AgencyEntry {
    /// Its id.
    pub id: AgencyId,
    /// Its sector.
    pub sector: Sector,
    /// Whether it is an authority.
    pub standing: Standing,
    /// What the law entrusts to it.
    pub tasks: BTreeSet<Task>,
    /// The categories without which it can do nothing with a referral.
    pub requires: CategorySet,
    /// The municipalities for which it does what is entrusted to it.
    pub municipalities: BTreeSet<Municipality>,
    /// The units that its own system works in. Those from which it calls over gRPC stand with its [`Organisation`].
    pub units: BTreeSet<String>,
    /// Who answers for its data.
    pub controller: Controller,
    /// How it is spoken to. `None`: it works over gRPC only.
    pub adapter: Option<AdapterEntry>,
}

/// The units that are registered for agencies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Units(BTreeSet<Party>);

impl Units {
    /// Those of the agencies' own systems, and those from which agencies call.
    #[must_use]
    pub fn of(agencies: &[AgencyEntry], organisations: &[Organisation]) -> Units {
        let own = agencies.iter().map(|entry| (&entry.id, &entry.units));
        let calling = organisations.iter().map(|organisation| (&organisation.agency, &organisation.units));
        let party = |agency: &AgencyId, unit: &String| {
            unit.parse().ok().map(|unit| Party { agency: agency.clone(), unit: Some(unit) })
        };
        own.chain(calling)
            .flat_map(|(agency, units)| units.iter().filter_map(move |unit| party(agency, unit)))
            .collect()
    }

    /// Tells whether the party is a whole agency, or a unit that is registered for its agency.
    #[must_use]
    pub fn has(&self, party: &Party) -> bool {
        party.unit.is_none() || self.0.contains(party)
    }
}

impl FromIterator<Party> for Units {
    fn from_iter<I: IntoIterator<Item = Party>>(units: I) -> Units {
        Units(units.into_iter().collect())
    }
}

/// Who answers for an agency's data (the controller, GDPR article 4(7)), as a young person reads it in the receipt of a
/// consent. What is not stated stays empty there; in place of a name stands the agency's id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Controller {
    /// Its name.
    pub name: Option<String>,
    /// Its business id (Y-tunnus).
    pub business_id: Option<BusinessId>,
    /// Its postal address, on one line.
    pub address: Option<String>,
    /// Where its data protection is reached by e-mail.
    pub email: Option<String>,
    /// The same by telephone.
    pub phone: Option<String>,
    /// Where its privacy notice stands.
    pub policy_url: Option<String>,
}

/// Which adapter an agency has.
#[derive(Clone, PartialEq)]
pub struct AdapterEntry {
    /// Which of the registry.
    pub kind: String,
    /// The adapter's own table, not looked at here.
    pub settings: toml::Table,
}

impl fmt::Debug for AdapterEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AdapterEntry")
            .field("kind", &self.kind)
            .field("settings", &format_args!("(redacted)"))
            .finish()
    }
}

/// A system of an agency that may call over gRPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// As which agency it acts.
    pub agency: AgencyId,
    /// SHA-256 of its client certificates in DER.
    pub certificates: Vec<[u8; 32]>,
    /// Units that its professionals work in.
    pub units: BTreeSet<String>,
    /// Roles that its professionals have.
    pub roles: BTreeSet<String>,
    /// On whose behalf it may call.
    pub actors: BTreeSet<ActorKind>,
}

/// Somebody who looks after the gateway's deliveries, and sees nothing of what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Under which name the audit log keeps what was done: letters, digits and `._:-`, and no personal identity code.
    pub id: String,
    /// SHA-256 of the client certificates in DER.
    pub certificates: Vec<[u8; 32]>,
}

/// A kind of person on whose behalf a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActorKind {
    /// A professional of the organisation.
    Professional,
    /// The young person.
    Subject,
    /// A guardian or another representative.
    Representative,
}

impl fmt::Display for ActorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ActorKind::Professional => "professional",
            ActorKind::Subject => "subject",
            ActorKind::Representative => "representative",
        })
    }
}
