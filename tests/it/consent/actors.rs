//! What may the young person and whoever represents them do?

use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::{ConsentState as State, ConsentTerms, GetJourneyRequest, Journey, ProhibitionTerms};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, full_content, terms};
use tonic::{Code, Status};

use super::changes::{
    Ask, get, given_by, invalidate, prohibit, record, record_with, renew, request, revoke, withdraw,
};
use super::minors::able_minor;
use crate::stage::{BASIC, Stage, TOLD, assert_refused, assert_same_refusal, fields_of, purpose_of};

fn to_kela() -> ConsentTerms {
    terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC)
}

async fn journey(client: &Client, youth: &str) -> Result<Journey, Status> {
    let request = GetJourneyRequest { youth: youth.into(), ..GetJourneyRequest::default() };
    Ok(client.clone().journey.get_journey(request).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
async fn young_people_give_and_take_back_their_own_consents() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let subject = stage.subject(&youth);
    let asked = request(&ohjaamo, &youth, to_kela()).await.unwrap().consent.unwrap();
    let given = super::changes::give(&subject, &asked, &asked.etag).await.unwrap().consent.unwrap();
    assert_eq!((given.state(), given.events[1].agency.as_str()), (State::Given, "oma"));
    let ask = Ask { youth: &youth, from: OHJAAMO, to: KELA, purpose: purpose_of(KELA), categories: &TOLD };
    assert_eq!(ask.permitted(&ohjaamo).await.len(), TOLD.len());
    assert_eq!(ask.permitted(&subject).await.len(), TOLD.len(), "they may ask about themselves");
    assert_eq!(get(&subject, &given.name).await.unwrap().state(), State::Given);
    let ended = withdraw(&subject, &given, "").await.unwrap().consent.unwrap();
    assert_eq!(ended.state(), State::Withdrawn);
    assert!(ask.permitted(&ohjaamo).await.is_empty());
    prohibit(&subject, &youth, ProhibitionTerms::default()).await.unwrap();
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_fits_who_acts() {
    let stage = Stage::open().await;
    let youth = able_minor(&stage).await;
    let all = [GivenBy::Self_, GivenBy::Guardian, GivenBy::OtherRepresentative];
    for (client, allowed) in [
        (stage.subject(&youth), &all[..1]),
        (stage.guardian(&youth), &all[1..2]),
        (stage.ohjaamo(), &all[..]),
    ] {
        for who in all {
            let result = record_with(&client, &youth, to_kela(), given_by(who)).await;
            if allowed.contains(&who) {
                assert_eq!(result.unwrap().consent.unwrap().state(), State::Given, "{who:?}");
            } else {
                let status = assert_refused(result, Code::InvalidArgument, "TERMS_INVALID");
                assert_eq!(fields_of(&status), ["evidence.given_by"]);
            }
        }
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_acts_for_somebody_elses_youth() {
    let stage = Stage::open().await;
    let (youth, other) = (able_minor(&stage).await, stage.youth(PEOPLE[1]).await);
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let consent = record(&stage.ohjaamo(), &other, to_kela()).await.unwrap().consent.unwrap();
    // Guardians prohibit nothing, whoever it is about.
    for (client, prohibits) in
        [(stage.subject(&youth), true), (stage.guardian(&youth), false), (stage.representative(&youth), true)]
    {
        let mut refusals = Vec::new();
        for target in [&other, &nobody] {
            let ask =
                Ask { youth: target, from: OHJAAMO, to: KELA, purpose: purpose_of(KELA), categories: &TOLD };
            refusals.push(ask.by(&client).await.map(drop));
            refusals.push(record(&client, target, to_kela()).await.map(drop));
            refusals.push(request(&client, target, to_kela()).await.map(drop));
            if prohibits {
                refusals.push(prohibit(&client, target, ProhibitionTerms::default()).await.map(drop));
            }
            refusals.push(journey(&client, target).await.map(drop));
        }
        refusals.push(get(&client, &consent.name).await.map(drop));
        refusals.push(withdraw(&client, &consent, "").await.map(drop));
        let until = consent.terms.as_ref().unwrap().valid_until.unwrap();
        refusals.push(renew(&client, &consent, &consent.etag, until).await.map(drop));
        let mut refusals =
            refusals.into_iter().map(|result| assert_refused(result, Code::NotFound, "NOT_FOUND"));
        let first = refusals.next().unwrap();
        refusals.for_each(|status| assert_same_refusal(&first, &status));
    }
    assert_eq!(get(&stage.ohjaamo(), &consent.name).await.unwrap().state(), State::Given);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn young_people_read_their_whole_journey() {
    let stage = Stage::open().await;
    let (youth, other) = (stage.youth(PEOPLE[0]).await, stage.youth(PEOPLE[1]).await);
    let name = stage.refer(&youth, KELA).await;
    stage.refer(&other, KELA).await;
    let mine = journey(&stage.subject(&youth), &youth).await.unwrap();
    assert_eq!((mine.youth.as_str(), mine.referrals.len(), mine.consents.len()), (youth.as_str(), 1, 3));
    assert_eq!(mine.referrals[0].name, name);
    assert!(mine.referrals[0].content == Some(full_content()), "everything that was told about them");

    // Agencies see their own part of it, and one without a part sees nobody.
    let theirs = journey(&stage.kela(), &youth).await.unwrap();
    assert_eq!((theirs.referrals.len(), theirs.consents.len()), (1, 0));
    assert_eq!(theirs.referrals[0].content.as_ref().unwrap().health_capacity, "");
    let stranger = assert_refused(journey(&stage.te(), &youth).await, Code::NotFound, "NOT_FOUND");
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    assert_same_refusal(&stranger, &journey(&stage.te(), &nobody).await.unwrap_err());
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn young_people_do_not_identify_others() {
    let stage = Stage::open().await;
    let youth = able_minor(&stage).await;
    for mut client in [stage.subject(&youth), stage.guardian(&youth)] {
        assert_refused(client.identify(PEOPLE[1]).await, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_and_invalidating_is_for_professionals() {
    let stage = Stage::open().await;
    let youth = able_minor(&stage).await;
    let word = given_by(GivenBy::Guardian);
    let given = record_with(&stage.ohjaamo(), &youth, to_kela(), word).await.unwrap().consent.unwrap();
    for client in [stage.subject(&youth), stage.guardian(&youth)] {
        for attempt in
            [revoke(&client, &given, &given.etag).await, invalidate(&client, &given, &given.etag).await]
        {
            assert_refused(attempt, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
        }
    }
    revoke(&stage.ohjaamo(), &given, &given.etag).await.unwrap();
    stage.close().await;
}
