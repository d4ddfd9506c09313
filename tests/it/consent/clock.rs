//! What does a clock that jumps do to consents?

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use polku_gateway::clock::{Clock, ManualClock};
use polku_proto::v1::{ConsentState, ConsentTerms, Purpose};
use polku_tests::world::{OHJAAMO, PEOPLE, TE, World, WorldSettings, professional, terms};
use tempfile::TempDir;

use super::changes::{Ask, get, record};
use crate::stage::{NOON, Stage, TOLD, wire};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const WORK: Purpose = Purpose::EmploymentServices;

fn for_an_hour(from: Timestamp) -> ConsentTerms {
    ConsentTerms {
        valid_from: Some(wire(from)),
        valid_until: Some(wire(from + HOUR)),
        ..terms(OHJAAMO, TE, WORK, &TOLD)
    }
}

fn to_te(youth: &str) -> Ask<'_> {
    Ask { youth, from: OHJAAMO, to: TE, purpose: WORK, categories: &TOLD }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_has_expired_does_not_come_back_when_the_clock_is_set_back() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    record(&ohjaamo, &youth, for_an_hour(stage.now())).await.unwrap();
    assert_eq!(to_te(&youth).permitted(&ohjaamo).await.len(), TOLD.len());
    stage.advance(HOUR * 2);
    let after = stage.now();
    assert!(to_te(&youth).permitted(&ohjaamo).await.is_empty());
    for back in [1, 2, 24, 24 * 365] {
        stage.advance(HOUR * -back);
        let decision = to_te(&youth).by(&ohjaamo).await.unwrap();
        assert_eq!((decision.permitted.len(), decision.evaluated_at), (0, Some(wire(after))), "{back} h");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_forward_ends_consents_and_changes_no_record() {
    let stage = Stage::at_noon().await;
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(PEOPLE[0]).await.unwrap();
    let given = record(&ohjaamo, &youth, for_an_hour(stage.now())).await.unwrap().consent.unwrap();
    stage.advance(HOUR * 24 * 365 * 20);
    assert!(to_te(&youth).permitted(&ohjaamo).await.is_empty());
    let kept = get(&ohjaamo, &given.name).await.unwrap();
    assert_eq!((kept.state(), &kept.etag, &kept.terms), (ConsentState::Expired, &given.etag, &given.terms));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_does_not_start_on_a_clock_behind_its_audit_log() {
    let folder = TempDir::new().unwrap();
    let world = World::make(folder.path(), &WorldSettings::default()).unwrap();
    let noon: Timestamp = NOON.parse().unwrap();
    let at = |instant| Arc::new(ManualClock::new(instant)) as Arc<dyn Clock>;
    let running = world.start_at(at(noon)).await.unwrap();
    let worker = professional("ohjaaja-1", "keskusta", "guidance_worker");
    let client = |bound: polku_gateway::front::Bound| {
        world.client(bound.grpc, &world.identities.ohjaamo).unwrap().acting(&worker)
    };
    let youth = client(running.bound).identify(PEOPLE[0]).await.unwrap();
    running.stop().await.unwrap();
    let error = world.start_at(at(noon - SignedDuration::from_secs(61))).await.map(drop).unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("the time of the host cannot be trusted"), "{error}");
    assert!(error.contains("1m 1s behind the last entry of the audit log"), "{error}");
    // A minute is waited out: until then it is the time of that entry.
    let running = world.start_at(at(noon - SignedDuration::from_secs(60))).await.unwrap();
    let decision = to_te(&youth).by(&client(running.bound)).await.unwrap();
    assert_eq!(decision.evaluated_at, Some(wire(noon)));
    running.stop().await.unwrap();
}
