//! How is the data of one person opened, and how are two changes about the same person kept apart?

use std::sync::Arc;

use jiff::civil::Date;
use polku_proto::YouthId;
use polku_proto::identity::{Hetu, Identity};
use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::seal::{PersonKey, Place};
use crate::store::YouthRow;

/// One lock for each of a fixed number of groups of persons.
///
/// Whoever changes something about a person, or starts a delivery about them, holds the lock of that person from
/// reading the consents to making the change durable. So a withdrawal and a delivery are always one after the other.
/// INVARIANT: nobody holds two of these at once.
#[derive(Debug)]
pub(crate) struct PersonLocks(Vec<Arc<Mutex<()>>>);

const GROUPS: usize = 4096;

impl PersonLocks {
    pub(crate) fn new() -> Self {
        Self((0..GROUPS).map(|_| Arc::new(Mutex::new(()))).collect())
    }

    async fn lock(&self, group: u64) -> Result<OwnedMutexGuard<()>, Error> {
        let index = usize::try_from(group % GROUPS as u64).unwrap_or(0);
        let lock = self.0.get(index).ok_or(Error::Inconsistent("no lock for this person"))?;
        Ok(Arc::clone(lock).lock_owned().await)
    }
}

/// That the caller is alone with a person's data.
#[derive(Debug)]
pub(crate) struct Alone {
    _guard: OwnedMutexGuard<()>,
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
            let (_, low) = present.uuid().as_u64_pair();
            let alone = Alone { _guard: self.locks.lock(low).await? };
            // Whoever was alone before may have linked them to somebody, or have ended a link.
            if self.index().present(youth) == present {
                return Ok(alone);
            }
        }
    }

    /// The same for a person who has no id yet, by the keyed hash of the identity.
    pub(crate) async fn alone_with_identity(&self, hash: &[u8; 32]) -> Result<Alone, Error> {
        let group = hash.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        Ok(Alone { _guard: self.locks.lock(group).await? })
    }

    /// Waits until nobody else carries out a call of this id.
    pub(crate) async fn alone_with_request(&self, request: Uuid) -> Result<Alone, Error> {
        let (_, low) = request.as_u64_pair();
        Ok(Alone { _guard: self.locks.lock(low).await? })
    }

    /// The person with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nobody has it.
    pub(crate) async fn person(&self, youth: YouthId) -> Result<Person, Error> {
        let row = self.store.youth(youth).await?.ok_or(Error::NotFound)?;
        Person::new(self, row)
    }
}
