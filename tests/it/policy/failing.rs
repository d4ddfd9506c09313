//! Rules that fail while they decide: is nothing told, is nothing half done, and does it go on when they are mended?

use std::path::Path;
use std::time::Duration;

use polku_gateway::audit::{AuditLog, Event, Leaf, Verdict};
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{
    AcceptReferralRequest, Actor, BatchVerifyConsentsRequest, CancelReferralRequest, ConsentState,
    DataCategory, DeliveryState, ExplainDisclosureRequest, GetConsentRequest, GetJourneyRequest,
    GetReferralRequest, ListReferralsRequest, ProhibitionTerms, Purpose, ReferralContent, ReferralState,
    SendReferralRequest, SendReferralResponse, VerifyConsentRequest, decision, verify_consent_result,
};
use polku_proto::{CategorySet, YouthName};
use polku_tests::simulators::te::{Update, UpdateReply};
use polku_tests::simulators::walmu::event::{Event as Told, EventReply};
use polku_tests::simulators::{Action, Fault};
use polku_tests::world::{
    Client, OHJAAMO, PAJA, PEOPLE, TE, canaries, eventually, full_content, professional, referral_to,
    request_id,
};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

use super::reload::{Scene, add, ask, restore};
use crate::consent::changes::prohibit;
use crate::plan::table;
use crate::stage::{PATIENCE, assert_refused, get, id_of, representing, subject, withdrawal};

/// Born on 1 May 2016.
const MINOR: &str = PEOPLE[10];

/// What the consents of these tests cover.
const TOLD: [DataCategory; 5] = [
    DataCategory::IdentityContact,
    DataCategory::ServiceNeeds,
    DataCategory::Housing,
    DataCategory::JointPlan,
    DataCategory::ReferralStatus,
];

/// The sum has no room as soon as somebody of known age has given a consent: neither the schema nor the questions that are
/// asked before rules come into force show it, nor do the cases, which are about nobody's age.
const SLIP: &str = "@id(\"slip\") @statute(\"x\") @basis(\"prohibited\") forbid (principal, action, resource)\n\
    when { context.consent.own && context.age + 9223372036854775807 < 0 };\n";

/// The same for whoever acts in person: what systems are told is decided all the same.
const SLIP_OF_PERSONS: &str = "@id(\"slip\") @statute(\"x\") @basis(\"prohibited\") forbid (principal, action, resource)\n\
    when { context.actor != Actor::\"system\" && context.age + 9223372036854775807 < 0 };\n";

/// What is said of them.
const SAID: &str = "the rules cannot be evaluated";

impl Scene {
    /// Where the young person consents to referrals and a plan, too.
    async fn consenting() -> Scene {
        let mut scene = Scene::open().await;
        for purpose in [Purpose::EmploymentServices, table::PURPOSE] {
            scene.ohjaamo.record_consent(&scene.youth, OHJAAMO, TE, purpose, &TOLD).await.unwrap();
        }
        scene
    }

    /// The young person's side, at the front.
    fn side(&self, who: &Actor) -> Client {
        self.world.client(self.process.bound.grpc, &self.world.identities.oma).unwrap().acting(who)
    }

    fn te(&self) -> Client {
        let client = self.world.client(self.process.bound.grpc, &self.world.identities.te).unwrap();
        client.acting(&professional("virkailija-7", "nuorten-palvelut", "official"))
    }

    async fn fail(&self) {
        self.fail_by(SLIP).await;
    }

    async fn fail_by(&self, slip: &str) {
        add(&self.rules(), slip);
        let said = self.reload().await;
        assert!(said.contains("policy rules loaded"), "a test of nothing: {said}");
    }

    async fn mend(&self) {
        restore(&self.rules());
        assert!(self.reload().await.contains("policy rules loaded"));
    }

    /// How often the log says that the rules fail.
    fn alarms(&self) -> usize {
        let log = self.log();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(SAID)).collect();
        assert!(lines.iter().all(|line| line.contains("\"ERROR\"") && line.contains("POLICY_UNAVAILABLE")));
        lines.len()
    }

    async fn delivery_state(&self, name: &str) -> DeliveryState {
        let request = GetReferralRequest { name: name.to_owned() };
        let referral = self.ohjaamo.clone().referral.get_referral(request).await.unwrap().into_inner();
        referral.delivery_state()
    }

    async fn until(&self, name: &str, state: DeliveryState) {
        let reached = async || (self.delivery_state(name).await == state).then_some(());
        eventually(PATIENCE, reached).await.unwrap_or_else(|| panic!("never {state:?}"));
    }

    async fn referrals(&self) -> usize {
        let request = ListReferralsRequest { parent: self.youth.clone(), ..ListReferralsRequest::default() };
        let listed = self.ohjaamo.clone().referral.list_referrals(request).await.unwrap().into_inner();
        listed.referrals.len()
    }
}

