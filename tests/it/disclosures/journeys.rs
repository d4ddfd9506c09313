//! Who has seen what stands in a journey, whose data it was, and under whichever id of the young person?

use polku_proto::v1::disclosure::Kind;
use polku_proto::v1::{
    AddJourneyEntryRequest, DataCategory, Disclosure, GetJourneyRequest, IdentifyYouthRequest, JourneyEntry,
    JourneySource, LinkIdentityRequest, Purpose,
};
use polku_tests::world::{Client, OHJAAMO, PEOPLE, TE, request_id};

use super::{list, page, sequence, told};
use crate::stage::Stage;
use crate::window::{add, encounter, opening};

const TOLD: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::ServiceAttendance];

async fn look(client: &Client, youth: &str) {
    let request = GetJourneyRequest {
        youth: youth.to_owned(),
        purpose: Purpose::Guidance.into(),
        ..GetJourneyRequest::default()
    };
    client.clone().journey.get_journey(request).await.unwrap();
}

fn of_entries(list: &[Disclosure]) -> Vec<&Disclosure> {
    list.iter().filter(|one| one.kind() == Kind::Shown && one.name.ends_with("/entries")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_agencys_entries_are_told_apart_with_what_was_shown() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    te.clone().identify(PEOPLE[0]).await.unwrap();
    for client in [&ohjaamo, &te] {
        add(client, &youth, opening(JourneySource::Self_)).await.unwrap();
    }
    // With notes and a place, which nothing permits telling.
    add(&ohjaamo, &youth, encounter()).await.unwrap();
    let consent =
        ohjaamo.clone().record_consent(&youth, OHJAAMO, TE, Purpose::Guidance, &TOLD).await.unwrap();
    look(&te, &youth).await;
    let all = told(&stage.subject(&youth), &youth).await;
    let [ohjaamos, own] = of_entries(&all)[..] else { panic!("{:?}", of_entries(&all)) };
    for one in [ohjaamos, own] {
        assert_eq!(one.permitted, [DataCategory::ServiceAttendance as i32], "{one:?}");
        assert_eq!(one.purpose(), Purpose::Guidance);
        assert!(one.recipient.starts_with(TE));
    }
    assert_eq!((ohjaamos.discloser.as_str(), own.discloser.as_str()), (OHJAAMO, ""));
    assert_eq!(ohjaamos.bases[0].consent, consent.name);
    assert!(own.bases.iter().all(|basis| basis.consent.is_empty()));
    // What the young person looks at themselves passes from nobody.
    look(&stage.subject(&youth), &youth).await;
    let all = told(&stage.subject(&youth), &youth).await;
    let last = of_entries(&all).pop().unwrap().clone();
    assert_eq!((last.discloser.as_str(), last.recipient.as_str()), ("", ""));
    assert!(last.permitted.contains(&(DataCategory::GuidanceNotes as i32)));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_under_former_ids_is_told_in_the_same_order() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let present = te.clone().identify(PEOPLE[0]).await.unwrap();
    add(&te, &present, opening(JourneySource::EmploymentServices)).await.unwrap();
    let request = IdentifyYouthRequest {
        request_id: request_id(),
        temporary_id: "1.2.246.10.2048198.22.2026.4711".into(),
        ..IdentifyYouthRequest::default()
    };
    let former = ohjaamo.clone().journey.identify_youth(request).await.unwrap().into_inner().youth;
    add(&ohjaamo, &former, opening(JourneySource::Self_)).await.unwrap();
    look(&ohjaamo, &former).await;
    let subject = stage.subject(&present);
    let before = list(&subject, &present).await.unwrap();
    assert!(before.iter().all(|one| !one.name.starts_with(&former)));
    let request = LinkIdentityRequest {
        request_id: request_id(),
        youth: former.clone(),
        identity_code: PEOPLE[0].into(),
        ..LinkIdentityRequest::default()
    };
    ohjaamo.clone().journey.link_identity(request).await.unwrap();
    look(&te, &present).await;

    let all = list(&subject, &present).await.unwrap();
    assert!(all.iter().rev().is_sorted_by_key(sequence), "newest first, whichever id it is under");
    let of = |youth: &str| all.iter().filter(|one| one.name.starts_with(youth)).count();
    assert!(of(&former) > 0 && of(&present) > 0, "{all:?}");
    let linked = all.iter().filter(|one| one.kind() == Kind::Identified).count();
    assert_eq!(linked, 3, "both were identified, and one was linked");
    // Entry by entry it is the same list.
    let (mut token, mut one_by_one) = (String::new(), Vec::new());
    loop {
        let next = page(&subject, &present, 1, &token).await.unwrap();
        one_by_one.extend(next.disclosures.iter().map(sequence));
        token = next.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let known: Vec<u64> = all.iter().map(sequence).collect();
    // Each look at the list is in the list itself, above what it began with.
    assert!(one_by_one.ends_with(&known), "{one_by_one:?} {known:?}");
    stage.close().await;
}

/// What was corrected is not there any more: nobody is told that it was held back.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_corrected_is_not_held_back() {
    let stage = Stage::open().await;
    let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    te.clone().identify(PEOPLE[0]).await.unwrap();
    add(&te, &youth, opening(JourneySource::EmploymentServices)).await.unwrap();
    let wrong = add(&ohjaamo, &youth, opening(JourneySource::SocialServices)).await.unwrap().entry.unwrap();
    let right = JourneyEntry {
        replaces: wrong.name,
        time: wrong.time,
        matter: Some(opening(JourneySource::Self_)),
        ..JourneyEntry::default()
    };
    let (request_id, parent) = (request_id(), youth.clone());
    let request = AddJourneyEntryRequest { request_id, parent, entry: Some(right) };
    ohjaamo.clone().journey.add_journey_entry(request).await.unwrap();
    look(&te, &youth).await;
    let all = told(&stage.subject(&youth), &youth).await;
    let refused: Vec<_> = all.iter().filter(|one| one.kind() == Kind::Refused).collect();
    let [refused] = refused[..] else { panic!("{refused:?}") };
    assert_eq!(refused.withheld, [DataCategory::ServiceAttendance as i32]);
    stage.close().await;
}
