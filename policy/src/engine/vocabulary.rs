//! In which words are the facts put to the rules?

use cedar_policy::{
    Context, EntityId, EntityTypeName, EntityUid, ParseErrors, Request, RestrictedExpression, Schema,
};
use polku_proto::v1::LegalGround;

use super::agencies::Agencies;
use super::facts::{Actor, Facts, Givers, Role};
use super::{EngineError, Unfit};
use crate::index::Capacity;
use crate::question::{Viewer, purpose_name};
use crate::rules::Action;

/// The names of the schema, read once.
pub(super) struct Vocabulary {
    agency: EntityTypeName,
    sector: EntityTypeName,
    category: EntityTypeName,
    viewer: EntityTypeName,
    actor: EntityTypeName,
    role: EntityTypeName,
    purpose: EntityTypeName,
    ground: EntityTypeName,
    capacity: EntityTypeName,
    action: EntityTypeName,
    subject: EntityUid,
}

/// One category of a question, in the words of the rules.
pub(super) struct Asking<'a> {
    vocabulary: &'a Vocabulary,
    principal: EntityUid,
    resource: EntityUid,
    context: Context,
}

impl Vocabulary {
    pub(super) fn new() -> Result<Vocabulary, EngineError> {
        let named = |source: ParseErrors| EngineError::NameUnfit(Box::new(source));
        let kind = |name: &str| name.parse::<EntityTypeName>().map_err(named);
        Ok(Vocabulary {
            agency: kind("Agency")?,
            sector: kind("Sector")?,
            category: kind("Category")?,
            viewer: kind("Viewer")?,
            actor: kind("Actor")?,
            role: kind("Role")?,
            purpose: kind("Purpose")?,
            ground: kind("Ground")?,
            capacity: kind("Capacity")?,
            action: kind("Action")?,
            // Which person it is makes no difference to a rule.
            subject: "Subject::\"self\"".parse().map_err(named)?,
        })
    }

    pub(super) fn agency(&self, id: &str) -> EntityUid {
        entity(&self.agency, id)
    }

    pub(super) fn sector(&self, name: &str) -> RestrictedExpression {
        word(&self.sector, name)
    }

    /// Puts one category of a question into the words of the rules, for every action that is asked on.
    pub(super) fn asking(&self, facts: &Facts, agencies: &Agencies) -> Result<Asking<'_>, Unfit> {
        let principal = match facts.reader {
            Some(side) => agencies.uid(side).ok_or(Unfit::NoAgency)?.clone(),
            None => self.subject.clone(),
        };
        let resource = entity(&self.category, polku_proto::name(facts.category));
        let context = self.context(facts, agencies)?;
        Ok(Asking { vocabulary: self, principal, resource, context })
    }

    fn context(&self, facts: &Facts, agencies: &Agencies) -> Result<Context, Unfit> {
        let discloser = agencies.uid(facts.discloser).ok_or(Unfit::NoAgency)?.clone();
        let flags = [
            ("disclosure", facts.disclosure),
            ("explicit", facts.explicit),
            ("prohibited", facts.prohibited),
            ("agreement", facts.agreement),
            ("same_unit", facts.same_unit),
            ("care_relation", facts.care_relation),
            ("address_protected", facts.address_protected),
            ("multi_sector_support", facts.multi_sector_support),
            ("home_municipality", facts.home_municipality),
        ];
        let flags = flags.map(|(fact, value)| (fact, RestrictedExpression::new_bool(value)));
        let words = [
            ("discloser", RestrictedExpression::new_entity_uid(discloser)),
            ("viewer", word(&self.viewer, viewer(facts.viewer))),
            ("actor", word(&self.actor, actor(facts.actor))),
            ("role", word(&self.role, role(facts.role))),
            ("purpose", word(&self.purpose, purpose_name(facts.purpose))),
            ("ground", word(&self.ground, ground_name(facts.ground))),
            ("capacity", word(&self.capacity, capacity(facts.capacity))),
            ("consent", givers(facts.consent)?),
            ("disclosure_permit", givers(facts.disclosure_permit)?),
            ("age", RestrictedExpression::new_long(facts.age.map_or(-1, i64::from))),
        ];
        Context::from_pairs(flags.into_iter().chain(words).map(|(fact, value)| (fact.to_owned(), value)))
            .map_err(|source| Unfit::Facts(Box::new(source)))
    }
}

impl Asking<'_> {
    /// The request for one action, held against the schema: for trying every word out.
    pub(super) fn checked(&self, action: Action, schema: &Schema) -> Result<Request, Unfit> {
        self.put(action, Some(schema))
    }

    /// The request for one action. The schema looks at each fact by itself, and every word that a fact can have was held
    /// against it before the first question ([`Engine::rehearse`](super::Engine::rehearse)): there is nothing left to check.
    pub(super) fn request(&self, action: Action) -> Result<Request, Unfit> {
        self.put(action, None)
    }

    fn put(&self, action: Action, schema: Option<&Schema>) -> Result<Request, Unfit> {
        let action = entity(&self.vocabulary.action, action.name());
        let (principal, resource) = (self.principal.clone(), self.resource.clone());
        Request::new(principal, action, resource, self.context.clone(), schema)
            .map_err(|source| Unfit::Schema(Box::new(source)))
    }
}

fn givers(givers: Givers) -> Result<RestrictedExpression, Unfit> {
    let Givers { own, guardian, representative } = givers;
    let givers = [("own", own), ("guardian", guardian), ("representative", representative)];
    let fields = givers.map(|(giver, value)| (giver.to_owned(), RestrictedExpression::new_bool(value)));
    RestrictedExpression::new_record(fields).map_err(|source| Unfit::Record(Box::new(source)))
}

fn entity(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn word(kind: &EntityTypeName, name: &str) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(entity(kind, name))
}

const fn viewer(viewer: Viewer) -> &'static str {
    match viewer {
        Viewer::Addressee => "addressee",
        Viewer::Author => "author",
        Viewer::Subject => "subject",
    }
}

const fn actor(actor: Actor) -> &'static str {
    match actor {
        Actor::System => "system",
        Actor::Professional => "professional",
        Actor::Subject => "subject",
        Actor::Guardian => "guardian",
        Actor::Representative => "representative",
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Peer => "peer",
        Role::Coordinator => "coordinator",
        Role::Other => "other",
    }
}

const fn capacity(capacity: Capacity) -> &'static str {
    match capacity {
        Capacity::NotAssessed => "not_assessed",
        Capacity::NotCapable => "not_capable",
        Capacity::Capable => "capable",
        Capacity::CapableHidden => "capable_hidden",
    }
}

/// Gives the name of a ground in law in lower case, as rules and case files write it.
pub(crate) const fn ground_name(ground: LegalGround) -> &'static str {
    match ground {
        LegalGround::Unspecified => "none",
        LegalGround::OutreachNotice => "outreach_notice",
        LegalGround::SocialCareInability => "social_care_inability",
        LegalGround::SocialCareChildInterest => "social_care_child_interest",
        LegalGround::ChildWelfareNotice => "child_welfare_notice",
        LegalGround::AssistanceSocialWork => "assistance_social_work",
        LegalGround::AssistanceSupplementary => "assistance_supplementary",
        LegalGround::AssistanceLowered => "assistance_lowered",
        LegalGround::AssistanceUnemployedYoung => "assistance_unemployed_young",
        LegalGround::AssistanceUnemployed => "assistance_unemployed",
        LegalGround::AssistanceImmigrant => "assistance_immigrant",
    }
}