fn question(youth: &str) -> VerifyConsentRequest {
    VerifyConsentRequest {
        youth: youth.to_owned(),
        discloser: OHJAAMO.into(),
        recipient: TE.into(),
        purpose: Purpose::EmploymentServices as i32,
        categories: vec![DataCategory::Housing as i32, DataCategory::ServiceNeeds as i32],
        ..VerifyConsentRequest::default()
    }
}

fn referral(youth: &str) -> SendReferralRequest {
    let full = full_content();
    let content = ReferralContent {
        given_names: full.given_names,
        family_name: full.family_name,
        service_needs: full.service_needs,
        housing: full.housing,
        ..ReferralContent::default()
    };
    referral_to(TE, youth, Purpose::EmploymentServices, content)
}

async fn send(
    client: &Client,
    request: &SendReferralRequest,
) -> Result<Response<SendReferralResponse>, Status> {
    client.clone().referral.send_referral(request.clone()).await
}

/// Refused for now: the same call later is worth while, and it is said when.
#[track_caller]
fn assert_unavailable<T>(result: Result<T, Status>) {
    let status = assert_refused(result, Code::Unavailable, "POLICY_UNAVAILABLE");
    let retry = status.get_details_error_info().unwrap().metadata.get("retry").cloned();
    assert_eq!(retry.as_deref(), Some("same call later"), "{status:?}");
    let pause = status.get_details_retry_info().unwrap().retry_delay;
    assert!(pause.is_some_and(|pause| pause > Duration::ZERO), "{status:?}");
}

