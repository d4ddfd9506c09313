//! Does a merge lose nothing, invent nothing, and refuse what makes no sense?

use polku_proto::v1::conflict_resolution::Choice;
use polku_proto::v1::plan_item::Kind;
use polku_proto::v1::{
    ActionState, AddPlanPartyRequest, DataCategory, GoalState, MeetingState, MergePlanRequest, Plan,
    PlanMeeting, PlanPart, PlanState, RecordMeasureRequest, TransferPlanRequest, Worker, plan_link,
    record_measure_request::Measure,
};
use polku_tests::world::{KELA, OHJAAMO, PEOPLE, TE, request_id};
use tonic::{Code, Status};

use super::table::*;
use crate::stage::{Stage, assert_refused, assert_silent};

/// Puts something into a section that must not be in one.
type Spoil<'a> = Box<dyn Fn(&mut PlanPart) + Send + Sync + 'a>;

fn request(plan: &str, etag: &str, sections: Vec<PlanPart>) -> MergePlanRequest {
    MergePlanRequest {
        request_id: request_id(),
        name: plan.to_owned(),
        etag: etag.to_owned(),
        sections,
        validate_only: false,
        found_in: None,
    }
}

fn assert_invalid<T>(result: Result<T, Status>, reason: &str) -> Status {
    assert_refused(result, Code::InvalidArgument, reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etag_is_of_one_reading_by_one_agency_of_one_plan() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[0]).await;
    let (youth, other) = laid(&stage, PEOPLE[1]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    let seen = read(&te, &plan).await.unwrap();
    let wanted = || vec![PlanPart { next_review: "2027-01-01".to_owned(), ..section(&seen, TE) }];
    let foreign = [
        read(&stage.kela(), &plan).await.unwrap().etag,
        read(&te, &other).await.unwrap().etag,
        read(&stage.subject(&youth), &other).await.unwrap().etag,
        seen.sections[0].etag.clone(),
        "x".to_owned(),
    ];
    for etag in foreign {
        assert_invalid(merge(&te, &plan, &etag, wanted()).await, "ETAG_INVALID");
        assert_invalid(accept(&ohjaamo, &plan, &etag).await, "ETAG_INVALID");
    }
    // Reading twice is two etags of the same.
    let again = read(&te, &plan).await.unwrap();
    assert_ne!(again.etag, seen.etag);
    assert_eq!(again.sections, seen.sections);
    merge(&te, &plan, &seen.etag, wanted()).await.unwrap();
    // Stale, and nothing between them clashes.
    let late = PlanPart { goals: vec![goal("t1", "työ")], ..section(&seen, TE) };
    let merged = merge(&te, &plan, &seen.etag, vec![late]).await.unwrap();
    assert!(merged.conflicts.is_empty());
    let now = section(&merged.plan.unwrap(), TE);
    assert_eq!((now.next_review.as_str(), now.goals.len()), ("2027-01-01", 1));
    stage.close().await;
}

/// What a consent hides or shows in between must neither be removed nor be changed by who did not read it.
#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_changed_since_the_reading_loses_nothing() {
    let stage = Stage::open().await;
    let youth = stage.ohjaamo().identify(PEOPLE[2]).await.unwrap();
    let told = [DataCategory::JointPlan, DataCategory::ServiceNeeds];
    let mut ohjaamo = stage.ohjaamo();
    ohjaamo.record_consent(&youth, OHJAAMO, TE, PURPOSE, &told).await.unwrap();
    ohjaamo.record_consent(&youth, TE, OHJAAMO, PURPOSE, &SHARED).await.unwrap();
    let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    add(&ohjaamo, &plan, TE).await.unwrap();
    edit(&ohjaamo, &plan, "youth", |part| {
        part.goals.push(goal("g1", "oma koti"));
        part.needs.push(need("n1", DataCategory::ServiceNeeds, "tukea"));
        part.needs.push(need("n2", DataCategory::Housing, "kanaria-asuminen"));
    })
    .await
    .unwrap();
    let te = stage.te();
    let before = read(&te, &plan).await.unwrap();
    assert_eq!(section(&before, "youth").needs.len(), 1);
    let more = ohjaamo.record_consent(&youth, OHJAAMO, TE, PURPOSE, &[DataCategory::Housing]).await.unwrap();
    let wanted = |plan| {
        let mut part = section(plan, "youth");
        part.goals[0].text = "vuokra-asunto".to_owned();
        vec![part]
    };
    assert_refused(merge(&te, &plan, &before.etag, wanted(&before)).await, Code::Aborted, "ETAG_MISMATCH");
    let between = read(&te, &plan).await.unwrap();
    assert_eq!(section(&between, "youth").needs.len(), 2);
    withdraw(&stage, &more).await;
    assert_refused(merge(&te, &plan, &between.etag, wanted(&between)).await, Code::Aborted, "ETAG_MISMATCH");
    // As it was read first, so it is seen again.
    merge(&te, &plan, &before.etag, wanted(&before)).await.unwrap();
    let whole = section(&read(&ohjaamo, &plan).await.unwrap(), "youth");
    assert_eq!(
        (whole.needs.len(), whole.needs[1].text.as_str(), whole.goals[0].text.as_str()),
        (2, "kanaria-asuminen", "vuokra-asunto")
    );
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_has_one_effect_and_a_trial_has_none() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[3]).await;
    let te = stage.te();
    edit(&te, &plan, TE, |part| part.goals.push(goal("g1", "työ"))).await.unwrap();
    let seen = read(&te, &plan).await.unwrap();
    let count = revisions(&te, &plan).await.unwrap().revisions.len();
    let changed = |text: &str| {
        let mut part = section(&seen, TE);
        part.goals[0].text = text.to_owned();
        vec![part]
    };
    let trial =
        MergePlanRequest { validate_only: true, ..request(&plan, &seen.etag, changed("oppisopimus")) };
    let tried = te.clone().plan.merge_plan(trial.clone()).await.unwrap().into_inner();
    assert!(tried.conflicts.is_empty() && tried.receipt.is_none());
    assert_eq!(revisions(&te, &plan).await.unwrap().revisions.len(), count);
    assert_eq!(section(&read(&te, &plan).await.unwrap(), TE).goals[0].text, "työ");
    // A trial is no first call.
    let real = MergePlanRequest { validate_only: false, ..trial.clone() };
    let first = te.clone().plan.merge_plan(real.clone()).await.unwrap().into_inner();
    let again = te.clone().plan.merge_plan(real.clone()).await.unwrap().into_inner();
    assert_eq!(first.receipt, again.receipt);
    assert_eq!(first.plan.unwrap().sections, again.plan.unwrap().sections);
    assert_eq!(revisions(&te, &plan).await.unwrap().revisions.len(), count + 1);
    let other = MergePlanRequest { sections: changed("koulu"), ..real.clone() };
    assert_invalid(te.clone().plan.merge_plan(other).await, "REQUEST_ID_REUSED");
    // The same words are no change.
    let now = read(&te, &plan).await.unwrap();
    let same = request(&plan, &now.etag, vec![section(&now, TE)]);
    for _ in 0..2 {
        let unchanged = te.clone().plan.merge_plan(same.clone()).await.unwrap().into_inner();
        assert_eq!((unchanged.receipt, unchanged.conflicts.len()), (None, 0), "there is nothing to prove");
        assert_eq!(unchanged.plan.unwrap().sections, now.sections);
    }
    assert_eq!(revisions(&te, &plan).await.unwrap().revisions.len(), count + 1);

    // A trial shows a clash, and leaves no task.
    let clash = MergePlanRequest { validate_only: true, ..request(&plan, &seen.etag, changed("koulu")) };
    let tried = te.clone().plan.merge_plan(clash.clone()).await.unwrap().into_inner();
    assert_eq!(tried.conflicts.len(), 1);
    assert_eq!(tried.conflicts[0].task, "");
    assert!(tasks(&te).await.unwrap().is_empty());
    let first = merge(&te, &plan, &seen.etag, changed("koulu")).await.unwrap().conflicts;
    let second = merge(&te, &plan, &seen.etag, changed("koulu")).await.unwrap().conflicts;
    assert_eq!(first, second, "the same clash is the same task");
    assert_eq!(tasks(&te).await.unwrap().len(), 1);
    stage.close().await;
}

