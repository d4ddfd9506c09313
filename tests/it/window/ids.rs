//! Does what holds of a young person hold under all their ids, and do they have one hold of all of it?

use polku_proto::v1::capacity_assessment::Result as Capacity;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::legal_status_terms::Status as Terms;
use polku_proto::v1::{
    AddressProtection, CapacityAssessment, Consent, DataCategory, DeliveryState, EscortedHandover,
    GetNextStepRequest, JourneyLeaving, JourneySource, LegalStatusTerms, LiftProhibitionRequest,
    ListConsentsRequest, ListPlansRequest, ListReferralsRequest, PlanPart, ProhibitionTerms, Purpose,
    RecordLegalStatusRequest, ReferralState, UnlinkIdentityRequest, VerifyConsentRequest,
    WatchConsentsRequest, WithdrawConsentRequest,
};
use polku_tests::simulators::Fault;
use polku_tests::world::{Client, KELA, OHJAAMO, TE, eventually, full_content, referral_to, request_id};
use tonic::Code;

use super::identity::{CODE, TEMPORARY, identify, link};
use super::{add, encounter, journey, opening};
use crate::consent::changes::prohibit;
use crate::plan::table;
use crate::stage::{BASIC, PATIENCE, Stage, assert_refused, get};

const PLACE: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::AddressContact];

/// Somebody with a temporary id who has come to the guidance point.
pub(super) async fn newcomer(stage: &Stage, temporary_id: &str) -> String {
    let youth = identify(&stage.ohjaamo(), "", temporary_id).await.unwrap();
    add(&stage.ohjaamo(), &youth, opening(JourneySource::Self_)).await.unwrap();
    youth
}

pub(super) async fn assess(client: &Client, youth: &str, result: Capacity) {
    let status = Terms::CapacityAssessment(CapacityAssessment { result: result.into() });
    let request = RecordLegalStatusRequest {
        request_id: request_id(),
        youth: youth.to_owned(),
        terms: Some(LegalStatusTerms { status: Some(status) }),
    };
    client.clone().status.record_legal_status(request).await.unwrap();
}

/// Somebody whom the employment services know by the code, and the guidance point by a temporary id.
async fn two_ids(stage: &Stage) -> (String, String) {
    let present = identify(&stage.te(), CODE, "").await.unwrap();
    add(&stage.te(), &present, opening(JourneySource::EmploymentServices)).await.unwrap();
    let former = newcomer(stage, TEMPORARY).await;
    assess(&stage.ohjaamo(), &former, Capacity::CapableAllows).await;
    (present, former)
}

async fn unlink(client: &Client, youth: &str) {
    let (youth, identity_code) = (youth.to_owned(), CODE.to_owned());
    let request = UnlinkIdentityRequest { request_id: request_id(), youth, identity_code };
    client.clone().journey.unlink_identity(request).await.unwrap();
}

async fn agree(client: &Client, youth: &str, from: &str, categories: &[DataCategory]) -> Consent {
    client.clone().record_consent(youth, from, KELA, Purpose::Rehabilitation, categories).await.unwrap()
}

async fn refer(client: &Client, youth: &str, to: &str, purpose: Purpose) -> String {
    let request = referral_to(to, youth, purpose, full_content());
    client.clone().referral.send_referral(request).await.unwrap().into_inner().referral.unwrap().name
}

async fn protect(client: &Client, youth: &str) {
    let terms = Some(LegalStatusTerms { status: Some(Terms::AddressProtection(AddressProtection {})) });
    let request = RecordLegalStatusRequest { request_id: request_id(), youth: youth.to_owned(), terms };
    client.clone().status.record_legal_status(request).await.unwrap();
}

/// What the sender may tell Kela of the two.
async fn tells(client: &Client, youth: &str, from: &str) -> Vec<DataCategory> {
    let request = VerifyConsentRequest {
        youth: youth.to_owned(),
        discloser: from.to_owned(),
        recipient: KELA.to_owned(),
        purpose: Purpose::Rehabilitation as i32,
        categories: PLACE.iter().map(|category| *category as i32).collect(),
        ..VerifyConsentRequest::default()
    };
    let answer = client.clone().consent.verify_consent(request).await.unwrap().into_inner();
    answer.decision.unwrap().permitted().collect()
}

