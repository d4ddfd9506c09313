//! Is Kela spoken to as its document says, from the contract to its own books and back?

use polku_proto::v1::{DeliveryState, Purpose, ReferralState};
use polku_tests::simulators::kela::KelaSettings;
use polku_tests::simulators::kela::message::{Message, MessageReply};
use polku_tests::simulators::{Action, Fault, KelaSimulator, Repetition, SimulatorTls};
use polku_tests::world::{
    AddedAgency, OHJAAMO, PEOPLE, WorldSettings, eventually, full_content, referral_to,
};

use crate::stage::{PATIENCE, Stage, TOLD, ended, get, id_of};

const KELA: &str = "kelan-jarjestelma";

/// A stage with a Kela that has a system of its own.
async fn stage(repetition: Repetition) -> Stage {
    let kela = AddedAgency::new(KELA, "kela", "usual", "benefits");
    let agencies = vec![AddedAgency { repetition: Some(repetition), ..kela }];
    Stage::with(&WorldSettings { agencies, ..WorldSettings::default() }, |text| text).await
}

/// Born in 2003: coaching is for people of that age.
const YOUNGER: &str = PEOPLE[18];
/// Born in 1994.
const OLDER: &str = PEOPLE[0];

async fn consenting(stage: &Stage, identity_code: &str) -> String {
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(identity_code).await.unwrap();
    ohjaamo.record_consent(&youth, OHJAAMO, KELA, Purpose::Rehabilitation, &TOLD).await.unwrap();
    youth
}

async fn refer(stage: &Stage, youth: &str) -> String {
    let mut request = referral_to(KELA, youth, Purpose::Rehabilitation, full_content());
    request.wait_for_delivery = true;
    let sent = stage.ohjaamo().referral.send_referral(request).await.unwrap().into_inner();
    ended(&stage.ohjaamo(), sent.referral.unwrap()).await.name
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_for_rehabilitation_asks_kela_to_ring() {
    let stage = stage(Repetition::Neither).await;
    let youth = consenting(&stage, YOUNGER).await;
    let name = refer(&stage, &youth).await;
    let kela = &stage.world.agencies[KELA].simulator;
    let taken = kela.control().ledger().referral(id_of(&name)).unwrap();
    assert_eq!(taken.field("nuottiYhteydenotto.nuori.henkilotunnus"), Some(YOUNGER));
    assert_eq!(taken.field("nuottiYhteydenotto.yhteistyokumppani.taho"), Some(OHJAAMO));
    assert!(
        taken.field("nuottiYhteydenotto.suostumusId").unwrap().starts_with(&format!("{youth}/consents/"))
    );
    assert_eq!(taken.field("nuottiYhteydenotto.nuori.yhteystiedot.puhelin"), None, "nothing permits it");
    let received = kela.control().ledger().received();
    let request = received.last().unwrap();
    assert_eq!(request.headers["x-road-issue"], id_of(&name));
    assert!(!format!("{} {:?}", request.path, request.headers).contains(YOUNGER));

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

/// Nobody over 29 is coached: Kela hears of what else it may be.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_too_old_for_coaching_is_referred_to_rehabilitation_all_the_same() {
    let stage = stage(Repetition::Neither).await;
    let youth = consenting(&stage, OLDER).await;
    let name = refer(&stage, &youth).await;
    let taken = stage.world.agencies[KELA].simulator.control().ledger().referral(id_of(&name)).unwrap();
    assert_eq!(taken.field("yhteydenottopyynto.kayttotarkoitus"), Some("KUNTOUTUS"));
    assert_eq!(taken.field("yhteydenottopyynto.nuori.henkilotunnus"), Some(OLDER));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_silence_kela_is_asked_only_where_that_is_agreed() {
    for (repetition, expected, effects) in
        [(Repetition::Neither, DeliveryState::InDoubt, 1), (Repetition::Asked, DeliveryState::Delivered, 1)]
    {
        let stage = stage(repetition).await;
        let youth = consenting(&stage, YOUNGER).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_of_kelas_is_refused_by_the_gateway() {
    let stage = stage(Repetition::Neither).await;
    let youth = consenting(&stage, YOUNGER).await;
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
