//! Something that has happened on a young person's way is written down.

use jiff::Timestamp;
use polku_policy::Authorised;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    AddJourneyEntryRequest, AddJourneyEntryResponse, CurrentWorker, EscortedHandover, JourneyEntry, Purpose,
};
use polku_proto::{EntryId, EntryName, Party, ReferralName, UnitId, Valid, YouthId};
use serde_json::json;

use super::entry::{kind, row};
use super::get::referral_of;
use super::matter::{
    category, check_assigned, check_assignment, check_proof, check_time, check_words, happened,
    has_own_mandate, is_open, replaced, wrong,
};
use super::sight::{Look, Looks as _, holder};
use super::worker::{self, When};
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::journey::read::{name, youth_id};
use crate::journey::refer::mismatch;
use crate::once::Begun;
use crate::record::{ReferralRecord, wire_time};
use crate::store::{Change, ReferralRow};
use crate::trail::{Entry, receipt};

const NOT_THEIRS: Error = Error::ActorNotAllowed {
    expected: "a professional; the young person gives and ends mandates, says whether all three met, and leaves",
};
const NOT_OPEN: Error = Error::RecordState {
    expected: "an agency that has taken up the matter, and that the young person has not left: an opening comes first",
};

impl Gateway {
    /// Writes an entry down.
    pub(crate) async fn add_journey_entry(
        &self,
        caller: &Caller,
        request: Valid<AddJourneyEntryRequest>,
    ) -> Result<Authorised<AddJourneyEntryResponse>, Error> {
        let request = request.into_inner();
        let youth = youth_id(&request.parent, "parent")?;
        self.check_subject(caller, youth)?;
        let call = self.call(caller, "AddJourneyEntry", &request.request_id, &request)?;
        let entry = request.entry.unwrap_or_default();
        // What is wrong in itself is refused before anything is looked up: it does not tell whether there is a journey. Of
        // a call that was right when it came first, the repetition is.
        let worded = self.check_wording(caller, youth, &entry);
        if worded.is_err() && self.request_of(&call).await?.is_none() {
            worded?;
        }
        let Begun { person, earlier, now, alone: _alone } = self.begin(&call, youth).await?;
        let look = Look { caller, youth, purpose: Purpose::Guidance, now };
        if let Some(earlier) = earlier {
            return self.entry_answer(&look, earlier);
        }
        self.check_relation(caller, youth).await?;
        // Taken up under another id of the person is taken up.
        let all = self.written(&person).await?;
        let seen = self.told_entries(&look, &all).await?;
        let current = worker::known(&all, &seen, When::of(&person, now)?);
        let holders = self.holders(&look, &entry, &seen, current.as_ref()).await?;
        let mut written = Vec::new();
        let mut rows = Vec::new();
        for holder in holders {
            let agency = holder.agency.clone();
            // What is with another unit than the caller's is not there for them, and nothing is told of it.
            let known: Vec<&JourneyEntry> =
                seen.iter().copied().filter(|entry| entry.agency == agency.as_str()).collect();
            let replaced = replaced(&entry, (youth, caller.professional()), &known)?;
            let handed = current.as_ref().filter(|(worker, _)| worker.agency == agency.as_str());
            let handed = handed.map(|(_, by)| *by);
            check_time(&entry, (now, person.birth_date()?), replaced, (&known, handed))?;
            let id = EntryId::from_uuid(self.new_id(now)?);
            // A correction stays with whom the words were, whoever makes it.
            let holder = replaced.map(super::sight::holder).transpose()?.unwrap_or(holder);
            let entry = completed(&look, &holder, id, entry.clone())?;
            rows.push(row(&person, id, agency, &entry, now)?);
            written.push(entry);
        }
        let looked_after = self.after_entries(&person, &written, all, now).await?;
        let names: Vec<&str> = written.iter().map(|entry| entry.name.as_str()).collect();
        let referral = referral_of(&entry).unwrap_or_default();
        let details = json!({"entries": names, "kind": kind(&entry), "referral": referral});
        let leaf = Entry::of(Event::JourneyEntry, youth).by(caller);
        let announced = self.announce(leaf, &person, &details, now).await?;
        let mut change = Change::announced_by(announced.receipt.sequence);
        change.detail = announced.detail;
        change.entries = rows;
        change.follow_ups = looked_after.follow_ups;
        change.tasks = looked_after.tasks;
        let entry = written.into_iter().next();
        let answer = AddJourneyEntryResponse { entry, receipt: Some(receipt(&announced.receipt)) };
        change.request = Some(call.answered(&person, &answer, now)?);
        self.commit(change).await?;
        self.entry_answer(&look, answer)
    }