/// Law 661/2009 section 36: the address is protected, not one of the person's numbers.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_protected_under_one_id_is_protected_under_all() {
    for protected_is_present in [true, false] {
        let stage = Stage::open().await;
        let (present, former) = two_ids(&stage).await;
        let (protected, told) = if protected_is_present { (&present, &former) } else { (&former, &present) };
        let (sender, from) = (stage.ohjaamo(), OHJAAMO);
        agree(&sender, told, from, &PLACE).await;
        protect(&stage.te(), protected).await;
        assert_eq!(tells(&sender, told, from).await, PLACE, "nobody knows that it is the same person");

        link(&stage.ohjaamo(), &former, CODE).await.unwrap();
        assert_eq!(tells(&sender, told, from).await, [DataCategory::IdentityContact]);
        let sent = refer(&sender, told, KELA, Purpose::Rehabilitation).await;
        let stage = stage.restart().await;
        let sender = stage.ohjaamo();
        assert_eq!(tells(&sender, told, from).await, [DataCategory::IdentityContact], "after a start");
        let again = refer(&sender, told, KELA, Purpose::Rehabilitation).await;
        for name in [sent, again] {
            let read = get(&stage.kela(), &name).await.unwrap().content.unwrap();
            let street = read.contact.map(|contact| contact.street_address).unwrap_or_default();
            assert_eq!((street.as_str(), read.given_names.is_empty()), ("", false));
        }
        unlink(&stage.ohjaamo(), &former).await;
        assert_eq!(tells(&sender, told, from).await, PLACE, "it was somebody else");
        let stage = stage.restart().await;
        assert_eq!(tells(&stage.ohjaamo(), told, from).await, PLACE);
        stage.close().await;
    }
}

/// What waits to be delivered is decided on again at the last moment, as what it is by then known to be about.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_under_one_id_is_stopped_by_a_prohibition_under_another() {
    for prohibited_first in [true, false] {
        let stage = Stage::open().await;
        let ohjaamo = stage.ohjaamo();
        let (present, former) = two_ids(&stage).await;
        let nothing_to_te =
            || ProhibitionTerms { recipients: vec![TE.to_owned()], ..ProhibitionTerms::default() };
        let purpose = Purpose::EmploymentServices;
        ohjaamo.clone().record_consent(&former, OHJAAMO, TE, purpose, &BASIC).await.unwrap();
        stage.world.te.faults().set(Fault::Dead);
        let waiting = async || refer(&ohjaamo, &former, TE, purpose).await;
        let name = if prohibited_first {
            // Another code of theirs, by which nobody else knows them, comes first.
            assert_eq!(link(&ohjaamo, &former, "020594X903P").await.unwrap(), former);
            let name = waiting().await;
            prohibit(&stage.subject(&present), &present, nothing_to_te()).await.unwrap();
            link(&ohjaamo, &former, CODE).await.unwrap();
            stage.world.te.faults().clear().unwrap();
            name
        } else {
            link(&ohjaamo, &former, CODE).await.unwrap();
            let name = waiting().await;
            let tried = eventually(PATIENCE, || async {
                let state = get(&ohjaamo, &name).await.unwrap().delivery_state();
                (state == DeliveryState::Retrying).then_some(())
            });
            tried.await.expect("nothing was tried");
            let banned = prohibit(&stage.subject(&present), &present, nothing_to_te()).await.unwrap();
            assert_eq!((banned.stopped, banned.under_way), (vec![name.clone()], vec![]));
            name
        };
        stage.reaches(&name, ReferralState::ConsentWithdrawn).await;
        stage.world.te.faults().clear().unwrap();
        stage.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_under_one_id_is_closed_by_a_prohibition_under_another() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let (present, former) = two_ids(&stage).await;
    table::agree(&stage, &former, OHJAAMO, TE, &table::SHARED).await;
    let plan = table::create(&ohjaamo, &former).await.unwrap().plan.unwrap().name;
    table::add(&ohjaamo, &plan, TE).await.unwrap();
    let goal = |part: &mut PlanPart| part.goals.push(table::goal("tavoite-1", "kanaria-tavoite"));
    table::edit(&ohjaamo, &plan, OHJAAMO, goal).await.unwrap();
    link(&ohjaamo, &former, CODE).await.unwrap();
    let seen = async || table::said(&table::read(&stage.te(), &plan).await.unwrap());
    assert!(seen().await.contains("kanaria-tavoite"));
    let all = ProhibitionTerms::default();
    let banned = prohibit(&stage.subject(&present), &present, all).await.unwrap().prohibition.unwrap();
    assert!(!seen().await.contains("kanaria-tavoite"));
    let (name, etag) = (banned.name, banned.etag);
    let lift = LiftProhibitionRequest { request_id: request_id(), name, etag };
    stage.subject(&former).consent.lift_prohibition(lift).await.unwrap();
    assert!(seen().await.contains("kanaria-tavoite"));

    // Here there is one: it is found, and no second one is begun.
    ohjaamo.clone().record_consent(&present, OHJAAMO, TE, Purpose::Guidance, &BASIC).await.unwrap();
    for (client, youth) in [(&ohjaamo, &present), (&stage.subject(&former), &former)] {
        let request = ListPlansRequest { parent: youth.clone() };
        let listed = client.clone().plan.list_plans(request).await.unwrap().into_inner().plans;
        assert_eq!(listed.iter().map(|plan| &plan.name).collect::<Vec<_>>(), [&plan]);
        let step = GetNextStepRequest { youth: youth.clone(), ..GetNextStepRequest::default() };
        assert_eq!(client.clone().journey.get_next_step(step).await.unwrap().into_inner().plan, plan);
        let all = journey(client, youth, Purpose::Unspecified).await.unwrap();
        assert_eq!(all.plans.iter().map(|plan| &plan.name).collect::<Vec<_>>(), [&plan]);
    }
    let second = table::create(&ohjaamo, &present).await;
    assert_refused(second, Code::FailedPrecondition, "RECORD_STATE");
    stage.close().await;
}

