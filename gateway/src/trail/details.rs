//! What does a leaf commit to, and how is it kept?

use std::borrow::Borrow;

use jiff::Timestamp;

use super::Entry;
use crate::audit::{Leaf, SALT_BYTES, commitment};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::seal::{Place, random_bytes};
use crate::store::DetailRow;

/// What a leaf commits to, and what of it is kept under the person's key.
pub(super) struct Details<P> {
    person: P,
    salt: [u8; SALT_BYTES],
    text: String,
}

impl<P: Borrow<Person>> Details<P> {
    pub(super) fn of(person: P, text: String) -> Result<Self, Error> {
        Ok(Self { person, salt: random_bytes()?, text })
    }

    pub(super) fn commitment(&self) -> [u8; 32] {
        commitment(&self.salt, self.text.as_bytes())
    }

    pub(super) fn leaf(&self, entry: &Entry<'_>, gateway: &Gateway, now: Timestamp) -> Leaf {
        Leaf { commitment: self.commitment(), ..entry.leaf(gateway, now) }
    }

    /// Sealed for the place of the leaf.
    pub(super) fn sealed(&self, sequence: u64) -> Result<DetailRow, Error> {
        let person = self.person.borrow();
        let plain = [self.salt.as_slice(), self.text.as_bytes()].concat();
        Ok(DetailRow { youth: person.id, sealed: person.key().seal(place(person, sequence), &plain)? })
    }
}

pub(super) fn place(person: &Person, sequence: u64) -> Place<'static> {
    Place { table: "audit_detail", row: person.id.uuid(), column: "sealed", version: sequence }
}
