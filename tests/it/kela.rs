//! Is Kela spoken to as its document says, from the contract to its own books and back?

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use polku_adapters::{Adapter, Inbound, InboundMatter, InboundReferral};
use polku_proto::v1::{DeliveryState, LegalGround, Purpose, ReferralContent, ReferralState};
use polku_tests::pki::Pki;
use polku_tests::simulators::kela::KelaSettings;
use polku_tests::simulators::kela::message::{Assistance, Message, MessageReply};
use polku_tests::simulators::{
    Action, Fault, KelaSimulator, Repetition, SimulatedAgency, SimulatorTls, Surroundings,
};
use polku_tests::world::{
    AddedAgency, OHJAAMO, PEOPLE, WorldSettings, eventually, full_content, referral_to,
};
use tempfile::TempDir;

use crate::stage::{PATIENCE, Stage, TOLD, get, id_of};

const KELA: &str = "kelan-jarjestelma";

/// A stage with a Kela that has a system of its own.
async fn stage(repetition: Repetition) -> Stage {
    let kela = AddedAgency::new(KELA, "kela", "usual", "benefits");
    let agencies = vec![AddedAgency { repetition: Some(repetition), ..kela }];
    Stage::with(&WorldSettings { agencies, ..WorldSettings::default() }, |text| text).await
}

async fn consenting(stage: &Stage) -> String {
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[0]).await.unwrap();
    ohjaamo.record_consent(&youth, OHJAAMO, KELA, Purpose::Rehabilitation, &TOLD).await.unwrap();
    youth
}

