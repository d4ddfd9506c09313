//! Who calls: which organisation's system, and on whose behalf?
//!
//! A certificate names an organisation's system, never a person. The person on whose behalf a call is made stands
//! in the metadata `polku-actor-bin`, asserted by the organisation and checked against what is registered for it.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::iter::repeat;
use std::sync::Arc;

use polku_policy::ActorRole;
use polku_proto::id::YouthName;
use polku_proto::identity::has_hetu;
use polku_proto::v1::CallerRole;
use polku_proto::v1::actor::Who;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::{AgencyId, CallerRoles, Party, UnitId, Valid, Violations, YouthId, v1};
use prost::Message;
use tonic::metadata::MetadataMap;

use crate::config::{ActorKind, Operator, Organisation};
use crate::front::Peer;

#[cfg(test)]
mod tests;

/// The metadata key that carries the [`v1::Actor`].
pub const ACTOR_METADATA: &str = "polku-actor-bin";

/// A caller that the gateway knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// As which agency the calling system acts.
    pub agency: AgencyId,
    /// On whose behalf.
    pub actor: Actor,
}

/// The person on whose behalf a call is made.
#[derive(Clone, PartialEq, Eq)]
pub enum Actor {
    /// A professional of the calling organisation.
    Professional {
        /// The organisation's own id of the professional.
        id: String,
        /// A registered unit of the organisation.
        unit: String,
        /// A registered role of the organisation.
        role: String,
    },
    /// The young person.
    Subject(YouthId),
    /// A guardian or another representative of the young person.
    Representative {
        /// Whom the actor represents.
        youth: YouthId,
        /// In which capacity.
        capacity: Capacity,
        /// The calling front's own id of the representative.
        id: String,
    },
}

impl fmt::Debug for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Actor::Professional { .. } => "Professional(redacted)",
            Actor::Subject(_) => "Subject(redacted)",
            Actor::Representative { .. } => "Representative(redacted)",
        })
    }
}

impl Actor {
    /// The registered unit of a professional.
    fn unit(&self) -> Option<UnitId> {
        match self {
            Actor::Professional { unit, .. } => unit.parse().ok(),
            Actor::Subject(_) | Actor::Representative { .. } => None,
        }
    }
}

impl Caller {
    /// The agency, and the professional's unit where one acts.
    #[must_use]
    pub fn party(&self) -> Party {
        Party { agency: self.agency.clone(), unit: self.actor.unit() }
    }

    /// The organisation's own id of the professional who acts; empty where none does.
    #[must_use]
    pub fn professional(&self) -> &str {
        match &self.actor {
            Actor::Professional { id, .. } => id,
            Actor::Subject(_) | Actor::Representative { .. } => "",
        }
    }

    /// The actor as the contract's options name it.
    #[must_use]
    pub fn kind(&self) -> CallerRole {
        match &self.actor {
            Actor::Professional { .. } => CallerRole::Professional,
            Actor::Subject(_) => CallerRole::Subject,
            Actor::Representative { capacity: Capacity::Guardian, .. } => CallerRole::Guardian,
            Actor::Representative {
                capacity: Capacity::OtherRepresentative | Capacity::Unspecified, ..
            } => CallerRole::Representative,
        }
    }

    /// The actor as the policy engine sees it.
    #[must_use]
    pub fn role(&self) -> ActorRole {
        match &self.actor {
            Actor::Professional { role, .. } => {
                ActorRole::Professional { at: self.party(), role: role.clone() }
            }
            Actor::Subject(_) => ActorRole::Subject,
            Actor::Representative { capacity: Capacity::Guardian, .. } => ActorRole::Guardian,
            Actor::Representative {
                capacity: Capacity::OtherRepresentative | Capacity::Unspecified, ..
            } => ActorRole::Representative,
        }
    }
}

