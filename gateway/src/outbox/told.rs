//! What was told to whom, and on what ground?
//!
//! Kept sealed with the audit leaf of every disclosure. When data of social services go to another controller, the
//! discloser's own register has to hold that (law 703/2023): the notice to its system is made of this record, one for
//! each disclosure, and is queued in the same commit in which the disclosure becomes known.
//!
//! To a reader with a system of its own something has been told when its system has it, or may have it: of a delivery in
//! doubt the notice says that it is not known. Whoever reads here has been told when it can be read: at the commit
//! of the call that tells it, and what is permitted in that moment. Reading it again is no further disclosure. What is
//! told by a reading itself is in `reading`.

use std::fmt;

use jiff::Timestamp;
use polku_adapters::Matter;
use polku_policy::{BasisKind, Channel, Decision, Obligation, Question, Viewer};
use polku_proto::v1::disclosure_notice::Arrival;
use polku_proto::v1::{Consent, DataCategory, DeliveryState, DisclosureNotice, Origin, Purpose};
use polku_proto::{AgencyId, CategorySet, Party, YouthId, name, named};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::permission::Permission;
use super::pieces::Piece;
use crate::answer::wire_basis;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::record::{ReferralRecord, wire_time};
use crate::store::{Change, DeliveryItem, MarkTold};
use crate::trail::Ground;

/// The key in the details of a leaf.
pub(crate) const TOLD: &str = "told";

/// The recipient's own word. All else in a referral is the sender's.
const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

/// Keyed hash of what was told of a plan or of a referral, and to whom.
pub(crate) type Mark = [u8; 32];

/// One telling.
pub(crate) struct Telling<'a> {
    pub(crate) record: &'a ReferralRecord,
    pub(crate) item: DeliveryItem,
    /// To whom.
    pub(crate) viewer: Viewer,
    /// What there is to tell.
    pub(crate) holds: CategorySet,
    pub(crate) decision: &'a Decision,
}

/// What was told, as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// UUID of the message.
    message: String,
    /// The agency, or one of its units.
    to: String,
    purpose: String,
    /// RFC 3339.
    time: String,
    /// Names of categories.
    data_sets: Vec<String>,
    bases: Vec<Ground>,
    /// Codes of what the decision obliges to.
    obligations: Vec<String>,
    origin: Option<Source>,
    /// Whose data it is: agency id. Empty where the referral says it.
    #[serde(default)]
    from: String,
    /// By these it is known again. Nothing of a journey is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    marks: Vec<Mark>,
    /// What of `bases` was in force, as it was then, where the discloser's register has to hold that: a consent that is
    /// renewed has other terms and other evidence afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<Permission>,
}

/// Where in the discloser's records it stems from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Source {
    service_task: String,
    documents: Vec<String>,
}

/// To whom, for what and on which decision something is told.
struct How<'a> {
    to: &'a Party,
    purpose: Purpose,
    youth: YouthId,
    decision: &'a Decision,
}

impl How<'_> {
    fn told(&self, told: CategorySet, message: Uuid, time: Timestamp) -> Told {
        let bases = self.decision.bases().iter().filter(|basis| basis.kind != BasisKind::OwnData);
        Told {
            message: message.to_string(),
            to: self.to.to_string(),
            purpose: self.purpose.as_str_name().to_owned(),
            time: time.to_string(),
            data_sets: names(told),
            bases: bases.map(|basis| Ground::of(&wire_basis(basis, self.youth))).collect(),
            obligations: self.decision.obligations().iter().map(|other| other.code().to_owned()).collect(),
            origin: None,
            from: String::new(),
            marks: Vec::new(),
            permissions: Vec::new(),
        }
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Told(redacted)")
    }
}

impl Told {
    /// The record of a telling by the message with this id; nothing when it tells nothing of the other agency's.
    pub(crate) fn by(telling: &Telling<'_>, message: Uuid, time: Timestamp) -> Option<Self> {
        let Telling { record, item, viewer, holds, decision } = *telling;
        let others = match viewer {
            Viewer::Addressee => CategorySet::ALL.difference(CategorySet::ENVELOPE).difference(STATUS),
            Viewer::Author => STATUS,
            Viewer::Subject => return None,
        };
        let told = holds.intersection(decision.permitted()).intersection(others);
        if told.is_empty() {
            return None;
        }
        let channel = record.channel();
        let told_to = if viewer == Viewer::Author { channel.from } else { channel.to };
        let how = How { to: &told_to, purpose: record.purpose(), youth: record.row.youth, decision };
        Some(Self { origin: source(record, item), ..how.told(told, message, time) })
    }

