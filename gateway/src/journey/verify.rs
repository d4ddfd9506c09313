//! Would this disclosure be permitted now?

use jiff::Timestamp;
use polku_policy::{Channel, ConsentIndex, Decision, Engine, Question, Relation, Viewer};
use polku_proto::v1::{LegalGround, VerifyConsentRequest, VerifyConsentResponse};
use polku_proto::{CategorySet, Valid, YouthId};
use uuid::Uuid;

use super::read::youth_id;
use crate::answer::wire_decision;
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::record::origin;
use crate::trail::{Entry, receipt};

/// A question that makes sense, from somebody who may ask it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) categories: CategorySet,
    pub(super) question: Question,
    min_revision: u64,
}

impl Gateway {
    /// Decides without disclosing. Who asks about a person with whom the own agency has nothing to do has the answer of an
    /// unknown person: the same as about a known one without permission, and it takes the same way.
    pub(crate) async fn verify_consent(
        &self,
        caller: &Caller,
        request: Valid<VerifyConsentRequest>,
    ) -> Result<VerifyConsentResponse, Error> {
        let now = self.now();
        // Who has to do with the person, and under which ids, is looked up in the index too.
        self.learn().await?;
        let asked = self.asked(caller, request, by_party, now).await?;
        self.learn().await?;
        let decision = asked.decide(&self.engine(), &self.index())?;
        if decision.rules_failed() {
            self.note_unanswered(caller, &asked.question, &decision, now).await?;
            return Err(Error::refused(decision));
        }
        let question = &asked.question;
        let entry = Entry::of(Event::VerifyConsent, question.youth)
            .by(caller)
            .decided(question.purpose, &decision)
            .between(&question.channel)
            .claiming(question.ground);
        let noted = self.note_question(entry, now).await?;
        Ok(VerifyConsentResponse {
            decision: Some(wire_decision(&decision, question.youth, &noted)?),
            receipt: Some(receipt(&noted)),
        })
    }

    /// Writes down that a question was refused because the rules fail, as it is done of a referral.
    pub(super) async fn note_unanswered(
        &self,
        caller: &Caller,
        question: &Question,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<(), Error> {
        let _alone = self.alone_with(question.youth).await?;
        let person = match self.person(question.youth).await {
            Ok(person) => Some(person),
            Err(Error::NotFound) => None,
            Err(error) => return Err(error),
        };
        let entry = Entry::of(Event::Refusal, question.youth)
            .by(caller)
            .decided(question.purpose, decision)
            .claiming(question.ground);
        self.note_refusal(entry, person.as_ref(), &question.channel, decision, now).await
    }

    /// Checks a question and who asks it. Nothing about the person is looked at for somebody who may not ask.
    pub(super) async fn asked(
        &self,
        caller: &Caller,
        request: Valid<VerifyConsentRequest>,
        may_ask: impl FnOnce(&Caller, &Channel) -> Result<(), Error>,
        now: Timestamp,
    ) -> Result<Asked, Error> {
        let request = request.into_inner();
        let youth = youth_id(&request.youth, "youth")?;
        let channel = Channel {
            from: self.party(&request.discloser, "discloser")?,
            to: self.party(&request.recipient, "recipient")?,
        };
        self.check_subject(caller, youth)?;
        may_ask(caller, &channel)?;
        if request.ground() != LegalGround::Unspecified {
            check_states_ground(caller, &channel)?;
        }
        let categories = CategorySet::from_wire(&request.categories).map_err(|_| Error::Field {
            field: "categories",
            reason: "INVALID_FIELDS",
            expected: "data categories of the contract",
        })?;
        let question = Question {
            actor: caller.role(),
            ground: request.ground(),
            origin: origin(request.origin.as_ref()),
            home_municipality: request.municipality.parse().ok(),
            relation: self.relation_of(caller, youth).await?,
            ..Question::new(youth, channel, Viewer::Addressee, request.purpose(), now)
        };
        Ok(Asked { categories, question, min_revision: request.min_revision })
    }
}

/// The question that is decided. Of whom the caller has nothing to do with, or nobody knows, nothing counts, no ground in
/// law either: it is one about nobody.
pub(super) fn counted(index: &ConsentIndex, question: &Question) -> Question {
    let question = question.clone();
    match question.relation {
        Relation::Established if index.knows(question.youth) => question,
        Relation::Established | Relation::None => {
            let youth = YouthId::from_uuid(Uuid::nil());
            Question { youth, ground: LegalGround::Unspecified, ..question }
        }
    }
}

/// One of the two parties asks, or the young person and whoever represents them.
pub(super) fn by_party(caller: &Caller, channel: &Channel) -> Result<(), Error> {
    let is_party = caller.agency == channel.from.agency || caller.agency == channel.to.agency;
    match caller.actor {
        Actor::Professional { .. } if !is_party => {
            Err(Error::ActorNotAllowed { expected: "the discloser or the recipient asks" })
        }
        Actor::Professional { .. } | Actor::Subject(_) | Actor::Representative { .. } => Ok(()),
    }
}

/// A ground in law is for the discloser to state, who judges whether it is there.
fn check_states_ground(caller: &Caller, channel: &Channel) -> Result<(), Error> {
    match caller.actor {
        Actor::Professional { .. } if caller.agency == channel.from.agency => Ok(()),
        Actor::Professional { .. } | Actor::Subject(_) | Actor::Representative { .. } => {
            Err(Error::ActorNotAllowed {
                expected: "a professional of the discloser asks on a ground in law",
            })
        }
    }
}

impl Asked {
    /// Decides at what is known now.
    ///
    /// # Errors
    /// [`Error::ConsentStale`] when that is older than was asked for.
    pub(super) fn decide(&self, engine: &Engine, index: &ConsentIndex) -> Result<Decision, Error> {
        self.check_fresh(index)?;
        Ok(engine.verify(index, self.categories, &counted(index, &self.question)))
    }

    /// Whether the consents known here are as fresh as was asked for.
    pub(super) fn check_fresh(&self, index: &ConsentIndex) -> Result<(), Error> {
        if index.revision() < self.min_revision { Err(Error::ConsentStale) } else { Ok(()) }
    }
}
