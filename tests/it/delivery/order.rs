//! In which order do messages reach an agency, and who waits for whom?

use std::time::Duration;

use polku_proto::v1::referral_event::Kind;
use polku_proto::v1::{
    CancelReferralRequest, DataCategory, DeliveryState, ProvideInformationRequest, ReferralContent,
    ReferralState, WatchReferralsRequest,
};
use polku_tests::simulators::te::{Update, UpdateReply};
use polku_tests::simulators::walmu::event::{Event, EventReply};
use polku_tests::simulators::{Action, Fault, Official, Operation};
use polku_tests::world::{
    PAJA, PEOPLE, TE, WorldSettings, full_content, official, professional, referral_to, request_id,
};
use tokio::time::timeout;

use super::scene::{Scene, ordinary, purpose, send};
use crate::stage::{PATIENCE, id_of};

impl Scene {
    async fn cancel(&self, name: &str) -> ReferralState {
        let request = CancelReferralRequest {
            request_id: request_id(),
            name: name.into(),
            note: "kanaria-peruutus".into(),
            ..CancelReferralRequest::default()
        };
        let change = self.ohjaamo.referral.clone().cancel_referral(request).await.unwrap().into_inner();
        change.referral.unwrap().state()
    }

    async fn update(&self, name: &str, action: Action, note: &str) {
        let mut update = Update::new(id_of(name), action).with_note(note);
        update.official = official();
        let reply = self.world.te.send_update(&update).await.unwrap();
        assert!(matches!(reply, UpdateReply::Applied { .. }), "{reply:?}");
    }

    async fn provide(&self, name: &str, answer: ReferralContent) {
        let request = ProvideInformationRequest {
            request_id: request_id(),
            name: name.into(),
            answer: Some(answer),
            ..ProvideInformationRequest::default()
        };
        self.ohjaamo.referral.clone().provide_information(request).await.unwrap();
    }
}

