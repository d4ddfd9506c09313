//! Rules that fail while they decide: is nothing told, is nothing half done, and does it go on when they are mended?

use std::path::Path;
use std::time::Duration;

use polku_gateway::audit::{AuditLog, Event, Leaf, Verdict};
use polku_proto::v1::{
    BatchVerifyConsentsRequest, DataCategory, DeliveryState, GetJourneyRequest, GetReferralRequest,
    ListReferralsRequest, Purpose, ReferralContent, SendReferralRequest, SendReferralResponse,
    VerifyConsentRequest, decision, verify_consent_result,
};
use polku_proto::{CategorySet, YouthName};
use polku_tests::simulators::Fault;
use polku_tests::world::{
    Client, OHJAAMO, PEOPLE, TE, canaries, eventually, full_content, professional, referral_to,
};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

use super::reload::{Scene, add, ask, restore};
use crate::plan::table;
use crate::stage::{PATIENCE, assert_refused};

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

    fn te(&self) -> Client {
        let client = self.world.client(self.process.bound.grpc, &self.world.identities.te).unwrap();
        client.acting(&professional("virkailija-7", "nuorten-palvelut", "official"))
    }

    async fn fail(&self) {
        add(&self.rules(), SLIP);
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
    assert_unavailable(send(&scene.ohjaamo, &request).await);
    let trial = SendReferralRequest { validate_only: true, ..request.clone() };
    assert_unavailable(send(&scene.ohjaamo, &trial).await);
    assert_eq!(scene.alarms(), 3);
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
    assert_eq!(scene.alarms(), 4, "once for the batch");

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
        // The question, the referral, the trial, the batch, who is not concerned, and the question again.
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
