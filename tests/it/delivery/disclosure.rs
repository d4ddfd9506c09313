//! Do social services hear once of each disclosure of their data (law 703/2023), in their own protocol?

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use polku_gateway::clock::{Clock as _, ManualClock, SystemClock};
use polku_proto::v1::{
    AddPlanPartyRequest, CreatePlanRequest, DataCategory, DeliveryState, GetJourneyRequest, GetPlanRequest,
    JourneySource, Purpose, SendReferralRequest, Worker,
};
use polku_tests::simulators::{Fault, Ledger, TakenIn, TakenInKind};
use polku_tests::world::{
    AddedAgency, Client, OHJAAMO, PEOPLE, TE, WorldSettings, eventually, full_content, professional,
    referral_to, request_id,
};
use serde_json::Value;

use super::scene::Scene;
use crate::stage::{PATIENCE, id_of};
use crate::window::{add, opening};

const SOCIAL: &str = "social";

const TOLD: [DataCategory; 3] =
    [DataCategory::IdentityContact, DataCategory::ServiceNeeds, DataCategory::SocialSituation];

/// A world with a county that exchanges data with these, and an official of its social services.
async fn of_county(agreements: &[&str]) -> (Scene, Client) {
    let agreements = agreements.iter().map(|&agency| agency.to_owned()).collect();
    let county = AddedAgency { agreements, ..AddedAgency::new(SOCIAL, "social", "usual", "social") };
    let scene = Scene::open(&WorldSettings { agencies: vec![county], ..WorldSettings::default() }).await;
    let official = professional("sosiaalityontekija-1", "yksikko-1", "official");
    let client = scene.world.client(scene.running.bound.grpc, &scene.world.agencies[SOCIAL].identity);
    let client = client.unwrap().acting(&official);
    (scene, client)
}

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
    let (scene, mut client) = of_county(&[OHJAAMO, TE]).await;

    let youth = client.identify(PEOPLE[0]).await.unwrap();
    let purpose = Purpose::EmploymentServices;
    let consent = client.record_consent(&youth, SOCIAL, TE, purpose, &TOLD).await.unwrap();
    let request =
        SendReferralRequest { wait_for_delivery: true, ..referral_to(TE, &youth, purpose, full_content()) };
    let sent = client.referral.send_referral(request.clone()).await.unwrap().into_inner().referral.unwrap();
    assert_eq!(sent.delivery_state(), DeliveryState::Delivered);
    let county = scene.world.agencies[SOCIAL].simulator.control().ledger().clone();
    let employment = scene.world.te.ledger().clone();
    let told = eventually(PATIENCE, || async { (!notices(&county).is_empty()).then_some(()) });
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
    let consent = id_of(&consent.name);
    let handover = employment.referrals().remove(0).message_id;
    for part in [PEOPLE[0], consent, &handover, "employment_services"] {
        assert!(said.contains(part), "{part} is not in the notice");
    }
}

