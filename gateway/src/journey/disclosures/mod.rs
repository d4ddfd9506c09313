//! Who has seen a young person's data, who was refused, and what has the young person said?
//!
//! Read from the audit log, newest first. Which leaves are about a person, the index of the log says; what a leaf alone
//! does not tell, its sealed details do. Who asks sees part of it, and some of it not yet.

mod asked;
mod details;
mod entry;
mod eyes;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use polku_policy::{Authorised, Decision};
use polku_proto::v1::{Disclosure, ListDisclosuresRequest, ListDisclosuresResponse, Purpose};
use polku_proto::{Valid, YouthId, YouthName};
use serde_json::json;

use self::entry::Reading;
use self::eyes::Eyes;
use super::page;
use super::read::youth_id;
use crate::audit::{self, Event};
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::trail::Entry;

/// How many leaves are fetched at once.
const STEP: usize = 100;

/// How many leaves are looked at for one page, so that one call does not take for ever.
const MOST_LEAVES: usize = 2_000;

/// A leaf is written within this time of the instant that it names.
const SLACK: SignedDuration = SignedDuration::from_hours(1);

/// How far a list has been read: which leaf comes next, and how much of it has been told. A batch of questions is one
/// leaf, and can ask several things about one person.
#[derive(Debug, Clone, Copy, Default)]
struct Cursor {
    before: Option<u64>,
    told: usize,
}

/// What is asked for.
struct Wanted {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    size: usize,
}

/// What was found for one page.
#[derive(Default)]
struct Page {
    disclosures: Vec<Disclosure>,
    next: Option<Cursor>,
    /// The leaves that are not told yet.
    delayed: Vec<u64>,
}

/// What becomes of one entry.
enum Fate {
    Told(Box<Disclosure>),
    /// It is told later.
    Delayed,
    /// It is not for these eyes, or nothing at all.
    Hidden,
}

impl Gateway {
    /// Lists what has become of a person's data.
    pub(crate) async fn list_disclosures(
        &self,
        caller: &Caller,
        request: Valid<ListDisclosuresRequest>,
    ) -> Result<Authorised<ListDisclosuresResponse>, Error> {
        let request = request.into_inner();
        let youth = youth_id(&request.parent, "parent")?;
        let wanted = Wanted {
            from: instant(request.start_time.as_ref(), "start_time")?,
            until: instant(request.end_time.as_ref(), "end_time")?,
            size: usize::try_from(page::size(request.page_size)).unwrap_or(usize::MAX),
        };
        let list = format!("disclosures/{}/{:?}/{:?}", request.parent, wanted.from, wanted.until);
        let cursor = page::position(self, caller, &list, &request.page_token)?;
        let cursor = cursor.map(|bytes| Cursor::read(&bytes)).transpose()?;

        let now = self.now();
        self.check_subject(caller, youth)?;
        let (eyes, decision, ids) = self.ids_to_see(caller, youth, now).await?;
        let mut people = Vec::new();
        for id in ids {
            people.push(self.person(id).await?);
        }
        let page = self.page(&people, &eyes, &wanted, cursor.unwrap_or_default(), now).await?;
        let name = format!("{}/disclosures", YouthName { youth });
        let entry = Entry::of(Event::Read, youth).by(caller).of_what(&name);
        let entry = entry.decided(Purpose::Unspecified, &decision);
        self.note_with(entry, youth, json!({"delayed": page.delayed}), self.now()).await?;

        let next_page_token = match page.next {
            Some(next) => page::token(self, caller, &list, &next.bytes())?,
            None => String::new(),
        };
        self.shell(caller, ListDisclosuresResponse { disclosures: page.disclosures, next_page_token })
    }

    /// Under which ids of the person the caller may see what has become of their data: this one and, where it is the
    /// present one, the former ones, each as what holds of it says. Who sees nothing under this id, sees nothing, but
    /// officers: their agency may have had to do with the person before.
    async fn ids_to_see(
        &self,
        caller: &Caller,
        youth: YouthId,
        now: Timestamp,
    ) -> Result<(Eyes, Decision, Vec<YouthId>), Error> {
        let (mut seen, mut ids) = (None, Vec::new());
        for id in self.ids_seen(caller, youth) {
            match self.eyes_on_log(caller, id, now).await {
                Ok(eyes) => {
                    ids.push(id);
                    seen.get_or_insert(eyes);
                }
                Err(Error::NotFound) if id != youth || is_professional(caller) => {}
                Err(error) => return Err(error),
            }
        }
        let (eyes, decision) = seen.ok_or(Error::NotFound)?;
        Ok((eyes, decision, ids))
    }

