//! What does one leaf say to the person whom it is about?

use std::collections::HashMap;

use jiff::Timestamp;
use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::{
    self, AuditReceipt, DataCategory, DeliveryState, Disclosure, DisclosureActor, LegalGround, decision,
    disclosure_actor,
};
use polku_proto::{AgencyId, CategorySet, ReferralId, ReferralName, YouthName};

use super::Fate;
use super::asked::Marks;
use super::details::Details;
use super::eyes::Eyes;
use crate::audit::{self, Event, Leaf, Verdict};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::verify_batch::ReadItem;
use crate::outbox::DISCLOSURE_NOTICE;
use crate::person::Person;
use crate::record::{ReferralRecord, ground, wire_time};
use crate::trail::{By, GATEWAY, subject_as_actor};

/// Reads the leaves about one person for one pair of eyes.
pub(super) struct Reading<'a> {
    gateway: &'a Gateway,
    person: &'a Person,
    eyes: &'a Eyes,
    now: Timestamp,
    referrals: HashMap<ReferralId, Option<Facts>>,
    marks: Option<Marks>,
    /// What the leaf of an explanation names.
    explanation: [u8; 32],
    /// The parts of a journey that a look is refused, by what its leaf names.
    looks: HashMap<[u8; 32], String>,
}

/// What is needed of a referral.
#[derive(Clone)]
struct Facts {
    sender: String,
    recipient: String,
    ground: LegalGround,
    sent: Timestamp,
}

impl<'a> Reading<'a> {
    pub(super) fn new(gateway: &'a Gateway, person: &'a Person, eyes: &'a Eyes, now: Timestamp) -> Self {
        let youth = YouthName { youth: person.id };
        let of = |name: &str| gateway.keys.pseudonym(b"name", name.as_bytes());
        let explanation = of(&format!("{youth}/explanation"));
        let looks = ["entries", "nextStep"].map(|part| format!("{youth}/{part}"));
        let looks = looks.into_iter().map(|name| (of(&name), name)).collect();
        Self { gateway, person, eyes, now, referrals: HashMap::new(), marks: None, explanation, looks }
    }

    /// What becomes of a leaf: one entry, or as many as it has questions.
    pub(super) async fn fates(&mut self, entry: &audit::Entry) -> Result<Vec<Fate>, Error> {
        let is_closed = entry.later.iter().any(|later| later.leaf.event == Event::Closed);
        // What became of a delivery stands with the delivery.
        let is_outcome = entry.leaf.event == Event::DeliveryOutcome && entry.leaf.refers_to.is_some();
        if is_closed || is_outcome {
            return Ok(vec![Fate::Hidden]);
        }
        // That something was held back from a look tells officers that it is there.
        if matches!(self.eyes, Eyes::Officer(_)) && self.look(&entry.leaf).is_some() {
            return Ok(vec![Fate::Hidden]);
        }
        if entry.leaf.event == Event::VerifyConsent && entry.leaf.subject == [0; 32] {
            return self.batch(entry).await;
        }
        if entry.leaf.event == Event::FactsQuery {
            return self.asked(entry).await;
        }
        let made = self.told(entry).await?;
        Ok(vec![made.map_or(Fate::Hidden, |(disclosure, done)| self.fate(disclosure, done))])
    }

    /// Whether it is told now; `done` is when what it rests on was done.
    fn fate(&self, disclosure: Disclosure, done: Timestamp) -> Fate {
        let delays = &self.gateway.delays;
        if self.eyes.wait() && delays.hold_back(disclosure.ground(), done, self.now) {
            return Fate::Delayed;
        }
        self.eyes.cut(disclosure).map_or(Fate::Hidden, |disclosure| Fate::Told(Box::new(disclosure)))
    }