/// The leaves of these kinds, in order.
fn leaves(data: &Path, events: &[Event]) -> Vec<Leaf> {
    let (log, _) = AuditLog::open(&data.join("audit.log")).unwrap();
    let mut found = Vec::new();
    log.read(0, |_, leaf| found.extend(events.contains(&leaf.event).then_some(leaf))).unwrap();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_that_needs_an_answer_is_refused_for_now_and_leaves_its_leaf() {
    let scene = Scene::consenting().await;
    let other = scene.ohjaamo.clone().identify(PEOPLE[1]).await.unwrap();
    let request = referral(&scene.youth);
    scene.fail().await;
    let before = scene.referrals().await;
    assert_eq!(scene.alarms(), 0, "nothing needed an answer so far");

    assert_unavailable(ask(&scene.ohjaamo, &scene.youth).await);
    assert_eq!(scene.alarms(), 1, "said once");
    let explain =
        ExplainDisclosureRequest { question: Some(question(&scene.youth)), language: String::new() };
    let young_person = scene.side(&subject(&scene.youth));
    assert_unavailable(young_person.clone().consent.explain_disclosure(explain).await);
    assert_unavailable(send(&scene.ohjaamo, &request).await);
    let trial = SendReferralRequest { validate_only: true, ..request.clone() };
    assert_unavailable(send(&scene.ohjaamo, &trial).await);
    assert_eq!(scene.alarms(), 4);
    // Of a batch, only whom it concerns.
    let requests = vec![question(&scene.youth), question(&other), question(&scene.youth)];
    let request_of_batch = BatchVerifyConsentsRequest { requests };
    let answer = scene.ohjaamo.clone().consent.batch_verify_consents(request_of_batch).await.unwrap();
    let results: Vec<_> = answer.into_inner().results.into_iter().map(|one| one.result.unwrap()).collect();
    let [first, second, third] = &results[..] else { panic!("three answers") };
    for failed in [first, third] {
        let verify_consent_result::Result::Error(error) = failed else { panic!("answered") };
        assert_eq!((error.reason.as_str(), error.field.as_str()), ("POLICY_UNAVAILABLE", ""));
    }
    let verify_consent_result::Result::Decision(decision) = second else { panic!("refused") };
    assert_eq!(decision.verdict(), decision::Verdict::NotPermitted);
    assert_eq!(scene.alarms(), 5, "once for the batch");

    // Nothing has come of any of it, and who is not concerned is answered.
    assert_eq!(scene.referrals().await, before);
    assert_eq!(ask(&scene.ohjaamo, &other).await.unwrap().verdict(), decision::Verdict::NotPermitted);
    scene.mend().await;
    assert_eq!(scene.permitted().await, [DataCategory::ServiceNeeds, DataCategory::Housing]);
    // The call that was refused is the first one still: repeated, it is carried out.
    let sent = send(&scene.ohjaamo, &request).await.unwrap().into_inner().referral.unwrap().name;
    scene.until(&sent, DeliveryState::Delivered).await;
    assert_eq!((scene.referrals().await, scene.world.te.ledger().referrals().len()), (before + 1, 1));

    let log = scene.log().to_lowercase();
    let id = scene.youth.parse::<YouthName>().unwrap().youth.to_string();
    for secret in canaries().map(str::to_lowercase).chain([id]) {
        let alarming = log.lines().filter(|line| line.contains(SAID));
        assert!(!alarming.clone().any(|line| line.contains(&secret)), "something personal is in the log");
    }
    let Scene { process, folder, .. } = scene;
    assert!(process.stop().await.unwrap().success());
    let asked = CategorySet::of(&[DataCategory::ServiceNeeds, DataCategory::Housing]);
    let found = leaves(&folder.path().join("data"), &[Event::VerifyConsent, Event::Refusal]);
    let told: Vec<_> = found
        .iter()
        .map(|leaf| (leaf.event, leaf.verdict, leaf.categories, leaf.withheld & asked.bits()))
        .collect();
    let refused = |event| (event, Verdict::NotPermitted, 0, asked.bits());
    let expected = [
        // The question, the explanation, the referral, the trial, the batch, who is not concerned, and the question again.
        refused(Event::Refusal),
        refused(Event::Refusal),
        refused(Event::Refusal),
        refused(Event::VerifyConsent),
        (Event::VerifyConsent, Verdict::None, 0, 0),
        refused(Event::VerifyConsent),
        (Event::VerifyConsent, Verdict::Permitted, asked.bits(), 0),
    ];
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_of_others_is_refused_for_now() {
    let scene = Scene::consenting().await;
    let te = scene.te();
    te.clone().identify(PEOPLE[0]).await.unwrap();
    let plan = table::create(&scene.ohjaamo, &scene.youth).await.unwrap().plan.unwrap().name;
    table::add(&scene.ohjaamo, &plan, TE).await.unwrap();
    table::edit(&scene.ohjaamo, &plan, OHJAAMO, |part| part.goals.push(table::goal("g1", "oma koti")))
        .await
        .unwrap();
    let journey = async || {
        let request = GetJourneyRequest {
            youth: scene.youth.clone(),
            purpose: table::PURPOSE as i32,
            ..GetJourneyRequest::default()
        };
        te.clone().journey.get_journey(request).await
    };
    assert_eq!(table::section(&table::read(&te, &plan).await.unwrap(), OHJAAMO).goals.len(), 1);
    journey().await.unwrap();
    scene.fail().await;
    assert_unavailable(table::read(&te, &plan).await);
    assert_unavailable(journey().await);
    scene.mend().await;
    assert_eq!(table::section(&table::read(&te, &plan).await.unwrap(), OHJAAMO).goals.len(), 1);
    journey().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_tried_again_and_goes_out_when_they_are_mended() {
    let scene = Scene::consenting().await;
    scene.world.te.faults().set(Fault::Dead);
    let request = referral(&scene.youth);
    let sent = send(&scene.ohjaamo, &request).await.unwrap().into_inner().referral.unwrap().name;
    scene.until(&sent, DeliveryState::Retrying).await;
    scene.fail().await;
    scene.world.te.faults().clear().unwrap();
    // It is looked at again, by rules that fail, and again.
    let (seen, looked) = (scene.alarms(), 3);
    let again = async || (scene.alarms() >= seen + looked).then_some(());
    eventually(PATIENCE, again).await.expect("it is not tried again");
    assert_eq!(scene.delivery_state(&sent).await, DeliveryState::Retrying);
    assert!(scene.world.te.ledger().referrals().is_empty(), "told by rules that fail");
    scene.mend().await;
    scene.until(&sent, DeliveryState::Delivered).await;
    assert_eq!(scene.world.te.ledger().referrals().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_step_of_a_referral_is_taken_by_whatever_way_it_comes_in() {
    let mut scene = Scene::consenting().await;
    scene.world.connect_agencies(scene.process.bound);
    let workshop = Purpose::WorkshopCoaching;
    scene.ohjaamo.record_consent(&scene.youth, OHJAAMO, PAJA, workshop, &TOLD).await.unwrap();
    let to_te = referral(&scene.youth);
    let to_paja = SendReferralRequest {
        request_id: request_id(),
        recipient: PAJA.into(),
        purpose: workshop as i32,
        ..to_te.clone()
    };
    let mut names = Vec::new();
    for request in [&to_te, &to_te, &to_paja] {
        let request = SendReferralRequest { request_id: request_id(), ..request.clone() };
        let name = send(&scene.ohjaamo, &request).await.unwrap().into_inner().referral.unwrap().name;
        scene.until(&name, DeliveryState::Delivered).await;
        names.push(name);
    }
    let [by_call, by_soap, by_rest] = &names[..] else { panic!("three referrals") };
    scene.fail_by(SLIP_OF_PERSONS).await;
    assert_eq!(scene.alarms(), 0);
    // The recipient over gRPC, and the sender.
    let accept = AcceptReferralRequest {
        request_id: request_id(),
        name: by_call.clone(),
        ..AcceptReferralRequest::default()
    };
    assert_unavailable(scene.te().referral.accept_referral(accept.clone()).await);
    let cancel = CancelReferralRequest {
        request_id: request_id(),
        name: by_call.clone(),
        ..CancelReferralRequest::default()
    };
    assert_unavailable(scene.ohjaamo.clone().referral.cancel_referral(cancel).await);
    // The recipients' own systems: they are to come back with the same message.
    let update = Update::new(id_of(by_soap), Action::Accept);
    let reply = scene.world.te.send_update(&update).await.unwrap();
    assert!(matches!(reply, UpdateReply::TechnicalFault { .. }), "{reply:?}");
    let told = Told::new(id_of(by_rest), Action::Accept);
    let reply = scene.world.walmu.send_event(&told).await.unwrap();
    let unavailable = http::StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(reply, EventReply::Refused { status: unavailable, code: "POLICY_UNAVAILABLE".into() });
    assert_eq!(scene.alarms(), 4, "once for each");
    scene.mend().await;
    for name in &names {
        let referral = get(&scene.ohjaamo, name).await.unwrap();
        assert_eq!(referral.state(), ReferralState::Requested, "a step was taken by rules that fail");
    }
    // The same messages are the first ones still.
    scene.te().referral.accept_referral(accept).await.unwrap();
    let reply = scene.world.te.send_update(&update).await.unwrap();
    assert!(matches!(reply, UpdateReply::Applied { .. }), "{reply:?}");
    let reply = scene.world.walmu.send_event(&told).await.unwrap();
    assert!(matches!(reply, EventReply::Applied { .. }), "{reply:?}");
    for name in &names {
        assert_eq!(get(&scene.ohjaamo, name).await.unwrap().state(), ReferralState::Accepted);
    }
}

/// Whether a guardian may act is for the rules to say, and nothing ends without that. The young person's own withdrawal
/// needs no rule: it counts at once, though the record cannot be shown yet; so does a prohibition.
#[tokio::test(flavor = "multi_thread")]
async fn a_guardians_withdrawal_waits_and_the_young_persons_own_counts_at_once() {
    let scene = Scene::open().await;
    let mut ohjaamo = scene.ohjaamo.clone();
    let minor = ohjaamo.identify(MINOR).await.unwrap();
    let purpose = Purpose::EmploymentServices;
    let guardians = ohjaamo.record_consent(&minor, OHJAAMO, TE, purpose, &TOLD).await.unwrap().name;
    let own = ohjaamo.record_consent(&scene.youth, OHJAAMO, TE, purpose, &TOLD).await.unwrap().name;
    let guardian = scene.side(&representing(&minor, Capacity::Guardian));
    let young_person = scene.side(&subject(&scene.youth));
    let state = async |name: &str| {
        let request = GetConsentRequest { name: name.to_owned() };
        scene.ohjaamo.clone().consent.get_consent(request).await.unwrap().into_inner().state()
    };
    scene.fail_by(SLIP_OF_PERSONS).await;
    let (by_guardian, by_young_person) = (withdrawal(&guardians), withdrawal(&own));
    assert_unavailable(guardian.clone().consent.withdraw_consent(by_guardian.clone()).await);
    let withdrawn = young_person.clone().consent.withdraw_consent(by_young_person.clone()).await;
    let withdrawn = withdrawn.unwrap().into_inner();
    assert!(withdrawn.consent.is_none() && withdrawn.receipt.is_some(), "{withdrawn:?}");
    let prohibited = prohibit(&young_person, &scene.youth, ProhibitionTerms::default()).await.unwrap();
    assert!(prohibited.prohibition.is_some(), "nothing of it is for a rule to hold back");
    assert_eq!(scene.alarms(), 2);
    scene.mend().await;
    assert!(scene.permitted().await.is_empty(), "nothing is open beside a prohibition of everything");
    assert_eq!((state(&guardians).await, state(&own).await), (ConsentState::Given, ConsentState::Withdrawn));
    let answer = guardian.clone().consent.withdraw_consent(by_guardian).await.unwrap().into_inner();
    assert_eq!(answer.consent.unwrap().state(), ConsentState::Revoked);
    let answer = young_person.clone().consent.withdraw_consent(by_young_person).await.unwrap().into_inner();
    assert_eq!((answer.revision, answer.receipt), (withdrawn.revision, withdrawn.receipt));
    assert_eq!(answer.consent.unwrap().events.len(), 2, "given, and withdrawn once");
}