/// Why a caller is not let in. Holds nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallerError {
    /// The connection has no client certificate.
    #[error("the call comes without a client certificate")]
    NoCertificate,
    /// The certificate is good, but belongs to no registered organisation.
    #[error("the client certificate is not registered for any organisation")]
    UnknownCertificate,
    /// The certificate belongs to no operator.
    #[error("the client certificate is not registered for an operator")]
    NoOperator,
    /// The metadata `polku-actor-bin` is absent.
    #[error("the metadata polku-actor-bin is missing")]
    ActorMissing,
    /// The metadata `polku-actor-bin` is no single `polku.v1.Actor`.
    #[error("the metadata polku-actor-bin is not one polku.v1.Actor message")]
    ActorUnreadable,
    /// The actor breaks rules of the contract.
    #[error("the actor in polku-actor-bin is not well formed")]
    ActorMalformed(#[source] Violations),
    /// The organisation may not call on behalf of such an actor.
    #[error("the organisation is not registered to call on behalf of a {0}")]
    ActorNotAllowed(ActorKind),
    /// The contract opens the method to others only.
    #[error("the method is not for such a caller")]
    MethodNotAllowed(
        /// To whom.
        CallerRoles,
    ),
    /// The unit is not one of the organisation.
    #[error("the unit is not registered for the organisation")]
    UnknownUnit,
    /// The role is not one of the organisation.
    #[error("the role is not registered for the organisation")]
    UnknownRole,
}

impl CallerError {
    /// The stable reason code, as in `google.rpc.ErrorInfo.reason`.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            CallerError::NoCertificate => "CERTIFICATE_MISSING",
            CallerError::UnknownCertificate => "CERTIFICATE_UNKNOWN",
            CallerError::NoOperator => "CERTIFICATE_NOT_OPERATOR",
            CallerError::ActorMissing => "ACTOR_MISSING",
            CallerError::ActorUnreadable | CallerError::ActorMalformed(_) => "ACTOR_MALFORMED",
            CallerError::ActorNotAllowed(_) => "ACTOR_KIND_NOT_REGISTERED",
            CallerError::MethodNotAllowed(_) => "ACTOR_NOT_ALLOWED",
            CallerError::UnknownUnit => "UNIT_UNKNOWN",
            CallerError::UnknownRole => "ROLE_UNKNOWN",
        }
    }
}

/// The registry of organisations.
#[derive(Debug, Clone)]
pub struct Callers {
    by_certificate: HashMap<[u8; 32], Arc<Registered>>,
    operators: HashMap<[u8; 32], String>,
}

#[derive(Debug)]
struct Registered {
    agency: AgencyId,
    units: BTreeSet<String>,
    roles: BTreeSet<String>,
    actors: BTreeSet<ActorKind>,
}

impl Callers {
    /// Makes the registry of what the configuration lists.
    #[must_use]
    pub fn new(organisations: &[Organisation], operators: &[Operator]) -> Callers {
        let mut by_certificate = HashMap::new();
        for organisation in organisations {
            let registered = Arc::new(Registered {
                agency: organisation.agency.clone(),
                units: organisation.units.clone(),
                roles: organisation.roles.clone(),
                actors: organisation.actors.clone(),
            });
            for certificate in &organisation.certificates {
                by_certificate.insert(*certificate, Arc::clone(&registered));
            }
        }
        let certificates =
            |operator: &Operator| operator.certificates.clone().into_iter().zip(repeat(operator.id.clone()));
        Callers { by_certificate, operators: operators.iter().flat_map(certificates).collect() }
    }

    /// Finds out who makes a call.
    ///
    /// # Errors
    /// [`CallerError`] when the organisation is not known, what it says of the actor does not hold, or the method is not for
    /// such an actor.
    pub fn caller<T>(&self, request: &tonic::Request<T>) -> Result<Caller, CallerError> {
        let certificate = certificate(request)?;
        let registered = self.by_certificate.get(&certificate).ok_or(CallerError::UnknownCertificate)?;
        let actor = registered.actor(asserted(request.metadata())?)?;
        let caller = Caller { agency: registered.agency.clone(), actor };
        allow(request, caller.kind())?;
        Ok(caller)
    }

