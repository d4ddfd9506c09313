//! What does one entry of the audit log say, and in which bytes?
//!
//! Version 1; numbers are big-endian:
//!
//! | offset | bytes | what |
//! | --- | --- | --- |
//! | 0 | 1 | version: 1 |
//! | 1 | 1 | [`Event`] |
//! | 2 | 1 | [`Verdict`] |
//! | 3 | 1 | 1 if the leaf refers to an earlier one, else 0 |
//! | 4 | 8 | sequence |
//! | 12 | 8 | time: milliseconds since 1970, two's complement |
//! | 20 | 2 | purpose: number of the contract's `Purpose`, 0 for none |
//! | 22 | 4 | permitted categories: bit n for number n of the contract's `DataCategory` |
//! | 26 | 4 | withheld categories, likewise |
//! | 30 | 8 | sequence of the earlier leaf, else 0 |
//! | 38 | 32 | pseudonym of the actor, zeros for the gateway itself and for whoever gives feedback |
//! | 70 | 32 | pseudonym of the young person, zeros for none |
//! | 102 | 32 | SHA-256 of the policy, zeros for none |
//! | 134 | 32 | commitment to the details, or keyed hash of what was read or asked; zeros for none |
//! | 166 | 1 | epoch of the key of the pseudonyms |
//! | 167 | 1 to 64 | organisation, in ASCII, to the end |

use jiff::Timestamp;
use ring::hmac;

use super::merkle::{Hash, leaf_hash};

/// The version that is written.
const VERSION: u8 = 1;

/// Everything before the organisation.
const FIXED_BYTES: usize = 167;

const ORGANISATION_BYTES: usize = 64;

/// The shortest leaf.
pub(super) const MIN_BYTES: usize = FIXED_BYTES + 1;

/// The longest leaf.
pub(super) const MAX_BYTES: usize = FIXED_BYTES + ORGANISATION_BYTES;

/// Length of the random salt of a commitment.
pub const SALT_BYTES: usize = 16;

/// What happened. The numbers are written to the log and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Event {
    /// 1: a person was identified, and registered if need be.
    IdentifyYouth = 1,
    /// 2: a referral was sent.
    SendReferral = 2,
    /// 3: the state of a referral changed.
    ReferralChange = 3,
    /// 4: a consent or permit was given, changed or withdrawn.
    ConsentChange = 4,
    /// 5: a prohibition was made or lifted.
    ProhibitionChange = 5,
    /// 6: somebody asked whether a disclosure is permitted.
    VerifyConsent = 6,
    /// 7: data was shown in an answer.
    Read = 7,
    /// 8: a call was refused.
    Refusal = 8,
    /// 9: a delivery to an agency is about to be sent.
    DeliveryIntent = 9,
    /// 10: what became of a delivery.
    DeliveryOutcome = 10,
    /// 11: an earlier leaf announced a change that never came to be.
    Closed = 11,
    /// 12: content was erased at the end of its retention.
    Erasure = 12,
    /// 13: a legal status was recorded or ended.
    LegalStatusChange = 13,
    /// 14: the rules of the policy were loaded, or loading others was refused.
    Policy = 14,
    /// 15: a joint plan was begun or changed, or a clash in one was decided.
    PlanChange = 15,
    /// 16: agencies were asked what they hold on a person.
    FactsQuery = 16,
    /// 17: something was written down about a person's journey.
    JourneyEntry = 17,
    /// 18: somebody without a name was counted, or a form without a name was taken in.
    Tally = 18,
    /// 19: everything about a person was erased, their key with it; one leaf for each id of theirs.
    PersonErasure = 19,
    /// 20: another master key wraps people's keys from now on.
    MasterKey = 20,
    /// 21: an operator has accepted that leaves which were published are lost, and has given their checkpoint up.
    Loss = 21,
    /// 22: an operator of the gateway did something.
    Administration = 22,
    /// 23: the database is older than this log. Not permitted: it was brought back from a backup, and nothing is served
    /// with it; permitted: an operator has accepted that.
    OlderState = 23,
    /// 24: an identity was linked to a person, or such a link was ended.
    IdentityLink = 24,
    /// 25: the earlier leaf is about this person as well: another id of theirs from then on, or until then. One at least.
    IdentityTied = 25,
}