    async fn page(
        &self,
        people: &[Person],
        eyes: &Eyes,
        wanted: &Wanted,
        cursor: Cursor,
        now: Timestamp,
    ) -> Result<Page, Error> {
        let mut subjects = Vec::new();
        for person in people {
            let subject = self.subject_pseudonym(person.id);
            let batches: Arc<[u64]> = self.store.batches_about(&subject).await?.into();
            subjects.push((subject, batches));
        }
        let mut readings: Vec<Reading<'_>> =
            people.iter().map(|person| Reading::new(self, person, eyes, now)).collect();
        let mut page = Page::default();
        let mut looked_at = 0_usize;
        let Cursor { mut before, told: mut skip } = cursor;
        loop {
            let (leaves, next) = self.leaves(&subjects, before).await?;
            looked_at += leaves.len();
            for (Reverse(sequence), about) in leaves {
                let mut fates = Vec::new();
                let mut time = None;
                for (place, entry) in about {
                    if wanted.from.is_some_and(|from| entry.leaf.time < from - SLACK) {
                        return Ok(page);
                    }
                    time = Some(entry.leaf.time);
                    if let Some(reading) = readings.get_mut(place) {
                        fates.extend(reading.fates(&entry).await?);
                    }
                }
                for (place, fate) in fates.into_iter().enumerate().skip(std::mem::take(&mut skip)) {
                    if page.disclosures.len() == wanted.size {
                        page.next = Some(Cursor { before: Some(sequence + 1), told: place });
                        return Ok(page);
                    }
                    match fate {
                        Fate::Hidden => {}
                        Fate::Told(_) | Fate::Delayed if !time.is_some_and(|time| wanted.covers(time)) => {}
                        Fate::Told(disclosure) => page.disclosures.push(*disclosure),
                        Fate::Delayed => page.delayed.push(sequence),
                    }
                }
            }
            before = next;
            if before.is_none() {
                return Ok(page);
            }
            if looked_at >= MOST_LEAVES {
                page.next = Some(Cursor { before, told: 0 });
                return Ok(page);
            }
        }
    }

    /// The next leaves about any of these subjects, newest first, with the place of each whom a leaf is about; and before
    /// which leaf there are more.
    async fn leaves(
        &self,
        subjects: &[Subject],
        before: Option<u64>,
    ) -> Result<(Leaves, Option<u64>), Error> {
        let (mut leaves, mut next) = (Leaves::new(), None);
        for (place, (subject, batches)) in subjects.iter().enumerate() {
            let (subject, shared) = (*subject, Arc::clone(batches));
            let found = self.in_log(move |log| log.about(&subject, &shared, before, STEP)).await?;
            next = next.max(found.next);
            for entry in found.entries {
                leaves.entry(Reverse(entry.sequence)).or_default().push((place, entry));
            }
        }
        // Behind the last leaf that was looked at of one subject, there may be others before those of another one.
        leaves.retain(|Reverse(sequence), _| next.is_none_or(|next| *sequence >= next));
        Ok((leaves, next))
    }
}

/// A person as the log names them, and the leaves of batches that are about them too.
type Subject = ([u8; 32], Arc<[u64]>);

/// Leaves by their place in the log, newest first; each with whom of several subjects it is about.
type Leaves = BTreeMap<Reverse<u64>, Vec<(usize, audit::Entry)>>;

fn is_professional(caller: &Caller) -> bool {
    matches!(caller.actor, Actor::Professional { .. })
}

impl Wanted {
    fn covers(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time < until)
    }
}

impl Cursor {
    fn bytes(self) -> Vec<u8> {
        let numbers = [self.before.unwrap_or(u64::MAX), self.told as u64];
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn read(bytes: &[u8]) -> Result<Cursor, Error> {
        let (before, told) = bytes.split_first_chunk().ok_or(page::WRONG)?;
        let told = told.first_chunk().copied().ok_or(page::WRONG)?;
        let told = usize::try_from(u64::from_be_bytes(told)).map_err(|_| page::WRONG)?;
        Ok(Cursor { before: Some(u64::from_be_bytes(*before)), told })
    }
}

fn instant(time: Option<&prost_types::Timestamp>, field: &'static str) -> Result<Option<Timestamp>, Error> {
    time.map(polku_proto::time::from_wire).transpose().map_err(|_| Error::Field {
        field,
        reason: "INVALID_FIELDS",
        expected: "an instant of the years 1 to 9999",
    })
}
