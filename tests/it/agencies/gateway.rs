//! Does a referral fare at an agency of every kind as it does at the usual ones, through a whole gateway?

use std::collections::BTreeSet;

use polku_adapters::Matter;
use polku_proto::v1::DataCategory::{self, *};
use polku_proto::v1::{
    AcceptReferralRequest, CancelReferralRequest, DeliveryState, ImportPlanRequest, PlanPart,
    ProvideInformationRequest, ReferralContent, ReferralState, RejectReferralRequest, RejectionReason,
    RequestInformationRequest,
};
use polku_tests::pki;
use polku_tests::simulators::{Action, Message, Outgoing, Received, Reply, Side, TakenInKind};
use polku_tests::world::{
    OHJAAMO, PEOPLE, WorldSettings, certificate_for, full_content, referral_to, request_id,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use uuid::Uuid;

use super::bench::{PURPOSE, benches};
use super::peers::{BASIC, consenting, open, refer, say};
use super::receives::outgoing;
use crate::delivery::scene::send;
use crate::plan::table;
use crate::stage::{PATIENCE, id_of};

/// The largest message that the inbound listener reads.
const LISTENER_BYTES: usize = 1 << 20;

/// domain.md 5: "NT/TYPPI -järjestelmän käyttöä monialaisesti".
#[tokio::test(flavor = "multi_thread")]
async fn a_referral_lives_its_life_at_every_kind_of_agency() {
    let (mut scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let to = peer.id.as_str();
        let youth = consenting(&scene, PEOPLE[0], to, &BASIC).await;
        let referral = refer(&scene, &youth, to).await;
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
            let other = refer(&scene, &youth, to).await.name;
            if action != Action::Reject {
                peer.steps(&scene, &other, Action::Accept, ReferralState::Accepted).await;
                peer.steps(&scene, &other, Action::Start, ReferralState::InProgress).await;
            }
            peer.steps(&scene, &other, action, state).await;
        }
    }
    scene.end().await.check_intents();
}

