//! Why would a disclosure be permitted, or what is missing for it?
//!
//! The reasons tell a prohibition from a missing consent, which no party may learn. They are for the young person, for
//! whoever represents them, and for the data protection officer of the discloser.

use polku_policy::{ActorRole, Authorised, Basis, Channel, ConsentIndex, Decision, Engine, Question, Reason};
use polku_proto::v1::{
    self, DataCategory, DisclosureExplanation, ExplainDisclosureRequest, MissingGround, VerifyConsentRequest,
};
use polku_proto::{CategorySet, Valid, YouthId, YouthName};

use crate::answer::{wire_basis, wire_decision};
use crate::audit::Event;
use crate::caller::{Actor, Caller};
use crate::error::Error;
use crate::gateway::Gateway;
use crate::trail::Entry;

/// The role of a data protection officer, as organisations register it.
const OFFICER: &str = "data_protection_officer";

impl Gateway {
    /// Decides without disclosing, and says why.
    pub(crate) async fn explain_disclosure(
        &self,
        caller: &Caller,
        request: Valid<ExplainDisclosureRequest>,
    ) -> Result<Authorised<DisclosureExplanation>, Error> {
        let now = self.now();
        let ExplainDisclosureRequest { question, language } = request.into_inner();
        let language = Language::of(&language);
        let question: Valid<VerifyConsentRequest> = Valid::check(question.unwrap_or_default())?;
        let mut asked = self.asked(caller, question, by_entitled, now)?;
        if matches!(caller.actor, Actor::Professional { .. }) {
            // Asked is what the law and the young person say, not what the officer's own role may see.
            asked.question.actor = ActorRole::System;
        }
        let explained = {
            let index = self.index();
            asked.check_fresh(&index)?;
            explanation(&self.engine(), &index, asked.categories, &asked.question)
        };
        let youth = asked.question.youth;
        let name = format!("{}/explanation", YouthName { youth });
        let entry = Entry::of(Event::Read, youth).by(caller).of_what(&name);
        let noted = self.note(entry.decided(asked.question.purpose, &explained.decision), now).await?;
        let answer = DisclosureExplanation {
            decision: Some(wire_decision(&explained.decision, youth, &noted)?),
            categories: explained.categories.iter().map(|one| one.wire(youth, language)).collect(),
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

/// In which language an explanation is worded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Finnish,
    Swedish,
    English,
}

impl Language {
    fn of(code: &str) -> Language {
        match code {
            "fi" => Language::Finnish,
            "sv" => Language::Swedish,
            _ => Language::English,
        }
    }
}

/// A decision, taken apart by category.
struct Explanation {
    decision: Decision,
    categories: Vec<CategoryExplanation>,
}

struct CategoryExplanation {
    category: DataCategory,
    permitted: bool,
    bases: Vec<Basis>,
    missing: Vec<Missing>,
}

/// What stands against a category, or is missing for it.
struct Missing {
    reason: Reason,
    rule: String,
    statute: String,
}

/// Decides on all of it, and on each category by itself.
fn explanation(
    engine: &Engine,
    index: &ConsentIndex,
    asked: CategorySet,
    question: &Question,
) -> Explanation {
    let one = |category| {
        let decision = engine.verify(index, CategorySet::of(&[category]), question);
        let missing =
            |reason: &Reason| Missing { reason: *reason, rule: String::new(), statute: String::new() };
        CategoryExplanation {
            category,
            permitted: decision.permitted().contains(category),
            bases: decision.bases().to_vec(),
            missing: decision.reasons().iter().map(missing).collect(),
        }
    };
    Explanation {
        decision: engine.verify(index, asked, question),
        categories: asked.iter().map(one).collect(),
    }
}

impl CategoryExplanation {
    fn wire(&self, youth: YouthId, language: Language) -> v1::CategoryExplanation {
        let missing = |missing: &Missing| MissingGround {
            reason: missing.reason.code().to_owned(),
            rule: missing.rule.clone(),
            statute: missing.statute.clone(),
            remedy: missing.remedy(language).to_owned(),
        };
        v1::CategoryExplanation {
            category: self.category as i32,
            permitted: self.permitted,
            bases: self.bases.iter().map(|basis| wire_basis(basis, youth)).collect(),
            missing: self.missing.iter().map(missing).collect(),
            text: self.text(language),
        }
    }

    fn text(&self, _: Language) -> String {
        let category = self.category.as_str_name();
        if self.permitted {
            let statutes: Vec<&str> = self.bases.iter().map(|basis| basis.statute.as_ref()).collect();
            format!("{category} may be disclosed on the ground of {}.", statutes.join("; "))
        } else {
            let reasons: Vec<&str> = self.missing.iter().map(|missing| missing.reason.code()).collect();
            format!("{category} may not be disclosed: {}.", reasons.join(", "))
        }
    }
}

impl Missing {
    fn remedy(&self, _: Language) -> &'static str {
        match self.reason {
            Reason::NoBasis | Reason::RenewConsent | Reason::SpecialCategoryNotExplicit => {
                "Ask the young person for a consent that covers it, and record it."
            }
            Reason::Prohibited => "Only the young person can lift the prohibition.",
            Reason::NoAgreement | Reason::UnknownAgency => "The agencies agree on their cooperation first.",
            Reason::GuardianPermissionMissing => "Ask a guardian for a permission.",
            Reason::OwnDecisionGoverns => "Ask the young person, who decides without guardians.",
            Reason::RoleWithoutAccess
            | Reason::OtherUnit
            | Reason::NoCareRelation
            | Reason::AddressProtected
            | Reason::StatisticsOnly
            | Reason::NotAnAuthority
            | Reason::HiddenFromGuardian
            | Reason::RequiredCategoryMissing => "",
            Reason::RulesFailed => "Tell the operator of the gateway.",
        }
    }
}
