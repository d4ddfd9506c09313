//! Over random small worlds: more prohibitions or fewer consents never open, errors close everything, answers keep.

use std::cell::Cell;
use std::sync::LazyLock;

use polku_policy::{
    ActorRole, BasisKind, Decision, Engine, Outcome, Period, Prohibition, Reason, RuleSource, Rules, Viewer,
};
use polku_proto::v1::DataCategory::{GuidanceNotes, ReferralStatus};
use polku_proto::v1::Purpose;
use polku_proto::{CategorySet, time};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::random::{World, prohibition_of, world};
use super::world::{at, at_least, directory, engine, personal, prohibition_id};

/// The engine that asks the rules every time.
static FORGETFUL: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Rules::shipped().unwrap(), directory()).unwrap().without_memory());

/// One rule fails as soon as it meets guidance notes of somebody whose age is known. An engine that is made asks that for no
/// purpose.
static FAILING: LazyLock<Engine> = LazyLock::new(|| {
    let failing = r#"
        @id("failing") @statute("none") @basis("prohibited")
        forbid (principal, action, resource == Category::"guidance_notes")
        when { context.purpose != Purpose::"unspecified" && 9223372036854775807 + context.age < 0 };
    "#;
    let rules = format!("{}{failing}", RuleSource::SHIPPED.rules);
    let rules = Rules::parse(RuleSource { rules: &rules, ..RuleSource::SHIPPED }).unwrap();
    Engine::new(rules, directory()).unwrap()
});

impl World {
    fn decide(&self) -> Decision {
        self.decide_by(engine())
    }

    fn decide_by(&self, engine: &Engine) -> Decision {
        engine.decide(&self.records.index(), self.asked, &self.question)
    }

    fn without_grants(&self) -> World {
        let mut without = self.clone();
        without.records.grants.clear();
        without
    }

    /// Everything of the young person in question is prohibited.
    fn prohibited(&self) -> World {
        let mut prohibited = self.clone();
        let id = prohibition_id(77);
        let all = Prohibition { id, youth: self.question.youth, ..super::world::prohibition() };
        prohibited.records.prohibitions.push(all);
        prohibited
    }

    fn at(&self, second: i64) -> World {
        let mut later = self.clone();
        later.question.now = at(second);
        later
    }
}

/// What an agency learns of a decision.
fn visible(decision: &Decision) -> impl PartialEq + use<> {
    let rules: Vec<_> =
        decision.bases().iter().map(|basis| (basis.rule.to_string(), basis.consent)).collect();
    let obligations = decision.obligations().to_vec();
    (decision.permitted(), decision.withheld(), rules, obligations, decision.valid_until())
}

fn by_grants(decision: &Decision) -> bool {
    decision
        .bases()
        .iter()
        .any(|basis| matches!(basis.kind, BasisKind::Consent | BasisKind::DisclosurePermit))
}

/// What a world has shown of a property, so that nobody believes in one that is about nothing.
#[derive(Default, Clone, Copy)]
struct Seen {
    /// Something is disclosed: learned of another agency.
    open: bool,
    /// The change has closed some of it.
    taken: bool,
}

impl Seen {
    fn between(all: &Decision, fewer: &Decision) -> Seen {
        let open = all.bases().iter().any(|basis| basis.kind != BasisKind::OwnData);
        Seen { open, taken: all.permitted() != fewer.permitted() }
    }
}

