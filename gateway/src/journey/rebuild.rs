//! How does everything in force get into the index at start, a million records in about two seconds?
//!
//! First the people, each key unwrapped once; then what is in force, in the order in which it lies on disk. Pages are
//! read one after the other, and opened on as many threads as there are processors. A record that cannot be opened
//! stops the start: without it something prohibited could be disclosed.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use jiff::civil::Date;
use polku_policy::{ConsentIndex, GrantBatch, LegalStatus, Prohibition};
use polku_proto::{LegalStatusId, YouthId};
use tokio::task::{JoinError, JoinSet};
use uuid::Uuid;

use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::record::grant::open_grant;
use crate::record::{ProhibitionRecord, StatusRecord, ban};
use crate::seal::PersonKey;
use crate::store::{InForce, InstrumentKind, InstrumentRow, YouthRow};

#[cfg(test)]
mod tests;

/// How many rows are read at once.
const PAGE_ROWS: u32 = 4_000;

/// The keys of everybody, for as long as the index is being rebuilt. The master key that opens them is in memory all
/// the time.
type PersonKeys = HashMap<YouthId, PersonKey>;

/// A person, as far as the index needs it.
type Opened = (YouthId, PersonKey, Option<Date>);

/// What the index is told of a page.
struct Page {
    grants: GrantBatch,
    rare: Vec<(Rare, u64)>,
}

/// What most people have none of.
enum Rare {
    Prohibition(Prohibition),
    Status(YouthId, LegalStatusId, LegalStatus),
}

impl Gateway {
    /// Reads everything in force into the index, in place of what is there.
    ///
    /// # Errors
    /// Fails when the store cannot be read, and when a single record cannot be opened.
    pub async fn rebuild_index(self: &Arc<Self>) -> Result<(), Error> {
        // Whatever others change from now on is learned later.
        let known = self.store.newest_known().await?;
        let people = self.open_people().await?;
        let mut index = ConsentIndex::with_capacity(people.len());
        let mut keys = PersonKeys::with_capacity(people.len());
        for (youth, key, born) in people {
            put_person(&mut index, youth, born);
            keys.insert(youth, key);
        }
        let index = Arc::new(Mutex::new(index));
        self.open_instruments(Arc::new(keys), &index).await?;
        let former = self.store.all_former_youths().await?;
        let mut index = std::mem::take(&mut *index.lock().unwrap_or_else(PoisonError::into_inner));
        for same in former.chunk_by(|(_, one), (_, other)| one == other) {
            let present = same.first().map(|(_, present)| *present);
            let ids: Vec<YouthId> =
                present.into_iter().chain(same.iter().map(|(former, _)| *former)).collect();
            index.put_ids(&ids);
        }
        // What has ended is not in the index, but its revision counts: callers may ask for it.
        index.reach(self.audit.len().saturating_sub(1));
        *self.index_mut() = index;
        self.learned.reach(known);
        Ok(())
    }

    /// Reads everything in force about one person into the index, in place of what is there.
    pub(crate) async fn read_anew(&self, row: YouthRow) -> Result<(), Error> {
        let (youth, key, born) = self.open_person(row)?;
        let mut rows = self.store.instruments_of(youth).await?;
        let newest = rows.iter().map(|row| row.revision).max().unwrap_or_default();
        rows.retain(|row| row.in_force);
        let page = Page::open(&PersonKeys::from([(youth, key)]), rows)?;
        let present = self.store.present_youth(youth).await?.unwrap_or(youth);
        let ids = [vec![present], self.store.former_youths(present).await?].concat();
        let mut index = self.index_mut();
        index.put_anew(youth, |index| {
            put_person(index, youth, born);
            page.put_into(index);
            index.put_ids(&ids);
        });
        index.reach(newest);
        Ok(())
    }

