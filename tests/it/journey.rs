//! Does a referral travel all the way, over real sockets, into the agency's own protocol and back?

use polku_proto::v1::{DataCategory, DeliveryState, GetReferralRequest, Purpose, ReferralState};
use polku_tests::simulators::Action;
use polku_tests::simulators::te::{Update, UpdateReply};
use polku_tests::world::{
    OHJAAMO, TE, World, WorldSettings, full_content, official, professional, referral_to,
};
use tempfile::TempDir;

const BASIC: [DataCategory; 4] = [
    DataCategory::IdentityContact,
    DataCategory::ServiceNeeds,
    DataCategory::EducationWork,
    DataCategory::ReferralStatus,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_reaches_te_and_its_answer_comes_back() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let running = world.start().await.unwrap();
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let mut ohjaamo = world.client(running.bound.grpc, &world.identities.ohjaamo).unwrap().acting(&worker);

    let youth = ohjaamo.identify("010594Y9032").await.unwrap();
    let purpose = Purpose::EmploymentServices;
    ohjaamo.record_consent(&youth, OHJAAMO, TE, purpose, &BASIC).await.unwrap();
    let mut request = referral_to(TE, &youth, purpose, full_content());
    request.wait_for_delivery = true;
    let sent = ohjaamo.referral.send_referral(request).await.unwrap().into_inner();
    let referral = sent.referral.unwrap();
    assert_eq!(referral.delivery_state(), DeliveryState::Delivered);

    let id = referral.name.rsplit('/').next().unwrap().to_owned();
    let taken = world.te.ledger().referral(&id).unwrap();
    assert_eq!(taken.field("asiakas.henkilotunnus"), Some("010594Y9032"));
    assert_eq!(taken.values("palvelutarve"), ["kanaria-palvelutarve"]);
    assert_eq!(taken.field("toimintakyky"), None);
    assert!(!world.te.ledger().received_contains(b"kanaria-terveys"));

    let mut update = Update::new(&id, Action::Accept);
    update.official = official();
    let reply = world.te.send_update(&update).await.unwrap();
    assert!(matches!(reply, UpdateReply::Applied { .. }), "{reply:?}");
    let seen =
        ohjaamo.referral.get_referral(GetReferralRequest { name: referral.name }).await.unwrap().into_inner();
    assert_eq!(seen.state(), ReferralState::Accepted);
    running.stop().await.unwrap();
}