    /// Finds out which operator makes a call.
    ///
    /// # Errors
    /// [`CallerError`] when the certificate is no operator's.
    pub fn operator<T>(&self, request: &tonic::Request<T>) -> Result<&str, CallerError> {
        let certificate = certificate(request)?;
        let operator = self.operators.get(&certificate).ok_or(CallerError::NoOperator)?;
        allow(request, CallerRole::Operator)?;
        Ok(operator)
    }
}

/// Whether the method that is called is for callers in this role. One that the front does not know is for nobody.
fn allow<T>(request: &tonic::Request<T>, role: CallerRole) -> Result<(), CallerError> {
    let roles = request.extensions().get().copied().unwrap_or(CallerRoles::NONE);
    if roles.contains(role) { Ok(()) } else { Err(CallerError::MethodNotAllowed(roles)) }
}

/// SHA-256 of the certificate that the call comes with.
fn certificate<T>(request: &tonic::Request<T>) -> Result<[u8; 32], CallerError> {
    let peer = request.extensions().get::<Peer>();
    peer.and_then(|peer| peer.certificate_sha256).ok_or(CallerError::NoCertificate)
}

impl Registered {
    fn actor(&self, who: Who) -> Result<Actor, CallerError> {
        let kind = match who {
            Who::Professional(_) => ActorKind::Professional,
            Who::Subject(_) => ActorKind::Subject,
            Who::Representative(_) => ActorKind::Representative,
        };
        if !self.actors.contains(&kind) {
            return Err(CallerError::ActorNotAllowed(kind));
        }
        match who {
            Who::Professional(v1::Professional { id, unit, role }) => {
                if !self.units.contains(&unit) {
                    return Err(CallerError::UnknownUnit);
                }
                if !self.roles.contains(&role) {
                    return Err(CallerError::UnknownRole);
                }
                Ok(Actor::Professional { id, unit, role })
            }
            Who::Subject(v1::SubjectActor { youth }) => Ok(Actor::Subject(youth_of(&youth)?)),
            Who::Representative(v1::RepresentativeActor { youth, capacity, id }) => {
                let capacity = Capacity::try_from(capacity).map_err(|_| CallerError::ActorUnreadable)?;
                Ok(Actor::Representative { youth: youth_of(&youth)?, capacity, id })
            }
        }
    }
}

/// Reads what the organisation says about the actor.
fn asserted(metadata: &MetadataMap) -> Result<Who, CallerError> {
    let mut values = metadata.get_all_bin(ACTOR_METADATA).iter();
    let value = values.next().ok_or(CallerError::ActorMissing)?;
    if values.next().is_some() {
        // Which of them holds would depend on who reads.
        return Err(CallerError::ActorUnreadable);
    }
    let bytes = value.to_bytes().map_err(|_| CallerError::ActorUnreadable)?;
    let actor = v1::Actor::decode(bytes).map_err(|_| CallerError::ActorUnreadable)?;
    let actor = Valid::check(actor).map_err(CallerError::ActorMalformed)?;
    let who = actor.into_inner().who.ok_or(CallerError::ActorUnreadable)?;
    // Logs and leaves name the actor: a personal identity code must not get there.
    match &who {
        Who::Professional(v1::Professional { id, .. })
        | Who::Representative(v1::RepresentativeActor { id, .. })
            if has_hetu(id) =>
        {
            Err(CallerError::ActorUnreadable)
        }
        Who::Professional(_) | Who::Representative(_) | Who::Subject(_) => Ok(who),
    }
}

fn youth_of(name: &str) -> Result<YouthId, CallerError> {
    let name: YouthName = name.parse().map_err(|_| CallerError::ActorUnreadable)?;
    Ok(name.youth)
}
