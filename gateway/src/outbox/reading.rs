//! What does a reading tell of another agency's data, and how does the discloser's register hear of it?
//!
//! One rule: a disclosure is one notice, and telling an agency again what it has been told already is no further one. A
//! referral and a section of a plan are there to be read again, so what of them was told once, by the recipient's own
//! system or by a reading, makes no second notice until it says something else. What an agency holds beside them, its own
//! answer and its entries in the journey, nobody is given to keep: each look at a journey that shows it is a disclosure.
//!
//! The notices are put into the queue in one commit with what was told, before the reading is answered. A reading of
//! nothing that needs one costs no commit.

use std::collections::BTreeMap;

use jiff::Timestamp;
use polku_adapters::Matter;
use polku_policy::{Authorised, Decision, Obligation, Question, Viewer};
use polku_proto::v1::Purpose;
use polku_proto::{AgencyId, CategorySet, PlanId, YouthId};
use serde_json::{Map, Value};

use super::told::{self, Mark, TOLD, Told};
use crate::audit::Event;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::store::{About, Change, DeliveryItem, SectionTold};
use crate::trail::Entry;

/// What is shown of one agency's data to another, and its register has to hold.
pub(crate) struct Shown {
    about: About,
    discloser: AgencyId,
    told: Told,
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

    /// The details of the leaf, with whose data it is.
    fn details(&self, mut details: Map<String, Value>) -> Value {
        if let Some(discloser) = self.discloser {
            details.insert("from".to_owned(), Value::from(discloser.as_str()));
        }
        Value::Object(details)
    }
}

impl Gateway {
    /// What of this the discloser's register has to hold, if it has a system that takes notices. Nothing for who reads the
    /// own data, and for the young person's side.
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
        let takes = self.can_be_sent(&discloser, Matter::DisclosureNotice);
        Ok(takes.then_some(Shown { about, discloser, told }))
    }

    /// Writes a reading down, and puts the notices of what it tells into the queue.
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
        let entry = Entry::of(Event::Read, reading.youth).by(reading.caller);
        let entry = entry.decided(seen.purpose, seen.decision).of_what(reading.name);
        self.note_with(entry, reading.youth, &seen.details(Map::new()), self.now()).await?;
        Ok(())
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

    async fn note_new(
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
        let may_meet = shown.iter().any(|shown| shown.mark().is_some());
        let _alone = match reading.lock {
            Lock::Free if may_meet => Some(self.alone_with(reading.youth).await?),
            Lock::Free | Lock::Held => None,
        };
        let shown = self.not_told_yet(shown).await?;
        if shown.is_empty() {
            return Ok(false);
        }
        let (person, now) = (self.person(reading.youth).await?, self.now());
        let marks: Vec<SectionTold> = shown.iter().filter_map(Shown::mark).map(SectionTold::from).collect();
        let shown = by_discloser(shown);
        let entry = Entry::of(Event::Read, person.id).by(reading.caller).decided(seen.purpose, seen.decision);
        let told = told::details(shown.iter().map(|shown| &shown.told))?;
        let details = seen.details(Map::from_iter([(TOLD.to_owned(), told)]));
        let announced = self.announce(entry.of_what(reading.name), &person, &details, now).await?;
        let leaf = announced.receipt.sequence;
        let mut change = Change::announced_by(leaf);
        change.detail = announced.detail;
        change.told = marks;
        for (index, Shown { about, discloser, .. }) in (0..).zip(shown) {
            let item = DeliveryItem::DisclosureNotice { leaf, index };
            change.enqueue.push(self.queued_delivery(about, person.id, item, discloser, now)?);
        }
        self.commit(change).await?;
        Ok(true)
    }

    /// Without what the reader was told before.
    async fn not_told_yet(&self, shown: Vec<Shown>) -> Result<Vec<Shown>, Error> {
        let mut marks: BTreeMap<PlanId, Vec<Mark>> = BTreeMap::new();
        for (plan, mark) in shown.iter().filter_map(Shown::mark) {
            marks.entry(plan).or_default().push(mark);
        }
        let mut known = Vec::new();
        for (plan, marks) in marks {
            let told = self.store.sections_told(plan, marks).await?;
            known.extend(told.into_iter().map(|mark| (plan, mark)));
        }
        let is_new = |shown: &Shown| shown.mark().is_none_or(|mark| !known.contains(&mark));
        Ok(shown.into_iter().filter(is_new).collect())
    }
}

impl Shown {
    /// With what was told, in short: telling the same again is no further disclosure.
    pub(crate) fn marked(self, mark: Mark) -> Self {
        Self { told: self.told.marked(mark), ..self }
    }

    fn mark(&self) -> Option<(PlanId, Mark)> {
        match &self.about {
            About::Plan { plan, .. } => self.told.mark().map(|mark| (*plan, mark)),
            About::Referral(_) | About::Journey => None,
        }
    }
}

impl From<(PlanId, Mark)> for SectionTold {
    fn from((plan, mark): (PlanId, Mark)) -> Self {
        Self { plan, mark }
    }
}

/// What one reading tells of one agency's data is one event.
fn by_discloser(all: Vec<Shown>) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    for next in all {
        let known = shown.iter().position(|other| other.discloser == next.discloser);
        let earlier = known.map(|place| shown.remove(place));
        shown.push(match earlier {
            Some(earlier) => Shown { told: next.told.with(earlier.told), ..next },
            None => next,
        });
    }
    shown
}
