//! One case: these consents, these prohibitions, this question, this answer.

use polku_policy::{Decision, Grant, Outcome, Prohibition, Question, Reason, Viewer};
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory;

use super::world::{engine, index, question};

/// What came out.
pub(crate) struct Case {
    pub(crate) decision: Decision,
}

pub(crate) fn case(
    grants: &[&Grant],
    prohibitions: &[Prohibition],
    question: &Question,
    asked: &[DataCategory],
) -> Case {
    let grants: Vec<Grant> = grants.iter().copied().cloned().collect();
    let asked = CategorySet::of(asked);
    let decision = engine().decide(&index(&grants, prohibitions), asked, question);
    assert_eq!(decision.asked(), asked);
    assert_eq!(decision.permitted().union(decision.withheld()), asked);
    assert!(decision.permitted().intersection(decision.withheld()).is_empty());
    Case { decision }
}

impl Case {
    #[track_caller]
    pub(crate) fn gives(&self, outcome: Outcome, permitted: &[DataCategory], reasons: &[Reason]) {
        assert_eq!(self.decision.outcome(), outcome);
        assert_eq!(self.decision.permitted(), CategorySet::of(permitted));
        assert_eq!(self.decision.reasons(), reasons);
    }
}

/// A question of the recipient.
pub(crate) fn addressee() -> Question {
    question(Viewer::Addressee)
}
