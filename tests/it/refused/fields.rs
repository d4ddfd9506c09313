//! Which fields are refused, and is the field named?

use jiff::SignedDuration;
use polku_proto::v1::{
    AcceptReferralRequest, BatchVerifyConsentsRequest, CompleteReferralRequest, ConsentEvidence,
    ConsentTerms, ContactDetails, DataCategory, EducationWork, FailReferralRequest, HoldReferralRequest,
    ListConsentsRequest, ListReferralsRequest, Purpose, RecordConsentRequest, ReferralContent,
    RejectReferralRequest, RequestConsentRequest, RequestInformationRequest, SendReferralRequest,
    VerifyConsentRequest, verify_consent_result,
};
use polku_tests::world::{
    Client, KELA, OHJAAMO, PEOPLE, WorldSettings, evidence, full_content, referral_to, request_id, terms,
};
use tonic::{Code, Status};

use crate::stage::{BASIC, Stage, assert_refused, fields_of, purpose_of, wire};

/// Asserts that exactly this field is refused for this reason.
#[track_caller]
fn assert_field<T>(result: Result<T, Status>, field: &str, reason: &str) {
    let status = assert_refused(result, Code::InvalidArgument, reason);
    let mut fields = fields_of(&status);
    fields.dedup();
    assert_eq!(fields, [field]);
}

type Spoil<X> = Box<dyn Fn(&mut X) + Send + Sync>;

fn spoilt<X>(
    field: &'static str,
    spoil: impl Fn(&mut X) + Send + Sync + 'static,
) -> (&'static str, Spoil<X>) {
    (field, Box::new(spoil))
}

fn contact(request: &mut SendReferralRequest) -> &mut ContactDetails {
    request.content.as_mut().unwrap().contact.as_mut().unwrap()
}

fn education(request: &mut SendReferralRequest) -> &mut EducationWork {
    request.content.as_mut().unwrap().education_work.as_mut().unwrap()
}

fn content(request: &mut SendReferralRequest) -> &mut ReferralContent {
    request.content.as_mut().unwrap()
}

