//! Does what holds of a young person hold under all their ids, and do they have one hold of all of it?

use jiff::SignedDuration;
use polku_proto::v1::capacity_assessment::Result as Capacity;
use polku_proto::v1::figure::Kind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::{
    AcceptReferralRequest, Consent, DataCategory, DeliveryState, EscortedHandover, GetFiguresRequest,
    GetNextStepRequest, JourneyLeaving, JourneySource, LiftProhibitionRequest, LinkIdentityRequest,
    ListConsentsRequest, ListPlansRequest, ListReferralsRequest, PlanPart, ProhibitionTerms, Purpose,
    ReferralState, RetentionAnswer, UnlinkIdentityRequest, VerifyConsentRequest, WatchConsentsRequest,
    WithdrawConsentRequest, get_figures_request, retention_answer,
};
use polku_tests::simulators::Fault;
use polku_tests::world::{
    Client, KELA, OHJAAMO, PEOPLE, TE, eventually, full_content, referral_to, request_id,
};
use tonic::Code;

use super::identity::{CODE, TEMPORARY, identify, link};
use super::{add, encounter, journey, opening};
use crate::consent::changes::prohibit;
use crate::plan::table;
use crate::stage::{BASIC, PATIENCE, Stage, assert_refused, assert_same_refusal, assess, get, protect};

const PLACE: [DataCategory; 2] = [DataCategory::IdentityContact, DataCategory::AddressContact];

/// Somebody with a temporary id who has come to the guidance point.
pub(super) async fn newcomer(stage: &Stage, temporary_id: &str) -> String {
    let youth = identify(&stage.ohjaamo(), "", temporary_id).await.unwrap();
    add(&stage.ohjaamo(), &youth, opening(JourneySource::Self_)).await.unwrap();
    youth
}

/// Somebody whom the employment services know by the code, and the guidance point by a temporary id.
async fn two_ids(stage: &Stage) -> (String, String) {
    let present = identify(&stage.te(), CODE, "").await.unwrap();
    add(&stage.te(), &present, opening(JourneySource::EmploymentServices)).await.unwrap();
    let former = newcomer(stage, TEMPORARY).await;
    assess(&stage.ohjaamo(), &former, Capacity::CapableAllows).await;
    (present, former)
}

pub(super) async fn unlink(client: &Client, youth: &str, identity_code: &str) {
    let (youth, identity_code) = (youth.to_owned(), identity_code.to_owned());
    let request =
        UnlinkIdentityRequest { request_id: request_id(), youth, identity_code, ..Default::default() };
    client.clone().journey.unlink_identity(request).await.unwrap();
}

async fn agree(client: &Client, youth: &str, from: &str, categories: &[DataCategory]) -> Consent {
    client.clone().record_consent(youth, from, KELA, Purpose::Rehabilitation, categories).await.unwrap()
}

async fn refer(client: &Client, youth: &str, to: &str, purpose: Purpose) -> String {
    let request = referral_to(to, youth, purpose, full_content());
    client.clone().referral.send_referral(request).await.unwrap().into_inner().referral.unwrap().name
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
        // Each knows them by both, and none that it is the same person.
        assert_eq!(identify(&sender, CODE, "").await.unwrap(), present);
        assert_eq!(identify(&stage.te(), "", TEMPORARY).await.unwrap(), former);
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
        unlink(&stage.ohjaamo(), &former, CODE).await;
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
        let request = ListPlansRequest { parent: youth.clone(), ..ListPlansRequest::default() };
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
    unlink(&ohjaamo, &former, CODE).await;
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

/// Nobody has a code, and one agency has to do with both: its word is enough, and nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn two_temporary_ids_become_one_by_who_has_to_do_with_both() {
    let stage = Stage::open().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let temporary = |number: u32| format!("1.2.246.10.2048198.22.2026.{number}");
    let first = newcomer(&stage, &temporary(1)).await;
    let second = newcomer(&stage, &temporary(2)).await;
    let theirs = identify(&kela, "", &temporary(3)).await.unwrap();
    add(&kela, &theirs, opening(JourneySource::Kela)).await.unwrap();
    let link_to = async |client: &Client, youth: &str, temporary_id: String| {
        let (request_id, youth) = (request_id(), youth.to_owned());
        let request = LinkIdentityRequest { request_id, youth, temporary_id, ..Default::default() };
        client.clone().journey.link_identity(request).await.map(|answer| answer.into_inner().youth)
    };
    // Somebody whom it does not know is as much nobody as one whom nobody knows.
    let stranger = link_to(&ohjaamo, &first, temporary(3)).await.unwrap_err();
    let nobody = link_to(&ohjaamo, &first, temporary(4)).await.unwrap_err();
    assert_same_refusal(&stranger, &nobody);
    assert_refused(Err::<(), _>(nobody), Code::NotFound, "NOT_FOUND");
    let of_others = link_to(&kela, &first, temporary(3)).await;
    assert_refused(of_others, Code::NotFound, "NOT_FOUND");
    let itself = link_to(&ohjaamo, &first, temporary(1)).await;
    assert_refused(itself, Code::FailedPrecondition, "RECORD_STATE");

    assert_eq!(link_to(&ohjaamo, &first, temporary(2)).await.unwrap(), second);
    let stage = stage.restart().await;
    let ohjaamo = stage.ohjaamo();
    for number in [1, 2] {
        assert_eq!(identify(&ohjaamo, "", &temporary(number)).await.unwrap(), second);
    }
    let entries =
        async |youth: &str| journey(&ohjaamo, youth, Purpose::Unspecified).await.unwrap().entries.len();
    assert_eq!(entries(&second).await, 2);
    // The code comes later, and all of them have it: also who is linked by a temporary id from then on.
    assert_eq!(link(&ohjaamo, &second, CODE).await.unwrap(), second);
    let third = newcomer(&stage, &temporary(5)).await;
    let backwards = link_to(&ohjaamo, &second, temporary(5)).await;
    assert_refused(backwards, Code::FailedPrecondition, "RECORD_STATE");
    assert_eq!(link_to(&ohjaamo, &third, temporary(1)).await.unwrap(), second);
    for youth in [&first, &third] {
        ohjaamo
            .clone()
            .record_consent(youth, OHJAAMO, TE, Purpose::EmploymentServices, &BASIC)
            .await
            .unwrap();
        refer(&ohjaamo, youth, TE, Purpose::EmploymentServices).await;
    }
    assert_eq!(entries(&second).await, 3);

    // It was a mistake.
    let unlink = |temporary_id| UnlinkIdentityRequest {
        request_id: request_id(),
        youth: second.clone(),
        temporary_id,
        ..Default::default()
    };
    let no_such = ohjaamo.clone().journey.unlink_identity(unlink(temporary(5))).await;
    assert_refused(no_such, Code::FailedPrecondition, "RECORD_STATE");
    ohjaamo.clone().journey.unlink_identity(unlink(temporary(1))).await.unwrap();
    assert_eq!(identify(&ohjaamo, "", &temporary(5)).await.unwrap(), third);
    assert_eq!((entries(&second).await, entries(&third).await), (2, 1));
    stage.close().await;
}