impl Event {
    const ALL: [Event; 25] = [
        Event::IdentifyYouth,
        Event::SendReferral,
        Event::ReferralChange,
        Event::ConsentChange,
        Event::ProhibitionChange,
        Event::VerifyConsent,
        Event::Read,
        Event::Refusal,
        Event::DeliveryIntent,
        Event::DeliveryOutcome,
        Event::Closed,
        Event::Erasure,
        Event::LegalStatusChange,
        Event::Policy,
        Event::PlanChange,
        Event::FactsQuery,
        Event::JourneyEntry,
        Event::Tally,
        Event::PersonErasure,
        Event::MasterKey,
        Event::Loss,
        Event::Administration,
        Event::OlderState,
        Event::IdentityLink,
        Event::IdentityTied,
    ];

    /// Whether a leaf of this kind that refers to an intent says what became of the delivery. Of one in doubt a person
    /// says it, by a task or as an operator.
    pub(crate) const fn tells_outcome(self) -> bool {
        matches!(self, Event::DeliveryOutcome | Event::JourneyEntry | Event::Administration)
    }

    /// Gives the number in the log.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// What was decided. The numbers are written to the log and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Verdict {
    /// 0: there was nothing to decide.
    None = 0,
    /// 1: permitted.
    Permitted = 1,
    /// 2: not permitted.
    NotPermitted = 2,
}

impl Verdict {
    const ALL: [Verdict; 3] = [Verdict::None, Verdict::Permitted, Verdict::NotPermitted];
}

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// When, in whole milliseconds.
    pub time: Timestamp,
    /// What.
    pub event: Event,
    /// Agency id of the caller or addressee, or `gateway`: 1 to 64 printable ASCII characters without spaces.
    pub organisation: String,
    /// Pseudonym of the acting person; zeros: the gateway itself, or a young person who has given feedback without a name.
    pub actor: [u8; 32],
    /// Pseudonym of the young person; zeros: none.
    pub subject: [u8; 32],
    /// Number of the contract's `Purpose`; 0: none.
    pub purpose: u16,
    /// Bits of the permitted categories.
    pub categories: u32,
    /// Bits of the withheld categories.
    pub withheld: u32,
    /// What was decided.
    pub verdict: Verdict,
    /// SHA-256 of the policy; zeros: none.
    pub policy: [u8; 32],
    /// An earlier leaf: the intent of which this is the outcome, which this closes, or whose attempt this one repeats; of
    /// a reading or a question to agencies, an earlier one with the same details, which are kept with that one only.
    pub refers_to: Option<u64>,
    /// [`commitment`] to the details. Without details: for [`Event::Read`] the keyed hash of the name of what was read;
    /// for [`Event::VerifyConsent`] keyed hashes of the two agencies and the stated ground, or the Merkle tree hash of a
    /// batch; for [`Event::Loss`] the SHA-256 of the checkpoint that was given up; zeros: none.
    pub commitment: [u8; 32],
    /// Which key made the pseudonyms: a new key begins a new epoch, and the leaves before it keep theirs.
    pub key_epoch: u8,
}

/// What is wrong with a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// It does not have the length of a leaf.
    #[error("a leaf has {MIN_BYTES} to {MAX_BYTES} bytes")]
    Length,
    /// It was written by a newer release.
    #[error("leaf version {version} is not known")]
    Version {
        /// The version it names.
        version: u8,
    },
    /// A number that stands for nothing.
    #[error("unknown value in field {field}")]
    Value {
        /// Which field.
        field: &'static str,
    },
}

