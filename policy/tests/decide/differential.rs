//! Does the fast path say what the slow path says? Over long lives in which everything changes step by step.

use std::collections::BTreeSet;
use std::thread;

use polku_policy::{ConsentIndex, Grant, LegalStatus, Period, Prohibition, Question, Reason};
use polku_proto::{CategorySet, YouthId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::random::{self, Fit, Records, Scene};
use super::slow::{self, Told};
use super::world::{at, at_least, consent_id, directory, engine, prohibition_id, status_id};

/// The lives at least, each by its seed.
const LIVES: u32 = 100;
/// The changes of one life.
const ROUNDS: usize = 50;
/// The questions after each change: 20,000 decisions altogether at least.
const QUESTIONS: usize = 4;
/// How long before the midnight of its scene a life begins, in seconds; a round takes less than one.
const BEFORE: i64 = 20;

/// What happens in a round, apart from time going by.
#[derive(Debug, Clone)]
enum Change {
    Nothing,
    Give(Grant),
    /// The same consent with another period and the next version.
    Renew(Index, Period),
    /// An earlier version arrives late.
    Outdated(Index),
    Withdraw(Index),
    Prohibit(Prohibition),
    Lift(Index),
    Assess(YouthId, LegalStatus),
    /// The same status record says something else.
    Reassess(Index, LegalStatus),
    End(Index),
    /// The two ids turn out to be one person's, or not to be.
    Link(Vec<YouthId>),
}

/// A question, the categories, and which grant it is made to fit, if any.
type Asked = (Question, CategorySet, Option<Fit>);

type Round = (i64, Change, Vec<Asked>);

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => Just(Change::Nothing),
        8 => random::grant().prop_map(Change::Give),
        3 => (any::<Index>(), random::period()).prop_map(|(which, period)| Change::Renew(which, period)),
        1 => any::<Index>().prop_map(Change::Outdated),
        3 => any::<Index>().prop_map(Change::Withdraw),
        3 => random::prohibition().prop_map(Change::Prohibit),
        3 => any::<Index>().prop_map(Change::Lift),
        3 => (random::person(), random::status()).prop_map(|(youth, status)| Change::Assess(youth, status)),
        1 => (any::<Index>(), random::status()).prop_map(|(which, status)| Change::Reassess(which, status)),
        3 => any::<Index>().prop_map(Change::End),
        2 => random::joined().prop_map(Change::Link),
    ]
}

fn life() -> impl Strategy<Value = (Scene, Vec<Round>)> {
    let passes = prop_oneof![2 => Just(0), 2 => Just(1), 1 => Just(2)];
    let one = (0..15_u32).prop_map(|place| CategorySet::from_bits_truncate(2 << place));
    let asked = prop_oneof![7 => one, 3 => random::few_categories()];
    let round =
        (passes, change(), vec((random::question(), asked, option::weighted(0.4, random::fit())), QUESTIONS));
    (random::scene(), vec(round, ROUNDS))
}

/// Both ways of holding what is known, changed alike.
struct Both {
    index: ConsentIndex,
    records: Records,
    revision: u64,
}

impl Both {
    fn change(&mut self, change: Change, clock: i64) {
        self.revision += 1;
        let (number, revision) = (u128::from(self.revision), self.revision);
        self.index.reach(revision);
        let Records { grants, prohibitions, statuses, joined, .. } = &mut self.records;
        match change {
            Change::Nothing => {}
            Change::Give(grant) => {
                // Some have begun already.
                let period = random::later(grant.period, clock - 4);
                let grant = Grant { id: consent_id(number), given: period.from(), period, ..grant };
                self.index.put_grant(&grant, revision);
                grants.push(grant);
            }
            Change::Renew(which, period) => {
                if let Some(grant) = pick(grants, which) {
                    grant.version += 1;
                    grant.period = random::later(period, clock - 4);
                    grant.given = grant.period.from();
                    self.index.put_grant(grant, revision);
                }
            }
            Change::Outdated(which) => {
                if let Some(grant) = pick(grants, which).filter(|grant| grant.version > 1) {
                    let outdated =
                        Grant { version: grant.version - 1, categories: CategorySet::ALL, ..grant.clone() };
                    self.index.put_grant(&outdated, revision);
                }
            }
            Change::Withdraw(which) => {
                if let Some(grant) = pick(grants, which).cloned() {
                    self.index.remove_grant(grant.youth, grant.id, revision);
                    grants.retain(|held| held.id != grant.id);
                }
            }
            Change::Prohibit(prohibition) => {
                let prohibition = Prohibition { id: prohibition_id(number), ..prohibition };
                self.index.put_prohibition(prohibition.clone(), revision);
                prohibitions.push(prohibition);
            }
            Change::Lift(which) => {
                if let Some(prohibition) = pick(prohibitions, which).cloned() {
                    self.index.remove_prohibition(prohibition.youth, prohibition.id, revision);
                    prohibitions.retain(|held| held.id != prohibition.id);
                }
            }
            Change::Assess(youth, status) => {
                self.index.put_status(youth, status_id(number), status, revision);
                statuses.push((youth, status_id(number), status));
            }
            Change::Reassess(which, status) => {
                if let Some((youth, id, _)) = pick(statuses, which).copied() {
                    self.index.put_status(youth, id, status, revision);
                    statuses.retain(|(_, held, _)| *held != id);
                    statuses.push((youth, id, status));
                }
            }
            Change::End(which) => {
                if let Some((youth, id, _)) = pick(statuses, which).copied() {
                    self.index.remove_status(youth, id, revision);
                    statuses.retain(|(_, held, _)| *held != id);
                }
            }
            Change::Link(ids) => {
                joined.iter().for_each(|id| self.index.put_ids(&[*id]));
                self.index.put_ids(&ids);
                *joined = ids;
            }
        }
    }
}

