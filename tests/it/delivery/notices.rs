//! Do Kela's six notices about social assistance, and the contact request for Nuotti coaching, go from system to system
//! through the gateway, each as soon as the law wants it?

use std::sync::Arc;
use std::time::Duration;

use polku_gateway::clock::ManualClock;
use polku_gateway::store::Priority;
use polku_proto::v1::legal_claim::ConsentAsked;
use polku_proto::v1::{DataCategory, LegalClaim, LegalGround, Purpose, ReferralState};
use polku_tests::simulators::{
    Action, Fault, Message, Official, Operation, Outgoing, Reply, SimulatedAgency, TakenIn,
};
use polku_tests::world::{AddedAgency, OHJAAMO, PEOPLE, TE, WorldSettings, full_content, official};
use serde_json::Value;
use uuid::Uuid;

use super::scene::Scene;

const KELA: &str = "kelan-jarjestelma";
const COUNTY: &str = "hyvinvointialue";
/// In Finland.
const NOON: &str = "2026-03-02T10:00:00Z";
/// Born in 1994 and in 2003.
const OLDER: &str = PEOPLE[0];
const YOUNGER: &str = PEOPLE[18];

/// A type of notice, who it is about, its `ilmoitusTyyppi` and `kiireellisyys` at Kela, the county's code and priority
/// for it, and how long the gateway tries.
type Notice = (LegalGround, &'static str, [&'static str; 2], [&'static str; 2], (Priority, &'static str));

/// Those that may wait first.
const NOTICES: [Notice; 6] = [
    (
        LegalGround::AssistanceLowered,
        OLDER,
        ["TOIMEENTULOTUKI_ALENNETTU", "PAATOSTA_SEURAAVANA_PAIVANA"],
        ["assistance-lowered", "routine"],
        (Priority::Ordinary, "2026-03-03T22:00:00Z"),
    ),
    (
        LegalGround::AssistanceUnemployedYoung,
        YOUNGER,
        ["TOIMEENTULOTUKI_TYOTON_ALLE_25", "SAMANA_PAIVANA"],
        ["assistance-unemployed-young", "urgent"],
        (Priority::Ordinary, "2026-03-02T22:00:00Z"),
    ),
    (
        LegalGround::AssistanceUnemployed,
        OLDER,
        ["TOIMEENTULOTUKI_TYOTON_25_TAYTTANYT", "SAMANA_PAIVANA"],
        ["assistance-unemployed", "urgent"],
        (Priority::Ordinary, "2026-03-02T22:00:00Z"),
    ),
    (
        LegalGround::AssistanceImmigrant,
        YOUNGER,
        ["TOIMEENTULOTUKI_MAAHANMUUTTAJA", "SAMANA_PAIVANA"],
        ["assistance-immigrant", "urgent"],
        (Priority::Ordinary, "2026-03-02T22:00:00Z"),
    ),
    (
        LegalGround::AssistanceSupplementary,
        OLDER,
        ["TOIMEENTULOTUKI_TAYDENTAVA_TAI_EHKAISEVA", "HETI"],
        ["assistance-supplementary", "stat"],
        (Priority::Urgent, "2026-03-02T22:00:00Z"),
    ),
    (
        LegalGround::AssistanceSocialWork,
        YOUNGER,
        ["TOIMEENTULOTUKI_SOSIAALITYO", "HETI"],
        ["assistance-social-work", "stat"],
        (Priority::Urgent, "2026-03-02T22:00:00Z"),
    ),
];

/// A Kela and a county with systems of their own, and a gateway that delivers one message after the other.
async fn open() -> Scene {
    let kela = AddedAgency {
        agreements: vec![OHJAAMO.into(), TE.into()],
        ..AddedAgency::new(KELA, "kela", "usual", "benefits")
    };
    let settings = WorldSettings {
        agencies: vec![kela, AddedAgency::new(COUNTY, "social", "usual", "social")],
        answer_ms: 10_000,
        attempt_seconds: 12,
        lease_seconds: 15,
        ..WorldSettings::default()
    };
    let clock = Arc::new(ManualClock::new(NOON.parse().unwrap()));
    let one_by_one = |world: &polku_tests::world::World| {
        let text = std::fs::read_to_string(world.config_file()).unwrap();
        let text = text.replace("[delivery]\n", "[delivery]\nconcurrency = 1\n");
        std::fs::write(world.config_file(), text).unwrap();
    };
    Scene::open(&settings).await.restart_at(clock, one_by_one).await
}

fn agency<'a>(scene: &'a Scene, id: &str) -> &'a dyn SimulatedAgency {
    scene.world.agencies[id].simulator.as_ref()
}

