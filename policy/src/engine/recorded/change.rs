//! Which answers would be others under other rules?

use std::fmt;

use jiff::Timestamp;
use polku_proto::v1::{LegalGround, Purpose};

use super::{Given, Party, Recorded, Replayed, replay};
use crate::decision::Reason;
use crate::engine::Engine;
use crate::engine::facts::{Actor, Role};
use crate::index::Capacity;
use crate::spelling::Spelled;

/// A recorded question that other rules answer in another way.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// The question.
    pub recorded: Recorded,
    /// What the old rules answer.
    pub was: Replayed,
    /// What the new rules answer.
    pub would_be: Replayed,
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shift {
    /// What was withheld is permitted.
    Opens,
    /// What was permitted is withheld.
    Closes,
    /// The same answer, but by other rules or for other reasons.
    OtherGrounds,
}

/// Finds the recorded questions that two engines answer differently, as they are at an instant.
#[must_use]
pub fn difference(old: &Engine, new: &Engine, recorded: &[Recorded], now: Timestamp) -> Vec<Change> {
    let change = |recorded: &Recorded| {
        let (was, would_be) = (replay(old, recorded, now), replay(new, recorded, now));
        (was != would_be).then(|| Change { recorded: recorded.clone(), was, would_be })
    };
    recorded.iter().filter_map(change).collect()
}

impl Change {
    /// Tells what the change does.
    #[must_use]
    pub fn shift(&self) -> Shift {
        match (self.was.permitted, self.would_be.permitted) {
            (false, true) => Shift::Opens,
            (true, false) => Shift::Closes,
            (true, true) | (false, false) => Shift::OtherGrounds,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { recorded, was, would_be } = self;
        write!(formatter, "{} to {}", recorded.discloser, recorded.reader)?;
        if recorded.purpose.0 != Purpose::Unspecified {
            write!(formatter, " for {}", recorded.purpose)?;
        }
        write!(formatter, ": {}", recorded.category)?;
        let circumstances = recorded.circumstances();
        if !circumstances.is_empty() {
            write!(formatter, " ({})", circumstances.join(", "))?;
        }
        write!(formatter, ": {was} -> {would_be}")
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Change(redacted)")
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.permitted {
            return write!(formatter, "permitted by {}", self.rules.join(" and "));
        }
        let reasons: Vec<&str> = self.reasons.iter().copied().map(Reason::code).collect();
        write!(formatter, "withheld for {}", reasons.join(" and "))
    }
}

impl fmt::Display for Party {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Party::YoungPerson => formatter.write_str("the young person"),
            Party::Unknown => formatter.write_str("an unknown agency"),
            Party::Agency(agency) => formatter.write_str(agency),
        }
    }
}

impl Recorded {
    /// Names what is out of the ordinary, which a rule may have looked at.
    fn circumstances(&self) -> Vec<String> {
        let mut said = Vec::new();
        let flags = [
            (self.explicit, "named explicitly"),
            (self.prohibited, "prohibited"),
            (!self.agreement, "no agreement"),
            (!self.same_unit, "another unit"),
            (!self.care_relation, "no customer"),
            (self.address_protected, "protected address"),
            (self.multi_sector_support, "multi-sector support"),
            (self.home_municipality, "home municipality"),
        ];
        said.extend(given("consent", self.consent));
        said.extend(given("permit to disclose", self.disclosure_permit));
        said.extend(flags.iter().filter(|(flag, _)| *flag).map(|(_, words)| (*words).to_owned()));
        if self.ground.0 != LegalGround::Unspecified {
            said.push(format!("ground {}", self.ground));
        }
        if self.actor.0 != Actor::System {
            said.push(format!("by a {}", self.actor.0.spelled()));
        }
        if self.role.0 != Role::Other {
            said.push(format!("role {}", self.role));
        }
        said.extend(self.age.map(|age| format!("age {age}")));
        if self.capacity.0 != Capacity::NotAssessed {
            said.push(format!("capacity {}", self.capacity));
        }
        said
    }
}

fn given(instrument: &str, Given { own, guardian, representative }: Given) -> Option<String> {
    let givers = [(own, "own"), (guardian, "guardian's"), (representative, "representative's")];
    let givers: Vec<&str> = givers.iter().filter(|(gave, _)| *gave).map(|(_, words)| *words).collect();
    (!givers.is_empty()).then(|| format!("{} {instrument}", givers.join(" and ")))
}
