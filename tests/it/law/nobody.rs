//! Is everybody nobody to an agency that has nothing to do with them, whatever it calls?
//!
//! Each method that is about a person is called about nobody, about somebody whom others have identified, and about
//! somebody of whom others keep everything that there is. The answers must be the same.

use std::collections::BTreeSet;

use polku_proto::v1::export_consent_request::Form;
use polku_proto::v1::import_consent_request::Reading;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::legal_status_terms::Status as Terms;
use polku_proto::v1::resolve_task_request::Resolution;
use polku_proto::v1::verify_consent_result::Result as Item;
use polku_proto::v1::*;
use polku_tests::world::{
    Client, KELA, OHJAAMO, PEOPLE, TE, WorldSettings, evidence, full_content, professional, referral_to,
    request_id, terms,
};
use prost::Message;
use prost_types::FileDescriptorSet;
use tonic::{Response, Status};
use uuid::Uuid;

use super::strangers::told;
use super::{record, send};
use crate::consent::changes::prohibit;
use crate::plan::table::{PURPOSE, SHARED, add, agree, create, edit, need, tasks};
use crate::plan::views::every_method;
use crate::stage::{Stage, assert_refused, assert_same_refusal, id_of};

/// What is about nobody in particular.
const OF_NOBODY: [&str; 11] = [
    "IdentifyYouth",
    "CountWalkIn",
    "GiveFeedback",
    "GetFigures",
    "SearchServices",
    "GetService",
    "GetWeeklyCalendar",
    "SuggestRecipients",
    "WatchConsents",
    "WatchReferrals",
    "WatchTasks",
];

/// A valid identity code of nobody here.
const CODE: &str = PEOPLE[7];

/// A person, and what is kept of them, by name.
struct Names {
    youth: String,
    referral: String,
    consent: String,
    prohibition: String,
    status: String,
    plan: String,
    task: String,
    entry: String,
}

impl Names {
    /// Of somebody of whom nothing is kept.
    fn of(youth: &str) -> Self {
        let name = |kind: &str| format!("{youth}/{kind}/{}", Uuid::now_v7());
        Self {
            youth: youth.to_owned(),
            referral: name("referrals"),
            consent: name("consents"),
            prohibition: name("prohibitions"),
            status: name("legalStatuses"),
            plan: name("plans"),
            task: name("tasks"),
            entry: name("entries"),
        }
    }

    /// What others keep, under the name of somebody else.
    fn turned(&self, youth: &str) -> Self {
        let turned = |name: &str| name.replace(&self.youth, youth);
        Self {
            youth: youth.to_owned(),
            referral: turned(&self.referral),
            consent: turned(&self.consent),
            prohibition: turned(&self.prohibition),
            status: turned(&self.status),
            plan: turned(&self.plan),
            task: turned(&self.task),
            entry: turned(&self.entry),
        }
    }
}

/// What is answered, without what differs with its own leaf.
type Answer = Result<Vec<u8>, Status>;

fn bytes<X: Message>(answer: Result<Response<X>, Status>) -> Answer {
    answer.map(|answer| answer.into_inner().encode_to_vec())
}

fn question(youth: &str) -> VerifyConsentRequest {
    VerifyConsentRequest {
        youth: youth.to_owned(),
        discloser: TE.into(),
        recipient: KELA.into(),
        purpose: PURPOSE.into(),
        categories: SHARED.map(i32::from).into(),
        ..VerifyConsentRequest::default()
    }
}

