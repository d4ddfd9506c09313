//! Over random small worlds: the engine agrees with the oracle, and more prohibitions or fewer consents never open.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use polku_policy::{
    ActorRole, Channel, Decision, Engine, Grant, GrantKind, Outcome, Period, Prohibition, PurposeSet,
    Question, Viewer,
};
use polku_proto::v1::{DataCategory, Purpose};
use polku_proto::{AgencyId, CategorySet, ProhibitionId, YouthId};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::oracle;
use super::world::{at, consent_id, directory, engine, id, index, personal};

static ENGINE: LazyLock<Engine> = LazyLock::new(engine);

/// The last second of the worlds. Everything happens between 0 and this.
const END: i64 = 12;

#[derive(Debug, Clone)]
struct World {
    // Debug of the product's types tells nothing; the seed of a failing case tells all.
    grants: Vec<Grant>,
    prohibitions: Vec<Prohibition>,
    question: Question,
    asked: CategorySet,
}

impl World {
    fn decide(&self) -> Decision {
        ENGINE.decide(&index(&self.grants, &self.prohibitions), self.asked, &self.question)
    }
}

fn person() -> impl Strategy<Value = YouthId> {
    prop_oneof![9 => Just(1), 1 => Just(2)].prop_map(|number| YouthId::from_uuid(Uuid::from_u128(number)))
}

fn agency() -> impl Strategy<Value = AgencyId> {
    prop_oneof![
        6 => Just("te"),
        6 => Just("social"),
        1 => Just("kela"),
        1 => Just("vamos"),
        1 => Just("nowhere")
    ]
    .prop_map(id)
}

fn purpose() -> impl Strategy<Value = Purpose> {
    prop_oneof![6 => Just(Purpose::Guidance), 2 => Just(Purpose::Rehabilitation), 1 => Just(Purpose::Unspecified)]
}

/// Some of the categories; often many, so that something matches.
fn categories() -> impl Strategy<Value = CategorySet> {
    (any::<u32>(), any::<u32>()).prop_map(|(some, more)| CategorySet::from_bits_truncate(some | more))
}

fn period() -> impl Strategy<Value = Period> {
    (0..END, proptest::option::of(1..END))
        .prop_map(|(from, length)| Period::new(at(from), length.map(|length| at(from + length))).unwrap())
}

fn grant() -> impl Strategy<Value = Grant> {
    let scope = (person(), vec(agency(), 0..4), vec(agency(), 0..4), vec(purpose(), 0..3));
    (scope, categories(), any::<u32>(), period(), any::<bool>(), 1..4_u64).prop_map(
        |((youth, disclosers, recipients, purposes), categories, explicit, period, consent, version)| Grant {
            id: consent_id(0),
            version,
            youth,
            kind: if consent { GrantKind::Consent } else { GrantKind::DisclosurePermit },
            disclosers,
            recipients,
            purposes: PurposeSet::of(&purposes),
            categories,
            explicit: CategorySet::from_bits_truncate(explicit),
            period,
        },
    )
}

fn prohibition() -> impl Strategy<Value = Prohibition> {
    (person(), vec(agency(), 0..3), vec(agency(), 0..3), any::<u32>(), any::<u32>()).prop_map(
        |(youth, disclosers, recipients, some, fewer)| Prohibition {
            id: ProhibitionId::from_uuid(Uuid::nil()),
            youth,
            disclosers,
            recipients,
            categories: CategorySet::from_bits_truncate(some & fewer),
        },
    )
}

fn question() -> impl Strategy<Value = Question> {
    let viewer =
        prop_oneof![4 => Just(Viewer::Addressee), 2 => Just(Viewer::Author), 1 => Just(Viewer::Subject)];
    let actor = prop_oneof![
        4 => Just(ActorRole::Professional("counsellor".to_owned())),
        1 => Just(ActorRole::Professional("peer".to_owned())),
        1 => Just(ActorRole::System),
        2 => Just(ActorRole::Subject),
        1 => Just(ActorRole::Representative)
    ];
    (person(), agency(), agency(), viewer, purpose(), actor, 0..END).prop_map(
        |(youth, from, to, viewer, purpose, actor, now)| Question {
            youth,
            channel: Channel { from, to },
            viewer,
            purpose,
            actor,
            now: at(now),
        },
    )
}

fn world() -> impl Strategy<Value = World> {
    (vec(grant(), 0..6), vec(prohibition(), 0..3), question(), categories()).prop_map(
        |(mut grants, mut prohibitions, question, asked)| {
            for (number, grant) in (1_u128..).zip(&mut grants) {
                grant.id = consent_id(number);
            }
            for (number, prohibition) in (1_u128..).zip(&mut prohibitions) {
                prohibition.id = ProhibitionId::from_uuid(Uuid::from_u128(number));
            }
            World { grants, prohibitions, question, asked }
        },
    )
}

