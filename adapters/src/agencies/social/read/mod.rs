//! What do social services tell, and what do they answer? Bundles of HL7 FHIR R4, read strictly; see README.md.

mod bundle;
mod content;
pub(super) mod facts;
mod items;
mod plan;
mod task;

use jiff::Timestamp;
use polku_proto::identity::Oid;
use polku_proto::{AgencyId, Party};

use super::codes::{self, Activity};
use super::organisations::Organisations;
use crate::agencies::event;
use crate::formats::fhir::element::{read_concept, read_instant, read_reference};
use crate::formats::fhir::object::Object;
use crate::formats::fhir::{ImportError, Problem, codes as fhir, identifier_of, party};
use crate::{InboundEvent, InboundMatter};

use bundle::{Bundle, pass_meta};

/// Whose resources are read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) own: &'a AgencyId,
    pub(super) organisations: &'a Organisations,
}

/// What a Provenance says.
struct Said {
    activity: Activity,
    official: String,
    unit: String,
    occurred: Timestamp,
    targets: Vec<String>,
}

impl Reader<'_> {
    /// Reads a message of social services.
    pub(super) fn event(self, body: &[u8]) -> Result<InboundEvent, ImportError> {
        let mut bundle = Bundle::read(body)?;
        let message = bundle.message;
        let provenance = bundle.required("Provenance")?;
        let Said { activity, official, unit, occurred, targets } = self.provenance(provenance.resource)?;
        let place = bundle.place.below("entry");
        // What the word is about is what comes with it, all of it.
        let mut addresses = bundle.addresses();
        let mut meant = targets;
        addresses.sort_unstable();
        meant.sort_unstable();
        if addresses != meant {
            return Err(place.fault(Problem::Unrelated));
        }
        let matter = match activity {
            Activity::StateChanged => self.change(&mut bundle)?,
            Activity::InformationProvided => self.answer(&mut bundle)?,
            Activity::ReferralSent => InboundMatter::Referral(Box::new(self.referral(&mut bundle)?)),
            Activity::PlanTold => InboundMatter::PlanPart(Box::new(self.plan_told(&mut bundle, occurred)?)),
            Activity::ConsentWithdrawn | Activity::DataDisclosed => {
                return Err(place.fault(Problem::Unsupported));
            }
        };
        bundle.end()?;
        Ok(InboundEvent { message, official, unit, matter })
    }

    fn provenance(self, mut provenance: Object) -> Result<Said, ImportError> {
        let place = provenance.place().clone();
        let missing = |name: &str| place.below(name).fault(Problem::Missing);
        let targets = provenance.objects("target")?.into_iter().map(read_reference);
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        let recorded = read_instant(&mut provenance, "recorded")?.ok_or_else(|| missing("recorded"))?;
        let occurred = read_instant(&mut provenance, "occurredDateTime")?;
        let activity = provenance.required_object("activity")?;
        let activity_place = activity.place().clone();
        let activity = Activity::read(&read_concept(activity, codes::ACTIVITY)?);
        let mut agents = provenance.objects("agent")?.into_iter();
        let (Some(mut agent), None) = (agents.next(), agents.next()) else {
            return Err(place.below("agent").fault(Problem::Form));
        };
        let who_place = agent.at("who");
        let mut who = agent.required_object("who")?;
        let (system, official) = identifier_of(who.required_object("identifier")?)?;
        let official = Some(official).filter(|_| system == fhir::PROFESSIONAL);
        let official = official.and_then(|official| event::official(&official).ok());
        who.pass_over(&["type"]);
        who.end()?;
        let unit_place = agent.at("onBehalfOf");
        let unit = self.party(agent.required_object("onBehalfOf")?)?;
        let unit = unit.unit.filter(|_| unit.agency == *self.own);
        agent.pass_over(&["type", "id"]);
        agent.end()?;
        pass_meta(&mut provenance)?;
        provenance.pass_over(&["resourceType", "id", "policy", "text", "language"]);
        provenance.end()?;
        Ok(Said {
            activity: activity.ok_or_else(|| activity_place.fault(Problem::Unknown))?,
            official: official.ok_or_else(|| who_place.fault(Problem::Unknown))?,
            unit: unit.ok_or_else(|| unit_place.fault(Problem::UnknownOrganisation))?.to_string(),
            occurred: occurred.unwrap_or(recorded),
            targets,
        })
    }

    fn party(self, reference: Object) -> Result<Party, ImportError> {
        let find = |oid: &Oid| self.organisations.find(oid);
        party(reference, &find)
    }
}