impl Leaf {
    /// Gives the bytes of the leaf at a place in the log, in the layout of this module.
    #[must_use]
    pub fn bytes(&self, sequence: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MAX_BYTES);
        bytes.extend([VERSION, self.event.number(), self.verdict as u8, u8::from(self.refers_to.is_some())]);
        bytes.extend(sequence.to_be_bytes());
        bytes.extend(self.time.as_millisecond().to_be_bytes());
        bytes.extend(self.purpose.to_be_bytes());
        bytes.extend(self.categories.to_be_bytes());
        bytes.extend(self.withheld.to_be_bytes());
        bytes.extend(self.refers_to.unwrap_or(0).to_be_bytes());
        bytes.extend(self.actor);
        bytes.extend(self.subject);
        bytes.extend(self.policy);
        bytes.extend(self.commitment);
        bytes.push(self.key_epoch);
        bytes.extend(self.organisation.as_bytes());
        bytes
    }

    /// Reads a leaf and its place in the log. Every leaf has one sequence of bytes only.
    ///
    /// # Errors
    /// Bytes that [`Leaf::bytes`] would not have given for a leaf that can be appended.
    pub fn parse(bytes: &[u8]) -> Result<(u64, Leaf), LeafError> {
        let mut fields = Fields { rest: bytes };
        let [version] = fields.take()?;
        if version != VERSION {
            return Err(LeafError::Version { version });
        }
        let [event, verdict, refers] = fields.take()?;
        let sequence = u64::from_be_bytes(fields.take()?);
        let time = Timestamp::from_millisecond(i64::from_be_bytes(fields.take()?));
        let purpose = u16::from_be_bytes(fields.take()?);
        let categories = u32::from_be_bytes(fields.take()?);
        let withheld = u32::from_be_bytes(fields.take()?);
        let refers_to = match (refers, u64::from_be_bytes(fields.take()?)) {
            (0, 0) => None,
            (1, earlier) => Some(earlier),
            _ => return Err(LeafError::Value { field: "refers_to" }),
        };
        let leaf = Leaf {
            time: time.map_err(|_| LeafError::Value { field: "time" })?,
            event: find(&Event::ALL, |known| *known as u8 == event, "event")?,
            actor: fields.take()?,
            subject: fields.take()?,
            purpose,
            categories,
            withheld,
            verdict: find(&Verdict::ALL, |known| *known as u8 == verdict, "verdict")?,
            policy: fields.take()?,
            refers_to,
            commitment: fields.take()?,
            key_epoch: fields.take().map(|[epoch]| epoch)?,
            organisation: String::from_utf8_lossy(fields.rest).into_owned(),
        };
        leaf.check(sequence)?;
        Ok((sequence, leaf))
    }

    /// Gives the hash of the leaf at a place in the log, as a [`super::Receipt`] has it.
    #[must_use]
    pub fn hash(&self, sequence: u64) -> Hash {
        leaf_hash(&self.bytes(sequence))
    }

    /// Tells whether the leaf can be written down so that it is read back the same.
    pub(super) fn check(&self, sequence: u64) -> Result<(), LeafError> {
        if self.organisation.is_empty() || self.organisation.len() > ORGANISATION_BYTES {
            return Err(LeafError::Length);
        }
        if !self.organisation.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(LeafError::Value { field: "organisation" });
        }
        if self.refers_to.is_some_and(|earlier| earlier >= sequence) {
            return Err(LeafError::Value { field: "refers_to" });
        }
        Ok(())
    }
}

/// Gives the commitment to details: HMAC-SHA-256 under a random salt. Whoever has neither salt nor details learns
/// nothing from it; whoever has both can show that these details were meant.
#[must_use]
pub fn commitment(salt: &[u8; SALT_BYTES], details: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), details);
    let mut bytes = [0; 32];
    for (byte, made) in bytes.iter_mut().zip(tag.as_ref()) {
        *byte = *made;
    }
    bytes
}

struct Fields<'a> {
    rest: &'a [u8],
}

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], LeafError> {
        let (field, rest) = self.rest.split_first_chunk().ok_or(LeafError::Length)?;
        self.rest = rest;
        Ok(*field)
    }
}

fn find<T: Copy>(known: &[T], is: impl Fn(&T) -> bool, field: &'static str) -> Result<T, LeafError> {
    known.iter().copied().find(is).ok_or(LeafError::Value { field })
}