    async fn told(&mut self, entry: &audit::Entry) -> Result<Option<(Disclosure, Timestamp)>, Error> {
        let leaf = &entry.leaf;
        let Some(kind) = self.kind(leaf) else { return Ok(None) };
        let details = self.details(entry).await?;
        let facts = self.facts(details.about_referral()).await?;
        let mut disclosure = Disclosure {
            bases: details.bases(),
            ground: facts.as_ref().map_or(details.ground(), |facts| facts.ground) as i32,
            name: details.about().to_owned(),
            ..self.bare(entry, kind, details.by.as_ref())?
        };
        match kind {
            Kind::Asked if leaf.event == Event::VerifyConsent => {
                let between = self.marks().between(&leaf.commitment);
                disclosure.ground = between.ground as i32;
                (disclosure.discloser, disclosure.recipient) = (between.discloser, between.recipient);
            }
            Kind::Shown => {
                shown(&mut disclosure, leaf, &details.from, facts.as_ref());
                if let (None, Eyes::Officer(agency)) = (&facts, self.eyes)
                    && details.from.is_empty()
                {
                    shown_of(&mut disclosure, agency, &details);
                }
            }
            Kind::Refused => {
                disclosure.discloser.clone_from(&details.from);
                disclosure.recipient.clone_from(&details.to);
                disclosure.reasons.clone_from(&details.reasons);
                // A look has no details, so that it is the same of somebody whom nobody knows.
                if let Some(name) = self.look(leaf) {
                    disclosure.name.clone_from(name);
                    disclosure.recipient.clone_from(&leaf.organisation);
                }
            }
            Kind::ReferralSent => {
                if let Some(facts) = &facts {
                    disclosure.discloser.clone_from(&facts.sender);
                }
                disclosure.recipient.clone_from(&details.recipient);
            }
            Kind::ReferralChanged => {
                disclosure.set_referral_state(details.referral_state());
                told_here(&mut disclosure, &details, facts.as_ref());
            }
            Kind::Sent => {
                self.sent(&mut disclosure, entry, &details, facts.as_ref()).await?;
                // An agency's own words, with how they stand by now: nobody has been told anything about anybody.
                if !disclosure.discloser.is_empty() && disclosure.discloser == disclosure.recipient {
                    return Ok(None);
                }
            }
            Kind::NotSent => {
                disclosure.set_delivery_state(details.delivery_state());
                parties(&mut disclosure, leaf, &details, facts.as_ref());
            }
            Kind::ConsentChanged | Kind::ProhibitionChanged | Kind::LegalStatusChanged => {
                disclosure.changes = details.changes();
                disclosure.stopped = self.known_of(&details.stopped).await?;
            }
            Kind::Unspecified
            | Kind::Identified
            | Kind::Asked
            | Kind::PlanChanged
            | Kind::Erased
            | Kind::FactsAsked
            | Kind::Recorded => {}
        }
        let done = facts.map_or(leaf.time, |facts| facts.sent);
        Ok(Some((disclosure, done)))
    }

    /// The details of a leaf. A reading or question like an earlier one has those of that one.
    async fn details(&self, entry: &audit::Entry) -> Result<Details, Error> {
        let is_again = matches!(entry.leaf.event, Event::Read | Event::FactsQuery);
        let kept = entry.leaf.refers_to.filter(|_| is_again).unwrap_or(entry.sequence);
        Details::read(self.gateway.details(self.person, kept).await?.as_ref())
    }

    /// What every entry has.
    fn bare(&self, entry: &audit::Entry, kind: Kind, by: Option<&By>) -> Result<Disclosure, Error> {
        let leaf = &entry.leaf;
        let verdict = match leaf.verdict {
            Verdict::None => decision::Verdict::Unspecified,
            Verdict::Permitted => decision::Verdict::Permitted,
            Verdict::NotPermitted => decision::Verdict::NotPermitted,
        };
        Ok(Disclosure {
            time: Some(wire_time(leaf.time)?),
            kind: kind as i32,
            actor: Some(self.actor(leaf, by)),
            purpose: v1::Purpose::try_from(i32::from(leaf.purpose)).unwrap_or_default() as i32,
            verdict: verdict as i32,
            permitted: CategorySet::from_bits_truncate(leaf.categories).to_wire(),
            withheld: CategorySet::from_bits_truncate(leaf.withheld).to_wire(),
            receipt: Some(receipt(entry)),
            ..Disclosure::default()
        })
    }

    /// The part of a journey that this leaf says a look was refused.
    fn look(&self, leaf: &Leaf) -> Option<&String> {
        self.looks.get(&leaf.commitment).filter(|_| leaf.event == Event::Refusal)
    }

    fn kind(&self, leaf: &Leaf) -> Option<Kind> {
        Some(match leaf.event {
            Event::IdentifyYouth | Event::IdentityLink => Kind::Identified,
            Event::SendReferral => Kind::ReferralSent,
            Event::ReferralChange => Kind::ReferralChanged,
            Event::ConsentChange => Kind::ConsentChanged,
            Event::ProhibitionChange => Kind::ProhibitionChanged,
            Event::LegalStatusChange => Kind::LegalStatusChanged,
            Event::VerifyConsent => Kind::Asked,
            Event::Read if leaf.commitment == self.explanation => Kind::Asked,
            Event::Read => Kind::Shown,
            Event::Refusal => Kind::Refused,
            Event::DeliveryIntent => Kind::Sent,
            Event::DeliveryOutcome => Kind::NotSent,
            Event::PlanChange => Kind::PlanChanged,
            Event::Erasure => Kind::Erased,
            Event::FactsQuery => Kind::FactsAsked,
            Event::JourneyEntry => Kind::Recorded,
            Event::Closed
            | Event::Policy
            | Event::Tally
            | Event::PersonErasure
            | Event::MasterKey
            | Event::Loss
            | Event::OlderState
            | Event::IdentityTied
            | Event::Administration => {
                return None;
            }
        })
    }

