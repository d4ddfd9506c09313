//! What is written to the audit log about a call?

mod again;
mod context;
mod details;
mod erasures;
mod older;
pub(crate) mod settled;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use polku_policy::{Channel, Decision, Outcome};
use polku_proto::v1::{AuditReceipt, LegalGround, Purpose};
use polku_proto::{AgencyId, CategorySet, YouthId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::{AuditLog, Event, Hash, Leaf, Receipt, SALT_BYTES, Verdict};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::seal::Keys;
use crate::store::{Change, DetailRow, Erased, Reconciled, Store, TaskWrite};

use details::{Details, place as detail_place};

pub(crate) use again::{Known, Note};
pub(crate) use context::{By, Ground};
pub(crate) use older::Behind;
pub(crate) use settled::Settled;

/// The pseudonym key in use is the first one.
const KEY_EPOCH: u8 = 1;

/// Who acts when no agency does.
pub(crate) const GATEWAY: &str = "gateway";

/// One entry, before it has its place.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    event: Event,
    caller: Option<&'a Caller>,
    operator: Option<&'a str>,
    youth: Option<YouthId>,
    purpose: Purpose,
    decision: Option<&'a Decision>,
    withheld: Option<(CategorySet, [u8; 32])>,
    refers_to: Option<u64>,
    addressee: Option<&'a AgencyId>,
    name: Option<&'a str>,
    ground: LegalGround,
    channel: Option<&'a Channel>,
}

impl<'a> Entry<'a> {
    pub(crate) fn of(event: Event, youth: YouthId) -> Self {
        Self {
            event,
            caller: None,
            operator: None,
            youth: Some(youth),
            purpose: Purpose::Unspecified,
            decision: None,
            withheld: None,
            refers_to: None,
            addressee: None,
            name: None,
            ground: LegalGround::Unspecified,
            channel: None,
        }
    }

    /// About several people, or nobody.
    pub(crate) fn of_many(event: Event) -> Self {
        Self { youth: None, ..Self::of(event, YouthId::from_uuid(Uuid::nil())) }
    }

    pub(crate) fn by(self, caller: &'a Caller) -> Self {
        Self { caller: Some(caller), ..self }
    }

    /// By an operator of the gateway, who acts for no agency.
    pub(crate) fn by_operator(self, operator: &'a str) -> Self {
        Self { operator: Some(operator), ..self }
    }

    /// What for, where nothing is decided.
    pub(crate) fn for_purpose(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }

    pub(crate) fn decided(self, purpose: Purpose, decision: &'a Decision) -> Self {
        Self { purpose, decision: Some(decision), ..self }
    }

    /// What was held back under these rules, where several decisions come to that.
    pub(crate) fn withholding(self, withheld: CategorySet, policy: [u8; 32]) -> Self {
        Self { withheld: Some((withheld, policy)), ..self }
    }

    pub(crate) fn refers_to(self, sequence: u64) -> Self {
        Self { refers_to: Some(sequence), ..self }
    }

    /// The agency that something is sent to, where no caller acts.
    pub(crate) fn towards(self, agency: &'a AgencyId) -> Self {
        Self { addressee: Some(agency), ..self }
    }

    /// The ground in law that is stated.
    pub(crate) fn claiming(self, ground: LegalGround) -> Self {
        Self { ground, ..self }
    }

    /// Between whom, for questions, which have no details.
    pub(crate) fn between(self, channel: &'a Channel) -> Self {
        Self { channel: Some(channel), ..self }
    }

    /// What it is about.
    pub(crate) fn of_what(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }

    fn leaf(&self, gateway: &Gateway, time: Timestamp) -> Leaf {
        let keys = &gateway.keys;
        let (verdict, permitted, withheld, policy) = match (self.decision, self.withheld) {
            (None, None) => (Verdict::None, CategorySet::EMPTY, CategorySet::EMPTY, [0; 32]),
            (None, Some((withheld, policy))) => (Verdict::NotPermitted, CategorySet::EMPTY, withheld, policy),
            (Some(decision), _) => {
                (verdict(decision), decision.permitted(), decision.withheld(), decision.policy_digest())
            }
        };
        Leaf {
            time,
            event: self.event,
            organisation: self.organisation(),
            actor: match (self.caller, self.operator) {
                (Some(caller), _) => actor_pseudonym(gateway, caller),
                (None, Some(id)) => keys.pseudonym(b"actor", format!("operator/{id}").as_bytes()),
                (None, None) => [0; 32],
            },
            subject: self.youth.map_or([0; 32], |youth| gateway.subject_pseudonym(youth)),
            purpose: u16::try_from(self.purpose as i32).unwrap_or(0),
            categories: permitted.bits(),
            withheld: withheld.bits(),
            verdict,
            policy,
            refers_to: self.refers_to,
            commitment: match (self.channel, self.name) {
                (Some(channel), _) => asked_mark(keys, channel, self.ground),
                (None, Some(name)) => keys.pseudonym(b"name", name.as_bytes()),
                (None, None) => [0; 32],
            },
            key_epoch: KEY_EPOCH,
        }
    }

