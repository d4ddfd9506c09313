//! Do protected addresses and multi-sector support decide what is told?

use polku_proto::v1::legal_status_terms::Status as Terms;
use polku_proto::v1::{
    AddressProtection, CapacityAssessment, DataCategory, EndLegalStatusRequest, ListLegalStatusesRequest,
    MultiSectorSupport, Purpose, WatchConsentsRequest, capacity_assessment, legal_status,
};
use polku_tests::world::{Client, KELA, OHJAAMO, PEOPLE, full_content, referral_to, request_id};
use tonic::Code;

use super::{numbers, on_ground, record, send, stage_with_kela};
use crate::stage::{PATIENCE, Stage, assert_refused, get};

const USUAL: &str = "sector = \"benefits\"\nstanding = \"authority\"\n";
const MAY_BE_TOLD: &str =
    "sector = \"benefits\"\nstanding = \"authority\"\ntasks = [\"protected_addresses\"]\n";
const NEEDS_ADDRESS: &str =
    "sector = \"benefits\"\nstanding = \"authority\"\nrequires = [\"address_contact\"]\n";

const TOLD: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::AddressContact];

/// A young person whose consent covers name and address towards kela.
async fn consenting(stage: &Stage) -> String {
    let mut ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.identify(PEOPLE[16]).await.unwrap();
    ohjaamo.record_consent(&youth, OHJAAMO, KELA, Purpose::Rehabilitation, &TOLD).await.unwrap();
    // They record what the law makes of it.
    stage.te().identify(PEOPLE[16]).await.unwrap();
    youth
}

