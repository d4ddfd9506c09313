//! Is every kind of message written as README.md shows it? The files are judged by a validator of FHIR, too
//! (tests/it/clients/social.rs).

use std::path::Path;

use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    DeliveryState, LegalClaim, LegalGround, Outcome, PlanPart, ReferralHandover, ReferralNotice,
    ReferralState, RejectionReason, referral_notice,
};

use super::patched::task_after;
use super::*;

#[track_caller]
fn same(written: &Value, name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/agencies/social/testdata").join(name);
    let golden: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert!(*written == golden, "{name}:\n{written:#}");
}

#[test]
fn full_handover() {
    let handover = ReferralHandover {
        recipient_unit: "nuoret".into(),
        claim: Some(claim(LegalGround::AssistanceUnemployedYoung)),
        redacted: true,
        ..trial::handover(Some(trial::content()))
    };
    let delivery = Delivery { professional: "ohjaaja-7".into(), ..to_social(Item::Handover(handover)) };
    let message = message(delivery);
    assert_eq!((message.entries, message.issue.as_str()), (4, trial::REFERRAL));
    assert_eq!((message.speaker.as_str(), message.professional.as_deref()), ("ohjaamo", Some("ohjaaja-7")));
    same(&serde_json::from_slice(&message.body).unwrap(), "handover-full.json");
}

#[test]
fn minimal_handover() {
    same(&bundle(to_social(Item::Handover(trial::handover(None)))), "handover-minimal.json");
}

#[test]
fn state_changed() {
    let notice = ReferralNotice { answer: None, outcome: 0, ..trial::notice() };
    same(&bundle(to_social(Item::Notice(notice))), "notice-state.json");
}

#[test]
fn cancelled() {
    let notice = ReferralNotice {
        state: ReferralState::CancelRequested.into(),
        rejection_reason: RejectionReason::Unspecified.into(),
        outcome: Outcome::Unspecified.into(),
        answer: None,
        ..trial::notice()
    };
    same(&bundle(to_social(Item::Notice(notice))), "notice-cancel.json");
}

#[test]
fn information_provided() {
    let notice = ReferralNotice {
        kind: referral_notice::Kind::InformationProvided.into(),
        state: ReferralState::Requested.into(),
        rejection_reason: RejectionReason::Unspecified.into(),
        outcome: Outcome::Unspecified.into(),
        answer: Some(trial::content()),
        ..trial::notice()
    };
    same(&bundle(to_social(Item::Notice(notice))), "notice-answer.json");
}

#[test]
fn consent_withdrawn() {
    let notice = ReferralNotice {
        kind: referral_notice::Kind::ConsentWithdrawn.into(),
        state: ReferralState::ConsentWithdrawn.into(),
        rejection_reason: RejectionReason::Unspecified.into(),
        outcome: Outcome::Unspecified.into(),
        answer: None,
        status_note: String::new(),
        sender_note: String::new(),
        ..trial::notice()
    };
    same(&bundle(to_social(Item::Notice(notice))), "notice-withdrawn.json");
}

#[test]
fn plan() {
    let message = message(plan_to_social());
    assert_eq!((message.entries, message.issue.as_str()), (3, trial::PLAN));
    same(&serde_json::from_slice(&message.body).unwrap(), "plan.json");
}

#[test]
fn disclosure() {
    let (_, decision) = trial::spent(to_social(Item::Handover(trial::handover(None))));
    let message = written(disclosures::delivery(disclosures::notice()), &decision).unwrap();
    assert_eq!(message.entries, 4);
    same(&serde_json::from_slice(&message.body).unwrap(), "disclosure.json");
}

#[test]
fn question() {
    let query = trial::facts_query(&[DataCategory::SocialSituation, DataCategory::JointPlan]);
    let question = Question::of(query, &social().organisations).unwrap();
    same(&serde_json::from_slice(&question.body).unwrap(), "question.json");
}

