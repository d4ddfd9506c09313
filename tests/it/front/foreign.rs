//! Is what is none of the caller's concern for the caller as if it were not there, whichever method names it?

use polku_proto::CallerRoles;
use polku_proto::v1::representative_actor::Capacity;
use polku_proto::v1::{
    Actor, CallerRole, DataCategory, JourneySource, ListConsentsRequest, ProhibitionTerms, Purpose,
    RecordProhibitionRequest,
};
use polku_tests::pki::Identity;
use polku_tests::world::{OHJAAMO, PEOPLE, TE, evidence, professional, request_id, terms};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::roles::methods;
use crate::plan::table::{SHARED, add as add_party, agree, create, goal, merge, read, section, tasks};
use crate::stage::{
    BASIC, Stage, actor_bytes, assert_same_refusal, call_path, protect, purpose_of, representing, subject,
};
use crate::window::{add, opening};

/// How each method that names something is called. All of the call is right, but for what it names.
const CALLS: &str = r#"
ConsentService/RequestConsent {"requestId":"<ID>","youth":"<YOUTH>","terms":<TERMS>}
ConsentService/RecordConsent {"requestId":"<ID>","youth":"<YOUTH>","terms":<TERMS>,"evidence":<EVIDENCE>}
ConsentService/RenewConsent {"requestId":"<ID>","name":"<CONSENT>","etag":"1","evidence":<EVIDENCE>}
ConsentService/RefuseConsent {"requestId":"<ID>","name":"<CONSENT>","etag":"1"}
ConsentService/WithdrawConsent {"requestId":"<ID>","name":"<CONSENT>"}
ConsentService/RevokeConsent {"requestId":"<ID>","name":"<CONSENT>","etag":"1","reason":"syy"}
ConsentService/InvalidateConsent {"requestId":"<ID>","name":"<CONSENT>","etag":"1","reason":"syy"}
ConsentService/RecordProhibition {"requestId":"<ID>","youth":"<YOUTH>","terms":{"categories":["DATA_CATEGORY_HOUSING"]}}
ConsentService/LiftProhibition {"requestId":"<ID>","name":"<PROHIBITION>","etag":"1"}
ConsentService/GetConsent {"name":"<CONSENT>"}
ConsentService/ListConsents {"parent":"<YOUTH>"}
ConsentService/GetConsentReceipt {"name":"<CONSENT>"}
ConsentService/ExportConsent {"name":"<CONSENT>","form":"FORM_FHIR_R4_CONSENT"}
ConsentService/ImportConsent {"requestId":"<ID>","youth":"<YOUTH>","content":"{}","reading":"READING_R4_LITERAL","evidence":<EVIDENCE>}
LegalStatusService/RecordLegalStatus {"requestId":"<ID>","youth":"<YOUTH>","terms":{"addressProtection":{}}}
LegalStatusService/EndLegalStatus {"requestId":"<ID>","name":"<STATUS>","etag":"1"}
LegalStatusService/ListLegalStatuses {"parent":"<YOUTH>"}
JourneyService/GetJourney {"youth":"<YOUTH>","purpose":"PURPOSE_GUIDANCE"}
JourneyService/ListDisclosures {"parent":"<YOUTH>"}
JourneyService/AddJourneyEntry {"requestId":"<ID>","parent":"<YOUTH>","entry":{"leaving":{"reason":"REASON_OWN_WISH"}}}
JourneyService/GetNextStep {"youth":"<YOUTH>","purpose":"PURPOSE_GUIDANCE"}
JourneyService/LinkIdentity {"requestId":"<ID>","youth":"<YOUTH>","identityCode":"<CODE>"}
JourneyService/UnlinkIdentity {"requestId":"<ID>","youth":"<YOUTH>","identityCode":"<CODE>"}
ReferralService/GetReferral {"name":"<REFERRAL>"}
ReferralService/ListReferrals {"parent":"<YOUTH>"}
ReferralService/AcceptReferral {"requestId":"<ID>","name":"<REFERRAL>"}
ReferralService/RejectReferral {"requestId":"<ID>","name":"<REFERRAL>","reason":"REJECTION_REASON_OTHER","note":"syy"}
ReferralService/RequestInformation {"requestId":"<ID>","name":"<REFERRAL>","question":"Mikä?"}
ReferralService/ProvideInformation {"requestId":"<ID>","name":"<REFERRAL>","answer":{"reason":"syy"}}
ReferralService/StartReferral {"requestId":"<ID>","name":"<REFERRAL>"}
ReferralService/HoldReferral {"requestId":"<ID>","name":"<REFERRAL>","note":"syy"}
ReferralService/CompleteReferral {"requestId":"<ID>","name":"<REFERRAL>","outcome":"OUTCOME_UNKNOWN"}
ReferralService/FailReferral {"requestId":"<ID>","name":"<REFERRAL>","outcome":"OUTCOME_UNKNOWN","note":"syy"}
ReferralService/CancelReferral {"requestId":"<ID>","name":"<REFERRAL>"}
ReferralService/ConfirmCancellation {"requestId":"<ID>","name":"<REFERRAL>"}
ReferralService/MarkReferralEnteredInError {"requestId":"<ID>","name":"<REFERRAL>"}
ReferralService/RerouteReferral {"requestId":"<ID>","name":"<REFERRAL>","recipient":"te","purpose":"PURPOSE_EMPLOYMENT_SERVICES"}
PlanService/CreatePlan {"requestId":"<ID>","youth":"<YOUTH>","purpose":"PURPOSE_GUIDANCE","responsibleWorker":{"id":"ohjaaja-1"}}
PlanService/GetPlan {"name":"<PLAN>"}
PlanService/ListPlans {"parent":"<YOUTH>"}
PlanService/AddPlanParty {"requestId":"<ID>","name":"<PLAN>","party":"te","etag":"1"}
PlanService/RemovePlanParty {"requestId":"<ID>","name":"<PLAN>","agency":"te","etag":"1"}
PlanService/TransferPlan {"requestId":"<ID>","name":"<PLAN>","agency":"te","responsibleWorker":{"id":"ohjaaja-1"},"etag":"1"}
PlanService/MergePlan {"requestId":"<ID>","name":"<PLAN>","etag":"1","sections":[{"owner":"te","state":"PLAN_STATE_DRAFT"}]}
PlanService/ImportPlan {"requestId":"<ID>","name":"<PLAN>"}
PlanService/AcceptPlan {"requestId":"<ID>","name":"<PLAN>","etag":"1"}
PlanService/AcknowledgePlan {"requestId":"<ID>","name":"<PLAN>","etag":"1"}
PlanService/HoldPlan {"requestId":"<ID>","name":"<PLAN>","etag":"1"}
PlanService/ResumePlan {"requestId":"<ID>","name":"<PLAN>","etag":"1"}
PlanService/CompletePlan {"requestId":"<ID>","name":"<PLAN>","etag":"1"}
PlanService/RevokePlan {"requestId":"<ID>","name":"<PLAN>","etag":"1"}
PlanService/MarkPlanEnteredInError {"requestId":"<ID>","name":"<PLAN>","etag":"1"}
PlanService/FlagPlanStep {"requestId":"<ID>","name":"<PLAN>","etag":"1"}
PlanService/CommentPlanItem {"requestId":"<ID>","name":"<PLAN>","item":{"owner":"youth","kind":"KIND_GOAL","id":"g1"},"text":"sana"}
PlanService/LinkPlanItems {"requestId":"<ID>","name":"<PLAN>","link":{"kind":"KIND_SERVES","first":{"owner":"youth","kind":"KIND_GOAL","id":"g1"},"second":{"owner":"youth","kind":"KIND_GOAL","id":"g2"}}}
PlanService/UnlinkPlanItems {"requestId":"<ID>","name":"<PLAN>","link":{"kind":"KIND_SERVES","first":{"owner":"youth","kind":"KIND_GOAL","id":"g1"},"second":{"owner":"youth","kind":"KIND_GOAL","id":"g2"}}}
PlanService/RecordMeeting {"requestId":"<ID>","name":"<PLAN>","meeting":"m1","kind":"KIND_OTHER","etag":"1"}
PlanService/RecordMeasure {"requestId":"<ID>","name":"<PLAN>","star":{"id":"s1","category":"DATA_CATEGORY_OUTCOME_MEASURES","date":"2026-01-05","filledBy":1,"star":"tahti","version":1,"scores":[{"area":"koti","score":5}]}}
PlanService/ListPlanRevisions {"parent":"<PLAN>"}
PlanService/WatchPlans {"name":"<PLAN>","resumeToken":"ei mikään"}
TaskService/ListTasks {"parent":"<YOUTH>"}
TaskService/ResolveTask {"requestId":"<ID>","name":"<TASK>","followUp":{}}
"#;