/// Tries a property on worlds, of which enough have to show something.
fn hold<S: Strategy>(worlds: &S, property: impl Fn(S::Value) -> Result<Seen, TestCaseError>) {
    // So many that the floors are out of reach of chance.
    let cases = at_least(600);
    let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
    let (open, taken) = (Cell::new(0), Cell::new(0));
    let tried = TestRunner::new(config).run(worlds, |world| {
        let seen = property(world)?;
        open.set(open.get() + u32::from(seen.open));
        taken.set(taken.get() + u32::from(seen.taken));
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
    let (open, taken) = (open.get(), taken.get());
    assert!(open * 10 >= cases * 3, "something is disclosed in {open} of {cases} worlds");
    assert!(taken * 10 >= cases, "something is taken away in {taken} of {cases} worlds");
}

#[test]
fn p2_a_further_prohibition_never_opens() {
    let further = |world: World| {
        let prohibition = prohibition_of(&world.question);
        (Just(world), prohibition)
    };
    hold(&world().prop_flat_map(further), |(world, further)| {
        let mut stricter = world.clone();
        stricter.records.prohibitions.push(Prohibition { id: prohibition_id(77), ..further });
        let (all, fewer) = (world.decide(), stricter.decide());
        prop_assert!(fewer.permitted().is_subset(all.permitted()));
        prop_assert!(world.prohibited().decide().permitted().is_subset(fewer.permitted()));
        Ok(Seen::between(&all, &fewer))
    });
}

#[test]
fn p3_a_consent_taken_away_never_opens_and_takes_nothing_that_a_law_opens() {
    // Mostly the one that the question is about.
    let which = (proptest::bool::weighted(0.8), any::<prop::sample::Index>());
    hold(&(world(), which), |(world, (fitting, which))| {
        if world.records.grants.is_empty() {
            return Ok(Seen::default());
        }
        let place = world.fits.filter(|_| fitting).unwrap_or(which.index(world.records.grants.len()));
        let mut poorer = world.clone();
        poorer.records.grants.remove(place);
        let (all, fewer) = (world.decide(), poorer.decide());
        prop_assert!(fewer.permitted().is_subset(all.permitted()));
        let by_law = world.without_grants().decide();
        prop_assert!(by_law.permitted().is_subset(fewer.permitted()));
        prop_assert!(!by_grants(&by_law));
        Ok(Seen::between(&all, &fewer))
    });
}

#[test]
fn p3_past_the_end_of_every_consent_nothing_rests_on_one() {
    hold(&world(), |mut world| {
        let end = world.midnight + 100;
        for grant in &mut world.records.grants {
            let until = grant.period.until().unwrap_or(at(end));
            grant.period = Period::new(grant.period.from(), Some(until)).unwrap();
        }
        let (before, past) = (world.decide(), world.at(end).decide());
        prop_assert!(!by_grants(&past));
        prop_assert!(visible(&past) == visible(&world.at(end).without_grants().decide()));
        Ok(Seen::between(&before, &past))
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(at_least(100)) })]

    #[test]
    fn p23_an_error_in_a_rule_denies_everything(mut world in world()) {
        world.asked.insert(GuidanceNotes);
        let known = world.records.born.iter().any(|(youth, _)| *youth == world.question.youth);
        let decision = world.decide_by(&FAILING);
        if known && world.question.purpose != Purpose::Unspecified {
            prop_assert_eq!(decision.outcome(), Outcome::Denied);
            prop_assert_eq!(decision.reasons(), [Reason::RulesFailed]);
            prop_assert!(decision.permitted().is_empty() && decision.bases().is_empty());
            prop_assert_eq!(decision.withheld(), world.asked);
            prop_assert_eq!(decision.valid_until(), None);
        } else {
            prop_assert!(visible(&decision) == visible(&world.decide()));
        }
    }

    #[test]
    fn p4_permitted_is_what_was_asked_for_and_not_withheld(world in world()) {
        for decision in [world.decide(), engine().verify(&world.records.index(), world.asked, &world.question)] {
            prop_assert_eq!(decision.asked(), world.asked);
            prop_assert!(decision.permitted().is_subset(world.asked));
            prop_assert_eq!(decision.permitted().union(decision.withheld()), world.asked);
            prop_assert!(decision.permitted().intersection(decision.withheld()).is_empty());
        }
    }

    #[test]
    fn the_same_question_has_the_same_answer_with_and_without_memory(world in world()) {
        let index = world.records.index();
        let decide = |engine: &Engine| engine.decide(&index, world.asked, &world.question);
        let first = decide(engine());
        prop_assert!(first == decide(engine()));
        prop_assert!(first == decide(&FORGETFUL));
        let mut reversed = world.clone();
        reversed.records.grants.reverse();
        reversed.records.prohibitions.reverse();
        prop_assert!(first == reversed.decide());
    }

    #[test]
    fn each_category_is_decided_on_its_own(world in world()) {
        let whole = world.decide();
        for category in world.asked.iter() {
            let alone = World { asked: CategorySet::of(&[category]), ..world.clone() };
            prop_assert_eq!(alone.decide().permitted().contains(category), whole.permitted().contains(category));
        }
    }

    #[test]
    fn what_is_disclosed_is_consented_to_or_open_by_law(world in world()) {
        let status = CategorySet::of(&[ReferralStatus]);
        let own = match world.question.viewer {
            Viewer::Addressee => status,
            Viewer::Author => personal().difference(status),
            Viewer::Subject => personal(),
        };
        let mut reach = own.union(CategorySet::ENVELOPE).union(world.without_grants().decide().permitted());
        for grant in &world.records.grants {
            if grant.youth == world.question.youth && grant.period.contains(world.question.now) {
                reach.extend(grant.categories);
            }
        }
        prop_assert!(world.decide().permitted().is_subset(reach));
    }

    /// What is permitted stays so until then. Within a day nothing else changes either; a birthday may open more.
    #[test]
    fn until_valid_until_the_answer_stays_the_same(world in world(), passed in 1..40_i64) {
        let decision = world.decide();
        let now = world.question.now.as_second();
        let last = decision.valid_until().map_or(now + passed, |edge| edge.as_second() - 1);
        prop_assert!(now <= last);
        for second in [last, last.min(now + passed)] {
            let later = world.at(second).decide();
            prop_assert!(decision.permitted().is_subset(later.permitted()));
            if time::finnish_date(at(second)) == time::finnish_date(at(now)) {
                prop_assert!(visible(&later) == visible(&decision));
            }
        }
    }

    #[test]
    fn p2_beneath_a_prohibition_of_everything_a_consent_shows_nothing(world in world()) {
        let prohibited = world.prohibited();
        prop_assert!(visible(&prohibited.decide()) == visible(&prohibited.without_grants().decide()));
    }

    #[test]
    fn the_same_grounds_tell_nothing_of_the_birthday(world in world(), days in 1..400_i64) {
        let mut older = world.clone();
        for (_, born) in &mut older.records.born {
            *born = born.checked_sub(jiff::Span::new().days(days)).unwrap();
        }
        let (one, other) = (world.decide(), older.decide());
        prop_assume!(one.permitted() == other.permitted() && one.bases() == other.bases());
        prop_assert!(visible(&one) == visible(&other));
    }

    #[test]
    fn p1_permitting_has_a_ground_and_withholding_a_reason(world in world()) {
        let decision = world.decide();
        let personal = decision.permitted().intersection(personal());
        prop_assert_eq!(decision.bases().is_empty(), personal.is_empty());
        prop_assert!(decision.obligations().is_empty() || !personal.is_empty());
        let nothing_withheld = decision.withheld().is_empty() && decision.outcome() == Outcome::Permitted;
        prop_assert_eq!(decision.reasons().is_empty(), nothing_withheld);
    }

    #[test]
    fn p15_without_authority_nothing_rests_on_a_law(world in world()) {
        let decision = world.decide();
        let reader = match world.question.viewer {
            Viewer::Addressee => &world.question.channel.to,
            Viewer::Author => &world.question.channel.from,
            Viewer::Subject => return Ok(()),
        };
        if !directory().is_authority(&reader.agency) {
            prop_assert!(decision.bases().iter().all(|basis| basis.kind != BasisKind::Statute));
        }
    }

    #[test]
    fn p18_p17_neither_statistics_nor_a_peer_is_ever_told_anything(mut world in world(), peer in any::<bool>()) {
        if peer {
            let at = world.question.channel.to.clone();
            world.question.actor = ActorRole::Professional { at, role: "peer".to_owned() };
        } else {
            world.question.purpose = Purpose::Statistics;
        }
        let decision = world.decide();
        let told = decision.bases().iter().any(|basis| basis.kind != BasisKind::OwnData);
        prop_assert!(!told);
        prop_assert!(!peer || decision.bases().is_empty());
    }
}
