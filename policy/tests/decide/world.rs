//! The small world that the tests play in: authorities, two that are none, a stranger, one young person.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use polku_policy::{
    ActorRole, Agency, Agreement, Capacity, Channel, ConsentIndex, Directory, Engine, GivenBy, Grant,
    GrantKind, LegalStatus, Period, Prohibition, PurposeSet, Question, Rules, Sector, Standing, Task, Viewer,
};
use polku_proto::v1::{DataCategory, LegalGround, PermitDomain, Purpose};
use polku_proto::{AgencyId, CategorySet, ConsentId, LegalStatusId, Party, ProhibitionId, YouthId};
use uuid::Uuid;

/// The instant of most questions, in seconds: 2 March 2026, noon in Finland.
pub(crate) const NOW: i64 = 1_772_445_600;

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Rules::shipped().unwrap(), directory()).unwrap());

/// On how many cases something is tried: on so many, or on as many as `PROPTEST_CASES` says, where that is more.
pub(crate) fn at_least(cases: u32) -> u32 {
    let said = std::env::var_os("PROPTEST_CASES");
    said.map_or(cases, |said| said.to_str().unwrap().parse::<u32>().unwrap().max(cases))
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// An instant with an offset, as a clock on a Finnish wall shows it.
pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn id(text: &str) -> AgencyId {
    text.parse().unwrap()
}

/// An agency, or `agency/unit`.
pub(crate) fn party(text: &str) -> Party {
    text.parse().unwrap()
}

pub(crate) fn youth() -> YouthId {
    YouthId::from_uuid(Uuid::from_u128(1))
}

pub(crate) fn consent_id(number: u128) -> ConsentId {
    ConsentId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn prohibition_id(number: u128) -> ProhibitionId {
    ProhibitionId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn status_id(number: u128) -> LegalStatusId {
    LegalStatusId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn channel(from: &str, to: &str) -> Channel {
    Channel { from: party(from), to: party(to) }
}

pub(crate) fn directory() -> Directory {
    let authority = |text, sector| Agency::new(id(text), sector, Standing::Authority);
    let other = |text, sector| Agency::new(id(text), sector, Standing::NotAuthority);
    let entrusted = |agency: Agency, task| Agency { tasks: [task].into(), ..agency };
    let agreement = |(from, to)| Agreement { from: id(from), to: id(to) };
    let agreements = [
        ("te", "social"),
        ("social", "te"),
        ("te", "vamos"),
        ("te", "shelter"),
        ("te", "outreach"),
        ("kela", "social"),
        ("social", "health"),
        ("health", "social"),
        ("social", "clinic"),
        ("school", "te"),
    ];
    Directory::new(
        vec![
            authority("te", Sector::Employment),
            authority("kela", Sector::Benefits),
            authority("social", Sector::Social),
            authority("health", Sector::Health),
            Agency {
                municipalities: [HOME.parse().unwrap()].into(),
                ..entrusted(authority("outreach", Sector::YouthWork), Task::OutreachYouthWork)
            },
            entrusted(authority("shelter", Sector::Social), Task::ProtectedAddresses),
            // Entitled by name, but no authority: the directory alone opens nothing.
            entrusted(other("registry", Sector::Ngo), Task::ProtectedAddresses),
            other("school", Sector::Education),
            other("vamos", Sector::Ngo),
            other("clinic", Sector::Health),
        ],
        agreements.into_iter().map(agreement).collect(),
    )
    .unwrap()
}

/// The engine of that directory and of the shipped rules, with its memory.
pub(crate) fn engine() -> &'static Engine {
    &ENGINE
}

pub(crate) fn professional(at: &str, role: &str) -> ActorRole {
    ActorRole::Professional { at: party(at), role: role.to_owned() }
}

/// A question of the employment services' referral to the social services. A professional of the employment services
/// asks on behalf of the agencies.
pub(crate) fn question(viewer: Viewer) -> Question {
    let actor = match viewer {
        Viewer::Addressee | Viewer::Author => professional("te", "counsellor"),
        Viewer::Subject => ActorRole::Subject,
    };
    let question = Question::new(youth(), channel("te", "social"), viewer, Purpose::Guidance, at(NOW));
    Question { actor, ..question }
}

/// The addressee's question, of a system by itself, between two agencies.
pub(crate) fn between(from: &str, to: &str) -> Question {
    Question::new(youth(), channel(from, to), Viewer::Addressee, Purpose::Guidance, at(NOW))
}

/// The municipality that the outreach youth work is of.
pub(crate) const HOME: &str = "049";

/// The same on a notice to outreach youth work, about somebody who lives there.
pub(crate) fn outreach_notice(from: &str, to: &str) -> Question {
    Question {
        ground: LegalGround::OutreachNotice,
        purpose: Purpose::OutreachYouthWork,
        home_municipality: Some(HOME.parse().unwrap()),
        ..between(from, to)
    }
}

/// A consent from the employment services to the social services, given in person, in force at [`NOW`].
pub(crate) fn grant(categories: &[DataCategory]) -> Grant {
    Grant {
        id: consent_id(1),
        version: 1,
        youth: youth(),
        kind: GrantKind::Consent,
        given_by: GivenBy::Self_,
        given: at(NOW),
        disclosers: vec![party("te")],
        recipients: vec![party("social")],
        purposes: PurposeSet::of(&[Purpose::Guidance]),
        categories: CategorySet::of(categories),
        explicit: CategorySet::EMPTY,
        period: Period::new(at(NOW - 100), Some(at(NOW + 100))).unwrap(),
    }
}

/// The same between two other agencies, everything named explicitly.
pub(crate) fn grant_between(from: &str, to: &str, categories: &[DataCategory]) -> Grant {
    Grant {
        disclosers: vec![party(from)],
        recipients: vec![party(to)],
        explicit: CategorySet::of(categories),
        ..grant(categories)
    }
}

/// A permit to disclose (luovutuslupa), without end.
pub(crate) fn permit(domain: PermitDomain, from: &str, to: &str, categories: &[DataCategory]) -> Grant {
    Grant {
        kind: GrantKind::DisclosurePermit(domain),
        period: Period::new(at(NOW - 100), None).unwrap(),
        ..grant_between(from, to, categories)
    }
}

/// A prohibition of everything.
pub(crate) fn prohibition() -> Prohibition {
    Prohibition {
        id: prohibition_id(1),
        youth: youth(),
        disclosers: Vec::new(),
        recipients: Vec::new(),
        categories: CategorySet::EMPTY,
        service_tasks: Vec::new(),
        documents: Vec::new(),
    }
}

/// Of somebody who is of age.
pub(crate) fn index(grants: &[Grant], prohibitions: &[Prohibition]) -> ConsentIndex {
    let mut index = ConsentIndex::new();
    index.put_person(youth(), date("2004-06-15"));
    for grant in grants {
        index.put_grant(grant, 1);
    }
    for prohibition in prohibitions {
        index.put_prohibition(prohibition.clone(), 2);
    }
    index
}

/// All but the envelope.
pub(crate) fn personal() -> CategorySet {
    CategorySet::ALL.difference(CategorySet::ENVELOPE)
}

/// The categories of a set as a list.
pub(crate) fn listed(categories: CategorySet) -> Vec<DataCategory> {
    categories.iter().collect()
}

/// A minor's capacity, as it was assessed.
pub(crate) const fn assessed(capacity: Capacity) -> LegalStatus {
    LegalStatus::Capacity(capacity)
}