    /// In whose records the entry comes: those of the caller's agency, with the caller's unit. What the young person says is
    /// written down where it is for: a mandate with the unit of the one adult, that they leave with everybody.
    async fn holders(
        &self,
        look: &Look<'_>,
        entry: &JourneyEntry,
        seen: &[&JourneyEntry],
        adult: Option<&(CurrentWorker, &JourneyEntry)>,
    ) -> Result<Vec<Party>, Error> {
        let whole = |id: &str| match id.parse() {
            Ok(agency) => Ok(Party::whole(agency)),
            Err(_) => Err(Error::Inconsistent("a stored agency id is none")),
        };
        let current = adult.map(|(worker, _)| worker);
        let matter = entry.matter.as_ref();
        match (&look.caller.actor, matter) {
            (Actor::Professional { .. }, Some(matter)) => {
                let own = &look.caller.agency;
                let is_open = is_open(own.as_str(), seen);
                let takes_up = matches!(matter, Matter::Opening(_));
                // Whoever is handed a young person may name the worker at once.
                let is_handed = matches!(matter, Matter::Worker(_))
                    && current.is_some_and(|worker| worker.agency == own.as_str());
                if takes_up && is_open && entry.replaces.is_empty() {
                    return Err(Error::RecordState { expected: "a matter that has not been taken up" });
                }
                if !takes_up && !is_open && !is_handed {
                    return Err(NOT_OPEN);
                }
                if matches!(matter, Matter::Mandate(_)) && has_own_mandate(own.as_str(), seen, current) {
                    return Err(Error::RecordState {
                        expected: "a mandate that the young person has neither given nor ended themselves",
                    });
                }
                self.check_matter(look, (entry, matter), current).await?;
                Ok(vec![look.caller.party()])
            }
            (Actor::Subject(_) | Actor::Representative { .. }, Some(Matter::Mandate(_))) => {
                let named = adult.filter(|(worker, _)| !worker.professional.is_empty());
                let (worker, by) =
                    named.ok_or(Error::RecordState { expected: "an adult beside the young person" })?;
                let with = holder(by)?;
                // Of an adult who was named before entries had units, the unit that they were named with.
                let unit = with.unit.filter(|unit| *unit != UnitId::unknown()).or(worker.unit.parse().ok());
                Ok(vec![Party { unit, ..with }])
            }
            (Actor::Subject(_) | Actor::Representative { .. }, Some(Matter::Leaving(_))) => {
                let mut open: Vec<&str> = seen.iter().map(|entry| entry.agency.as_str()).collect();
                open.retain(|agency| is_open(agency, seen));
                open.sort_unstable();
                open.dedup();
                if open.is_empty() {
                    return Err(NOT_OPEN);
                }
                open.into_iter().map(whole).collect()
            }
            // Whether all three met, the young person says to whoever has sent them.
            (Actor::Subject(_) | Actor::Representative { .. }, Some(Matter::Handover(handover))) => {
                let row = self.check_handover(look, (entry, handover)).await?;
                let record = ReferralRecord::open(&self.person(row.youth).await?, row)?;
                Ok(vec![self.known_party(record.channel().from)])
            }
            (_, Some(_) | None) => Err(NOT_THEIRS),
        }
    }

    /// Whether the entry can be right at all, for this caller and whosever journey it is about.
    fn check_wording(&self, caller: &Caller, youth: YouthId, entry: &JourneyEntry) -> Result<(), Error> {
        check_words(entry, youth, self.now())?;
        match (&caller.actor, &entry.matter) {
            (Actor::Professional { .. }, Some(Matter::Worker(assignment))) => {
                check_assigned(assignment, &caller.agency, &self.directory)
            }
            (Actor::Professional { .. }, Some(Matter::Mandate(mandate))) => check_proof(mandate),
            (Actor::Professional { .. }, Some(_)) => Ok(()),
            (
                Actor::Subject(_) | Actor::Representative { .. },
                Some(Matter::Mandate(_) | Matter::Leaving(_) | Matter::Handover(_)),
            ) => Ok(()),
            (_, Some(_) | None) => Err(NOT_THEIRS),
        }
    }