async fn statuses(client: &Client, youth: &str) -> usize {
    let request = ListLegalStatusesRequest { parent: youth.into() };
    client.clone().status.list_legal_statuses(request).await.unwrap().into_inner().statuses.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_address_is_stripped_whatever_the_consent_says() {
    for entry in [USUAL, MAY_BE_TOLD] {
        let stage = stage_with_kela(entry).await;
        let youth = consenting(&stage).await;
        let before = referral_to(KELA, &youth, Purpose::Rehabilitation, full_content());
        let early = send(&stage.ohjaamo(), before.clone()).await.unwrap().referral.unwrap().name;
        let contact = |name: String| {
            let kela = stage.kela();
            async move { get(&kela, &name).await.unwrap().content.unwrap() }
        };
        assert!(contact(early.clone()).await.contact.is_some());

        let change =
            record(&stage.te(), &youth, Terms::AddressProtection(AddressProtection {})).await.unwrap();
        let late = polku_proto::v1::SendReferralRequest { request_id: request_id(), ..before };
        let sent = send(&stage.ohjaamo(), late).await.unwrap();
        for name in [early, sent.referral.unwrap().name] {
            let content = contact(name).await;
            assert!(content.contact.is_none(), "also of what was sent before");
            assert!(!content.correspondence_address.is_empty() && !content.given_names.is_empty());
        }
        assert!(sent.decision.unwrap().revision >= change.revision);
        stage.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_multi_sector_support_a_protected_address_reaches_who_may_be_told_and_nobody_else() {
    for (entry, reaches) in [(USUAL, false), (MAY_BE_TOLD, true)] {
        let stage = stage_with_kela(entry).await;
        let te = stage.te();
        let youth = te.clone().identify(PEOPLE[16]).await.unwrap();
        record(&te, &youth, Terms::AddressProtection(AddressProtection {})).await.unwrap();
        record(&te, &youth, Terms::MultiSectorSupport(MultiSectorSupport {})).await.unwrap();
        let request = referral_to(KELA, &youth, Purpose::MultiSectorSupport, full_content());
        let sent = send(&te, request).await.unwrap().referral.unwrap().name;
        let content = get(&stage.kela(), &sent).await.unwrap().content.unwrap();
        assert_eq!(content.contact.is_some(), reaches, "{entry}");
        assert!(!content.given_names.is_empty());
        stage.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_do_without_the_address_gets_nothing() {
    let stage = stage_with_kela(NEEDS_ADDRESS).await;
    let youth = consenting(&stage).await;
    let request = referral_to(KELA, &youth, Purpose::Rehabilitation, full_content());
    record(&stage.te(), &youth, Terms::AddressProtection(AddressProtection {})).await.unwrap();
    assert_refused(send(&stage.ohjaamo(), request).await, Code::PermissionDenied, "NOT_PERMITTED");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_is_known_to_who_recorded_it_and_ended_by_nobody_else() {
    let stage = Stage::open().await;
    let youth = consenting(&stage).await;
    let protection = Terms::AddressProtection(AddressProtection {});
    let recorded = record(&stage.te(), &youth, protection).await.unwrap().status.unwrap();
    assert_eq!((recorded.state(), recorded.recorder.as_str()), (legal_status::State::InForce, "te"));
    assert_eq!(statuses(&stage.te(), &youth).await, 1);
    assert_eq!(statuses(&stage.subject(&youth), &youth).await, 1);
    assert_eq!(statuses(&stage.ohjaamo(), &youth).await, 0);
    let end = |etag: &str| EndLegalStatusRequest {
        request_id: request_id(),
        name: recorded.name.clone(),
        etag: etag.into(),
    };
    let refused = stage.ohjaamo().status.end_legal_status(end(&recorded.etag)).await;
    assert_refused(refused, Code::NotFound, "NOT_FOUND");
    let refused = stage.subject(&youth).status.end_legal_status(end(&recorded.etag)).await;
    assert_refused(refused, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    let stale = stage.te().status.end_legal_status(end("v9")).await;
    assert_refused(stale, Code::Aborted, "ETAG_MISMATCH");
    let ended = stage.te().status.end_legal_status(end(&recorded.etag)).await.unwrap().into_inner();
    assert_eq!(ended.status.as_ref().unwrap().state(), legal_status::State::Ended);
    let again = stage.te().status.end_legal_status(end(&ended.status.unwrap().etag)).await;
    assert_refused(again, Code::FailedPrecondition, "RECORD_STATE");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn multi_sector_support_lets_authorities_tell_each_other_the_seven_kinds_of_data() {
    use DataCategory::{
        AddressContact, EducationWork, HealthCapacity, IdentityContact, JointPlan, ServiceAttendance,
        ServiceNeeds, SocialSituation,
    };
    let stage = Stage::open().await;
    let te = stage.te();
    let youth = te.clone().identify(PEOPLE[16]).await.unwrap();
    let request = || referral_to(KELA, &youth, Purpose::MultiSectorSupport, full_content());
    assert_refused(send(&te, request()).await, Code::PermissionDenied, "NOT_PERMITTED");
    let support = Terms::MultiSectorSupport(MultiSectorSupport {});
    let refused = record(&stage.kela(), &youth, support).await;
    assert_refused(refused, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    let recorded = record(&te, &youth, support).await.unwrap().status.unwrap();
    let sent = send(&te, request()).await.unwrap();
    let seven = [
        IdentityContact,
        AddressContact,
        ServiceAttendance,
        EducationWork,
        SocialSituation,
        HealthCapacity,
        ServiceNeeds,
        JointPlan,
    ];
    assert_eq!(sent.decision.unwrap().permitted, numbers(&seven));
    // An Ohjaamo is no party of the joint file, nor is any other purpose.
    let foreign = referral_to(KELA, &youth, Purpose::MultiSectorSupport, full_content());
    assert_refused(send(&stage.ohjaamo(), foreign).await, Code::PermissionDenied, "NOT_PERMITTED");
    let other = referral_to(KELA, &youth, Purpose::Rehabilitation, full_content());
    assert_refused(send(&te, other).await, Code::PermissionDenied, "NOT_PERMITTED");

    let end = EndLegalStatusRequest { request_id: request_id(), name: recorded.name, etag: recorded.etag };
    let ended = te.clone().status.end_legal_status(end).await.unwrap().into_inner();
    assert_eq!(ended.stopped, Vec::<String>::new(), "it had arrived");
    assert_refused(send(&te, request()).await, Code::PermissionDenied, "NOT_PERMITTED");
    let seen = get(&stage.kela(), &sent.referral.unwrap().name).await.unwrap();
    assert!(seen.content.is_none(), "nothing permits it any more");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_assessment_ends_the_older_one() {
    let stage = Stage::open().await;
    let te = stage.te();
    let youth = te.clone().identify(PEOPLE[10]).await.unwrap();
    let assessed = |result| Terms::CapacityAssessment(CapacityAssessment { result: result as i32 });
    let able = assessed(capacity_assessment::Result::CapableAllows);
    record(&te, &youth, assessed(capacity_assessment::Result::NotCapable)).await.unwrap();
    record(&te, &youth, able).await.unwrap();
    let request = ListLegalStatusesRequest { parent: youth.clone() };
    let listed = te.clone().status.list_legal_statuses(request).await.unwrap().into_inner().statuses;
    let states: Vec<_> = listed.iter().map(|status| status.state()).collect();
    assert_eq!(states, [legal_status::State::Ended, legal_status::State::InForce]);
    let refused = record(&stage.subject(&youth), &youth, able).await;
    assert_refused(refused, Code::PermissionDenied, "ACTOR_NOT_ALLOWED");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_relies_on_a_law_is_told_to_ask_again() {
    let stage = stage_with_kela("sector = \"social\"\nstanding = \"authority\"\n").await;
    let te = stage.te();
    let child = te.clone().identify(PEOPLE[10]).await.unwrap();
    let ground = polku_proto::v1::LegalGround::ChildWelfareNotice;
    let mut request = on_ground(&child, Purpose::SocialServices, ground);
    request.wait_for_delivery = true;
    send(&te, request).await.unwrap();
    let mut watches = Vec::new();
    for client in [stage.te(), stage.kela(), stage.ohjaamo()] {
        let request = WatchConsentsRequest::default();
        watches.push(client.clone().consent.watch_consents(request).await.unwrap().into_inner());
    }
    let change = record(&te, &child, Terms::AddressProtection(AddressProtection {})).await.unwrap();
    for watch in &mut watches[..2] {
        let notice = tokio::time::timeout(PATIENCE, watch.message()).await.unwrap().unwrap().unwrap();
        assert_eq!((notice.youth.as_str(), notice.revision), (child.as_str(), change.revision));
    }
    let moment = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(moment, watches[2].message()).await.is_err(), "who is no party is not told");
}
