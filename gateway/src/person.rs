//! How is the data of one person opened, and how are two changes about the same person kept apart?

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use polku_proto::YouthId;
use polku_proto::identity::{Hetu, Identity};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task;
use uuid::Uuid;

use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::seal::{PersonKey, Place};
use crate::store::{Change, Fence, Hold, Store, YouthRow};

/// One lock for each of a fixed number of groups of persons.
///
/// Whoever changes something about a person, or starts a delivery about them, holds the lock of that person from
/// reading the consents to making the change durable. So a withdrawal and a delivery are always one after the other.
/// With several gateways on one store the group is held in the store as well, and the change is durable only if it still
/// is.
/// INVARIANT: nobody holds two of these at once, but for that of ties, which comes last.
#[derive(Debug)]
pub(crate) struct PersonLocks {
    locks: Vec<Arc<Mutex<()>>>,
    fences: Fences,
}

/// What is held in the store by this gateway, by part, and by which task: what another one commits does not rest on it.
type Fences = Arc<StdMutex<HashMap<u32, (Fence, Option<task::Id>)>>>;

const GROUPS: u32 = 4096;

/// The part of whoever changes which ids are one person's.
const TIES: u32 = GROUPS;

impl PersonLocks {
    pub(crate) fn new() -> Self {
        let locks = (0..=GROUPS).map(|_| Arc::new(Mutex::new(()))).collect();
        Self { locks, fences: Fences::default() }
    }

    async fn lock(&self, store: &dyn Store, part: u32) -> Result<Alone, Error> {
        let lock = usize::try_from(part).ok().and_then(|part| self.locks.get(part));
        let lock = lock.ok_or(Error::Inconsistent("no lock for this person"))?;
        let guard = Arc::clone(lock).lock_owned().await;
        let held = store.hold(part).await?.map(|hold| {
            fences(&self.fences).insert(part, (hold.fence(), task::try_id()));
            Held { fences: Arc::clone(&self.fences), hold }
        });
        Ok(Alone { _held: held, _guard: guard })
    }
}

fn fences(fences: &Fences) -> MutexGuard<'_, HashMap<u32, (Fence, Option<task::Id>)>> {
    fences.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The part of all people that a number stands for.
fn part_of(number: u64) -> u32 {
    u32::try_from(number % u64::from(GROUPS)).unwrap_or(0)
}

/// The part that a person belongs to under this id.
fn part_of_person(youth: YouthId) -> u32 {
    let (_, low) = youth.uuid().as_u64_pair();
    part_of(low)
}

/// That the caller is alone with a person's data. What is held in the store is given back before the next one here goes
/// on.
#[derive(Debug)]
pub(crate) struct Alone {
    _held: Option<Held>,
    _guard: OwnedMutexGuard<()>,
}

#[derive(Debug)]
struct Held {
    fences: Fences,
    hold: Hold,
}

impl Drop for Held {
    fn drop(&mut self) {
        fences(&self.fences).remove(&self.hold.fence().part);
    }
}

/// A person whose data can be opened.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) id: YouthId,
    key: PersonKey,
    row: YouthRow,
}

impl Person {
    pub(crate) fn new(gateway: &Gateway, row: YouthRow) -> Result<Self, Error> {
        let key = gateway.keys.unwrap(row.id, &row.key)?;
        Ok(Self { id: row.id, key, row })
    }

    pub(crate) fn key(&self) -> &PersonKey {
        &self.key
    }

    /// The key alone.
    pub(crate) fn into_key(self) -> PersonKey {
        self.key
    }

    /// The identity code, opened for an authorised disclosure; nothing while the person has none.
    pub(crate) fn identity_code(&self) -> Result<Option<Hetu>, Error> {
        Ok(match self.identity()? {
            Identity::Code(code) => Some(code),
            Identity::Temporary(_) => None,
        })
    }

    /// The identity code as a message words it: empty while the person has none.
    pub(crate) fn identity_code_text(&self) -> Result<String, Error> {
        Ok(self.identity_code()?.map_or_else(String::new, |code| code.expose().to_owned()))
    }

    /// The temporary id as a message words it: empty for somebody with an identity code.
    pub(crate) fn temporary_id_text(&self) -> Result<String, Error> {
        Ok(match self.identity()? {
            Identity::Code(_) => String::new(),
            Identity::Temporary(id) => id.expose().to_owned(),
        })
    }

    /// The date of birth, if it is known.
    pub(crate) fn birth_date(&self) -> Result<Option<Date>, Error> {
        Ok(self.identity()?.birth_date())
    }

    /// An identity of this person, sealed.
    pub(crate) fn seal_identity(&self, identity: &Identity) -> Result<Vec<u8>, Error> {
        Ok(self.key.seal(identity_place(self.id), identity.expose().as_bytes())?)
    }

    fn identity(&self) -> Result<Identity, Error> {
        let plain = self.key.open(identity_place(self.id), &self.row.sealed_identity)?;
        let text =
            String::from_utf8(plain).map_err(|_| Error::Inconsistent("sealed identity is not text"))?;
        text.parse().map_err(|_| Error::Inconsistent("sealed identity is none"))
    }
}