/// GDPR articles 7(3) and 15: what the young person has said is theirs, by whichever number it was kept.
#[tokio::test(flavor = "multi_thread")]
async fn the_young_person_has_one_hold_of_all_that_was_said() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let (present, former) = two_ids(&stage).await;
    let early = agree(&ohjaamo, &former, OHJAAMO, &BASIC).await.name;
    let late = agree(&stage.te(), &present, TE, &PLACE).await.name;
    let own =
        prohibit(&ohjaamo, &former, ProhibitionTerms { recipients: vec![TE.into()], ..Default::default() });
    let own = own.await.unwrap().prohibition.unwrap();
    let sent = refer(&ohjaamo, &former, KELA, Purpose::Rehabilitation).await;
    let consents = async |client: &Client, youth: &str| {
        let request = ListConsentsRequest { parent: youth.to_owned(), ..ListConsentsRequest::default() };
        let listed = client.clone().consent.list_consents(request).await;
        listed.map(|list| list.into_inner().consents.into_iter().map(|one| one.name).collect::<Vec<_>>())
    };
    assert_eq!(consents(&stage.subject(&present), &present).await.unwrap(), std::slice::from_ref(&late));
    let foreign = consents(&stage.subject(&present), &former).await;
    assert_refused(foreign, Code::NotFound, "NOT_FOUND");

    link(&ohjaamo, &former, CODE).await.unwrap();
    for me in [&present, &former] {
        let subject = stage.subject(me);
        for youth in [&present, &former] {
            assert_eq!(consents(&subject, youth).await.unwrap(), [early.clone(), late.clone()]);
            let request = ListReferralsRequest { parent: youth.clone(), ..ListReferralsRequest::default() };
            let listed = subject.clone().referral.list_referrals(request).await.unwrap().into_inner();
            assert_eq!(listed.referrals.iter().map(|one| &one.name).collect::<Vec<_>>(), [&sent]);
            let all = journey(&subject, youth, Purpose::Unspecified).await.unwrap();
            let counts = (all.entries.len(), all.referrals.len(), all.consents.len());
            assert_eq!((counts, all.prohibitions.len(), all.legal_statuses.len()), ((2, 1, 2), 1, 1));
        }
        assert_eq!(get(&subject, &sent).await.unwrap().name, sent);
    }
    // Agencies see no more than they did.
    assert_eq!(journey(&ohjaamo, &former, Purpose::Unspecified).await.unwrap().consents.len(), 1);
    assert_eq!(journey(&ohjaamo, &present, Purpose::Unspecified).await.unwrap().referrals.len(), 1);
    assert_eq!(journey(&stage.te(), &present, Purpose::Unspecified).await.unwrap().prohibitions.len(), 0);

    let subject = stage.subject(&present);
    let (name, etag) = (own.name, own.etag);
    let lift = LiftProhibitionRequest { request_id: request_id(), name, etag };
    subject.clone().consent.lift_prohibition(lift).await.unwrap();
    let withdraw = |name: &str| WithdrawConsentRequest {
        request_id: request_id(),
        name: name.to_owned(),
        ..WithdrawConsentRequest::default()
    };
    let ended = subject.clone().consent.withdraw_consent(withdraw(&early)).await.unwrap().into_inner();
    assert_eq!(ended.consent.unwrap().name, early);
    assert!(!tells(&ohjaamo, &former, OHJAAMO).await.contains(&DataCategory::IdentityContact));
    unlink(&ohjaamo, &former).await;
    let foreign = subject.clone().consent.withdraw_consent(withdraw(&early)).await;
    assert_refused(foreign, Code::NotFound, "NOT_FOUND");
    assert_eq!(consents(&subject, &present).await.unwrap(), [late]);
    stage.close().await;
}