/// Methods that name nothing of anybody, and those whose answer is a decision: that one is the same about a stranger and about
/// nobody is shown in `law` and `consent`.
const OTHERS: [&str; 19] = [
    "ConsentService/VerifyConsent",
    "ConsentService/BatchVerifyConsents",
    "ConsentService/ExplainDisclosure",
    "ConsentService/WatchConsents",
    "ReferralService/SendReferral",
    "ReferralService/WatchReferrals",
    "DirectoryService/SearchServices",
    "DirectoryService/GetService",
    "DirectoryService/GetWeeklyCalendar",
    "DirectoryService/SuggestRecipients",
    "JourneyService/IdentifyYouth",
    "JourneyService/CountWalkIn",
    "JourneyService/GiveFeedback",
    "JourneyService/GetFigures",
    "TaskService/WatchTasks",
    "OperationsService/ListDeliveries",
    "OperationsService/GetDelivery",
    "OperationsService/RetryDelivery",
    "OperationsService/ResolveDelivery",
];

/// What an answer without anything in it is called here.
const EMPTY: &str = "answered with 0 bytes";

/// Names of one person's things.
struct Things {
    youth: String,
    consent: String,
    prohibition: String,
    status: String,
    referral: String,
    plan: String,
    task: String,
}

impl Things {
    /// That are there, between ohjaamo and the employment services.
    async fn made(stage: &Stage, identity_code: &str) -> Things {
        let (mut ohjaamo, te) = (stage.ohjaamo(), stage.te());
        let youth = ohjaamo.identify(identity_code).await.unwrap();
        ohjaamo.record_consent(&youth, OHJAAMO, TE, purpose_of(TE), &BASIC).await.unwrap();
        add(&ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
        let request = ListConsentsRequest { parent: youth.clone(), ..ListConsentsRequest::default() };
        let consents = ohjaamo.consent.list_consents(request).await.unwrap().into_inner().consents;
        let referral = stage.refer(&youth, TE).await;
        agree(stage, &youth, OHJAAMO, TE, &SHARED).await;
        let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
        add_party(&ohjaamo, &plan, TE).await.unwrap();
        let seen = read(&ohjaamo, &plan).await.unwrap();
        for text in ["kanaria-yksi", "kanaria-kaksi"] {
            let mut part = section(&seen, "youth");
            part.goals.push(goal("g1", text));
            merge(&ohjaamo, &plan, &seen.etag, vec![part]).await.unwrap();
        }
        let task = tasks(&ohjaamo).await.unwrap().swap_remove(0).name;
        let status = protect(&te, &youth).await.status.unwrap().name;
        let categories = vec![DataCategory::Housing.into()];
        let terms = Some(ProhibitionTerms { categories, ..ProhibitionTerms::default() });
        let request = RecordProhibitionRequest { request_id: request_id(), youth: youth.clone(), terms };
        let change = ohjaamo.consent.record_prohibition(request).await.unwrap().into_inner();
        let prohibition = change.prohibition.unwrap().name;
        Things { consent: consents[0].name.clone(), prohibition, status, referral, plan, task, youth }
    }

    /// That are not there, of somebody.
    fn of(youth: &str) -> Things {
        let thing = |kind: &str| format!("{youth}/{kind}/{}", Uuid::now_v7());
        Things {
            consent: thing("consents"),
            prohibition: thing("prohibitions"),
            status: thing("legalStatuses"),
            referral: thing("referrals"),
            plan: thing("plans"),
            task: thing("tasks"),
            youth: youth.to_owned(),
        }
    }

    /// The ids of these things under the name of somebody else.
    fn under(&self, youth: &str) -> Things {
        let renamed = |name: &str| name.replacen(&self.youth, youth, 1);
        Things {
            youth: youth.to_owned(),
            consent: renamed(&self.consent),
            prohibition: renamed(&self.prohibition),
            status: renamed(&self.status),
            referral: renamed(&self.referral),
            plan: renamed(&self.plan),
            task: renamed(&self.task),
        }
    }
}

/// The contract, to write messages from text.
struct Contract(DescriptorPool);

impl Contract {
    fn message(&self, name: &str) -> MessageDescriptor {
        self.0.get_message_by_name(&format!("polku.v1.{name}")).unwrap()
    }

