//! Can an agency refer, and answer, in its own protocol as over the contract?

use std::sync::Arc;

use jiff::SignedDuration;
use polku_adapters::{
    InboundChange, InboundEvent, InboundMatter, InboundOutcome, InboundPlanPart, Redelivery, Retry,
};
use polku_proto::v1::delivery::Item;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{
    DataCategory as C, DeliveryState, LegalClaim, LegalGround, Origin, PlanPart, Purpose, ReferralContent,
    ReferralState, RerouteReferralRequest,
};
use polku_proto::{ReferralName, Valid, YouthId, YouthName};
use tempfile::TempDir;
use uuid::Uuid;

use super::world::{
    ADULT, CHILD, KELA, SOSIAALI, Setting, TE, World, caller, change, content, event, inbound_referral,
};
use crate::audit::Event;
use crate::clock::ManualClock;
use crate::journey::Action;
use crate::store::{Change, RequestKey, RequestRow};

const BASIC: [C; 3] = [C::IdentityContact, C::ServiceNeeds, C::ReferralStatus];

fn referral(code: &str, to: &str) -> InboundEvent {
    event(InboundMatter::Referral(Box::new(inbound_referral(code, to))))
}

/// The same message with something else in it.
fn with(message: &InboundEvent, edit: impl FnOnce(&mut polku_adapters::InboundReferral)) -> InboundEvent {
    let mut message = message.clone();
    let InboundMatter::Referral(referral) = &mut message.matter else { panic!("no referral") };
    edit(referral);
    message
}

fn reason(outcome: &InboundOutcome) -> (&'static str, Retry) {
    let InboundOutcome::Refused { reason, retry, .. } = outcome else { panic!("{outcome:?}") };
    (*reason, *retry)
}

