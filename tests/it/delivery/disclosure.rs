//! Do social services hear once of each disclosure of their data (law 703/2023), in their own protocol?

use polku_proto::v1::{DataCategory, DeliveryState, Purpose, SendReferralRequest};
use polku_tests::simulators::{Ledger, TakenIn, TakenInKind};
use polku_tests::world::{
    AddedAgency, OHJAAMO, PEOPLE, TE, WorldSettings, eventually, full_content, professional, referral_to,
};
use serde_json::Value;

use super::scene::{SOON, Scene};

const SOCIAL: &str = "social";

const TOLD: [DataCategory; 3] =
    [DataCategory::IdentityContact, DataCategory::ServiceNeeds, DataCategory::SocialSituation];

/// The notices that have taken effect in the county's register.
fn notices(county: &Ledger) -> Vec<TakenIn> {
    let mut taken = county.all_taken_in();
    taken.retain(|taken| taken.kind == TakenInKind::Disclosure);
    taken
}

/// The names of the data sets that a notice lists.
fn sets(notice: &Value) -> Vec<&str> {
    let values = notice["entity"].as_array().unwrap().iter().map(|entity| &entity["what"]["identifier"]);
    let sets = values.filter(|value| value["system"] == "urn:polku:data-category");
    sets.map(|value| value["value"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disclosure_to_the_employment_services_is_told_once_to_social_services() {
    let county = AddedAgency {
        agreements: vec![OHJAAMO.into(), TE.into()],
        ..AddedAgency::new(SOCIAL, "social", "usual", "social")
    };
    let scene = Scene::open(&WorldSettings { agencies: vec![county], ..WorldSettings::default() }).await;
    let official = professional("sosiaalityontekija-1", "yksikko-1", "official");
    let client = scene.world.client(scene.running.bound.grpc, &scene.world.agencies[SOCIAL].identity);
    let mut client = client.unwrap().acting(&official);

    let youth = client.identify(PEOPLE[0]).await.unwrap();
    let purpose = Purpose::EmploymentServices;
    let consent = client.record_consent(&youth, SOCIAL, TE, purpose, &TOLD).await.unwrap();
    let request =
        SendReferralRequest { wait_for_delivery: true, ..referral_to(TE, &youth, purpose, full_content()) };
    let sent = client.referral.send_referral(request.clone()).await.unwrap().into_inner().referral.unwrap();
    assert_eq!(sent.delivery_state(), DeliveryState::Delivered);
    let county = scene.world.agencies[SOCIAL].simulator.control().ledger().clone();
    let employment = scene.world.te.ledger().clone();
    let told = eventually(SOON, || async { (!notices(&county).is_empty()).then_some(()) });
    told.await.expect("social services hear nothing");
    // The repetition of the call is no other disclosure.
    client.referral.send_referral(request).await.unwrap();
    scene.end().await.check_intents();

    let taken = notices(&county);
    let [taken] = &taken[..] else { panic!("{} notices", taken.len()) };
    let received = county.received();
    let bodies = received.iter().map(|request| serde_json::from_slice::<Value>(&request.body).unwrap());
    let bundle = bodies
        .into_iter()
        .find(|bundle| bundle["identifier"]["value"] == format!("urn:uuid:{}", taken.message_id))
        .unwrap();
    let notice = &bundle["entry"][0]["resource"];
    assert_eq!(sets(notice), ["identity_contact", "social_situation", "service_needs"]);
    let said = notice.to_string();
    let consent = consent.name.rsplit('/').next().unwrap();
    let handover = employment.referrals().remove(0).message_id;
    for part in [PEOPLE[0], consent, &handover, "employment_services"] {
        assert!(said.contains(part), "{part} is not in the notice");
    }
}
