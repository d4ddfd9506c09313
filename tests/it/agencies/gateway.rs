//! Does a referral fare at an agency of every kind as it does at the usual ones, through a whole gateway?

use polku_adapters::{Matter, Redelivery};
use polku_proto::v1::DataCategory::{self, *};
use polku_proto::v1::{
    AcceptReferralRequest, CancelReferralRequest, DeliveryState, Outcome, ProvideInformationRequest,
    ReferralContent, ReferralState, RejectionReason, RequestInformationRequest,
};
use polku_tests::pki;
use polku_tests::simulators::{
    Action, Fault, Message, Official, Outgoing, Received, Reply, SimulatedAgency, TakenInKind,
};
use polku_tests::world::{
    AddedAgency, OHJAAMO, PEOPLE, WorldSettings, full_content, professional, referral_to, request_id,
};
use uuid::Uuid;

use super::bench::{Bench, PURPOSE, benches};
use super::receives::outgoing;
use crate::delivery::scene::{SOON, Scene, id, send};

/// What the ordinary referral may tell.
const BASIC: [DataCategory; 4] = [IdentityContact, ServiceNeeds, EducationWork, ReferralStatus];

/// An agency of a kind in a manner, under an id of its own in a world.
struct Peer {
    id: String,
    manner: &'static str,
    kind: &'static str,
    receives: &'static [Matter],
    redelivery: Redelivery,
}

impl Peer {
    fn of(bench: &Bench) -> Self {
        bench.agency.control().stop();
        Self {
            id: format!("oma-{}-{}", bench.kind.id, bench.manner),
            manner: bench.manner,
            kind: bench.kind.id,
            receives: bench.kind.receives,
            redelivery: bench.adapter.redelivery(),
        }
    }

    fn agency<'a>(&self, scene: &'a Scene) -> &'a dyn SimulatedAgency {
        scene.world.agencies[&self.id].simulator.as_ref()
    }

    /// The messages of this kind about a referral that took effect.
    fn taken(&self, scene: &Scene, kind: TakenInKind, name: &str) -> usize {
        let about = id(name);
        let taken = self.agency(scene).taken();
        taken.iter().filter(|taken| taken.kind == kind && taken.about == about).count()
    }

    async fn step(&self, scene: &Scene, name: &str, action: Action) -> Reply {
        let reason = (action == Action::Reject).then_some(RejectionReason::NoCapacity);
        let ends = matches!(action, Action::Complete | Action::Fail);
        let change = Outgoing::Change {
            referral: id(name),
            action,
            reason,
            outcome: ends.then_some(Outcome::GotService),
            note: "kanaria-huomautus".into(),
        };
        let message = say(change);
        let reply = self.agency(scene).send(&message).await.unwrap();
        // A message that comes again has the effect and the answer of the first one.
        assert_eq!(self.agency(scene).send(&message).await.unwrap(), reply, "{}", self.id);
        reply
    }

    async fn steps(&self, scene: &Scene, name: &str, action: Action, state: ReferralState) {
        let reply = self.step(scene, name, action.clone()).await;
        let applied = matches!(reply, Reply::Applied { state: now, .. } if now == state);
        assert!(applied, "{}: {action:?} is answered {reply:?}", self.id);
        assert_eq!(scene.get(name).await.state(), state, "{}: {action:?}", self.id);
    }
}

fn say(what: Outgoing) -> Message {
    Message { id: Uuid::now_v7(), official: Official::new("virkailija-7", "yksikko-1"), what }
}

/// A world with an agency of every kind, in every manner.
async fn open(settings: WorldSettings) -> (Scene, Vec<Peer>) {
    let peers: Vec<Peer> = benches().map(|bench| Peer::of(&bench)).collect();
    let added = peers.iter().map(|peer| AddedAgency::new(&peer.id, peer.kind, peer.manner, "employment"));
    let scene = Scene::open(&WorldSettings { agencies: added.collect(), ..settings }).await;
    (scene, peers)
}

