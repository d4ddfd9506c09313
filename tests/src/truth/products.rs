//! Which situations are looked at? Products of a few dimensions each, and steps aside from all of those.

use std::collections::HashSet;

use polku_policy::Capacity;
use polku_proto::CategorySet;
use polku_proto::v1::{DataCategory, LegalGround, Purpose};

use super::aside::steps_aside;
use super::situation::{Age, Given, Situation};
use super::words::{Day, Flag, Giver, Home, Instrument, Kind, Reader, Role, Scope, Unit, Wording};

pub(super) const AGES: [Option<Age>; 10] = [
    None,
    Some(Age::exactly(14)),
    Some(Age::nearly(18)),
    Some(Age::exactly(18)),
    Some(Age::exactly(20)),
    Some(Age::nearly(25)),
    Some(Age::exactly(25)),
    Some(Age::nearly(29)),
    Some(Age::exactly(29)),
    Some(Age::exactly(30)),
];

pub(super) const CAPACITIES: [Capacity; 4] =
    [Capacity::NotAssessed, Capacity::NotCapable, Capacity::Capable, Capacity::CapableHidden];

pub(super) const PURPOSES: [Purpose; 8] = [
    Purpose::Guidance,
    Purpose::EmploymentServices,
    Purpose::MultiSectorSupport,
    Purpose::SocialServices,
    Purpose::Rehabilitation,
    Purpose::OutreachYouthWork,
    Purpose::WorkshopCoaching,
    Purpose::Statistics,
];

pub(super) const GROUNDS: [LegalGround; 11] = [
    LegalGround::Unspecified,
    LegalGround::OutreachNotice,
    LegalGround::SocialCareInability,
    LegalGround::SocialCareChildInterest,
    LegalGround::ChildWelfareNotice,
    LegalGround::AssistanceSocialWork,
    LegalGround::AssistanceSupplementary,
    LegalGround::AssistanceLowered,
    LegalGround::AssistanceUnemployedYoung,
    LegalGround::AssistanceUnemployed,
    LegalGround::AssistanceImmigrant,
];

/// Secret, special and ordinary data, and what flows back.
const TELLING: [DataCategory; 6] = [
    DataCategory::IdentityContact,
    DataCategory::AddressContact,
    DataCategory::SocialSituation,
    DataCategory::HealthCapacity,
    DataCategory::GuidanceNotes,
    DataCategory::ReferralStatus,
];

/// Parties between which consents, permits and grounds in law matter most.
const PAIRS: [(Kind, Kind); 8] = [
    (Kind::Employment, Kind::Workshop),
    (Kind::Social, Kind::Health),
    (Kind::Health, Kind::Social),
    (Kind::PrivateSocial, Kind::Social),
    (Kind::Kela, Kind::SocialWithAddresses),
    (Kind::School, Kind::Outreach),
    (Kind::Workshop, Kind::OutreachWithAddresses),
    (Kind::Employment, Kind::Social),
];

/// A consent that leaves nothing to be desired, and the same of a guardian.
pub(super) const EXPLICIT: [Option<Given>; 2] = one(Given::own(Instrument::Consent, Wording::Explicit));
pub(super) const EXPLICIT_OF_GUARDIAN: [Option<Given>; 2] =
    one(Given { giver: Giver::Guardian, ..Given::own(Instrument::Consent, Wording::Explicit) });

/// The same of another representative, while the young person was a minor.
const EXPLICIT_FOR_A_MINOR: [Option<Given>; 2] = one(Given {
    giver: Giver::Representative,
    flags: [Some(Flag::ForAMinor), None],
    ..Given::own(Instrument::Consent, Wording::Explicit)
});

/// Around the days since when there are permits and multi-sector support.
const DAYS: [Day; 5] =
    [Day::BeforePermits, Day::FirstOfPermits, Day::BeforeTheLaw, Day::FirstOfTheLaw, Day::Later];

