//! What does a reading tell of another agency's data, and how does the discloser's register hear of it?
//!
//! One rule: a disclosure is one notice, and telling an agency again what it has been told already is no further one. A
//! referral and a section of a plan are there to be read again, so what of them was told once, by the recipient's own
//! system or by a reading, makes no second notice until it says something else. So are what a plan has said before, and
//! what tasks say of it; a part of a section that was told whole was told with it. What an agency holds beside them, its
//! own answer and its entries in the journey, nobody is given to keep: each look at a journey that shows it is a
//! disclosure.
//!
//! What one call tells of one agency's data for one purpose is one event, and one notice. What a journey tells for one
//! purpose, and a plan in it for its own, are two: a notice names the purpose that its consents are for.
//!
//! The notices are put into the queue in one commit with what was told, before the reading is answered. A reading of
//! nothing that needs one costs no commit.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use polku_adapters::Matter;
use polku_policy::{Authorised, Decision, Obligation, Question, Viewer};
use polku_proto::v1::Purpose;
use polku_proto::{AgencyId, CategorySet, YouthId};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::told::{Mark, TOLD, Told};
use crate::audit::Event;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::record::ReferralRecord;
use crate::store::{About, Change, DeliveryItem, MarkTold};
use crate::trail::{Entry, Note};

/// What is shown of one agency's data to another, and its register has to hold.
pub(crate) struct Shown {
    about: About,
    discloser: AgencyId,
    told: Told,
    /// Whoever was told this was told it with that.
    whole: Option<Mark>,
}

/// Whether whoever reads has the lock of the person already.
#[derive(Clone, Copy)]
pub(crate) enum Lock {
    Held,
    Free,
}

/// Who reads what.
pub(crate) struct Reading<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) youth: YouthId,
    /// Resource name.
    pub(crate) name: &'a str,
    pub(crate) lock: Lock,
}

/// What a reading shows, and why it may.
pub(crate) struct Seen<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) decision: &'a Decision,
    /// Whose data it is; nothing where the name of what is read says so, or where they are of several.
    pub(crate) discloser: Option<&'a AgencyId>,
}

impl<'a> Seen<'a> {
    fn of<X>(view: &'a Authorised<X>) -> Self {
        let purpose = view.purpose().unwrap_or(Purpose::Unspecified);
        Self { purpose, decision: view.decision(), discloser: None }
    }

    /// What is written down of a reading that tells nothing new.
    pub(crate) fn note(&self, reading: &Reading<'a>) -> Note<'a> {
        let entry = Entry::of(Event::Read, reading.youth).by(reading.caller);
        let entry = entry.decided(self.purpose, self.decision).of_what(reading.name);
        Note { entry, youth: reading.youth, details: Some(self.details(Map::new())) }
    }

    /// The details of the leaf, with whose data it is.
    fn details(&self, mut details: Map<String, Value>) -> Value {
        if let Some(discloser) = self.discloser {
            details.insert("from".to_owned(), Value::from(discloser.as_str()));
        }
        Value::Object(details)
    }
}

impl Gateway {
    /// What of this the discloser's register has to hold. Nothing for who reads the own data, and for the young person's
    /// side.
    pub(crate) fn owed_notice(
        &self,
        about: About,
        holds: CategorySet,
        question: &Question,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<Option<Shown>, Error> {
        let channel = &question.channel;
        if question.viewer == Viewer::Subject
            || channel.from.agency == channel.to.agency
            || !decision.obligations().contains(&Obligation::DisclosureNotice)
        {
            return Ok(None);
        }
        let Some(told) = Told::of(holds, question, decision, self.new_id(now)?, now) else { return Ok(None) };
        let discloser = told.channel()?.0.from.agency;
        Ok(Some(Shown { about, discloser, told, whole: None }))
    }

    /// Writes a reading down, and puts the notices of what it tells into the queue, for each discloser with a system that
    /// takes them. To the others the log tells it.
    pub(crate) async fn note_telling<X>(
        &self,
        reading: &Reading<'_>,
        view: &Authorised<X>,
        shown: Vec<Shown>,
    ) -> Result<(), Error> {
        self.note_seen(reading, &Seen::of(view), shown).await
    }

    /// The same of what is not one answer by itself.
    pub(crate) async fn note_seen(
        &self,
        reading: &Reading<'_>,
        seen: &Seen<'_>,
        shown: Vec<Shown>,
    ) -> Result<(), Error> {
        if self.note_new(reading, seen, shown).await? {
            return Ok(());
        }
        self.note_all(vec![seen.note(reading)], self.now()).await
    }

    /// The same where a reading without news is written down by something else. Tells whether there was any.
    pub(crate) async fn note_told<X>(
        &self,
        reading: &Reading<'_>,
        view: &Authorised<X>,
        shown: Vec<Shown>,
    ) -> Result<bool, Error> {
        self.note_new(reading, &Seen::of(view), shown).await
    }

    /// Writes down what of this was not told before, with its notices. Tells whether there was any.
    pub(crate) async fn note_new(
        &self,
        reading: &Reading<'_>,
        seen: &Seen<'_>,
        shown: Vec<Shown>,
    ) -> Result<bool, Error> {
        let shown = self.not_told_yet(shown).await?;
        if shown.is_empty() {
            return Ok(false);
        }
        // Two who read the same for the first time at the same time are told one after the other.
        let may_meet = shown.iter().any(|shown| shown.place().is_some());
        let _alone = match reading.lock {
            Lock::Free if may_meet => Some(self.alone_with(reading.youth).await?),
            Lock::Free | Lock::Held => None,
        };
        let shown = self.not_told_yet(shown).await?;
        if shown.is_empty() {
            return Ok(false);
        }
        let (person, now) = (self.person(reading.youth).await?, self.now());
        let marks: Vec<MarkTold> = shown.iter().flat_map(Shown::marks).collect();
        let shown = by_event(shown);
        let entry = Entry::of(Event::Read, person.id).by(reading.caller).decided(seen.purpose, seen.decision);
        let told = shown.iter().map(|shown| shown.told.clone()).collect();
        let told = self.told_details(&person, told, now).await?;
        let details = seen.details(Map::from_iter([(TOLD.to_owned(), told)]));
        let announced = self.announce(entry.of_what(reading.name), &person, &details, now).await?;
        let leaf = announced.receipt.sequence;
        let mut change = Change::announced_by(leaf);
        change.detail = announced.detail;
        change.told = marks;
        for (index, Shown { about, discloser, .. }) in (0..).zip(shown) {
            if self.can_be_sent(&discloser, Matter::DisclosureNotice) {
                let item = DeliveryItem::DisclosureNotice { leaf, index };
                change.enqueue.push(self.queued_delivery(about, person.id, item, discloser, now)?);
            }
        }
        self.commit(change).await?;
        Ok(true)
    }

    /// Whether any of it would be written down as told now.
    pub(crate) async fn has_news(&self, shown: Vec<Shown>) -> Result<bool, Error> {
        Ok(!self.not_told_yet(shown).await?.is_empty())
    }

    /// Without what the reader was told before.
    async fn not_told_yet(&self, shown: Vec<Shown>) -> Result<Vec<Shown>, Error> {
        let mut marks: BTreeMap<Uuid, Vec<Mark>> = BTreeMap::new();
        for shown in &shown {
            if let Some(about) = shown.place() {
                marks.entry(about).or_default().extend(shown.told.marks().iter().copied().chain(shown.whole));
            }
        }
        let mut known = BTreeSet::new();
        for (about, marks) in marks {
            let told = self.store.marks_told(about, marks).await?;
            known.extend(told.into_iter().map(|mark| (about, mark)));
        }
        Ok(shown.into_iter().filter(|shown| !shown.is_among(&known)).collect())
    }
}

impl Shown {
    /// With what was told, in short: telling the same again is no further disclosure.
    pub(crate) fn marked(self, mark: Mark) -> Self {
        Self { told: self.told.marked(mark), ..self }
    }