async fn of_consents(client: &Client, names: &Names) -> Vec<(&'static str, Answer)> {
    let service = &mut client.clone().consent;
    let (id, youth) = (request_id, || names.youth.clone());
    let (name, etag) = (|| names.consent.clone(), || "x".to_owned());
    let terms = || Some(terms(TE, KELA, PURPOSE, &SHARED));
    let evidence = || Some(evidence());
    let recorded = RecordConsentRequest {
        request_id: id(),
        youth: youth(),
        terms: terms(),
        evidence: evidence(),
        ..RecordConsentRequest::default()
    };
    let to_a_request = RecordConsentRequest {
        request_id: id(),
        requested: name(),
        etag: etag(),
        // What is wrong in itself does not tell who it is about either.
        terms: Some(ConsentTerms { recipients: vec!["nobody".into()], ..terms().unwrap() }),
        ..recorded.clone()
    };
    let replacing = RecordConsentRequest { request_id: id(), supersedes: name(), ..recorded.clone() };
    let requested = RequestConsentRequest { request_id: id(), youth: youth(), terms: terms() };
    let renewed = RenewConsentRequest {
        request_id: id(),
        name: name(),
        etag: etag(),
        valid_until: terms().unwrap().valid_until,
        evidence: evidence(),
    };
    let refused =
        RefuseConsentRequest { request_id: id(), name: name(), etag: etag(), reason: String::new() };
    let withdrawn =
        WithdrawConsentRequest { request_id: id(), name: name(), ..WithdrawConsentRequest::default() };
    let revoked = RevokeConsentRequest { request_id: id(), name: name(), etag: etag(), reason: "syy".into() };
    let invalidated =
        InvalidateConsentRequest { request_id: id(), name: name(), etag: etag(), reason: "syy".into() };
    let prohibited = RecordProhibitionRequest {
        request_id: id(),
        youth: youth(),
        terms: Some(ProhibitionTerms::default()),
    };
    let lifted = LiftProhibitionRequest { request_id: id(), name: names.prohibition.clone(), etag: etag() };
    let imported = ImportConsentRequest {
        request_id: id(),
        youth: youth(),
        content: "{}".into(),
        reading: Reading::R4Literal.into(),
        evidence: evidence(),
    };
    let exported = ExportConsentRequest { name: name(), form: Form::FhirR4Consent.into() };
    let listed = ListConsentsRequest { parent: youth(), ..ListConsentsRequest::default() };
    let decided = |decision| told(decision).encode_to_vec();
    let batch = BatchVerifyConsentsRequest { requests: vec![question(&names.youth)] };
    vec![
        ("RequestConsent", bytes(service.request_consent(requested).await)),
        ("RecordConsent", bytes(service.record_consent(recorded).await)),
        ("RecordConsent", bytes(service.record_consent(to_a_request).await)),
        ("RecordConsent", bytes(service.record_consent(replacing).await)),
        ("RenewConsent", bytes(service.renew_consent(renewed).await)),
        ("RefuseConsent", bytes(service.refuse_consent(refused).await)),
        ("WithdrawConsent", bytes(service.withdraw_consent(withdrawn).await)),
        ("RevokeConsent", bytes(service.revoke_consent(revoked).await)),
        ("InvalidateConsent", bytes(service.invalidate_consent(invalidated).await)),
        ("RecordProhibition", bytes(service.record_prohibition(prohibited).await)),
        ("LiftProhibition", bytes(service.lift_prohibition(lifted).await)),
        ("ImportConsent", bytes(service.import_consent(imported).await)),
        ("ExportConsent", bytes(service.export_consent(exported).await)),
        ("GetConsent", bytes(service.get_consent(GetConsentRequest { name: name() }).await)),
        ("GetConsentReceipt", {
            bytes(service.get_consent_receipt(GetConsentReceiptRequest { name: name() }).await)
        }),
        ("ListConsents", bytes(service.list_consents(listed).await)),
        ("VerifyConsent", {
            let answer = service.verify_consent(question(&names.youth)).await;
            answer.map(|answer| decided(answer.into_inner().decision))
        }),
        ("BatchVerifyConsents", {
            let answer = service.batch_verify_consents(batch).await;
            answer.map(|answer| match answer.into_inner().results.pop().unwrap() {
                VerifyConsentResult { result: Some(Item::Decision(decision)) } => decided(Some(decision)),
                refused => refused.encode_to_vec(),
            })
        }),
        ("ExplainDisclosure", {
            let asked =
                ExplainDisclosureRequest { question: Some(question(&names.youth)), language: "en".into() };
            let answer = service.explain_disclosure(asked).await;
            answer.map(|answer| {
                let DisclosureExplanation { decision, categories } = answer.into_inner();
                let explained = DisclosureExplanation { decision: None, categories };
                [decided(decision), explained.encode_to_vec()].concat()
            })
        }),
    ]
}