const AGENCIES: [Reader; 2] = [Reader::Recipient, Reader::Sender];
pub(super) const BOTH: [bool; 2] = [false, true];

/// Gives every situation, each once, in the same order every time.
#[must_use]
pub fn situations() -> Vec<Situation> {
    let products = [
        consents_between_all(),
        consents_of_all_ages(),
        consents_that_do_not_fit(),
        two_consents(),
        consents_of_all_days(),
        grounds_of_all_days(),
        prohibitions_and_purposes(),
        grounds_between_all(),
        grounds_of_all_ages(),
        grounds_for_all_purposes(),
        multi_sector_support(),
        multi_sector_data(),
        protected_addresses(),
        staff(),
        young_people(),
        protected_addresses_at_home(),
        consents_for_minors(),
    ];
    let mut found: Vec<Situation> = products.into_iter().flat_map(|product| product.0).collect();
    found.retain(Situation::possible);
    let aside = steps_aside(&found);
    found.extend(aside);
    let mut seen = HashSet::new();
    found.retain(|situation| seen.insert(*situation));
    found
}

/// Gives every combination of a few values in each dimension that the rules look at most: a world with nothing left out.
#[must_use]
pub fn crossed() -> Vec<Situation> {
    let pairs = [(Kind::Kela, Kind::Social), (Kind::Social, Kind::Health), (Kind::School, Kind::Outreach)];
    let categories = [
        DataCategory::IdentityContact,
        DataCategory::AddressContact,
        DataCategory::HealthCapacity,
        DataCategory::ReferralStatus,
    ];
    let grounds = [
        LegalGround::Unspecified,
        LegalGround::OutreachNotice,
        LegalGround::ChildWelfareNotice,
        LegalGround::AssistanceLowered,
    ];
    let world = Product::new()
        .between(&pairs)
        .disclosing(&categories)
        .for_purposes(&[Purpose::Guidance, Purpose::MultiSectorSupport, Purpose::OutreachYouthWork])
        .aged(&[None, Some(Age::nearly(18)), Some(Age::exactly(18)), Some(Age::exactly(29))])
        .over(&CAPACITIES, |each, capacity| each.capacity = capacity)
        .over(&BOTH, |each, turvakielto| each.turvakielto = turvakielto)
        .over(&BOTH, |each, customer| each.multi_sector_customer = customer)
        .stating(&grounds)
        .under(&[[None, None], EXPLICIT, EXPLICIT_OF_GUARDIAN, EXPLICIT_FOR_A_MINOR])
        .despite(&[Scope::None, Scope::All, Scope::OtherTask]);
    world.0
}

/// Situations, to be multiplied by a further dimension.
struct Product(Vec<Situation>);

impl Product {
    fn new() -> Product {
        Product(vec![Situation::PLAIN])
    }

    fn over<V: Copy>(self, values: &[V], set: impl Fn(&mut Situation, V)) -> Product {
        let vary = |situation: Situation| {
            values
                .iter()
                .map(|value| {
                    let mut varied = situation;
                    set(&mut varied, *value);
                    varied
                })
                .collect::<Vec<_>>()
        };
        Product(self.0.into_iter().flat_map(vary).collect())
    }

    fn between_all(self) -> Product {
        self.over(Kind::ALL, |each, from| each.from = from).over(Kind::ALL, |each, to| each.to = to)
    }

    fn between(self, pairs: &[(Kind, Kind)]) -> Product {
        self.over(pairs, |each, (from, to)| (each.from, each.to) = (from, to))
    }

    fn read_by_agencies(self) -> Product {
        self.over(&AGENCIES, |each, reader| each.reader = reader)
    }

    /// For the eyes of whoever did not write the category.
    fn disclosing(self, categories: &[DataCategory]) -> Product {
        self.over(categories, |each, category| {
            each.category = category;
            each.reader = if each.goes_back() { Reader::Sender } else { Reader::Recipient };
        })
    }

    fn about(self, categories: &[DataCategory]) -> Product {
        self.over(categories, |each, category| each.category = category)
    }

