//! What has the agency done in a period?
//!
//! Read from what the agency has written down itself, from what became of the referrals that it sent, as far as it may
//! be told of that now, and from the plans that it coordinates, as far as it sees them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use polku_proto::time::finnish_date;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    CountWalkInRequest, Feedback, Figures, GetFiguresRequest, JourneyEntry, Purpose, ReferralState,
    StarReading, retention_answer,
};
use polku_proto::{AgencyId, EntryId, Valid, YouthId};
use prost::Message;

use super::entry::{opened, standing};
use super::get::escorted;
use super::sight::Look;
use crate::audit::Event;
use crate::caller::Caller;
use crate::error::Error;
use crate::figures::{Counting, Escort, Handover, OnePerson, Period, day};
use crate::gateway::Gateway;
use crate::journey::PlanRecord;
use crate::person::Person;
use crate::record::{ReferralRecord, is_taken_up};
use crate::store::{EntryRow, ReferralFilter, ReferralRow, TallyKind};
use crate::trail::Entry;

/// How many rows are read at once.
const PAGE: u32 = 500;

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

impl Gateway {
    /// The figures of the caller's agency.
    pub(crate) async fn get_figures(
        &self,
        caller: &Caller,
        request: Valid<GetFiguresRequest>,
    ) -> Result<Figures, Error> {
        self.check_counts(caller)?;
        let GetFiguresRequest { first_day, last_day } = request.into_inner();
        let now = self.now();
        let date = |text: &str| text.parse().map_err(|_| Error::Inconsistent("a valid day is none"));
        // What falls due later than today is not due.
        let period = Period { first: date(&first_day)?, last: finnish_date(now).min(date(&last_day)?) };
        let mut counting = Counting::new(period);
        self.count_tallies(&caller.agency, period, &mut counting).await?;
        self.count_persons(Asker { caller, now }, &mut counting).await?;
        let name = format!("figures/{}/{first_day}/{last_day}", caller.agency);
        let entry = Entry::of_many(Event::Read).by(caller).for_purpose(Purpose::Statistics).of_what(&name);
        self.note(entry, now).await?;
        Ok(counting.figures())
    }

    async fn count_tallies(
        &self,
        agency: &AgencyId,
        period: Period,
        counting: &mut Counting,
    ) -> Result<(), Error> {
        const BROKEN: Error = Error::Inconsistent("what was counted is unreadable");
        for tallied in self.store.tallied(agency, period.first, period.last).await? {
            let content = tallied.content.as_slice();
            match tallied.kind {
                TallyKind::WalkIn => {
                    let walk_in = CountWalkInRequest::decode(content).map_err(|_| BROKEN)?;
                    counting.walk_ins(walk_in.channel(), tallied.count);
                }
                TallyKind::Feedback => {
                    counting.feedback(&Feedback::decode(content).map_err(|_| BROKEN)?, tallied.count);
                }
            }
        }
        Ok(())
    }

    /// Counts whoever the agency has something to do with, one after the other: the entries come person by person.
    async fn count_persons(&self, asker: Asker<'_>, counting: &mut Counting) -> Result<(), Error> {
        let agency = &asker.caller.agency;
        let mut at_hand: BTreeMap<YouthId, AtHand> = BTreeMap::new();
        for row in self.referrals_taken_up(agency).await? {
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
                    counting.person(&self.one_person(asker, youth, &own, beside).await?);
                }
                rows.push(row);
            }
            if is_last {
                break;
            }
        }
        if let Some(youth) = rows.first().map(|row| row.youth) {
            let beside = at_hand.remove(&youth).unwrap_or_default();
            counting.person(&self.one_person(asker, youth, &rows, beside).await?);
        }
        for (youth, beside) in at_hand {
            counting.person(&self.one_person(asker, youth, &[], beside).await?);
        }
        Ok(())
    }

    /// The referrals that the agency has sent and that were taken up.
    async fn referrals_taken_up(&self, agency: &AgencyId) -> Result<Vec<ReferralRow>, Error> {
        let mut filter =
            ReferralFilter { party: Some(agency.clone()), youth: None, before: None, limit: PAGE };
        let mut taken_up = Vec::new();
        loop {
            let page = self.store.referrals(&filter).await?;
            filter.before = page.last().map(|row| (row.created, row.id));
            let is_last = page.len() < PAGE as usize;
            // Who withdraws afterwards was handed over all the same: what became of it is unknown from then on.
            let counts = |state| is_taken_up(state) || state == ReferralState::ConsentWithdrawn;
            taken_up.extend(page.into_iter().filter(|row| row.sender == *agency && counts(row.state)));
            if is_last {
                return Ok(taken_up);
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
        let look = Look { caller, youth, purpose: Purpose::Unspecified, now };
        let entries = self.visible(&look, &own)?.into_iter().cloned().collect();
        let handovers = self.handovers(&person, look, beside.referrals).await?;
        let stars = if beside.has_plan { self.stars_seen(&person, look).await? } else { Vec::new() };
        Ok(OnePerson { born: person.birth_date()?, entries, handovers, stars })
    }

    async fn handovers(
        &self,
        person: &Person,
        look: Look<'_>,
        referrals: Vec<ReferralRow>,
    ) -> Result<Vec<Handover>, Error> {
        if referrals.is_empty() {
            return Ok(Vec::new());
        }
        let entries = self.entries(person).await?;
        let mut handovers = Vec::new();
        for row in referrals {
            let record = ReferralRecord::open(person, row)?;
            let Some(day) = day(record.message.accept_time.as_ref()) else { continue };
            // Told for the purpose for which the young person was handed over, and as it may be told now.
            let seen = self.visible(&Look { purpose: record.purpose(), ..look }, &entries)?;
            let name = record.name().to_string();
            let is_escorted = seen.iter().any(|entry| escorted(entry) == Some(name.as_str()));
            let escort = if is_escorted { Escort::Together } else { Escort::Alone };
            let retention = retention(&seen, &record.row.recipient, &name);
            handovers.push(Handover { day, escort, retention });
        }
        Ok(handovers)
    }

    /// The readings in the plans that the agency coordinates.
    async fn stars_seen(&self, person: &Person, look: Look<'_>) -> Result<Vec<StarReading>, Error> {
        let mut stars = Vec::new();
        for row in self.store.plans_of(person.id).await? {
            if row.coordinator != look.caller.agency {
                continue;
            }
            let record = PlanRecord::open(person, row)?;
            match self.eyes(look.caller, &record) {
                Ok(eyes) => {
                    let plan = self.seen(&record, &eyes, look.now)?;
                    let told = plan.sections.into_iter().flat_map(|section| section.stars);
                    stars.extend(told.filter(|star| !star.entered_in_error));
                }
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(stars)
    }
}

/// The recipient's last word on whether the young person is still there. Who may not be told it does not know.
fn retention(seen: &[&JourneyEntry], recipient: &AgencyId, referral: &str) -> retention_answer::Result {
    let own = seen.iter().filter(|entry| entry.agency == recipient.as_str());
    let mut answers = own.filter_map(|entry| match &entry.matter {
        Some(Matter::Retention(answer)) if answer.referral == referral => Some(answer.result()),
        _ => None,
    });
    answers.next().unwrap_or(retention_answer::Result::Unknown)
}