    /// With what was told of the whole that this is a part of, in short: whoever was told that was told this.
    pub(crate) fn part_of(self, whole: Mark) -> Self {
        Self { whole: Some(whole), ..self }
    }

    /// With where in the discloser's records this item of the referral stems from.
    pub(super) fn stemming_from(self, record: &ReferralRecord, item: DeliveryItem) -> Self {
        Self { told: self.told.stemming_from(record, item), ..self }
    }

    /// Of what it is told, if that is there to be read again.
    fn place(&self) -> Option<Uuid> {
        match &self.about {
            About::Plan { plan, .. } => Some(plan.uuid()),
            About::Referral(referral) => Some(referral.uuid()),
            About::Journey => None,
        }
    }

    fn marks(&self) -> impl Iterator<Item = MarkTold> {
        let marks = self.place().map(|about| self.told.marks().iter().map(move |mark| (about, *mark)));
        marks.into_iter().flatten().map(|(about, mark)| MarkTold { about, mark })
    }

    /// Whether the reader was told all of it before.
    fn is_among(&self, known: &BTreeSet<(Uuid, Mark)>) -> bool {
        let Some(about) = self.place() else { return false };
        let is_known = |mark: &Mark| known.contains(&(about, *mark));
        let marks = self.told.marks();
        (!marks.is_empty() && marks.iter().all(is_known)) || self.whole.as_ref().is_some_and(is_known)
    }

    /// Whether both are told in one call of one agency's data for one purpose, if they are told in one call.
    pub(crate) fn is_one_event_with(&self, other: &Shown) -> bool {
        self.discloser == other.discloser && self.told.goes_with(&other.told)
    }

    fn with(self, earlier: Shown) -> Self {
        let about = match (&self.about, &earlier.about) {
            (About::Plan { plan, .. }, About::Plan { plan: other, .. }) if plan == other => self.about,
            (about, other) if about == other => self.about,
            _ => About::Journey,
        };
        Self { about, told: self.told.with(earlier.told), ..self }
    }
}

/// What one call tells of one agency's data for one purpose is one event.
fn by_event(all: Vec<Shown>) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    for next in all {
        let known = shown.iter().position(|other| other.is_one_event_with(&next));
        let earlier = known.map(|place| shown.remove(place));
        shown.push(match earlier {
            Some(earlier) => next.with(earlier),
            None => next,
        });
    }
    shown
}
