//! How does a plan, or a question, stand on the wire, and what do the headers say?

use polku_proto::CategorySet;
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    DataCategory, Delivery, DisclosureNotice, FactsQuery, PlanPart, PlanStanding, PlanState,
};

use super::*;
use crate::agencies::soap::Outgoing;

fn part_of(part: PlanPart) -> Delivery {
    Delivery { referral: String::new(), ..trial::delivery("te", Item::PlanPart(part)) }
}

fn message(delivery: Delivery) -> Message {
    Message::of(Envelope::open(delivery).unwrap(), &trial::agency("te")).unwrap()
}

fn written(message: &Message) -> String {
    String::from_utf8(office().office.write(message).unwrap()).unwrap()
}

#[track_caller]
fn same(written: &str, golden: &str) {
    assert!(written == golden.trim_end(), "{written}");
}

#[test]
fn full_plan() {
    let (delivery, _) = trial::spent(part_of(trial::plan_part()));
    same(&written(&message(delivery)), include_str!("../testdata/plan-full.xml"));
}

#[test]
fn where_it_stands_arrives_whole() {
    trial::try_every_standing(|part| {
        let body = round_trip::body(part_of(part));
        trial::standing_in_xml(body.child("yhteinenTilanne").unwrap())
    });
}

#[test]
fn plan_that_may_not_be_told_any_more() {
    let part = PlanPart {
        plan: trial::plan_part().plan,
        owner: "ohjaamo".into(),
        state: PlanState::Active.into(),
        consent_withdrawn: true,
        ..PlanPart::default()
    };
    same(&written(&message(part_of(part))), include_str!("../testdata/plan-withdrawn.xml"));
}

#[test]
fn question() {
    let asked = trial::facts_query(&[DataCategory::EducationWork, DataCategory::ServiceNeeds]);
    let (query, _) = query::outgoing(asked).unwrap();
    let message = Message::asking(query);
    assert_eq!(message.head().issue, Some(trial::QUERY));
    same(&written(&message), include_str!("../testdata/question.xml"));
}

#[test]
fn plans_that_cannot_be_written() {
    let what = |change: &dyn Fn(&mut PlanPart)| {
        let mut part = trial::plan_part();
        change(&mut part);
        let written = Envelope::open(part_of(part)).and_then(|part| Message::of(part, &trial::agency("te")));
        written.err().map(|unwritable| unwritable.0)
    };
    assert_eq!(what(&|_| ()), None);
    assert_eq!(what(&|part| part.plan = "plans/1".into()), Some("plan"));
    assert_eq!(what(&|part| part.plan = format!("youths/1/plans/{}", trial::PLAN)), Some("plan"));
    assert_eq!(what(&|part| part.state = 0), Some("state"));
    assert_eq!(what(&|part| part.needs[0].category = 0), Some("category"));
    assert_eq!(what(&|part| part.needs[0].category = 1), Some("category"));
    assert_eq!(what(&|part| part.goals[0].state = 99), Some("goal_state"));
    assert_eq!(what(&|part| part.goals[0].achievement = 99), Some("achievement"));
    assert_eq!(what(&|part| part.actions[0].state = 0), Some("action_state"));
    assert_eq!(what(&|part| part.meetings[0].state = 0), Some("meeting_state"));
    assert_eq!(what(&|part| part.meetings[0].time.as_mut().unwrap().nanos = -1), Some("meeting_time"));
    assert_eq!(what(&|part| part.update_time.as_mut().unwrap().nanos = -1), Some("update_time"));
    let stood = |change: &dyn Fn(&mut PlanStanding)| what(&|part| change(part.standing.as_mut().unwrap()));
    assert_eq!(stood(&|standing| standing.accept_time.as_mut().unwrap().nanos = -1), Some("accept_time"));
    assert_eq!(stood(&|standing| standing.commitments[0].acknowledge_time = None), Some("acknowledge_time"));
    assert_eq!(stood(&|standing| standing.meetings[0].kind = 0), Some("meeting_kind"));
    for unknown in [0, 99] {
        assert_eq!(stood(&|standing| standing.meetings[0].missing = vec![unknown]), Some("seat"));
    }
    assert_eq!(stood(&|standing| standing.step.as_mut().unwrap().kind = 0), Some("item_kind"));
    assert_eq!(stood(&|standing| standing.links[0].kind = 0), Some("link_kind"));
    assert_eq!(stood(&|standing| standing.links[0].second = None), Some("links"));
    // To no agency: the ids of a part are of no person, and each stands once.
    let spoiled: [&dyn Fn(&mut PlanPart); 12] = [
        &|part| part.standing.as_mut().unwrap().commitments[0].action = "010594Y9032".into(),
        &|part| part.standing.as_mut().unwrap().meetings[0].meeting = "010594Y9032".into(),
        &|part| part.standing.as_mut().unwrap().step.as_mut().unwrap().id = "010594Y9032".into(),
        &|part| part.standing.as_mut().unwrap().links[0].first.as_mut().unwrap().id = "010594Y9032".into(),
        &|part| part.reference = "S-010594Y9032".into(),
        &|part| part.needs[0].id = "010594Y9032".into(),
        &|part| part.goals[0].needs = vec!["010594-9032".into()],
        &|part| part.actions[0].goal = "x010594Y9032".into(),
        &|part| part.meetings[0].id = "010594y9032".into(),
        &|part| part.responsible_worker.as_mut().unwrap().id = "010594Y9032".into(),
        &|part| part.responsible_worker.as_mut().unwrap().unit = "010594Y9032".into(),
        &|part| part.needs[1].id = part.needs[0].id.clone(),
    ];
    for spoil in spoiled {
        assert_eq!(what(spoil), Some("plan ids"));
    }
    let chance = "aa010594-9032-7000-8000-010501e90320";
    assert_eq!(what(&|part| part.reference = chance.into()), None);
}

