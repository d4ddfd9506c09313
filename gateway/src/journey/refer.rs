//! An agency sends a referral: decided, logged and queued before it hears OK.

use jiff::{SignedDuration, Timestamp};
use polku_policy::{Authorised, Channel, Decision, Outcome, Question, Viewer};
use polku_proto::v1::referral_event::Kind;
use polku_proto::v1::{
    DataCategory, DeliveryState, LegalClaim, Origin, Purpose, Referral, ReferralContent, ReferralState,
    RerouteReferralRequest, SendReferralRequest, SendReferralResponse,
};
use polku_proto::{
    AgencyId, CategorySet, Disclose, MessageId, Party, ReferralId, ReferralName, Valid, YouthId,
};
use serde_json::json;
use uuid::Uuid;

use super::machine::is_final;
use super::verify::counted;
use crate::answer::wire_decision;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::once::{self, Begun, Call};
use crate::outbox::{TOLD, Telling, Told, hurried};
use crate::person::Person;
use crate::record::{ReferralRecord, ground, home_municipality, origin, wire_time};
use crate::store::{About, Change, DeliveryItem, DeliveryRow, NewEvent, ReferralRow};
use crate::trail::{Entry, receipt};

/// Without a name nobody can be helped: a referral that may not say who it is about is not sent at all.
const REQUIRED: CategorySet = CategorySet::of(&[DataCategory::IdentityContact]);

/// Until when an answer is expected when the sender does not say.
pub(super) const DEFAULT_ANSWER_TIME: SignedDuration = SignedDuration::from_hours(30 * 24);
const LONGEST_ANSWER_TIME: SignedDuration = SignedDuration::from_hours(366 * 24);

/// What is to be sent, from a first referral or from a rerouted one.
struct Sending {
    youth: YouthId,
    channel: Channel,
    purpose: Purpose,
    content: ReferralContent,
    claim: Option<LegalClaim>,
    origin: Option<Origin>,
    /// Whether the sender says that the content is not whole.
    redacted: bool,
    /// The sender's own id of the professional; empty where the young person sends.
    professional: String,
    respond_by: Timestamp,
    replaces: Option<ReferralName>,
}

/// A referral that has been taken in, and the delivery to wait for.
#[derive(Debug)]
pub(crate) struct Sent {
    /// The answer but for the referral.
    pub(super) envelope: SendReferralResponse,
    /// The referral as its sender may see it.
    pub(super) view: Option<Authorised<Referral>>,
    /// The message and the referral, when the recipient has a system of its own.
    pub(super) delivery: Option<(MessageId, ReferralName)>,
}

impl Gateway {
    /// Sends a referral.
    pub(crate) async fn send_referral(
        &self,
        caller: &Caller,
        request: Valid<SendReferralRequest>,
    ) -> Result<Sent, Error> {
        let request = request.into_inner();
        let youth = super::read::youth_id(&request.youth, "youth")?;
        self.check_subject(caller, youth)?;
        let call = self.call(caller, "SendReferral", &request.request_id, &request)?;
        let _alone = self.alone_with(youth).await?;
        let now = self.now();
        let earlier = self.request_of(&call).await?;
        let person = match self.person(youth).await {
            Ok(person) => Some(person),
            Err(Error::NotFound) => None,
            Err(error) => return Err(error),
        };
        // Before anything that depends on the time: a repetition has the first answer, however late it comes.
        if let (Some(row), Some(person)) = (&earlier, &person) {
            return self.sent_before(&call, person, once::earlier(row, person)?).await;
        }
        let sending = Sending {
            youth,
            channel: self.channel(caller, &request.recipient)?,
            purpose: request.purpose(),
            respond_by: respond_by(request.respond_by.as_ref(), now)?,
            replaces: None,
            content: own_content(request.content.clone().unwrap_or_default())?,
            claim: check_claim(caller, request.claim.clone())?,
            origin: request.origin.clone(),
            redacted: request.redacted,
            professional: caller.professional().to_owned(),
        };
        if request.validate_only {
            return self.dry_run(caller, person.as_ref(), &sending, now).await;
        }
        let decision = self.decide_sending(caller, person.as_ref(), &sending, now).await?;
        // An unknown person has no consents, so the decision above has ended the call in the same way.
        let person = person.ok_or(Error::NotFound)?;
        self.take_in(&call, &person, sending, decision, Vec::new(), now).await
    }

