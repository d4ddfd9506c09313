//! Does a referral live the same life when the recipient speaks its own protocol?

use polku_proto::v1::{
    DeliveryState, Outcome, ProvideInformationRequest, Purpose, ReferralContent, ReferralState as State,
    RejectionReason,
};
use polku_tests::simulators::te::{Update, UpdateReply};
use polku_tests::simulators::walmu::event::{Event, EventReply};
use polku_tests::simulators::{Action, Ledger, Official, Operation, TakenIn};
use polku_tests::world::{
    OHJAAMO, PAJA, PEOPLE, TE, eventually, full_content, official, referral_to, request_id,
};

use super::steps::{Step, take};
use crate::stage::{BASIC, PATIENCE, Stage, get, id_of};

/// An update by an official of te.
fn update(name: &str, action: Action) -> Update {
    let mut update = Update::new(id_of(name), action);
    update.official = official();
    update
}

/// An event by a coach of the workshop.
fn event(name: &str, action: Action) -> Event {
    let mut event = Event::new(id_of(name), action);
    event.official = Official::new("valmentaja-1", "paja");
    event
}

async fn te_says(stage: &Stage, update: Update, expected: &str) {
    let reply = stage.world.te.send_update(&update).await.unwrap();
    let UpdateReply::Applied { state, .. } = reply else { panic!("{reply:?} instead of {expected}") };
    assert_eq!(state, expected);
}

async fn workshop_says(stage: &Stage, event: Event, expected: &str) {
    let reply = stage.world.walmu.send_event(&event).await.unwrap();
    let EventReply::Applied { state, .. } = reply else { panic!("{reply:?} instead of {expected}") };
    assert_eq!(state, expected);
}