#[test]
fn questions_that_cannot_be_written() {
    let what = |change: &dyn Fn(&mut FactsQuery)| {
        let mut query = trial::facts_query(&[DataCategory::EducationWork]);
        change(&mut query);
        query::outgoing(query).err().map(|unwritable| unwritable.0)
    };
    assert_eq!(what(&|_| ()), None);
    assert_eq!(what(&|query| query.identity_code = String::new()), Some("identity_code"));
    assert_eq!(what(&|query| query.query_id = "1".into()), Some("query_id"));
    assert_eq!(what(&|query| query.requester = "Ohjaamo".into()), Some("requester"));
    assert_eq!(what(&|query| query.purpose = 0), Some("purpose"));
    let housing = i32::from(DataCategory::Housing);
    assert_eq!(what(&|query| query.categories = vec![housing, 1, 99]), Some("categories"));
}

#[tokio::test]
async fn permit_for_another_agency_or_too_old() {
    let query = || trial::facts_query(&[DataCategory::EducationWork]);
    let error = office().fetch(trial::query_permit("walmu", query()), trial::now()).await.unwrap_err();
    assert_eq!(error.kind, AdapterErrorKind::PermitMismatch);
    let late = trial::instant("2027-11-01T00:00:00Z");
    let error = office().fetch(trial::query_permit("te", query()), late).await.unwrap_err();
    assert_eq!(error.kind, AdapterErrorKind::PermitMismatch);
    let notice = DisclosureNotice { identity_code: "010594Y9032".into(), ..DisclosureNotice::default() };
    let disclosure = trial::delivery("te", Item::Disclosure(notice));
    let error = office().deliver(trial::permit(disclosure), trial::now()).await.unwrap_err();
    assert_eq!(error.kind, AdapterErrorKind::Unwritable { what: "disclosure" });
}

/// `userId` and the code of `representedParty`.
fn speaker(professional: &str, sender: &str) -> (String, String) {
    let mut office = office();
    let own = RepresentedParty { class: Some("ORG".to_owned()), code: "9999901-2".to_owned() };
    office.office.represented.by_sender.insert(trial::agency("paja"), own);
    let item = Item::Handover(trial::handover(None));
    let delivery =
        Delivery { professional: professional.into(), sender: sender.into(), ..trial::delivery("te", item) };
    let written = String::from_utf8(office.office.write(&message(delivery)).unwrap()).unwrap();
    let between = |start: &str, end: &str| {
        let (_, rest) = written.split_once(start).unwrap();
        rest.split_once(end).unwrap().0.to_owned()
    };
    (between("<xroad:userId>", "<"), between("<repr:partyCode>", "<"))
}

#[test]
fn news_to_the_sender_is_the_recipients_word() {
    let mut office = office();
    let own = RepresentedParty { class: None, code: "9999901-2".to_owned() };
    office.office.represented.by_sender.insert(trial::agency("paja"), own);
    let item = Item::Notice(trial::notice());
    let delivery = Delivery {
        sender: "te".into(),
        professional: "valmentaja-1".into(),
        ..trial::delivery("paja", item)
    };
    let message = Message::delivering(delivery, &trial::agency("te")).unwrap();
    let written = String::from_utf8(office.office.write(&message).unwrap()).unwrap();
    assert!(written.contains(
        "<xroad:userId>FIvalmentaja-1</xroad:userId><repr:representedParty>\
         <repr:partyCode>9999901-2</repr:partyCode></repr:representedParty>"
    ));
}

#[test]
fn whoever_speaks_stands_in_the_headers() {
    assert_eq!(speaker("ohjaaja-7", "ohjaamo"), ("FIohjaaja-7".into(), "0186690-1".into()));
    assert_eq!(speaker("a.b-7", "paja"), ("FIa.b-7".into(), "9999901-2".into()));
    // Whatever an id of the contract can be made of: `userId` is none of X-Road's identifiers.
    for id in ["ohjaaja_7", "olli@example.fi", "a:b", "7"] {
        assert_eq!(speaker(id, "ohjaamo").0, format!("FI{id}"));
    }
    // Nobody in particular, and an id that is a person's.
    for id in ["", "010594-9032", "x-010594Y9032"] {
        assert_eq!(speaker(id, "ohjaamo").0, "FIpolku", "{id}");
    }
}

#[test]
fn what_it_says_of_itself() {
    assert_eq!(KIND.fetches, query::ANSWERED);
    assert!(!KIND.fetches.contains(DataCategory::Envelope));
    assert!(KIND.fetches.is_subset(CategorySet::ALL));
    assert!(!KIND.delivers.contains(&Matter::DisclosureNotice));
    assert!(KIND.receives.contains(&Matter::PlanPart));
}