    fn under(self, consents: &[[Option<Given>; 2]]) -> Product {
        self.over(consents, |each, consents| each.consents = consents)
    }

    fn despite(self, prohibitions: &[Scope]) -> Product {
        self.over(prohibitions, |each, prohibition| each.prohibition = prohibition)
    }

    fn aged(self, ages: &[Option<Age>]) -> Product {
        self.over(ages, |each, age| each.age = age)
    }

    fn stating(self, grounds: &[LegalGround]) -> Product {
        self.over(grounds, |each, ground| each.ground = ground)
    }

    fn for_purposes(self, purposes: &[Purpose]) -> Product {
        self.over(purposes, |each, purpose| each.purpose = purpose)
    }
}

/// Every kind of agency on either side, under one consent or permit.
fn consents_between_all() -> Product {
    let own = |instrument, wording| one(Given::own(instrument, wording));
    let consents = [
        [None, None],
        own(Instrument::Consent, Wording::Plain),
        own(Instrument::Consent, Wording::Explicit),
        own(Instrument::SocialPermit, Wording::Explicit),
        own(Instrument::HealthPermit, Wording::Explicit),
    ];
    Product::new()
        .between_all()
        .disclosing(&[
            DataCategory::IdentityContact,
            DataCategory::HealthCapacity,
            DataCategory::ReferralStatus,
        ])
        .under(&consents)
        .over(&BOTH, |each, agreement| each.agreement = agreement)
}

fn consents_of_all_ages() -> Product {
    let alone = instruments(&[Wording::Explicit], &[[None, None]]);
    let mut consents: Vec<_> = alone.iter().map(|given| one(*given)).collect();
    consents.extend(pairs(&alone).map(|(first, second)| [Some(first), Some(second)]));
    Product::new()
        .between(&PAIRS[..5])
        .disclosing(&TELLING)
        .under(&consents)
        .aged(&[None, Some(Age::nearly(18)), Some(Age::exactly(18))])
        .over(&CAPACITIES, |each, capacity| each.capacity = capacity)
}

fn consents_that_do_not_fit() -> Product {
    let mut flags = vec![[None, None]];
    flags.extend(misfits().map(|flag| [Some(flag), None]));
    flags.extend(pairs(&misfits().collect::<Vec<_>>()).map(|(first, second)| [Some(first), Some(second)]));
    let consents: Vec<_> = instruments(Wording::ALL, &flags).into_iter().map(one).collect();
    Product::new()
        .between(&PAIRS[..3])
        .aged(&[Some(Age::nearly(18))])
        .over(&[Capacity::NotAssessed, Capacity::Capable], |each, capacity| each.capacity = capacity)
        .about(&[DataCategory::IdentityContact, DataCategory::QualityOfLife, DataCategory::ReferralStatus])
        .read_by_agencies()
        .under(&consents)
}

/// What one consent lacks, another one does not make up for.
fn two_consents() -> Product {
    let mut flags = vec![[None, None]];
    flags.extend(misfits().map(|flag| [Some(flag), None]));
    let own = instruments(Wording::ALL, &flags).into_iter().filter(|given| given.giver == Giver::Self_);
    let both: Vec<_> =
        pairs(&own.collect::<Vec<_>>()).map(|(first, second)| [Some(first), Some(second)]).collect();
    Product::new()
        .between(&PAIRS[..3])
        .disclosing(&[
            DataCategory::IdentityContact,
            DataCategory::HealthCapacity,
            DataCategory::ReferralStatus,
        ])
        .under(&both)
}

/// Before and after the law on permits to disclose.
fn consents_of_all_days() -> Product {
    let given: Vec<_> = instruments(&[Wording::Explicit], &[[None, None]]).into_iter().map(one).collect();
    Product::new()
        .between(&PAIRS[1..3])
        .disclosing(&TELLING)
        .under(&given)
        .aged(&[Some(Age::nearly(18)), Some(Age::exactly(18))])
        .over(&[Capacity::NotAssessed, Capacity::Capable], |each, capacity| each.capacity = capacity)
        .over(&DAYS, |each, day| each.day = day)
}

