//! Who may see what has become of a person's data, and how much of it?

use jiff::Timestamp;
use polku_policy::{ActorRole, Decision, Relation};
use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::disclosure_actor;
use polku_proto::v1::{DataCategory, DeliveryState, Disclosure, Purpose};
use polku_proto::{AgencyId, CategorySet, LegalStatusName, YouthId};

use super::super::explain::OFFICER;
use super::super::view::own_record;
use crate::caller::{Actor, Caller};
use crate::error::{Error, check_decided};
use crate::gateway::Gateway;

/// What the list tells: with whom a young person has had to do.
const TOLD: CategorySet = CategorySet::of(&[DataCategory::ServiceAttendance]);

/// Whose eyes they are.
#[derive(Debug)]
pub(super) enum Eyes {
    Subject,
    /// A guardian, or another representative of somebody who may be a minor.
    ForAMinor,
    /// Another representative, of an adult.
    Representative,
    /// A data protection officer of this agency.
    Officer(AgencyId),
}

impl Gateway {
    /// With which eyes the caller looks, and on which grounds.
    ///
    /// # Errors
    /// [`Error::NotFound`] for whoever may see nothing: to them there is no such person.
    pub(super) async fn eyes_on_log(
        &self,
        caller: &Caller,
        youth: YouthId,
        now: Timestamp,
    ) -> Result<(Eyes, Decision), Error> {
        let mut question = own_record(caller, youth, Purpose::Unspecified, now);
        let eyes = match &caller.actor {
            Actor::Subject(_) => Eyes::Subject,
            Actor::Representative { .. } if self.speaks_for_a_minor(caller, youth, now).await? => {
                Eyes::ForAMinor
            }
            Actor::Representative { .. } => Eyes::Representative,
            Actor::Professional { role, .. } if role == OFFICER => {
                self.check_concerned(caller, youth).await?;
                // Officers are of no unit that has the matter.
                question.actor = ActorRole::System;
                Eyes::Officer(caller.agency.clone())
            }
            Actor::Professional { .. } => return Err(Error::NotFound),
        };
        let decision = self.engine().decide(&self.index(), TOLD, &question);
        check_decided(&decision)?;
        if decision.permitted() == TOLD { Ok((eyes, decision)) } else { Err(Error::NotFound) }
    }

    /// Whether the agency has to do with the person, or has had: it has acted on their data, or was sent some of it. That
    /// it has asked about them makes it no party, alone or in a batch, it itself or another one: it can ask about nobody
    /// as well, and would be told here who is somebody. It takes the same way for everybody, known or not.
    async fn check_concerned(&self, caller: &Caller, youth: YouthId) -> Result<(), Error> {
        let subject = self.subject_pseudonym(youth);
        let organisation = caller.agency.clone();
        let known = self.in_log(move |log| log.knows(&subject, organisation.as_str())).await?;
        match self.relation_of(caller, youth).await? {
            Relation::Established => Ok(()),
            Relation::None if known => Ok(()),
            Relation::None => Err(Error::NotFound),
        }
    }
}

impl Eyes {
    /// Whether these eyes are kept waiting where the law allows it: an agency knows what it has done itself.
    pub(super) fn wait(&self) -> bool {
        !matches!(self, Eyes::Officer(_))
    }

    /// What these eyes see of an entry; nothing, if it is not for them.
    pub(super) fn cut(&self, mut entry: Disclosure) -> Option<Disclosure> {
        match self {
            Eyes::Subject => Some(entry),
            Eyes::Representative => (!is_of_status(&entry)).then_some(entry),
            Eyes::ForAMinor => {
                if is_of_status(&entry) {
                    return None;
                }
                // That an address was held back can tell that it is protected.
                entry.permitted.retain(|category| *category != DataCategory::AddressContact as i32);
                entry.withheld.retain(|category| *category != DataCategory::AddressContact as i32);
                entry.reasons.clear();
                Some(entry)
            }
            Eyes::Officer(agency) => {
                if !concerns(agency, &entry) {
                    return None;
                }
                if !is_of(&entry.discloser, agency) {
                    entry.reasons.clear();
                }
                if let Some(actor) = entry.actor.as_mut().filter(|actor| actor.agency != agency.as_str()) {
                    actor.unit.clear();
                    actor.professional.clear();
                }
                Some(entry)
            }
        }
    }
}

/// Whether a legal status is made, ended or read here: who represents a minor is not told of them.
fn is_of_status(entry: &Disclosure) -> bool {
    entry.kind() == Kind::LegalStatusChanged || entry.name.parse::<LegalStatusName>().is_ok()
}

/// Whether the agency has disclosed, received or asked here. What was refused or not sent to it, it does not learn.
fn concerns(agency: &AgencyId, entry: &Disclosure) -> bool {
    use disclosure_actor::Kind as Who;
    let actor = entry.actor.as_ref();
    let acted = actor.is_some_and(|actor| {
        actor.agency == agency.as_str() && matches!(actor.kind(), Who::Professional | Who::Unspecified)
    });
    let (gave, got) = (is_of(&entry.discloser, agency), is_of(&entry.recipient, agency));
    let arrived = matches!(entry.delivery_state(), DeliveryState::Delivered | DeliveryState::InDoubt);
    acted
        || match entry.kind() {
            Kind::Shown | Kind::FactsAsked => gave || got,
            Kind::Sent => gave || (got && arrived),
            Kind::NotSent | Kind::Refused => gave,
            Kind::Unspecified
            | Kind::Identified
            | Kind::ReferralSent
            | Kind::ReferralChanged
            | Kind::Asked
            | Kind::ConsentChanged
            | Kind::ProhibitionChanged
            | Kind::LegalStatusChanged
            | Kind::PlanChanged
            | Kind::Erased
            | Kind::Recorded => false,
        }
}

/// Whether a party, `{agency}` or `{agency}/{unit}`, is of the agency.
fn is_of(party: &str, agency: &AgencyId) -> bool {
    party.split('/').next() == Some(agency.as_str())
}
