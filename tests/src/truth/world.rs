//! How does a situation look to the engine? Real agencies, consents, prohibitions and questions.

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use polku_policy::{
    ActorRole, Agency, Agreement, Channel, ConsentIndex, Directory, GivenBy, Grant, GrantKind, LegalStatus,
    Origin, Period, Prohibition, PurposeSet, Question, Relation, Sector, Standing, Task, Viewer,
};
use polku_proto::v1::{DataCategory, PermitDomain, Purpose};
use polku_proto::{
    AgencyId, CategorySet, ConsentId, LegalStatusId, Party, ProhibitionId, UnitId, YouthId, time,
};
use uuid::Uuid;

use super::situation::{Age, Birthday, Given, Situation};
use super::words::{Day, Flag, Giver, Home, Instrument, Kind, Reader, Role, Scope, Unit, Wording};

/// The agency that has nothing to do with the matter.
const BYSTANDER: &str = "bystander";
/// The municipality that the agencies work for, and another one.
const HOME: &str = "049";
const ELSEWHERE: &str = "091";
/// The unit that has the matter, and another one of the same agency.
const UNIT: &str = "north";
const OTHER_UNIT: &str = "south";
/// The service task and the documents that the sender's data stem from, and others.
const TASK: &str = "task-1";
const OTHER_TASK: &str = "task-2";
const DOCUMENTS: [&str; 2] = ["document-1", "document-2"];
const OTHER_DOCUMENT: &str = "document-3";

/// A sender and a recipient of every kind but the unknown one; with or without an agreement for each pair.
pub(super) fn directory(agreed: Agreed) -> Result<Directory> {
    let mut agencies = vec![Agency::new(BYSTANDER.parse()?, Sector::Employment, Standing::Authority)];
    let mut agreements = Vec::new();
    for &from in Kind::ALL {
        agencies.extend(agency("from", from)?);
        agencies.extend(agency("to", from)?);
        for &to in Kind::ALL {
            if agreed == Agreed::All && from != Kind::Unknown && to != Kind::Unknown {
                agreements.push(Agreement { from: agency_id("from", from)?, to: agency_id("to", to)? });
            }
        }
    }
    Ok(Directory::new(agencies, agreements)?)
}

/// Which agencies have an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreed {
    All,
    Nobody,
}

fn agency(side: &str, kind: Kind) -> Result<Option<Agency>> {
    use Standing::{Authority, NotAuthority};
    let (sector, standing, tasks): (Sector, Standing, &[Task]) = match kind {
        Kind::Employment => (Sector::Employment, Authority, &[]),
        Kind::Kela => (Sector::Benefits, Authority, &[]),
        Kind::Social => (Sector::Social, Authority, &[]),
        Kind::SocialWithAddresses => (Sector::Social, Authority, &[Task::ProtectedAddresses]),
        Kind::PrivateSocial => (Sector::Social, NotAuthority, &[]),
        Kind::Health => (Sector::Health, Authority, &[]),
        Kind::Workshop => (Sector::Ngo, NotAuthority, &[]),
        Kind::Outreach => (Sector::YouthWork, Authority, &[Task::OutreachYouthWork]),
        Kind::OutreachWithAddresses => {
            (Sector::YouthWork, Authority, &[Task::OutreachYouthWork, Task::ProtectedAddresses])
        }
        Kind::OutreachAssociation => (Sector::YouthWork, NotAuthority, &[Task::OutreachYouthWork]),
        Kind::School => (Sector::Education, NotAuthority, &[]),
        Kind::Unknown => return Ok(None),
    };
    let mut agency = Agency::new(agency_id(side, kind)?, sector, standing);
    agency.tasks.extend(tasks);
    agency.municipalities.insert(HOME.parse()?);
    Ok(Some(agency))
}

fn agency_id(side: &str, kind: Kind) -> Result<AgencyId> {
    let place = Kind::ALL.iter().position(|each| *each == kind).context("a kind that is none")?;
    Ok(format!("{side}-{place}").parse()?)
}