    async fn open_people(self: &Arc<Self>) -> Result<Vec<Opened>, Error> {
        let mut people = Vec::new();
        let mut opening: JoinSet<Result<Vec<Opened>, Error>> = JoinSet::new();
        let mut after = Uuid::nil();
        loop {
            let rows = self.store.youths(after, PAGE_ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = last.id.uuid();
            if opening.len() >= pages_at_once() {
                people.extend(opened(opening.join_next().await)?.into_iter().flatten());
            }
            let gateway = Arc::clone(self);
            opening.spawn_blocking(move || rows.into_iter().map(|row| gateway.open_person(row)).collect());
        }
        while let Some(page) = opened(opening.join_next().await)? {
            people.extend(page);
        }
        Ok(people)
    }

    fn open_person(&self, row: YouthRow) -> Result<Opened, Error> {
        let person =
            Person::new(self, row).inspect_err(|_| tracing::error!("a person's key does not open"))?;
        let born = person.birth_date()?;
        Ok((person.id, person.into_key(), born))
    }

    async fn open_instruments(
        &self,
        keys: Arc<PersonKeys>,
        index: &Arc<Mutex<ConsentIndex>>,
    ) -> Result<(), Error> {
        let mut opening: JoinSet<Result<(), Error>> = JoinSet::new();
        let mut after = Some(InForce::default());
        while let Some(place) = after {
            let mut page = self.store.instruments_in_force(place, PAGE_ROWS).await?;
            after = page.next;
            if self.store.is_shared() {
                // Of somebody whom another gateway has met since: learned later.
                page.rows.retain(|row| keys.contains_key(&row.youth));
            }
            if opening.len() >= pages_at_once() {
                opened(opening.join_next().await)?;
            }
            let (keys, index) = (Arc::clone(&keys), Arc::clone(index));
            opening.spawn_blocking(move || {
                let page = Page::open(&keys, page.rows)?;
                page.put_into(&mut index.lock().unwrap_or_else(PoisonError::into_inner));
                Ok(())
            });
        }
        while opened(opening.join_next().await)?.is_some() {}
        Ok(())
    }
}

impl Page {
    fn open(keys: &PersonKeys, rows: Vec<InstrumentRow>) -> Result<Page, Error> {
        let mut page = Page { grants: GrantBatch::with_capacity(rows.len()), rare: Vec::new() };
        for row in rows {
            let id = row.id;
            // The id says nothing about anybody, and the operator has to know which record it is.
            page.take(keys, row)
                .inspect_err(|_| tracing::error!(record = %id, "a stored record does not open"))?;
        }
        Ok(page)
    }

    fn take(&mut self, keys: &PersonKeys, mut row: InstrumentRow) -> Result<(), Error> {
        let key = keys.get(&row.youth).ok_or(Error::Inconsistent("a stored record is of nobody"))?;
        let revision = row.revision;
        match row.kind {
            InstrumentKind::Consent => self.grants.push(&open_grant(key, &mut row)?, revision),
            InstrumentKind::Prohibition => {
                let record = ProhibitionRecord::open(key, row)?;
                let prohibition = ban(&record.row, record.terms()?)?;
                self.rare.push((Rare::Prohibition(prohibition), revision));
            }
            InstrumentKind::LegalStatus => {
                let record = StatusRecord::open(key, row)?;
                let id = LegalStatusId::from_uuid(record.row.id);
                self.rare.push((Rare::Status(record.row.youth, id, record.status()?), revision));
            }
        }
        Ok(())
    }

    fn put_into(self, index: &mut ConsentIndex) {
        index.put_batch(self.grants);
        for (rare, revision) in self.rare {
            match rare {
                Rare::Prohibition(prohibition) => index.put_prohibition(prohibition, revision),
                Rare::Status(youth, id, status) => index.put_status(youth, id, status, revision),
            }
        }
    }
}

/// Notes a person in the index, with the date of birth if it is known.
pub(super) fn put_person(index: &mut ConsentIndex, youth: YouthId, born: Option<Date>) {
    match born {
        Some(born) => index.put_person(youth, born),
        None => index.put_person_of_unknown_age(youth),
    }
}

/// How many pages are being opened before the next one is read: one more than there are processors to do it.
fn pages_at_once() -> usize {
    available_parallelism().map_or(1, NonZero::get) + 1
}

/// What a thread has made of its page; nothing when no page is left.
fn opened<T>(joined: Option<Result<Result<T, Error>, JoinError>>) -> Result<Option<T>, Error> {
    joined
        .transpose()
        .map_err(|_| Error::Inconsistent("opening stored records ended abnormally"))?
        .transpose()
}
