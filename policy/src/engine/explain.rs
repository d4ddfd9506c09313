//! For each category: which rules permit it, and which ones stand against it?

use polku_proto::CategorySet;
use polku_proto::v1::DataCategory;

use super::facts::{Common, Facts, disclosed};
use super::{ENVELOPE, Engine};
use crate::decision::Reason;
use crate::explain::{CategoryExplanation, Explanation, Missing};
use crate::index::{ConsentIndex, Word};
use crate::question::Question;
use crate::rules::{Action, Failed, RuleSays};

impl Engine {
    /// Decides as [`Engine::decide`] does, and says of each category what is behind the answer.
    ///
    /// It is for the young person, for the audit and for those who write rules. An agency must not be shown it: it
    /// tells of prohibitions.
    pub fn explain(&self, index: &ConsentIndex, asked: CategorySet, question: &Question) -> Explanation {
        let decision = self.decide(index, asked, question);
        let failed = decision.rules_failed();
        let told = asked.difference(ENVELOPE).intersection(disclosed(question.viewer));
        let ends = self.agencies.ends(&question.channel);
        let word = index.word(question, self.sides(ends), told);
        let era = self.rules.era(question.now);
        let common = Common::of(question, ends, &word.standing, &self.agencies, era);
        let explain = |category| {
            let permitted = decision.permitted().contains(category);
            let (bases, missing) = if permitted {
                let alone = self.decide(index, CategorySet::of(&[category]), question);
                (alone.bases().to_vec(), Vec::new())
            } else if failed {
                (Vec::new(), vec![Missing::of(Reason::RulesFailed)])
            } else if category == DataCategory::Envelope {
                (Vec::new(), vec![Missing::of(Reason::UnknownAgency)])
            } else {
                let missing = self.missing(&common.with(category, &word), &word);
                (Vec::new(), missing.unwrap_or_else(|Failed| vec![Missing::of(Reason::RulesFailed)]))
            };
            CategoryExplanation { category, viewer: question.viewer, permitted, bases, missing }
        };
        let categories = asked.iter().map(explain).collect();
        Explanation { decision, categories }
    }

    /// Names the rules that forbid a category, whatever is asked on; and says so where nothing would permit it without
    /// them: whoever puts away what stands against it then still lacks a ground.
    fn missing(&self, facts: &Facts, word: &Word<'_>) -> Result<Vec<Missing>, Failed> {
        let mut missing = Vec::new();
        let mut has_basis = false;
        let asking = self.asking(facts).map_err(|_| Failed)?;
        for action in Action::ALL {
            if action != Action::Disclose && !facts.disclosure {
                continue;
            }
            let request = asking.request(action).map_err(|_| Failed)?;
            for note in self.rules.deciding(action, &request, self.agencies.entities(), facts.era)? {
                if let RuleSays::Forbids(reason) = note.says {
                    let rule = Some(note.id.clone());
                    missing.push(Missing { reason, rule, statute: Some(note.statute.clone()) });
                    has_basis |= names_the_missing_basis(reason, facts.category, word);
                }
            }
            has_basis |= self.rules.has_basis(action, &request, self.agencies.entities(), facts.era)?;
        }
        if !has_basis {
            missing.push(Missing::of(Reason::NoBasis));
        }
        missing.sort_unstable();
        missing.dedup();
        Ok(missing)
    }
}

/// Tells whether a rule says which word is needed in the place of one that is there and does not count.
fn names_the_missing_basis(reason: Reason, category: DataCategory, word: &Word<'_>) -> bool {
    let of_another = [Reason::RenewConsent, Reason::OwnDecisionGoverns, Reason::GuardianPermissionMissing]
        .contains(&reason);
    let not_explicit = reason == Reason::SpecialCategoryNotExplicit;
    of_another || (not_explicit && word.grounds.iter().any(|ground| ground.names(category)))
}