/// A notice of Kela's on this ground, which is the one that it is about all the time.
fn notice(ground: LegalGround, identity_code: &str) -> Message {
    let claim = LegalClaim {
        ground: ground.into(),
        statement: "kanaria-lausunto".into(),
        consent_asked: ConsentAsked::NotReached.into(),
    };
    Message {
        id: Uuid::now_v7(),
        official: Official::new("asiantuntija-1", "yksikko-1"),
        what: Outgoing::Referral {
            identity_code: identity_code.into(),
            recipient: format!("{COUNTY}/yksikko-1"),
            purpose: Purpose::SocialServices,
            content: Box::new(full_content()),
            respond_by: None,
            claim: Some(claim),
            redacted: false,
        },
    }
}

async fn sent(from: &dyn SimulatedAgency, message: &Message) -> String {
    let reply = from.send(message).await.unwrap();
    let Reply::Sent { referral, state: ReferralState::Requested, .. } = reply else { panic!("{reply:?}") };
    referral
}

/// The bundle with which the county has got this referral.
fn bundle(county: &dyn SimulatedAgency, referral: &str) -> Value {
    let received = county.control().ledger().received();
    let read = received.iter().filter_map(|request| serde_json::from_slice::<Value>(&request.body).ok());
    let about = format!("urn:uuid:{referral}");
    read.into_iter().find(|bundle| bundle["entry"][1]["fullUrl"] == about.as_str()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_six_notices_arrives_with_its_ground_the_urgent_ones_ahead() {
    let mut scene = open().await;
    let youths =
        [scene.ohjaamo.identify(OLDER).await.unwrap(), scene.ohjaamo.identify(YOUNGER).await.unwrap()];
    let (kela, county) = (agency(&scene, KELA), agency(&scene, COUNTY));
    // Nobody gets past this one before all six are in the queue.
    county.control().faults().once(Fault::Slow(Duration::from_secs(6)));
    let first = sent(kela, &notice(LegalGround::AssistanceLowered, OLDER)).await;
    scene.until("the first one", |scene| agency(scene, COUNTY).taken().len() == 1).await;
    let mut referrals = Vec::new();
    for (ground, person, ..) in NOTICES {
        referrals.push(sent(kela, &notice(ground, person)).await);
    }
    assert_eq!(county.taken().len(), 1, "the queue is not full yet");
    scene.until("all of them", |scene| agency(scene, COUNTY).taken().len() == 7).await;

    let taken: Vec<String> = county.taken().into_iter().map(|taken| taken.about).collect();
    let [lowered, young, unemployed, immigrant, supplementary, social_work] = &referrals[..] else {
        panic!()
    };
    let expected = [&first, supplementary, social_work, lowered, young, unemployed, immigrant];
    assert_eq!(taken.iter().collect::<Vec<_>>(), expected, "what the law wants at once goes ahead");

    let said = kela.control().wire();
    for ((_, person, [kind, urgency], [code, priority], _), referral) in NOTICES.iter().zip(&referrals) {
        let body = said.iter().map(|exchange| serde_json::from_slice::<Value>(&exchange.body).unwrap());
        let mut own = body.filter(|body| body["toimeentulotukiIlmoitus"]["ilmoitusTyyppi"] == *kind);
        let own = own.next_back().unwrap();
        assert_eq!(own["toimeentulotukiIlmoitus"]["kiireellisyys"], *urgency, "{kind}");

        let bundle = bundle(county, referral);
        let [patient, request, task] = [0, 1, 2].map(|number| bundle["entry"][number]["resource"].clone());
        let reason = &request["reasonCode"][0];
        assert_eq!(reason["coding"][0]["code"], *code);
        assert_eq!(reason["extension"][0]["valueCode"], "not-reached", "{code}");
        assert_eq!((&request["priority"], &task["priority"]), (&(*priority).into(), &(*priority).into()));
        assert_eq!(request["performer"][0]["identifier"]["value"], format!("{COUNTY}/yksikko-1"));
        let text = bundle.to_string();
        assert!(patient.to_string().contains(person) && text.contains("kanaria-etuudet"), "{code}");
        assert!(!text.contains("kanaria-terveys") && !text.contains("kanaria-suunnitelma"), "{code}");
    }

    let remains = scene.end().await;
    remains.check_intents();
    for ((ground, person, _, _, (priority, deadline)), referral) in NOTICES.iter().zip(&referrals) {
        let youth = &youths[usize::from(*person == YOUNGER)];
        let rows = remains.deliveries(&format!("{youth}/referrals/{referral}")).await;
        assert_eq!(
            (rows[0].priority, rows[0].deadline.to_string().as_str()),
            (*priority, *deadline),
            "{ground:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_for_which_there_is_no_ground_is_not_sent() {
    let mut scene = open().await;
    for person in [OLDER, YOUNGER] {
        scene.ohjaamo.identify(person).await.unwrap();
    }
    for (ground, person) in
        [(LegalGround::AssistanceUnemployedYoung, OLDER), (LegalGround::AssistanceUnemployed, YOUNGER)]
    {
        let reply = agency(&scene, KELA).send(&notice(ground, person)).await.unwrap();
        assert_eq!(reply, Reply::Refused { code: "NOT_PERMITTED".into() }, "{ground:?}");
    }
    assert!(agency(&scene, COUNTY).control().ledger().received().is_empty());
    scene.end().await.check_intents();
}

/// What Kela has got of this referral.
async fn contact_request(scene: &Scene, referral: &str) -> TakenIn {
    scene.until("the contact request", |scene| !agency(scene, KELA).taken().is_empty()).await;
    agency(scene, KELA).control().ledger().referral(referral).unwrap()
}

/// domain.md 5: "Kela … asiantuntija-resursseja Starttipisteen", "Nuotti-valmennus".
#[tokio::test(flavor = "multi_thread")]
async fn the_employment_services_ask_kela_to_ring_about_nuotti() {
    let mut scene = open().await;
    let youth = scene.ohjaamo.identify(YOUNGER).await.unwrap();
    let told = [DataCategory::IdentityContact, DataCategory::AddressContact, DataCategory::ServiceAttendance];
    let employment = polku_tests::world::professional("virkailija-7", "nuorten-palvelut", "official");
    let client = scene.world.client(scene.running.bound.grpc, &scene.world.identities.te);
    let mut employment = client.unwrap().acting(&employment);
    employment.identify(YOUNGER).await.unwrap();
    employment.record_consent(&youth, TE, KELA, Purpose::Rehabilitation, &told).await.unwrap();
    let message = Message {
        id: Uuid::now_v7(),
        official: official(),
        what: Outgoing::Referral {
            identity_code: YOUNGER.into(),
            recipient: KELA.into(),
            purpose: Purpose::Rehabilitation,
            content: Box::new(full_content()),
            respond_by: None,
            claim: None,
            redacted: false,
        },
    };
    let referral = sent(&scene.world.te, &message).await;
    let taken = contact_request(&scene, &referral).await;
    assert_eq!(taken.field("nuottiYhteydenotto.nuori.henkilotunnus"), Some(YOUNGER));
    assert_eq!(taken.field("nuottiYhteydenotto.nuori.yhteystiedot.puhelin"), Some("+358 40 0000000"));
    assert_eq!(taken.field("nuottiYhteydenotto.toivottuYhteydenottoaika"), Some("kanaria-soittoaika"));
    assert_eq!(taken.field("nuottiYhteydenotto.yhteistyokumppani.taho"), Some(TE));
    assert!(
        taken.field("nuottiYhteydenotto.suostumusId").unwrap().starts_with(&format!("{youth}/consents/"))
    );
    assert_eq!(taken.field("nuottiYhteydenotto.perustelu"), None, "nothing permits it");
    let received = agency(&scene, KELA).control().ledger().received();
    let request = received.iter().find(|request| request.operation == Operation::Deliver).unwrap();
    assert!(request.body.starts_with(b"{\"nuottiYhteydenotto\":"));
    assert_eq!(request.headers["x-road-issue"], referral.as_str());
    assert_eq!(request.headers["x-road-userid"], "FIvirkailija-7");

    let accept = Outgoing::Change {
        referral: referral.clone(),
        action: Action::Accept,
        reason: None,
        outcome: None,
        note: String::new(),
    };
    let by = Official::new("asiantuntija-1", "yksikko-1");
    let accepted = Message { id: Uuid::now_v7(), official: by, what: accept };
    let reply = agency(&scene, KELA).send(&accepted).await.unwrap();
    assert!(matches!(reply, Reply::Applied { state: ReferralState::Accepted, .. }), "{reply:?}");
    let name = format!("{youth}/referrals/{referral}");
    scene.until("the news at te", |scene| !scene.notices(TE, &name).is_empty()).await;
    scene.end().await.check_intents();
}

/// Who speaks stands beside messages, in logs and in leaves: whoever's id holds a personal identity code does not act.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_acts_whose_id_holds_an_identity_code() {
    let scene = Scene::open(&WorldSettings::default()).await;
    for id in ["010594Y9021", "tyontekija.010594y9021", "FI010594Y9021"] {
        let who = polku_tests::world::professional(id, "keskusta", "guidance_worker");
        let client = scene.world.client(scene.running.bound.grpc, &scene.world.identities.ohjaamo);
        let refused = client.unwrap().acting(&who).identify(OLDER).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{id}");
        assert!(!format!("{refused:?}").to_ascii_uppercase().contains("010594Y9021"), "{id} is repeated");
    }
    scene.end().await.check_intents();
}
