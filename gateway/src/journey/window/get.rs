//! A worker, or the young person, opens the journey: the whole of it that they may see.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use polku_policy::Authorised;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{CurrentWorker, GetJourneyRequest, Journey, JourneyEntry, Purpose};
use polku_proto::{CategorySet, Disclose as _, ReferralName, Valid, YouthName};
use tokio::time::Instant;

use super::entry::standing;
use super::facts::{ASKABLE, Asking, Held, facts_name};
use super::former::{here, youth_of};
use super::sight::{Look, Looks as _, holder};
use super::telling::{Leaf, Telling};
use super::worker::{self, When};
use crate::caller::Caller;
use crate::error::Error;
use crate::figures::day;
use crate::gateway::Gateway;
use crate::journey::read::youth_id;
use crate::journey::refer::mismatch;
use crate::margin::without;
use crate::person::Person;
use crate::record::ReferralRecord;

/// How many entries a journey shows.
const ENTRIES: usize = 500;
/// Whatever is personal.
const ALL: CategorySet = CategorySet::ALL.difference(CategorySet::ENVELOPE);
/// For how long an agency's answer is used again, in seconds, unless the caller says otherwise.
const MAX_AGE: i64 = 3600;
/// Of the time until the answer, kept free at most for deciding on what has come and for writing that down.
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
        let until = Instant::now() + without(patience, AFTERWARDS);
        let request = request.into_inner();
        let now = self.now();
        let youth = youth_id(&request.youth, "youth")?;
        self.check_reader(caller, youth)?;
        let look = Look { caller, youth, purpose: request.purpose(), now };
        self.check_concern_of(&look, "entries").await?;
        let person = self.person(youth).await?;

        let written = self.written(&person).await?;
        let ids = self.ids_seen(caller, youth);
        if look.is_own_side() {
            let seen = self.told_entries(&look, here(&written, &ids)).await?;
            if seen.is_empty() && self.kept_here(&look).await?.is_empty() {
                return Err(Error::NotFound);
            }
        }
        // What is kept here is read while the agencies take their time.
        let revision = self.index().revision();
        let (held, mut kept) = tokio::try_join!(
            self.asked_for(&look, (&person, here(&written, &ids)), &request, until),
            self.kept_here(&look),
        )?;

        // What is answered is decided on now.
        self.learn().await?;
        let look = Look { now: self.now(), ..look };
        if self.index().revision() != revision || kept.has_an_end_before(look.now) {
            kept = self.kept_here(&look).await?;
        }
        let referrals = kept.referrals();
        let seen = self.told_entries(&look, here(&written, &ids)).await?;
        let mut seen: Vec<&JourneyEntry> =
            seen.into_iter().filter(|entry| concerns(&look, entry, &referrals)).collect();
        let (handovers, escorted_handovers) = count(&referrals, &seen);
        let worker = worker::known(&written, &seen, When::of(&person, look.now)?);
        let more_entries = seen.len() > ENTRIES;
        seen.truncate(ENTRIES);
        let shell = Journey {
            youth: YouthName { youth }.to_string(),
            unreachable: held.unreachable.iter().map(ToString::to_string).collect(),
            handovers,
            escorted_handovers,
            more_referrals: kept.has_more(),
            more_entries,
            ..Journey::default()
        };
        let (mut answer, mut telling) = (self.shell(caller, shell)?, Telling::default());
        for (agency, facts, told) in held.facts {
            let discloser = (!look.is_own_side()).then_some(agency);
            telling.read(Leaf::of(youth, facts_name(&person), &facts).from(discloser).telling(told));
            answer = answer.gather(facts).map_err(mismatch)?;
        }
        let answer = kept.into_answer(answer, &mut telling)?;
        let answer = self.gather_entries(&look, &seen, worker, (answer, &mut telling))?;
        // A refusal tells of what is there, and the young person's side reads of it.
        let there = self.without_held_back(standing(here(&written, &ids).collect()), look.now).await?;
        let mut withheld = self.withheld(&look, there)?;
        // Of agencies that are asked for all that they may tell, nothing was refused.
        if !request.categories.is_empty() {
            withheld.extend(held.withheld);
        }
        self.note_look(&look, "entries", telling, withheld).await?;
        Ok(answer)
    }

    /// The entries that the caller may be told of, without those about referrals that the law holds back from the young
    /// person's side, as if nobody had written them yet.
    pub(super) async fn told_entries<'a>(
        &self,
        look: &Look<'_>,
        entries: impl IntoIterator<Item = &'a JourneyEntry>,
    ) -> Result<Vec<&'a JourneyEntry>, Error> {
        let visible = self.visible(look, entries)?;
        if look.is_own_side() { self.without_held_back(visible, look.now).await } else { Ok(visible) }
    }

    /// Without those about referrals that the law holds back from the young person's side.
    async fn without_held_back<'a>(
        &self,
        entries: Vec<&'a JourneyEntry>,
        now: Timestamp,
    ) -> Result<Vec<&'a JourneyEntry>, Error> {
        let mut told = Vec::new();
        let mut known: BTreeMap<&str, bool> = BTreeMap::new();
        for entry in entries {
            let is_held_back = match referral_of(entry) {
                None => false,
                Some(name) => match known.get(name) {
                    Some(is_held_back) => *is_held_back,
                    None => {
                        let is_held_back = self.is_held_back(name, now).await?;
                        known.insert(name, is_held_back);
                        is_held_back
                    }
                },
            };
            if !is_held_back {
                told.push(entry);
            }
        }
        Ok(told)
    }

    /// Whether the law lets the referral wait before the young person's side is told of it.
    pub(super) async fn is_held_back(&self, referral: &str, now: Timestamp) -> Result<bool, Error> {
        let name: ReferralName =
            referral.parse().map_err(|_| Error::Inconsistent("an entry about an unreadable referral"))?;
        let Some(row) = self.store.referral(name.referral).await? else { return Ok(false) };
        let record = ReferralRecord::open(&self.person(row.youth).await?, row)?;
        Ok(self.delays.hold_back(record.ground(), record.row.created, now))
    }

    /// The entries, and who is beside the young person.
    fn gather_entries(
        &self,
        look: &Look<'_>,
        seen: &[&JourneyEntry],
        worker: Option<(CurrentWorker, &JourneyEntry)>,
        (mut answer, telling): (Authorised<Journey>, &mut Telling),
    ) -> Result<Authorised<Journey>, Error> {
        for entry in seen {
            let (youth, holder) = (youth_of(entry)?, holder(entry)?);
            let told = self.told_by(&look.under(youth), &holder, ALL)?;
            let mut part = (*entry).clone();
            part.restrict(told.union(CategorySet::ENVELOPE));
            // Refused only when a permission has ended since the look before.
            match self.shown(&look.under(youth), (&holder, entry.category), part) {
                Ok(part) => {
                    telling.entry(youth, &holder, entry.category, part.decision());
                    answer = answer.gather(part).map_err(mismatch)?;
                }
                Err(Error::NotPermitted(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some((worker, by)) = worker {
            match self.shown_worker(look, (worker, by)) {
                Ok(worker) => {
                    telling.entry(youth_of(by)?, &holder(by)?, by.category, worker.decision());
                    answer = answer.gather(worker).map_err(mismatch)?;
                }
                Err(Error::NotPermitted(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(answer)
    }

    /// What the agencies hold, where it is asked for.
    async fn asked_for(
        &self,
        look: &Look<'_>,
        (person, written): (&Person, impl Iterator<Item = &JourneyEntry>),
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
        let written = written.collect();
        self.held(person, &Asking { look: *look, wanted, oldest, until, written }).await
    }
}

/// The referral that the young person was handed over by with escort, by this entry: all three met.
fn escorted(entry: &JourneyEntry) -> Option<&str> {
    match &entry.matter {
        Some(Matter::Handover(handover))
            if handover.young_person && handover.sender && handover.recipient =>
        {
            Some(&handover.referral)
        }
        _ => None,
    }
}

/// Whether two of the three say that all three met, on one day in Finland, by these entries: sender, recipient, and the young
/// person's side. One word alone does not count, nor two about two meetings.
pub(super) fn is_escorted(referral: &str, seen: &[&JourneyEntry]) -> bool {
    let mut said: BTreeMap<Option<Date>, BTreeSet<Option<&str>>> = BTreeMap::new();
    for entry in seen.iter().filter(|entry| escorted(entry) == Some(referral)) {
        let who = (!entry.professional.is_empty()).then_some(entry.agency.as_str());
        said.entry(day(entry.time.as_ref())).or_default().insert(who);
    }
    said.values().any(|who| who.len() >= 2)
}

/// The name of the referral that an entry is about, if it is about one.
pub(super) fn referral_of(entry: &JourneyEntry) -> Option<&str> {
    match &entry.matter {
        Some(Matter::Handover(handover)) => Some(&handover.referral),
        Some(Matter::Retention(answer)) => Some(&answer.referral),
        _ => None,
    }
}

/// Whether an entry about a referral is for this reader: for the young person's side, for whoever wrote it, and for the
/// parties to the referral.
fn concerns(look: &Look<'_>, entry: &JourneyEntry, referrals: &[(String, bool)]) -> bool {
    let Some(about) = referral_of(entry) else { return true };
    look.is_own_side()
        || entry.agency == look.caller.agency.as_str()
        || referrals.iter().any(|(name, _)| name == about)
}

/// By how many of these referrals the young person was handed over, and by how many of those with escort.
fn count(referrals: &[(String, bool)], seen: &[&JourneyEntry]) -> (i32, i32) {
    let handed_over = referrals.iter().filter(|(_, handed_over)| *handed_over);
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let escorted = handed_over.clone().filter(|(name, _)| is_escorted(name, seen)).count();
    (number(handed_over.count()), number(escorted))
}
