//! Does time that passes take from a young person what it should, and nothing of the journey?

use jiff::SignedDuration;
use polku_proto::time::finnish_date;
use polku_proto::v1::consent_evidence::GivenBy;
use polku_proto::v1::follow_up::Kind;
use polku_proto::v1::task::Matter;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    ConsentEvidence, ConsentTerms, DataCategory, JourneySource, LegalGround, ListTasksRequest, Purpose,
    RecordConsentRequest, SearchServicesRequest, SendWarning,
};
use polku_tests::world::{
    Client, DIRECTORY, KELA, OHJAAMO, TE, WorldSettings, eventually, evidence, full_content, nobody_born,
    referral_to, request_id, terms,
};
use tonic::Code;

use super::identity::{identify, next_step};
use super::{add, assignment, encounter, journey, opening};
use crate::law::{on_ground, send};
use crate::stage::{BASIC, PATIENCE, Stage, assert_refused, wire};

/// Outreach youth work of the home municipality, which has no system of its own.
const OUTREACH: &str = "\n[[agency]]\nid = \"etsiva\"\nsector = \"youth_work\"\nstanding = \"authority\"\n\
    tasks = [\"outreach_youth_work\"]\nmunicipalities = [\"049\"]\n";
/// That the employment services refer to Kela.
const AGREEMENT: &str = "\n[[agreement]]\nfrom = \"te\"\nto = \"kela\"\n";
/// From noon in Finland until the next day begins.
const UNTIL_MIDNIGHT: SignedDuration = SignedDuration::from_hours(12);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Somebody born on this day, with an adult beside them.
async fn begun(ohjaamo: &Client, born: (usize, usize, usize)) -> String {
    let youth = identify(ohjaamo, &nobody_born(born, 7), "").await.unwrap();
    add(ohjaamo, &youth, opening(JourneySource::Self_)).await.unwrap();
    add(ohjaamo, &youth, assignment("ohjaaja-1", Reason::First)).await.unwrap();
    youth
}

/// The journey goes on as it was: everything is there, there is somebody beside them, and more can be written down.
async fn goes_on(stage: &Stage, youth: &str) {
    let ohjaamo = stage.ohjaamo();
    add(&ohjaamo, youth, encounter()).await.unwrap();
    for client in [&ohjaamo, &stage.subject(youth)] {
        let seen = journey(client, youth, Purpose::Unspecified).await.unwrap();
        assert_eq!((seen.entries.len(), seen.worker.is_some()), (3, true));
        next_step(client, youth).await.unwrap();
    }
}

/// The consent that this agency has the task to ask for anew.
pub(super) async fn renewal_asked(client: &Client, youth: &str) -> Option<String> {
    let request = ListTasksRequest { parent: youth.to_owned(), ..ListTasksRequest::default() };
    let tasks = client.clone().task.list_tasks(request).await.unwrap().into_inner().tasks;
    let of = |matter: Option<Matter>| match matter {
        Some(Matter::FollowUp(follow_up)) if follow_up.kind() == Kind::ConsentRenewal => {
            Some(follow_up.consent)
        }
        _ => None,
    };
    tasks.into_iter().find_map(|task| of(task.matter))
}

/// What a guardian may, and what a guardian has permitted, ends with the last day of seventeen; the worker is asked to ask the
/// young person.
#[tokio::test(flavor = "multi_thread")]
async fn at_eighteen_the_guardian_is_nobody_and_the_guardians_word_is_asked_for_anew() {
    let stage = Stage::at_noon().await;
    let (ohjaamo, kela) = (stage.ohjaamo(), stage.kela());
    let youth = begun(&ohjaamo, (3, 3, 2008)).await;
    let code = nobody_born((3, 3, 2008), 7);
    assert_eq!(identify(&kela, &code, "").await.unwrap(), youth);
    add(&kela, &youth, opening(JourneySource::Kela)).await.unwrap();
    let request = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.clone(),
        terms: Some(ConsentTerms {
            valid_until: Some(wire(stage.now() + SignedDuration::from_hours(1000))),
            ..terms(
                OHJAAMO,
                KELA,
                Purpose::Rehabilitation,
                &[&BASIC[..], &[DataCategory::ServiceAttendance]].concat(),
            )
        }),
        evidence: Some(ConsentEvidence { given_by: GivenBy::Guardian.into(), ..evidence() }),
        ..RecordConsentRequest::default()
    };
    let consent =
        ohjaamo.clone().consent.record_consent(request).await.unwrap().into_inner().consent.unwrap();
    let guardian = stage.guardian(&youth);
    let by_guardian = async || journey(&guardian, &youth, Purpose::Unspecified).await;
    let told = async || {
        let seen = journey(&kela, &youth, Purpose::Rehabilitation).await.unwrap();
        seen.entries.iter().filter(|entry| entry.agency == OHJAAMO).count()
    };
    let asked = async || renewal_asked(&ohjaamo, &youth).await;
    stage.advance(UNTIL_MIDNIGHT - SECOND);
    assert_eq!(by_guardian().await.unwrap().entries.len(), 3, "a second before midnight");
    assert_eq!((told().await, asked().await), (2, None));

    stage.advance(SECOND);
    assert_refused(by_guardian().await, Code::NotFound, "NOT_FOUND");
    assert_eq!(told().await, 0);
    let task = eventually(PATIENCE, asked).await.expect("nobody is asked");
    assert_eq!(task, consent.name);
    add(&ohjaamo, &youth, encounter()).await.unwrap();
    let own = journey(&stage.subject(&youth), &youth, Purpose::Unspecified).await.unwrap();
    assert_eq!((own.entries.len(), own.worker.is_some()), (4, true), "nothing of the journey is lost");
    stage.close().await;
}

