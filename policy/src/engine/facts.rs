//! Which facts of a question do the rules see? These, and nothing else: whatever has the same facts has the same answer.

use jiff::Timestamp;
use polku_proto::v1::{DataCategory, LegalGround, Purpose};
use polku_proto::{CategorySet, time};

use super::agencies::{Agencies, Ends, Side};
use crate::index::{Capacity, Given, Standing, Word};
use crate::question::{ActorRole, Question, Relation, Viewer};

/// One category of a question, as the rules see it.
///
/// INVARIANT: requests to Cedar are made of this alone, and [`Facts::key`] tells any two of them apart. So an answer
/// can be remembered by the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// None: the young person.
    pub(super) reader: Option<Side>,
    pub(super) discloser: Side,
    pub(super) category: DataCategory,
    pub(super) viewer: Viewer,
    pub(super) actor: Actor,
    pub(super) role: Role,
    pub(super) purpose: Purpose,
    pub(super) ground: LegalGround,
    /// In full years; none if nobody knows it.
    pub(super) age: Option<u8>,
    pub(super) capacity: Capacity,
    /// The place of the rules' era.
    pub(super) era: u8,
    pub(super) disclosure: bool,
    pub(super) consent: Givers,
    pub(super) disclosure_permit: Givers,
    pub(super) explicit: bool,
    pub(super) prohibited: bool,
    pub(super) agreement: bool,
    pub(super) same_unit: bool,
    pub(super) care_relation: bool,
    pub(super) address_protected: bool,
    pub(super) multi_sector_support: bool,
    pub(super) home_municipality: bool,
}

/// On whose behalf, as the rules tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Actor {
    System,
    Professional,
    Subject,
    Guardian,
    Representative,
}

/// The roles that make a difference to the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Peer,
    Coordinator,
    Other,
}

/// Who gave something that covers the category.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Givers {
    pub(super) own: bool,
    pub(super) guardian: bool,
    pub(super) representative: bool,
}

/// Which agreements count.
#[derive(Clone, Copy)]
pub(super) enum Agreements {
    /// Those that the directory has.
    OnFile,
    /// As if there were one.
    Assumed,
}

/// The facts of a question that are the same for each of its categories.
pub(super) struct Common {
    facts: Facts,
    key: u128,
}

/// The facts that are one category's own.
#[derive(Clone, Copy)]
struct Own {
    disclosure: bool,
    consent: Givers,
    disclosure_permit: Givers,
    explicit: bool,
    prohibited: bool,
}

impl Common {
    pub(super) fn of(
        question: &Question,
        ends: Ends,
        standing: &Standing,
        agencies: &Agencies,
        era: u8,
    ) -> Common {
        let channel = &question.channel;
        let Ends { from, to } = ends;
        let (reader, discloser, own) = match question.viewer {
            Viewer::Addressee => (Some(to), from, Some(&channel.to)),
            Viewer::Author => (Some(from), to, Some(&channel.from)),
            Viewer::Subject => (None, from, None),
        };
        let (actor, role, same_unit, reads) = match &question.actor {
            ActorRole::System => (Actor::System, Role::Other, true, false),
            ActorRole::Professional { at, role } => {
                // Units and customers are looked at where the professional is the one who reads.
                let reads = own.is_some_and(|party| party.agency == at.agency);
                let same_unit = !reads || own.is_some_and(|party| party.covers(at));
                (Actor::Professional, Role::of(role), same_unit, reads)
            }
            ActorRole::Subject => (Actor::Subject, Role::Other, true, false),
            ActorRole::Guardian => (Actor::Guardian, Role::Other, true, false),
            ActorRole::Representative => (Actor::Representative, Role::Other, true, false),
        };
        let facts = Facts {
            reader,
            discloser,
            category: DataCategory::Unspecified,
            viewer: question.viewer,
            actor,
            role,
            purpose: question.purpose,
            ground: question.ground,
            age: standing.age(question.now),
            capacity: standing.capacity,
            era,
            disclosure: false,
            consent: Givers::NONE,
            disclosure_permit: Givers::NONE,
            explicit: false,
            prohibited: false,
            agreement: agencies.agreed(from, to),
            same_unit,
            care_relation: !reads || question.relation == Relation::Established,
            address_protected: standing.address_protected,
            multi_sector_support: standing.multi_sector_support,
            home_municipality: reader
                .is_some_and(|reader| agencies.serves(reader, question.home_municipality)),
        };
        let (key, _) = facts.key();
        Common { facts, key }
    }

    /// The same, as if the two agencies had an agreement on file.
    pub(super) fn agreed(self) -> Common {
        let facts = Facts { agreement: true, ..self.facts };
        let (key, _) = facts.key();
        Common { facts, key }
    }

