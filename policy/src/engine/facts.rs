//! In which words are the facts of a question put to the rules?

use cedar_policy::{
    Context, ContextCreationError, EntityId, EntityTypeName, EntityUid, ParseErrors, Request,
    RequestValidationError, RestrictedExpression, Schema,
};
use jiff::Timestamp;
use polku_proto::v1::{DataCategory, Purpose};
use polku_proto::{AgencyId, CategorySet, YouthId};

use super::EngineError;
use crate::question::{ActorRole, Channel, PurposeSet, Question, Reader, Viewer, purpose_name};

/// What is derived from the consents and the directory for one category of a question.
///
/// The rules see nothing of a consent or a person but these.
pub(super) struct Facts {
    pub(super) disclosure: bool,
    pub(super) consent_given: bool,
    pub(super) disclosure_permit_given: bool,
    pub(super) explicit: bool,
    pub(super) special: bool,
    pub(super) prohibited: bool,
    pub(super) agreement: bool,
    pub(super) both_known: bool,
    pub(super) reader_known: bool,
    pub(super) recipient_is_authority: bool,
}

/// The names of the schema, read once.
pub(super) struct Vocabulary {
    agency: EntityTypeName,
    category: EntityTypeName,
    viewer: EntityTypeName,
    actor: EntityTypeName,
    purpose: EntityTypeName,
    subject: EntityUid,
    disclose: EntityUid,
}

/// Why a request could not be put together.
pub(super) enum Unfit {
    Schema(Box<RequestValidationError>),
    Facts(Box<ContextCreationError>),
}

impl Vocabulary {
    pub(super) fn new() -> Result<Vocabulary, EngineError> {
        let named = |source: ParseErrors| EngineError::NameUnfit(Box::new(source));
        let kind = |name: &str| name.parse::<EntityTypeName>().map_err(named);
        Ok(Vocabulary {
            agency: kind("Agency")?,
            category: kind("Category")?,
            viewer: kind("Viewer")?,
            actor: kind("Actor")?,
            purpose: kind("Purpose")?,
            // Which person it is makes no difference to a rule.
            subject: "Subject::\"self\"".parse().map_err(named)?,
            disclose: "Action::\"disclose\"".parse().map_err(named)?,
        })
    }

    /// Asks every kind of question of the schema, so that none fails it later.
    pub(super) fn rehearse(&self, schema: &Schema) -> Result<(), EngineError> {
        let actors = [
            ActorRole::System,
            ActorRole::Professional(String::new()),
            ActorRole::Subject,
            ActorRole::Representative,
        ];
        let agency: AgencyId = "a".parse().map_err(|_| EngineError::AgencyUnfit)?;
        let mut question = Question {
            youth: YouthId::from_uuid(uuid::Uuid::nil()),
            channel: Channel { from: agency.clone(), to: agency },
            viewer: Viewer::Subject,
            purpose: Purpose::Unspecified,
            actor: ActorRole::System,
            now: Timestamp::UNIX_EPOCH,
        };
        let facts = Facts {
            disclosure: false,
            consent_given: false,
            disclosure_permit_given: false,
            explicit: false,
            special: false,
            prohibited: false,
            agreement: false,
            both_known: false,
            reader_known: false,
            recipient_is_authority: false,
        };
        let personal = CategorySet::ALL.difference(super::ENVELOPE);
        for category in personal.iter() {
            for viewer in [Viewer::Addressee, Viewer::Author, Viewer::Subject] {
                question.viewer = viewer;
                self.request(&question, category, &facts, schema)?;
            }
        }
        for actor in actors {
            question.actor = actor;
            self.request(&question, DataCategory::ReferralStatus, &facts, schema)?;
        }
        for purpose in PurposeSet::ALL.iter() {
            question.purpose = purpose;
            self.request(&question, DataCategory::ReferralStatus, &facts, schema)?;
        }
        Ok(())
    }

    /// Puts one category of a question to the rules. The schema is checked each time: a fact that does not fit it must
    /// not reach a rule.
    pub(super) fn request(
        &self,
        question: &Question,
        category: DataCategory,
        facts: &Facts,
        schema: &Schema,
    ) -> Result<Request, Unfit> {
        let principal = match question.reader() {
            Reader::Agency(agency) => entity(&self.agency, agency.as_str()),
            Reader::Subject(_) => self.subject.clone(),
        };
        let resource = entity(&self.category, polku_proto::name(category));
        let context = self.context(question, facts)?;
        Request::new(principal, self.disclose.clone(), resource, context, Some(schema))
            .map_err(|source| Unfit::Schema(Box::new(source)))
    }

    fn context(&self, question: &Question, facts: &Facts) -> Result<Context, Unfit> {
        let Facts {
            disclosure,
            consent_given,
            disclosure_permit_given,
            explicit,
            special,
            prohibited,
            agreement,
            both_known,
            reader_known,
            recipient_is_authority,
        } = *facts;
        let (actor, role) = match &question.actor {
            ActorRole::System => ("system", ""),
            ActorRole::Professional(role) => ("professional", role.as_str()),
            ActorRole::Subject => ("subject", ""),
            ActorRole::Representative => ("representative", ""),
        };
        let viewer = match question.viewer {
            Viewer::Addressee => "addressee",
            Viewer::Author => "author",
            Viewer::Subject => "subject",
        };
        let flags = [
            ("disclosure", disclosure),
            ("consent_given", consent_given),
            ("disclosure_permit_given", disclosure_permit_given),
            ("explicit", explicit),
            ("special", special),
            ("prohibited", prohibited),
            ("agreement", agreement),
            ("both_known", both_known),
            ("reader_known", reader_known),
            ("recipient_is_authority", recipient_is_authority),
        ];
        let flags = flags.map(|(fact, value)| (fact, RestrictedExpression::new_bool(value)));
        let word = |kind, name| RestrictedExpression::new_entity_uid(entity(kind, name));
        let words = [
            ("viewer", word(&self.viewer, viewer)),
            ("actor", word(&self.actor, actor)),
            ("purpose", word(&self.purpose, purpose_name(question.purpose))),
            ("actor_role", RestrictedExpression::new_string(role.to_owned())),
        ];
        Context::from_pairs(flags.into_iter().chain(words).map(|(fact, value)| (fact.to_owned(), value)))
            .map_err(|source| Unfit::Facts(Box::new(source)))
    }
}

fn entity(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

impl From<Unfit> for EngineError {
    fn from(unfit: Unfit) -> EngineError {
        match unfit {
            Unfit::Schema(source) => EngineError::SchemaUnfit(source),
            Unfit::Facts(source) => EngineError::FactsUnfit(source),
        }
    }
}
