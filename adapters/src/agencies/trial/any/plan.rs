//! Which parts of a plan can there be at all?

use polku_proto::v1::{
    DataCategory, MeetingRecord, PlanAction, PlanCommitment, PlanGoal, PlanItem, PlanLink, PlanMeeting,
    PlanNeed, PlanPart, PlanStanding, Worker,
};
use polku_proto::{CategorySet, Disclose as _, time};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::plan_part;
use super::{ID, content, instant, maybe, maybe_date, maybe_words, period, words};

const CATEGORIES: std::ops::RangeInclusive<i32> = 2..=15;

fn needs() -> BoxedStrategy<Vec<PlanNeed>> {
    let need = (CATEGORIES, words(2000), any::<bool>());
    vec(need, 0..4)
        .prop_map(|all| {
            let needs = all.into_iter().enumerate().map(|(number, (category, text, found_in_meeting))| {
                PlanNeed { id: format!("n{number}"), category, text, found_in_meeting }
            });
            needs.collect()
        })
        .boxed()
}

fn goals() -> BoxedStrategy<Vec<PlanGoal>> {
    let goal = (CATEGORIES, words(2000), 1..=9_i32, 0..=9_i32, maybe_date(), vec(0..4_usize, 0..3));
    vec(goal, 0..4)
        .prop_map(|all| {
            let goals = all.into_iter().enumerate();
            let goals = goals.map(|(number, (category, text, state, achievement, due, needs))| PlanGoal {
                id: format!("g{number}"),
                category,
                text,
                state,
                achievement,
                due,
                needs: needs.into_iter().map(|number| format!("n{number}")).collect(),
            });
            goals.collect()
        })
        .boxed()
}

fn actions() -> BoxedStrategy<Vec<PlanAction>> {
    let ptv = maybe("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
    let action = (
        CATEGORIES,
        words(2000),
        1..=6_i32,
        option::of(0..4_usize),
        maybe_words(200),
        ptv,
        period(),
        maybe_words(1000),
    );
    vec(action, 0..4)
        .prop_map(|all| {
            let actions = all.into_iter().enumerate();
            let actions = actions.map(
                |(number, (category, text, state, goal, provider, ptv_service, (start, end), reason))| {
                    PlanAction {
                        id: format!("a{number}"),
                        category,
                        text,
                        state,
                        goal: goal.map(|number| format!("g{number}")).unwrap_or_default(),
                        provider,
                        ptv_service,
                        start,
                        end,
                        reason,
                    }
                },
            );
            actions.collect()
        })
        .boxed()
}

fn meetings() -> BoxedStrategy<Vec<PlanMeeting>> {
    let meeting = (
        CATEGORIES,
        option::of(instant()),
        1..=3_i32,
        maybe_words(200),
        vec(words(200), 0..3),
        maybe_words(2000),
    );
    vec(meeting, 0..4)
        .prop_map(|all| {
            let meetings = all.into_iter().enumerate();
            let meetings =
                meetings.map(|(number, (category, time, state, place, participants, note))| PlanMeeting {
                    id: format!("m{number}"),
                    category,
                    time: time.map(|instant| time::to_wire(instant).unwrap()),
                    state,
                    place,
                    participants,
                    note,
                });
            meetings.collect()
        })
        .boxed()
}

fn worker() -> BoxedStrategy<Worker> {
    (
        maybe("[A-Za-z._:@-]{1,64}"),
        maybe_words(200),
        maybe(ID),
        maybe("\\+?[0-9 ()-]{5,20}"),
        maybe_words(254),
    )
        .prop_map(|(id, name, unit, phone, email)| Worker { id, name, unit, phone, email })
        .boxed()
}

fn item() -> BoxedStrategy<PlanItem> {
    let item = ("[a-z][a-z-]{0,31}", 1..=4_i32, "[A-Za-z._:-]{1,64}");
    item.prop_map(|(owner, kind, id)| PlanItem { owner, kind, id }).boxed()
}

/// Where a part can stand in the joint plan: something is said of it.
pub(in crate::agencies) fn standing() -> BoxedStrategy<PlanStanding> {
    let wire = |instant| time::to_wire(instant).unwrap();
    let commitment = ("[A-Za-z._:-]{1,64}", instant())
        .prop_map(move |(action, instant)| PlanCommitment { action, acknowledge_time: Some(wire(instant)) });
    let missing = proptest::sample::subsequence(vec![1, 2, 3, 4], 0..=4);
    let record =
        ("[A-Za-z._:-]{1,64}", 1..=2_i32, vec("[a-z][a-z-]{0,31}", 0..4), missing, any::<(bool, bool)>());
    let record =
        record.prop_map(|(meeting, kind, attended, missing, (client_attended, questionnaire_before))| {
            MeetingRecord {
                category: DataCategory::JointPlan.into(),
                meeting,
                kind,
                attended,
                client_attended,
                missing,
                questionnaire_before,
            }
        });
    let link = (1..=3_i32, item(), item()).prop_map(|(kind, first, second)| PlanLink {
        kind,
        first: Some(first),
        second: Some(second),
    });
    let lists = (vec(commitment, 0..4), vec(record, 0..4), vec(link, 0..4));
    (any::<bool>(), lists, option::of(instant()), option::of(item()))
        .prop_map(move |(changed_since_acceptance, (commitments, meetings, links), accepted, step)| {
            PlanStanding {
                changed_since_acceptance,
                commitments,
                meetings,
                accept_time: accepted.map(wire),
                step,
                links,
            }
        })
        .prop_filter("nothing is said", |standing| *standing != PlanStanding::default())
        .boxed()
}

/// What a part of a plan can be. Where it stands is nobody's to read: that is tried by itself.
pub(in crate::agencies) fn plan() -> BoxedStrategy<PlanPart> {
    let frame = (
        maybe("[A-Za-z._:-]{1,128}"),
        prop_oneof![1 => Just(0), 5 => 1..=u64::MAX],
        option::of(instant()),
        1..=6_i32,
        any::<bool>(),
        any::<bool>(),
    );
    let items = (needs(), goals(), actions(), meetings());
    let views = (maybe_words(4000), maybe_words(4000), maybe_date(), option::of(worker()));
    (frame, option::of(content()), items, views)
        .prop_map(|(frame, background, items, views)| {
            let (reference, revision, update_time, state, redacted, consent_withdrawn) = frame;
            let (needs, goals, actions, meetings) = items;
            let (client_view, worker_view, next_review, responsible_worker) = views;
            let mut part = PlanPart {
                reference,
                revision,
                update_time: update_time.map(|instant| time::to_wire(instant).unwrap()),
                state,
                redacted,
                consent_withdrawn,
                background,
                needs,
                goals,
                actions,
                meetings,
                client_view,
                worker_view,
                next_review,
                responsible_worker: responsible_worker.filter(|worker| *worker != Worker::default()),
                standing: None,
                ..plan_part()
            };
            // An id of no item in the part is never told.
            part.restrict(CategorySet::ALL);
            part
        })
        .boxed()
}
