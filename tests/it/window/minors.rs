//! Is somebody whose age or ability becomes known later treated by it from then on, and no longer than it is theirs?

use jiff::SignedDuration;
use polku_proto::v1::capacity_assessment::Result as Capacity;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::{ConsentState as State, ConsentTerms, JourneySource, Purpose};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, eventually, terms};
use tonic::Code;

use super::birthdays::renewal_asked;
use super::identity::{CODE, TEMPORARY, identify, link};
use super::ids::{newcomer, unlink};
use super::{add, journey, opening};
use crate::consent::changes::{Ask, get, given_by, record, record_with};
use crate::stage::{BASIC, PATIENCE, Stage, TOLD, assert_refused, assess, purpose_of, wire};

/// Both born in May 2016.
const MINORS: [&str; 2] = [PEOPLE[10], PEOPLE[12]];
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

fn to_kela(stage: &Stage) -> ConsentTerms {
    let valid_until = Some(wire(stage.now() + YEAR * 20));
    ConsentTerms { valid_until, ..terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC) }
}

async fn permits(client: &Client, youth: &str) -> bool {
    let ask = Ask { youth, from: OHJAAMO, to: KELA, purpose: purpose_of(KELA), categories: &TOLD };
    !ask.permitted(client).await.is_empty()
}

/// Rule P5: nobody could say of whoever has no identity code that they are a minor. Once it is known, what a representative
/// has given for them ends as it would have.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_representative_gave_ends_at_full_age_as_soon_as_the_age_is_known() {
    for in_time in [true, false] {
        let stage = Stage::at_noon().await;
        let ohjaamo = stage.ohjaamo();
        let youth = newcomer(&stage, TEMPORARY).await;
        let word = given_by(GivenBy::OtherRepresentative);
        let given = record_with(&ohjaamo, &youth, to_kela(&stage), word).await.unwrap().consent.unwrap();
        let is = async |state: State| {
            assert_eq!(permits(&ohjaamo, &youth).await, state == State::Given);
            let read = get(&ohjaamo, &given.name).await.unwrap();
            assert_eq!(read.state(), state);
            read
        };
        is(State::Given).await;
        let of_age: jiff::Timestamp = "2034-04-30T21:00:00Z".parse().unwrap();
        if in_time {
            link(&ohjaamo, &youth, MINORS[0]).await.unwrap();
            stage.advance(of_age.duration_since(stage.now()) - SignedDuration::from_secs(1));
            is(State::Given).await;
            stage.advance(SignedDuration::from_secs(1));
        } else {
            stage.advance(of_age.duration_since(stage.now()));
            is(State::Given).await;
            link(&ohjaamo, &youth, MINORS[0]).await.unwrap();
        }
        let over = is(State::Expired).await;
        assert_eq!(over.events.last().unwrap().time, Some(wire(of_age)));
        let asked = eventually(PATIENCE, async || renewal_asked(&ohjaamo, &youth).await).await;
        assert_eq!(asked, Some(given.name.clone()), "the worker is asked to ask the young person");
        // It was somebody else's code: then nobody knows any more.
        unlink(&ohjaamo, &youth, MINORS[0]).await;
        is(State::Given).await;
        stage.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_representative_gave_for_an_adult_goes_on_when_the_age_is_known() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = newcomer(&stage, TEMPORARY).await;
    let word = given_by(GivenBy::OtherRepresentative);
    let given = record_with(&ohjaamo, &youth, to_kela(&stage), word).await.unwrap().consent.unwrap();
    link(&ohjaamo, &youth, CODE).await.unwrap();
    assert!(permits(&ohjaamo, &youth).await);
    assert_eq!(get(&ohjaamo, &given.name).await.unwrap().state(), State::Given);
    assert_eq!(renewal_asked(&ohjaamo, &youth).await, None);
    stage.close().await;
}

/// Rule P7: what was assessed under one id holds under the other while they are one person, and not when it turns out
/// that they are two.
#[tokio::test(flavor = "multi_thread")]
async fn an_assessment_holds_under_every_id_until_the_ids_part() {
    for has_code in [true, false] {
        let stage = Stage::open().await;
        let (ohjaamo, te) = (stage.ohjaamo(), stage.te());
        let assessed = identify(&te, MINORS[0], "").await.unwrap();
        add(&te, &assessed, opening(JourneySource::EmploymentServices)).await.unwrap();
        let former = if has_code {
            let former = identify(&ohjaamo, MINORS[1], "").await.unwrap();
            add(&ohjaamo, &former, opening(JourneySource::Self_)).await.unwrap();
            former
        } else {
            newcomer(&stage, TEMPORARY).await
        };
        let subject = stage.subject(&former);
        let statuses = async |client: &Client, youth: &str| {
            journey(client, youth, Purpose::Unspecified).await.unwrap().legal_statuses.len()
        };
        assess(&te, &assessed, Capacity::CapableAllows).await;
        let own = async || record(&subject, &former, to_kela(&stage)).await;
        assert_refused(own().await, Code::InvalidArgument, "CAPACITY_NOT_ASSESSED");

        link(&ohjaamo, &former, MINORS[0]).await.unwrap();
        let given = own().await.unwrap().consent.unwrap();
        assert_eq!(given.evidence.unwrap().capacity, "", "the assessment is not of this id");
        assert!(permits(&ohjaamo, &former).await);
        assert_eq!(statuses(&subject, &former).await, 1);
        assert_eq!(statuses(&ohjaamo, &former).await, 0, "whoever has not assessed is not told");

        unlink(&ohjaamo, &former, MINORS[0]).await;
        // Of a minor whom nobody has assessed the own word opens nothing; of unknown age it does.
        assert_eq!(permits(&ohjaamo, &former).await, !has_code);
        assert_refused(own().await, Code::InvalidArgument, "CAPACITY_NOT_ASSESSED");
        assert_eq!(statuses(&subject, &former).await, 0);
        // It stands where it was recorded.
        assert_eq!(statuses(&stage.subject(&assessed), &assessed).await, 1);
        assert_eq!(statuses(&te, &assessed).await, 1);
        record(&stage.subject(&assessed), &assessed, to_kela(&stage)).await.unwrap();
        let name = get(&ohjaamo, &given.name).await.unwrap().name;

        let stage = stage.restart().await;
        let ohjaamo = stage.ohjaamo();
        assert_eq!(permits(&ohjaamo, &former).await, !has_code, "after a start");
        assess(&ohjaamo, &former, Capacity::CapableAllows).await;
        assert!(permits(&ohjaamo, &former).await, "once it is known of this one");
        assert_eq!(get(&ohjaamo, &name).await.unwrap().state(), State::Given);
        stage.close().await;
    }
}
