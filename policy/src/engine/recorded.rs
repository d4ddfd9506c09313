//! What has the engine been asked, and what would other rules have answered? Without a word about anybody.

mod change;

use std::fmt;

use jiff::Timestamp;
use polku_proto::AgencyId;
use polku_proto::v1::{DataCategory, LegalGround, Purpose};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::Engine;
use super::agencies::Side;
use super::facts::{Actor, Facts, Givers, Role, disclosed};
use super::memo::Memo;
use crate::decision::Reason;
use crate::index::Capacity;
use crate::question::Viewer;
use crate::rules::Answer;
use crate::spelling::{Spelled, Word};
pub use change::{Change, Shift, difference};

/// One question that the engine has been asked, as the rules saw it, and their answer.
///
/// It has no person in it, no instant and no consent: who reads from whom, for what, and what mattered to the rules. It
/// is written and read by `serde`, for example as one line of JSON.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    reader: Party,
    discloser: Party,
    #[serde(deserialize_with = "personal")]
    category: Word<DataCategory>,
    viewer: Word<Viewer>,
    actor: Word<Actor>,
    role: Word<Role>,
    purpose: Word<Purpose>,
    ground: Word<LegalGround>,
    age: Option<u8>,
    capacity: Word<Capacity>,
    consent: Given,
    disclosure_permit: Given,
    explicit: bool,
    prohibited: bool,
    agreement: bool,
    same_unit: bool,
    care_relation: bool,
    address_protected: bool,
    multi_sector_support: bool,
    home_municipality: bool,
    /// The ids of the rules that permitted; none if it was withheld.
    rules: Vec<String>,
    /// Why it was withheld.
    reasons: Vec<Word<Reason>>,
}

/// What some rules answer to a recorded question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Whether the category may be seen.
    pub permitted: bool,
    /// The ids of the rules that permit, sorted. Empty if it is withheld.
    pub rules: Vec<String>,
    /// Why it is withheld, in a fixed order. Empty if it is permitted.
    pub reasons: Vec<Reason>,
}

/// Who reads or discloses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Party {
    YoungPerson,
    Unknown,
    Agency(#[serde(deserialize_with = "agency")] String),
}

/// [`Givers`], as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    own: bool,
    guardian: bool,
    representative: bool,
}

impl Engine {
    /// Gives what the engine remembers, in a fixed order: every kind of question since it was made, each once.
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        let Some(mut held) = self.memo.as_ref().map(Memo::seen) else { return Vec::new() };
        // Side by side without their eras: what was asked in two of them is the same question.
        held.sort_by_cached_key(|(facts, _)| (Facts { era: 0, ..*facts }.key(), facts.era));
        let mut recorded: Vec<Recorded> =
            held.iter().map(|(facts, answer)| self.record(facts, *answer)).collect();
        recorded.dedup();
        recorded
    }

    fn record(&self, facts: &Facts, answer: Answer) -> Recorded {
        let Replayed { rules, reasons, .. } = self.replayed(answer);
        Recorded {
            reader: facts.reader.map_or(Party::YoungPerson, |side| self.party(side)),
            discloser: self.party(facts.discloser),
            category: Word(facts.category),
            viewer: Word(facts.viewer),
            actor: Word(facts.actor),
            role: Word(facts.role),
            purpose: Word(facts.purpose),
            ground: Word(facts.ground),
            age: facts.age,
            capacity: Word(facts.capacity),
            consent: Given::of(facts.consent),
            disclosure_permit: Given::of(facts.disclosure_permit),
            explicit: facts.explicit,
            prohibited: facts.prohibited,
            agreement: facts.agreement,
            same_unit: facts.same_unit,
            care_relation: facts.care_relation,
            address_protected: facts.address_protected,
            multi_sector_support: facts.multi_sector_support,
            home_municipality: facts.home_municipality,
            rules,
            reasons: reasons.into_iter().map(Word).collect(),
        }
    }

    fn replayed(&self, answer: Answer) -> Replayed {
        let mut rules: Vec<String> =
            self.rules.named(answer.permits).map(|note| note.id.to_string()).collect();
        rules.sort_unstable();
        let permitted = answer.permits != 0;
        let mut reasons: Vec<Reason> = answer.reasons().filter(|_| !permitted).collect();
        if !permitted && reasons.is_empty() {
            reasons.push(Reason::NoBasis);
        }
        Replayed { permitted, rules, reasons }
    }

    fn party(&self, side: Side) -> Party {
        match self.agencies.uid(side) {
            Some(uid) if side != Side::UNKNOWN => Party::Agency(uid.id().unescaped().to_owned()),
            Some(_) | None => Party::Unknown,
        }
    }

    fn side(&self, party: &Party) -> Side {
        match party {
            Party::Agency(agency) => {
                agency.parse().map_or(Side::UNKNOWN, |agency: AgencyId| self.agencies.side(&agency))
            }
            Party::Unknown | Party::YoungPerson => Side::UNKNOWN,
        }
    }
}