/// Whoever has stolen one agency's, or is one, is nobody to the others.
#[tokio::test(flavor = "multi_thread")]
async fn every_agency_sees_a_certificate_of_its_own() {
    let (scene, peers) = open(WorldSettings::default()).await;
    let mut seen = BTreeSet::new();
    for peer in &peers {
        let to = peer.id.as_str();
        let youth = consenting(&scene, PEOPLE[0], to, &BASIC).await;
        refer(&scene, &youth, to).await;
        let file = scene.world.folder().join(format!("{}.crt.pem", certificate_for(to)));
        let own = pki::sha256_hex(&CertificateDer::from_pem_file(file).unwrap());
        let received = peer.agency(&scene).control().ledger().received();
        let shown = received.into_iter().filter_map(|received| received.client_certificate_sha256);
        let shown: BTreeSet<String> = shown.collect();
        // Not every kind asks for one.
        assert!(shown.is_empty() || shown == BTreeSet::from([own]), "{to}");
        for certificate in shown {
            assert!(seen.insert(certificate), "{to}: it is another agency's too");
        }
    }
    assert!(seen.len() > 1, "no two agencies were shown one");
    scene.end().await.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_agency_hears_that_a_consent_is_withdrawn() {
    let (mut scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let to = peer.id.as_str();
        let youth = scene.ohjaamo.identify(PEOPLE[1]).await.unwrap();
        let consent = scene.ohjaamo.record_consent(&youth, OHJAAMO, to, PURPOSE, &BASIC).await.unwrap();
        let name = refer(&scene, &youth, to).await.name;
        scene.withdraw(&consent).await;
        scene.until("the withdrawal", |scene| peer.taken(scene, TakenInKind::Notice, &name) == 1).await;
        assert_eq!(scene.get(&name).await.state(), ReferralState::ConsentWithdrawn, "{to}");
    }
    scene.end().await.check_intents();
}

/// The agency has sent a referral: it hears what becomes of it, and answers what is asked.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_agency_hears_of_what_it_has_sent() {
    let (mut scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let from = peer.id.as_str();
        let mut sender = peer.sender(&scene);
        let youth = sender.identify(PEOPLE[3]).await.unwrap();
        sender.record_consent(&youth, from, OHJAAMO, PURPOSE, &BASIC).await.unwrap();
        let referral = send(&mut sender, referral_to(OHJAAMO, &youth, PURPOSE, full_content())).await;
        let name = referral.name;
        peer.agency(&scene).control().ledger().note_own_referral(id_of(&name));
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
        let information =
            Outgoing::Information { referral: id_of(&name).to_owned(), answer: Box::new(answer) };
        let reply = peer.agency(&scene).send(&say(information)).await.unwrap();
        if peer.kind.receives.contains(&Matter::Information) {
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
    for peer in peers.iter().filter(|peer| peer.kind.receives.contains(&Matter::Referral)) {
        let from = peer.id.as_str();
        let youth = scene.ohjaamo.identify(PEOPLE[5]).await.unwrap();
        let referral = say(Outgoing::Referral {
            identity_code: PEOPLE[5].into(),
            recipient: format!("{OHJAAMO}/keskusta"),
            purpose: PURPOSE,
            content: Box::new(full_content()),
            respond_by: None,
            claim: None,
            redacted: false,
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

/// Without a joint plan nothing is kept of an agency's own plan; with one that it is a party to, it comes into its section,
/// sent by its own system or asked for by its official.
#[tokio::test(flavor = "multi_thread")]
async fn plans_of_every_kind_come_into_the_joint_one() {
    let (mut scene, peers) = open(WorldSettings::default()).await;
    let mut plan = String::new();
    let mut kinds = BTreeSet::new();
    for bench in benches() {
        bench.agency.control().stop();
        let peer = peers.iter().find(|peer| peer.kind.id == bench.kind.id).unwrap();
        // One of each kind, in whichever manner it is spoken to.
        if !peer.kind.receives.contains(&Matter::PlanPart) || !kinds.insert(peer.kind.id) {
            continue;
        }
        let (what, said) = outgoing(&bench, Matter::PlanPart).remove(0);
        let Outgoing::PlanPart { identity_code, .. } = &said else { panic!("{what} is no plan") };
        let reply = peer.agency(&scene).send(&say(said.clone())).await.unwrap();
        assert_eq!(reply, Reply::Refused { code: "PLAN_NOT_KEPT".into() }, "{} {what}", peer.id);

        let youth = scene.ohjaamo.identify(identity_code).await.unwrap();
        for (from, to) in [(peer.id.as_str(), OHJAAMO), (OHJAAMO, peer.id.as_str())] {
            scene.ohjaamo.record_consent(&youth, from, to, PURPOSE, &PLANNED).await.unwrap();
        }
        if plan.is_empty() {
            plan = table::create_for(&scene.ohjaamo, &youth, PURPOSE).await.unwrap().plan.unwrap().name;
        }
        table::add(&scene.ohjaamo, &plan, &peer.id).await.unwrap();
        let message = say(said.clone());
        let reply = peer.agency(&scene).send(&message).await.unwrap();
        assert!(matches!(reply, Reply::PlanTaken { .. }), "{} {what}: {reply:?}", peer.id);
        assert_eq!(peer.agency(&scene).send(&message).await.unwrap(), reply, "{}: a repetition", peer.id);
        let seen = table::read(&scene.ohjaamo, &plan).await.unwrap();
        let sent = table::section(&seen, &peer.id);
        assert!(!sent.goals.is_empty() || !sent.actions.is_empty(), "{}: nothing of its plan", peer.id);

        if peer.kind.fetches.contains(JointPlan) {
            // What it has sent of it may be the specimen itself.
            let mut specimen = peer.agency(&scene).specimen();
            for part in &mut specimen.plans {
                part.revision += 1;
                part.update_time.iter_mut().for_each(|time| time.seconds += 3600);
                let goals = part.goals.iter_mut().map(|goal| &mut goal.text);
                goals
                    .chain(part.actions.iter_mut().map(|action| &mut action.text))
                    .for_each(|text| text.push_str(LATER));
            }
            peer.agency(&scene).hold(identity_code, &specimen).unwrap();
            let request = ImportPlanRequest { request_id: request_id(), name: plan.clone() };
            let answer = peer.sender(&scene).plan.import_plan(request).await.unwrap().into_inner();
            let own = table::section(&answer.plan.unwrap(), &peer.id);
            assert!(!texts(&sent).any(|text| text.ends_with(LATER)), "{}: before it is asked for", peer.id);
            assert!(texts(&own).any(|text| text.ends_with(LATER)), "{}: nothing came", peer.id);
        }
    }
    assert!(kinds.len() > 3, "{kinds:?}");
    scene.end().await.check_intents();
}

/// What the agency's texts end with by then.
const LATER: &str = " (uusi)";

/// What is aimed at and done in a plan.
fn texts(part: &PlanPart) -> impl Iterator<Item = &str> {
    let goals = part.goals.iter().map(|goal| goal.text.as_str());
    goals.chain(part.actions.iter().map(|action| action.text.as_str()))
}

/// What is shared of plans here.
const PLANNED: [DataCategory; 6] =
    [IdentityContact, ServiceAttendance, EducationWork, ServiceNeeds, JointPlan, GuidanceNotes];

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

/// domain.md 5: "kirjataan heidän suostumuksella NT/TYPPI".
#[tokio::test(flavor = "multi_thread")]
async fn each_category_alone_crosses_alone() {
    let (mut scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let to = peer.id.as_str();
        for ((category, _), hetu) in CANARIES.iter().zip(PEOPLE) {
            let mut permitted = vec![IdentityContact, *category];
            permitted.dedup();
            let youth = consenting(&scene, hetu, to, &permitted).await;
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
    let (scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let youth = consenting(&scene, PEOPLE[4], &peer.id, &BASIC).await;
        let name = refer(&scene, &youth, &peer.id).await.name;
        let inbound = scene.running.bound.inbound.port();
        // Right words at the door of every other agency, which has another certificate or another secret.
        for other in peers.iter().filter(|other| other.kind.id != peer.kind.id) {
            peer.agency(&scene).point_at(&format!("https://localhost:{inbound}/inbound/{}", other.id));
            let change = Outgoing::Change {
                referral: id_of(&name).to_owned(),
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

/// Right words in the agency's own name, and blown up: it is the size that is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_is_not_waited_for() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let youth = consenting(&scene, PEOPLE[0], &peer.id, &BASIC).await;
        let name = refer(&scene, &youth, &peer.id).await.name;
        peer.steps(&scene, &name, Action::Accept, ReferralState::Accepted).await;
        let wire = peer.agency(&scene).control().wire();
        let said = wire.iter().rev().find(|exchange| exchange.from == Side::Agency).unwrap();
        let headers =
            said.headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()));
        let headers: String = headers.collect();
        let identity = &scene.world.agencies[&peer.id].caller;
        for (size, expected) in [(said.body.len(), "HTTP/1.1 200"), (LISTENER_BYTES + 1, "HTTP/1.1 413")] {
            let config = pki::mutual_client_config(scene.world.authority_pem(), identity).unwrap();
            let stream = tokio::net::TcpStream::connect(scene.running.bound.inbound).await.unwrap();
            let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
            let localhost = rustls::pki_types::ServerName::try_from("localhost").unwrap();
            let mut stream = connector.connect(localhost, stream).await.unwrap();
            let head = format!(
                "POST /inbound/{} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {size}\r\n\r\n",
                peer.id
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&said.body).await.unwrap();
            let mut answer = [0; 12];
            tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
            assert_eq!(String::from_utf8_lossy(&answer), expected, "{}, {size} bytes", peer.id);
        }
    }
    scene.end().await.check_intents();
}

/// The agency has sent a referral: of what became of it, it is told as much as is permitted, and that something did.
#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_a_referral_crosses_as_far_as_it_is_permitted() {
    let (mut scene, peers) = open(WorldSettings::default()).await;
    for peer in &peers {
        let from = peer.id.as_str();
        let mut sender = peer.sender(&scene);
        for (hetu, told) in [(PEOPLE[6], true), (PEOPLE[7], false)] {
            let categories = if told { &BASIC[..] } else { &BASIC[..3] };
            let youth = sender.identify(hetu).await.unwrap();
            sender.record_consent(&youth, from, OHJAAMO, PURPOSE, categories).await.unwrap();
            let referral = send(&mut sender, referral_to(OHJAAMO, &youth, PURPOSE, full_content())).await;
            let ledger = peer.agency(&scene).control().ledger();
            ledger.note_own_referral(id_of(&referral.name));
            let before = ledger.received().len();
            let reject = RejectReferralRequest {
                request_id: request_id(),
                name: referral.name.clone(),
                reason: RejectionReason::NoCapacity.into(),
                note: "kanaria-hylkays".into(),
                ..RejectReferralRequest::default()
            };
            scene.ohjaamo.referral.reject_referral(reject).await.unwrap();
            scene
                .until("the rejection", |scene| peer.taken(scene, TakenInKind::Notice, &referral.name) == 1)
                .await;
            let received = peer.agency(&scene).control().ledger().received().split_off(before);
            assert_eq!(contain(&received, "kanaria-hylkays"), told, "{from}: the word on it");
            for other in CANARIES.iter().flat_map(|(_, canaries)| canaries.iter()) {
                assert!(!contain(&received, other), "{from}: {other}");
            }
        }
    }
    scene.end().await.check_intents();
}
