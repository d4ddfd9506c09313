//! What reached a simulated agency, and what took effect there, how often?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::simulators::faults::{Duplicates, Operation};

/// The book of one simulated agency. Clones write in the same book, which outlives a restart of the simulator.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    received: Vec<Received>,
    taken_in: Vec<TakenIn>,
    effects: BTreeMap<String, u32>,
    firsts: BTreeMap<String, First>,
    own: BTreeSet<String>,
}

/// A request as it came, before anybody judged it.
#[derive(Clone)]
pub struct Received {
    /// What it asks for, as far as can be told.
    pub operation: Operation,
    /// HTTP method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// HTTP headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Bytes,
    /// SHA-256 of the client certificate in DER, lower-case hexadecimal.
    pub client_certificate_sha256: Option<String>,
}

impl fmt::Debug for Received {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.body.len();
        formatter
            .debug_struct("Received")
            .field("operation", &self.operation)
            .field("bytes", &bytes)
            .finish_non_exhaustive()
    }
}

/// What was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenInKind {
    /// A referral.
    Referral,
    /// News about a referral.
    Notice,
    /// A part of a plan.
    PlanPart,
    /// What an agency's own register has to hold of a disclosure.
    Disclosure,
}

/// A message that took effect.
#[derive(Clone)]
pub struct TakenIn {
    /// What it is.
    pub kind: TakenInKind,
    /// UUID of the message, as written.
    pub message_id: String,
    /// UUID of the referral, as written; of a plan its own id.
    pub referral_id: String,
    /// The agency's own receipt number.
    pub receipt: String,
    /// When it was taken in, as the agency writes it.
    pub taken_in_at: String,
    /// Every value with its path in the agency's document, such as `asiakas.henkilotunnus`; a repeated one comes repeatedly.
    pub fields: Vec<(String, String)>,
}

impl fmt::Debug for TakenIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TakenIn")
            .field("kind", &self.kind)
            .field("message_id", &self.message_id)
            .field("referral_id", &self.referral_id)
            .finish_non_exhaustive()
    }
}

impl TakenIn {
    /// The first value at this path.
    #[must_use]
    pub fn field(&self, path: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == path).map(|(_, value)| value.as_str())
    }

    /// All values at this path.
    #[must_use]
    pub fn values(&self, path: &str) -> Vec<&str> {
        self.fields.iter().filter(|(name, _)| name == path).map(|(_, value)| value.as_str()).collect()
    }
}

/// The answer to the first coming of a message.
#[derive(Debug, Clone)]
pub(crate) struct First {
    pub(crate) receipt: String,
    pub(crate) taken_in_at: String,
    /// SHA-256 of path and body, to tell a repetition from another message under the same id.
    pub(crate) fingerprint: String,
}

/// A message about to take effect.
pub(crate) struct Effect {
    pub(crate) kind: TakenInKind,
    pub(crate) message_id: String,
    pub(crate) referral_id: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) fingerprint: String,
    pub(crate) at: String,
    pub(crate) receipt_prefix: &'static str,
}

/// What became of a message.
pub(crate) enum Effected {
    New(First),
    Repeated(First),
    /// The same id has come before with other contents.
    Clashing,
}

impl Ledger {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How often the message with this id took effect.
    #[must_use]
    pub fn effects(&self, message_id: &str) -> u32 {
        self.book().effects.get(&message_id.to_lowercase()).copied().unwrap_or(0)
    }

    /// How often each message took effect, by id in lower case.
    #[must_use]
    pub fn all_effects(&self) -> BTreeMap<String, u32> {
        self.book().effects.clone()
    }

    /// Everything that reached the agency, refused or not, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.book().received.clone()
    }

    /// Whether these bytes stand anywhere in a received path, header or body.
    #[must_use]
    pub fn received_contains(&self, needle: &[u8]) -> bool {
        let holds = |hay: &[u8]| !needle.is_empty() && hay.windows(needle.len()).any(|part| part == needle);
        self.book().received.iter().any(|received| {
            holds(received.path.as_bytes())
                || holds(&received.body)
                || received.headers.iter().any(|(_, value)| holds(value.as_bytes()))
        })
    }

    /// The referrals that took effect, one entry for each effect, in order.
    #[must_use]
    pub fn referrals(&self) -> Vec<TakenIn> {
        self.taken_in(TakenInKind::Referral)
    }

    /// The news that took effect, one entry for each effect, in order.
    #[must_use]
    pub fn notices(&self) -> Vec<TakenIn> {
        self.taken_in(TakenInKind::Notice)
    }

    /// Everything that took effect, one entry for each effect, in order.
    #[must_use]
    pub fn all_taken_in(&self) -> Vec<TakenIn> {
        self.book().taken_in.clone()
    }

    /// The last effect of the referral with this UUID.
    #[must_use]
    pub fn referral(&self, referral_id: &str) -> Option<TakenIn> {
        let wanted = referral_id.to_lowercase();
        self.referrals().into_iter().rev().find(|referral| referral.referral_id.to_lowercase() == wanted)
    }

    /// The agency has sent the referral with this UUID itself: it knows what news about it are about.
    pub fn note_own_referral(&self, referral_id: &str) {
        self.book().own.insert(referral_id.to_lowercase());
    }

    /// Whether the agency knows the referral with this UUID: it has taken it in, or sent it.
    pub(crate) fn knows(&self, referral_id: &str) -> bool {
        self.referral(referral_id).is_some() || self.book().own.contains(&referral_id.to_lowercase())
    }

    pub(crate) fn note(&self, received: Received) {
        self.book().received.push(received);
    }

    /// The answer that this message had when it first came.
    pub(crate) fn first(&self, message_id: &str) -> Option<First> {
        self.book().firsts.get(&message_id.to_lowercase()).cloned()
    }

    pub(crate) fn take_effect(&self, effect: Effect, duplicates: Duplicates) -> Effected {
        let mut book = self.book();
        let key = effect.message_id.to_lowercase();
        if let (Duplicates::Recognise, Some(first)) = (duplicates, book.firsts.get(&key)) {
            if first.fingerprint == effect.fingerprint {
                return Effected::Repeated(first.clone());
            }
            return Effected::Clashing;
        }
        let number = book.taken_in.len() + 1;
        let first = First {
            receipt: format!("{}-{number:06}", effect.receipt_prefix),
            taken_in_at: effect.at,
            fingerprint: effect.fingerprint,
        };
        *book.effects.entry(key.clone()).or_default() += 1;
        book.firsts.entry(key).or_insert_with(|| first.clone());
        book.taken_in.push(TakenIn {
            kind: effect.kind,
            message_id: effect.message_id,
            referral_id: effect.referral_id,
            receipt: first.receipt.clone(),
            taken_in_at: first.taken_in_at.clone(),
            fields: effect.fields,
        });
        Effected::New(first)
    }

    fn taken_in(&self, kind: TakenInKind) -> Vec<TakenIn> {
        self.book().taken_in.iter().filter(|entry| entry.kind == kind).cloned().collect()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