fn long(length: usize) -> String {
    "ö".repeat(length)
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_a_referral() {
    let stage = Stage::at_noon().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let now = stage.now();
    let cases: Vec<(&str, Spoil<SendReferralRequest>)> = vec![
        spoilt("request_id", |request: &mut SendReferralRequest| request.request_id.clear()),
        spoilt("request_id", |request: &mut SendReferralRequest| request.request_id = "kanaria".into()),
        spoilt("request_id", |request: &mut SendReferralRequest| {
            request.request_id = request.request_id.replace('-', "");
        }),
        spoilt("youth", |request: &mut SendReferralRequest| request.youth.clear()),
        spoilt("youth", |request: &mut SendReferralRequest| request.youth = request.youth.to_uppercase()),
        spoilt("youth", |request: &mut SendReferralRequest| request.youth.push_str("/referrals/kanaria")),
        spoilt("youth", |request: &mut SendReferralRequest| {
            request.youth = format!("youths/{}", "-".repeat(36));
        }),
        spoilt("recipient", |request: &mut SendReferralRequest| request.recipient.clear()),
        spoilt("recipient", |request: &mut SendReferralRequest| request.recipient = "Kela".into()),
        spoilt("purpose", |request: &mut SendReferralRequest| request.purpose = 0),
        spoilt("purpose", |request: &mut SendReferralRequest| request.purpose = 99),
        spoilt("purpose", |request: &mut SendReferralRequest| request.purpose = -1),
        spoilt("content", |request: &mut SendReferralRequest| request.content = None),
        spoilt("content.identity_code", |request: &mut SendReferralRequest| {
            content(request).identity_code = PEOPLE[0].into();
        }),
        spoilt("content.given_names", |request: &mut SendReferralRequest| {
            content(request).given_names = long(201)
        }),
        spoilt("content.family_name", |request: &mut SendReferralRequest| {
            content(request).family_name = long(201)
        }),
        spoilt("content.contact_language", |request: &mut SendReferralRequest| {
            content(request).contact_language = "fin".into();
        }),
        spoilt("content.contact.phone", |request: &mut SendReferralRequest| {
            contact(request).phone = "puhelin".into()
        }),
        spoilt("content.contact.email", |request: &mut SendReferralRequest| {
            contact(request).email = long(255)
        }),
        spoilt("content.contact.street_address", |request: &mut SendReferralRequest| {
            contact(request).street_address = long(201);
        }),
        spoilt("content.contact.postal_code", |request: &mut SendReferralRequest| {
            contact(request).postal_code = "020-70-02070".into();
        }),
        spoilt("content.contact.city", |request: &mut SendReferralRequest| contact(request).city = long(101)),
        spoilt("content.contact.municipality", |request: &mut SendReferralRequest| {
            contact(request).municipality = "49".into();
        }),
        spoilt("content.reason", |request: &mut SendReferralRequest| content(request).reason = long(4001)),
        spoilt("content.reason", |request: &mut SendReferralRequest| content(request).reason.push('\u{7}')),
        spoilt("content.reason", |request: &mut SendReferralRequest| content(request).reason.push('\0')),
        spoilt("content.reason", |request: &mut SendReferralRequest| content(request).reason.push('\u{b}')),
        spoilt("content.reason", |request: &mut SendReferralRequest| {
            content(request).reason.push('\u{ffff}')
        }),
        spoilt("content.service_needs", |request: &mut SendReferralRequest| {
            content(request).service_needs = vec!["tarve".into(); 21];
        }),
        spoilt("content.service_needs[1]", |request: &mut SendReferralRequest| {
            content(request).service_needs.push(String::new());
        }),
        spoilt("content.service_needs[0]", |request: &mut SendReferralRequest| {
            content(request).service_needs = vec![long(501)];
        }),
        spoilt("content.education_work.education_level", |request: &mut SendReferralRequest| {
            education(request).education_level = Some(10);
        }),
        spoilt("content.education_work.education_level", |request: &mut SendReferralRequest| {
            education(request).education_level = Some(-1);
        }),
        spoilt("content.education_work.job_seeker_status", |request: &mut SendReferralRequest| {
            education(request).job_seeker_status = "2".into();
        }),
        spoilt("content.social_situation", |request: &mut SendReferralRequest| {
            content(request).social_situation = long(4001);
        }),
        spoilt("content.health_capacity", |request: &mut SendReferralRequest| {
            content(request).health_capacity = long(4001);
        }),
        spoilt("content.housing", |request: &mut SendReferralRequest| content(request).housing = long(2001)),
        spoilt("respond_by", move |request: &mut SendReferralRequest| request.respond_by = Some(wire(now))),
        spoilt("respond_by", move |request: &mut SendReferralRequest| {
            request.respond_by =
                Some(wire(now + SignedDuration::from_hours(366 * 24) + SignedDuration::from_secs(1)));
        }),
        spoilt("respond_by", |request: &mut SendReferralRequest| {
            request.respond_by = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
        }),
        spoilt("respond_by", |request: &mut SendReferralRequest| {
            request.respond_by = Some(prost_types::Timestamp { seconds: 0, nanos: -1 });
        }),
    ];
    let mut ohjaamo = stage.ohjaamo();
    for (field, spoil) in cases {
        let mut request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
        spoil(&mut request);
        assert_field(ohjaamo.referral.send_referral(request).await, field, "INVALID_FIELDS");
    }
    for recipient in ["tuntematon", OHJAAMO] {
        let request = referral_to(recipient, &youth, Purpose::Guidance, full_content());
        assert_field(ohjaamo.referral.send_referral(request).await, "recipient", "UNKNOWN_AGENCY");
    }
    let list = ListReferralsRequest { parent: youth.clone(), ..ListReferralsRequest::default() };
    assert!(ohjaamo.referral.list_referrals(list).await.unwrap().into_inner().referrals.is_empty());
    // The largest values that there may be are taken in.
    let mut request = referral_to(KELA, &youth, purpose_of(KELA), full_content());
    content(&mut request).reason = long(4000);
    content(&mut request).service_needs = vec![long(500); 20];
    content(&mut request).social_situation = "\t \n".into();
    request.respond_by = Some(wire(now + SignedDuration::from_hours(366 * 24)));
    ohjaamo.referral.send_referral(request).await.unwrap();
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_the_steps() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let name = stage.refer(&youth, KELA).await;
    let mut referral = stage.kela().referral;
    let request_id = request_id();
    let (id, of) = (request_id.clone(), name.clone());
    let accept = |name: &str, etag: &str, note: &str| AcceptReferralRequest {
        request_id: id.clone(),
        name: name.into(),
        etag: etag.into(),
        note: note.into(),
    };
    for wrong in
        ["", "kanaria", &youth, &of.replace("referrals", "consents"), &format!("{of}/"), &of.to_uppercase()]
    {
        assert_field(referral.accept_referral(accept(wrong, "", "")).await, "name", "INVALID_FIELDS");
    }
    assert_field(referral.accept_referral(accept(&of, &long(33), "")).await, "etag", "INVALID_FIELDS");
    assert_field(referral.accept_referral(accept(&of, "", &long(2001))).await, "note", "INVALID_FIELDS");
    assert_field(
        referral.accept_referral(accept(&of, "", "kanaria\u{1b}[2J")).await,
        "note",
        "INVALID_FIELDS",
    );
    let (id, of) = (request_id.clone(), name.clone());
    let reject = RejectReferralRequest { request_id: id, name: of, ..RejectReferralRequest::default() };
    assert_field(referral.reject_referral(reject).await, "reason", "INVALID_FIELDS");
    let (id, of) = (request_id.clone(), name.clone());
    let ask = RequestInformationRequest { request_id: id, name: of, ..RequestInformationRequest::default() };
    assert_field(referral.request_information(ask).await, "question", "INVALID_FIELDS");
    let (id, of) = (request_id.clone(), name.clone());
    let hold = HoldReferralRequest { request_id: id, name: of, ..HoldReferralRequest::default() };
    assert_field(referral.hold_referral(hold).await, "note", "INVALID_FIELDS");
    let (id, of) = (request_id.clone(), name.clone());
    let complete = CompleteReferralRequest {
        request_id: id,
        name: of,
        outcome: 99,
        ..CompleteReferralRequest::default()
    };
    assert_field(referral.complete_referral(complete).await, "outcome", "INVALID_FIELDS");
    let fail = FailReferralRequest { request_id, name, outcome: 1, ..FailReferralRequest::default() };
    assert_field(referral.fail_referral(fail).await, "note", "INVALID_FIELDS");
    let list = ListReferralsRequest { parent: youth, page_size: -1, page_token: String::new() };
    assert_field(referral.list_referrals(list).await, "page_size", "INVALID_FIELDS");
    let list = ListReferralsRequest { parent: "youths/kanaria".into(), ..ListReferralsRequest::default() };
    assert_field(referral.list_referrals(list).await, "parent", "INVALID_FIELDS");
    stage.close().await;
}

async fn record(
    client: &Client,
    youth: &str,
    terms: ConsentTerms,
    evidence: ConsentEvidence,
) -> Result<(), Status> {
    let request = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.into(),
        terms: Some(terms),
        evidence: Some(evidence),
        ..RecordConsentRequest::default()
    };
    client.clone().consent.record_consent(request).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_a_consent() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let ohjaamo = stage.ohjaamo();
    let good = || terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC);
    let of_terms: Vec<(&str, Spoil<ConsentTerms>)> = vec![
        spoilt("terms.kind", |terms: &mut ConsentTerms| terms.kind = 0),
        spoilt("terms.kind", |terms: &mut ConsentTerms| terms.kind = 9),
        spoilt("terms.disclosers", |terms: &mut ConsentTerms| terms.disclosers.clear()),
        spoilt("terms.disclosers", |terms: &mut ConsentTerms| terms.disclosers = vec![OHJAAMO.into(); 2]),
        spoilt("terms.recipients", |terms: &mut ConsentTerms| {
            terms.recipients = (0..33).map(|number| format!("agency-{number}")).collect();
        }),
        spoilt("terms.recipients[0]", |terms: &mut ConsentTerms| terms.recipients = vec!["Kanaria".into()]),
        spoilt("terms.purposes", |terms: &mut ConsentTerms| terms.purposes.clear()),
        spoilt("terms.purposes[0]", |terms: &mut ConsentTerms| terms.purposes = vec![0]),
        spoilt("terms.categories", |terms: &mut ConsentTerms| terms.categories.clear()),
        spoilt("terms.categories[0]", |terms: &mut ConsentTerms| {
            terms.categories = vec![DataCategory::Envelope as i32];
        }),
        spoilt("terms.explicit_categories[0]", |terms: &mut ConsentTerms| {
            terms.explicit_categories = vec![77]
        }),
        spoilt("terms.valid_until", |terms: &mut ConsentTerms| {
            terms.valid_until = Some(prost_types::Timestamp { seconds: -100_000_000_000, nanos: 0 });
        }),
    ];
    for (field, spoil) in of_terms {
        let mut terms = good();
        spoil(&mut terms);
        assert_field(record(&ohjaamo, &youth, terms, evidence()).await, field, "INVALID_FIELDS");
    }
    for (field, spoil) in [
        spoilt("terms.disclosers", |terms: &mut ConsentTerms| terms.disclosers = vec!["tuntematon".into()]),
        spoilt("terms.recipients", |terms: &mut ConsentTerms| terms.recipients.push("tuntematon".into())),
    ] {
        let mut terms = good();
        spoil(&mut terms);
        assert_field(record(&ohjaamo, &youth, terms, evidence()).await, field, "UNKNOWN_AGENCY");
    }
    let of_evidence: Vec<(&str, Spoil<ConsentEvidence>)> = vec![
        spoilt("evidence.given_by", |evidence: &mut ConsentEvidence| evidence.given_by = 0),
        spoilt("evidence.form", |evidence: &mut ConsentEvidence| evidence.form = 4),
        spoilt("evidence.notice_version", |evidence: &mut ConsentEvidence| evidence.notice_version.clear()),
        spoilt("evidence.notice_language", |evidence: &mut ConsentEvidence| {
            evidence.notice_language = "FI".into()
        }),
        spoilt("evidence.notice_sha256", |evidence: &mut ConsentEvidence| {
            evidence.notice_sha256 = vec![7; 31]
        }),
        spoilt("evidence.reference", |evidence: &mut ConsentEvidence| evidence.reference = long(201)),
    ];
    for (field, spoil) in of_evidence {
        let mut evidence = evidence();
        spoil(&mut evidence);
        assert_field(record(&ohjaamo, &youth, good(), evidence).await, field, "INVALID_FIELDS");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_a_verification() {
    let stage = Stage::open().await;
    let youth = stage.youth(PEOPLE[0]).await;
    let cases: Vec<(&str, Spoil<VerifyConsentRequest>)> = vec![
        spoilt("youth", |request: &mut VerifyConsentRequest| request.youth = PEOPLE[0].into()),
        spoilt("discloser", |request: &mut VerifyConsentRequest| request.discloser.clear()),
        spoilt("recipient", |request: &mut VerifyConsentRequest| request.recipient = "k a n a r i a".into()),
        spoilt("purpose", |request: &mut VerifyConsentRequest| request.purpose = 0),
        spoilt("categories", |request: &mut VerifyConsentRequest| request.categories.clear()),
        spoilt("categories[0]", |request: &mut VerifyConsentRequest| request.categories = vec![1]),
        spoilt("categories", |request: &mut VerifyConsentRequest| request.categories = vec![2, 2]),
    ];
    for (field, spoil) in cases {
        let mut request = VerifyConsentRequest {
            youth: youth.clone(),
            discloser: OHJAAMO.into(),
            recipient: KELA.into(),
            purpose: purpose_of(KELA) as i32,
            categories: vec![DataCategory::IdentityContact as i32],
            ..VerifyConsentRequest::default()
        };
        spoil(&mut request);
        assert_field(stage.ohjaamo().consent.verify_consent(request).await, field, "INVALID_FIELDS");
    }
    stage.close().await;
}

/// Of nobody's unit anything is recorded, sent or told: whoever names one is told so, whomever it is about.
#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_is_not_registered_is_refused_wherever_one_is_named() {
    // The workshop does not call over gRPC: its units stand with the agency itself.
    let of_its_own =
        |text: String| text.replace("adapter = \"walmu\"", "adapter = \"walmu\"\nunits = [\"paja-1\"]");
    let stage = Stage::with(&WorldSettings::default(), of_its_own).await;
    let (youth, ohjaamo) = (stage.youth(PEOPLE[0]).await, stage.ohjaamo());
    let nobody = format!("youths/{}", uuid::Uuid::now_v7());
    let good = || terms(OHJAAMO, KELA, purpose_of(KELA), &BASIC);
    // Another agency's unit, one that nobody has, another spelling, and one of an agency with a system alone.
    for unit in ["kela/nuorten-palvelut", "kela/tuntematon", "kela/KUNTOUTUS", "paja/yksikko-1"] {
        for field in ["terms.disclosers", "terms.recipients"] {
            let mut terms = good();
            let side =
                if field == "terms.disclosers" { &mut terms.disclosers } else { &mut terms.recipients };
            side.push(unit.into());
            let recorded = record(&ohjaamo, &youth, terms.clone(), evidence()).await;
            assert_field(recorded, field, "UNKNOWN_UNIT");
            let asked = RequestConsentRequest {
                request_id: request_id(),
                youth: youth.clone(),
                terms: Some(terms.clone()),
            };
            assert_field(ohjaamo.clone().consent.request_consent(asked).await, field, "UNKNOWN_UNIT");
        }
        let sent = referral_to(unit, &youth, purpose_of(KELA), full_content());
        assert_field(ohjaamo.clone().referral.send_referral(sent).await, "recipient", "UNKNOWN_UNIT");
        // Nothing about the person is looked at: of one who has consented, of nobody, for one who may not ask.
        for youth in [&youth, &nobody] {
            for (field, client) in [
                ("recipient", &ohjaamo),
                ("discloser", &ohjaamo),
                ("recipient", &stage.subject(youth.as_str())),
            ] {
                let mut question = VerifyConsentRequest {
                    youth: youth.clone(),
                    discloser: OHJAAMO.into(),
                    recipient: OHJAAMO.into(),
                    purpose: purpose_of(KELA) as i32,
                    categories: vec![DataCategory::IdentityContact as i32],
                    ..VerifyConsentRequest::default()
                };
                let side =
                    if field == "discloser" { &mut question.discloser } else { &mut question.recipient };
                *side = unit.into();
                let answer = client.clone().consent.verify_consent(question.clone()).await;
                assert_field(answer, field, "UNKNOWN_UNIT");
                let batch = BatchVerifyConsentsRequest { requests: vec![question] };
                let answer = client.clone().consent.batch_verify_consents(batch).await.unwrap().into_inner();
                let Some(verify_consent_result::Result::Error(error)) = &answer.results[0].result else {
                    panic!("answered")
                };
                assert_eq!((error.reason.as_str(), error.field.as_str()), ("UNKNOWN_UNIT", field));
            }
        }
    }
    for registered in ["kela/kuntoutus", "paja/paja-1"] {
        let question = VerifyConsentRequest {
            youth: nobody.clone(),
            discloser: "ohjaamo/keskusta".into(),
            recipient: registered.into(),
            purpose: purpose_of(KELA) as i32,
            categories: vec![DataCategory::IdentityContact as i32],
            ..VerifyConsentRequest::default()
        };
        ohjaamo.clone().consent.verify_consent(question).await.unwrap();
    }
    let list = ListConsentsRequest { parent: youth, ..ListConsentsRequest::default() };
    let consents = ohjaamo.clone().consent.list_consents(list).await.unwrap().into_inner().consents;
    assert_eq!(consents.len(), 3, "what the young person had given, and nothing more");
    stage.close().await;
}
