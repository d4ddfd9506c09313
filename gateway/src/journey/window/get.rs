//! A worker, or the young person, opens the journey: the whole of it that they may see.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use polku_policy::Authorised;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{GetJourneyRequest, Journey, JourneyEntry, Plan, Purpose, Referral, ReferralState};
use polku_proto::{CategorySet, Disclose as _, Valid, YouthName};
use tokio::time::Instant;

use super::facts::{ASKABLE, Asking, Held};
use super::former::youth_of;
use super::sight::{Look, Looks as _, agency};
use super::worker;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::page;
use crate::journey::read::youth_id;
use crate::journey::refer::mismatch;
use crate::journey::{PlanRecord, ShownPlan};
use crate::outbox::{Lock, Reading, Shown};
use crate::person::Person;
use crate::record::ReferralRecord;
use crate::record::is_taken_up;
use crate::store::{ReferralFilter, ReferralRow};

/// How many referrals a journey shows.
const REFERRALS: u32 = 200;
/// Whatever is personal.
const ALL: CategorySet = CategorySet::ALL.difference(CategorySet::ENVELOPE);
/// For how long an agency's answer is used again, in seconds, unless the caller says otherwise.
const MAX_AGE: i64 = 3600;
/// Of the time until the answer, kept free for deciding on what has come and for writing that down.
const AFTERWARDS: Duration = Duration::from_millis(150);

impl Gateway {
    /// Reads a young person's whole journey, as far as the caller may see it. The agencies have until `patience` has
    /// passed.
    pub(crate) async fn get_journey(
        &self,
        caller: &Caller,
        request: Valid<GetJourneyRequest>,
        patience: Duration,
    ) -> Result<Authorised<Journey>, Error> {
        let until = Instant::now() + patience.saturating_sub(AFTERWARDS);
        let request = request.into_inner();
        let now = self.now();
        let youth = youth_id(&request.youth, "youth")?;
        self.check_subject(caller, youth)?;
        let person = self.person(youth).await?;
        let look = Look { caller, youth, purpose: request.purpose(), now };

        let entries = self.with_former(&person, &self.entries(&person).await?).await?;
        if !self.has_to_do_with(&look, &person, &entries).await? {
            // Somebody whom the caller has nothing to do with looks like nobody.
            return Err(Error::NotFound);
        }
        let held = self.asked_for(&look, &person, &request, until).await?;

        // The agencies took their time: what is answered is decided on now.
        let look = Look { now: self.now(), ..look };
        let mut told = held.told;
        let referrals = self.referrals_here(&look, &mut told).await?;
        let consents = self.consents_for(caller, youth).await?;
        let prohibitions = self.prohibitions_for(caller, youth, look.now).await?;
        let statuses = self.legal_statuses_for(caller, youth).await?;
        let plans = self.running_plans(&look, &person, &mut told).await?;
        let seen = self.visible(&look, &entries)?;
        let seen: Vec<&JourneyEntry> =
            seen.into_iter().filter(|entry| concerns(&look, entry, &referrals)).collect();
        let (handovers, escorted_handovers) = count(&referrals, &seen);
        let shell = Journey {
            youth: YouthName { youth }.to_string(),
            unreachable: held.unreachable.iter().map(ToString::to_string).collect(),
            handovers,
            escorted_handovers,
            ..Journey::default()
        };
        let mut answer = self.shell(caller, shell)?;
        for (_, view) in referrals {
            answer = answer.gather(view).map_err(mismatch)?;
        }
        for (name, consent) in consents {
            self.note_reading(caller, youth, &name, &consent).await?;
            answer = answer.gather(consent).map_err(mismatch)?;
        }
        for (name, prohibition) in prohibitions {
            self.note_reading(caller, youth, &name, &prohibition).await?;
            answer = answer.gather(prohibition).map_err(mismatch)?;
        }
        for (name, status) in statuses {
            self.note_reading(caller, youth, &name, &status).await?;
            answer = answer.gather(status).map_err(mismatch)?;
        }
        for plan in plans {
            answer = answer.gather(plan).map_err(mismatch)?;
        }
        for facts in held.facts {
            answer = answer.gather(facts).map_err(mismatch)?;
        }
        self.gather_entries(&look, &seen, answer, told).await
    }

