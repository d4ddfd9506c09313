//! Is everything that was done with a plan told, with who did it, to whoever may know of it and to nobody else?

use polku_proto::v1::conflict_resolution::Choice;
use polku_proto::v1::plan_activity::Kind;
use polku_proto::v1::plan_revision::Source;
use polku_proto::v1::record_measure_request::Measure;
use polku_proto::v1::{
    AreaScore, CallerRole, CompletePlanRequest, DataCategory, FilledBy, HoldPlanRequest,
    ListPlanRevisionsRequest, ListPlanRevisionsResponse, MeetingState, PlanActivity, PlanMeeting,
    PlanRevision, PlanState, ResumePlanRequest, StarReading, UnlinkPlanItemsRequest, WhoqolAnswer,
    WhoqolReading, meeting_record, plan_item, plan_link,
};
use polku_tests::world::{Client, KELA, OHJAAMO, OMA, PEOPLE, TE, WorldSettings, request_id};

use super::meetings::{HELD, measured, meeting, met_at};
use super::table::*;
use crate::stage::Stage;

const STARS: &str = "\n[[plan.star]]\nid = \"nuori\"\nversion = 1\nareas = [\"arki\"]\nhighest = 5\n";

async fn open() -> Stage {
    Stage::with(&WorldSettings::default(), |text| text + STARS).await
}

/// Who did what, oldest first: agency, professional, kinds of what was done beside writing.
async fn history(client: &Client, plan: &str) -> Vec<(String, String, Vec<Kind>)> {
    let mut all: Vec<_> = revisions(client, plan).await.unwrap().revisions;
    all.reverse();
    all.retain(|revision| !revision.activities.is_empty());
    let kinds = |revision: &PlanRevision| revision.activities.iter().map(PlanActivity::kind).collect();
    all.iter().map(|one| (one.agency.clone(), one.professional.clone(), kinds(one))).collect()
}

/// The last thing of this kind that the reader sees.
async fn last(client: &Client, plan: &str, kind: Kind) -> Option<PlanActivity> {
    let all = revisions(client, plan).await.unwrap().revisions;
    all.into_iter().flat_map(|revision| revision.activities).find(|activity| activity.kind() == kind)
}

async fn meets(client: &Client, plan: &str, meeting: &str) {
    met_at(client, plan, meeting, meeting_record::Kind::Other, (&[TE], true)).await.unwrap();
}

async fn measures(client: &Client, plan: &str, measure: Measure) {
    measured(client, plan, measure).await.unwrap();
}

fn form(id: &str) -> Measure {
    Measure::Questionnaire(WhoqolReading {
        id: id.to_owned(),
        date: "2026-01-31".to_owned(),
        filled_by: FilledBy::Self_ as i32,
        answers: (1..=26).map(|item| WhoqolAnswer { item, answer: 3 }).collect(),
        ..WhoqolReading::default()
    })
}

fn star(id: &str) -> Measure {
    Measure::Star(StarReading {
        id: id.to_owned(),
        date: "2026-01-31".to_owned(),
        filled_by: FilledBy::Together as i32,
        star: "nuori".to_owned(),
        version: 1,
        scores: vec![AreaScore { area: "arki".to_owned(), score: 3, change: None }],
        ..StarReading::default()
    })
}

fn held(id: &str, category: DataCategory) -> PlanMeeting {
    PlanMeeting { category: category as i32, ..meeting(id, MeetingState::Held, HELD) }
}

