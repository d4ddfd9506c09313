//! Which access tokens has the case management issued, and until when are they good?

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// The tokens in use. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Tokens(Arc<Mutex<Issued>>);

#[derive(Default)]
struct Issued {
    good_until: BTreeMap<String, Timestamp>,
    count: u64,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tokens(redacted)")
    }
}

impl Tokens {
    pub(crate) fn issue(&self, now: Timestamp, lifetime: Duration) -> String {
        let token = format!("walmu.{}.{}", Uuid::now_v7().simple(), Uuid::now_v7().simple());
        let lifetime = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
        let mut issued = self.issued_tokens();
        issued.count += 1;
        issued.good_until.insert(token.clone(), now.saturating_add(lifetime).unwrap_or(Timestamp::MAX));
        token
    }

    pub(crate) fn is_good(&self, token: &str, now: Timestamp) -> bool {
        self.issued_tokens().good_until.get(token).is_some_and(|until| now < *until)
    }

    pub(crate) fn revoke(&self) {
        self.issued_tokens().good_until.clear();
    }

    pub(crate) fn issued(&self) -> u64 {
        self.issued_tokens().count
    }

    fn issued_tokens(&self) -> MutexGuard<'_, Issued> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
