//! What failed, where, and may it be tried again?
//!
//! X-Road spells its codes in two ways: `Server.ServerProxy.AccessDenied` until 7.7 and
//! `server.serverproxy.access_denied` since 7.8. Both are read; whether to try again is this project's reading.

use std::fmt;

use super::ENVELOPE;
use crate::transport::xml::Element;

/// A technical fault as received. `Debug` shows the code only: the texts can hold personal data and internal
/// addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault {
    code: String,
    string: String,
    actor: Option<String>,
    detail: Option<String>,
}

/// A failure that a provider reports inside an ordinary answer. `Debug` shows the code only.
#[derive(Clone, PartialEq, Eq)]
pub struct NonTechnicalFault {
    code: String,
    string: String,
}

impl Fault {
    pub(super) fn read(element: &Element) -> Self {
        let text = |name: &str| any_child(element, name).map(|child| child.text().to_owned());
        let detail = any_child(element, "detail").map(|detail| {
            let detail = any_child(detail, "faultDetail").unwrap_or(detail);
            detail.text().trim().to_owned()
        });
        Self {
            code: text("faultcode").unwrap_or_default().trim().to_owned(),
            string: text("faultstring").unwrap_or_default(),
            actor: text("faultactor"),
            detail,
        }
    }

    /// Returns the code as its sender spells it.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the sender's explanation. It can hold internal addresses: do not show it to end users.
    #[must_use]
    pub fn string(&self) -> &str {
        &self.string
    }

    /// Returns who failed, if the sender says so.
    #[must_use]
    pub fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// Returns the detail: from X-Road itself, the id of the line in its log.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Returns where it failed and whether to try again.
    #[must_use]
    pub fn class(&self) -> FaultClass {
        classify(&self.code)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Fault").field("class", &self.class()).finish_non_exhaustive()
    }
}

impl NonTechnicalFault {
    /// Looks for `fault` in the body's element, and in a `response` inside it, where older services keep it.
    pub(super) fn find(body: &Element) -> Option<Self> {
        if body.is(ENVELOPE, "Fault") {
            return None;
        }
        let places = [Some(body), any_child(body, "response")];
        let fault = places.into_iter().flatten().find_map(|place| any_child(place, "fault"))?;
        let code = any_child(fault, "faultCode")?.text().trim().to_owned();
        let string = any_child(fault, "faultString").map(|string| string.text().to_owned());
        Some(Self { code, string: string.unwrap_or_default() })
    }

    /// Returns the provider's own code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns the provider's explanation.
    #[must_use]
    pub fn string(&self) -> &str {
        &self.string
    }
}

impl fmt::Debug for NonTechnicalFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NonTechnicalFault(redacted)")
    }
}

/// What a code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultClass {
    /// Who failed.
    pub failed_at: FailedAt,
    /// Whether the same message can succeed later.
    pub retry: Retry,
    /// Whether the provider's system can have seen the request.
    pub reached: Reached,
}

/// Who failed, by the prefix of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailedAt {
    /// We sent something that cannot be sent (`client`).
    Client,
    /// Our own security server (`server.clientproxy`).
    OurSecurityServer,
    /// The provider's security server (`server.serverproxy`).
    TheirSecurityServer,
    /// The provider's system (`...service_failed...`).
    Backend,
    /// The prefix is not X-Road's: the provider's system speaks itself.
    Provider,
}

/// Whether the same message can succeed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The cause passes.
    Later,
    /// The cause stays until somebody changes something.
    Never,
}

/// Whether the provider's system can have seen the request, and acted on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reached {
    /// It has certainly not.
    No,
    /// It may have.
    Possibly,
}

/// Codes whose cause passes, normalised, and whether the request can have reached the provider's system.
const PASSING: &[(&str, Reached)] = &[
    ("networkerror", Reached::Possibly),
    ("ioerror", Reached::Possibly),
    ("httperror", Reached::Possibly),
    ("unknownhost", Reached::No),
    ("maintenancemode", Reached::No),
    ("servicedisabled", Reached::No),
    // A time stamp is also missing when the answer is logged.
    ("timestampingfailed", Reached::Possibly),
    ("globalconfoutdated", Reached::No),
    // Most often an OCSP response that has grown old.
    ("sslauthenticationfailed", Reached::No),
];

/// Codes whose cause stays, normalised, that are given before a request leaves the security servers.
const STAYING: &[&str] = &[
    "accessdenied",
    "unknownservice",
    "unknownmember",
    "servicetype",
    "invalidsecurityserver",
    "invalidclientidentifier",
];

/// Beginnings of further codes whose cause stays; some of them are earned by an answer.
const STAYING_PREFIXES: &[&str] = &["invalid", "missing", "inconsistent", "duplicateheaderfield"];

/// Returns what a code in either spelling tells.
#[must_use]
pub fn classify(code: &str) -> FaultClass {
    let code = normalise(code);
    let parts: Vec<&str> = code.split('.').collect();
    let failed_at = match parts.as_slice() {
        ["client", ..] => FailedAt::Client,
        ["server", "clientproxy" | "serverproxy", "servicefailed", ..] => FailedAt::Backend,
        ["server", "clientproxy", ..] => FailedAt::OurSecurityServer,
        ["server", "serverproxy", ..] => FailedAt::TheirSecurityServer,
        _ => FailedAt::Provider,
    };
    let passing = PASSING.iter().find(|(known, _)| parts.contains(known));
    let refused = parts.iter().any(|part| STAYING.contains(part));
    let staying = parts.iter().any(|part| STAYING_PREFIXES.iter().any(|prefix| part.starts_with(prefix)));
    let (retry, reached) = match (failed_at, passing) {
        (FailedAt::Provider, _) => (Retry::Never, Reached::Possibly),
        (FailedAt::Client, _) => (Retry::Never, Reached::No),
        (_, _) if refused => (Retry::Never, Reached::No),
        (_, Some((_, reached))) if !staying => (Retry::Later, *reached),
        (_, _) => (Retry::Never, Reached::Possibly),
    };
    // INVARIANT: whatever the code, a failure behind the provider's security server may have had an effect.
    let reached = if failed_at == FailedAt::Backend { Reached::Possibly } else { reached };
    FaultClass { failed_at, retry, reached }
}

/// Brings a code in either spelling to one: lower case, without `_`, part by part.
#[must_use]
pub fn normalise(code: &str) -> String {
    let parts = code.split('.').map(|part| part.replace('_', "").to_lowercase());
    let parts = parts.map(|part| match part.as_str() {
        // The one pair that is not the same word in both spellings.
        "outdatedglobalconf" => "globalconfoutdated".to_owned(),
        _ => part,
    });
    parts.collect::<Vec<_>>().join(".")
}

/// Faults are written with and without namespace, whatever SOAP 1.1 says.
fn any_child<'e>(element: &'e Element, name: &str) -> Option<&'e Element> {
    element.children().iter().find(|child| child.name() == name)
}