/// Figures are of persons, not of ids: an escort that is written down under the present id is one of the hand-over that was
/// made under the former one, and what the recipient says there of how it went on, too.
#[tokio::test(flavor = "multi_thread")]
async fn figures_of_a_handover_by_a_former_id_have_what_is_said_under_the_present_one() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, kela, te) = (stage.ohjaamo(), stage.kela(), stage.te());
    let mut answers = Vec::new();
    for (number, code) in PEOPLE[..5].iter().enumerate() {
        let present = identify(&te, code, "").await.unwrap();
        add(&te, &present, opening(JourneySource::EmploymentServices)).await.unwrap();
        assert_eq!(identify(&ohjaamo, code, "").await.unwrap(), present);
        let former = newcomer(&stage, &format!("1.2.246.10.2048198.22.2026.{}", 100 + number)).await;
        assess(&ohjaamo, &former, Capacity::CapableAllows).await;
        for youth in [&former, &present] {
            agree(&ohjaamo, youth, OHJAAMO, &BASIC).await;
            ohjaamo
                .clone()
                .record_consent(youth, KELA, OHJAAMO, Purpose::Rehabilitation, &BASIC)
                .await
                .unwrap();
        }
        let referral = refer(&ohjaamo, &former, KELA, Purpose::Rehabilitation).await;
        let name = referral.clone();
        let accept = AcceptReferralRequest { request_id: request_id(), name, ..Default::default() };
        kela.clone().referral.accept_referral(accept).await.unwrap();
        link(&ohjaamo, &former, code).await.unwrap();
        let all = EscortedHandover {
            referral: referral.clone(),
            young_person: true,
            sender: true,
            recipient: true,
        };
        add(&ohjaamo, &present, Matter::Handover(all.clone())).await.unwrap();
        add(&stage.subject(&present), &present, Matter::Handover(all)).await.unwrap();
        answers.push((present, referral));
    }
    // The day on which it is asked lies in the second third.
    stage.advance(SignedDuration::from_hours(24 * 92));
    for (present, referral) in answers {
        add(&kela, &present, opening(JourneySource::Other)).await.unwrap();
        let result = retention_answer::Result::Attached.into();
        add(&kela, &present, Matter::Retention(RetentionAnswer { referral, result })).await.unwrap();
    }
    stage.advance(SignedDuration::from_hours(24 * 110));
    let request = GetFiguresRequest {
        year: 2026,
        period: get_figures_request::Period::JanuaryToAugust.into(),
        ..GetFiguresRequest::default()
    };
    let told = ohjaamo.clone().journey.get_figures(request).await.unwrap().into_inner().figures;
    let value = |kind, result: retention_answer::Result| {
        let found = told.iter().find(|figure| figure.kind() == kind && figure.retention() == result);
        found.unwrap_or_else(|| panic!("no {kind:?}")).value
    };
    let whole = retention_answer::Result::Unspecified;
    for kind in [Kind::Handovers, Kind::EscortedHandovers, Kind::Retentions] {
        assert_eq!(value(kind, whole), Some(5), "{kind:?}");
    }
    assert_eq!(value(Kind::Retentions, retention_answer::Result::Attached), Some(5));
    assert_eq!(value(Kind::RetentionRate, whole), Some(10_000));
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
    unlink(&ohjaamo, &former, CODE).await;
    assert_eq!(told(&ohjaamo).await, PLACE);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_openings_at_once_under_two_ids_one_is_written_down() {
    let stage = Stage::open().await;
    let kela = stage.kela();
    let (present, former) = two_ids(&stage).await;
    for (id, identity) in [(&present, (CODE, "")), (&former, ("", TEMPORARY))] {
        assert_eq!(identify(&kela, identity.0, identity.1).await.unwrap(), *id);
    }
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