/// A trial shows the plan that the call would make, with what follows from the change.
#[tokio::test(flavor = "multi_thread")]
async fn a_trial_shows_what_the_call_makes() {
    let stage = Stage::at_noon().await;
    let (_, plan) = laid(&stage, PEOPLE[8]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let joint = DataCategory::JointPlan;
    edit(&te, &plan, TE, |part| {
        part.goals.push(goal("g1", "työ"));
        part.actions = ["a1", "a2"].map(|id| action(id, joint, "haku")).into();
    })
    .await
    .unwrap();
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    let ends = (item("youth", Kind::Goal, "g1"), item(TE, Kind::Goal, "g1"));
    link(&te, &plan, plan_link::Kind::SameAs, ends).await.unwrap();
    acknowledge(&te, &plan).await.unwrap();
    let etag = read(&ohjaamo, &plan).await.unwrap().etag;
    accept(&ohjaamo, &plan, &etag).await.unwrap();
    let seen = read(&te, &plan).await.unwrap();
    // A link ends with its goal; other terms are acknowledged anew; and what is new is undertaken.
    let mut part = section(&seen, TE);
    part.goals.clear();
    part.actions[0].start = "2027-01-01".to_owned();
    part.actions.push(action("a3", joint, "käynti"));
    let real = request(&plan, &seen.etag, vec![part]);
    let trial = MergePlanRequest { validate_only: true, ..real.clone() };
    let tried = te.clone().plan.merge_plan(trial).await.unwrap().into_inner().plan.unwrap();
    let made = te.clone().plan.merge_plan(real).await.unwrap().into_inner().plan.unwrap();
    let without_etag = |plan: &Plan| Plan { etag: String::new(), ..plan.clone() };
    assert_eq!(without_etag(&tried), without_etag(&made));
    assert!(made.links.is_empty() && made.changed_since_acceptance);
    let own = made.sections.iter().find(|one| one.part.as_ref().unwrap().owner == TE).unwrap();
    let open = own.commitments.iter().filter(|one| one.acknowledge_time.is_none());
    assert_eq!(open.map(|one| one.action.as_str()).collect::<Vec<_>>(), ["a1", "a3"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_has_removed_and_the_other_changed_is_decided_by_a_person() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[4]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    edit(&ohjaamo, &plan, "youth", |part| {
        part.goals = ["g1", "g2"].map(|id| goal(id, "oma koti")).into();
    })
    .await
    .unwrap();
    let (mine, theirs) = (read(&ohjaamo, &plan).await.unwrap(), read(&te, &plan).await.unwrap());
    let mut removed = section(&mine, "youth");
    removed.goals.remove(0);
    removed.goals[0].text = "asunto".to_owned();
    merge(&ohjaamo, &plan, &mine.etag, vec![removed]).await.unwrap();
    let mut changed = section(&theirs, "youth");
    changed.goals[0].due = "2027-05-31".to_owned();
    changed.goals[1].due = "2027-06-30".to_owned();
    let merged = merge(&te, &plan, &theirs.etag, vec![changed]).await.unwrap();
    let [conflict] = merged.conflicts.as_slice() else { panic!("one clash") };
    assert_eq!((conflict.owner.as_str(), conflict.path.as_str()), ("youth", "goals/g1"));
    assert!(conflict.theirs.as_ref().unwrap().goals.is_empty(), "it is not there any more");
    let left = section(&merged.plan.unwrap(), "youth").goals;
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].text.as_str(), left[0].due.as_str()), ("asunto", "2027-06-30"), "field by field");
    decide(&ohjaamo, &conflict.task, Choice::Ours, None).await.unwrap();
    let goals = section(&read(&te, &plan).await.unwrap(), "youth").goals;
    assert!(goals.iter().any(|goal| goal.id == "g1" && goal.due == "2027-05-31"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_whole() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[5]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let mut done = action("a9", DataCategory::JointPlan, "valmis");
    done.state = ActionState::Agreed as i32;
    let agreed = polku_proto::v1::PlanAction { id: "a8".to_owned(), ..done.clone() };
    edit(&te, &plan, TE, |part| part.actions.extend([done, agreed])).await.unwrap();
    edit(&te, &plan, TE, |part| part.actions[0].state = ActionState::Done as i32).await.unwrap();
    let work = DataCategory::JointPlan;
    type Wrong = (&'static str, &'static str, fn(&mut PlanPart));
    let wrong: [Wrong; 17] = [
        ("two items", "DUPLICATE_ITEM", |part| part.goals = vec![goal("x", "1"), goal("x", "2")]),
        ("a goal that is not there", "DANGLING_REFERENCE", |part| part.actions[0].goal = "none".to_owned()),
        ("a need that is not there", "DANGLING_REFERENCE", |part| {
            let mut goal = goal("g", "1");
            goal.needs = vec!["none".to_owned()];
            part.goals.push(goal);
        }),
        ("from a final state", "TRANSITION_NOT_ALLOWED", |part| {
            part.actions[0].state = ActionState::InProgress as i32;
        }),
        ("begun in a final state", "TRANSITION_NOT_ALLOWED", |part| {
            part.goals
                .push(polku_proto::v1::PlanGoal { state: GoalState::Completed as i32, ..goal("g", "1") });
        }),
        ("no reason", "INVALID_FIELDS", |part| part.actions[1].state = ActionState::NotDone as i32),
        ("no such day", "INVALID_FIELDS", |part| part.next_review = "2027-02-29".to_owned()),
        ("no such month", "INVALID_FIELDS", |part| part.actions[0].start = "2027-13-01".to_owned()),
        ("end before start", "INVALID_FIELDS", |part| {
            part.actions[0].start = "2027-03-02".to_owned();
            part.actions[0].end = "2027-03-01".to_owned();
        }),
        ("held in time to come", "INVALID_FIELDS", |part| {
            part.meetings.push(PlanMeeting {
                id: "m".to_owned(),
                category: DataCategory::JointPlan as i32,
                time: Some(prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 }),
                state: MeetingState::Held as i32,
                ..PlanMeeting::default()
            });
        }),
        ("what a referral tells", "INVALID_FIELDS", |part| {
            part.needs.push(need("n", DataCategory::ReferralStatus, "tila"));
        }),
        ("an item without a text", "INVALID_FIELDS", |part| part.goals.push(goal("g", ""))),
        ("a path as an id", "INVALID_FIELDS", |part| part.goals.push(goal("g/1", "1"))),
        ("more goals than fit", "INVALID_FIELDS", |part| {
            part.goals = (0..10_000).map(|number| goal(&format!("g{number}"), "1")).collect();
        }),
        ("an unknown state", "INVALID_FIELDS", |part| part.state = 99),
        ("no category", "INVALID_FIELDS", |part| part.needs.push(need("n", DataCategory::Unspecified, "1"))),
        ("the identity code", "INVALID_FIELDS", |part| {
            part.background = Some(polku_proto::v1::ReferralContent {
                identity_code: PEOPLE[5].to_owned(),
                ..polku_proto::v1::ReferralContent::default()
            });
        }),
    ];
    let before = read(&te, &plan).await.unwrap();
    for (what, reason, spoil) in wrong {
        let seen = read(&te, &plan).await.unwrap();
        let mut part = section(&seen, TE);
        part.next_review = "2027-01-01".to_owned();
        spoil(&mut part);
        let refused = merge(&te, &plan, &seen.etag, vec![part]).await;
        let late = reason == "TRANSITION_NOT_ALLOWED";
        let code = if late { Code::FailedPrecondition } else { Code::InvalidArgument };
        let status = assert_refused(refused, code, reason);
        assert!(!status.message().contains("2027-02-29"), "{what}: {status:?}");
    }
    let seen = read(&te, &plan).await.unwrap();
    let twice = vec![section(&seen, TE), section(&seen, TE)];
    assert_invalid(merge(&te, &plan, &seen.etag, twice).await, "DUPLICATE_ITEM");
    // Nobody else's section, be it there or not.
    for owner in [OHJAAMO, KELA, "nobody"] {
        let mut part = section(&seen, owner);
        part.needs.push(need("n", work, "1"));
        let refused = merge(&te, &plan, &seen.etag, vec![part]).await;
        assert_refused(refused, Code::PermissionDenied, "PLAN_ITEM_NOT_OWNED");
    }
    let at_ohjaamo = read(&ohjaamo, &plan).await.unwrap();
    let mut others = section(&at_ohjaamo, TE);
    others.actions[0].text = "toinen".to_owned();
    let refused = merge(&ohjaamo, &plan, &at_ohjaamo.etag, vec![others]).await;
    assert_refused(refused, Code::PermissionDenied, "PLAN_ITEM_NOT_OWNED");
    let mine = read(&stage.subject(&youth), &plan).await.unwrap();
    let mut others = section(&mine, TE);
    others.actions.clear();
    let refused = merge(&stage.subject(&youth), &plan, &mine.etag, vec![others]).await;
    assert_refused(refused, Code::PermissionDenied, "PLAN_ITEM_NOT_OWNED");
    // In the young person's section others do not speak for them.
    let mut words = section(&seen, "youth");
    words.client_view = "kanaria-puhe".to_owned();
    let refused = merge(&te, &plan, &seen.etag, vec![words]).await;
    assert_refused(refused, Code::PermissionDenied, "PLAN_ITEM_NOT_OWNED");
    assert_eq!(read(&te, &plan).await.unwrap().sections, before.sections, "nothing was changed");
    stage.close().await;
}

/// Whoever adds to what they have read may not know what others have added since: each has its own room.
#[tokio::test(flavor = "multi_thread")]
async fn two_who_each_add_what_fits_do_not_make_a_plan_that_nobody_can_read() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[6]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let stale = read(&te, &plan).await.unwrap();
    let many = |prefix: &'static str, count| {
        (0..count).map(move |number| goal(&format!("{prefix}{number}"), "tavoite"))
    };
    edit(&ohjaamo, &plan, "youth", |part| part.goals = many("g", 200).collect()).await.unwrap();
    let part = PlanPart { goals: many("te:g", 15).collect(), ..section(&stale, "youth") };
    merge(&te, &plan, &stale.etag, vec![part]).await.unwrap();
    // Also of what one has added oneself, from another desk.
    let part = PlanPart { goals: many("te:h", 6).collect(), ..section(&stale, "youth") };
    assert_invalid(merge(&te, &plan, &stale.etag, vec![part]).await, "PLAN_TOO_LARGE");
    for client in [&ohjaamo, &te, &stage.subject(&youth)] {
        assert_eq!(section(&read(client, &plan).await.unwrap(), "youth").goals.len(), 215);
    }
    stage.close().await;
}