    fn organisation(&self) -> String {
        let agency = self.caller.map(|caller| &caller.agency).or(self.addressee);
        agency.map_or_else(|| GATEWAY.to_owned(), ToString::to_string)
    }
}

/// A leaf that is durable, and its sealed details, which go into the store with the state.
#[derive(Debug)]
pub(crate) struct Announced {
    pub(crate) receipt: Receipt,
    pub(crate) detail: Option<DetailRow>,
}

impl Gateway {
    /// Writes a leaf without details.
    pub(crate) async fn note(&self, entry: Entry<'_>, now: Timestamp) -> Result<Receipt, Error> {
        self.append(entry.leaf(self, now)).await
    }

    /// Writes the leaf of a question that disclosed nothing: if the operator has chosen so, it is on disk a little later.
    pub(crate) async fn note_question(&self, entry: Entry<'_>, now: Timestamp) -> Result<Receipt, Error> {
        Ok(self.audit.append_buffered(entry.leaf(self, now)).await?)
    }

    /// Writes the one leaf of a batch of questions, which commits to all of them.
    pub(crate) async fn note_batch(
        &self,
        caller: &Caller,
        commitment: [u8; 32],
        policy: [u8; 32],
        now: Timestamp,
    ) -> Result<Receipt, Error> {
        let leaf = Entry::of_many(Event::VerifyConsent).by(caller).leaf(self, now);
        self.append(Leaf { commitment, policy, ..leaf }).await
    }

    /// A person as the log names them.
    pub(crate) fn subject_pseudonym(&self, youth: YouthId) -> [u8; 32] {
        self.keys.pseudonym(b"subject", youth.uuid().as_bytes())
    }

    /// Writes a leaf that commits to details about a person. The details are sealed under the person's key: when
    /// that is erased, they are gone and the log still verifies.
    pub(crate) async fn announce(
        &self,
        entry: Entry<'_>,
        person: &Person,
        details: &Value,
        now: Timestamp,
    ) -> Result<Announced, Error> {
        let details = Details::of(person, entry.in_context(person.id, details)?.to_string())?;
        let receipt = self.append(details.leaf(&entry, self, now)).await?;
        Ok(Announced { receipt, detail: Some(details.sealed(receipt.sequence)?) })
    }

    /// The details of a leaf about this person, opened; none, if it has none.
    pub(crate) async fn details(&self, person: &Person, sequence: u64) -> Result<Option<Value>, Error> {
        const BROKEN: Error = Error::Inconsistent("sealed details of an audit leaf are unreadable");
        let Some(row) = self.store.audit_detail(sequence).await? else { return Ok(None) };
        let plain = person.key().open(detail_place(person, sequence), &row.sealed)?;
        let (_salt, text) = plain.split_at_checked(SALT_BYTES).ok_or(BROKEN)?;
        serde_json::from_slice(text).map(Some).map_err(|_| BROKEN)
    }
}

impl Gateway {
    /// Writes a refusal, with its reasons sealed under the person's key: they tell a prohibition from a missing consent.
    /// About nobody there is nothing to seal.
    pub(crate) async fn note_refusal(
        &self,
        entry: Entry<'_>,
        person: Option<&Person>,
        channel: &Channel,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(person) = person else {
            self.note(entry, now).await?;
            return Ok(());
        };
        self.note_refusal_with(entry, person, (channel, decision), None, now).await
    }

