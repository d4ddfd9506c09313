//! Who is told that somebody else has become the adult beside the young person?
//!
//! An agency that may not know who is the adult may name another one: it is told nobody (see [`worker`]). Whoever was it
//! until then is told nobody from then on, too, and would wait for somebody who goes elsewhere. Nobody is named: where the
//! agency may know, the journey says it. So it is within an agency of whose units another one names the adult.

use jiff::Timestamp;
use polku_proto::AgencyId;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::{self, JourneyEntry};

use super::super::entry::standing;
use super::super::sight::AgencyLook;
use super::super::worker;
use super::{about, agency_of};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::person::Person;
use crate::store::TaskWrite;

/// Who was beside the young person so far.
pub(super) struct Former {
    pub(super) agency: AgencyId,
    /// Who looked after them meanwhile: another one where that agency may not know that it is handed them.
    told: AgencyId,
    /// The unit that said so; empty if nobody knows it.
    unit: String,
    professional: String,
}

impl Gateway {
    /// By what was written, newest first.
    pub(super) fn former(
        &self,
        person: &Person,
        known: &[JourneyEntry],
        when: worker::When,
    ) -> Result<Option<Former>, Error> {
        let Some((current, by)) = worker::current(&standing(known.iter().collect()), when) else {
            return Ok(None);
        };
        let agency = agency_of(&current.agency)?;
        let told = self.beside(person, known, when.now)?.unwrap_or_else(|| agency.clone());
        let unit = if by.agency == told.as_str() { by.unit.clone() } else { String::new() };
        Ok(Some(Former { agency, told, unit, professional: current.professional }))
    }

    /// The task of the agency whose professional was the adult until this assignment of another agency, or unit, decides;
    /// nothing where it may know of that.
    pub(super) fn adult_replaced(
        &self,
        person: &Person,
        former: &Former,
        (by, entries): (&JourneyEntry, &[JourneyEntry]),
        now: Timestamp,
    ) -> Result<Option<TaskWrite>, Error> {
        let may_know = if former.told.as_str() == by.agency {
            former.unit.is_empty() || former.unit == by.unit
        } else {
            let look = AgencyLook::for_guidance(&former.told, person.id, now);
            self.visible(&look, entries)?.iter().any(|seen| seen.name == by.name)
        };
        if may_know {
            return Ok(None);
        }
        let professional = former.professional.clone();
        let follow_up = v1::FollowUp { professional, ..about(Kind::AdultReplaced, String::new()) };
        let holder = (former.told.clone(), former.unit.clone());
        self.new_task_with(person, holder, follow_up, now).map(Some)
    }
}
