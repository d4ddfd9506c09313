//! How does an authorised payload become the answer to a gRPC call?
//!
//! INVARIANT: a payload-bearing answer leaves through [`answer`] and nowhere else; a test over the sources holds it.

use jiff::Timestamp;
use polku_policy::{Authorised, BasisKind, Decision, Obligation, Outcome};
use polku_proto::v1::decision::Verdict;
use polku_proto::v1::{self, basis};
use polku_proto::{ConsentName, YouthId};
use tonic::Response;
use uuid::Uuid;

use crate::audit::{Hash, Receipt, sha256};
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::reader;
use crate::record::wire_time;

impl Gateway {
    /// Answers, unless something may have been taken back since it was decided that it may be told, while the call was on
    /// its way, whichever gateway has heard of it.
    ///
    /// # Errors
    /// [`Error::ConsentStale`] then: the same call is decided anew. As [`answer`] otherwise.
    pub(crate) async fn answer<X>(
        &self,
        authorised: Authorised<X>,
        caller: &Caller,
    ) -> Result<Response<X>, Error> {
        self.learn().await?;
        if !authorised.still_holds(&self.index()) {
            return Err(Error::ConsentStale);
        }
        answer(authorised, caller, self.now())
    }
}

/// Spends the permit of an answer, for the caller it was made for.
///
/// # Errors
/// Fails when the permit is for somebody else or out of date.
pub(crate) fn answer<X>(
    authorised: Authorised<X>,
    caller: &Caller,
    now: Timestamp,
) -> Result<Response<X>, Error> {
    let (payload, _) = authorised
        .spend(&reader(caller), now)
        .map_err(|_| Error::Inconsistent("an answer was authorised for another reader or instant"))?;
    Ok(Response::new(payload))
}

/// A decision as the contract words it: two-valued, and without what would reveal a prohibition.
pub(crate) fn wire_decision(
    decision: &Decision,
    youth: YouthId,
    leaf: &Receipt,
) -> Result<v1::Decision, Error> {
    named_decision(decision, youth, &leaf.leaf_hash)
}

/// The same for one item of a batch, whose decisions have one leaf: the item's number goes into the id.
pub(crate) fn wire_item_decision(
    decision: &Decision,
    youth: YouthId,
    leaf: &Receipt,
    item: u16,
) -> Result<v1::Decision, Error> {
    named_decision(decision, youth, &sha256(&[&leaf.leaf_hash, &item.to_be_bytes()]))
}

fn named_decision(decision: &Decision, youth: YouthId, hash: &Hash) -> Result<v1::Decision, Error> {
    let verdict = match decision.outcome() {
        Outcome::Permitted => Verdict::Permitted,
        Outcome::Denied | Outcome::NoConsent => Verdict::NotPermitted,
    };
    let (high, low) = split(hash);
    Ok(v1::Decision {
        id: Uuid::from_u64_pair(high, low).to_string(),
        verdict: verdict as i32,
        permitted: decision.permitted().to_wire(),
        withheld: decision.withheld().to_wire(),
        bases: decision.bases().iter().map(|basis| wire_basis(basis, youth)).collect(),
        policy_digest: decision.policy_digest().to_vec(),
        revision: decision.revision(),
        evaluated_at: Some(wire_time(decision.evaluated_at())?),
        valid_until: decision.valid_until().map(wire_time).transpose()?,
        obligations: decision
            .obligations()
            .iter()
            .map(|obligation| wire_obligation(*obligation).into())
            .collect(),
    })
}

fn wire_obligation(obligation: Obligation) -> v1::Obligation {
    match obligation {
        Obligation::MarkRedacted => v1::Obligation::MarkRedacted,
        Obligation::DisclosureNotice => v1::Obligation::DisclosureNotice,
        Obligation::RecordGround => v1::Obligation::RecordGround,
        Obligation::SecondPersonReview => v1::Obligation::SecondPersonReview,
        Obligation::HighPriority => v1::Obligation::HighPriority,
        Obligation::SendAtOnce => v1::Obligation::SendAtOnce,
        Obligation::SendSameDay => v1::Obligation::SendSameDay,
        Obligation::SendNextDay => v1::Obligation::SendNextDay,
    }
}

/// One ground of a decision as the contract words it.
pub(crate) fn wire_basis(basis: &polku_policy::Basis, youth: YouthId) -> v1::Basis {
    let kind = match basis.kind {
        BasisKind::Consent => basis::Kind::Consent,
        BasisKind::DisclosurePermit => basis::Kind::DisclosurePermit,
        BasisKind::Statute => basis::Kind::Statute,
        BasisKind::OwnData => basis::Kind::OwnData,
    };
    let (consent, version) = match basis.consent {
        Some((consent, version)) => (ConsentName { youth, consent }.to_string(), version),
        None => (String::new(), 0),
    };
    v1::Basis {
        kind: kind as i32,
        rule: basis.rule.to_string(),
        statute: basis.statute.to_string(),
        consent,
        consent_version: version,
    }
}

/// The decision's id: the first half of its leaf's hash, so that anyone with the log can find it.
fn split(hash: &Hash) -> (u64, u64) {
    let number = |bytes: &[u8]| bytes.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let (first, rest) = hash.split_at(8);
    (number(first), number(rest))
}