#[test]
fn news_to_the_county_as_sender_is_the_recipients_word() {
    let notice = ReferralNotice { delivery_state: DeliveryState::InDoubt.into(), ..trial::notice() };
    let (_, decision) = trial::spent(to_social(Item::Notice(trial::notice())));
    let mut delivery = to_social(Item::Notice(notice));
    delivery.sender = "social".into();
    delivery.recipient = "ohjaamo".into();
    let message = written(delivery, &decision).unwrap();
    assert_eq!(message.speaker.as_str(), "ohjaamo");
    let bundle: Value = serde_json::from_slice(&message.body).unwrap();
    let task = task_after(&bundle);
    assert_eq!(task["statusReason"]["text"], "Vastaanottajan sana.");
    assert_eq!(task["output"][2]["valueCodeableConcept"]["coding"][0]["code"], "in-doubt");
    assert_eq!(bundle["entry"][2]["resource"]["agent"][0]["who"]["identifier"]["value"], "ohjaamo");
}

fn claim(ground: LegalGround) -> LegalClaim {
    LegalClaim {
        ground: ground.into(),
        statement: "Syy.".into(),
        consent_asked: ConsentAsked::NotReached.into(),
    }
}

#[test]
fn how_urgent_a_ground_makes_it() {
    let urgency = [
        (LegalGround::OutreachNotice, "outreach-notice", "routine"),
        (LegalGround::SocialCareInability, "social-care-inability", "asap"),
        (LegalGround::SocialCareChildInterest, "social-care-child-interest", "asap"),
        (LegalGround::ChildWelfareNotice, "child-welfare-notice", "stat"),
        (LegalGround::AssistanceSocialWork, "assistance-social-work", "stat"),
        (LegalGround::AssistanceSupplementary, "assistance-supplementary", "stat"),
        (LegalGround::AssistanceLowered, "assistance-lowered", "routine"),
        (LegalGround::AssistanceUnemployedYoung, "assistance-unemployed-young", "urgent"),
        (LegalGround::AssistanceUnemployed, "assistance-unemployed", "urgent"),
        (LegalGround::AssistanceImmigrant, "assistance-immigrant", "urgent"),
    ];
    for (ground, code, priority) in urgency {
        let handover = ReferralHandover { claim: Some(claim(ground)), ..trial::handover(None) };
        let bundle = bundle(to_social(Item::Handover(handover)));
        let request = &bundle["entry"][1]["resource"];
        assert_eq!(request["reasonCode"][0]["coding"][0]["code"], code);
        assert_eq!(
            (&request["priority"], &bundle["entry"][2]["resource"]["priority"]),
            (&json!(priority), &json!(priority))
        );
    }
}

#[test]
fn how_the_states_stand() {
    let states = [
        (ReferralState::Requested, "requested", "requested"),
        (ReferralState::InfoRequested, "requested", "info-requested"),
        (ReferralState::Accepted, "accepted", "accepted"),
        (ReferralState::Rejected, "rejected", "rejected"),
        (ReferralState::InProgress, "in-progress", "in-progress"),
        (ReferralState::OnHold, "on-hold", "on-hold"),
        (ReferralState::Completed, "completed", "completed"),
        (ReferralState::Failed, "failed", "failed"),
        (ReferralState::CancelRequested, "on-hold", "cancel-requested"),
        (ReferralState::Cancelled, "cancelled", "cancelled"),
        (ReferralState::Expired, "cancelled", "expired"),
        (ReferralState::ConsentWithdrawn, "cancelled", "consent-withdrawn"),
        (ReferralState::EnteredInError, "entered-in-error", "entered-in-error"),
    ];
    for (state, status, code) in states {
        let notice = ReferralNotice { state: state.into(), answer: None, ..trial::notice() };
        let bundle = bundle(to_social(Item::Notice(notice)));
        let task = task_after(&bundle);
        assert_eq!(task["status"], status, "{state:?}");
        assert_eq!(task["businessStatus"]["coding"][0]["code"], code, "{state:?}");
    }
}

