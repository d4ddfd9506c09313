//! What do the rules know of the agencies? Cedar entities, made once, and a small number for each agency.

use std::collections::HashMap;

use cedar_policy::{Entities, Entity, EntityUid, RestrictedExpression};
use foldhash::fast::RandomState;
use polku_proto::AgencyId;

use super::EngineError;
use super::vocabulary::Vocabulary;
use crate::directory::{Agency, Directory, Municipality, Sector, Standing, Task};
use crate::question::Channel;
use crate::rules::Rules;

/// The place of an agency: 0 for every one that the directory does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Side(pub(super) u16);

/// The agencies of the directory.
pub(super) struct Agencies {
    places: HashMap<AgencyId, Side, RandomState>,
    known: Vec<Known>,
    entities: Entities,
}

struct Known {
    sector: Option<Sector>,
    uid: EntityUid,
    /// Whom it may disclose to by an agreement, in order.
    agreed: Vec<Side>,
    /// Whose work it does, in order.
    municipalities: Vec<Municipality>,
}

/// The two agencies of a channel, by their places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) from: Side,
    pub(super) to: Side,
}

impl Side {
    pub(super) const UNKNOWN: Side = Side(0);
}

impl Agencies {
    pub(super) fn new(
        directory: &Directory,
        rules: &Rules,
        vocabulary: &Vocabulary,
    ) -> Result<Agencies, EngineError> {
        let mut agencies =
            Agencies { places: HashMap::default(), known: Vec::new(), entities: Entities::empty() };
        // No agency has an empty id, so this one is nobody's.
        let stranger = vocabulary.agency("");
        let mut entities = vec![entity(&stranger, None, vocabulary)?];
        agencies.known.push(Known {
            sector: None,
            uid: stranger,
            agreed: Vec::new(),
            municipalities: Vec::new(),
        });
        for agency in directory.agencies() {
            let uid = vocabulary.agency(agency.id.as_str());
            entities.push(entity(&uid, Some(agency), vocabulary)?);
            let place = u16::try_from(agencies.known.len()).map_err(|_| EngineError::TooManyAgencies)?;
            agencies.places.insert(agency.id.clone(), Side(place));
            agencies.known.push(Known {
                sector: Some(agency.sector),
                uid,
                agreed: Vec::new(),
                municipalities: agency.municipalities.iter().copied().collect(),
            });
        }
        // They come in the order of ids, as the places do: each list is in order.
        for agreement in directory.agreements() {
            let (from, to) = (agencies.side(&agreement.from), agencies.side(&agreement.to));
            if let Some(known) = agencies.known.get_mut(usize::from(from.0)) {
                known.agreed.push(to);
            }
        }
        let ages = rules.ages().iter().cloned();
        agencies.entities = Entities::from_entities(entities.into_iter().chain(ages), Some(rules.schema()))
            .map_err(|source| EngineError::AgenciesUnfit(Box::new(source)))?;
        Ok(agencies)
    }

    pub(super) fn side(&self, agency: &AgencyId) -> Side {
        self.places.get(agency).copied().unwrap_or(Side::UNKNOWN)
    }

    /// Looks both agencies of a channel up.
    pub(super) fn ends(&self, channel: &Channel) -> Ends {
        Ends { from: self.side(&channel.from.agency), to: self.side(&channel.to.agency) }
    }

    pub(super) fn sector(&self, side: Side) -> Option<Sector> {
        self.known.get(usize::from(side.0)).and_then(|known| known.sector)
    }

    /// The agency as an entity; the unknown one for a place that there is not.
    pub(super) fn uid(&self, side: Side) -> Option<&EntityUid> {
        self.known.get(usize::from(side.0)).map(|known| &known.uid)
    }

    /// Tells whether there is an agreement to disclose in this direction. What the recipient tells about the matter
    /// comes back under the same one.
    pub(super) fn agreed(&self, from: Side, to: Side) -> bool {
        let known = self.known.get(usize::from(from.0));
        known.is_some_and(|known| known.agreed.binary_search_by_key(&to.0, |side| side.0).is_ok())
    }

    /// Tells whether an agency does its work for this municipality.
    pub(super) fn serves(&self, side: Side, home: Option<Municipality>) -> bool {
        let known = self.known.get(usize::from(side.0));
        home.zip(known).is_some_and(|(home, known)| known.municipalities.binary_search(&home).is_ok())
    }

    /// The agencies and the ages.
    pub(super) fn entities(&self) -> &Entities {
        &self.entities
    }
}

fn entity(uid: &EntityUid, agency: Option<&Agency>, vocabulary: &Vocabulary) -> Result<Entity, EngineError> {
    let has = |task| agency.is_some_and(|agency| agency.tasks.contains(&task));
    let authority = agency.is_some_and(|agency| agency.standing == Standing::Authority);
    let sector = agency.map_or("unknown", |agency| agency.sector.name());
    let flags = [
        ("known", agency.is_some()),
        ("authority", authority),
        ("outreach_youth_work", has(Task::OutreachYouthWork)),
        ("protected_addresses", has(Task::ProtectedAddresses)),
    ];
    let attributes = flags
        .map(|(name, value)| (name.to_owned(), RestrictedExpression::new_bool(value)))
        .into_iter()
        .chain([("sector".to_owned(), vocabulary.sector(sector))])
        .collect();
    Entity::new(uid.clone(), attributes, std::iter::empty().collect())
        .map_err(|source| EngineError::AgencyUnfit(Box::new(source)))
}
