//! What has the agency done in a period?
//!
//! Read from what the agency has written down itself, from what became of the referrals that it sent, as far as it may be
//! told of that, and from the plans that it coordinates, as far as it sees them. Every third of a year is counted when it
//! is first asked for, and what is told of it is kept: without anybody in it, and never counted again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use polku_proto::time::finnish_date;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    CountWalkInRequest, DataCategory, Feedback, Figures, GetFiguresRequest, JourneyEntry, Purpose,
    ReferralState, StarReading, retention_answer,
};
use polku_proto::{AgencyId, CategorySet, EntryId, Party, Valid, YouthId};
use prost::Message;
use uuid::Uuid;

use super::entry::{opened, standing};
use super::get::is_escorted;
use super::sight::AgencyLook;
use crate::audit::Event;
use crate::caller::Caller;
use crate::error::Error;
use crate::figures::{Book, Counting, Escort, Handover, OnePerson, ReportFor, Third, day, together};
use crate::gateway::Gateway;
use crate::journey::PlanRecord;
use crate::journey::plan::Eyes;
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::store::{Change, EntryRow, ReferralFilter, ReferralRow, RequestKey, TallyKind, TallyRow};
use crate::trail::Entry;

/// How many rows are read at once.
const PAGE: u32 = 500;
const BROKEN: Error = Error::Inconsistent("what was counted is unreadable");
const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

/// What is at hand of one person beside the entries.
#[derive(Debug, Default)]
struct AtHand {
    referrals: Vec<ReferralRow>,
    has_plan: bool,
}

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
struct Asker<'a> {
    caller: &'a Caller,
    now: Timestamp,
}

/// The figures, being counted, and who of those whom they are about is known by several ids: they are counted at the end.
#[derive(Debug)]
struct Count {
    counting: Counting,
    several: BTreeMap<YouthId, OnePerson>,
}

impl Gateway {
    /// The figures of the caller's agency.
    pub(crate) async fn get_figures(
        &self,
        caller: &Caller,
        request: Valid<GetFiguresRequest>,
    ) -> Result<Figures, Error> {
        self.check_counts(caller)?;
        let request = request.into_inner();
        let now = self.now();
        let report = self.report_for(&request)?;
        let thirds = Third::of(request.year, request.period())
            .ok_or(Error::Inconsistent("a valid year has no thirds"))?;
        if thirds.iter().any(|third| !third.is_closed(finnish_date(now))) {
            return Err(Error::RecordState { expected: "a period that has ended at least 14 days ago" });
        }
        let mut books = Vec::new();
        for third in thirds {
            books.push(self.book(Asker { caller, now }, third).await?);
        }
        let GetFiguresRequest { year, period, recipient } = request;
        let name = format!("figures/{}/{year}/{period}/{recipient}", caller.agency);
        let entry = Entry::of_many(Event::Read).by(caller).for_purpose(Purpose::Statistics).of_what(&name);
        self.note(entry, now).await?;
        let figures = together(&books);
        Ok(match report {
            Some(report) => report.choice(figures),
            None => figures,
        })
    }

    /// What the recipient gets, if one is named.
    fn report_for(&self, request: &GetFiguresRequest) -> Result<Option<&ReportFor>, Error> {
        if request.recipient.is_empty() {
            return Ok(None);
        }
        let mut reports = self.journey.reports.iter();
        let report = reports.find(|report| report.recipient == request.recipient).ok_or(Error::Field {
            field: "recipient",
            reason: "UNKNOWN_RECIPIENT",
            expected: "a recipient of reports that the configuration names, or empty",
        })?;
        if !report.periods.contains(&request.period()) {
            return Err(Error::Field {
                field: "period",
                reason: "INVALID_FIELDS",
                expected: "one of the periods for which the recipient gets a report",
            });
        }
        Ok(Some(report))
    }

