//! The small world that the tests play in: three authorities, an association, a stranger, one young person.

use jiff::Timestamp;
use polku_policy::{
    ActorRole, Agency, Channel, ConsentIndex, Directory, Engine, Grant, GrantKind, Period, Prohibition,
    PurposeSet, Question, Rules, Sector, Standing, Viewer,
};
use polku_proto::v1::{DataCategory, Purpose};
use polku_proto::{AgencyId, CategorySet, ConsentId, ProhibitionId, YouthId};
use uuid::Uuid;

/// The instant of most questions, in seconds.
pub(crate) const NOW: i64 = 1000;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(crate) fn id(text: &str) -> AgencyId {
    text.parse().unwrap()
}

pub(crate) fn youth() -> YouthId {
    YouthId::from_uuid(Uuid::from_u128(1))
}

pub(crate) fn consent_id(number: u128) -> ConsentId {
    ConsentId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn channel(from: &str, to: &str) -> Channel {
    Channel { from: id(from), to: id(to) }
}

pub(crate) fn directory() -> Directory {
    let agency = |text, sector, standing| Agency { id: id(text), sector, standing };
    Directory::new(
        vec![
            agency("te", Sector::Employment, Standing::Authority),
            agency("kela", Sector::Benefits, Standing::Authority),
            agency("social", Sector::Social, Standing::Authority),
            agency("vamos", Sector::Ngo, Standing::NotAuthority),
        ],
        vec![channel("te", "social"), channel("social", "te"), channel("te", "vamos")],
    )
    .unwrap()
}

pub(crate) fn engine() -> Engine {
    Engine::new(Rules::shipped().unwrap(), directory()).unwrap()
}

/// A question of the employment services' referral to the social services.
pub(crate) fn question(viewer: Viewer) -> Question {
    let actor = match viewer {
        Viewer::Addressee | Viewer::Author => ActorRole::Professional("counsellor".to_owned()),
        Viewer::Subject => ActorRole::Subject,
    };
    Question {
        youth: youth(),
        channel: channel("te", "social"),
        viewer,
        purpose: Purpose::Guidance,
        actor,
        now: at(NOW),
    }
}

/// A consent from the employment services to the social services, in force at [`NOW`].
pub(crate) fn grant(categories: &[DataCategory]) -> Grant {
    Grant {
        id: consent_id(1),
        version: 1,
        youth: youth(),
        kind: GrantKind::Consent,
        disclosers: vec![id("te")],
        recipients: vec![id("social")],
        purposes: PurposeSet::of(&[Purpose::Guidance]),
        categories: CategorySet::of(categories),
        explicit: CategorySet::EMPTY,
        period: Period::new(at(NOW - 100), Some(at(NOW + 100))).unwrap(),
    }
}

/// A prohibition of everything.
pub(crate) fn prohibition() -> Prohibition {
    Prohibition {
        id: ProhibitionId::from_uuid(Uuid::from_u128(1)),
        youth: youth(),
        disclosers: Vec::new(),
        recipients: Vec::new(),
        categories: CategorySet::EMPTY,
    }
}

pub(crate) fn index(grants: &[Grant], prohibitions: &[Prohibition]) -> ConsentIndex {
    let mut index = ConsentIndex::new();
    for grant in grants {
        index.put_grant(grant.clone(), 1);
    }
    for prohibition in prohibitions {
        index.put_prohibition(prohibition.clone(), 2);
    }
    index
}

/// All but the envelope.
pub(crate) fn personal() -> CategorySet {
    CategorySet::ALL.difference(CategorySet::of(&[DataCategory::Envelope]))
}
