//! Does every message whose fate is unknown end as the kind of agency lets it: found out, sent again, or left to a person?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use polku_adapters::{Matter, Redelivery};
use polku_gateway::store::DeliveryItem;
use polku_proto::v1::{
    CancelReferralRequest, DataCategory, DeliveryState, ProvideInformationRequest, ReferralContent,
    ReferralState, RequestInformationRequest,
};
use polku_tests::simulators::{Action, Fault, Ledger, Operation, SimulatedAgency, TakenInKind};
use polku_tests::world::{
    OHJAAMO, PEOPLE, RunningAgency, WorldSettings, full_content, nobody, referral_to, request_id,
};

use super::bench::PURPOSE;
use super::peers::{BASIC, Peer, at_once, consenting, official, open_every_repetition, refer};
use crate::delivery::scene::{Scene, send};
use crate::plan::table;
use crate::stage::id_of;

async fn fare(scene: Arc<Scene>, peer: Peer) {
    let to = peer.id.as_str();
    let youth = consenting(&scene, PEOPLE[4], to, &BASIC).await;
    let unheard = |effects| match peer.redelivery {
        Redelivery::Deduplicates | Redelivery::AnswersStatus => (DeliveryState::Delivered, 1),
        Redelivery::Neither => (DeliveryState::InDoubt, effects),
    };
    let later = Fault::Status { code: 503, retry_after: Some(0) };
    let cases = [
        (Fault::ResetBeforeEffect, unheard(0)),
        (Fault::ResetAfterEffect, unheard(1)),
        (Fault::HalfClosed, unheard(1)),
        (Fault::HalfAnswer, unheard(1)),
        (Fault::Garbage, unheard(1)),
        (Fault::HugeAnswer(2 << 20), unheard(1)),
        (Fault::FailAfterEffect(502), unheard(1)),
        // Without a time to come back at, or a word of the agency's own, it is a proxy's that has lost the answer.
        (Fault::FailAfterEffect(503), unheard(1)),
        (later, (DeliveryState::Delivered, 1)),
        (Fault::BusinessFault("EI_PALVELUALUETTA".into()), (DeliveryState::Rejected, 0)),
    ];
    for (fault, (state, effects)) in cases {
        peer.agency(&scene).control().faults().once(fault.clone());
        let referral = refer(&scene, &youth, to).await;
        assert_eq!(referral.delivery_state(), state, "{to}: {fault:?}");
        let taken = peer.taken(&scene, TakenInKind::Referral, &referral.name);
        assert_eq!(taken, effects, "{to}: {fault:?}");
    }
    for gone in [Fault::Dead, Fault::WrongCertificate] {
        peer.agency(&scene).control().faults().set(gone.clone());
        let request = referral_to(to, &youth, PURPOSE, full_content());
        let waiting = send(&mut scene.ohjaamo.clone(), request).await.name;
        scene.until_delivery(&waiting, DeliveryState::Retrying).await;
        assert_eq!(peer.taken(&scene, TakenInKind::Referral, &waiting), 0, "{to}: {gone:?}");
        peer.agency(&scene).control().faults().clear().unwrap();
        scene.until_delivery(&waiting, DeliveryState::Delivered).await;
        assert_eq!(peer.taken(&scene, TakenInKind::Referral, &waiting), 1, "{to}: {gone:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_ends_as_the_kind_of_agency_lets_it() {
    let settings = WorldSettings { retry_seconds: vec![0], ..WorldSettings::default() };
    let (scene, peers) = open_every_repetition(settings).await;
    let (scene, _) = at_once(scene, peers, fare).await;
    scene.end().await.check_intents();
}

/// A delivery whose first attempt had no answer.
struct Lost {
    agency: String,
    ledger: Ledger,
    /// The referral or the plan that it is about.
    name: String,
    matter: Matter,
    redelivery: Redelivery,
}

/// Requests that have reached an agency, but for those for a token.
pub(super) fn requests(agency: &dyn SimulatedAgency) -> usize {
    let received = agency.control().ledger().received();
    received.iter().filter(|request| request.operation != Operation::Token).count()
}

/// The agency reads the next message and is gone without a word.
fn lose(agency: &dyn SimulatedAgency, fault: &Fault) -> usize {
    agency.control().faults().once(fault.clone());
    requests(agency)
}

/// Waits until the gateway knows what can be known.
async fn until_known(scene: &Scene, id: &str, redelivery: Redelivery, fault: &Fault, before: usize) {
    let agency = scene.world.agencies[id].simulator.as_ref();
    let arrived = *fault == Fault::ResetAfterEffect;
    let expected = match redelivery {
        // The first attempt, the question, and another attempt if it has not arrived.
        Redelivery::AnswersStatus => 3 - usize::from(arrived),
        Redelivery::Deduplicates => 2,
        Redelivery::Neither => 1,
    };
    scene.until("what can be known", |_| requests(agency) >= before + expected).await;
    scene.until_told(id).await;
    let last = requests(agency);
    // Somebody who recognises a message that is worded otherwise now may be asked about it.
    let asked = usize::from(redelivery == Redelivery::Deduplicates);
    assert!(last <= before + expected + asked, "{id}: {last} requests after {before}");
    assert_eq!(agency.control().faults().waiting(), 0, "{id}");
}

fn ledger_of((id, agency): (&String, &RunningAgency)) -> (String, Ledger) {
    (id.clone(), agency.simulator.control().ledger().clone())
}

/// Has every kind of delivery lost that the gateway makes to an agency, one after the other.
async fn lose_everything(scene: &Scene, peer: &Peer, fault: &Fault) -> Vec<Lost> {
    let mut ohjaamo = scene.ohjaamo.clone();
    let (to, redelivery) = (peer.id.as_str(), peer.redelivery);
    let mut lost = Vec::new();
    let ledgers: BTreeMap<_, _> = scene.world.agencies.iter().map(ledger_of).collect();
    let mut note = |agency: &str, name: &str, matter| {
        let ledger = ledgers[agency].clone();
        lost.push(Lost { agency: agency.to_owned(), ledger, name: name.to_owned(), matter, redelivery });
    };

    let youth = consenting(scene, PEOPLE[0], to, &BASIC).await;
    let before = lose(peer.agency(scene), fault);
    let name = refer(scene, &youth, to).await.name;
    until_known(scene, to, redelivery, fault, before).await;
    note(to, &name, Matter::Referral);

    let name = refer(scene, &youth, to).await.name;
    peer.steps(scene, &name, Action::AskForInformation, ReferralState::InfoRequested).await;
    let before = lose(peer.agency(scene), fault);
    let needs =
        ReferralContent { service_needs: vec!["kanaria-vastaus".into()], ..ReferralContent::default() };
    let answer = ProvideInformationRequest {
        request_id: request_id(),
        name: name.clone(),
        answer: Some(needs),
        ..ProvideInformationRequest::default()
    };
    ohjaamo.referral.provide_information(answer).await.unwrap();
    until_known(scene, to, redelivery, fault, before).await;
    note(to, &name, Matter::Information);

    let before = lose(peer.agency(scene), fault);
    let cancel = CancelReferralRequest {
        request_id: request_id(),
        name: name.clone(),
        ..CancelReferralRequest::default()
    };
    ohjaamo.referral.cancel_referral(cancel).await.unwrap();
    until_known(scene, to, redelivery, fault, before).await;
    note(to, &name, Matter::StateChange);

    let youth = ohjaamo.identify(PEOPLE[1]).await.unwrap();
    let consent = ohjaamo.record_consent(&youth, OHJAAMO, to, PURPOSE, &BASIC).await.unwrap();
    let name = refer(scene, &youth, to).await.name;
    let before = lose(peer.agency(scene), fault);
    scene.withdraw(&consent).await;
    until_known(scene, to, redelivery, fault, before).await;
    note(to, &name, Matter::ConsentWithdrawal);

    // The other end: the agency has sent the referral, and hears of it.
    let mut sender = peer.sender(scene);
    let youth = sender.identify(PEOPLE[2]).await.unwrap();
    sender.record_consent(&youth, to, OHJAAMO, PURPOSE, &BASIC).await.unwrap();
    let name = send(&mut sender, referral_to(OHJAAMO, &youth, PURPOSE, full_content())).await.name;
    peer.agency(scene).control().ledger().note_own_referral(id_of(&name));
    let before = lose(peer.agency(scene), fault);
    let question = RequestInformationRequest {
        request_id: request_id(),
        name: name.clone(),
        question: "kanaria-kysymys".into(),
        ..RequestInformationRequest::default()
    };
    ohjaamo.referral.request_information(question).await.unwrap();
    until_known(scene, to, redelivery, fault, before).await;
    note(to, &name, Matter::StateChange);

    // The young person's goal, in a plan to which the agency is a party.
    let place = scene.world.agencies.keys().position(|id| id == to).unwrap();
    let youth = ohjaamo.identify(&nobody(place)).await.unwrap();
    let plan = [DataCategory::IdentityContact, DataCategory::JointPlan];
    ohjaamo.record_consent(&youth, OHJAAMO, to, PURPOSE, &plan).await.unwrap();
    let plan = table::create_for(&ohjaamo, &youth, PURPOSE).await.unwrap().plan.unwrap().name;
    table::add(&ohjaamo, &plan, to).await.unwrap();
    let before = lose(peer.agency(scene), fault);
    table::edit(&ohjaamo, &plan, "youth", |part| part.goals.push(table::goal("g1", "kanaria-tavoite")))
        .await
        .unwrap();
    until_known(scene, to, redelivery, fault, before).await;
    note(to, &plan, Matter::PlanPart);

    if peer.kind.delivers.contains(&Matter::DisclosureNotice) {
        // What it tells is read here: its own register hears of that.
        let register = peer.register();
        let mut sender = official(scene, &register);
        let youth = sender.identify(PEOPLE[3]).await.unwrap();
        sender.record_consent(&youth, &register, OHJAAMO, PURPOSE, &BASIC).await.unwrap();
        let before = lose(scene.world.agencies[&register].simulator.as_ref(), fault);
        let name = send(&mut sender, referral_to(OHJAAMO, &youth, PURPOSE, full_content())).await.name;
        until_known(scene, &register, redelivery, fault, before).await;
        note(&register, &name, Matter::DisclosureNotice);
    }
    lost
}

/// Whether a delivery is one in this matter.
fn is_in(item: DeliveryItem, matter: Matter) -> bool {
    match item {
        DeliveryItem::Handover => matter == Matter::Referral,
        DeliveryItem::StateChange => matter == Matter::StateChange,
        DeliveryItem::Information(_) => matter == Matter::Information,
        DeliveryItem::ConsentWithdrawn => matter == Matter::ConsentWithdrawal,
        DeliveryItem::DisclosureNotice { .. } => matter == Matter::DisclosureNotice,
        DeliveryItem::PlanPart => matter == Matter::PlanPart,
        DeliveryItem::PlanEnded => false,
    }
}

async fn every_kind_of_delivery_is_found_out_or_left_to_a_person(fault: Fault) {
    let settings = WorldSettings { retry_seconds: vec![0], ..WorldSettings::default() };
    let (scene, peers) = open_every_repetition(settings).await;
    let losing = fault.clone();
    let (scene, lost) = at_once(scene, peers, move |scene, peer| {
        let fault = losing.clone();
        async move {
            let lost = lose_everything(&scene, &peer, &fault).await;
            let matters: BTreeSet<Matter> = lost.iter().map(|lost| lost.matter).collect();
            assert_eq!(matters, peer.kind.delivers.iter().copied().collect(), "{}", peer.id);
            lost
        }
    })
    .await;
    let remains = scene.end().await;
    for Lost { agency, ledger, name, matter, redelivery } in lost.iter().flatten() {
        let what = format!("{agency}, {}, {fault:?}", matter.name());
        let mut rows = match name.parse() {
            Ok(plan) => remains.deliveries_about_plan(plan, ledger).await,
            Err(_) => remains.deliveries(name).await,
        };
        rows.retain(|row| row.agency.as_str() == agency && is_in(row.item, *matter));
        let [row] = &rows[..] else { panic!("{what}: {} deliveries", rows.len()) };
        let expected = match redelivery {
            Redelivery::Deduplicates | Redelivery::AnswersStatus => (DeliveryState::Delivered, 1),
            Redelivery::Neither => (DeliveryState::InDoubt, u32::from(fault == Fault::ResetAfterEffect)),
        };
        assert_eq!((row.state, ledger.effects(&row.message.to_string())), expected, "{what}");
    }
    remains.check_intents();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_delivery_that_arrived_unheard_ends_once() {
    every_kind_of_delivery_is_found_out_or_left_to_a_person(Fault::ResetAfterEffect).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_delivery_that_was_lost_ends_once() {
    every_kind_of_delivery_is_found_out_or_left_to_a_person(Fault::ResetBeforeEffect).await;
}