/// What the guidance point reads here, with no system of its own.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_read_here_is_told_to_social_services_as_well() {
    let (scene, mut social) = of_county(&[OHJAAMO]).await;
    let simulator = scene.world.agencies[SOCIAL].simulator.as_ref();
    let ledger = simulator.control().ledger().clone();
    let mut ohjaamo = scene.ohjaamo.clone();
    let youth = social.identify(PEOPLE[1]).await.unwrap();
    simulator.hold(PEOPLE[1], &simulator.specimen()).unwrap();
    ohjaamo.identify(PEOPLE[1]).await.unwrap();
    add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
    let shared = [
        DataCategory::IdentityContact,
        DataCategory::ServiceAttendance,
        DataCategory::ServiceNeeds,
        DataCategory::JointPlan,
    ];
    social.record_consent(&youth, SOCIAL, OHJAAMO, Purpose::Guidance, &shared).await.unwrap();

    // What social services hold: each look is a disclosure, also from what was kept of their answer.
    let look = GetJourneyRequest {
        youth: youth.clone(),
        purpose: Purpose::Guidance.into(),
        ..GetJourneyRequest::default()
    };
    for looks in 1..=2 {
        let seen = ohjaamo.journey.get_journey(look.clone()).await.unwrap().into_inner();
        assert!(seen.facts.iter().any(|facts| facts.agency == SOCIAL && !facts.facts.is_empty()));
        let told = eventually(PATIENCE, || async { (notices(&ledger).len() == looks).then_some(()) });
        told.await.expect("social services hear nothing of a look");
    }
    social.journey.get_journey(look).await.unwrap();

    // A plan of theirs: what of it is told once is told.
    let create = CreatePlanRequest {
        request_id: request_id(),
        youth,
        purpose: Purpose::Guidance.into(),
        responsible_worker: Some(Worker {
            id: "sosiaalityontekija-1".into(),
            name: "Sosiaali Yksi".into(),
            ..Worker::default()
        }),
        replaces: String::new(),
    };
    let begun = social.plan.create_plan(create).await.unwrap().into_inner().plan.unwrap();
    let name = begun.name;
    let party = AddPlanPartyRequest {
        request_id: request_id(),
        name: name.clone(),
        party: OHJAAMO.into(),
        etag: begun.etag,
    };
    social.plan.add_plan_party(party).await.unwrap();
    for _ in 0..2 {
        let read = GetPlanRequest { name: name.clone() };
        let seen = ohjaamo.plan.get_plan(read).await.unwrap().into_inner();
        assert_eq!(seen.responsible_worker.unwrap().name, "Sosiaali Yksi");
    }
    let told = eventually(PATIENCE, || async { (notices(&ledger).len() == 3).then_some(()) });
    told.await.expect("social services hear nothing of the plan");
    scene.end().await.check_intents();

    assert_eq!(notices(&ledger).len(), 3);
    let received = ledger.received();
    let bodies = received.iter().filter_map(|request| serde_json::from_slice::<Value>(&request.body).ok());
    let said: Vec<String> = bodies.map(|body| body.to_string()).collect();
    for taken in notices(&ledger) {
        let identifier = format!("urn:uuid:{}", taken.message_id);
        let notice = said.iter().find(|said| said.contains(&identifier)).unwrap();
        for part in [PEOPLE[1], "guidance", OHJAAMO] {
            assert!(notice.contains(part), "{part} is not in a notice");
        }
    }
}

/// A county whose system is down for longer than the gateway tries anything else has every notice of that time.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_disclosed_while_the_county_was_down_is_told_when_it_is_back() {
    let (scene, mut client) = of_county(&[OHJAAMO, TE]).await;
    let youth = client.identify(PEOPLE[0]).await.unwrap();
    let purpose = Purpose::EmploymentServices;
    client.record_consent(&youth, SOCIAL, TE, purpose, &TOLD).await.unwrap();
    let faults = scene.world.agencies[SOCIAL].simulator.control().faults().clone();
    let ledger = scene.world.agencies[SOCIAL].simulator.control().ledger().clone();
    faults.set(Fault::Dead);
    let request =
        SendReferralRequest { wait_for_delivery: true, ..referral_to(TE, &youth, purpose, full_content()) };
    let sent = client.referral.send_referral(request).await.unwrap().into_inner().referral.unwrap();
    assert_eq!(sent.delivery_state(), DeliveryState::Delivered);
    let later = SystemClock.now() + SignedDuration::from_hours(24 * 10);
    let scene = scene.restart_at(Arc::new(ManualClock::new(later)), |_| {}).await;
    // It is looked at while it is overdue for anything else.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(notices(&ledger).is_empty());
    scene.world.agencies[SOCIAL].simulator.control().faults().clear().unwrap();
    let scene = scene.restart_at(Arc::new(ManualClock::new(later + HALF_A_DAY)), |_| {}).await;
    let told = eventually(PATIENCE, || async { (!notices(&ledger).is_empty()).then_some(()) });
    told.await.expect("the notice was given up");
    scene.end().await.check_intents();
}

/// Longer than the pause between two attempts.
const HALF_A_DAY: SignedDuration = SignedDuration::from_hours(12);