async fn of_the_journey(client: &Client, names: &Names) -> Vec<(&'static str, Answer)> {
    let Client { journey, status, task, .. } = &mut client.clone();
    let (id, youth) = (request_id, || names.youth.clone());
    let read = GetJourneyRequest { youth: youth(), purpose: PURPOSE.into(), ..GetJourneyRequest::default() };
    let next = GetNextStepRequest { youth: youth(), purpose: PURPOSE.into() };
    let entry = |matter: Matter, replaces: &str| AddJourneyEntryRequest {
        request_id: id(),
        parent: youth(),
        entry: Some(JourneyEntry {
            matter: Some(matter),
            replaces: replaces.to_owned(),
            ..JourneyEntry::default()
        }),
    };
    let opening = || Matter::Opening(JourneyOpening { source: JourneySource::Self_.into() });
    let work = Matter::Work(WorkSpent { stage: PathStage::Start.into(), minutes: 20, cost_cents: 0 });
    let linked = LinkIdentityRequest {
        request_id: id(),
        youth: youth(),
        identity_code: CODE.into(),
        temporary_id: String::new(),
    };
    let unlinked = UnlinkIdentityRequest {
        request_id: id(),
        youth: youth(),
        identity_code: CODE.into(),
        temporary_id: String::new(),
    };
    let protected = RecordLegalStatusRequest {
        request_id: id(),
        youth: youth(),
        terms: Some(LegalStatusTerms { status: Some(Terms::AddressProtection(AddressProtection {})) }),
    };
    let ended = EndLegalStatusRequest { request_id: id(), name: names.status.clone(), etag: "x".to_owned() };
    let decided = ResolveTaskRequest {
        request_id: id(),
        name: names.task.clone(),
        resolution: Some(Resolution::Duplicate(DuplicateResolution {
            choice: duplicate_resolution::Choice::Different.into(),
        })),
    };
    let disclosed = ListDisclosuresRequest { parent: youth(), ..ListDisclosuresRequest::default() };
    let tasks = ListTasksRequest { parent: youth(), show_resolved: true, ..ListTasksRequest::default() };
    vec![
        ("GetJourney", bytes(journey.get_journey(read).await)),
        ("GetNextStep", bytes(journey.get_next_step(next).await)),
        ("AddJourneyEntry", bytes(journey.add_journey_entry(entry(opening(), "")).await)),
        ("AddJourneyEntry", bytes(journey.add_journey_entry(entry(opening(), &names.entry)).await)),
        ("AddJourneyEntry", bytes(journey.add_journey_entry(entry(work, "")).await)),
        ("ListDisclosures", bytes(journey.list_disclosures(disclosed).await)),
        ("LinkIdentity", bytes(journey.link_identity(linked).await)),
        ("UnlinkIdentity", bytes(journey.unlink_identity(unlinked).await)),
        ("RecordLegalStatus", bytes(status.record_legal_status(protected).await)),
        ("EndLegalStatus", bytes(status.end_legal_status(ended).await)),
        ("ListLegalStatuses", {
            bytes(status.list_legal_statuses(ListLegalStatusesRequest { parent: youth() }).await)
        }),
        ("ListTasks", bytes(task.list_tasks(tasks).await)),
        ("ResolveTask", bytes(task.resolve_task(decided).await)),
    ]
}

/// The steps of referrals have the same fields.
macro_rules! step {
    ($service:ident.$method:ident($request:ident { $($more:tt)* }) of $name:expr) => {
        bytes($service.$method($request { request_id: request_id(), name: $name, $($more)* }).await)
    };
}

async fn of_referrals(client: &Client, names: &Names) -> Vec<(&'static str, Answer)> {
    let service = &mut client.clone().referral;
    let name = || names.referral.clone();
    let (etag, note) = (String::new, || "x".to_owned());
    let outcome = Outcome::GotService.into();
    let reason = RejectionReason::NoCapacity.into();
    let sent = referral_to(KELA, &names.youth, PURPOSE, full_content());
    let tried = SendReferralRequest { request_id: request_id(), validate_only: true, ..sent.clone() };
    let rerouted = RerouteReferralRequest {
        request_id: request_id(),
        name: name(),
        recipient: KELA.into(),
        purpose: PURPOSE.into(),
        ..RerouteReferralRequest::default()
    };
    let listed = ListReferralsRequest { parent: names.youth.clone(), ..ListReferralsRequest::default() };
    let answer = Some(full_content());
    vec![
        ("SendReferral", bytes(service.send_referral(sent).await)),
        ("SendReferral", bytes(service.send_referral(tried).await)),
        ("GetReferral", bytes(service.get_referral(GetReferralRequest { name: name() }).await)),
        ("ListReferrals", bytes(service.list_referrals(listed).await)),
        ("RerouteReferral", bytes(service.reroute_referral(rerouted).await)),
        ("AcceptReferral", {
            step!(service.accept_referral(AcceptReferralRequest { etag: etag(), note: note() }) of name())
        }),
        ("RejectReferral", {
            step!(service.reject_referral(RejectReferralRequest { etag: etag(), reason, note: note() }) of name())
        }),
        ("RequestInformation", {
            step!(service.request_information(RequestInformationRequest { etag: etag(), question: note() }) of name())
        }),
        ("ProvideInformation", {
            step!(service.provide_information(ProvideInformationRequest { etag: etag(), answer, origin: None }) of name())
        }),
        ("StartReferral", {
            step!(service.start_referral(StartReferralRequest { etag: etag(), note: note() }) of name())
        }),
        ("HoldReferral", {
            step!(service.hold_referral(HoldReferralRequest { etag: etag(), note: note() }) of name())
        }),
        ("CompleteReferral", {
            step!(service.complete_referral(CompleteReferralRequest { etag: etag(), outcome, note: note() }) of name())
        }),
        ("FailReferral", {
            step!(service.fail_referral(FailReferralRequest { etag: etag(), outcome, note: note() }) of name())
        }),
        ("CancelReferral", {
            step!(service.cancel_referral(CancelReferralRequest { etag: etag(), note: note() }) of name())
        }),
        ("ConfirmCancellation", {
            step!(service.confirm_cancellation(ConfirmCancellationRequest { etag: etag(), note: note() }) of name())
        }),
        ("MarkReferralEnteredInError", {
            let service = &mut *service;
            step!(service.mark_referral_entered_in_error(MarkReferralEnteredInErrorRequest { etag: etag(), note: note() }) of name())
        }),
    ]
}