async fn consenting(scene: &mut Scene, hetu: &str, to: &str, categories: &[DataCategory]) -> String {
    let youth = scene.ohjaamo.identify(hetu).await.unwrap();
    scene.ohjaamo.record_consent(&youth, OHJAAMO, to, PURPOSE, categories).await.unwrap();
    youth
}

async fn refer(scene: &mut Scene, youth: &str, to: &str) -> polku_proto::v1::Referral {
    let mut request = referral_to(to, youth, PURPOSE, full_content());
    request.wait_for_delivery = true;
    send(&mut scene.ohjaamo, request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_lives_its_life_at_every_kind_of_agency() {
    let (mut scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let to = peer.id.as_str();
        let youth = consenting(&mut scene, PEOPLE[0], to, &BASIC).await;
        let referral = refer(&mut scene, &youth, to).await;
        let name = referral.name.as_str();
        assert_eq!(referral.delivery_state(), DeliveryState::Delivered, "{to}");
        assert_eq!(peer.taken(&scene, TakenInKind::Referral, name), 1, "{to}");

        peer.steps(&scene, name, Action::AskForInformation, ReferralState::InfoRequested).await;
        let answer = ProvideInformationRequest {
            request_id: request_id(),
            name: name.into(),
            answer: Some(ReferralContent {
                service_needs: vec!["kanaria-vastaus".into()],
                ..ReferralContent::default()
            }),
            ..ProvideInformationRequest::default()
        };
        scene.ohjaamo.referral.provide_information(answer).await.unwrap();
        scene.until("the answer", |scene| peer.taken(scene, TakenInKind::Notice, name) == 1).await;
        assert!(peer.agency(&scene).control().ledger().received_contains(b"kanaria-vastaus"), "{to}");

        peer.steps(&scene, name, Action::Accept, ReferralState::Accepted).await;
        peer.steps(&scene, name, Action::Start, ReferralState::InProgress).await;
        peer.steps(&scene, name, Action::Interrupt, ReferralState::OnHold).await;
        peer.steps(&scene, name, Action::Start, ReferralState::InProgress).await;
        let reply = peer.step(&scene, name, Action::Accept).await;
        assert_eq!(reply, Reply::Refused { code: "TRANSITION_NOT_ALLOWED".into() }, "{to}");
        let cancel = CancelReferralRequest {
            request_id: request_id(),
            name: name.into(),
            ..CancelReferralRequest::default()
        };
        scene.ohjaamo.referral.cancel_referral(cancel).await.unwrap();
        scene.until("the cancellation", |scene| peer.taken(scene, TakenInKind::Notice, name) == 2).await;
        peer.steps(&scene, name, Action::ConfirmCancellation, ReferralState::Cancelled).await;

        for (action, state) in [
            (Action::Reject, ReferralState::Rejected),
            (Action::Complete, ReferralState::Completed),
            (Action::Fail, ReferralState::Failed),
        ] {
            let other = refer(&mut scene, &youth, to).await.name;
            if action != Action::Reject {
                peer.steps(&scene, &other, Action::Accept, ReferralState::Accepted).await;
                peer.steps(&scene, &other, Action::Start, ReferralState::InProgress).await;
            }
            peer.steps(&scene, &other, action, state).await;
        }
    }
    scene.end().await.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_agency_hears_that_a_consent_is_withdrawn() {
    let (mut scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let to = peer.id.as_str();
        let youth = scene.ohjaamo.identify(PEOPLE[1]).await.unwrap();
        let consent = scene.ohjaamo.record_consent(&youth, OHJAAMO, to, PURPOSE, &BASIC).await.unwrap();
        let name = refer(&mut scene, &youth, to).await.name;
        scene.withdraw(&consent).await;
        scene.until("the withdrawal", |scene| peer.taken(scene, TakenInKind::Notice, &name) == 1).await;
        assert_eq!(scene.get(&name).await.state(), ReferralState::ConsentWithdrawn, "{to}");
    }
    scene.end().await.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_ends_as_the_kind_of_agency_lets_it() {
    let settings = WorldSettings { retry_seconds: vec![0], ..WorldSettings::default() };
    let (mut scene, peers) = open(settings).await;
    for peer in &peers {
        let to = peer.id.as_str();
        let youth = consenting(&mut scene, PEOPLE[2], to, &BASIC).await;
        let unheard = |effects| match peer.redelivery {
            Redelivery::Deduplicates | Redelivery::AnswersStatus => (DeliveryState::Delivered, 1),
            Redelivery::Neither => (DeliveryState::InDoubt, effects),
        };
        let later = Fault::Status { code: 503, retry_after: Some(0) };
        let cases = [
            (Fault::ResetBeforeEffect, unheard(0)),
            (Fault::ResetAfterEffect, unheard(1)),
            (Fault::HalfAnswer, unheard(1)),
            (Fault::Garbage, unheard(1)),
            (Fault::FailAfterEffect(502), unheard(1)),
            (later, (DeliveryState::Delivered, 1)),
            (Fault::BusinessFault("EI_PALVELUALUETTA".into()), (DeliveryState::Rejected, 0)),
        ];
        for (fault, (state, effects)) in cases {
            peer.agency(&scene).control().faults().once(fault.clone());
            let referral = refer(&mut scene, &youth, to).await;
            assert_eq!(referral.delivery_state(), state, "{to}: {fault:?}");
            let taken = peer.taken(&scene, TakenInKind::Referral, &referral.name);
            assert_eq!(taken, effects, "{to}: {fault:?}");
        }
        peer.agency(&scene).control().faults().set(Fault::Dead);
        let request = referral_to(to, &youth, PURPOSE, full_content());
        let waiting = send(&mut scene.ohjaamo, request).await.name;
        scene.until_delivery(&waiting, DeliveryState::Retrying).await;
        peer.agency(&scene).control().faults().clear().unwrap();
        scene.until_delivery(&waiting, DeliveryState::Delivered).await;
        assert_eq!(peer.taken(&scene, TakenInKind::Referral, &waiting), 1, "{to}");
    }
    scene.end().await.check_intents();
}

/// The agency has sent a referral: it hears what becomes of it, and answers what is asked.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_agency_hears_of_what_it_has_sent() {
    let (mut scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let from = peer.id.as_str();
        let official = professional("virkailija-7", "yksikko-1", "official");
        let client = scene.world.client(scene.running.bound.grpc, &scene.world.agencies[from].identity);
        let mut sender = client.unwrap().acting(&official);
        let youth = sender.identify(PEOPLE[3]).await.unwrap();
        sender.record_consent(&youth, from, OHJAAMO, PURPOSE, &BASIC).await.unwrap();
        let referral = send(&mut sender, referral_to(OHJAAMO, &youth, PURPOSE, full_content())).await;
        let name = referral.name;
        peer.agency(&scene).control().ledger().note_own_referral(&id(&name));
        let question = RequestInformationRequest {
            request_id: request_id(),
            name: name.clone(),
            question: "kanaria-kysymys".into(),
            ..RequestInformationRequest::default()
        };
        scene.ohjaamo.referral.request_information(question).await.unwrap();
        scene.until("the question", |scene| peer.taken(scene, TakenInKind::Notice, &name) == 1).await;
        let answer =
            ReferralContent { service_needs: vec!["kanaria-lisatieto".into()], ..ReferralContent::default() };
        let information = Outgoing::Information { referral: id(&name), answer: Box::new(answer) };
        let reply = peer.agency(&scene).send(&say(information)).await.unwrap();
        if peer.receives.contains(&Matter::Information) {
            let applied = matches!(reply, Reply::Applied { state: ReferralState::Requested, .. });
            assert!(applied, "{from}: {reply:?}");
            let seen = scene.get(&name).await;
            let told = seen.information.iter().filter_map(|told| told.answer.as_ref());
            let needs: Vec<_> = told.flat_map(|answer| answer.service_needs.iter()).collect();
            assert_eq!(needs, ["kanaria-lisatieto"], "{from}");
        } else {
            assert_eq!(reply, Reply::Unsupported, "{from}");
        }
    }
    scene.end().await.check_intents();
}

/// The agency sends a referral in its own protocol, is cut down to what is permitted, and hears of what becomes of it.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_agency_that_refers_is_taken_at_its_word() {
    let (mut scene, peers) = open(WorldSettings::default()).await;
    for peer in peers.iter().filter(|peer| peer.receives.contains(&Matter::Referral)) {
        let from = peer.id.as_str();
        let youth = scene.ohjaamo.identify(PEOPLE[5]).await.unwrap();
        let referral = say(Outgoing::Referral {
            identity_code: PEOPLE[5].into(),
            recipient: format!("{OHJAAMO}/keskusta"),
            purpose: PURPOSE,
            content: Box::new(full_content()),
            respond_by: None,
            claim: None,
        });
        // Nothing permits it yet.
        let denied = peer.agency(&scene).send(&referral).await.unwrap();
        assert!(matches!(denied, Reply::Refused { .. }), "{from}: {denied:?}");
        scene.ohjaamo.record_consent(&youth, from, OHJAAMO, PURPOSE, &BASIC).await.unwrap();
        let referral = Message { id: Uuid::now_v7(), ..referral };
        let sent = peer.agency(&scene).send(&referral).await.unwrap();
        let Reply::Sent { referral: told, state: ReferralState::Requested, .. } = &sent else {
            panic!("{from}: {sent:?}")
        };
        let name = format!("{youth}/referrals/{told}");
        assert_eq!(peer.agency(&scene).send(&referral).await.unwrap(), sent, "{from}: a repetition");
        let seen = scene.get(&name).await;
        assert_eq!((seen.sender.as_str(), seen.recipient.as_str()), (from, OHJAAMO));
        let content = seen.content.unwrap();
        assert_eq!(content.service_needs, ["kanaria-palvelutarve"], "{from}");
        assert_eq!((content.reason.as_str(), content.housing.as_str()), ("", ""), "{from}: not permitted");
        let accept = AcceptReferralRequest {
            request_id: request_id(),
            name: name.clone(),
            ..AcceptReferralRequest::default()
        };
        scene.ohjaamo.referral.accept_referral(accept).await.unwrap();
        // The notice of the delivery may come, too.
        scene.until("the acceptance", |scene| peer.taken(scene, TakenInKind::Notice, &name) > 0).await;
    }
    scene.end().await.check_intents();
}

/// There is no place for a plan in the gateway yet, and it says so.
#[tokio::test(flavor = "multi_thread")]
async fn plans_are_refused_that_the_gateway_does_not_keep() {
    let (scene, peers) = open(WorldSettings::default()).await;
    for bench in benches() {
        bench.agency.control().stop();
        let peer = peers.iter().find(|peer| peer.kind == bench.kind.id).unwrap();
        if peer.receives.contains(&Matter::PlanPart) {
            let (what, said) = outgoing(&bench, Matter::PlanPart).remove(0);
            let reply = peer.agency(&scene).send(&say(said)).await.unwrap();
            assert_eq!(reply, Reply::Refused { code: "PLAN_NOT_KEPT".into() }, "{} {what}", peer.id);
        }
    }
    scene.end().await.check_intents();
}

/// What of the full content belongs to which category.
const CANARIES: [(DataCategory, &[&str]); 14] = [
    (IdentityContact, &["Testi Kanarialintu", "Esimerkkinen", "kanaria-yhteysosoite"]),
    (
        AddressContact,
        &["+358 40 0000000", "kanarialintu@example.fi", "Kanarialinnunkuja 1", "XK-07 QZ", "Kanariala"],
    ),
    (GuidanceNotes, &["kanaria-perustelu"]),
    (ServiceNeeds, &["kanaria-palvelutarve"]),
    (EducationWork, &["kanaria-koulutus", "kanaria-tyohistoria"]),
    (SocialSituation, &["kanaria-sosiaalinen"]),
    (HealthCapacity, &["kanaria-terveys"]),
    (Housing, &["kanaria-asuminen"]),
    (BenefitsIncome, &["kanaria-etuudet"]),
    (JointPlan, &["kanaria-suunnitelma"]),
    (ServiceAttendance, &["kanaria-osallistuminen", "kanaria-soittoaika"]),
    (OutcomeMeasures, &["kanaria-mittarit"]),
    (QualityOfLife, &["kanaria-elamanlaatu"]),
    // Nothing of it is in a referral that has just been sent.
    (ReferralStatus, &[]),
];

fn contain(received: &[Received], needle: &str) -> bool {
    let holds = |hay: &[u8]| hay.windows(needle.len()).any(|part| part == needle.as_bytes());
    received.iter().any(|request| {
        holds(&request.body)
            || holds(request.path.as_bytes())
            || request.headers.values().any(|value| holds(value.as_bytes()))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_category_alone_crosses_alone() {
    let (mut scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let to = peer.id.as_str();
        for ((category, _), hetu) in CANARIES.iter().zip(PEOPLE) {
            let mut permitted = vec![IdentityContact, *category];
            permitted.dedup();
            let youth = consenting(&mut scene, hetu, to, &permitted).await;
            let before = peer.agency(&scene).control().ledger().received().len();
            let mut request = referral_to(to, &youth, PURPOSE, full_content());
            request.wait_for_delivery = true;
            let contact = request.content.as_mut().and_then(|content| content.contact.as_mut()).unwrap();
            // Five digits alone would be found in any number.
            contact.postal_code = "XK-07 QZ".into();
            contact.city = "Kanariala".into();
            let referral = send(&mut scene.ohjaamo, request).await;
            assert_eq!(referral.delivery_state(), DeliveryState::Delivered, "{to}, {category:?}");
            let received = peer.agency(&scene).control().ledger().received().split_off(before);
            assert!(contain(&received, hetu), "{to}, {category:?}: whom the referral is about");
            for (other, canaries) in &CANARIES {
                for canary in *canaries {
                    let is_permitted = permitted.contains(other);
                    assert_eq!(
                        contain(&received, canary),
                        is_permitted,
                        "{to}, {category:?} alone: {canary}"
                    );
                }
            }
        }
    }
    scene.end().await.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_speaks_for_any_kind_of_agency() {
    let (mut scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let youth = consenting(&mut scene, PEOPLE[4], &peer.id, &BASIC).await;
        let name = refer(&mut scene, &youth, &peer.id).await.name;
        let inbound = scene.running.bound.inbound.port();
        // Right words at the door of every other agency, which has another certificate or another secret.
        for other in peers.iter().filter(|other| other.kind != peer.kind) {
            peer.agency(&scene).point_at(&format!("https://localhost:{inbound}/inbound/{}", other.id));
            let change = Outgoing::Change {
                referral: id(&name),
                action: Action::Accept,
                reason: None,
                outcome: None,
                note: String::new(),
            };
            let taken = peer.agency(&scene).send(&say(change)).await;
            let applied =
                matches!(taken, Ok(Reply::Applied { .. } | Reply::Sent { .. } | Reply::PlanTaken { .. }));
            assert!(!applied, "{} speaks for {}", peer.id, other.id);
        }
        assert_eq!(scene.get(&name).await.state(), ReferralState::Requested);
    }
    scene.end().await.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_is_not_waited_for() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let identity = &scene.world.identities.stranger;
        let config = pki::mutual_client_config(scene.world.authority_pem(), identity).unwrap();
        let stream = tokio::net::TcpStream::connect(scene.running.bound.inbound).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
        let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, stream).await.unwrap();
        let head = format!(
            "POST /inbound/{} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1048577\r\n\r\n",
            peer.id
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        tokio::time::timeout(SOON, stream.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413", "{}", peer.id);
    }
    scene.end().await.check_intents();
}