    /// The facts of one category.
    pub(super) fn with(&self, category: DataCategory, word: &Word<'_>) -> Facts {
        let Own { disclosure, consent, disclosure_permit, explicit, prohibited } = self.own(category, word);
        let common = self.facts;
        Facts { category, disclosure, consent, disclosure_permit, explicit, prohibited, ..common }
    }

    /// The common part of the keys.
    pub(super) const fn key(&self) -> u128 {
        self.key
    }

    /// The own part of the key of one category: that of [`Common::with`], without putting the facts together.
    pub(super) fn own_key(&self, category: DataCategory, word: &Word<'_>) -> u16 {
        self.own(category, word).key(category)
    }

    /// What the person has said matters to disclosures only.
    fn own(&self, category: DataCategory, word: &Word<'_>) -> Own {
        if !disclosed(self.facts.viewer).contains(category) {
            return Own::NOTHING;
        }
        let givers = |given: &Given| Givers {
            own: given.own.contains(category),
            guardian: given.guardian.contains(category),
            representative: given.representative.contains(category),
        };
        Own {
            disclosure: true,
            consent: givers(&word.consents),
            disclosure_permit: givers(&word.permits),
            explicit: word.explicit.contains(category),
            prohibited: word.prohibited.contains(category),
        }
    }
}

impl Own {
    const NOTHING: Own = Own {
        disclosure: false,
        consent: Givers::NONE,
        disclosure_permit: Givers::NONE,
        explicit: false,
        prohibited: false,
    };

    /// Five bits for the category and one for each flag, of sixteen.
    fn key(self, category: DataCategory) -> u16 {
        let Own { disclosure, consent, disclosure_permit, explicit, prohibited } = self;
        let flags = [
            disclosure,
            consent.own,
            consent.guardian,
            consent.representative,
            disclosure_permit.own,
            disclosure_permit.guardian,
            disclosure_permit.representative,
            explicit,
            prohibited,
        ];
        flags.into_iter().fold(category as u16, |key, flag| (key << 1) | u16::from(flag))
    }
}

impl Givers {
    const NONE: Givers = Givers { own: false, guardian: false, representative: false };
}

/// The categories that the viewer would learn from the other agency. Own words, and data about oneself, are no
/// disclosure.
pub(super) const fn disclosed(viewer: Viewer) -> CategorySet {
    const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);
    match viewer {
        Viewer::Addressee => CategorySet::ALL.difference(STATUS),
        Viewer::Author => STATUS,
        Viewer::Subject => CategorySet::EMPTY,
    }
}

impl Standing {
    /// Gives the age in full years, by the date in Finland.
    fn age(&self, now: Timestamp) -> Option<u8> {
        time::full_years(self.born?, now)
    }
}

/// Gives the next beginning of a day in Finland: nobody's age changes before it.
pub(super) fn next_midnight(now: Timestamp) -> Option<Timestamp> {
    let tomorrow = time::finnish_date(now).tomorrow().ok()?;
    time::start_of_finnish_date(tomorrow).ok()
}

impl Role {
    fn of(role: &str) -> Role {
        match role {
            "peer" => Role::Peer,
            "coordinator" => Role::Coordinator,
            _ => Role::Other,
        }
    }
}

impl Facts {
    /// The facts as two numbers: what the categories of a question have in common, and what is the category's own.
    pub(super) fn key(&self) -> (u128, u16) {
        let Facts {
            reader,
            discloser,
            category,
            viewer,
            actor,
            role,
            purpose,
            ground,
            age,
            capacity,
            era,
            disclosure,
            consent,
            disclosure_permit,
            explicit,
            prohibited,
            agreement,
            same_unit,
            care_relation,
            address_protected,
            multi_sector_support,
            home_municipality,
        } = *self;
        // Two words, each with room to spare, are quicker to fill than one of 128 bits.
        let (mut asked, mut known) = (Packed(0), Packed(0));
        // One more than there are places, for the young person.
        asked.put(reader.map_or(0, |side| u32::from(side.0) + 1), 17);
        asked.put(discloser.0.into(), 16);
        asked.put(viewer as u32, 2);
        asked.put(actor as u32, 3);
        asked.put(role as u32, 2);
        asked.put(purpose as u32, 5);
        asked.put(ground as u32, 5);
        known.put(age.map_or(0, |age| u32::from(age) + 1), 9);
        known.put(capacity as u32, 2);
        known.put(era.into(), 8);
        let flags =
            [agreement, same_unit, care_relation, address_protected, multi_sector_support, home_municipality];
        for flag in flags {
            known.put(flag.into(), 1);
        }
        let own = Own { disclosure, consent, disclosure_permit, explicit, prohibited };
        (u128::from(asked.0) << 64 | u128::from(known.0), own.key(category))
    }
}

/// Numbers side by side: each has its own bits.
struct Packed(u64);

impl Packed {
    const fn put(&mut self, value: u32, bits: u32) {
        self.0 = (self.0 << bits) | value as u64;
    }
}