/// Ids end up where texts do not: in paths, in links, in other systems' logs.
#[tokio::test(flavor = "multi_thread")]
async fn no_id_has_an_identity_code_in_it() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[7]).await;
    let te = stage.te();
    let code = PEOPLE[7];
    for id in [code.to_owned(), format!("te:{}-1", code.to_lowercase())] {
        let edits: [Spoil<'_>; 7] = [
            Box::new(|part| part.needs.push(need(&id, DataCategory::JointPlan, "1"))),
            Box::new(|part| part.goals.push(goal(&id, "1"))),
            Box::new(|part| part.actions.push(action(&id, DataCategory::JointPlan, "1"))),
            Box::new(|part| {
                part.meetings.push(PlanMeeting {
                    id: id.clone(),
                    category: DataCategory::JointPlan as i32,
                    state: MeetingState::Planned as i32,
                    ..PlanMeeting::default()
                });
            }),
            Box::new(|part| part.reference.clone_from(&id)),
            Box::new(|part| part.responsible_worker = Some(Worker { id: id.clone(), ..worker() })),
            // It refers to what is not there as well: that is not what is said about it.
            Box::new(|part| {
                let mut action = action("a", DataCategory::JointPlan, "1");
                action.goal.clone_from(&id);
                part.actions.push(action);
            }),
        ];
        for spoil in &edits {
            let status = assert_invalid(edit(&te, &plan, TE, |part| spoil(part)).await, "INVALID_FIELDS");
            assert_silent(&status, &[&id]);
        }
        let transfer = TransferPlanRequest {
            request_id: request_id(),
            name: plan.clone(),
            agency: TE.to_owned(),
            responsible_worker: Some(Worker { id: id.clone(), ..worker() }),
            etag: read(&stage.ohjaamo(), &plan).await.unwrap().etag,
            ..TransferPlanRequest::default()
        };
        let status = assert_invalid(stage.ohjaamo().plan.transfer_plan(transfer).await, "INVALID_FIELDS");
        assert_silent(&status, &[&id]);
        let party = format!("te/{id}");
        let etag = read(&stage.ohjaamo(), &plan).await.unwrap().etag;
        let request =
            AddPlanPartyRequest { request_id: request_id(), name: plan.clone(), party, etag: etag.clone() };
        // A unit of this name is none.
        let status = assert_invalid(stage.ohjaamo().plan.add_plan_party(request).await, "UNKNOWN_AGENCY");
        assert_silent(&status, &[&id]);
        let reading = polku_proto::v1::WhoqolReading {
            id: id.clone(),
            date: "2026-01-31".to_owned(),
            filled_by: polku_proto::v1::FilledBy::Self_ as i32,
            answers: vec![polku_proto::v1::WhoqolAnswer { item: 1, answer: 3 }],
            ..polku_proto::v1::WhoqolReading::default()
        };
        let measure = Some(Measure::Questionnaire(reading));
        let request = RecordMeasureRequest { request_id: request_id(), name: plan.clone(), measure };
        let status = assert_invalid(te.clone().plan.record_measure(request).await, "INVALID_FIELDS");
        assert_silent(&status, &[&id]);
    }
    assert!(section(&read(&te, &plan).await.unwrap(), TE).goals.is_empty());
    assert_eq!(read(&te, &plan).await.unwrap().state(), PlanState::Draft);
    stage.close().await;
}