/// A referral that was sent by the former id is of the same young person: who handed them over says so by either.
#[tokio::test(flavor = "multi_thread")]
async fn a_handover_by_a_former_referral_is_written_down() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let (present, former) = two_ids(&stage).await;
    agree(&ohjaamo, &former, OHJAAMO, &BASIC).await;
    let referral = refer(&ohjaamo, &former, KELA, Purpose::Rehabilitation).await;
    let met =
        Matter::Handover(EscortedHandover { referral, young_person: true, sender: true, recipient: true });
    add(&stage.subject(&present), &present, met.clone()).await.unwrap_err();
    link(&ohjaamo, &former, CODE).await.unwrap();
    add(&ohjaamo, &present, met.clone()).await.unwrap();
    add(&stage.subject(&present), &present, met).await.unwrap();
    stage.close().await;
}

/// Who may ask about a person is told to ask again when that person turns out to be somebody else, too.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_link_is_told_to_those_who_watch_consents() {
    let stage = Stage::open().await;
    let ohjaamo = stage.ohjaamo();
    let (present, former) = two_ids(&stage).await;
    agree(&ohjaamo, &former, OHJAAMO, &PLACE).await;
    protect(&stage.te(), &present).await;
    let request = WatchConsentsRequest::default();
    let mut notices = ohjaamo.clone().consent.watch_consents(request).await.unwrap().into_inner();
    let mut told = async |client: &Client| {
        let notice = tokio::time::timeout(PATIENCE, notices.message()).await.expect("no notice");
        assert_eq!(notice.unwrap().unwrap().youth, former);
        tells(client, &former, OHJAAMO).await
    };
    link(&ohjaamo, &former, CODE).await.unwrap();
    assert_eq!(told(&ohjaamo).await, [DataCategory::IdentityContact]);
    unlink(&ohjaamo, &former).await;
    assert_eq!(told(&ohjaamo).await, PLACE);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_openings_at_once_under_two_ids_one_is_written_down() {
    let stage = Stage::open().await;
    let kela = stage.kela();
    let (present, former) = two_ids(&stage).await;
    link(&stage.ohjaamo(), &former, CODE).await.unwrap();
    for round in 0..10 {
        let open = |youth| add(&kela, youth, opening(JourneySource::Kela));
        let (one, other) = tokio::join!(open(&present), open(&former));
        assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|ok| **ok).count(), 1, "round {round}");
        add(&kela, &present, encounter()).await.unwrap();
        let leaves = Matter::Leaving(JourneyLeaving::default());
        add(&kela, &present, leaves).await.unwrap();
    }
    stage.close().await;
}
