//! One case: this person, with these consents, prohibitions and statuses; this question, this answer.

use jiff::Timestamp;
use polku_policy::{
    Capacity, ConsentIndex, Decision, Grant, LegalStatus, Obligation, Outcome, Prohibition, Question, Reason,
    Viewer,
};
use polku_proto::CategorySet;
use polku_proto::v1::DataCategory;

use super::world::{consent_id, date, engine, prohibition_id, question, status_id, youth};

/// A young person, built up step by step.
#[derive(Clone, Default)]
pub(crate) struct Person {
    index: ConsentIndex,
    revision: u64,
}

/// What came out.
pub(crate) struct Case {
    pub(crate) decision: Decision,
}

/// Somebody whose age nobody knows.
pub(crate) fn person() -> Person {
    Person::default()
}

/// Somebody born on this date.
pub(crate) fn born(birthday: &str) -> Person {
    let mut person = person();
    person.index.put_person(youth(), date(birthday));
    person
}

/// Somebody of 21 years.
pub(crate) fn adult() -> Person {
    born("2004-06-15")
}

/// Somebody of 16 years.
pub(crate) fn minor() -> Person {
    born("2009-06-15")
}

/// The same, assessed as able to decide.
pub(crate) fn able_minor() -> Person {
    minor().with(LegalStatus::Capacity(Capacity::Capable))
}

impl Person {
    pub(crate) fn gives(mut self, grant: &Grant) -> Person {
        self.revision += 1;
        self.index.put_grant(grant, self.revision);
        self
    }

    /// Each has an id of its own.
    pub(crate) fn prohibits(mut self, prohibition: &Prohibition) -> Person {
        self.revision += 1;
        let prohibition =
            Prohibition { id: prohibition_id(u128::from(self.revision)), ..prohibition.clone() };
        self.index.put_prohibition(prohibition, self.revision);
        self
    }

    pub(crate) fn with(mut self, status: LegalStatus) -> Person {
        self.revision += 1;
        self.index.put_status(youth(), status_id(u128::from(self.revision)), status, self.revision);
        self
    }

    pub(crate) fn index(&self) -> &ConsentIndex {
        &self.index
    }

    #[track_caller]
    pub(crate) fn asked(&self, question: &Question, asked: &[DataCategory]) -> Case {
        let asked = CategorySet::of(asked);
        let decision = engine().decide(&self.index, asked, question);
        assert_eq!(decision.asked(), asked);
        assert_eq!(decision.permitted().union(decision.withheld()), asked);
        assert!(decision.permitted().intersection(decision.withheld()).is_empty());
        Case { decision }
    }
}

/// The case of an adult.
#[track_caller]
pub(crate) fn case(
    grants: &[&Grant],
    prohibitions: &[Prohibition],
    question: &Question,
    asked: &[DataCategory],
) -> Case {
    let person = grants.iter().fold(adult(), |person, grant| person.gives(grant));
    prohibitions.iter().fold(person, Person::prohibits).asked(question, asked)
}

impl Case {
    #[track_caller]
    pub(crate) fn gives(&self, outcome: Outcome, permitted: &[DataCategory], reasons: &[Reason]) -> &Case {
        assert_eq!(self.decision.outcome(), outcome);
        assert_eq!(self.decision.permitted(), CategorySet::of(permitted));
        assert_eq!(self.decision.reasons(), reasons);
        self
    }

    /// Permits all of it.
    #[track_caller]
    pub(crate) fn opens(&self, permitted: &[DataCategory]) -> &Case {
        self.gives(Outcome::Permitted, permitted, &[])
    }

    /// Permits nothing, for these reasons.
    #[track_caller]
    pub(crate) fn denies(&self, reasons: &[Reason]) -> &Case {
        self.gives(Outcome::Denied, &[], reasons)
    }

    /// Permits nothing, for whatever reason.
    #[track_caller]
    pub(crate) fn opens_nothing(&self) -> &Case {
        assert!(self.decision.permitted().is_empty());
        assert_ne!(self.decision.outcome(), Outcome::Permitted);
        self
    }

    /// Permits nothing, as there is no ground for it.
    #[track_caller]
    pub(crate) fn finds_no_ground(&self) -> &Case {
        self.gives(Outcome::NoConsent, &[], &[Reason::NoBasis])
    }

    /// The rules, each with the number of the consent or permit where one is the ground.
    #[track_caller]
    pub(crate) fn rests_on(&self, grounds: &[(&str, Option<u128>)]) -> &Case {
        let found: Vec<_> = self.decision.bases().iter().map(|basis| (&*basis.rule, basis.consent)).collect();
        let expected: Vec<_> = grounds
            .iter()
            .map(|(rule, number)| (*rule, number.map(|number| (consent_id(number), 1))))
            .collect();
        assert_eq!(found, expected);
        self
    }

    #[track_caller]
    pub(crate) fn obliges(&self, obligations: &[Obligation]) -> &Case {
        assert_eq!(self.decision.obligations(), obligations);
        self
    }

    #[track_caller]
    pub(crate) fn holds_until(&self, instant: Option<Timestamp>) -> &Case {
        assert_eq!(self.decision.valid_until(), instant);
        self
    }
}

/// A question of the recipient.
pub(crate) fn addressee() -> Question {
    question(Viewer::Addressee)
}