/// Twenty referrals hang at the office. The workshop gets its own at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_agency_does_not_delay_another() {
    let settings =
        WorldSettings { answer_ms: 8_000, attempt_seconds: 9, lease_seconds: 10, ..WorldSettings::default() };
    let mut scene = Scene::open(&settings).await;
    scene.faults(TE).set(Fault::Slow(Duration::from_secs(4)));
    let mut hanging = Vec::new();
    for hetu in PEOPLE.iter().take(20) {
        let (youth, _) = scene.consenting(hetu, TE).await;
        hanging.push(scene.send(&youth, TE).await.name);
    }
    scene.until("all places at te taken", |scene| scene.requests(TE, Operation::Deliver) == 16).await;
    let (youth, _) = scene.consenting(PEOPLE[20], PAJA).await;
    assert_eq!(scene.deliver(&youth, PAJA).await.delivery_state(), DeliveryState::Delivered);
    for name in &hanging {
        assert_eq!(
            scene.get(name).await.delivery_state(),
            DeliveryState::Queued,
            "{name} was answered before"
        );
    }
    scene.faults(TE).clear().unwrap();
    for name in &hanging {
        scene.until_delivery(name, DeliveryState::Delivered).await;
        assert_eq!(scene.effects(TE, name), 1);
    }
    scene.end().await.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn news_wait_for_the_referral_and_for_earlier_news() {
    let mut scene = Scene::open(&WorldSettings::default()).await;
    let (youth, _) = scene.consenting(PEOPLE[0], TE).await;
    // Cancelled while it is being sent: the office gets the referral, and then that it is cancelled.
    scene.faults(TE).once_on(Operation::Deliver, Fault::Slow(Duration::from_millis(700)));
    let sent = scene.send(&youth, TE).await;
    scene.until("the referral at te", |scene| scene.effects(TE, &sent.name) == 1).await;
    assert_eq!(scene.cancel(&sent.name).await, ReferralState::Cancelled);
    scene.until("the news at te", |scene| scene.notices(TE, &sent.name).len() == 1).await;
    let [notice] = &scene.notices(TE, &sent.name)[..] else { panic!("one notice") };
    assert_eq!((notice.field("laji"), notice.field("tila")), (Some("TILA_MUUTTUNUT"), Some("PERUUTETTU")));
    // The office may not see the sender's notes: no consent covers them.
    assert!(!scene.ledger(TE).received_contains(b"kanaria-peruutus"));

    // Two pieces of news about one referral, the first of which has to be repeated.
    let asked = scene.deliver(&youth, TE).await;
    scene.update(&asked.name, Action::AskForInformation, "mitä?").await;
    scene.faults(TE).once_on(Operation::Notify, Fault::Status { code: 503, retry_after: Some(1) });
    let answer =
        ReferralContent { service_needs: vec!["kanaria-vastaus".into()], ..ReferralContent::default() };
    scene.provide(&asked.name, answer).await;
    assert_eq!(scene.cancel(&asked.name).await, ReferralState::Cancelled);
    scene.until("both news at te", |scene| scene.notices(TE, &asked.name).len() == 2).await;
    let kinds = scene.notices(TE, &asked.name);
    let kinds: Vec<_> = kinds.iter().map(|notice| notice.field("laji").unwrap()).collect();
    assert_eq!(kinds, ["LISATIEDOT_ANNETTU", "TILA_MUUTTUNUT"]);
    let remains = scene.end().await;
    let states: Vec<_> =
        remains.deliveries(&asked.name).await.iter().map(|row| (row.state, row.attempts)).collect();
    assert_eq!(
        states,
        [(DeliveryState::Delivered, 1), (DeliveryState::Delivered, 2), (DeliveryState::Delivered, 1)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_cancelled_before_its_delivery_is_never_sent() {
    for agency in [TE, PAJA] {
        let mut scene = Scene::open(&WorldSettings::default()).await;
        let (youth, _) = scene.consenting(PEOPLE[0], agency).await;
        scene.faults(agency).set(Fault::Dead);
        let retrying = scene.send(&youth, agency).await;
        scene.until_delivery(&retrying.name, DeliveryState::Retrying).await;
        assert_eq!(scene.cancel(&retrying.name).await, ReferralState::Cancelled);
        scene.until_delivery(&retrying.name, DeliveryState::Stopped).await;
        // Lost on the way: whether it has arrived is not known when it is cancelled, and turns out not to be so.
        scene.faults(agency).clear().unwrap();
        scene.faults(agency).set_on(Operation::Deliver, Fault::ResetBeforeEffect);
        scene.faults(agency).set_on(Operation::Status, Fault::Status { code: 503, retry_after: None });
        let lost = scene.send(&youth, agency).await;
        scene.until_delivery(&lost.name, DeliveryState::Sending).await;
        let asked = scene.requests(agency, Operation::Status);
        assert_eq!(scene.cancel(&lost.name).await, ReferralState::Cancelled);
        // An attempt may have been leaving at the very moment. The second question after that is behind it.
        scene.until("questions", |scene| scene.requests(agency, Operation::Status) >= asked + 2).await;
        scene.faults(agency).clear().unwrap();
        scene.until_delivery(&lost.name, DeliveryState::Stopped).await;
        // Whatever goes out to the agency after that has been overtaken by nothing.
        assert_eq!(scene.deliver(&youth, agency).await.delivery_state(), DeliveryState::Delivered);
        for name in [&retrying.name, &lost.name] {
            assert_eq!((scene.effects(agency, name), scene.notices(agency, name).len()), (0, 0), "{agency}");
        }
        scene.end().await.check_intents();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_final_and_the_sender_is_told() {
    for agency in [TE, PAJA] {
        let mut scene = Scene::open(&WorldSettings::default()).await;
        let (youth, _) = scene.consenting(PEOPLE[0], agency).await;
        let watch = scene.ohjaamo.referral.watch_referrals(WatchReferralsRequest::default()).await;
        let mut events = watch.unwrap().into_inner();
        scene.faults(agency).once_on(Operation::Deliver, Fault::BusinessFault("EI_PALVELUALUETTA".into()));
        let referral = scene.deliver(&youth, agency).await;
        assert_eq!(referral.delivery_state(), DeliveryState::Rejected);
        let mut kinds = Vec::new();
        let last = loop {
            let event = timeout(PATIENCE, events.message()).await.unwrap().unwrap().unwrap();
            kinds.push(event.kind());
            if event.kind() == Kind::DeliveryChanged {
                break event.referral.unwrap();
            }
        };
        assert_eq!(kinds, [Kind::Created, Kind::DeliveryChanged]);
        assert_eq!((last.name, last.delivery_state), (referral.name.clone(), DeliveryState::Rejected as i32));
        // The agency has no part in what it refused, so it hears nothing of its end.
        assert_eq!(scene.cancel(&referral.name).await, ReferralState::Cancelled);
        assert_eq!(scene.deliver(&youth, agency).await.delivery_state(), DeliveryState::Delivered);
        assert_eq!(
            (scene.requests(agency, Operation::Deliver), scene.requests(agency, Operation::Notify)),
            (2, 0)
        );
        drop(events);
        let remains = scene.end().await;
        assert_eq!(remains.deliveries(&referral.name).await.len(), 1);
    }
}

/// The office refers to the workshop over gRPC, and hears of it in its own protocol.
#[tokio::test(flavor = "multi_thread")]
async fn a_sender_with_a_system_of_its_own_is_told_there() {
    let scene = Scene::open(&WorldSettings::default()).await;
    let actor = professional("virkailija-7", "nuorten-palvelut", "official");
    let te = scene.world.client(scene.running.bound.grpc, &scene.world.identities.te).unwrap();
    let mut te = te.acting(&actor);
    let youth = te.identify(PEOPLE[0]).await.unwrap();
    let basic = [DataCategory::IdentityContact, DataCategory::ServiceNeeds];
    te.record_consent(&youth, TE, PAJA, purpose(PAJA), &basic).await.unwrap();
    let mut request = referral_to(PAJA, &youth, purpose(PAJA), full_content());
    request.wait_for_delivery = true;
    let referral = send(&mut te, request).await;
    assert_eq!(referral.delivery_state(), DeliveryState::Delivered);
    scene.ledger(TE).note_own_referral(id_of(&referral.name));

    for (action, note, state) in
        [(Action::Accept, "kanaria-tervetuloa", "HYVAKSYTTY"), (Action::Start, "kanaria-alku", "KAYNNISSA")]
    {
        let mut event = Event::new(id_of(&referral.name), action).with_note(note);
        event.official = Official::new("valmentaja-1", "paja");
        let reply = scene.world.walmu.send_event(&event).await.unwrap();
        assert!(matches!(reply, EventReply::Applied { .. }), "{reply:?}");
        scene
            .until(state, |scene| {
                let notices = scene.notices(TE, &referral.name);
                notices.last().is_some_and(|notice| notice.field("tila") == Some(state))
            })
            .await;
    }
    assert_eq!(scene.notices(TE, &referral.name).len(), 2);
    // Nothing permits the workshop's own words: what became of a referral is a category like all others.
    assert!(!scene.ledger(TE).received_contains(b"kanaria-tervetuloa"));
    assert!(scene.notices(PAJA, &referral.name).is_empty(), "the workshop is not told of its own doings");
    scene.end().await.check_intents();
}

/// An answer to a question is decided on when it is sent, like the referral itself.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_cut_down_to_what_is_permitted() {
    let mut scene = Scene::open(&WorldSettings::default()).await;
    let (youth, _) = scene.consenting(PEOPLE[0], TE).await;
    let mut request = ordinary(&youth, TE);
    request.wait_for_delivery = true;
    request.content = Some(ReferralContent { given_names: "Testi".into(), ..ReferralContent::default() });
    let referral = send(&mut scene.ohjaamo, request).await;
    scene.update(&referral.name, Action::AskForInformation, "Mikä on tilanne?").await;
    assert_eq!(scene.get(&referral.name).await.information.len(), 1);
    scene.provide(&referral.name, full_content()).await;
    scene.until("the answer at te", |scene| scene.notices(TE, &referral.name).len() == 1).await;
    let [notice] = &scene.notices(TE, &referral.name)[..] else { panic!("one notice") };
    assert_eq!(notice.field("laji"), Some("LISATIEDOT_ANNETTU"));
    assert_eq!(notice.values("lisatiedot.palvelutarve"), ["kanaria-palvelutarve"]);
    assert_eq!(notice.field("lisatiedot.koulutusJaTyo.koulutus"), Some("kanaria-koulutus"));
    for hidden in ["kanaria-perustelu", "kanaria-terveys", "kanaria-asuminen", "Kanarialinnunkuja", "+358 40"]
    {
        assert!(!scene.ledger(TE).received_contains(hidden.as_bytes()), "{hidden}");
    }
    scene.end().await.check_intents();
}