    /// Sends the matter of an ended referral to another agency.
    pub(crate) async fn reroute_referral(
        &self,
        caller: &Caller,
        request: Valid<RerouteReferralRequest>,
    ) -> Result<Sent, Error> {
        let request = request.into_inner();
        let name: ReferralName = super::read::name(&request.name, "name")?;
        let call = self.call(caller, "RerouteReferral", &request.request_id, &request)?;
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, name.youth).await?;
        if let Some(earlier) = earlier {
            return self.sent_before(&call, &person, earlier).await;
        }
        let old = self.referral_of(&person, name).await?;
        let viewer = self.viewer(caller, &old.row)?;
        self.check_own_word(caller, old.question(viewer, caller.role(), now))?;
        let is_sender = viewer == Viewer::Author;
        let has_ended = is_final(old.state()) && old.state() != ReferralState::EnteredInError;
        if !is_sender || !has_ended || !old.message.replaced_by.is_empty() {
            return Err(Error::TransitionNotAllowed {
                state: old.state(),
                expected: "the sender reroutes a referral that has ended and was not rerouted yet",
            });
        }
        let content = match request.content.clone() {
            Some(content) => content,
            None => old.message.content.clone().ok_or(Error::Field {
                field: "content",
                reason: "CONTENT_ERASED",
                expected: "the content again, because that of the old referral has been erased",
            })?,
        };
        // New content needs its own origin; the old content keeps the one it has.
        let origin = match (&request.origin, &request.content) {
            (Some(origin), _) => Some(origin.clone()),
            (None, Some(_)) => None,
            (None, None) => old.message.origin.clone(),
        };
        let is_old_content = request.content.is_none();
        let sending = Sending {
            youth: name.youth,
            channel: self.channel(caller, &request.recipient)?,
            purpose: request.purpose(),
            respond_by: respond_by(request.respond_by.as_ref(), now)?,
            replaces: Some(name),
            content: own_content(content)?,
            claim: check_claim(caller, request.claim.clone())?,
            origin,
            redacted: request.redacted || (is_old_content && old.message.redacted),
            professional: caller.professional().to_owned(),
        };
        if request.validate_only {
            return self.dry_run(caller, Some(&person), &sending, now).await;
        }
        let decision = self.decide_sending(caller, Some(&person), &sending, now).await?;
        self.take_in(&call, &person, sending, decision, vec![old], now).await
    }

    /// Checks of a referral that has not been sent before what does not depend on whom it is about.
    pub(crate) fn check_sending(&self, caller: &Caller, request: &SendReferralRequest) -> Result<(), Error> {
        self.channel(caller, &request.recipient)?;
        respond_by(request.respond_by.as_ref(), self.now())?;
        own_content(request.content.clone().unwrap_or_default())?;
        check_claim(caller, request.claim.clone())?;
        Ok(())
    }

    fn channel(&self, caller: &Caller, recipient: &str) -> Result<Channel, Error> {
        const OWN: Error = Error::Field {
            field: "recipient",
            reason: "UNKNOWN_AGENCY",
            expected: "another agency that is registered with this gateway, as {agency} or {agency}/{unit}",
        };
        let to = self.party(recipient, "recipient")?;
        if to.agency == caller.agency {
            return Err(OWN);
        }
        Ok(Channel { from: caller.party(), to })
    }

    /// What the recipient must be told, or it is not told anything.
    pub(crate) fn required(&self, recipient: &AgencyId) -> CategorySet {
        let own = self.directory.agency(recipient).map_or(CategorySet::EMPTY, |agency| agency.requires);
        REQUIRED.union(own)
    }

    /// Decides, and writes a refusal to the log before it is answered.
    async fn decide_sending(
        &self,
        caller: &Caller,
        person: Option<&Person>,
        sending: &Sending,
        now: Timestamp,
    ) -> Result<Decision, Error> {
        let decision = self.decision(caller, sending, now).await?;
        if self.permits(sending, &decision) {
            return Ok(decision);
        }
        let entry = Entry::of(Event::Refusal, sending.youth)
            .by(caller)
            .decided(sending.purpose, &decision)
            .claiming(ground(sending.claim.as_ref()));
        let channel = &sending.channel;
        match person {
            None => self.note_refusal(entry, None, channel, &decision, now).await?,
            Some(person) => {
                let task = self.held_back(caller, person, (&decision, ""), now).await?;
                self.note_refusal_with(entry, person, (channel, &decision), task, now).await?;
            }
        }
        Err(Error::refused(decision))
    }

    async fn decision(&self, caller: &Caller, sending: &Sending, now: Timestamp) -> Result<Decision, Error> {
        let matter =
            Question::new(sending.youth, sending.channel.clone(), Viewer::Addressee, sending.purpose, now);
        let question = Question {
            actor: caller.role(),
            ground: ground(sending.claim.as_ref()),
            origin: origin(sending.origin.as_ref()),
            home_municipality: home_municipality(&sending.content),
            relation: self.relation_of(caller, sending.youth).await?,
            ..matter
        };
        let asked = sending.content.categories().union(self.required(&sending.channel.to.agency));
        let index = self.index();
        Ok(self.engine().decide(&index, asked, &counted(&index, &question)))
    }

    /// A referral is sent when something of it, and what the recipient needs in any case, may be told.
    fn permits(&self, sending: &Sending, decision: &Decision) -> bool {
        let required = self.required(&sending.channel.to.agency);
        decision.outcome() == Outcome::Permitted && required.is_subset(decision.permitted())
    }

    /// Decides and checks everything and sends nothing.
    async fn dry_run(
        &self,
        caller: &Caller,
        person: Option<&Person>,
        sending: &Sending,
        now: Timestamp,
    ) -> Result<Sent, Error> {
        let decision = self.decision(caller, sending, now).await?;
        let entry = Entry::of(Event::VerifyConsent, sending.youth)
            .by(caller)
            .decided(sending.purpose, &decision)
            .between(&sending.channel)
            .claiming(ground(sending.claim.as_ref()));
        let noted = self.note(entry, now).await?;
        if !self.permits(sending, &decision) {
            return Err(Error::refused(decision));
        }
        person.map_or(Ok(()), |person| self.check_addressable(person, sending))?;
        let envelope = SendReferralResponse {
            referral: None,
            decision: Some(wire_decision(&decision, sending.youth, &noted)?),
            receipt: None,
            warnings: self.warnings(caller, (sending.youth, person), &sending.channel.to).await?,
        };
        Ok(Sent { envelope, view: None, delivery: None })
    }

    /// An agency's own system knows people by their identity codes. Who reads here needs none.
    fn check_addressable(&self, person: &Person, sending: &Sending) -> Result<(), Error> {
        let has_system = self.adapter(&sending.channel.to.agency).is_some();
        if has_system && person.identity_code()?.is_none() {
            return Err(Error::IdentityCodeMissing);
        }
        Ok(())
    }

    async fn sent_before(
        &self,
        call: &Call<'_>,
        person: &Person,
        mut earlier: SendReferralResponse,
    ) -> Result<Sent, Error> {
        let referral = earlier.referral.take().ok_or(Error::Inconsistent("a kept answer has no referral"))?;
        let name: ReferralName =
            referral.name.parse().map_err(|_| Error::Inconsistent("a kept answer has no referral name"))?;
        let record = self.referral_of(person, name).await?;
        let deliveries = self.store.deliveries_about(name.referral).await?;
        let handover = deliveries.into_iter().find(|row| row.item == DeliveryItem::Handover);
        // The referral of the first answer, with its state of that moment, as far as it may be seen now.
        let first = ReferralRecord { row: record.row, message: referral };
        let view = self.view(call.caller, person, &first, self.now())?;
        Ok(Sent { envelope: earlier, view: Some(view), delivery: handover.map(|row| (row.message, name)) })
    }

    /// Makes the referral: leaf, state and queue, in this order, all durable when it returns.
    async fn take_in(
        &self,
        call: &Call<'_>,
        person: &Person,
        sending: Sending,
        decision: Decision,
        mut replaced: Vec<ReferralRecord>,
        now: Timestamp,
    ) -> Result<Sent, Error> {
        self.check_addressable(person, &sending)?;
        let name = ReferralName { youth: person.id, referral: ReferralId::from_uuid(self.new_id(now)?) };
        let entry = Entry::of(Event::SendReferral, person.id)
            .by(call.caller)
            .decided(sending.purpose, &decision)
            .claiming(ground(sending.claim.as_ref()));
        let has_system = self.adapter(&sending.channel.to.agency).is_some();
        let mut record = new_record(name, sending, Reach { has_system }, now)?;
        // Whoever has no system of its own reads here, from the commit on.
        let told = if has_system { None } else { told_here(&record, &decision, call.id(), now) };
        let pieces = || self.pieces(&record, DeliveryItem::Handover, Viewer::Addressee);
        let told = told.map(|told| told.in_pieces(&pieces()));
        let claim = record.message.claim.as_ref();
        let details = json!({
            "method": "SendReferral",
            "referral": name.to_string(),
            "recipient": record.channel().to.to_string(),
            "statement": claim.map(|claim| claim.statement.as_str()),
            "consent_asked": claim.map(|claim| claim.consent_asked().as_str_name()),
            TOLD: self.told_details(person, told.iter().cloned().collect(), now).await?,
        });
        let announced = self.announce(entry, person, &details, now).await?;
        let leaf = announced.receipt.sequence;
        let mut change = Change::announced_by(leaf);
        change.detail = announced.detail;

        let recipient = record.row.recipient.clone();
        change.referrals.push(record.first_version(person, now)?);
        change.events.push(NewEvent {
            kind: Kind::Created as i32,
            referral: name.referral,
            sender: record.row.sender.clone(),
            recipient: (!has_system).then(|| recipient.clone()),
            time: now,
        });
        for old in &mut replaced {
            old.message.replaced_by = name.to_string();
            change.referrals.push(old.next_version(person, now)?);
        }
        let mut delivery = None;
        if has_system {
            let row = self.new_delivery(&record, DeliveryItem::Handover, recipient, now)?;
            delivery = Some((row.message, name));
            change.enqueue.push(hurried(row, decision.obligations(), now));
        }
        self.disclosure_notice(&record, Viewer::Addressee, told.as_ref(), &mut change, now)?;
        if let Some(told) = &told {
            change.tasks.extend(self.second_look(person, &record, (Viewer::Addressee, told), now)?);
        }
        let name = name.to_string();
        change.tasks.extend(self.held_back(call.caller, person, (&decision, &name), now).await?);
        let mut response = SendReferralResponse {
            referral: Some(record.message.clone()),
            decision: Some(wire_decision(&decision, person.id, &announced.receipt)?),
            receipt: Some(receipt(&announced.receipt)),
            warnings: self.warnings(call.caller, (person.id, Some(person)), &record.channel().to).await?,
        };
        change.request = Some(call.answered(person, &response, now)?);
        self.commit(change).await?;

        response.referral = None;
        let view = self.view(call.caller, person, &record, now)?;
        Ok(Sent { envelope: response, view: Some(view), delivery })
    }

    /// A delivery about a referral, for the queue.
    pub(crate) fn new_delivery(
        &self,
        record: &ReferralRecord,
        item: DeliveryItem,
        agency: AgencyId,
        now: Timestamp,
    ) -> Result<DeliveryRow, Error> {
        self.queued_delivery(About::Referral(record.row.id), record.row.youth, item, agency, now)
    }
}