    /// What is told of a third of a year: as it was kept, or counted now, for good.
    async fn book(&self, asker: Asker<'_>, third: Third) -> Result<Book, Error> {
        let agency = &asker.caller.agency;
        // A name of its own for each third of an agency: nobody can keep a second book of it.
        let name = format!("{agency}/{}", third.last);
        let hash = self.keys.pseudonym(b"figures", name.as_bytes());
        let request = hash.first_chunk().map(|half| Uuid::from_bytes(*half)).unwrap_or_default();
        let key = RequestKey { organisation: agency.clone(), request };
        let _alone = self.alone_with_request(key.request).await?;
        if let Some(kept) = self.kept(agency, third.last).await? {
            return Ok(kept);
        }
        let mut count = Count { counting: Counting::new(third), several: BTreeMap::new() };
        self.count_tallies(agency, third, &mut count.counting).await?;
        self.count_persons(asker, &mut count).await?;
        let Count { mut counting, several } = count;
        for person in several.into_values() {
            counting.person(&person);
        }
        let book = counting.book();
        // By now: the count may have taken long, and a leaf that looks old is closed.
        let noted = self.note(Entry::of_many(Event::Tally).by(asker.caller), self.now()).await?;
        let mut change = Change::announced_by(noted.sequence);
        change.tallies.push(TallyRow {
            key,
            agency: agency.clone(),
            day: third.last,
            kind: TallyKind::Book,
            content: book.encode_to_vec(),
        });
        self.commit(change).await?;
        Ok(book)
    }

    async fn kept(&self, agency: &AgencyId, last: Date) -> Result<Option<Book>, Error> {
        let tallied = self.store.tallied(agency, last, last).await?;
        let mut books = tallied.into_iter().filter(|tallied| tallied.kind == TallyKind::Book);
        let book = books.next().map(|kept| Book::decode(kept.content.as_slice()));
        book.transpose().map_err(|_| BROKEN)
    }

    async fn count_tallies(
        &self,
        agency: &AgencyId,
        third: Third,
        counting: &mut Counting,
    ) -> Result<(), Error> {
        for tallied in self.store.tallied(agency, third.first, third.last).await? {
            let content = tallied.content.as_slice();
            match tallied.kind {
                TallyKind::WalkIn => {
                    let walk_in = CountWalkInRequest::decode(content).map_err(|_| BROKEN)?;
                    counting.walk_ins(walk_in.channel(), tallied.count);
                }
                TallyKind::Feedback => {
                    counting.feedback(&Feedback::decode(content).map_err(|_| BROKEN)?, tallied.count);
                }
                TallyKind::Book => {}
            }
        }
        Ok(())
    }

    /// Counts whoever the agency has something to do with, one after the other: the entries come person by person.
    async fn count_persons(&self, asker: Asker<'_>, count: &mut Count) -> Result<(), Error> {
        let agency = &asker.caller.agency;
        let mut at_hand: BTreeMap<YouthId, AtHand> = BTreeMap::new();
        for row in self.referrals_sent(agency).await? {
            at_hand.entry(row.youth).or_default().referrals.push(row);
        }
        for youth in self.store.coordinated_by(agency).await? {
            at_hand.entry(youth).or_default().has_plan = true;
        }
        let mut after: Option<(YouthId, EntryId)> = None;
        let mut rows: Vec<EntryRow> = Vec::new();
        loop {
            let page = self.store.entries_by(agency, after, PAGE).await?;
            after = page.last().map(|row| (row.youth, row.id));
            let is_last = page.len() < PAGE as usize;
            for row in page {
                if let Some(youth) = rows.first().map(|row| row.youth).filter(|youth| *youth != row.youth) {
                    let own = std::mem::take(&mut rows);
                    let beside = at_hand.remove(&youth).unwrap_or_default();
                    self.count_one(asker, youth, (&own, beside), count).await?;
                }
                rows.push(row);
            }
            if is_last {
                break;
            }
        }
        if let Some(youth) = rows.first().map(|row| row.youth) {
            let beside = at_hand.remove(&youth).unwrap_or_default();
            self.count_one(asker, youth, (&rows, beside), count).await?;
        }
        for (youth, beside) in at_hand {
            self.count_one(asker, youth, (&[], beside), count).await?;
        }
        Ok(())
    }

    /// Counts one id. Who has several is put together first.
    async fn count_one(
        &self,
        asker: Asker<'_>,
        youth: YouthId,
        (own, beside): (&[EntryRow], AtHand),
        count: &mut Count,
    ) -> Result<(), Error> {
        let person = self.one_person(asker, youth, own, beside).await?;
        match self.ids_of(youth).as_slice() {
            [present, _, ..] => count.several.entry(*present).or_default().merge(person),
            _ => count.counting.person(&person),
        }
        Ok(())
    }