fn pick<T>(list: &mut [T], which: Index) -> Option<&mut T> {
    if list.is_empty() { None } else { Some(&mut list[which.index(list.len())]) }
}

/// What was seen on the way, so that nobody believes in a comparison of nothing with nothing.
#[derive(Default)]
struct Seen {
    decisions: usize,
    partial: usize,
    rules: BTreeSet<String>,
    reasons: BTreeSet<Reason>,
}

fn live(seed: u32, seen: &mut Seen) {
    let [others @ .., last] = seed.to_be_bytes();
    let mut bytes = [last; 32];
    bytes.iter_mut().zip(others).for_each(|(byte, other)| *byte ^= other);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (scene, rounds) = life().new_tree(&mut runner).unwrap().current();
    let directory = directory();
    let mut clock = scene.midnight - BEFORE;
    let records = Records { born: scene.born.clone(), ..Records::default() };
    let mut both = Both { index: records.index(), records, revision: 0 };
    for (round, (passes, change, questions)) in rounds.into_iter().enumerate() {
        clock += passes;
        both.change(change, clock);
        for (question, asked, fits) in questions {
            let grants = &both.records.grants;
            let (question, asked) =
                fits.map_or((question.clone(), asked), |fit| fit.ask(question, asked, grants));
            let question = Question { now: at(clock), ..question };
            let decision = engine().decide(&both.index, asked, &question);
            let fast = Told::by(&decision);
            let slow = slow::decide(&directory, &both.records, asked, &question);
            assert_eq!(fast, slow, "seed {seed}, round {round}");
            assert_eq!(decision.revision(), both.revision);
            assert_eq!(decision.evaluated_at(), question.now);
            seen.decisions += 1;
            seen.partial += usize::from(!fast.bases.is_empty() && fast.permitted != asked);
            seen.rules.extend(fast.bases.into_iter().map(|(rule, _)| rule));
            seen.reasons.extend(fast.reasons);
        }
    }
}

#[test]
fn the_fast_path_says_what_the_slow_path_says() {
    let mut seen = Seen::default();
    let lives = at_least(LIVES);
    thread::scope(|scope| {
        let halves: Vec<_> = (0..2)
            .map(|half| {
                scope.spawn(move || {
                    let mut seen = Seen::default();
                    (0..lives).filter(|seed| seed % 2 == half).for_each(|seed| live(seed, &mut seen));
                    seen
                })
            })
            .collect();
        for half in halves {
            let half = half.join().unwrap();
            seen.decisions += half.decisions;
            seen.partial += half.partial;
            seen.rules.extend(half.rules);
            seen.reasons.extend(half.reasons);
        }
    });
    assert_eq!(seen.decisions, usize::try_from(lives).unwrap() * ROUNDS * QUESTIONS);
    assert!(seen.partial > 1_000, "{}", seen.partial);
    let unseen: Vec<&str> = slow::rule_ids().into_iter().filter(|id| !seen.rules.contains(*id)).collect();
    assert!(unseen.is_empty(), "no permission rested on {unseen:?}");
    // All that rules can say, and the want of a ground.
    assert_eq!(seen.reasons.len(), 15, "{:?}", seen.reasons);
}