/// Before and after each of the laws.
fn grounds_of_all_days() -> Product {
    Product::new()
        .between(&[(Kind::Kela, Kind::Social), (Kind::School, Kind::Outreach)])
        .for_purposes(&[Purpose::OutreachYouthWork])
        .aged(&[None, Some(Age::nearly(18)), Some(Age::exactly(18)), Some(Age::exactly(25))])
        .about(&[DataCategory::IdentityContact, DataCategory::ServiceNeeds, DataCategory::BenefitsIncome])
        .stating(&GROUNDS)
        .under(&[[None, None], EXPLICIT])
        .despite(&[Scope::None, Scope::All])
        .over(Day::ALL, |each, day| each.day = day)
}

fn prohibitions_and_purposes() -> Product {
    Product::new()
        .between(&PAIRS[..3])
        .read_by_agencies()
        .about(&categories())
        .for_purposes(&PURPOSES)
        .under(&[[None, None], EXPLICIT])
        .despite(Scope::ALL)
}

/// Every kind of agency on either side, by law.
fn grounds_between_all() -> Product {
    Product::new()
        .between_all()
        .for_purposes(&[Purpose::OutreachYouthWork])
        .aged(&[Some(Age::nearly(18))])
        .about(&[DataCategory::IdentityContact, DataCategory::ServiceNeeds])
        .stating(&GROUNDS)
}

fn grounds_of_all_ages() -> Product {
    Product::new()
        .between(&[(Kind::Kela, Kind::Social), (Kind::School, Kind::Outreach)])
        .for_purposes(&[Purpose::OutreachYouthWork])
        .aged(&AGES)
        .about(&categories())
        .stating(&GROUNDS)
        .despite(&[
            Scope::None,
            Scope::All,
            Scope::ThisDiscloser,
            Scope::OtherTask,
            Scope::TaskOriginUnstated,
        ])
}

fn grounds_for_all_purposes() -> Product {
    Product::new()
        .between(&PAIRS)
        .for_purposes(&PURPOSES)
        .aged(&[Some(Age::nearly(18))])
        .about(&[DataCategory::IdentityContact])
        .stating(&GROUNDS)
        .over(&BOTH, |each, agreement| each.agreement = agreement)
        .over(Home::ALL, |each, home| each.home = home)
}

fn multi_sector_support() -> Product {
    Product::new()
        .between_all()
        .about(&[DataCategory::HealthCapacity, DataCategory::Housing])
        .for_purposes(&[Purpose::MultiSectorSupport, Purpose::EmploymentServices])
        .over(&BOTH, |each, customer| each.multi_sector_customer = customer)
}

fn multi_sector_data() -> Product {
    Product::new()
        .between(&PAIRS[2..5])
        .about(&categories())
        .for_purposes(&[Purpose::MultiSectorSupport, Purpose::SocialServices])
        .over(&BOTH, |each, customer| each.multi_sector_customer = customer)
        .over(&DAYS, |each, day| each.day = day)
        .despite(Scope::ALL)
}

fn protected_addresses() -> Product {
    Product::new()
        .over(&[Kind::Kela, Kind::School, Kind::Health], |each, from| each.from = from)
        .over(Kind::ALL, |each, to| each.to = to)
        .for_purposes(&[Purpose::OutreachYouthWork])
        .aged(&[Some(Age::nearly(18))])
        .over(&BOTH, |each, turvakielto| each.turvakielto = turvakielto)
        .about(&[DataCategory::AddressContact, DataCategory::IdentityContact])
        .stating(&GROUNDS)
        .under(&[[None, None], EXPLICIT])
        .despite(&[Scope::None, Scope::All])
}