async fn of_plans(client: &Client, names: &Names) -> Vec<(&'static str, Answer)> {
    let begun = CreatePlanRequest {
        request_id: request_id(),
        youth: names.youth.clone(),
        purpose: PURPOSE.into(),
        responsible_worker: Some(crate::plan::table::worker()),
        replaces: String::new(),
    };
    let next = CreatePlanRequest { request_id: request_id(), replaces: names.plan.clone(), ..begun.clone() };
    let service = &mut client.clone().plan;
    let mut answers = vec![
        ("CreatePlan", bytes(service.create_plan(begun).await)),
        ("CreatePlan", bytes(service.create_plan(next).await)),
        ("ListPlans", {
            let request = ListPlansRequest { parent: names.youth.clone(), ..ListPlansRequest::default() };
            bytes(service.list_plans(request).await)
        }),
    ];
    let by_name = every_method(client, &names.plan).await.into_iter();
    // An answer would have nothing in it to compare: all of them are refused.
    answers.extend(by_name.map(|(method, answer)| (method, Err(answer.expect_err(method)))));
    answers
}

async fn every_answer(client: &Client, names: &Names) -> Vec<(&'static str, Answer)> {
    let mut answers = of_consents(client, names).await;
    answers.extend(of_the_journey(client, names).await);
    answers.extend(of_referrals(client, names).await);
    answers.extend(of_plans(client, names).await);
    answers
}

/// Every method of the contract that is about somebody.
fn methods() -> BTreeSet<String> {
    let contract = FileDescriptorSet::decode(polku_proto::FILE_DESCRIPTOR_SET).unwrap();
    let files = contract.file.iter().filter(|file| file.package() == "polku.v1");
    // Operators are no agency, and speak of deliveries.
    let services =
        files.flat_map(|file| &file.service).filter(|service| service.name() != "OperationsService");
    let methods = services.flat_map(|service| &service.method);
    methods
        .map(|method| method.name().to_owned())
        .filter(|name| !OF_NOBODY.contains(&name.as_str()))
        .collect()
}

/// The guidance point and Kela keep of somebody all that there is.
async fn known_to_others(stage: &Stage, code: &str) -> Names {
    let ohjaamo = stage.ohjaamo();
    let youth = ohjaamo.clone().identify(code).await.unwrap();
    agree(stage, &youth, OHJAAMO, KELA, &SHARED).await;
    let consent = ohjaamo.clone().record_consent(&youth, OHJAAMO, KELA, PURPOSE, &SHARED).await.unwrap().name;
    let opened = crate::window::add(&ohjaamo, &youth, crate::window::opening(JourneySource::Self_)).await;
    let sent = send(&ohjaamo, referral_to(KELA, &youth, PURPOSE, full_content())).await.unwrap();
    let plan = create(&ohjaamo, &youth).await.unwrap().plan.unwrap().name;
    add(&ohjaamo, &plan, KELA).await.unwrap();
    for (client, owner) in [(&ohjaamo, OHJAAMO), (&stage.kela(), KELA)] {
        edit(client, &plan, owner, |part| {
            part.needs.push(need("n1", DataCategory::ServiceNeeds, "kanaria-asunto"));
        })
        .await
        .unwrap();
    }
    let narrow = ProhibitionTerms { recipients: vec!["paja".into()], ..ProhibitionTerms::default() };
    let status = record(&ohjaamo, &youth, Terms::AddressProtection(AddressProtection {})).await.unwrap();
    Names {
        referral: sent.referral.unwrap().name,
        consent,
        prohibition: prohibit(&ohjaamo, &youth, narrow).await.unwrap().prohibition.unwrap().name,
        status: status.status.unwrap().name,
        plan,
        task: tasks(&ohjaamo).await.unwrap()[0].name.clone(),
        entry: opened.unwrap().entry.unwrap().name,
        youth,
    }
}