    /// The referrals that the agency has sent, and not by mistake.
    async fn referrals_sent(&self, agency: &AgencyId) -> Result<Vec<ReferralRow>, Error> {
        let mut filter =
            ReferralFilter { party: Some(agency.clone()), youth: None, before: None, limit: PAGE };
        let mut sent = Vec::new();
        loop {
            let page = self.store.referrals(&filter).await?;
            filter.before = page.last().map(|row| (row.created, row.id));
            let is_last = page.len() < PAGE as usize;
            let counts =
                |row: &ReferralRow| row.sender == *agency && row.state != ReferralState::EnteredInError;
            sent.extend(page.into_iter().filter(counts));
            if is_last {
                return Ok(sent);
            }
        }
    }

    async fn one_person(
        &self,
        asker: Asker<'_>,
        youth: YouthId,
        own: &[EntryRow],
        beside: AtHand,
    ) -> Result<OnePerson, Error> {
        let person = self.person(youth).await?;
        let newest_first = own.iter().rev().map(|row| opened(&person, row));
        let own = standing(newest_first.collect::<Result<_, _>>()?);
        let Asker { caller, now } = asker;
        let look = AgencyLook { agency: &caller.agency, youth, purpose: Purpose::Unspecified, now };
        let entries = self.visible(&look, &own)?.into_iter().cloned().collect();
        let sent = beside.referrals.iter().map(|row| finnish_date(row.created)).collect();
        let handovers = self.handovers(&person, look, beside.referrals).await?;
        let stars = if beside.has_plan { self.stars_seen(&person, asker).await? } else { Vec::new() };
        Ok(OnePerson { born: person.birth_date()?, entries, sent, handovers, stars })
    }

    async fn handovers(
        &self,
        person: &Person,
        look: AgencyLook<'_>,
        referrals: Vec<ReferralRow>,
    ) -> Result<Vec<Handover>, Error> {
        if referrals.is_empty() {
            return Ok(Vec::new());
        }
        // Whoever goes on under the present id says there what became of a referral that was sent under a former one.
        let entries = self.written(person).await?;
        let mut handovers = Vec::new();
        for row in referrals {
            let record = ReferralRecord::open(person, row)?;
            let Some(day) = day(record.handed_over()) else { continue };
            // Told for the purpose for which the young person was handed over, and as it may be told now.
            let look = AgencyLook { purpose: record.purpose(), ..look };
            let seen = self.visible(&look, &entries)?;
            let name = record.name().to_string();
            let escort = if is_escorted(&name, &seen) { Escort::Together } else { Escort::Alone };
            let recipient = &record.row.recipient;
            let may_be_told =
                STATUS.is_subset(self.told_by(&look, &Party::whole(recipient.clone()), STATUS)?);
            let said = may_be_told.then(|| said(&seen, recipient, &name));
            handovers.push(Handover { day, escort, said });
        }
        Ok(handovers)
    }

    /// The readings in the plans that the agency coordinates.
    async fn stars_seen(&self, person: &Person, asker: Asker<'_>) -> Result<Vec<StarReading>, Error> {
        let mut stars = Vec::new();
        for row in self.store.plans_of(person.id).await? {
            if row.coordinator != asker.caller.agency {
                continue;
            }
            let record = PlanRecord::open(person, row)?;
            // As the agency itself, and all of it: whoever asks first, it comes to the same.
            let eyes = Eyes::of_system(Party::whole(asker.caller.agency.clone()));
            let plan = self.seen(&record, &eyes, asker.now)?;
            let told = plan.sections.into_iter().flat_map(|section| section.stars);
            stars.extend(told.filter(|star| !star.entered_in_error));
        }
        Ok(stars)
    }
}

/// What the recipient has said of whether the young person is still there, what was said last first.
pub(super) fn said(
    seen: &[&JourneyEntry],
    recipient: &AgencyId,
    referral: &str,
) -> Vec<(Date, retention_answer::Result)> {
    let own = seen.iter().filter(|entry| entry.agency == recipient.as_str());
    let answers = own.filter_map(|entry| match &entry.matter {
        Some(Matter::Retention(answer)) if answer.referral == referral => {
            Some((day(entry.time.as_ref())?, answer.result()))
        }
        _ => None,
    });
    answers.collect()
}