    fn actor(&self, leaf: &Leaf, by: Option<&By>) -> DisclosureActor {
        use disclosure_actor::Kind;
        let mut actor = DisclosureActor::default();
        // An operator acts for the gateway.
        if leaf.actor == [0; 32] || leaf.organisation == GATEWAY {
            actor.set_kind(Kind::Gateway);
            return actor;
        }
        actor.agency.clone_from(&leaf.organisation);
        match by {
            Some(By::Professional { unit, id }) => {
                actor.set_kind(Kind::Professional);
                actor.unit.clone_from(unit);
                actor.professional.clone_from(id);
            }
            Some(By::Subject) => actor.set_kind(Kind::Subject),
            Some(By::Guardian) => actor.set_kind(Kind::Guardian),
            Some(By::Representative) => actor.set_kind(Kind::Representative),
            None if leaf.actor == subject_as_actor(&self.gateway.keys, self.person.id) => {
                actor.set_kind(Kind::Subject);
            }
            None => {}
        }
        actor
    }

    async fn sent(
        &mut self,
        disclosure: &mut Disclosure,
        entry: &audit::Entry,
        details: &Details,
        facts: Option<&Facts>,
    ) -> Result<(), Error> {
        parties(disclosure, &entry.leaf, details, facts);
        let mut state = DeliveryState::Sending;
        if let Some(last) = entry.later.iter().rfind(|later| later.leaf.event.tells_outcome()) {
            let outcome = self.gateway.details(self.person, last.sequence).await?;
            state = Details::read(outcome.as_ref())?.delivery_state();
            disclosure.outcome_receipt = Some(receipt(last));
        }
        disclosure.set_delivery_state(state);
        Ok(())
    }

    /// The questions of a batch that are about the person.
    async fn batch(&mut self, entry: &audit::Entry) -> Result<Vec<Fate>, Error> {
        let subject = self.gateway.subject_pseudonym(self.person.id);
        let mut fates = Vec::new();
        for item in self.gateway.store.batch_items(entry.sequence).await? {
            if item.subject != subject {
                continue;
            }
            let Some(read) = ReadItem::of(&item.bytes) else { continue };
            let (discloser, recipient) =
                (self.marks().party(&read.discloser), self.marks().party(&read.recipient));
            let verdict = if read.verdict == Verdict::Permitted as u8 {
                decision::Verdict::Permitted
            } else {
                decision::Verdict::NotPermitted
            };
            let disclosure = Disclosure {
                purpose: i32::from(read.purpose),
                verdict: verdict as i32,
                permitted: CategorySet::from_bits_truncate(read.permitted).to_wire(),
                withheld: CategorySet::from_bits_truncate(read.withheld).to_wire(),
                ground: i32::from(read.ground),
                discloser,
                recipient,
                ..self.bare(entry, Kind::Asked, None)?
            };
            fates.push(self.fate(disclosure, entry.leaf.time));
        }
        // The last question first, as in all of the list.
        fates.reverse();
        Ok(fates)
    }

    /// The questions to several agencies, one by one.
    async fn asked(&mut self, entry: &audit::Entry) -> Result<Vec<Fate>, Error> {
        let details = self.details(entry).await?;
        let bare = self.bare(entry, Kind::FactsAsked, details.by.as_ref())?;
        let recipient = reader(&bare).unwrap_or_default();
        let fates = details.asked().map(|(agency, asked)| {
            let (discloser, recipient) = (agency.to_owned(), recipient.clone());
            let disclosure = Disclosure { discloser, recipient, permitted: asked.to_wire(), ..bare.clone() };
            self.fate(disclosure, entry.leaf.time)
        });
        let fates: Vec<Fate> = fates.collect();
        // What is erased is not told apart any more.
        Ok(if fates.is_empty() { vec![self.fate(bare, entry.leaf.time)] } else { fates })
    }

    fn marks(&mut self) -> &Marks {
        let gateway = self.gateway;
        self.marks.get_or_insert_with(|| Marks::of(&gateway.keys, &gateway.directory))
    }

    /// Of the referral with this name, if it is one of the person.
    async fn facts(&mut self, name: &str) -> Result<Option<Facts>, Error> {
        let Ok(name) = name.parse::<ReferralName>() else { return Ok(None) };
        if let Some(known) = self.referrals.get(&name.referral) {
            return Ok(known.clone());
        }
        let facts = match self.gateway.store.referral(name.referral).await? {
            Some(row) if row.youth == self.person.id => Some(Facts::of(self.person, row)?),
            // What was written under one id can be about a referral under another one of the person.
            Some(row) if self.gateway.ids_of(self.person.id).contains(&row.youth) => {
                Some(Facts::of(&self.gateway.person(row.youth).await?, row)?)
            }
            Some(_) | None => None,
        };
        self.referrals.insert(name.referral, facts.clone());
        Ok(facts)
    }

