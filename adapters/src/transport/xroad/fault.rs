//! What failed, where, and may it be tried again?
//!
//! X-Road spells its codes in two ways: `Server.ServerProxy.AccessDenied` until 7.7 and
//! `server.serverproxy.access_denied` since 7.8. Both are read; whether to try again is this project's reading.

/// A longer code, or one with other characters, is not repeated to anyone.
const REPORTED_CODE_BYTES: usize = 128;
/// Nor is one with a number of so many digits: a personal identity code begins with a birthday, and no code of X-Road's
/// has a number at all.
const DIGITS_OF_A_BIRTHDAY: usize = 6;

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

/// A fault's code is somebody else's text: it is repeated only if it looks like a code.
pub(super) fn reported(code: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':');
    let mut numbers = code.split(|letter: char| !letter.is_ascii_digit());
    let has_birthday = numbers.any(|number| number.len() >= DIGITS_OF_A_BIRTHDAY);
    let fits = !code.is_empty() && code.len() <= REPORTED_CODE_BYTES && code.bytes().all(plain);
    if fits && !has_birthday { code } else { "fault" }
}