/// What an agency learns of a decision.
fn visible(decision: &Decision) -> impl PartialEq + use<> {
    let rules: Vec<(String, Option<_>)> =
        decision.bases().iter().map(|basis| (basis.rule.clone(), basis.consent)).collect();
    (decision.permitted(), decision.withheld(), rules, decision.valid_until())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn the_engine_agrees_with_the_oracle(world in world()) {
        let decision = world.decide();
        let word = oracle::ask(&directory(), &world.grants, &world.prohibitions, &world.question, world.asked);
        prop_assert_eq!(decision.permitted(), word.permitted);
        prop_assert_eq!(decision.withheld(), world.asked.difference(word.permitted));
        prop_assert_eq!(decision.outcome(), word.outcome);
        prop_assert_eq!(decision.reasons().iter().copied().collect::<BTreeSet<_>>(), word.reasons);
        let bases = decision.bases().iter().map(|basis| (basis.rule.clone(), basis.consent));
        prop_assert!(bases.collect::<BTreeSet<_>>() == word.bases);
    }

    #[test]
    fn a_further_prohibition_never_opens(world in world(), further in prohibition()) {
        let mut stricter = world.clone();
        let id = ProhibitionId::from_uuid(Uuid::from_u128(77));
        stricter.prohibitions.push(Prohibition { id, ..further });
        prop_assert!(stricter.decide().permitted().is_subset(world.decide().permitted()));
    }

    #[test]
    fn a_consent_taken_away_never_opens(world in world(), which in any::<prop::sample::Index>()) {
        prop_assume!(!world.grants.is_empty());
        let mut poorer = world.clone();
        poorer.grants.remove(which.index(world.grants.len()));
        prop_assert!(poorer.decide().permitted().is_subset(world.decide().permitted()));
    }

    #[test]
    fn past_the_end_of_every_consent_nothing_is_disclosed(mut world in world()) {
        for grant in &mut world.grants {
            let from = grant.period.from();
            let end = grant.period.until().unwrap_or(at(END));
            grant.period = Period::new(from, Some(end)).unwrap();
        }
        world.question.now = at(2 * END);
        world.question.viewer = Viewer::Addressee;
        let own = CategorySet::of(&[DataCategory::Envelope, DataCategory::ReferralStatus]);
        prop_assert!(world.decide().permitted().is_subset(own));
        prop_assert_eq!(world.decide().valid_until(), None);
    }

    #[test]
    fn disclosed_is_asked_for_and_either_consented_or_own(world in world()) {
        let permitted = world.decide().permitted();
        prop_assert!(permitted.is_subset(world.asked));
        let status = CategorySet::of(&[DataCategory::ReferralStatus]);
        let own = match world.question.viewer {
            Viewer::Addressee => status,
            Viewer::Author => personal().difference(status),
            Viewer::Subject => personal(),
        };
        let consented = world.grants.iter().filter(|grant| {
            grant.youth == world.question.youth && grant.period.contains(world.question.now)
        });
        let mut reach = own.union(CategorySet::of(&[DataCategory::Envelope]));
        for grant in consented {
            reach.extend(grant.categories);
        }
        prop_assert!(permitted.is_subset(reach));
    }

    #[test]
    fn until_valid_until_the_answer_stays_the_same(world in world(), passed in 1..3 * END) {
        let decision = world.decide();
        let last = decision.valid_until().unwrap_or(at(5 * END)).as_second() - 1;
        let now = world.question.now.as_second();
        prop_assert!(now <= last);
        let mut later = world;
        for second in [last, last.min(now + passed)] {
            later.question.now = at(second);
            prop_assert!(visible(&later.decide()) == visible(&decision));
        }
    }

    #[test]
    fn a_prohibition_looks_like_no_consent(world in world()) {
        let mut prohibited = world.clone();
        prohibited.prohibitions.push(Prohibition { youth: world.question.youth, ..super::world::prohibition() });
        let mut without = world;
        without.grants.clear();
        prop_assert!(visible(&prohibited.decide()) == visible(&without.decide()));
    }

    #[test]
    fn permitting_has_a_ground_and_withholding_a_reason(world in world()) {
        let decision = world.decide();
        let personal = decision.permitted().intersection(personal());
        prop_assert_eq!(decision.bases().is_empty(), personal.is_empty());
        let nothing_withheld = decision.withheld().is_empty() && decision.outcome() == Outcome::Permitted;
        prop_assert_eq!(decision.reasons().is_empty(), nothing_withheld);
    }
}
