//! From wherever a young person comes, and however many work with them: is it one journey?

use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{DataCategory, JourneyLeaving, JourneySource, Purpose};
use polku_tests::world::professional;
use tokio::task::JoinSet;

use super::{add, encounter, journey, opening};
use crate::stage::Stage;

/// As many professionals as there are at the guidance point of the source texts.
const EIGHTY: usize = 80;

/// domain.md 5: "hakeutua palveluun itse tai … ohjata … nuorisotakuun": only where they come from social services or from a
/// clinic does that tell more than that they have come.
#[tokio::test(flavor = "multi_thread")]
async fn a_young_person_comes_by_themselves_or_from_anybody() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify("010594Y9032").await.unwrap();
    let attendance = DataCategory::ServiceAttendance;
    let mut written = Vec::new();
    for (source, category) in [
        (JourneySource::Self_, attendance),
        (JourneySource::FamilyOrFriend, attendance),
        (JourneySource::EmploymentServices, attendance),
        (JourneySource::OutreachYouthWork, attendance),
        (JourneySource::School, attendance),
        (JourneySource::Workshop, attendance),
        (JourneySource::Kela, attendance),
        (JourneySource::SocialServices, DataCategory::SocialSituation),
        (JourneySource::HealthCare, DataCategory::HealthCapacity),
        (JourneySource::Other, attendance),
    ] {
        let entry = add(&ohjaamo, &youth, opening(source)).await.unwrap().entry.unwrap();
        assert_eq!(entry.category(), category, "{source:?}");
        written.insert(0, entry);
        let leaves = Matter::Leaving(JourneyLeaving::default());
        written.insert(0, add(&ohjaamo, &youth, leaves).await.unwrap().entry.unwrap());
    }
    let unknown = JourneySource::try_from(11);
    assert!(unknown.is_err(), "{unknown:?} is not among them");
    assert_eq!(journey(&ohjaamo, &youth, Purpose::Unspecified).await.unwrap().entries, written);
    stage.close().await;
}

/// domain.md 5: "noin 80 asiantuntijaa": all of them write into one journey, and read it, at once.
#[tokio::test(flavor = "multi_thread")]
async fn eighty_professionals_of_one_point_share_a_journey() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify("010594Y9032").await.unwrap();
    add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
    let ids: Vec<String> = (0..EIGHTY).map(|number| format!("asiantuntija-{number:02}")).collect();
    let mut at_once = JoinSet::new();
    for id in &ids {
        let client = ohjaamo.acting(&professional(id, "keskusta", "guidance_worker"));
        let (id, youth) = (id.clone(), youth.clone());
        at_once.spawn(async move {
            let own = add(&client, &youth, encounter()).await.unwrap().entry.unwrap();
            assert_eq!(own.professional, id);
            let seen = journey(&client, &youth, Purpose::Unspecified).await.unwrap().entries;
            assert!(seen.contains(&own), "{id} does not see what they have written");
        });
    }
    at_once.join_all().await;
    let seen = journey(&ohjaamo, &youth, Purpose::Unspecified).await.unwrap().entries;
    let met = seen.iter().filter(|entry| matches!(entry.matter, Some(Matter::Encounter(_))));
    let mut by: Vec<&str> = met.map(|entry| entry.professional.as_str()).collect();
    by.sort_unstable();
    assert_eq!(by, ids);
    stage.close().await;
}