async fn people(world: &World) -> usize {
    world.gateway.store.youths(Uuid::nil(), 100).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_is_identified_sent_and_answered_once() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    world.deliver();
    let youth = world.identify(ADULT).await;
    world.consent(&youth, TE, "sosiaali/keskusta", &BASIC).await;
    let identified = world.leaves(Event::IdentifyYouth);
    let message = referral(ADULT, "sosiaali/keskusta");
    let first = world.says(&world.te, message.clone()).await;
    let InboundOutcome::Sent { referral: id, state, sequence } = first else { panic!("{first:?}") };
    assert_eq!(state, ReferralState::Requested);
    assert_eq!(world.leaves(Event::IdentifyYouth), identified + 1);
    let youth_id: YouthId = youth.parse::<YouthName>().unwrap().youth;
    let name = ReferralName { youth: youth_id, referral: id }.to_string();
    world.settled(&name).await;
    let sent = world.get(TE, &name).await;
    assert_eq!((sent.sender_professional.as_str(), sent.sender_unit.as_str()), ("virkailija-7", "keskusta"));
    assert_eq!((sent.recipient_unit.as_str(), sent.delivery_state()), ("keskusta", DeliveryState::Delivered));
    assert!(sequence < world.gateway.audit.len());
    let taken = world.sosiaali.taken();
    let [delivery] = &taken[..] else { panic!("{} deliveries", taken.len()) };
    let Some(Item::Handover(handover)) = &delivery.item else { panic!("no handover") };
    let told = handover.content.as_ref().unwrap();
    assert_eq!((told.identity_code.as_str(), told.housing.as_str()), (ADULT, ""));

    // However late it is repeated, and whatever has become of the referral.
    world.step(SOSIAALI, &name, Action::Accept { note: String::new() }).await;
    let leaves = world.gateway.audit.len();
    for _ in 0..2 {
        let again = world.says(&world.te, message.clone()).await;
        assert_eq!(again, InboundOutcome::Sent { referral: id, state, sequence });
    }
    assert_eq!((world.referrals().await, world.leaves(Event::IdentifyYouth)), (1, identified + 1));
    assert_eq!(world.leaves(Event::SendReferral), 1);
    assert!(
        world.gateway.audit.len() <= leaves + 2,
        "a repetition writes nothing but what the delivery of the news does"
    );

    // The same message with another matter is another call.
    let others = [
        with(&message, |referral| referral.content.housing = "Muu.".into()),
        with(&message, |referral| referral.identity = CHILD.parse().unwrap()),
        with(&message, |referral| referral.recipient = KELA.parse().unwrap()),
    ];
    for other in others {
        let refused = world.says(&world.te, other).await;
        assert_eq!(reason(&refused), ("REQUEST_ID_REUSED", Retry::Never));
    }
    let step = InboundChange::Cancel { note: String::new() };
    let step = InboundEvent { message: message.message, ..change(&name, step) };
    assert_eq!(reason(&world.says(&world.te, step).await), ("REQUEST_ID_REUSED", Retry::Never));
    assert_eq!(world.referrals().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_hears_that_the_sender_has_left_something_out() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    world.deliver();
    let youth = world.identify(ADULT).await;
    for recipient in [SOSIAALI, KELA] {
        world.consent(&youth, TE, recipient, &BASIC).await;
    }
    // Nothing of it is held back here.
    let whole = ReferralContent { housing: String::new(), ..content() };
    for redacted in [false, true] {
        let message = with(&referral(ADULT, SOSIAALI), |referral| {
            referral.content = whole.clone();
            referral.redacted = redacted;
        });
        let message = InboundEvent { message: Uuid::now_v7(), ..message };
        let outcome = world.says(&world.te, message).await;
        let InboundOutcome::Sent { referral: id, .. } = outcome else { panic!("{outcome:?}") };
        let name = format!("{youth}/referrals/{id}");
        world.settled(&name).await;
        let taken = world.sosiaali.taken().pop().unwrap();
        let Some(Item::Handover(handover)) = &taken.item else { panic!("no handover") };
        assert_eq!(handover.redacted, redacted);
        for party in [TE, SOSIAALI] {
            assert_eq!(world.get(party, &name).await.redacted, redacted);
        }

        // Sent on as it is, it is no more whole than it was; told anew, it is what the sender says.
        world.step(TE, &name, Action::Cancel { note: String::new() }).await;
        let reroute = RerouteReferralRequest {
            request_id: Uuid::now_v7().to_string(),
            name: name.clone(),
            recipient: KELA.to_owned(),
            purpose: Purpose::EmploymentServices as i32,
            ..RerouteReferralRequest::default()
        };
        let reroute = Valid::check(reroute).unwrap();
        world.gateway.reroute_referral(&caller(TE), reroute).await.map(drop).unwrap();
        let second = world.get(TE, &name).await.replaced_by;
        assert_eq!(world.get(KELA, &second).await.redacted, redacted);
        world.step(TE, &second, Action::Cancel { note: String::new() }).await;
        let reroute = RerouteReferralRequest {
            request_id: Uuid::now_v7().to_string(),
            name: second.clone(),
            recipient: KELA.to_owned(),
            purpose: Purpose::EmploymentServices as i32,
            content: Some(whole.clone()),
            redacted: !redacted,
            ..RerouteReferralRequest::default()
        };
        let reroute = Valid::check(reroute).unwrap();
        world.gateway.reroute_referral(&caller(TE), reroute).await.map(drop).unwrap();
        let third = world.get(TE, &second).await.replaced_by;
        assert_eq!(world.get(KELA, &third).await.redacted, !redacted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_unknown_becomes_known_and_nobody_is_told() {
    let world = World::open(Redelivery::AnswersStatus).await;
    // Without any permission: the same answer about somebody known and about nobody.
    world.identify(CHILD).await;
    let of_known = world.says(&world.te, referral(CHILD, SOSIAALI)).await;
    let of_unknown = world.says(&world.te, referral(ADULT, SOSIAALI)).await;
    assert_eq!(reason(&of_known), ("NOT_PERMITTED", Retry::Never));
    assert_eq!(of_known, of_unknown);
    assert_eq!((people(&world).await, world.referrals().await), (2, 0));
    assert_eq!(world.leaves(Event::Refusal), 2);
    // On a ground in law somebody unknown can be referred at once.
    let unknown = "010594Y9021";
    let message = with(&referral(unknown, SOSIAALI), |referral| {
        referral.purpose = Purpose::SocialServices;
        referral.claim = Some(LegalClaim {
            ground: LegalGround::SocialCareInability as i32,
            statement: "ei kykene".into(),
            consent_asked: ConsentAsked::NotReached as i32,
        });
    });
    assert!(matches!(world.says(&world.te, message).await, InboundOutcome::Sent { .. }));
    assert_eq!((people(&world).await, world.referrals().await), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_over_the_contract_is_refused_here() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let good = referral(ADULT, SOSIAALI);
    let cases = [
        ("INVALID_FIELDS", with(&good, |referral| referral.purpose = Purpose::Unspecified)),
        ("INVALID_FIELDS", with(&good, |referral| referral.content.housing = "ö".repeat(2001))),
        ("INVALID_FIELDS", with(&good, |referral| referral.content.contact_language = "FI".into())),
    ];
    for (expected, message) in cases {
        assert_eq!(reason(&world.says(&world.te, message).await), (expected, Retry::Never));
    }
    // Nobody has become known by these.
    assert_eq!((people(&world).await, world.gateway.audit.len()), (0, 0));
    for id in [ADULT.to_owned(), format!("tyo.{}-1", ADULT.to_lowercase())] {
        let official = InboundEvent { official: id.clone(), ..good.clone() };
        assert_eq!(reason(&world.says(&world.te, official).await), ("ACTOR_MALFORMED", Retry::Never));
        let unit = InboundEvent { unit: id, ..good.clone() };
        assert_eq!(reason(&world.says(&world.te, unit).await), ("ACTOR_MALFORMED", Retry::Never));
    }
    assert_eq!((people(&world).await, world.gateway.audit.len()), (0, 0));
    let past = world.gateway.now() - SignedDuration::from_secs(1);
    let late = "010594Y903".to_owned();
    let cases = [
        ("UNKNOWN_AGENCY", with(&good, |referral| referral.recipient = "muu".parse().unwrap())),
        ("UNKNOWN_AGENCY", with(&good, |referral| referral.recipient = TE.parse().unwrap())),
        ("INVALID_FIELDS", with(&good, |referral| referral.content.identity_code = late)),
        ("INVALID_FIELDS", with(&good, |referral| referral.respond_by = Some(past))),
    ];
    for (expected, message) in cases {
        let message = InboundEvent { message: Uuid::now_v7(), ..message };
        assert_eq!(reason(&world.says(&world.te, message).await), (expected, Retry::Never));
    }
    assert_eq!((people(&world).await, world.gateway.audit.len(), world.referrals().await), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_nobody_can_have_is_nobody() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let tomorrow = world.gateway.now() + SignedDuration::from_hours(48);
    let born = tomorrow.to_zoned(jiff::tz::TimeZone::UTC).date();
    // The check character of whoever is born then.
    let codes = "0123456789ABCDEFHJKLMNPRSTUVWXY".chars();
    let mut codes = codes.map(|check| format!("{}A903{check}", born.strftime("%d%m%y")));
    let code = codes.find(|code| code.parse::<polku_proto::identity::Hetu>().is_ok()).unwrap();
    let refused = world.says(&world.te, referral(&code, SOSIAALI)).await;
    assert_eq!(reason(&refused), ("IDENTITY_CODE_INVALID", Retry::Never));
    assert_eq!((people(&world).await, world.gateway.audit.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_fifty_times_at_once_is_one() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    world.deliver();
    let youth = world.identify(ADULT).await;
    world.consent(&youth, TE, SOSIAALI, &BASIC).await;
    let message = referral(ADULT, SOSIAALI);
    let identified = world.leaves(Event::IdentifyYouth);
    let world = Arc::new(world);
    let calls = (0..50).map(|_| {
        let (gateway, message) = (Arc::clone(&world.gateway), message.clone());
        tokio::spawn(async move { gateway.take_event(&TE.parse().unwrap(), message).await.unwrap() })
    });
    let mut outcomes = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        outcomes.push(call.await.unwrap());
    }
    assert!(matches!(outcomes[0], InboundOutcome::Sent { .. }));
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
    assert_eq!((world.referrals().await, world.leaves(Event::SendReferral)), (1, 1));
    assert_eq!(world.leaves(Event::IdentifyYouth), identified + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_is_answered_after_the_answer_was_due() {
    let clock = Arc::new(ManualClock::new("2026-03-02T10:00:00Z".parse().unwrap()));
    let setting = Setting { clock: Arc::clone(&clock) as _, ..Setting::of(Redelivery::AnswersStatus) };
    let mut world = World::within(setting, TempDir::new().unwrap()).await;
    world.deliver();
    let youth = world.identify(ADULT).await;
    world.consent(&youth, TE, SOSIAALI, &BASIC).await;
    let soon = world.gateway.now() + SignedDuration::from_mins(1);
    let message = with(&referral(ADULT, SOSIAALI), |referral| referral.respond_by = Some(soon));
    let first = world.says(&world.te, message.clone()).await;
    assert!(matches!(first, InboundOutcome::Sent { .. }), "{first:?}");
    clock.advance(SignedDuration::from_mins(2));
    assert_eq!(world.says(&world.te, message).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_is_asked_and_answers_in_its_own_protocol() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    world.deliver();
    let youth = world.identify(ADULT).await;
    world.consent(&youth, TE, KELA, &BASIC).await;
    let outcome = world.says(&world.te, referral(ADULT, KELA)).await;
    let InboundOutcome::Sent { referral: id, .. } = outcome else { panic!("{outcome:?}") };
    let name = format!("{youth}/referrals/{id}");
    // Nobody has asked yet.
    let origin = Some(Origin { service_task: "4".into(), documents: Vec::new() });
    let more = ReferralContent { service_needs: vec!["Kuntoutus".into()], ..ReferralContent::default() };
    let answer = InboundChange::ProvideInformation { answer: Box::new(more.clone()), origin: origin.clone() };
    let too_early = world.says(&world.te, change(&name, answer.clone())).await;
    assert_eq!(reason(&too_early), ("TRANSITION_NOT_ALLOWED", Retry::Never));

    let question = "Mitä kuntoutusta?".to_owned();
    world.step(KELA, &name, Action::RequestInformation { question: question.clone() }).await;
    world.settled(&name).await;
    let asked = world.te.taken().pop().unwrap();
    let Some(Item::Notice(notice)) = &asked.item else { panic!("no notice") };
    assert_eq!((notice.state(), &notice.status_note), (ReferralState::InfoRequested, &question));
    assert_eq!(asked.professional, "kela-virkailija");
    assert_eq!(world.get(TE, &name).await.recipient_professional, "kela-virkailija");

    let hidden = ReferralContent { identity_code: ADULT.into(), ..more.clone() };
    let hidden = InboundChange::ProvideInformation { answer: Box::new(hidden), origin: None };
    assert_eq!(reason(&world.says(&world.te, change(&name, hidden)).await).0, "INVALID_FIELDS");
    let only = ReferralContent { housing: "Asuu kaverilla.".into(), ..ReferralContent::default() };
    let only = InboundChange::ProvideInformation { answer: Box::new(only), origin: None };
    assert_eq!(reason(&world.says(&world.te, change(&name, only)).await).0, "NOT_PERMITTED");

    let message = change(&name, answer);
    let answered = world.says(&world.te, message.clone()).await;
    let InboundOutcome::Applied { state, .. } = answered else { panic!("{answered:?}") };
    assert_eq!(state, ReferralState::Requested);
    assert_eq!(world.says(&world.te, message.clone()).await, answered);
    let elsewhere = InboundChange::ProvideInformation { answer: Box::new(more), origin: None };
    let elsewhere = InboundEvent { message: message.message, ..change(&name, elsewhere) };
    assert_eq!(reason(&world.says(&world.te, elsewhere).await).0, "REQUEST_ID_REUSED");
    let read = world.get(KELA, &name).await;
    let [exchange] = &read.information[..] else { panic!("{} exchanges", read.information.len()) };
    assert_eq!(exchange.question, question);
    assert_eq!(exchange.answer.as_ref().unwrap().service_needs, ["Kuntoutus"]);
    assert_eq!(read.recipient_professional, "");
    // The recipient answers nothing.
    let wrong = InboundChange::ProvideInformation { answer: Box::new(content()), origin };
    assert_eq!(reason(&world.says(&world.sosiaali, change(&name, wrong)).await).0, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_are_refused_and_leave_no_trace() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let plan = InboundPlanPart { identity: ADULT.parse().unwrap(), part: PlanPart::default() };
    let outcome = world.says(&world.te, event(InboundMatter::PlanPart(Box::new(plan)))).await;
    assert_eq!(reason(&outcome), ("PLAN_NOT_KEPT", Retry::Never));
    assert_eq!((people(&world).await, world.gateway.audit.len()), (0, 0));
}

/// The id of a message is kept as long as the person, its answer for a week: a queue may hold a message for longer.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_repeated_after_its_answer_is_erased_is_refused_and_changes_nothing() {
    let mut world = World::open(Redelivery::AnswersStatus).await;
    world.deliver();
    let youth = world.identify(ADULT).await;
    world.consent(&youth, TE, SOSIAALI, &BASIC).await;
    let sent = referral(ADULT, SOSIAALI);
    let first = world.says(&world.te, sent.clone()).await;
    let InboundOutcome::Sent { referral: id, .. } = first else { panic!("{first:?}") };
    let name = format!("{youth}/referrals/{id}");
    world.settled(&name).await;
    let held = change(&name, InboundChange::Hold { note: "Odottaa.".into() });
    let accept = change(&name, InboundChange::Accept { note: String::new() });
    let start = || change(&name, InboundChange::Start { note: String::new() });
    for said in [accept.clone(), start(), held.clone(), start()] {
        let outcome = world.says(&world.sosiaali, said).await;
        assert!(matches!(outcome, InboundOutcome::Applied { .. }), "{outcome:?}");
    }
    world.settled(&name).await;
    world.gateway.store.erase_answers(world.gateway.now() + SignedDuration::from_secs(1)).await.unwrap();
    let leaves = world.gateway.audit.len();
    // Without its id the pause would begin anew, and the referral be sent twice.
    for (system, said) in [(&world.te, sent), (&world.sosiaali, accept), (&world.sosiaali, held)] {
        assert_eq!(reason(&world.says(system, said).await), ("REQUEST_ID_REUSED", Retry::Never));
    }
    assert_eq!(world.gateway.audit.len(), leaves);
    assert_eq!((world.referrals().await, people(&world).await), (1, 1));
    assert_eq!(world.get(SOSIAALI, &name).await.state(), ReferralState::InProgress);
}

#[tokio::test]
async fn an_answer_is_kept_for_a_week_and_its_id_for_longer() {
    let world = World::open(Redelivery::AnswersStatus).await;
    let youth: YouthName = world.identify(ADULT).await.parse().unwrap();
    let gateway = &world.gateway;
    let row = |hours| RequestRow {
        key: RequestKey { organisation: TE.parse().unwrap(), request: Uuid::now_v7() },
        fingerprint: [7; 32],
        youth: youth.youth,
        sealed_answer: vec![1],
        time: gateway.now() - SignedDuration::from_hours(hours),
    };
    let (young, old) = (row(7 * 24 - 1), row(7 * 24 + 1));
    for (leaf, row) in [(6000, &young), (6001, &old)] {
        let mut change = Change::announced_by(leaf);
        change.request = Some(row.clone());
        gateway.commit(change).await.unwrap();
    }
    gateway.sweep().await.unwrap();
    assert_eq!(gateway.store.request(&young.key).await.unwrap(), Some(young));
    let erased = RequestRow { sealed_answer: Vec::new(), ..old.clone() };
    assert_eq!(gateway.store.request(&old.key).await.unwrap(), Some(erased));
}
