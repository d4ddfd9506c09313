//! Why would a disclosure be permitted, or what is missing for it?
//!
//! The reasons tell a prohibition from a missing consent, which no party may learn. They are for the young person, for
//! whoever represents them, and for the data protection officer of the discloser. To one whose agency has nothing to do
//! with the person, it is explained as of nobody.

use polku_policy::{
    ActorRole, Authorised, CategoryExplanation, Channel, ConsentIndex, Engine, Explanation, Language,
    Missing, Question, Reason, Viewer,
};
use polku_proto::v1::{
    self, DataCategory, DisclosureExplanation, ExplainDisclosureRequest, MissingGround, VerifyConsentRequest,
};
use polku_proto::{CategorySet, Valid, YouthId, YouthName};

use super::verify::counted;
use crate::answer::{wire_basis, wire_decision};
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::trail::Entry;

/// The role of a data protection officer, as organisations register it.
pub(super) const OFFICER: &str = "data_protection_officer";

/// What flows back from the recipient.
const STATUS: CategorySet = CategorySet::of(&[DataCategory::ReferralStatus]);

impl Gateway {
    /// Decides without disclosing, and says why.
    pub(crate) async fn explain_disclosure(
        &self,
        caller: &Caller,
        request: Valid<ExplainDisclosureRequest>,
    ) -> Result<Authorised<DisclosureExplanation>, Error> {
        let now = self.now();
        let ExplainDisclosureRequest { question, language } = request.into_inner();
        let language = language.parse().unwrap_or(Language::English);
        let question: Valid<VerifyConsentRequest> = Valid::check(question.unwrap_or_default())?;
        self.learn().await?;
        let mut asked = self.asked(caller, question, by_entitled, now).await?;
        if matches!(caller.actor, Actor::Professional { .. }) {
            // Asked is what the law and the young person say, not what the officer's own role may see.
            asked.question.actor = ActorRole::System;
        }
        self.learn().await?;
        let mut explained = {
            let index = self.index();
            asked.check_fresh(&index)?;
            let question = counted(&index, &asked.question);
            explanation(&self.engine(), &index, asked.categories, &question)
        };
        // What cannot be decided is not explained as if it had been.
        if explained.decision.rules_failed() {
            self.note_unanswered(caller, &asked.question, &explained.decision, now).await?;
            return Err(Error::refused(explained.decision));
        }
        if self.speaks_for_a_minor(caller, asked.question.youth, now).await? {
            hide_protection(&mut explained);
        }
        let youth = asked.question.youth;
        let name = format!("{}/explanation", YouthName { youth });
        let entry = Entry::of(Event::Read, youth).by(caller).of_what(&name);
        let noted = self.note(entry.decided(asked.question.purpose, &explained.decision), now).await?;
        let answer = DisclosureExplanation {
            decision: Some(wire_decision(&explained.decision, youth, &noted)?),
            categories: explained.categories.iter().map(|one| worded(one, youth, language)).collect(),
        };
        self.shell(caller, answer)
    }
}

/// Who may learn the reasons, apart from the young person's side, which is checked for every question.
fn by_entitled(caller: &Caller, channel: &Channel) -> Result<(), Error> {
    match &caller.actor {
        Actor::Subject(_) | Actor::Representative { .. } => Ok(()),
        Actor::Professional { role, .. } if role == OFFICER && caller.agency == channel.from.agency => Ok(()),
        Actor::Professional { .. } => Err(Error::ActorNotAllowed {
            expected: "the young person, whoever represents them, or a professional of the discloser in the role \
                       data_protection_officer asks",
        }),
    }
}

/// A non-disclosure order may be against a guardian, or another representative of a minor: to them, a protected address
/// looks like one that nothing permits.
fn hide_protection(explained: &mut Explanation) {
    for category in &mut explained.categories {
        let missing = category.missing.len();
        category.missing.retain(|missing| missing.reason != Reason::AddressProtected);
        if category.missing.is_empty() && missing > 0 {
            category.missing.push(Missing { reason: Reason::NoBasis, rule: None, statute: None });
        }
    }
}

/// Decides as for a question, and takes the answer apart by category. As there, the status of a referral flows back:
/// it is looked at from the author's side.
fn explanation(
    engine: &Engine,
    index: &ConsentIndex,
    asked: CategorySet,
    question: &Question,
) -> Explanation {
    let from =
        |viewer, asked| engine.explain(index, asked, &Question { viewer, ..question.clone() }).categories;
    let mut categories = from(Viewer::Addressee, asked.difference(STATUS));
    categories.append(&mut from(Viewer::Author, asked.intersection(STATUS)));
    categories.sort_by_key(|explained| explained.category as i32);
    Explanation { decision: engine.verify(index, asked, question), categories }
}

/// An explanation of one category as the contract words it.
fn worded(explained: &CategoryExplanation, youth: YouthId, language: Language) -> v1::CategoryExplanation {
    let missing = |missing: &Missing| MissingGround {
        reason: missing.reason.code().to_owned(),
        rule: missing.rule.as_deref().unwrap_or_default().to_owned(),
        statute: missing.statute.as_deref().unwrap_or_default().to_owned(),
        remedy: missing.remedy(language).to_owned(),
    };
    v1::CategoryExplanation {
        category: explained.category as i32,
        permitted: explained.permitted,
        bases: explained.bases.iter().map(|basis| wire_basis(basis, youth)).collect(),
        missing: explained.missing.iter().map(missing).collect(),
        text: explained.text(language),
    }
}