#[test]
fn what_says_nothing_is_left_out() {
    let content = polku_proto::v1::ReferralContent {
        contact: Some(Default::default()),
        education_work: Some(Default::default()),
        reason: " \n".into(),
        service_needs: vec!["\t".into()],
        ..Default::default()
    };
    let (_, decision) = trial::spent(to_social(Item::Handover(trial::handover(None))));
    let delivery = to_social(Item::Handover(trial::handover(Some(content))));
    let message = written(delivery, &decision).unwrap();
    let bundle: Value = serde_json::from_slice(&message.body).unwrap();
    assert_eq!(bundle["entry"][0]["resource"].as_object().unwrap().len(), 2);
    assert!(bundle["entry"][1]["resource"].get("contained").is_none());
}

#[test]
fn what_cannot_be_written() {
    let (_, decision) = trial::spent(to_social(Item::Handover(trial::handover(None))));
    let what = |item: Item| {
        let error = written(to_social(item), &decision).err().unwrap();
        let AdapterErrorKind::Unwritable { what } = error else { panic!("{error}") };
        what
    };
    let handover = |change: fn(&mut ReferralHandover)| {
        let mut handover = trial::handover(None);
        change(&mut handover);
        what(Item::Handover(handover))
    };
    assert_eq!(handover(|handover| handover.purpose = 0), "purpose");
    assert_eq!(handover(|handover| handover.create_time = None), "create_time");
    assert_eq!(handover(|handover| handover.recipient_unit = "a b".into()), "recipient_unit");
    assert_eq!(handover(|handover| handover.claim = Some(claim(LegalGround::Unspecified))), "ground");
    assert_eq!(
        handover(|handover| {
            handover.claim = Some(LegalClaim { consent_asked: 9, ..claim(LegalGround::OutreachNotice) });
        }),
        "consent_asked"
    );
    let notice = |change: fn(&mut ReferralNotice)| {
        let mut notice = trial::notice();
        change(&mut notice);
        what(Item::Notice(notice))
    };
    assert_eq!(notice(|notice| notice.kind = 0), "kind");
    assert_eq!(notice(|notice| notice.state = 77), "state");
    assert_eq!(notice(|notice| notice.time = None), "time");
    assert_eq!(notice(|notice| notice.outcome = 77), "outcome");
    assert_eq!(notice(|notice| notice.rejection_reason = 77), "rejection_reason");
    assert_eq!(notice(|notice| notice.delivery_state = 77), "delivery_state");
    let plan = |change: fn(&mut PlanPart)| {
        let mut part = trial::plan_part();
        change(&mut part);
        what(Item::PlanPart(part))
    };
    assert_eq!(plan(|part| part.plan.clear()), "plan");
    assert_eq!(plan(|part| part.owner.clear()), "owner");
    assert_eq!(plan(|part| part.revision = 0), "revision");
    assert_eq!(plan(|part| part.revision = 1 << 31), "revision");
    assert_eq!(plan(|part| part.update_time = None), "update_time");
    assert_eq!(plan(|part| part.state = 0), "state");
    assert_eq!(plan(|part| part.next_review = "2026-02-30".into()), "next_review");
    assert_eq!(plan(|part| part.needs[0].text = " ".into()), "needs.text");
    assert_eq!(plan(|part| part.goals[0].due = "2026-13-01".into()), "goals.due");
    assert_eq!(plan(|part| part.goals[0].category = 1), "goals.category");
    assert_eq!(plan(|part| part.actions[0].start = "2027-03-01".into()), "actions.end");
    assert_eq!(plan(|part| part.actions[0].state = 0), "actions.state");
    assert_eq!(plan(|part| part.meetings[0].state = 0), "meetings.state");
    let missing: [fn(&mut PlanPart); 2] = [
        |part| part.standing.as_mut().unwrap().meetings[0].missing = vec![0],
        |part| part.standing.as_mut().unwrap().meetings[0].missing = vec![99],
    ];
    for unknown in missing {
        assert_eq!(plan(unknown), "meetings.missing");
    }
}