/// Waits for the notice number `count` of an agency.
async fn notice(ledger: &Ledger, count: usize) -> TakenIn {
    let found = eventually(PATIENCE, || async move { ledger.notices().into_iter().nth(count - 1) }).await;
    found.unwrap_or_else(|| panic!("notice {count} does not come"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_employment_services_ask_serve_and_end() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let ohjaamo = stage.ohjaamo();
    let name = stage.refer(&youth, TE).await;
    let taken = stage.world.te.ledger().referral(id_of(&name)).unwrap();
    assert_eq!(taken.field("asiakas.henkilotunnus"), Some(PEOPLE[0]));

    let question = update(&name, Action::AskForInformation).with_note("Onko ajokorttia?");
    te_says(&stage, question, "LISATIETOJA_PYYDETTY").await;
    let asked = get(&ohjaamo, &name).await.unwrap();
    assert_eq!(
        (asked.state(), asked.information[0].question.as_str()),
        (State::InfoRequested, "Onko ajokorttia?")
    );

    let answer = ReferralContent {
        reason: "Ei ole.".into(),
        health_capacity: "kanaria-terveys".into(),
        ..Default::default()
    };
    let provide = ProvideInformationRequest {
        request_id: request_id(),
        name: name.clone(),
        etag: String::new(),
        answer: Some(answer),
        origin: None,
    };
    ohjaamo.clone().referral.provide_information(provide).await.unwrap();
    let told = notice(stage.world.te.ledger(), 1).await;
    assert_eq!(told.referral_id, id_of(&name));
    assert!(told.fields.iter().any(|(_, value)| value == "Ei ole."), "{:?}", told.fields);
    assert!(!stage.world.te.ledger().received_contains(b"kanaria-terveys"));

    te_says(&stage, update(&name, Action::Accept), "HYVAKSYTTY").await;
    te_says(&stage, update(&name, Action::Start).with_note("alkaa"), "KAYNNISSA").await;
    assert_eq!(get(&ohjaamo, &name).await.unwrap().status_note, "alkaa");
    te_says(&stage, update(&name, Action::Interrupt).with_note("tauko"), "KESKEYTETTY").await;
    assert_eq!(stage.state(&name).await, State::OnHold);
    te_says(&stage, update(&name, Action::Start), "KAYNNISSA").await;
    te_says(&stage, update(&name, Action::Complete).with_outcome("SAI_PALVELUN"), "PAATTYNYT").await;
    let ended = get(&ohjaamo, &name).await.unwrap();
    assert_eq!((ended.state(), ended.outcome()), (State::Completed, Outcome::GotService));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_employment_services_decline_fail_and_call_off() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let ohjaamo = stage.ohjaamo();
    let declined = stage.refer(&youth, TE).await;
    te_says(&stage, update(&declined, Action::Reject).with_reason("ALUEEN_ULKOPUOLELLA"), "HYLATTY").await;
    let seen = get(&ohjaamo, &declined).await.unwrap();
    assert_eq!((seen.state(), seen.rejection_reason()), (State::Rejected, RejectionReason::OutsideArea));

    let failed = stage.refer(&youth, TE).await;
    te_says(&stage, update(&failed, Action::Accept), "HYVAKSYTTY").await;
    let failure = update(&failed, Action::Fail).with_outcome("EI_TAVOITETTU").with_note("ei vastaa");
    te_says(&stage, failure, "EPAONNISTUNUT").await;
    let seen = get(&ohjaamo, &failed).await.unwrap();
    assert_eq!((seen.state(), seen.outcome()), (State::Failed, Outcome::CouldNotContact));

    let off = stage.refer(&youth, TE).await;
    te_says(&stage, update(&off, Action::Accept), "HYVAKSYTTY").await;
    te_says(&stage, update(&off, Action::Cancel).with_note("ei onnistu"), "PERUUTETTU").await;
    let seen = get(&ohjaamo, &off).await.unwrap();
    assert_eq!((seen.state(), seen.status_note.as_str()), (State::Cancelled, "ei onnistu"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workshop_serves_and_ends() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, PAJA).await;
    workshop_says(
        &stage,
        event(&name, Action::AskForInformation).with_note("Milloin?"),
        "lisatietoja_pyydetty",
    )
    .await;
    take(&stage.ohjaamo(), Step::Provide, &name).await.unwrap();
    notice(stage.world.walmu.ledger(), 1).await;
    workshop_says(&stage, event(&name, Action::Accept), "hyvaksytty").await;
    workshop_says(&stage, event(&name, Action::Start), "kaynnissa").await;
    workshop_says(&stage, event(&name, Action::Interrupt).with_note("tauko"), "keskeytetty").await;
    workshop_says(&stage, event(&name, Action::Start), "kaynnissa").await;
    workshop_says(&stage, event(&name, Action::Complete).with_outcome("ohjattu_muualle"), "paattynyt").await;
    let seen = get(&stage.ohjaamo(), &name).await.unwrap();
    assert_eq!((seen.state(), seen.outcome()), (State::Completed, Outcome::ReferredElsewhere));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_takes_two_steps_in_both_protocols() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let (to_te, to_workshop) = (stage.refer(&youth, TE).await, stage.refer(&youth, PAJA).await);
    te_says(&stage, update(&to_te, Action::Accept), "HYVAKSYTTY").await;
    workshop_says(&stage, event(&to_workshop, Action::Accept), "hyvaksytty").await;
    for name in [&to_te, &to_workshop] {
        assert_eq!(take(&stage.ohjaamo(), Step::Cancel, name).await.unwrap().state(), State::CancelRequested);
    }
    let told = notice(stage.world.te.ledger(), 1).await;
    assert_eq!((told.referral_id.as_str(), told.field("tila")), (id_of(&to_te), Some("PERUUTUSTA_PYYDETTY")));
    let told = notice(stage.world.walmu.ledger(), 1).await;
    assert_eq!(
        (told.referral_id.as_str(), told.field("tila")),
        (id_of(&to_workshop), Some("peruutusta_pyydetty"))
    );
    te_says(&stage, update(&to_te, Action::ConfirmCancellation), "PERUUTETTU").await;
    workshop_says(&stage, event(&to_workshop, Action::ConfirmCancellation), "peruutettu").await;
    for name in [&to_te, &to_workshop] {
        assert_eq!(stage.state(name).await, State::Cancelled);
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_before_acceptance_is_told() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, TE).await;
    assert_eq!(take(&stage.subject(&youth), Step::Cancel, &name).await.unwrap().state(), State::Cancelled);
    let told = notice(stage.world.te.ledger(), 1).await;
    assert_eq!(told.field("tila"), Some("PERUUTETTU"));
    stage.close().await;
}

/// Waits until te has been sent news about this referral with this state, and gives the message. The simulated office
/// refuses them, because it knows what it received only; what it sent itself is kept in another part of the house.
async fn told(stage: &Stage, name: &str, state: &str) -> String {
    let ledger = stage.world.te.ledger();
    let (id, state) = (id_of(name), format!(">{state}<"));
    let (id, state) = (&id, &state);
    let found = eventually(PATIENCE, || async move {
        let sent = ledger.received().into_iter().filter(|message| message.operation == Operation::Notify);
        let mut texts = sent.map(|message| String::from_utf8(message.body.to_vec()).unwrap());
        texts.find(|text| text.contains(*id) && text.contains(state.as_str()))
    });
    found.await.unwrap_or_else(|| panic!("{state} is not told"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_with_its_own_system_is_told_of_every_step() {
    let stage = Stage::open().await;
    let mut te = stage.te();
    let youth = te.identify(PEOPLE[0]).await.unwrap();
    let purpose = Purpose::Guidance;
    te.record_consent(&youth, TE, OHJAAMO, purpose, &BASIC).await.unwrap();
    let request = referral_to(OHJAAMO, &youth, purpose, full_content());
    let sent = te.referral.send_referral(request).await.unwrap().into_inner().referral.unwrap();
    assert_eq!(sent.delivery_state(), DeliveryState::Delivered);
    let ohjaamo = stage.ohjaamo();
    take(&ohjaamo, Step::Accept, &sent.name).await.unwrap();
    assert!(told(&stage, &sent.name, "HYVAKSYTTY").await.contains("kanaria-Accept"));
    take(&stage.subject(&youth), Step::Cancel, &sent.name).await.unwrap();
    told(&stage, &sent.name, "PERUUTUSTA_PYYDETTY").await;
    take(&ohjaamo, Step::Confirm, &sent.name).await.unwrap();
    assert!(told(&stage, &sent.name, "PERUUTETTU").await.contains("kanaria-Confirm"));
    stage.close().await;
}
