//! Can every agency whose protocol has words for it refer, be asked and answer without anything but its own protocol?

use polku_adapters::{Kind, Matter};
use polku_proto::v1::{DataCategory, Purpose, ReferralContent, ReferralState, RequestInformationRequest};
use polku_tests::simulators::{Message, Official, Outgoing, Reply, TakenInKind};
use polku_tests::world::{
    AddedAgency, OHJAAMO, PEOPLE, Running, RunningAgency, World, WorldSettings, eventually, professional,
    request_id,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::stage::{PATIENCE, get};

/// The agency of the kind in question.
const LISA: &str = "lisa";
const UNIT: &str = "yksikko-1";
const QUESTION: &str = "Millaista tukea on jo saatu?";

fn kinds() -> impl Iterator<Item = &'static Kind> {
    polku_adapters::kinds().iter().filter(|kind| kind.receives.contains(&Matter::Referral))
}

fn settings(kind: &Kind, manner: &str) -> WorldSettings {
    let sector = if kind.id == "social" { "social" } else { "youth_work" };
    WorldSettings {
        agencies: vec![AddedAgency::new(LISA, kind.id, manner, sector)],
        ..WorldSettings::default()
    }
}

fn message(what: Outgoing) -> Message {
    Message { id: Uuid::now_v7(), official: Official::new("virkailija-7", UNIT), what }
}

fn referral() -> Message {
    let content = ReferralContent {
        given_names: "Testi".into(),
        family_name: "Esimerkkinen".into(),
        service_needs: vec!["Uraohjaus".into()],
        housing: "Asuu kaverilla.".into(),
        ..ReferralContent::default()
    };
    message(Outgoing::Referral {
        identity_code: PEOPLE[0].into(),
        recipient: format!("{OHJAAMO}/keskusta"),
        purpose: Purpose::Guidance,
        content: Box::new(content),
        respond_by: None,
        claim: None,
        redacted: false,
    })
}

async fn says(agency: &RunningAgency, message: &Message) -> Reply {
    agency.simulator.send(message).await.unwrap()
}

fn assert_refused(reply: &Reply, expected: &str, kind: &Kind) {
    let Reply::Refused { code } = reply else { panic!("{}: {reply:?} instead of {expected}", kind.id) };
    assert_eq!(code, expected, "{}", kind.id);
}

/// The whole way with one agency.
async fn goes(kind: &Kind, world: &World, running: &Running) {
    let agency = &world.agencies[LISA];
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let mut ohjaamo = world.client(running.bound.grpc, &world.identities.ohjaamo).unwrap().acting(&worker);
    // About nobody known, and then about somebody known who has permitted nothing.
    let before = says(agency, &referral()).await;
    assert_refused(&before, "NOT_PERMITTED", kind);
    let youth = ohjaamo.identify(PEOPLE[0]).await.unwrap();
    assert_eq!(says(agency, &referral()).await, before, "{}", kind.id);

    let told = [DataCategory::IdentityContact, DataCategory::ServiceNeeds, DataCategory::ReferralStatus];
    ohjaamo.record_consent(&youth, LISA, OHJAAMO, Purpose::Guidance, &told).await.unwrap();
    let sent = referral();
    let first = says(agency, &sent).await;
    let Reply::Sent { referral, state, .. } = &first else { panic!("{}: {first:?}", kind.id) };
    assert_eq!(*state, ReferralState::Requested, "{}", kind.id);
    assert_eq!(says(agency, &sent).await, first, "{}", kind.id);
    let name = format!("{youth}/referrals/{referral}");
    let read = get(&ohjaamo, &name).await.unwrap();
    let content = read.content.unwrap();
    assert_eq!(
        (content.identity_code.as_str(), content.service_needs),
        (PEOPLE[0], vec!["Uraohjaus".into()])
    );
    assert_eq!((content.housing.as_str(), read.sender_professional.as_str()), ("", "virkailija-7"));

    let question = RequestInformationRequest {
        request_id: request_id(),
        name: name.clone(),
        question: QUESTION.into(),
        ..RequestInformationRequest::default()
    };
    ohjaamo.referral.request_information(question).await.unwrap();
    let asked = eventually(PATIENCE, || async {
        let taken = agency.simulator.taken();
        let asks = |text: &String| text.contains(QUESTION);
        taken.iter().any(|one| one.about == *referral && one.texts.iter().any(asks)).then_some(())
    });
    asked.await.unwrap_or_else(|| panic!("{} is never asked", kind.id));
    let content = ReferralContent { service_needs: vec!["Työkokeilu".into()], ..ReferralContent::default() };
    let answer =
        message(Outgoing::Information { referral: referral.clone(), answer: Box::new(content.clone()) });
    let answered = says(agency, &answer).await;
    assert!(
        matches!(answered, Reply::Applied { state: ReferralState::Requested, .. }),
        "{}: {answered:?}",
        kind.id
    );
    assert_eq!(says(agency, &answer).await, answered, "{}", kind.id);
    let read = get(&ohjaamo, &name).await.unwrap();
    let [exchange] = &read.information[..] else { panic!("{} exchanges", read.information.len()) };
    assert_eq!(
        (exchange.question.as_str(), exchange.answer.clone()),
        (QUESTION, Some(content)),
        "{}",
        kind.id
    );
    // Nothing is open any more.
    let again = Message { id: Uuid::now_v7(), ..answer };
    assert_refused(&says(agency, &again).await, "TRANSITION_NOT_ALLOWED", kind);

    if kind.delivers.contains(&Matter::DisclosureNotice) {
        let count = || {
            let taken = agency.simulator.taken();
            taken.iter().filter(|one| one.kind == TakenInKind::Disclosure).count()
        };
        let told = eventually(PATIENCE, || async { (count() == 2).then_some(()) });
        told.await.unwrap_or_else(|| panic!("{} notices of two disclosures", count()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_agency_refers_is_asked_and_answers_in_its_own_protocol() {
    let (mut tried, all) = (0, kinds().count());
    for kind in kinds() {
        let folder = TempDir::new().unwrap();
        // The manners are the simulator's; the usual one comes first and is called so.
        let world = World::make(folder.path(), &settings(kind, "usual"));
        let world = world.unwrap_or_else(|error| panic!("{}: {error:?}", kind.id));
        let running = world.start().await.unwrap();
        goes(kind, &world, &running).await;
        let agency = &world.agencies[LISA];
        for part in agency.simulator.specimen().plans {
            let plan = Outgoing::PlanPart { identity_code: PEOPLE[0].into(), part: Box::new(part) };
            assert_refused(&says(agency, &message(plan)).await, "PLAN_NOT_KEPT", kind);
        }
        running.stop().await.unwrap();
        tried += 1;
    }
    assert!(tried == all && all > 0, "{tried} of {all}");
}
