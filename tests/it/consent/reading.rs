//! Who reads which consents and prohibitions, and how are they kept?

use jiff::SignedDuration;
use polku_proto::v1::{ConsentTerms, DataCategory, GetJourneyRequest, ListConsentsRequest, ProhibitionTerms};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, TE, terms};
use tonic::Code;

use super::changes::{prohibit, record};
use super::minors::MINOR;
use crate::stage::{BASIC, Stage, assert_refused, fields_of, purpose_of, wire};

async fn prohibitions(client: &Client, youth: &str) -> Vec<String> {
    let request = GetJourneyRequest { youth: youth.into(), ..GetJourneyRequest::default() };
    match client.clone().journey.get_journey(request).await {
        Ok(journey) => journey.into_inner().prohibitions.into_iter().map(|one| one.name).collect(),
        Err(status) => {
            assert_eq!(status.code(), Code::NotFound);
            Vec::new()
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prohibition_is_found_again_by_who_recorded_it_and_by_the_young_person() {
    let stage = Stage::at_noon().await;
    let youth = stage.ohjaamo().identify(MINOR).await.unwrap();
    let terms = ProhibitionTerms { recipients: vec![KELA.into()], ..ProhibitionTerms::default() };
    let recorded = prohibit(&stage.ohjaamo(), &youth, terms).await.unwrap().prohibition.unwrap();
    for reader in [stage.ohjaamo(), stage.subject(&youth), stage.guardian(&youth)] {
        assert_eq!(prohibitions(&reader, &youth).await, [recorded.name.as_str()]);
    }
    for other in [stage.te(), stage.kela()] {
        assert!(prohibitions(&other, &youth).await.is_empty(), "a prohibition shows");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consents_are_listed_page_by_page() {
    let stage = Stage::at_noon().await;
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[0]).await.unwrap();
    let mut names = Vec::new();
    for recipient in [KELA, TE, KELA] {
        let terms = ConsentTerms {
            valid_until: Some(wire(stage.now() + SignedDuration::from_hours(1))),
            ..terms(OHJAAMO, recipient, purpose_of(recipient), &BASIC)
        };
        names.push(record(&ohjaamo, &youth, terms).await.unwrap().consent.unwrap().name);
    }
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let request =
            ListConsentsRequest { parent: youth.clone(), page_size: 2, page_token: page_token.clone() };
        let page = ohjaamo.consent.list_consents(request).await.unwrap().into_inner();
        assert!(page.consents.len() <= 2);
        seen.extend(page.consents.into_iter().map(|consent| consent.name));
        if page.next_page_token.is_empty() {
            break;
        }
        page_token = page.next_page_token;
    }
    assert_eq!(seen, names);
    let stolen = ListConsentsRequest { parent: youth.clone(), page_size: 2, page_token };
    let status = assert_refused(
        stage.te().consent.list_consents(stolen).await,
        Code::InvalidArgument,
        "PAGE_TOKEN_INVALID",
    );
    assert_eq!(fields_of(&status), ["page_token"]);
    stage.close().await;
}

/// What a consent or a prohibition covers tells about the person: on disk it is sealed, like everything else.
#[tokio::test(flavor = "multi_thread")]
async fn terms_are_not_legible_on_disk() {
    let stage = Stage::at_noon().await;
    let youth = stage.ohjaamo().identify(PEOPLE[0]).await.unwrap();
    let covered = [DataCategory::IdentityContact, DataCategory::HealthCapacity];
    let terms = ConsentTerms {
        valid_until: Some(wire(stage.now() + SignedDuration::from_hours(1))),
        ..terms(OHJAAMO, KELA, purpose_of(KELA), &covered)
    };
    record(&stage.ohjaamo(), &youth, terms).await.unwrap();
    let terms = ProhibitionTerms { recipients: vec![KELA.into()], ..ProhibitionTerms::default() };
    prohibit(&stage.ohjaamo(), &youth, terms).await.unwrap();
    let mut paths = vec![stage.world.folder().join("data")];
    let mut looked_at = 0;
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        // The operator's socket holds nothing.
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(path).unwrap();
        // The name of a recipient stands nowhere: no referral to it exists.
        assert!(!bytes.windows(4).any(|window| window == b"kela"), "terms lie open");
        looked_at += bytes.len();
    }
    assert!(looked_at > 4096);
    stage.close().await;
}