/// The answers about each of these are those about nobody.
async fn assert_nobody(client: &Client, others: &[&Names], nobody: &str) {
    let silent = every_answer(client, &Names::of(nobody)).await;
    let called: BTreeSet<String> = silent.iter().map(|(method, _)| (*method).to_owned()).collect();
    assert_eq!(called, methods());
    for names in others {
        for ((method, one), (_, other)) in every_answer(client, names).await.iter().zip(&silent) {
            match (one, other) {
                (Err(one), Err(other)) => assert_same_refusal(one, other),
                (Ok(one), Ok(other)) => assert_eq!(one, other, "{method}"),
                _ => panic!("{method} about {}: {one:?}, about nobody: {other:?}", id_of(&names.youth)),
            }
        }
    }
}

/// A peer has no access to anybody's data: whom the own agency keeps everything of is nobody to them.
#[tokio::test(flavor = "multi_thread")]
async fn to_a_role_without_access_the_own_agencys_people_are_nobody() {
    let stage = Stage::open().await;
    let known = known_to_others(&stage, PEOPLE[0]).await;
    let waiting = tasks(&stage.ohjaamo()).await.unwrap();
    let peer = stage.caller(&stage.world.identities.ohjaamo, &professional("tutori-1", "keskusta", "peer"));
    let nobody = format!("youths/{}", Uuid::now_v7());
    assert_nobody(&peer, &[&known, &Names::of(&known.youth), &known.turned(&nobody)], &nobody).await;
    // That somebody of theirs has tried to send a protected address is for the colleagues to know.
    let now = tasks(&stage.ohjaamo()).await.unwrap();
    assert!(waiting.iter().all(|task| now.contains(task)), "something was decided");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_a_stranger_everybody_is_nobody_whatever_it_calls() {
    let stage = Stage::with(&WorldSettings::default(), |text| {
        let usual = r#"roles = ["official"]"#;
        assert!(text.contains(usual));
        text.replace(usual, r#"roles = ["official", "data_protection_officer"]"#)
    })
    .await;
    let known = known_to_others(&stage, PEOPLE[0]).await;
    let waiting = tasks(&stage.ohjaamo()).await.unwrap();
    let bare = stage.kela().identify(PEOPLE[1]).await.unwrap();
    let nobody = format!("youths/{}", Uuid::now_v7());
    let officer = professional("tietosuoja-2", "nuorten-palvelut", "data_protection_officer");
    let te = &stage.world.identities.te;
    for client in [stage.te(), stage.caller(te, &officer)] {
        let of_id = Names::of(&known.youth);
        let (of_bare, turned, nowhere) = (Names::of(&bare), known.turned(&bare), known.turned(&nobody));
        assert_nobody(&client, &[&known, &of_id, &of_bare, &turned, &nowhere], &nobody).await;
    }
    // Nothing has come of it, and who is told of somebody goes on.
    assert_eq!(tasks(&stage.ohjaamo()).await.unwrap(), waiting);
    let officer_of_te = stage.caller(te, &officer);
    let list = ListDisclosuresRequest { parent: known.youth.clone(), ..ListDisclosuresRequest::default() };
    let refused = officer_of_te.clone().journey.list_disclosures(list).await;
    assert_refused(refused, tonic::Code::NotFound, "NOT_FOUND");
    stage.te().identify(PEOPLE[0]).await.unwrap();
    record(&stage.te(), &known.youth, Terms::AddressProtection(AddressProtection {})).await.unwrap();
    stage.te().record_consent(&known.youth, TE, KELA, PURPOSE, &SHARED).await.unwrap();
    stage.close().await;
}