/// Whether the recipient has a system that the referral is delivered to, or reads it here.
#[derive(Clone, Copy)]
struct Reach {
    has_system: bool,
}

fn new_record(
    name: ReferralName,
    sending: Sending,
    reach: Reach,
    now: Timestamp,
) -> Result<ReferralRecord, Error> {
    let delivery = if reach.has_system { DeliveryState::Queued } else { DeliveryState::Delivered };
    let row = ReferralRow {
        id: name.referral,
        youth: name.youth,
        sender: sending.channel.from.agency.clone(),
        recipient: sending.channel.to.agency.clone(),
        state: ReferralState::Requested,
        version: 1,
        created: now,
        updated: now,
        respond_by: sending.respond_by,
        reached_recipient: !reach.has_system,
        delivery_ended: (!reach.has_system).then_some(now),
        holds_content: true,
        sealed: Vec::new(),
    };
    let message = Referral {
        name: name.to_string(),
        sender: sending.channel.from.agency.to_string(),
        recipient: sending.channel.to.agency.to_string(),
        purpose: sending.purpose as i32,
        state: ReferralState::Requested as i32,
        delivery_state: delivery as i32,
        create_time: Some(wire_time(now)?),
        respond_by: Some(wire_time(sending.respond_by)?),
        content: Some(sending.content),
        sender_unit: unit(&sending.channel.from),
        recipient_unit: unit(&sending.channel.to),
        claim: sending.claim,
        origin: sending.origin,
        sender_professional: sending.professional,
        redacted: sending.redacted,
        replaces: sending.replaces.map(|name| name.to_string()).unwrap_or_default(),
        ..Referral::default()
    };
    Ok(ReferralRecord { row, message })
}