    /// A message as JSON.
    fn told(&self, name: &str, message: &impl Message) -> String {
        let bytes = message.encode_to_vec();
        let message = DynamicMessage::decode(self.message(name), bytes.as_slice()).unwrap();
        serde_json::to_string(&message).unwrap()
    }

    /// The bytes of a call of the table that names these things.
    fn call(&self, method: &str, text: &str, things: &Things) -> Vec<u8> {
        let asked = terms(OHJAAMO, TE, Purpose::EmploymentServices, &[DataCategory::IdentityContact]);
        let mut text = text.to_owned();
        for (place, value) in [
            ("<ID>", &*request_id()),
            ("<CODE>", PEOPLE[9]),
            ("<YOUTH>", &things.youth),
            ("<CONSENT>", &things.consent),
            ("<PROHIBITION>", &things.prohibition),
            ("<STATUS>", &things.status),
            ("<REFERRAL>", &things.referral),
            ("<PLAN>", &things.plan),
            ("<TASK>", &things.task),
            ("<TERMS>", &self.told("ConsentTerms", &asked)),
            ("<EVIDENCE>", &self.told("ConsentEvidence", &evidence())),
        ] {
            text = text.replace(place, value);
        }
        let (service, method) = method.split_once('/').unwrap();
        let service = self.0.get_service_by_name(&format!("polku.v1.{service}")).unwrap();
        let input = service.methods().find(|other| other.name() == method).unwrap().input();
        let mut json = serde_json::Deserializer::from_str(&text);
        DynamicMessage::deserialize(input, &mut json)
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .encode_to_vec()
    }
}

fn calls() -> Vec<(&'static str, &'static str)> {
    CALLS.lines().filter_map(|line| line.split_once(' ')).collect()
}

#[test]
fn every_method_of_the_contract_is_tried() {
    let mut named: Vec<String> = calls().into_iter().map(|(method, _)| method.to_owned()).collect();
    named.extend(OTHERS.map(str::to_owned));
    named.sort();
    let mut all: Vec<String> =
        methods().iter().map(|path| path.trim_start_matches("/polku.v1.").to_owned()).collect();
    all.sort();
    assert_eq!(named, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_none_of_the_callers_concern_is_not_there_for_any_method() {
    let contract = Contract(DescriptorPool::decode(polku_proto::FILE_DESCRIPTOR_SET).unwrap());
    let stage = Stage::open().await;
    let foreign = Things::made(&stage, PEOPLE[3]).await;
    // The callers' own person, who is there.
    let own = stage.kela().identify(PEOPLE[5]).await.unwrap();
    let nobody = Things::of(&format!("youths/{}", Uuid::now_v7()));
    let identities = &stage.world.identities;
    let callers: [(CallerRole, &Identity, Actor); 4] = [
        (
            CallerRole::Professional,
            &identities.kela,
            professional("kelan-virkailija", "kuntoutus", "official"),
        ),
        (CallerRole::Subject, &identities.oma, subject(&own)),
        (CallerRole::Guardian, &identities.oma, representing(&own, Capacity::Guardian)),
        (CallerRole::Representative, &identities.oma, representing(&own, Capacity::OtherRepresentative)),
    ];
    let mut different = Vec::new();
    for (role, identity, actor) in &callers {
        let channel = stage.world.client(stage.bound().grpc, identity).unwrap().channel();
        let actor = actor_bytes(actor);
        for (method, text) in calls() {
            let path = format!("/polku.v1.{method}");
            if !CallerRoles::of_method(&path).contains(*role) {
                continue;
            }
            let ask = async |things: &Things| {
                call_path(&channel, &path, Some(&actor), contract.call(method, text, things)).await
            };
            let reason = |answer: &Result<Vec<u8>, tonic::Status>| match answer {
                Ok(answer) => format!("answered with {} bytes", answer.len()),
                Err(status) => status.get_details_error_info().unwrap().reason,
            };
            // Of nobody, of somebody else, and what is somebody else's under the name of the caller's own person.
            let unknown = ask(&nobody).await;
            let told = ask(&foreign).await;
            if let (Err(unknown), Err(told)) = (&unknown, &told) {
                assert_same_refusal(unknown, told);
            }
            let mut reasons = vec![reason(&unknown), reason(&told)];
            if !text.contains("<YOUTH>") {
                let renamed = ask(&foreign.under(&own)).await;
                let missing = ask(&Things::of(&own)).await;
                if let (Err(missing), Err(renamed)) = (&missing, &renamed) {
                    assert_same_refusal(missing, renamed);
                }
                reasons.extend([reason(&missing), reason(&renamed)]);
            }
            // A list holds what the caller may see of a person, whoever that is: nothing.
            let nothing = if method.contains("/List") && reasons[0] == EMPTY { EMPTY } else { "NOT_FOUND" };
            if reasons.iter().any(|reason| reason != nothing) {
                different.push(format!("{role:?} {method}: {reasons:?}"));
            }
        }
    }
    assert!(different.is_empty(), "not the answer NOT_FOUND:\n{}", different.join("\n"));
    stage.close().await;
}
