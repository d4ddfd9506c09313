//! What is the case about? The question, and what is known of the young person.

use jiff::{Span, Timestamp};
use polku_proto::v1::{LegalGround, Purpose};
use polku_proto::{AgencyId, CategorySet, LegalStatusId, Party, UnitId, YouthId, time};
use uuid::Uuid;

use super::fields::Fields;
use super::word;
use super::{CaseError, Head};
use crate::index::{ConsentIndex, LegalStatus};
use crate::question::{ActorRole, Channel, Origin, Question, Relation, Viewer};
use crate::spelling::Spelled;

/// The young person of every case.
const YOUTH: YouthId = YouthId::from_uuid(Uuid::from_u128(1));

/// The role of a professional whose role makes no difference.
const SOME_ROLE: &str = "adviser";

/// A question, and the index that it is put to.
#[derive(Debug, Clone)]
pub(super) struct Situation {
    pub(super) index: ConsentIndex,
    pub(super) asks: CategorySet,
    pub(super) question: Question,
}

/// On whose behalf a case is read.
#[derive(Debug, Clone, Copy)]
enum Actor {
    System,
    Professional,
    YoungPerson,
    Guardian,
    Representative,
}

impl Situation {
    pub(super) fn read(fields: &mut Fields, head: &Head) -> Result<Situation, CaseError> {
        let channel = Channel { from: party(fields, "from", head)?, to: party(fields, "to", head)? };
        let viewer = fields.word("reader")?.unwrap_or(Viewer::Addressee);
        let on = fields.instant("on")?.or(head.on);
        let now = fields.required("on", on)?;
        let purpose = fields.word("purpose")?.or(head.purpose.filter(|_| viewer != Viewer::Subject));
        let purpose = match viewer {
            Viewer::Subject => purpose.unwrap_or(Purpose::Unspecified),
            Viewer::Addressee | Viewer::Author => fields.required("purpose", purpose)?,
        };
        let asks = fields.words("asks")?;
        let asks: CategorySet = fields.required("asks", asks)?.into_iter().collect();
        let relation = match fields.flag("customer")? {
            Some(false) => Relation::None,
            Some(true) | None => Relation::Established,
        };
        let question = Question {
            actor: actor(fields, viewer, &channel)?,
            ground: fields.word("ground")?.unwrap_or(LegalGround::Unspecified),
            origin: origin(fields)?,
            relation,
            home_municipality: fields.id("municipality")?,
            ..Question::new(YOUTH, channel, viewer, purpose, now)
        };
        let mut index = ConsentIndex::new();
        standing(fields, now, &mut index)?;
        word::read(fields, &question, asks, &mut index)?;
        Ok(Situation { index, asks, question })
    }
}

/// Reads an agency that is listed, or expressly not.
fn party(fields: &mut Fields, key: &'static str, head: &Head) -> Result<Party, CaseError> {
    let party: Option<Party> = fields.id(key)?;
    let party = fields.required(key, party)?;
    let known = |agency: &AgencyId| head.directory.agency(agency).is_some() || head.unlisted.contains(agency);
    if known(&party.agency) { Ok(party) } else { Err(fields.unknown(key, party.agency.as_str())) }
}

fn actor(fields: &mut Fields, viewer: Viewer, channel: &Channel) -> Result<ActorRole, CaseError> {
    let (role, unit) = (fields.text("role")?, fields.id::<UnitId>("unit")?);
    let professional = role.is_some() || unit.is_some();
    let actor = fields.word("actor")?.unwrap_or(match viewer {
        Viewer::Addressee | Viewer::Author | Viewer::Subject if professional => Actor::Professional,
        Viewer::Subject => Actor::YoungPerson,
        Viewer::Addressee | Viewer::Author => Actor::System,
    });
    let other = match actor {
        Actor::Professional => {
            let reader = match viewer {
                Viewer::Addressee => &channel.to,
                Viewer::Author | Viewer::Subject => &channel.from,
            };
            let unit = unit.or_else(|| reader.unit.clone());
            let at = Party { agency: reader.agency.clone(), unit };
            return Ok(ActorRole::Professional { at, role: role.unwrap_or_else(|| SOME_ROLE.to_owned()) });
        }
        Actor::System => ActorRole::System,
        Actor::YoungPerson => ActorRole::Subject,
        Actor::Guardian => ActorRole::Guardian,
        Actor::Representative => ActorRole::Representative,
    };
    if professional {
        let because = "has a role or unit that only a professional has";
        return Err(CaseError::DoesNotFit { place: fields.place().to_owned(), key: "actor", because });
    }
    Ok(other)
}

fn origin(fields: &mut Fields) -> Result<Origin, CaseError> {
    match (fields.text("service_task")?, fields.texts("documents")?) {
        (None, None) => Ok(Origin::Unstated),
        (service_task, documents) => {
            Ok(Origin::Stated { service_task, documents: documents.unwrap_or_default() })
        }
    }
}

/// Reads what is known of the young person beside their word.
fn standing(fields: &mut Fields, now: Timestamp, index: &mut ConsentIndex) -> Result<(), CaseError> {
    let born = match (fields.date("born")?, fields.years("age")?) {
        (Some(_), Some(_)) => {
            let because = "is given beside the date of birth";
            return Err(CaseError::DoesNotFit { place: fields.place().to_owned(), key: "age", because });
        }
        (Some(born), None) => Some(born),
        // The last birthday was half a year ago: nobody has to count days.
        (None, Some(years)) => {
            let age = Span::new().years(years).months(6);
            time::finnish_date(now).checked_sub(age).ok()
        }
        (None, None) => None,
    };
    if let Some(born) = born {
        index.put_person(YOUTH, born);
    }
    let statuses = [
        fields.flag("protected_address")?.filter(|flag| *flag).map(|_| LegalStatus::AddressProtected),
        fields.flag("multi_sector_support")?.filter(|flag| *flag).map(|_| LegalStatus::MultiSectorSupport),
        fields.word("capacity")?.map(LegalStatus::Capacity),
    ];
    for (number, status) in (1..).zip(statuses.into_iter().flatten()) {
        index.put_status(YOUTH, LegalStatusId::from_uuid(Uuid::from_u128(number)), status, 1);
    }
    Ok(())
}

impl Spelled for Actor {
    fn spelled(self) -> &'static str {
        match self {
            Actor::System => "system",
            Actor::Professional => "professional",
            Actor::YoungPerson => "young person",
            Actor::Guardian => "guardian",
            Actor::Representative => "representative",
        }
    }

    fn every() -> impl Iterator<Item = Actor> {
        [Actor::System, Actor::Professional, Actor::YoungPerson, Actor::Guardian, Actor::Representative]
            .into_iter()
    }
}