/// Where the identity is sealed to.
pub(crate) fn identity_place(youth: YouthId) -> Place<'static> {
    Place { table: "youth", row: youth.uuid(), column: "sealed_identity", version: 1 }
}

impl Gateway {
    /// The ids of the person who has this one: the present one first. What holds of somebody holds under all of them.
    pub(crate) fn ids_of(&self, youth: YouthId) -> Vec<YouthId> {
        self.index().ids_of(youth)
    }

    /// The ids that this caller looks at by asking for this one: the young person's side at all of theirs; others at this
    /// one and, where it is the present one, the former ones. Whoever asks for a former id sees nothing of the present one.
    pub(crate) fn ids_seen(&self, caller: &Caller, youth: YouthId) -> Vec<YouthId> {
        let ids = self.ids_of(youth);
        let is_own_side = !matches!(caller.actor, Actor::Professional { .. });
        if is_own_side || ids.first() == Some(&youth) { ids } else { vec![youth] }
    }

    /// Whether both are ids of one person.
    pub(crate) fn is_same(&self, one: YouthId, other: YouthId) -> bool {
        one == other || self.ids_of(one).contains(&other)
    }

    /// Waits until nobody else changes anything about this person, under whichever of their ids.
    pub(crate) async fn alone_with(&self, youth: YouthId) -> Result<Alone, Error> {
        loop {
            let present = self.index().present(youth);
            let alone = self.locks.lock(self.store.as_ref(), part_of_person(present)).await?;
            self.learn().await?;
            // Whoever was alone before may have linked them to somebody, or have ended a link.
            if self.index().present(youth) == present {
                return Ok(alone);
            }
        }
    }

    /// The same for a person who has no id yet, by the keyed hash of the identity.
    pub(crate) async fn alone_with_identity(&self, hash: &[u8; 32]) -> Result<Alone, Error> {
        let group = hash.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        self.locks.lock(self.store.as_ref(), part_of(group)).await
    }

    /// Waits until nobody else changes which ids are one person's.
    pub(crate) async fn alone_with_ties(&self) -> Result<Alone, Error> {
        let alone = self.locks.lock(self.store.as_ref(), TIES).await?;
        self.learn().await?;
        Ok(alone)
    }

    /// What this task holds in the store of those whom a change is about.
    pub(crate) fn fences_of(&self, change: &Change) -> Vec<Fence> {
        if !self.store.is_shared() {
            return Vec::new();
        }
        let mut youths: BTreeSet<YouthId> = change.tied.iter().copied().collect();
        youths.extend(change.detail.iter().map(|row| row.youth));
        youths.extend(change.request.iter().map(|row| row.youth));
        youths.extend(change.referrals.iter().map(|write| write.row.youth));
        youths.extend(change.instruments.iter().map(|write| write.row.youth));
        youths.extend(change.deliveries.iter().map(|write| write.row.youth));
        let ties = change.link.is_some() || change.unlink.is_some();
        self.fences_at(&youths, ties.then_some(TIES))
    }

    /// What this task holds in the store of these people, and of which ids are one person's.
    pub(crate) fn fences_about(&self, youths: &[YouthId]) -> Vec<Fence> {
        if !self.store.is_shared() {
            return Vec::new();
        }
        self.fences_at(&youths.iter().copied().collect(), Some(TIES))
    }

    fn fences_at(&self, youths: &BTreeSet<YouthId>, other: Option<u32>) -> Vec<Fence> {
        let mut parts: BTreeSet<u32> = {
            let index = self.index();
            youths.iter().flat_map(|youth| [*youth, index.present(*youth)]).map(part_of_person).collect()
        };
        parts.extend(other);
        let held = fences(&self.locks.fences);
        let own = task::try_id();
        let held = parts.iter().filter_map(|part| held.get(part));
        held.filter(|(_, holder)| *holder == own).map(|(fence, _)| *fence).collect()
    }

    /// Waits until nobody else carries out a call of this id.
    pub(crate) async fn alone_with_request(&self, request: Uuid) -> Result<Alone, Error> {
        let (_, low) = request.as_u64_pair();
        self.locks.lock(self.store.as_ref(), part_of(low)).await
    }

    /// How many are alone with this person, or wait for it.
    #[cfg(test)]
    pub(crate) fn wanting(&self, youth: YouthId) -> usize {
        let part = usize::try_from(part_of_person(self.index().present(youth))).unwrap_or(usize::MAX);
        self.locks.locks.get(part).map_or(0, |lock| Arc::strong_count(lock) - 1)
    }

    /// The person with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nobody has it.
    pub(crate) async fn person(&self, youth: YouthId) -> Result<Person, Error> {
        self.learn().await?;
        let row = self.store.youth(youth).await?.ok_or(Error::NotFound)?;
        Person::new(self, row)
    }
}