/// What the engine is asked.
pub(super) fn question(situation: &Situation) -> Result<Question> {
    let channel = channel(situation)?;
    let (viewer, own, other) = match situation.reader {
        Reader::Recipient => (Viewer::Addressee, &channel.to, &channel.from),
        Reader::Sender => (Viewer::Author, &channel.from, &channel.to),
        Reader::YoungPerson => (Viewer::Subject, &channel.to, &channel.from),
    };
    let at = match situation.unit {
        Unit::None | Unit::Own => own.clone(),
        Unit::Other => Party { unit: Some(unit(OTHER_UNIT)?), ..own.clone() },
        Unit::OtherParty => other.clone(),
    };
    let professional = |role: &str| ActorRole::Professional { at: at.clone(), role: role.to_owned() };
    let actor = match situation.role {
        Role::System => ActorRole::System,
        Role::Worker => professional("guidance_worker"),
        Role::Coordinator => professional("coordinator"),
        Role::Peer => professional("peer"),
        Role::Self_ => ActorRole::Subject,
        Role::Guardian => ActorRole::Guardian,
        Role::Representative => ActorRole::Representative,
    };
    let now = instant(situation.day)?;
    let mut question = Question::new(youth(), channel, viewer, situation.purpose, now);
    question.actor = actor;
    question.ground = situation.ground;
    question.origin = origin(situation.prohibition);
    question.relation = if situation.customer { Relation::Established } else { Relation::None };
    question.home_municipality = match situation.home {
        Home::OfTheParties => Some(HOME.parse()?),
        Home::Elsewhere => Some(ELSEWHERE.parse()?),
        Home::Unstated => None,
    };
    Ok(question)
}

/// What is known of the young person.
pub(super) fn index(situation: &Situation) -> Result<ConsentIndex> {
    let mut index = ConsentIndex::new();
    if let Some(age) = situation.age {
        index.put_person(youth(), born(age, situation.day)?);
    }
    for (place, given) in (1..).zip(situation.consents.iter().flatten()) {
        let grant = grant(given, ConsentId::from_uuid(Uuid::from_u128(place)), situation)?;
        index.put_grant(&grant, 1);
        if given.has(Flag::Withdrawn) {
            index.remove_grant(youth(), grant.id, 2);
        }
    }
    if situation.prohibition != Scope::None {
        index.put_prohibition(prohibition(situation)?, 3);
    }
    let statuses = [
        (situation.turvakielto, LegalStatus::AddressProtected),
        (situation.multi_sector_customer, LegalStatus::MultiSectorSupport),
        (true, LegalStatus::Capacity(situation.capacity)),
    ];
    for (place, (_, status)) in (1..).zip(statuses).filter(|(_, (holds, _))| *holds) {
        index.put_status(youth(), LegalStatusId::from_uuid(Uuid::from_u128(place)), status, 4);
    }
    Ok(index)
}

/// Professionals work in units, so the matter is between units then. Systems speak for whole agencies.
fn channel(situation: &Situation) -> Result<Channel> {
    let mut channel = Channel::between(agency_id("from", situation.from)?, agency_id("to", situation.to)?);
    if situation.unit != Unit::None {
        channel.from.unit = Some(unit(UNIT)?);
        channel.to.unit = Some(unit(UNIT)?);
    }
    Ok(channel)
}

/// Who tells it, and whom.
fn disclosure(situation: &Situation) -> Result<(AgencyId, AgencyId)> {
    let (from, to) = (agency_id("from", situation.from)?, agency_id("to", situation.to)?);
    Ok(if situation.goes_back() { (to, from) } else { (from, to) })
}

fn grant(given: &Given, id: ConsentId, situation: &Situation) -> Result<Grant> {
    let now = instant(situation.day)?;
    let (discloser, recipient) = disclosure(situation)?;
    let mut discloser =
        Party::whole(if given.has(Flag::OtherDiscloser) { BYSTANDER.parse()? } else { discloser });
    let mut recipient =
        Party::whole(if given.has(Flag::OtherRecipient) { BYSTANDER.parse()? } else { recipient });
    if given.has(Flag::OtherUnit) {
        recipient.unit = Some(unit(OTHER_UNIT)?);
    }
    if given.has(Flag::Reversed) {
        std::mem::swap(&mut discloser, &mut recipient);
    }
    let category =
        if given.has(Flag::OtherCategory) { other_category(situation) } else { situation.category };
    let categories = CategorySet::of(&[category]);
    let purpose = match (given.has(Flag::OtherPurpose), situation.purpose) {
        (false, asked) => asked,
        (true, Purpose::Guidance) => Purpose::EmploymentServices,
        (true, _) => Purpose::Guidance,
    };
    // Expired: since this very instant. Not yet: from the next microsecond on.
    let period = if given.has(Flag::Expired) {
        Period::new(now - 1.hour(), Some(now))?
    } else if given.has(Flag::NotYet) {
        Period::new(now + 1.microsecond(), Some(now + 1.hour()))?
    } else {
        Period::new(now, Some(now + 1.microsecond()))?
    };
    Ok(Grant {
        id,
        version: 1,
        youth: youth(),
        kind: match given.instrument {
            Instrument::Consent => GrantKind::Consent,
            Instrument::SocialPermit => GrantKind::DisclosurePermit(PermitDomain::Social),
            Instrument::HealthPermit => GrantKind::DisclosurePermit(PermitDomain::Health),
        },
        given_by: match given.giver {
            Giver::Self_ => GivenBy::Self_,
            Giver::Guardian => GivenBy::Guardian,
            Giver::Representative => GivenBy::Representative,
        },
        given: if given.has(Flag::ForAMinor) { as_a_minor(situation)?.min(now) } else { now },
        disclosers: vec![discloser],
        recipients: vec![recipient],
        purposes: PurposeSet::of(&[purpose]),
        categories,
        explicit: if given.wording == Wording::Explicit { categories } else { CategorySet::EMPTY },
        period,
    })
}