    /// The same about somebody who is known, with the task that comes of it.
    pub(crate) async fn note_refusal_with(
        &self,
        entry: Entry<'_>,
        person: &Person,
        (channel, decision): (&Channel, &Decision),
        task: Option<TaskWrite>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let details = json!({
            "from": channel.from.to_string(),
            "to": channel.to.to_string(),
            "outcome": format!("{:?}", decision.outcome()),
            "reasons": decision.reasons().iter().map(|reason| reason.code()).collect::<Vec<_>>(),
        });
        let announced = self.announce(entry, person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.tasks.extend(task);
        self.commit(change).await
    }
}

/// Leaves that somebody may still be at work on.
const AT_WORK: SignedDuration = SignedDuration::from_mins(1);

/// At start, before anything else: whoever was erased since is erased, an older database that was accepted is brought up
/// to the log, and what a crash has left open is closed.
pub(crate) async fn begin(gateway: &Arc<Gateway>) -> Result<(), Error> {
    let from = expect_log(gateway.store.as_ref(), &gateway.audit).await?;
    erasures::apply_since(gateway, from).await?;
    older::bring_up(gateway).await?;
    close_unfinished(gateway).await
}

/// At start and at the end: whoever the log says was erased is erased from the store, every intent whose state never
/// reached the store is closed by a leaf that says so, the log is compared with what the store has seen of it, and the
/// store is told how far that has been looked at: with several gateways as far as they are not at work on it. What comes to
/// the log meanwhile, of work that was cut off at the end, is for the next start.
pub(crate) async fn close_unfinished(gateway: &Gateway) -> Result<(), Error> {
    let from = expect_log(gateway.store.as_ref(), &gateway.audit).await?;
    erasures::apply_since(gateway, from).await?;
    let until = close_from(gateway, from, gateway.store.is_shared()).await?;
    let root = gateway.audit.root_of(until)?;
    gateway.store.set_reconciled(Reconciled { until, root }).await?;
    Ok(())
}

/// Whether the log is the one that the store has seen. Gives how far they have been compared.
pub(crate) async fn expect_log(store: &dyn Store, audit: &AuditLog) -> Result<u64, Error> {
    let mark = store.reconciled().await?;
    let from = mark.until;
    let committed = store.committed_leaves(from).await?;
    audit.copy_others().await?;
    if from > audit.len() || committed.last().is_some_and(|last| *last >= audit.len()) {
        // Somebody has cut or exchanged the log: going on would use its numbers a second time.
        return Err(Error::Inconsistent("the audit log is shorter than the store says"));
    }
    if from > 0 && audit.root_of(from)? != mark.root {
        return Err(Error::Inconsistent("the audit log is not the one that the store has seen"));
    }
    Ok(from)
}

/// Closes, while work goes on, what a gateway that is gone or a call that has failed has left open behind a place in the
/// log, and tells behind which place there can be more.
pub(crate) async fn close_old(gateway: &Gateway, from: u64) -> Result<u64, Error> {
    let from = from.max(gateway.store.reconciled().await?.until);
    gateway.audit.copy_others().await?;
    close_from(gateway, from, true).await
}

/// Closes what stands open from a place on, or does it where it cannot be closed, and tells up to which one nothing does.
/// What somebody may still be at work on is left.
async fn close_from(gateway: &Gateway, from: u64, is_working: bool) -> Result<u64, Error> {
    let committed = gateway.store.committed_leaves(from).await?;
    let at_work = is_working.then(|| gateway.now() - AT_WORK);
    // At a gateway that is alone and at work its own sweep does that, with the locks that it takes.
    let erases = !is_working || gateway.store.is_shared();
    let (mut open, mut until) = (Vec::new(), from);
    gateway.audit.read(from, |sequence, leaf| {
        until = sequence + 1;
        if let (Event::Closed, Some(closed)) = (leaf.event, leaf.refers_to) {
            open.retain(|(other, _)| *other != closed);
        } else if (has_state(leaf.event) || (leaf.event == Event::PersonErasure && erases))
            && committed.binary_search(&sequence).is_err()
        {
            open.push((sequence, leaf));
        }
    })?;
    let mut erased = Vec::new();
    for (sequence, leaf) in open {
        if at_work.is_some_and(|since| leaf.time > since) {
            until = until.min(sequence);
        // Nothing takes back that somebody is erased: what is not done yet is done.
        } else if leaf.event == Event::PersonErasure {
            erased.push(Erased { leaf: sequence, subject: leaf.subject });
        // Whoever announced it may come back: it finds that nothing can come of it any more.
        } else if gateway.store.close_leaf(sequence).await? {
            tracing::warn!(sequence, "audit leaf without state closed");
            gateway.append(closing(sequence, gateway.now())).await?;
        }
    }
    erasures::apply(gateway, erased).await?;
    Ok(until)
}

/// What the log says of a decision.
pub(crate) fn verdict(decision: &Decision) -> Verdict {
    match decision.outcome() {
        Outcome::Permitted => Verdict::Permitted,
        Outcome::Denied | Outcome::NoConsent => Verdict::NotPermitted,
    }
}

/// A receipt as the contract words it.
pub(crate) fn receipt(receipt: &Receipt) -> AuditReceipt {
    AuditReceipt { sequence: receipt.sequence, leaf_hash: receipt.leaf_hash.to_vec() }
}

/// What the leaf of one question says of the two agencies and the ground: keyed hashes, of 16 bytes each, of the
/// discloser with the ground, and of the recipient.
pub(crate) fn asked_mark(keys: &Keys, channel: &Channel, ground: LegalGround) -> [u8; 32] {
    let discloser = discloser_mark(keys, &channel.from.agency, ground);
    let recipient = recipient_mark(keys, &channel.to.agency);
    let mut mark = [0; 32];
    for (byte, made) in mark.iter_mut().zip(discloser.into_iter().chain(recipient)) {
        *byte = made;
    }
    mark
}

/// The first half of such a mark.
pub(crate) fn discloser_mark(keys: &Keys, agency: &AgencyId, ground: LegalGround) -> [u8; 16] {
    half(keys.pseudonym(b"discloser", format!("{}/{agency}", ground as i32).as_bytes()))
}

/// The second half.
pub(crate) fn recipient_mark(keys: &Keys, agency: &AgencyId) -> [u8; 16] {
    half(keys.pseudonym(b"recipient", agency.as_str().as_bytes()))
}

fn half(hash: [u8; 32]) -> [u8; 16] {
    hash.first_chunk().copied().unwrap_or_default()
}

/// The young person as an actor in the log.
pub(crate) fn subject_as_actor(keys: &Keys, youth: YouthId) -> [u8; 32] {
    keys.pseudonym(b"actor", format!("subject/{youth}").as_bytes())
}

fn actor_pseudonym(gateway: &Gateway, caller: &Caller) -> [u8; 32] {
    let text = match &caller.actor {
        Actor::Professional { id, .. } => format!("professional/{}/{id}", caller.agency),
        Actor::Subject(youth) => return subject_as_actor(&gateway.keys, *youth),
        Actor::Representative { id, .. } => format!("representative/{}/{id}", caller.agency),
    };
    gateway.keys.pseudonym(b"actor", text.as_bytes())
}

/// A leaf that says that an earlier one announced a change which never came to be.
pub(crate) fn closing(sequence: u64, time: Timestamp) -> Leaf {
    Leaf {
        time,
        event: Event::Closed,
        organisation: GATEWAY.to_owned(),
        actor: [0; 32],
        subject: [0; 32],
        purpose: 0,
        categories: 0,
        withheld: 0,
        verdict: Verdict::None,
        policy: [0; 32],
        refers_to: Some(sequence),
        commitment: [0; 32],
        key_epoch: KEY_EPOCH,
    }
}

/// A leaf that says which policy is in force: a new one, or still the same because another was refused.
pub(crate) fn policy(verdict: Verdict, digest: [u8; 32], time: Timestamp) -> Leaf {
    Leaf { event: Event::Policy, verdict, policy: digest, refers_to: None, ..closing(0, time) }
}

/// A leaf that says that an operator has given up a checkpoint of this log, by the SHA-256 of its signed text.
pub(crate) fn loss(checkpoint: [u8; 32], time: Timestamp) -> Leaf {
    Leaf { event: Event::Loss, commitment: checkpoint, refers_to: None, ..closing(0, time) }
}

/// A leaf that says that the database is older than the log, and whether an operator has accepted it.
pub(crate) fn older(verdict: Verdict, time: Timestamp) -> Leaf {
    Leaf { event: Event::OlderState, verdict, refers_to: None, ..closing(0, time) }
}

/// A leaf that says that somebody was erased by one that is lost.
pub(crate) fn erased_before(subject: Hash, time: Timestamp) -> Leaf {
    Leaf { event: Event::PersonErasure, subject, refers_to: None, ..closing(0, time) }
}

/// A leaf that says that another one is about this person, too.
pub(crate) fn tied(link: u64, organisation: &AgencyId, subject: Hash, time: Timestamp) -> Leaf {
    Leaf {
        event: Event::IdentityTied,
        organisation: organisation.to_string(),
        subject,
        ..closing(link, time)
    }
}

/// Whether a leaf of this kind is followed by a change in the store.
fn has_state(event: Event) -> bool {
    match event {
        Event::IdentifyYouth
        | Event::IdentityLink
        | Event::SendReferral
        | Event::ReferralChange
        | Event::ConsentChange
        | Event::ProhibitionChange
        | Event::LegalStatusChange
        | Event::PlanChange
        | Event::JourneyEntry
        | Event::Tally
        | Event::Administration
        | Event::DeliveryIntent
        | Event::DeliveryOutcome
        | Event::Erasure => true,
        Event::VerifyConsent
        | Event::Read
        | Event::FactsQuery
        | Event::Refusal
        | Event::Closed
        | Event::Policy
        | Event::PersonErasure
        | Event::MasterKey
        | Event::Loss
        | Event::OlderState
        | Event::IdentityTied => false,
    }
}