async fn refer(stage: &Stage, youth: &str) -> String {
    let mut request = referral_to(KELA, youth, Purpose::Rehabilitation, full_content());
    request.wait_for_delivery = true;
    let sent = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner();
    sent.referral.unwrap().name
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_for_rehabilitation_asks_kela_to_ring() {
    let stage = stage(Repetition::Neither).await;
    let youth = consenting(&stage).await;
    let name = refer(&stage, &youth).await;
    let kela = &stage.world.agencies[KELA].simulator;
    let taken = kela.control().ledger().referral(id_of(&name)).unwrap();
    assert_eq!(taken.field("nuottiYhteydenotto.nuori.henkilotunnus"), Some(PEOPLE[0]));
    assert_eq!(taken.field("nuottiYhteydenotto.yhteistyokumppani.taho"), Some(OHJAAMO));
    assert!(
        taken.field("nuottiYhteydenotto.suostumusId").unwrap().starts_with(&format!("{youth}/consents/"))
    );
    assert_eq!(taken.field("nuottiYhteydenotto.nuori.yhteystiedot.puhelin"), None, "nothing permits it");
    let received = kela.control().ledger().received();
    let request = received.last().unwrap();
    assert_eq!(request.headers["x-road-issue"], id_of(&name));
    assert!(!format!("{} {:?}", request.path, request.headers).contains(PEOPLE[0]));

    let step = |action| polku_tests::simulators::Message {
        id: uuid::Uuid::now_v7(),
        official: polku_tests::simulators::Official::new("asiantuntija-1", "yksikko-1"),
        what: polku_tests::simulators::Outgoing::Change {
            referral: id_of(&name).to_owned(),
            action,
            reason: None,
            outcome: None,
            note: "kanaria-huomautus".into(),
        },
    };
    let accept = step(Action::Accept);
    let first = kela.send(&accept).await.unwrap();
    assert!(matches!(first, polku_tests::simulators::Reply::Applied { state: ReferralState::Accepted, .. }));
    assert_eq!(kela.send(&accept).await.unwrap(), first, "a repetition has the first one's answer");
    assert_eq!(stage.state(&name).await, ReferralState::Accepted);
    let again = kela.send(&step(Action::Accept)).await.unwrap();
    assert!(matches!(again, polku_tests::simulators::Reply::Refused { .. }), "{again:?}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_silence_kela_is_asked_only_where_that_is_agreed() {
    for (repetition, expected, effects) in
        [(Repetition::Neither, DeliveryState::InDoubt, 1), (Repetition::Asked, DeliveryState::Delivered, 1)]
    {
        let stage = stage(repetition).await;
        let youth = consenting(&stage).await;
        let kela = &stage.world.agencies[KELA].simulator;
        kela.control().faults().once(Fault::ResetAfterEffect);
        let name = refer(&stage, &youth).await;
        let ended = eventually(PATIENCE, || async {
            let state = get(&stage.ohjaamo(), &name).await.unwrap().delivery_state();
            (state == expected).then_some(())
        });
        assert!(ended.await.is_some(), "{repetition:?}: {expected:?} is not reached");
        let all = kela.control().ledger().all_effects();
        assert_eq!(all.values().copied().collect::<Vec<u32>>(), [effects], "{repetition:?}");
        stage.close().await;
    }
}

/// Kela, and the adapter that hears it.
struct Line {
    kela: KelaSimulator,
    adapter: std::sync::Arc<dyn Adapter>,
    peer: [u8; 32],
    _folder: TempDir,
}

impl Line {
    fn open() -> Line {
        let pki = Pki::new().unwrap();
        let folder = TempDir::new().unwrap();
        pki.write_authority(folder.path(), "ca").unwrap();
        pki.issue_client("polku.example").unwrap().write(folder.path(), "gateway-client").unwrap();
        let authority_pem = pki.authority_pem().to_owned();
        let tls = SimulatorTls { server: pki.issue_server(&["localhost"]).unwrap(), authority_pem };
        let caller = pki.issue_client("security-server.example").unwrap();
        let hex = caller.sha256.clone();
        let kela = KelaSimulator::start(KelaSettings::new(tls, caller)).unwrap();
        let surroundings = Surroundings {
            folder: folder.path(),
            agency: "kela",
            ca_file: &folder.path().join("ca.crt.pem"),
            certificate_file: &folder.path().join("gateway-client.crt.pem"),
            key_file: &folder.path().join("gateway-client.key.pem"),
            timeout_ms: 2_000,
        };
        let settings = SimulatedAgency::settings(&kela, &surroundings, "usual").unwrap();
        let adapter =
            polku_adapters::build("kela", "kela".parse().unwrap(), settings.parse().unwrap()).unwrap();
        let pairs = hex.as_bytes().as_chunks::<2>().0;
        let byte = |place: usize| {
            let digits = std::str::from_utf8(&pairs[place]).unwrap();
            u8::from_str_radix(digits, 16).unwrap()
        };
        Line { kela, adapter, peer: std::array::from_fn(byte), _folder: folder }
    }

    fn heard(&self, message: &Message) -> InboundReferral {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-road-client", "FI-TEST/GOV/9999903-9/etuudet"),
            ("x-road-id", "1"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let (body, now) = (message.body(), "2026-11-21T09:31:00Z".parse::<Timestamp>().unwrap());
        let inbound = Inbound { headers: &headers, body: body.as_bytes(), peer: Some(self.peer), now };
        match self.adapter.receive(&inbound).unwrap().matter {
            InboundMatter::Referral(referral) => *referral,
            InboundMatter::Change { .. } | InboundMatter::PlanPart(_) => panic!("no referral"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_notice_about_social_assistance_comes_on_its_own_ground() {
    let line = Line::open();
    let content = full_content();
    let grounds = [
        LegalGround::AssistanceSocialWork,
        LegalGround::AssistanceSupplementary,
        LegalGround::AssistanceLowered,
        LegalGround::AssistanceUnemployedYoung,
        LegalGround::AssistanceUnemployed,
        LegalGround::AssistanceImmigrant,
    ];
    for (kind, ground) in Assistance::ALL.into_iter().zip(grounds) {
        let heard = line.heard(&Message::assistance(kind, "pohde", PEOPLE[0], &content));
        assert_eq!(heard.identity.expose(), PEOPLE[0]);
        assert_eq!((heard.recipient.to_string().as_str(), heard.purpose), ("pohde", Purpose::SocialServices));
        assert_eq!(heard.claim.unwrap().ground(), ground, "{kind:?}");
        assert!(heard.content == ReferralContent { identity_code: String::new(), ..content.clone() });
    }
    line.kela.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_of_kelas_is_refused_by_the_gateway() {
    let stage = stage(Repetition::Neither).await;
    let youth = consenting(&stage).await;
    let name = refer(&stage, &youth).await;
    let inbound = stage.bound().inbound.port();
    let tls = SimulatorTls {
        server: stage.world.identities.stranger.clone(),
        authority_pem: stage.world.authority_pem().to_owned(),
    };
    // Somebody with a certificate of the authority, and not the pinned one.
    let stranger = stage.world.identities.stranger.clone();
    let other = KelaSimulator::start(KelaSettings::new(tls, stranger)).unwrap();
    other.connect_gateway(&format!("https://localhost:{inbound}/inbound/{KELA}"));
    let refused = other.send(&Message::step(id_of(&name), &Action::Accept)).await.unwrap();
    let MessageReply::Refused { status, code } = refused else { panic!("{refused:?}") };
    assert_eq!((status.as_u16(), code.as_str()), (403, "EI_VALTUUTTA"));
    assert_eq!(stage.state(&name).await, ReferralState::Requested);
    other.stop();
    stage.close().await;
}