/// A day on which the young person was a minor, if anybody knows their age.
fn as_a_minor(situation: &Situation) -> Result<Timestamp> {
    let Some(age) = situation.age else { return instant(situation.day) };
    Ok(time::start_of_finnish_date(born(age, situation.day)?.checked_add(17.years())?)?)
}

fn prohibition(situation: &Situation) -> Result<Prohibition> {
    let (discloser, recipient) = disclosure(situation)?;
    let mut prohibition = Prohibition {
        id: ProhibitionId::from_uuid(Uuid::from_u128(1)),
        youth: youth(),
        disclosers: Vec::new(),
        recipients: Vec::new(),
        categories: CategorySet::EMPTY,
        service_tasks: Vec::new(),
        documents: Vec::new(),
    };
    match situation.prohibition {
        Scope::None | Scope::All => {}
        Scope::ThisCategory => prohibition.categories.insert(situation.category),
        Scope::OtherCategory => prohibition.categories.insert(other_category(situation)),
        Scope::ThisRecipient => prohibition.recipients.push(recipient),
        Scope::OtherRecipient => prohibition.recipients.push(BYSTANDER.parse()?),
        Scope::ThisDiscloser => prohibition.disclosers.push(discloser),
        Scope::OtherDiscloser => prohibition.disclosers.push(BYSTANDER.parse()?),
        Scope::Reversed => {
            prohibition.disclosers.push(recipient);
            prohibition.recipients.push(discloser);
        }
        Scope::TaskOfOrigin | Scope::TaskOriginUnstated => {
            prohibition.disclosers.push(discloser);
            prohibition.service_tasks.push(TASK.to_owned());
        }
        Scope::OtherTask => {
            prohibition.disclosers.push(discloser);
            prohibition.service_tasks.push(OTHER_TASK.to_owned());
        }
        Scope::DocumentOfOrigin => {
            prohibition.disclosers.push(discloser);
            prohibition.documents.extend(DOCUMENTS.iter().skip(1).map(ToString::to_string));
        }
        Scope::OtherDocument => {
            prohibition.disclosers.push(discloser);
            prohibition.documents.push(OTHER_DOCUMENT.to_owned());
        }
    }
    Ok(prohibition)
}

/// The first task and the first two documents, unless nobody has said.
fn origin(prohibition: Scope) -> Origin {
    if prohibition == Scope::TaskOriginUnstated {
        return Origin::Unstated;
    }
    Origin::Stated {
        service_task: Some(TASK.to_owned()),
        documents: DOCUMENTS.iter().map(ToString::to_string).collect(),
    }
}

fn other_category(situation: &Situation) -> DataCategory {
    if situation.category == DataCategory::ServiceAttendance {
        DataCategory::EducationWork
    } else {
        DataCategory::ServiceAttendance
    }
}

/// The first instant of the day in Helsinki, or the last one where the day is the last before a law.
pub(super) fn instant(day: Day) -> Result<Timestamp> {
    let offset = if day.is_in_summer() { "+03:00" } else { "+02:00" };
    Ok(format!("{day}T{}{offset}", day.clock()).parse()?)
}

fn born(age: Age, day: Day) -> Result<Date> {
    let today: Date = day.to_string().parse()?;
    let years = i32::from(age.years);
    Ok(match age.birthday {
        Birthday::Today => today.checked_sub(years.years())?,
        Birthday::Tomorrow => today.tomorrow()?.checked_sub((years + 1).years())?,
    })
}

fn unit(text: &str) -> Result<UnitId> {
    Ok(text.parse()?)
}

const fn youth() -> YouthId {
    YouthId::from_uuid(Uuid::from_u128(1))
}