/// What the recipient can read here: the content, and with it the identity code that the gateway adds.
fn told_here(record: &ReferralRecord, decision: &Decision, message: Uuid, now: Timestamp) -> Option<Told> {
    let content = record.message.content.as_ref().map_or(CategorySet::EMPTY, Disclose::categories);
    let claim = record.message.claim.as_ref().map_or(CategorySet::EMPTY, Disclose::categories);
    let telling = Telling {
        record,
        item: DeliveryItem::Handover,
        viewer: Viewer::Addressee,
        holds: content.union(claim).union(REQUIRED),
        decision,
    };
    Told::by(&telling, message, now)
}

/// A ground in law is for a professional to state, with the reason why it applies.
fn check_claim(caller: &Caller, claim: Option<LegalClaim>) -> Result<Option<LegalClaim>, Error> {
    let Some(claim) = claim else { return Ok(None) };
    if !matches!(caller.actor, Actor::Professional { .. }) {
        return Err(Error::ActorNotAllowed { expected: "a professional states a ground in law" });
    }
    if claim.statement.trim().is_empty() {
        return Err(Error::Field {
            field: "claim.statement",
            reason: "INVALID_FIELDS",
            expected: "why the ground applies",
        });
    }
    Ok(Some(claim))
}

fn unit(party: &Party) -> String {
    party.unit.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// The identity code is the gateway's to fill in, from the person's sealed identity.
pub(super) fn own_content(content: ReferralContent) -> Result<ReferralContent, Error> {
    if content.identity_code.is_empty() {
        Ok(content)
    } else {
        Err(Error::Field {
            field: "content.identity_code",
            reason: "INVALID_FIELDS",
            expected: "empty: the gateway adds the identity code for a recipient that may have it",
        })
    }
}

fn respond_by(wanted: Option<&prost_types::Timestamp>, now: Timestamp) -> Result<Timestamp, Error> {
    const WRONG: Error = Error::Field {
        field: "respond_by",
        reason: "INVALID_FIELDS",
        expected: "an instant within a year from now",
    };
    let Some(wanted) = wanted else { return Ok(now + DEFAULT_ANSWER_TIME) };
    let instant = polku_proto::time::from_wire(wanted).map_err(|_| WRONG)?;
    if instant <= now || instant > now + LONGEST_ANSWER_TIME { Err(WRONG) } else { Ok(instant) }
}

pub(crate) fn mismatch(_: polku_policy::Mismatch) -> Error {
    Error::Inconsistent("an authorised part does not fit its answer")
}