    /// The record of what the message with this id tells of a plan or of a journey, as far as it tells anything. What
    /// became of a referral is asked from the side of its author, and is the other one's.
    pub(super) fn of(
        holds: CategorySet,
        question: &Question,
        decision: &Decision,
        message: Uuid,
        time: Timestamp,
    ) -> Option<Self> {
        let told = holds.intersection(decision.permitted()).difference(CategorySet::ENVELOPE);
        let Question { youth, purpose, ref channel, .. } = *question;
        let (from, to) = match question.viewer {
            Viewer::Author => (&channel.to, &channel.from),
            Viewer::Addressee | Viewer::Subject => (&channel.from, &channel.to),
        };
        let how = How { to, purpose, youth, decision };
        let from = from.agency.to_string();
        (!told.is_empty()).then(|| Self { from, ..how.told(told, message, time) })
    }

    /// The record of what a question tells the agency that is asked.
    pub(crate) fn by_asking(
        question: &Question,
        told: CategorySet,
        ground: &Decision,
        message: Uuid,
        time: Timestamp,
    ) -> Self {
        let Question { youth, purpose, ref channel, .. } = *question;
        let how = How { to: &channel.to, purpose, youth, decision: ground };
        let obligations = vec![Obligation::DisclosureNotice.code().to_owned()];
        Self { from: channel.from.agency.to_string(), obligations, ..how.told(told, message, time) }
    }

    pub(super) fn marked(self, mark: Mark) -> Self {
        self.known_by(vec![mark])
    }

    /// Known again when all of these are.
    pub(super) fn known_by(self, marks: Vec<Mark>) -> Self {
        Self { marks, ..self }
    }

    /// Known again by those of these pieces that it tells.
    pub(crate) fn in_pieces(self, pieces: &[Piece]) -> Self {
        let told = categories(&self.data_sets);
        let pieces = pieces.iter().filter(|piece| piece.category.is_subset(told));
        Self { marks: pieces.map(|piece| piece.mark).collect(), ..self }
    }

    pub(super) fn stemming_from(self, record: &ReferralRecord, item: DeliveryItem) -> Self {
        Self { origin: source(record, item), ..self }
    }

    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Whether one notice can hold both: to the same recipient, for the same purpose.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        agency(&self.to) == agency(&other.to) && self.purpose == other.purpose
    }

    /// The same with what an earlier attempt may have told, whose fate nobody knows, for the recipient may have that one;
    /// or with what else one reading tells.
    pub(super) fn with(mut self, earlier: Self) -> Self {
        let sets = categories(&self.data_sets).union(categories(&earlier.data_sets));
        self.data_sets = names(sets);
        for ground in earlier.bases {
            push_once(&mut self.bases, ground);
        }
        for obligation in earlier.obligations {
            push_once(&mut self.obligations, obligation);
        }
        self.permissions.extend(earlier.permissions);
        // Of two of which nobody knows which has arrived what both tell is certain.
        self.marks.retain(|mark| earlier.marks.contains(mark));
        let to = match (is_unit(&self.to), is_unit(&earlier.to)) {
            _ if self.to == earlier.to => self.to,
            (true, true) => agency(&self.to).to_owned(),
            (false, true) => earlier.to,
            (_, false) => self.to,
        };
        Self { to, time: earlier.time, origin: self.origin.or(earlier.origin), ..self }
    }

    /// Names of the consents and permits that it rests on, each once.
    fn rests_on(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.bases.iter().filter_map(Ground::consent).for_each(|name| push_once(&mut names, name));
        names
    }

    /// Whether the discloser's own register has to hold it.
    pub(super) fn needs_notice(&self) -> bool {
        self.obligations.iter().any(|code| code == Obligation::DisclosureNotice.code())
    }

    /// Whether a second person looks at it afterwards.
    pub(crate) fn needs_second_look(&self) -> bool {
        self.obligations.iter().any(|code| code == Obligation::SecondPersonReview.code())
    }

    /// Between whom a part of a plan was told, and for what.
    pub(super) fn channel(&self) -> Result<(Channel, Purpose), Error> {
        let party = |text: &str| {
            text.parse::<Party>().map_err(|_| Error::Inconsistent("a party that was written down is none"))
        };
        let channel = Channel { from: party(&self.from)?, to: party(&self.to)? };
        Ok((channel, Purpose::from_str_name(&self.purpose).unwrap_or_default()))
    }

    fn time(&self) -> Result<Timestamp, Error> {
        self.time.parse().map_err(|_| Error::Inconsistent("a time that was written down is none"))
    }

    fn notice(
        &self,
        person: &Person,
        consents: Vec<Consent>,
        arrival: Arrival,
    ) -> Result<DisclosureNotice, Error> {
        Ok(DisclosureNotice {
            identity_code: person.identity_code_text()?,
            disclose_time: Some(wire_time(self.time()?)?),
            disclosed_message: self.message.clone(),
            told_to: self.to.clone(),
            purpose: Purpose::from_str_name(&self.purpose).unwrap_or_default() as i32,
            data_sets: categories(&self.data_sets).to_wire(),
            bases: self.bases.iter().map(Ground::wire).collect(),
            origin: self
                .origin
                .clone()
                .map(|Source { service_task, documents }| Origin { service_task, documents }),
            consents,
            arrival: arrival as i32,
            temporary_id: person.temporary_id_text()?,
        })
    }
}