    /// What holds for one kind of matter only.
    async fn check_matter(
        &self,
        look: &Look<'_>,
        (entry, matter): (&JourneyEntry, &Matter),
        current: Option<&CurrentWorker>,
    ) -> Result<(), Error> {
        let own = &look.caller.agency;
        match matter {
            Matter::Worker(assignment) => check_assignment(assignment, own, current),
            Matter::Mandate(_) if current.is_none_or(|worker| worker.agency != own.as_str()) => {
                Err(Error::RecordState { expected: "the agency of the adult beside the young person" })
            }
            Matter::Handover(handover) => self.check_handover(look, (entry, handover)).await.map(drop),
            Matter::Retention(answer) => {
                if self.check_party(look, &answer.referral).await?.recipient == *own {
                    return Ok(());
                }
                Err(Error::ActorNotAllowed { expected: "the agency that the referral was sent to" })
            }
            Matter::Opening(_)
            | Matter::Encounter(_)
            | Matter::Mandate(_)
            | Matter::Profile(_)
            | Matter::Work(_)
            | Matter::Attainment(_)
            | Matter::Background(_)
            | Matter::Leaving(_) => Ok(()),
        }
    }

    /// The referral by which they were handed over. Nobody was before it was sent.
    async fn check_handover(
        &self,
        look: &Look<'_>,
        (entry, handover): (&JourneyEntry, &EscortedHandover),
    ) -> Result<ReferralRow, Error> {
        let row = self.check_party(look, &handover.referral).await?;
        if happened(entry, look.now)?.as_second() < row.created.as_second() {
            return Err(wrong(
                "entry.time",
                "of a hand-over, an instant that is not before the referral was sent",
            ));
        }
        Ok(row)
    }

    /// A referral of this person, under an id that the caller looks at, that the caller is a party to.
    async fn check_party(&self, look: &Look<'_>, referral: &str) -> Result<ReferralRow, Error> {
        let name: ReferralName = name(referral, "entry.referral")?;
        let row = self.store.referral(name.referral).await?.ok_or(Error::NotFound)?;
        if name.youth != row.youth || !self.ids_seen(look.caller, look.youth).contains(&row.youth) {
            return Err(Error::NotFound);
        }
        self.viewer(look.caller, &row)?;
        // To the young person's side it is not there before the law lets it be told.
        if look.is_own_side() && self.is_held_back(referral, look.now).await? {
            return Err(Error::NotFound);
        }
        Ok(row)
    }

    fn entry_answer(
        &self,
        look: &Look<'_>,
        mut answer: AddJourneyEntryResponse,
    ) -> Result<Authorised<AddJourneyEntryResponse>, Error> {
        let entry = answer.entry.take().ok_or(Error::Inconsistent("an answer without its entry"))?;
        let shell = self.shell(look.caller, answer)?;
        match self.shown(look, (&holder(&entry)?, entry.category), entry) {
            Ok(entry) => shell.gather(entry).map_err(mismatch),
            // What the own role may not see stays out of the answer; it is written down all the same.
            Err(Error::NotPermitted(_)) => Ok(shell),
            Err(error) => Err(error),
        }
    }
}

/// The entry with what the gateway knows.
fn completed(
    look: &Look<'_>,
    holder: &Party,
    id: EntryId,
    entry: JourneyEntry,
) -> Result<JourneyEntry, Error> {
    let now: Timestamp = look.now;
    let category = entry.matter.as_ref().map(category);
    let category = category.ok_or(Error::Inconsistent("a valid entry without matter"))?;
    Ok(JourneyEntry {
        name: EntryName { youth: look.youth, entry: id }.to_string(),
        category: category as i32,
        agency: holder.agency.to_string(),
        unit: match &holder.unit {
            Some(unit) if *unit != UnitId::unknown() => unit.to_string(),
            Some(_) | None => String::new(),
        },
        professional: look.caller.professional().to_owned(),
        represented_by: match look.caller.actor {
            Actor::Representative { capacity, .. } => capacity as i32,
            Actor::Professional { .. } | Actor::Subject(_) => 0,
        },
        create_time: Some(wire_time(now)?),
        time: Some(match entry.time {
            Some(time) => time,
            None => wire_time(now)?,
        }),
        ..entry
    })
}