fn staff() -> Product {
    Product::new()
        .between(&[PAIRS[0], PAIRS[2], (Kind::School, Kind::Unknown)])
        .over(&BOTH, |each, agreement| each.agreement = agreement)
        .read_by_agencies()
        .over(&[Role::System, Role::Worker, Role::Coordinator, Role::Peer], |each, role| each.role = role)
        .over(Unit::ALL, |each, unit| each.unit = unit)
        .over(&BOTH, |each, customer| each.customer = customer)
        .about(&[DataCategory::IdentityContact, DataCategory::ReferralStatus])
        .stating(&[LegalGround::Unspecified, LegalGround::SocialCareInability])
        .under(&[[None, None], EXPLICIT])
        .despite(Scope::ALL)
}

fn young_people() -> Product {
    Product::new()
        .between(&[PAIRS[2], (Kind::School, Kind::Unknown)])
        .over(&[false], |each, agreement| each.agreement = agreement)
        .over(&[Reader::YoungPerson], |each, reader| each.reader = reader)
        .over(&[Role::Self_, Role::Guardian, Role::Representative], |each, role| each.role = role)
        .about(&categories())
        .aged(&AGES[..4])
        .over(&CAPACITIES, |each, capacity| each.capacity = capacity)
        .under(&[[None, None], EXPLICIT])
        .despite(Scope::ALL)
}

fn protected_addresses_at_home() -> Product {
    Product::new()
        .between(&PAIRS)
        .over(&[Reader::YoungPerson], |each, reader| each.reader = reader)
        .over(&[Role::Self_, Role::Guardian, Role::Representative], |each, role| each.role = role)
        .about(&[DataCategory::AddressContact, DataCategory::IdentityContact])
        .aged(&AGES[..4])
        .over(&CAPACITIES, |each, capacity| each.capacity = capacity)
        .over(&BOTH, |each, turvakielto| each.turvakielto = turvakielto)
        .despite(&[Scope::None, Scope::All, Scope::ThisDiscloser, Scope::OtherTask])
}

/// What was given while the young person was a minor, by whom and with which end.
fn consents_for_minors() -> Product {
    let flags = [None, Some(Flag::Expired), Some(Flag::NotYet)].map(|flag| [Some(Flag::ForAMinor), flag]);
    let given = instruments(Wording::ALL, &flags);
    Product::new()
        .between(&PAIRS[..3])
        .disclosing(&[
            DataCategory::IdentityContact,
            DataCategory::HealthCapacity,
            DataCategory::ReferralStatus,
        ])
        .under(&given.into_iter().map(one).collect::<Vec<_>>())
        .aged(&[None, Some(Age::nearly(18)), Some(Age::exactly(18)), Some(Age::exactly(20))])
        .over(&[Capacity::NotAssessed, Capacity::Capable], |each, capacity| each.capacity = capacity)
}

/// Why a consent may not fit, whoever has given it.
fn misfits() -> impl Iterator<Item = Flag> {
    Flag::ALL.iter().copied().filter(|flag| *flag != Flag::ForAMinor)
}

/// Every category that tells something about a person.
pub(super) fn categories() -> Vec<DataCategory> {
    CategorySet::ALL.difference(CategorySet::of(&[DataCategory::Envelope])).iter().collect()
}

const fn one(given: Given) -> [Option<Given>; 2] {
    [Some(given), None]
}

fn instruments(wordings: &[Wording], flags: &[[Option<Flag>; 2]]) -> Vec<Given> {
    let mut found = Vec::new();
    for &instrument in Instrument::ALL {
        for &giver in Giver::ALL {
            for &wording in wordings {
                found.extend(flags.iter().map(|&flags| Given { instrument, giver, wording, flags }));
            }
        }
    }
    found
}

/// Two different ones of the list, in its order.
fn pairs<V: Copy>(values: &[V]) -> impl Iterator<Item = (V, V)> {
    values
        .iter()
        .enumerate()
        .flat_map(|(place, first)| values.iter().skip(place + 1).map(|second| (*first, *second)))
}