impl Gateway {
    /// What the leaf with this sequence says was told: all of it, in its order.
    async fn all_told(&self, person: &Person, leaf: u64) -> Result<Vec<Told>, Error> {
        let details = self.details(person, leaf).await?;
        let told = match details.as_ref().and_then(|details| details.get(TOLD)) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(all @ Value::Array(_)) => Vec::deserialize(all),
            // Leaves of earlier releases have one, or none.
            Some(one) => Told::deserialize(one).map(|one| vec![one]),
        };
        told.map_err(|_| Error::Inconsistent("a record of what was told is unreadable"))
    }

    /// What was told as a part of the details of a leaf, with the permissions that it rests on as they are now.
    pub(crate) async fn told_details(
        &self,
        person: &Person,
        mut all: Vec<Told>,
        now: Timestamp,
    ) -> Result<Value, Error> {
        for told in &mut all {
            let owed: Vec<String> = match told.needs_notice() {
                true => told.rests_on().into_iter().map(str::to_owned).collect(),
                false => Vec::new(),
            };
            for name in owed {
                // What an earlier attempt told it on stays.
                if !told.permissions.iter().any(|kept| kept.is_of(&name)) {
                    let consent = self.permission(person, &name, now, now).await?;
                    told.permissions.push(Permission::of(&consent));
                }
            }
        }
        serde_json::to_value(all).map_err(|_| Error::Inconsistent("what was told cannot be written down"))
    }

    /// What the leaf of a call or of a delivery says was told.
    pub(super) async fn told_of(&self, person: &Person, leaf: u64) -> Result<Option<Told>, Error> {
        Ok(self.all_told(person, leaf).await?.into_iter().next())
    }

    /// What the leaf with this sequence says was told, by its place in it, and the notice of it to the discloser.
    pub(super) async fn disclosed(
        &self,
        person: &Person,
        (leaf, index): (u64, u32),
        now: Timestamp,
    ) -> Result<(Told, DisclosureNotice), Error> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let told = self.all_told(person, leaf).await?.into_iter().nth(index);
        let told = told.ok_or(Error::Inconsistent("a notice of nothing that was told"))?;
        let told_at = told.time()?;
        let mut consents = Vec::new();
        for name in told.rests_on() {
            let kept = told.permissions.iter().find(|kept| kept.is_of(name));
            let consent = match kept {
                Some(kept) => kept.consent()?,
                // Leaves of earlier releases have none.
                None => self.permission(person, name, told_at, now).await?,
            };
            push_once(&mut consents, consent);
        }
        let notice = told.notice(person, consents, self.arrival(&told).await?)?;
        Ok((told, notice))
    }

    /// Whether it is known that what was told has arrived. Who reads here is told without a delivery.
    async fn arrival(&self, told: &Told) -> Result<Arrival, Error> {
        let Ok(message) = told.message.parse() else { return Ok(Arrival::Known) };
        let delivery = self.store.delivery(message).await?;
        Ok(match delivery.is_some_and(|row| row.state == DeliveryState::InDoubt) {
            true => Arrival::InDoubt,
            false => Arrival::Known,
        })
    }

    /// What an attempt tells, with what earlier ones since the last known fate may have told.
    pub(super) async fn told_since(
        &self,
        person: &Person,
        told: Option<Told>,
        earlier: Option<u64>,
    ) -> Result<Option<Told>, Error> {
        let before = match earlier {
            Some(leaf) => self.told_of(person, leaf).await?,
            None => None,
        };
        Ok(match (told, before) {
            (Some(told), Some(before)) => Some(told.with(before)),
            (told, before) => told.or(before),
        })
    }

    /// Queues the notice to the discloser's own system of what a call has told whoever reads here. None when there is
    /// nothing to notify of, and when the discloser has no system that takes notices: then its part of the call's answer
    /// tells it.
    pub(crate) fn disclosure_notice(
        &self,
        record: &ReferralRecord,
        viewer: Viewer,
        told: Option<&Told>,
        change: &mut Change,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(told) = told.filter(|told| told.needs_notice()) else { return Ok(()) };
        let about = record.row.id.uuid();
        change.told.extend(told.marks.iter().map(|mark| MarkTold { about, mark: *mark }));
        if let Some(discloser) = self.notified(record, viewer) {
            let item = DeliveryItem::DisclosureNotice { leaf: change.leaf, index: 0 };
            change.enqueue.push(self.new_delivery(record, item, discloser.clone(), now)?);
        }
        Ok(())
    }

    /// Whether the end of a delivery is news to the discloser: not what the recipient has read here before. What has
    /// arrived is known from then on. What may not have is told, and known to be, when it is read here.
    pub(super) async fn arrives_as_news(
        &self,
        told: &Told,
        about: Uuid,
        state: DeliveryState,
        change: &mut Change,
    ) -> Result<bool, Error> {
        let known = self.store.marks_told(about, told.marks.clone()).await?;
        if state == DeliveryState::Delivered {
            change.told.extend(told.marks.iter().map(|mark| MarkTold { about, mark: *mark }));
        }
        Ok(told.marks.is_empty() || !told.marks.iter().all(|mark| known.contains(mark)))
    }

    /// Who has told the viewer, if it has a system that takes notices.
    pub(super) fn notified<'a>(&self, record: &'a ReferralRecord, viewer: Viewer) -> Option<&'a AgencyId> {
        let discloser = match viewer {
            Viewer::Addressee => &record.row.sender,
            Viewer::Author => &record.row.recipient,
            Viewer::Subject => return None,
        };
        self.can_be_sent(discloser, Matter::DisclosureNotice).then_some(discloser)
    }
}

fn source(record: &ReferralRecord, item: DeliveryItem) -> Option<Source> {
    let origin = match item {
        DeliveryItem::Handover => record.message.origin.as_ref(),
        DeliveryItem::Information(index) => {
            let place = usize::try_from(index).ok();
            place
                .and_then(|place| record.message.information.get(place))
                .and_then(|exchange| exchange.origin.as_ref())
        }
        DeliveryItem::StateChange
        | DeliveryItem::ConsentWithdrawn
        | DeliveryItem::DisclosureNotice { .. }
        | DeliveryItem::PlanPart
        | DeliveryItem::PlanEnded => None,
    };
    let Origin { service_task, documents } = origin?.clone();
    Some(Source { service_task, documents })
}

fn names(set: CategorySet) -> Vec<String> {
    set.iter().map(|category| name(category).to_owned()).collect()
}

fn categories(names: &[String]) -> CategorySet {
    names.iter().filter_map(|name| named(name)).collect()
}

fn agency(party: &str) -> &str {
    party.split_once('/').map_or(party, |(agency, _)| agency)
}

fn is_unit(party: &str) -> bool {
    party.contains('/')
}

fn push_once<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}
