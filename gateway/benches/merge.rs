//! What does it cost to merge a change into a section of 72 commitments?
//!
//! `cargo bench -p polku-gateway --bench merge` prints one table; beside it, from the same run, what it costs to copy
//! the same section and to write and read it.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it has measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use polku_gateway::plan::{Edit, Editor, Grown, Origin, UsedIds, changes, check, merge};
use polku_proto::v1::{ActionState, DataCategory, PlanAction, PlanGoal, PlanPart, PlanState};
use polku_proto::{CategorySet, Disclose as _};
use prost::Message as _;

/// How many commitments the section has.
const ACTIONS: usize = 72;
/// How many times each row is timed.
const CALLS: usize = 20_000;
/// The most that a merge may take, at the median.
const TARGET: Duration = Duration::from_micros(50);

fn main() {
    let base = section();
    let (ours, theirs) = (changed(&base, 0), changed(&base, 1));
    let clashing = changed(&base, 0);
    let clashing = PlanPart {
        actions: clashing
            .actions
            .into_iter()
            .map(|action| PlanAction { provider: format!("{} too", action.provider), ..action })
            .collect(),
        ..clashing
    };
    let health = CategorySet::ALL.difference(CategorySet::of(&[DataCategory::HealthCapacity]));
    let (mut seen_base, mut seen_ours) = (base.clone(), ours.clone());
    seen_base.restrict(health);
    seen_ours.restrict(health);
    let used = UsedIds::default();
    let edit = Edit {
        editor: Editor::Owner,
        origin: Origin::Call,
        told: CategorySet::ALL,
        fellows_told: CategorySet::ALL,
        others: &[],
        base: &base,
        ours: &ours,
        stored: &base,
        used: &used,
        now: Timestamp::UNIX_EPOCH,
    };
    let (now, grown) = (edit.now, &Grown::default());
    println!("{ACTIONS} commitments, {} bytes encoded, {CALLS} calls each\n", base.encoded_len());
    println!("{:<44}{:>10}{:>10}   aim for the median", "", "median", "p99");
    aimed("merge, nothing changed", || merge(&base, &base, &theirs, CategorySet::ALL, grown, now));
    aimed("merge, every other commitment on each side", || {
        merge(&base, &ours, &theirs, CategorySet::ALL, grown, now)
    });
    aimed("merge, told all but one category", || merge(&seen_base, &seen_ours, &theirs, health, grown, now));
    aimed("merge, 36 clashes", || merge(&base, &clashing, &ours, CategorySet::ALL, grown, now));
    row("changes, 36 fields", || changes(&base, &ours));
    row("check", || check(&edit));
    row("copy of the section", || base.clone());
    row("section written and read", || PlanPart::decode(base.encode_to_vec().as_slice()));
}

/// Times a call, and prints a line without an aim.
fn row<T>(name: &str, call: impl FnMut() -> T) {
    let (line, _) = timed(name, call);
    println!("{line}");
}

/// Times a call, and prints a line with the aim beside it.
fn aimed<T>(name: &str, call: impl FnMut() -> T) {
    let (line, median) = timed(name, call);
    let verdict = if median <= TARGET { "met" } else { "MISSED" };
    println!("{line}   {} us: {verdict}", TARGET.as_micros());
}

/// Times a call: a line, and the median.
fn timed<T>(name: &str, mut call: impl FnMut() -> T) -> (String, Duration) {
    let mut times: Vec<Duration> = (0..CALLS)
        .map(|_| {
            let begun = Instant::now();
            let result = black_box(call());
            let taken = begun.elapsed();
            drop(result);
            taken
        })
        .collect();
    times.sort_unstable();
    let at = |share: usize| times.get(CALLS * share / 100).copied().unwrap_or_default();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    (format!("{name:<44}{:>7.1} us{:>7.1} us", micros(at(50)), micros(at(99))), at(50))
}

/// A section with eight fields to each commitment.
fn section() -> PlanPart {
    let category = DataCategory::JointPlan.into();
    let goals = (0..6)
        .map(|number| PlanGoal {
            id: format!("goal-{number}"),
            category,
            text: format!("Own flat and an apprenticeship by the summer, part {number}"),
            ..PlanGoal::default()
        })
        .collect();
    let actions = (0..ACTIONS)
        .map(|number| PlanAction {
            id: format!("action-{number}"),
            category,
            text: format!(
                "Visit the workshop in the first week and agree on the days of work try-out number {number} with \
                 the coach"
            ),
            state: ActionState::Agreed.into(),
            goal: format!("goal-{}", number % 6),
            provider: format!("Workshop number {number} of the city"),
            ptv_service: String::from("0b4f3a52-9f0d-4c39-9a8b-3c55a6a1f2d0"),
            start: String::from("2026-03-02"),
            end: String::from("2026-05-29"),
            reason: String::new(),
        })
        .collect();
    PlanPart {
        owner: String::from("te"),
        state: PlanState::Draft.into(),
        goals,
        actions,
        ..PlanPart::default()
    }
}

/// The section with a change in every other commitment.
fn changed(base: &PlanPart, from: usize) -> PlanPart {
    let mut part = base.clone();
    for action in part.actions.iter_mut().skip(from).step_by(2) {
        action.provider.push_str(", east");
    }
    part
}