/// Puts a recorded question to the rules of an engine, as they are at an instant.
///
/// The agencies, and the agreements between them, are those of the engine; one that it does not know is unknown to its
/// rules. Only where the young person reads is the agreement the recorded one, as the record does not say who the
/// other agency was.
#[must_use]
pub fn replay(engine: &Engine, recorded: &Recorded, now: Timestamp) -> Replayed {
    let facts = recorded.facts(engine, now);
    match engine.ask(&facts) {
        Ok(answer) => engine.replayed(answer),
        Err(_) => Replayed { permitted: false, rules: Vec::new(), reasons: vec![Reason::RulesFailed] },
    }
}

impl Recorded {
    /// Gives the question alone, without its answer: two that are equal ask the same.
    #[must_use]
    pub fn question(&self) -> Recorded {
        Recorded { rules: Vec::new(), reasons: Vec::new(), ..self.clone() }
    }

    /// Gives the answer at the time.
    #[must_use]
    pub fn answer(&self) -> Replayed {
        let reasons: Vec<Reason> = self.reasons.iter().map(|Word(reason)| *reason).collect();
        Replayed { permitted: reasons.is_empty(), rules: self.rules.clone(), reasons }
    }

    fn facts(&self, engine: &Engine, now: Timestamp) -> Facts {
        let discloser = engine.side(&self.discloser);
        let reader = (self.reader != Party::YoungPerson).then(|| engine.side(&self.reader));
        let agreement = match (self.viewer.0, reader) {
            (Viewer::Addressee, Some(reader)) => engine.agencies.agreed(discloser, reader),
            (Viewer::Author, Some(reader)) => engine.agencies.agreed(reader, discloser),
            (Viewer::Subject, _) | (Viewer::Addressee | Viewer::Author, None) => self.agreement,
        };
        let disclosure = disclosed(self.viewer.0).contains(self.category.0);
        Facts {
            reader,
            discloser,
            category: self.category.0,
            viewer: self.viewer.0,
            actor: self.actor.0,
            role: self.role.0,
            purpose: self.purpose.0,
            ground: self.ground.0,
            age: self.age,
            capacity: self.capacity.0,
            era: engine.rules.era(now),
            disclosure,
            consent: self.consent.givers(),
            disclosure_permit: self.disclosure_permit.givers(),
            explicit: self.explicit,
            prohibited: self.prohibited,
            agreement,
            same_unit: self.same_unit,
            care_relation: self.care_relation,
            address_protected: self.address_protected,
            multi_sector_support: self.multi_sector_support,
            home_municipality: self.home_municipality,
        }
    }
}

impl Given {
    fn of(Givers { own, guardian, representative }: Givers) -> Given {
        Given { own, guardian, representative }
    }

    fn givers(self) -> Givers {
        let Given { own, guardian, representative } = self;
        Givers { own, guardian, representative }
    }
}

/// Reads a category that rules are asked about: every one but the envelope.
fn personal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Word<DataCategory>, D::Error> {
    let category = Word::<DataCategory>::deserialize(deserializer)?;
    if category.0 == DataCategory::Envelope {
        return Err(D::Error::custom("no rule is asked about the envelope"));
    }
    Ok(category)
}

/// Reads the id of an agency.
fn agency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    id.parse::<AgencyId>().map_err(D::Error::custom)?;
    Ok(id)
}

impl Spelled for Actor {
    fn spelled(self) -> &'static str {
        match self {
            Actor::System => "system",
            Actor::Professional => "professional",
            Actor::Subject => "young person",
            Actor::Guardian => "guardian",
            Actor::Representative => "representative",
        }
    }

    fn every() -> impl Iterator<Item = Actor> {
        [Actor::System, Actor::Professional, Actor::Subject, Actor::Guardian, Actor::Representative]
            .into_iter()
    }
}

impl Spelled for Role {
    fn spelled(self) -> &'static str {
        match self {
            Role::Peer => "peer",
            Role::Coordinator => "coordinator",
            Role::Other => "other",
        }
    }

    fn every() -> impl Iterator<Item = Role> {
        [Role::Peer, Role::Coordinator, Role::Other].into_iter()
    }
}

// A rare combination of facts may be one person's.
impl fmt::Debug for Recorded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Recorded(redacted)")
    }
}