/// Two change the same text of the young person's section, of which the second clashes.
async fn clash(stage: &Stage, plan: &str) -> String {
    let stale = read(&stage.te(), plan).await.unwrap();
    edit(&stage.ohjaamo(), plan, "youth", |part| part.goals[0].text.push('!')).await.unwrap();
    let mut late = section(&stale, "youth");
    late.goals[0].text = "asunto".to_owned();
    let clashed = merge(&stage.te(), plan, &stale.etag, vec![late]).await.unwrap();
    clashed.conflicts[0].task.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_was_done_is_told_with_who_did_it() {
    let stage = open().await;
    let (youth, plan) = laid(&stage, PEOPLE[0]).await;
    let (ohjaamo, te, subject) = (stage.ohjaamo(), stage.te(), stage.subject(&youth));
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    edit(&te, &plan, TE, |part| {
        part.actions.push(action("a1", DataCategory::JointPlan, "kokeilu"));
        part.meetings.push(held("m1", DataCategory::JointPlan));
    })
    .await
    .unwrap();
    let step = item(TE, plan_item::Kind::Action, "a1");
    let ends = (step.clone(), item("youth", plan_item::Kind::Goal, "g1"));
    let linked = link(&te, &plan, plan_link::Kind::Serves, ends).await.unwrap().plan.unwrap().links;
    flag(&ohjaamo, &plan, Some(step.clone())).await.unwrap();
    flag(&subject, &plan, None).await.unwrap();
    meets(&te, &plan, "m1").await;
    measures(&te, &plan, form("w1")).await;
    measures(&te, &plan, star("s1")).await;
    accepts(&subject, &plan).await;
    acknowledge(&te, &plan).await.unwrap();
    let name = || plan.clone();
    let etag = etag_of(&ohjaamo, &plan).await.unwrap();
    let hold = HoldPlanRequest { request_id: request_id(), name: name(), etag };
    ohjaamo.clone().plan.hold_plan(hold).await.unwrap();
    let etag = etag_of(&ohjaamo, &plan).await.unwrap();
    let resume = ResumePlanRequest { request_id: request_id(), name: name(), etag };
    ohjaamo.clone().plan.resume_plan(resume).await.unwrap();
    let task = clash(&stage, &plan).await;
    decide(&ohjaamo, &task, Choice::Theirs, None).await.unwrap();
    let unlink =
        UnlinkPlanItemsRequest { request_id: request_id(), name: name(), link: linked.first().cloned() };
    ohjaamo.clone().plan.unlink_plan_items(unlink).await.unwrap();
    remove(&ohjaamo, &plan, KELA).await.unwrap();
    transfer(&ohjaamo, &plan, TE).await.unwrap();
    let etag = etag_of(&te, &plan).await.unwrap();
    let end = CompletePlanRequest { request_id: request_id(), name: name(), etag };
    te.clone().plan.complete_plan(end).await.unwrap();

    let by_ohjaamo = |kinds: &[Kind]| (OHJAAMO.to_owned(), "ohjaaja-1".to_owned(), kinds.to_vec());
    let by_te = |kinds: &[Kind]| (TE.to_owned(), "virkailija-7".to_owned(), kinds.to_vec());
    let by_youth = |kinds: &[Kind]| ("youth".to_owned(), String::new(), kinds.to_vec());
    let all = vec![
        by_ohjaamo(&[Kind::Begun]),
        by_ohjaamo(&[Kind::PartyAdded]),
        by_ohjaamo(&[Kind::PartyAdded]),
        by_te(&[Kind::Linked]),
        by_ohjaamo(&[Kind::StepFlagged]),
        by_youth(&[Kind::StepUnflagged]),
        by_te(&[Kind::MeetingRecorded]),
        by_te(&[Kind::Measured]),
        by_te(&[Kind::Measured]),
        by_youth(&[Kind::Accepted]),
        by_te(&[Kind::Acknowledged, Kind::State]),
        by_ohjaamo(&[Kind::State]),
        by_ohjaamo(&[Kind::State]),
        by_te(&[Kind::Clashed]),
        by_ohjaamo(&[Kind::Decided]),
        by_ohjaamo(&[Kind::Unlinked]),
        by_ohjaamo(&[Kind::PartyRemoved]),
        by_ohjaamo(&[Kind::Transferred]),
        by_te(&[Kind::State]),
    ];
    assert_eq!(history(&subject, &plan).await, all);
    // te hears of itself alone when others come and go, and of the rest all.
    let at_te: Vec<_> = history(&te, &plan).await;
    let mut expected = all;
    expected.remove(16);
    expected.remove(2);
    assert_eq!(at_te, expected);

    let state = last(&subject, &plan, Kind::State).await.unwrap();
    assert_eq!((state.former_state(), state.state()), (PlanState::Active, PlanState::Completed));
    let clashed = last(&subject, &plan, Kind::Clashed).await.unwrap();
    assert_eq!((clashed.agency, clashed.path, clashed.task), ("youth".into(), "goals/g1/text".into(), task));
    assert_eq!(last(&subject, &plan, Kind::PartyRemoved).await.unwrap().agency, KELA);
    let transferred = last(&subject, &plan, Kind::Transferred).await.unwrap();
    assert_eq!((transferred.agency.as_str(), transferred.responsible_worker), (TE, Some(worker())));
    assert_eq!(transferred.reason, "kanaria-siirto");
    assert_eq!(last(&subject, &plan, Kind::StepUnflagged).await.unwrap().item, Some(step));
    assert_eq!(last(&subject, &plan, Kind::Unlinked).await.unwrap().link, linked.into_iter().next());
    let met = last(&subject, &plan, Kind::MeetingRecorded).await.unwrap().meeting.unwrap();
    assert_eq!((met.meeting.as_str(), met.attended, met.client_attended), ("m1", vec![TE.to_owned()], true));
    assert!(last(&subject, &plan, Kind::Acknowledged).await.unwrap().time.is_some());
    let measured = last(&subject, &plan, Kind::Measured).await.unwrap();
    assert_eq!(measured.star.map(|star| star.id), Some("s1".to_owned()));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_it_does_not_see_that_it_was_done() {
    let stage = open().await;
    let (youth, plan) = laid(&stage, PEOPLE[1]).await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    edit(&te, &plan, TE, |part| {
        part.meetings.push(held("m1", DataCategory::Housing));
        part.actions.push(action("a1", DataCategory::Housing, "kanaria-asunto"));
        part.goals.push(goal("g1", "tyo"));
    })
    .await
    .unwrap();
    accept(&ohjaamo, &plan, &read(&ohjaamo, &plan).await.unwrap().etag).await.unwrap();
    let before = revisions(&ohjaamo, &plan).await.unwrap();
    meets(&te, &plan, "m1").await;
    measures(&te, &plan, form("kanaria-lomake")).await;
    measures(&te, &plan, star("kanaria-tahti")).await;
    acknowledge(&te, &plan).await.unwrap();
    let stale = read(&te, &plan).await.unwrap();
    edit(&te, &plan, TE, |part| part.actions[0].text.push('!')).await.unwrap();
    let mut late = section(&stale, TE);
    late.actions[0].text.push('?');
    let clashed = merge(&te, &plan, &stale.etag, vec![late]).await.unwrap();
    decide(&te, &clashed.conflicts[0].task, Choice::Ours, None).await.unwrap();
    assert_eq!(revisions(&ohjaamo, &plan).await.unwrap(), before);
    let own: Vec<Kind> = history(&te, &plan).await.into_iter().flat_map(|(_, _, kinds)| kinds).collect();
    for kind in [Kind::MeetingRecorded, Kind::Measured, Kind::Acknowledged, Kind::Clashed, Kind::Decided] {
        assert!(own.contains(&kind), "{kind:?} is missing in {own:?}");
    }
    let without_parties = |mut all: Vec<(String, String, Vec<Kind>)>| {
        all.retain(|(_, _, kinds)| kinds != &[Kind::PartyAdded]);
        all
    };
    let at_youth = history(&stage.subject(&youth), &plan).await;
    assert_eq!(without_parties(history(&te, &plan).await), without_parties(at_youth));
    // What is told later is told as it was.
    agree(&stage, &youth, OHJAAMO, TE, &[DataCategory::QualityOfLife]).await;
    let measured = last(&ohjaamo, &plan, Kind::Measured).await.unwrap();
    assert_eq!(measured.questionnaire.map(|form| form.id), Some("kanaria-lomake".to_owned()));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_made_a_change_shows_unless_nothing_of_them_does() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[2]).await;
    let (ohjaamo, te, kela, subject) = (stage.ohjaamo(), stage.te(), stage.kela(), stage.subject(&youth));
    edit(&ohjaamo, &plan, "youth", |part| part.goals.push(goal("g1", "oma koti"))).await.unwrap();
    edit(&kela, &plan, "youth", |part| part.goals[0].due = "2027-05-31".to_owned()).await.unwrap();
    edit(&subject, &plan, "youth", |part| part.client_view = "kiitos".to_owned()).await.unwrap();
    let shown = |revision: &PlanRevision| {
        (
            revision.agency.clone(),
            revision.professional.clone(),
            revision.source(),
            revision.changes[0].path.clone(),
        )
    };
    let seen = |agency: &str, professional: &str, source, path: &str| {
        (agency.to_owned(), professional.to_owned(), source, path.to_owned())
    };
    let by_youth = seen("youth", "", Source::Call, "client_view");
    let by_kela = seen(KELA, "kelan-virkailija", Source::Call, "goals/g1/due");
    let by_nobody = seen("", "", Source::Unspecified, "goals/g1/due");
    let by_ohjaamo = seen(OHJAAMO, "ohjaaja-1", Source::Call, "goals/g1");
    for (client, of_kela) in
        [(&te, by_nobody), (&ohjaamo, by_kela.clone()), (&kela, by_kela.clone()), (&subject, by_kela)]
    {
        let all = revisions(client, &plan).await.unwrap().revisions;
        let all: Vec<_> = all.iter().filter(|revision| !revision.changes.is_empty()).map(shown).collect();
        assert_eq!(all, [by_youth.clone(), of_kela, by_ohjaamo.clone()]);
    }
    stage.close().await;
}

/// More than are read at once.
#[tokio::test(flavor = "multi_thread")]
async fn pages_are_the_whole_list() {
    let stage = Stage::open().await;
    let (_, plan) = laid(&stage, PEOPLE[3]).await;
    let (te, kela) = (stage.te(), stage.kela());
    for number in 0..35 {
        for (client, owner) in [(&te, TE), (&kela, KELA)] {
            edit(client, &plan, owner, |part| part.next_review = format!("2027-01-{:02}", number % 28 + 1))
                .await
                .unwrap();
        }
    }
    let whole = list(&te, &plan, 200, "").await;
    // That it is a party, and its own changes: neither the beginning of the plan nor anything of Kela's is cut off.
    assert_eq!((whole.revisions.len(), whole.next_page_token.as_str()), (37, ""));
    for size in [1, 5, 36, 37] {
        let mut all = Vec::new();
        let mut token = String::new();
        loop {
            let page = list(&te, &plan, size, &token).await;
            assert!(!page.revisions.is_empty() && page.revisions.len() <= usize::try_from(size).unwrap());
            all.extend(page.revisions);
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(all, whole.revisions, "{size} at a time");
    }
    stage.close().await;
}

async fn list(client: &Client, plan: &str, page_size: i32, page_token: &str) -> ListPlanRevisionsResponse {
    let (parent, page_token) = (plan.to_owned(), page_token.to_owned());
    let request = ListPlanRevisionsRequest { parent, page_size, page_token };
    client.clone().plan.list_plan_revisions(request).await.unwrap().into_inner()
}

/// In whose place something was said, and through whose system, as far as the reader may know of that.
#[tokio::test(flavor = "multi_thread")]
async fn a_revision_says_in_whose_place_and_from_which_system() {
    let stage = Stage::open().await;
    let (youth, plan) = laid(&stage, PEOPLE[12]).await;
    let (te, guardian, subject) = (stage.te(), stage.guardian(&youth), stage.subject(&youth));
    edit(&te, &plan, TE, |part| part.goals.push(goal("g1", "tyo"))).await.unwrap();
    let about = || item(TE, plan_item::Kind::Goal, "g1");
    comment(&subject, &plan, about(), "haluan taman").await.unwrap();
    comment(&guardian, &plan, about(), "hyva niin").await.unwrap();
    for (client, front) in [(&subject, OMA), (&te, "")] {
        let all = revisions(client, &plan).await.unwrap().revisions;
        let said: Vec<_> =
            all.iter().take(3).map(|one| (one.agency.as_str(), one.role(), one.system.as_str())).collect();
        let expected = [
            ("youth", CallerRole::Guardian, front),
            ("youth", CallerRole::Subject, front),
            (TE, CallerRole::Professional, TE),
        ];
        assert_eq!(said, expected);
        let comments = read(client, &plan).await.unwrap().sections.into_iter().flat_map(|one| one.comments);
        let roles: Vec<CallerRole> = comments.map(|one| one.role()).collect();
        assert_eq!(roles, [CallerRole::Subject, CallerRole::Guardian]);
    }
    stage.close().await;
}