/// Law 1285/2016: young is who is under 29. From that day on no notice goes to outreach youth work.
#[tokio::test(flavor = "multi_thread")]
async fn at_twenty_nine_outreach_youth_work_ends_and_the_journey_goes_on() {
    let stage = Stage::at_noon_with(|text| text + OUTREACH).await;
    let te = stage.te();
    let youth = begun(&stage.ohjaamo(), (3, 3, 1997)).await;
    identify(&te, &nobody_born((3, 3, 1997), 7), "").await.unwrap();
    let notice = || {
        let mut request = on_ground(&youth, Purpose::OutreachYouthWork, LegalGround::OutreachNotice);
        request.recipient = "etsiva".into();
        request
    };
    stage.advance(UNTIL_MIDNIGHT - SECOND);
    send(&te, notice()).await.unwrap();
    stage.advance(SECOND);
    assert_refused(send(&te, notice()).await, Code::PermissionDenied, "NOT_PERMITTED");
    goes_on(&stage, &youth).await;
    stage.close().await;
}

/// The services of the directory have their ages, and for whom one of them is no more another one may be; the journey has
/// none.
#[tokio::test(flavor = "multi_thread")]
async fn at_thirty_the_services_for_the_young_end_and_the_journey_goes_on() {
    let settings = WorldSettings { directory: Some(DIRECTORY.to_owned()), ..WorldSettings::default() };
    let stage = Stage::at_noon_in(&settings, |text| text + AGREEMENT).await;
    let ohjaamo = stage.ohjaamo();
    let youth = begun(&ohjaamo, (3, 3, 1996)).await;
    let services = async || {
        let today = finnish_date(stage.now());
        let age = today.year() - 1996 - i16::from((today.month(), today.day()) < (3, 3));
        let request = SearchServicesRequest { age: Some(age.into()), ..SearchServicesRequest::default() };
        let answer = ohjaamo.clone().directory.search_services(request).await.unwrap().into_inner();
        answer.services.into_iter().map(|service| service.name).collect::<Vec<_>>()
    };
    // Whoever refers them is told when nothing of the recipient's is for their age; it is sent all the same.
    let agreed = ConsentTerms {
        disclosers: vec![OHJAAMO.into(), TE.into()],
        ..terms(OHJAAMO, KELA, Purpose::Rehabilitation, &BASIC)
    };
    let consent = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.clone(),
        terms: Some(agreed),
        evidence: Some(evidence()),
        ..RecordConsentRequest::default()
    };
    ohjaamo.clone().consent.record_consent(consent).await.unwrap();
    let warned = async |sender: &Client| {
        let mut request = referral_to(KELA, &youth, Purpose::Rehabilitation, full_content());
        request.recipient = format!("{KELA}/kuntoutus");
        request.validate_only = true;
        let answer = sender.clone().referral.send_referral(request).await.unwrap().into_inner();
        answer.warnings().collect::<Vec<_>>()
    };
    stage.advance(UNTIL_MIDNIGHT - SECOND);
    assert_eq!(warned(&ohjaamo).await, []);
    let before = services().await;
    for service in ["services/starttipiste", "services/nuotti", "services/taksikurssi"] {
        assert!(before.iter().any(|name| name == service), "{service}: {before:?}");
    }
    assert!(!before.contains(&"services/etsiva-nuorisotyo".to_owned()), "that one ended a year ago");
    stage.advance(SECOND);
    assert_eq!(services().await, ["services/taksikurssi"]);
    assert_eq!(warned(&ohjaamo).await, [SendWarning::AgeLimit]);
    // Nobody is told the age by that who has not identified them.
    let te = stage.te();
    assert_eq!(warned(&te).await, []);
    identify(&te, &nobody_born((3, 3, 1996), 7), "").await.unwrap();
    assert_eq!(warned(&te).await, [SendWarning::AgeLimit]);
    goes_on(&stage, &youth).await;
    stage.close().await;
}