    /// Those of the referrals that these eyes may know of now.
    async fn known_of(&mut self, names: &[String]) -> Result<Vec<String>, Error> {
        let mut known = Vec::new();
        for name in names {
            let Some(facts) = self.facts(name).await? else { continue };
            let held_back = self.gateway.delays.hold_back(facts.ground, facts.sent, self.now);
            let may = match self.eyes {
                Eyes::Officer(agency) => facts.sender.split('/').next() == Some(agency.as_str()),
                Eyes::Subject | Eyes::ForAMinor | Eyes::Representative => !held_back,
            };
            if may {
                known.push(name.clone());
            }
        }
        Ok(known)
    }
}

impl Facts {
    fn of(person: &Person, row: crate::store::ReferralRow) -> Result<Facts, Error> {
        let record = ReferralRecord::open(person, row)?;
        let channel = record.channel();
        Ok(Facts {
            sender: channel.from.to_string(),
            recipient: channel.to.to_string(),
            ground: ground(record.message.claim.as_ref()),
            sent: record.row.created,
        })
    }

    /// The party of the two that is not this agency.
    fn other_than(&self, agency: &str) -> String {
        let is_sender = self.sender.split('/').next() == Some(agency);
        if is_sender { self.recipient.clone() } else { self.sender.clone() }
    }
}

/// The party that acted, where one of an agency did.
fn reader(disclosure: &Disclosure) -> Option<String> {
    use disclosure_actor::Kind;
    let actor = disclosure.actor.as_ref()?;
    let by_agency = matches!(actor.kind(), Kind::Professional | Kind::Unspecified);
    let unit = (!actor.unit.is_empty()).then(|| format!("{}/{}", actor.agency, actor.unit));
    by_agency.then(|| unit.unwrap_or_else(|| actor.agency.clone()))
}

/// To whom it was shown, and whose data.
fn shown(disclosure: &mut Disclosure, leaf: &Leaf, from: &str, facts: Option<&Facts>) {
    let Some(recipient) = reader(disclosure) else { return };
    disclosure.recipient = recipient;
    // Its own data come to it from nobody.
    if from != leaf.organisation {
        from.clone_into(&mut disclosure.discloser);
    }
    let Some(facts) = facts else { return };
    let is_sender = facts.sender.split('/').next() == Some(leaf.organisation.as_str());
    // A sender reads its own words, and the status, which is the recipient's.
    if !is_sender || disclosure.permitted.contains(&(DataCategory::ReferralStatus as i32)) {
        disclosure.discloser = facts.other_than(&leaf.organisation);
    }
}

/// What of one agency's data was shown beside that of others: to its officer the rest is nobody's business.
fn shown_of(disclosure: &mut Disclosure, agency: &AgencyId, details: &Details) {
    let told = details.told_of(agency);
    let Some(first) = told.first().filter(|_| !by(disclosure, agency)) else { return };
    disclosure.discloser = agency.to_string();
    disclosure.recipient.clone_from(&first.to);
    disclosure.permitted =
        told.iter().fold(CategorySet::EMPTY, |all, told| all.union(told.categories())).to_wire();
    disclosure.withheld.clear();
    disclosure.bases = told.iter().flat_map(|told| told.bases()).collect();
}

fn by(disclosure: &Disclosure, agency: &AgencyId) -> bool {
    disclosure.actor.as_ref().is_some_and(|actor| actor.agency == agency.as_str())
}

/// What a step tells to whoever has no system of its own and reads here.
fn told_here(disclosure: &mut Disclosure, details: &Details, facts: Option<&Facts>) {
    let (Some(told), Some(facts)) = (details.told(), facts) else { return };
    let agency = told.to.split('/').next().unwrap_or_default();
    disclosure.discloser = facts.other_than(agency);
    disclosure.recipient.clone_from(&told.to);
    disclosure.permitted = told.categories().to_wire();
}

/// Between whom a delivery goes.
fn parties(disclosure: &mut Disclosure, leaf: &Leaf, details: &Details, facts: Option<&Facts>) {
    disclosure.recipient.clone_from(&leaf.organisation);
    if let Some(told) = details.told().filter(|told| !told.from.is_empty()) {
        disclosure.discloser.clone_from(&told.from);
    } else if let Some(facts) = facts.filter(|_| details.item != DISCLOSURE_NOTICE) {
        // A register that hears of the disclosure of its own data is told nothing of others.
        disclosure.discloser = facts.other_than(&leaf.organisation);
    }
}

fn receipt(entry: &audit::Entry) -> AuditReceipt {
    AuditReceipt { sequence: entry.sequence, leaf_hash: entry.hash.to_vec() }
}