    /// The entries, and who is beside the young person by them. With them goes what the rest of the answer has told: of one
    /// agency's data the whole journey is one event.
    async fn gather_entries(
        &self,
        look: &Look<'_>,
        seen: &[&JourneyEntry],
        answer: Authorised<Journey>,
        told: Vec<Shown>,
    ) -> Result<Authorised<Journey>, Error> {
        let mut answer = answer;
        let mut youths = BTreeSet::new();
        for entry in seen {
            let youth = youth_of(entry)?;
            youths.insert(youth);
            // What stands inside is told as both ids let it.
            let told = self.told_under(look, youth, &agency(entry)?, ALL)?;
            let mut part = (*entry).clone();
            part.restrict(told.union(CategorySet::ENVELOPE));
            // Refused only when a permission has ended since the look before.
            match self.shown(&look.at(youth), (&entry.agency, entry.category), part) {
                Ok(entry) => answer = answer.gather(entry).map_err(mismatch)?,
                Err(Error::NotPermitted(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(current) = worker::current(seen, look.now) {
            match self.shown_worker(look, current) {
                Ok(worker) => answer = answer.gather(worker).map_err(mismatch)?,
                Err(Error::NotPermitted(_)) => {}
                Err(error) => return Err(error),
            }
        }
        // One leaf for all entries under an id: they are read together or not at all.
        let mut told = Some(told);
        for youth in youths {
            let name = format!("{}/entries", YouthName { youth });
            let is_of = |entry: &&&JourneyEntry| youth_of(entry).is_ok_and(|of| of == youth);
            let of_youth: Vec<&JourneyEntry> = seen.iter().filter(is_of).copied().collect();
            let reading = Reading { caller: look.caller, youth, name: &name, lock: Lock::Free };
            let mut shown = self.told_in(&look.at(youth), &of_youth)?;
            shown.extend(told.take_if(|_| youth == look.youth).into_iter().flatten());
            self.note_telling(&reading, &answer, shown).await?;
        }
        if let Some(told) = told {
            let name = YouthName { youth: look.youth }.to_string();
            let reading = Reading { caller: look.caller, youth: look.youth, name: &name, lock: Lock::Free };
            self.note_told(&reading, &answer, told).await?;
        }
        Ok(answer)
    }

    /// Whether the caller has anything to do with the person here.
    pub(super) async fn has_to_do_with(
        &self,
        look: &Look<'_>,
        person: &Person,
        entries: &[JourneyEntry],
    ) -> Result<bool, Error> {
        let Look { caller, youth, now, .. } = *look;
        let seen = self.visible(look, entries)?;
        let is_own = |entry: &&JourneyEntry| entry.agency == caller.agency.as_str();
        if seen.iter().any(|entry| look.is_own_side() || is_own(entry)) {
            return Ok(true);
        }
        let party = (!look.is_own_side()).then(|| caller.agency.clone());
        let one = ReferralFilter { party, youth: Some(youth), before: None, limit: 1 };
        let referrals = self.store.referrals(&one).await?;
        let is_waiting = |row: &ReferralRow| -> Result<bool, Error> {
            let record = ReferralRecord::open(person, row.clone())?;
            Ok(look.is_own_side() && self.delays.hold_back(record.ground(), row.created, now))
        };
        for row in &referrals {
            if !is_waiting(row)? {
                return Ok(true);
            }
        }
        Ok(!self.consents_for(caller, youth).await?.is_empty()
            || !self.prohibitions_for(caller, youth, now).await?.is_empty()
            || !self.legal_statuses_for(caller, youth).await?.is_empty()
            || self.plan_at_hand(caller, person).await?.is_some())
    }

    async fn referrals_here(
        &self,
        look: &Look<'_>,
        told: &mut Vec<Shown>,
    ) -> Result<Vec<((String, ReferralState), Authorised<Referral>)>, Error> {
        let party = match look.caller.actor {
            Actor::Professional { .. } => Some(look.caller.agency.clone()),
            Actor::Subject(_) | Actor::Representative { .. } => None,
        };
        let filter = ReferralFilter { party, youth: Some(look.youth), before: None, limit: REFERRALS };
        let mut rows = self.store.referrals(&filter).await?;
        rows.truncate(page::fitting(&rows, REFERRALS));
        let mut referrals = Vec::with_capacity(rows.len());
        for row in rows {
            let viewed = self.view_row(look.caller, row, look.now).await?;
            let Some((record, view)) = viewed else { continue };
            let name = record.name().to_string();
            self.note_reading(look.caller, record.row.youth, &name, &view).await?;
            told.extend(self.told_in_referral(look.caller, &record, view.decision(), look.now)?);
            referrals.push(((name, record.state()), view));
        }
        Ok(referrals)
    }

    /// The joint plans that have not ended.
    async fn running_plans(
        &self,
        look: &Look<'_>,
        person: &Person,
        told: &mut Vec<Shown>,
    ) -> Result<Vec<Authorised<Plan>>, Error> {
        let mut plans = Vec::new();
        for row in self.store.plans_of(person.id).await? {
            if row.ended {
                continue;
            }
            let record = PlanRecord::open(person, row)?;
            match self.plan_view(look.caller, &record, look.now) {
                Ok(ShownPlan { plan, told: shown }) => {
                    self.note_reading(look.caller, person.id, &record.name().to_string(), &plan).await?;
                    told.extend(shown);
                    plans.push(plan);
                }
                Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(plans)
    }

    /// What the agencies hold, where it is asked for.
    async fn asked_for(
        &self,
        look: &Look<'_>,
        person: &Person,
        request: &GetJourneyRequest,
        until: Instant,
    ) -> Result<Held, Error> {
        if look.purpose == Purpose::Unspecified {
            return Ok(Held::default());
        }
        let age = SignedDuration::from_secs(request.max_age_seconds.map_or(MAX_AGE, i64::from));
        let oldest: Timestamp = look.now - age;
        let wanted = match request.categories.as_slice() {
            [] => ASKABLE,
            named => named.iter().fold(CategorySet::EMPTY, |set, one| set.union(CategorySet::named(*one))),
        };
        self.held(person, &Asking { look: *look, wanted, oldest, until }).await
    }
}

/// The referral by which the young person was handed over with escort, by this entry: all three met.
pub(super) fn escorted(entry: &JourneyEntry) -> Option<&str> {
    match &entry.matter {
        Some(Matter::Handover(handover))
            if handover.young_person && handover.sender && handover.recipient =>
        {
            Some(&handover.referral)
        }
        _ => None,
    }
}

/// Whether an entry about a referral is for this reader: for the young person's side, for whoever wrote it, and for the
/// parties to the referral.
fn concerns(
    look: &Look<'_>,
    entry: &JourneyEntry,
    referrals: &[((String, ReferralState), Authorised<Referral>)],
) -> bool {
    let about = match &entry.matter {
        Some(Matter::Handover(handover)) => &handover.referral,
        Some(Matter::Retention(answer)) => &answer.referral,
        _ => return true,
    };
    look.is_own_side()
        || entry.agency == look.caller.agency.as_str()
        || referrals.iter().any(|((name, _), _)| name == about)
}

/// How many of these referrals were taken up, and to how many of those the young person was escorted: all three met.
fn count(
    referrals: &[((String, ReferralState), Authorised<Referral>)],
    seen: &[&JourneyEntry],
) -> (i32, i32) {
    let taken_up = referrals.iter().filter(|((_, state), _)| is_taken_up(*state));
    let met = |name: &str| seen.iter().any(|entry| escorted(entry) == Some(name));
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let escorted = taken_up.clone().filter(|((name, _), _)| met(name)).count();
    (number(taken_up.count()), number(escorted))
}
