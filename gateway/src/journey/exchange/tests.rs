//! What a document says is recorded all of it or nothing, about nobody but the named person.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use polku_policy::{Agency, Agreement, Directory, Engine, Rules, Sector, Standing};
use polku_proto::v1::consent_evidence::{Form, GivenBy};
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::import_consent_request::Reading;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::legal_status_terms::Status;
use polku_proto::v1::{
    AddJourneyEntryRequest, CapacityAssessment, ConsentState, ConsentTerms, DataCategory,
    IdentifyYouthRequest, JourneyEntry, JourneyOpening, JourneySource, LegalBasis, LegalStatusTerms,
    LinkIdentityRequest, ProhibitionTerms, Purpose, RecordLegalStatusRequest, capacity_assessment,
    prohibition,
};
use polku_proto::{YouthId, YouthName};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::audit::AuditLog;
use crate::caller::Actor;
use crate::clock::{Clock, ForwardClock, ManualClock};
use crate::config::{Delays, DeliverySettings, JourneySettings, PlanSettings, RetentionSettings, Units};
use crate::directory::{Routing, ServiceDirectory};
use crate::gateway::Parts;
use crate::record::wire_time;
use crate::seal::Keys;
use crate::store::sqlite::SqliteStore;
use polku_adapters::formats::fhir::Patient;

const CODE: &str = "010594Y9032";
/// Of age from 3 March 2026 on, the day after the scene begins.
const NEARLY_OF_AGE: &str = "030308A902H";

struct Scene {
    gateway: Arc<Gateway>,
    clock: Arc<ManualClock>,
    code: &'static str,
    youth: YouthId,
    caller: Caller,
    _folder: TempDir,
}

impl Scene {
    async fn open() -> Scene {
        Scene::of(CODE).await
    }

    /// With the person of this code.
    async fn of(code: &'static str) -> Scene {
        let clock = Arc::new(ManualClock::new("2026-03-02T10:00:00Z".parse().unwrap()));
        let folder = TempDir::new().unwrap();
        let agency = |id: &str, sector| Agency::new(id.parse().unwrap(), sector, Standing::Authority);
        let agencies = vec![agency("ohjaamo", Sector::YouthWork), agency("kela", Sector::Benefits)];
        let agreement = Agreement { from: "ohjaamo".parse().unwrap(), to: "kela".parse().unwrap() };
        let directory = Directory::new(agencies, vec![agreement]).unwrap();
        let gateway = Gateway::open(Parts {
            clock: ForwardClock::after(Arc::clone(&clock) as Arc<dyn Clock>, None).unwrap(),
            store: Arc::new(SqliteStore::open(&folder.path().join("polku.db")).unwrap()),
            audit: AuditLog::open(&folder.path().join("audit.log")).unwrap().0,
            keys: Keys::generate_into(&folder.path().join("keys")).unwrap(),
            engine: Arc::new(Engine::new(Rules::shipped().unwrap(), directory.clone()).unwrap()),
            directory,
            service_directory: ServiceDirectory::default(),
            routing: Routing::default(),
            controllers: BTreeMap::new(),
            units: Units::default(),
            adapters: Vec::new(),
            quota: crate::config::QuotaSettings::default(),
            delivery: DeliverySettings::default(),
            plan: PlanSettings::default(),
            journey: JourneySettings::default(),
            delays: Delays::default(),
            retention: RetentionSettings::default(),
        });
        let gateway = gateway.await.unwrap();
        let professional = Actor::Professional {
            id: "ohjaaja-1".into(),
            unit: "keskusta".into(),
            role: "guidance_worker".into(),
        };
        let caller = Caller { agency: "ohjaamo".parse().unwrap(), actor: professional };
        let request = IdentifyYouthRequest {
            request_id: Uuid::now_v7().to_string(),
            identity_code: code.into(),
            ..IdentifyYouthRequest::default()
        };
        let name = gateway.identify(&caller, Valid::check(request).unwrap()).await.unwrap().youth;
        let youth = name.parse::<YouthName>().unwrap().youth;
        Scene { gateway, clock, code, youth, caller, _folder: folder }
    }

    fn now(&self) -> Timestamp {
        self.gateway.now()
    }

    fn terms(&self) -> ConsentTerms {
        ConsentTerms {
            kind: ConsentKind::Consent as i32,
            disclosers: vec!["ohjaamo".into()],
            recipients: vec!["kela".into()],
            purposes: vec![Purpose::Rehabilitation as i32],
            categories: vec![DataCategory::ServiceNeeds as i32, DataCategory::Housing as i32],
            valid_until: Some(wire_time(self.now() + SignedDuration::from_hours(1)).unwrap()),
            legal_basis: LegalBasis::Consent as i32,
            ..ConsentTerms::default()
        }
    }

    fn document(&self) -> Imported {
        let housing = vec![DataCategory::Housing as i32];
        Imported {
            patient: Patient::Hetu(self.code.parse().unwrap()),
            given_by: Some(Giver::Patient),
            consents: vec![permission(self.terms()), permission(self.terms())],
            prohibitions: vec![ProhibitionTerms { categories: housing, ..ProhibitionTerms::default() }],
        }
    }

    fn request(&self, content: &str) -> ImportConsentRequest {
        ImportConsentRequest {
            request_id: Uuid::now_v7().to_string(),
            youth: YouthName { youth: self.youth }.to_string(),
            content: content.into(),
            reading: Reading::R4Literal as i32,
            evidence: Some(evidence()),
        }
    }

    /// What the use case does once the document has been read.
    async fn import(
        &self,
        request: &ImportConsentRequest,
        imported: Imported,
    ) -> Result<ImportConsentResponse, Error> {
        let call = self.gateway.call(&self.caller, "ImportConsent", &request.request_id, request)?;
        let Begun { person, now, alone: _alone, .. } =
            self.gateway.begin::<ImportConsentResponse>(&call, self.youth).await?;
        let evidence = request.evidence.clone().unwrap_or_default();
        let answer = self.gateway.record_imported(&call, &person, imported, &evidence, now).await?;
        Ok(crate::answer::answer(answer, &self.caller, now)?.into_inner())
    }

    /// A document with one consent that the young person has given in person at this time.
    fn given_at(&self, instant: Timestamp) -> Imported {
        let source =
            ConsentSource { give_time: Some(wire_time(instant).unwrap()), ..ConsentSource::default() };
        let consents = vec![Permission { source, ..permission(self.terms()) }];
        Imported { consents, prohibitions: Vec::new(), ..self.document() }
    }

    async fn assess(&self, result: capacity_assessment::Result) -> String {
        self.assess_under(self.youth, result).await
    }

    async fn assess_under(&self, youth: YouthId, result: capacity_assessment::Result) -> String {
        let assessment = CapacityAssessment { result: result as i32 };
        let request = RecordLegalStatusRequest {
            request_id: Uuid::now_v7().to_string(),
            youth: YouthName { youth }.to_string(),
            terms: Some(LegalStatusTerms { status: Some(Status::CapacityAssessment(assessment)) }),
        };
        let request = Valid::check(request).unwrap();
        let change = self.gateway.record_legal_status(&self.caller, request).await.unwrap();
        let change = crate::answer::answer(change, &self.caller, self.now()).unwrap().into_inner();
        change.status.unwrap().name
    }

    async fn recorded(&self) -> usize {
        self.gateway.store.instruments_of(self.youth).await.unwrap().len()
    }
}

fn permission(terms: ConsentTerms) -> Permission {
    Permission { terms, source: ConsentSource::default() }
}

fn evidence() -> ConsentEvidence {
    ConsentEvidence {
        given_by: GivenBy::Self_ as i32,
        form: Form::Written as i32,
        notice_version: "2026-1".into(),
        notice_language: "fi".into(),
        notice_sha256: vec![7; 32],
        ..ConsentEvidence::default()
    }
}

#[tokio::test]
async fn permissions_become_consents_and_denials_prohibitions_in_one_change() {
    let scene = Scene::open().await;
    let request = scene.request("{}");
    let answer = scene.import(&request, scene.document()).await.unwrap();
    assert_eq!((answer.consents.len(), answer.prohibitions.len()), (2, 1));
    for consent in &answer.consents {
        assert_eq!((consent.state(), consent.recorder.as_str()), (ConsentState::Given, "ohjaamo"));
        assert_eq!(consent.evidence, Some(evidence()));
    }
    assert_eq!(answer.prohibitions[0].state(), prohibition::State::InForce);
    assert_eq!(answer.receipt.as_ref().map(|receipt| receipt.sequence), Some(answer.revision));
    assert_eq!(scene.recorded().await, 3);
    assert_eq!((scene.gateway.index().len(), scene.gateway.index().revision()), (3, answer.revision));

    // The same call has the same answer, whether or not the document could still be read.
    let again = Valid::check(request.clone()).unwrap();
    let again = scene.gateway.import_consent(&scene.caller, again).await.unwrap();
    let again = crate::answer::answer(again, &scene.caller, scene.now()).unwrap().into_inner();
    assert!(again == answer);
    let other = ImportConsentRequest { content: "{ }".into(), ..request };
    let other = Valid::check(other).unwrap();
    let refused = scene.gateway.import_consent(&scene.caller, other).await.map(drop);
    assert_eq!(refused.unwrap_err().reason(), "REQUEST_ID_REUSED");
    assert_eq!(scene.recorded().await, 3);
}

#[tokio::test]
async fn one_thing_wrong_and_nothing_is_recorded() {
    let scene = Scene::open().await;
    let later = wire_time(scene.now() + SignedDuration::from_secs(1)).unwrap();
    let sourced = |give_time, record_time| Permission {
        source: ConsentSource { give_time, record_time, ..ConsentSource::default() },
        ..permission(scene.terms())
    };
    let nobody = YouthName { youth: YouthId::from_uuid(Uuid::nil()) };
    let endless = ConsentTerms { valid_until: None, ..scene.terms() };
    let foreign = ConsentTerms { recipients: vec!["te".into()], ..scene.terms() };
    let empty = ConsentTerms { purposes: Vec::new(), ..scene.terms() };
    let documents = vec!["asiakirja-1".into()];
    let nobodys = ProhibitionTerms { documents, ..ProhibitionTerms::default() };
    let cases = [
        ("PATIENT_MISMATCH", Imported { patient: Patient::Youth(nobody), ..scene.document() }),
        (
            "PATIENT_MISMATCH",
            Imported { patient: Patient::Hetu("010594Y9021".parse().unwrap()), ..scene.document() },
        ),
        ("NOTHING_STATED", Imported { consents: Vec::new(), prohibitions: Vec::new(), ..scene.document() }),
        (
            "TERMS_INVALID",
            Imported { consents: vec![permission(scene.terms()), permission(endless)], ..scene.document() },
        ),
        (
            "UNKNOWN_AGENCY",
            Imported { consents: vec![permission(scene.terms()), permission(foreign)], ..scene.document() },
        ),
        (
            "INVALID_FIELDS",
            Imported { consents: vec![permission(scene.terms()), permission(empty)], ..scene.document() },
        ),
        ("TERMS_INVALID", Imported { prohibitions: vec![nobodys], ..scene.document() }),
        // The young person is said to have given it.
        ("TERMS_INVALID", Imported { consents: vec![sourced(Some(later), None)], ..scene.document() }),
        ("TERMS_INVALID", Imported { consents: vec![sourced(None, Some(later))], ..scene.document() }),
        ("GIVER_MISMATCH", Imported { given_by: Some(Giver::RelatedPerson), ..scene.document() }),
    ];
    for (reason, imported) in cases {
        let leaves = scene.gateway.audit.len();
        let refused = scene.import(&scene.request("{}"), imported).await.unwrap_err();
        assert_eq!(refused.reason(), reason);
        assert_eq!((scene.recorded().await, scene.gateway.audit.len()), (0, leaves));
    }
    let guardian = ImportConsentRequest {
        evidence: Some(ConsentEvidence { given_by: GivenBy::Guardian as i32, ..evidence() }),
        ..scene.request("{}")
    };
    for (reason, given_by, prohibitions) in [
        ("GIVER_MISMATCH", Some(Giver::Patient), Vec::new()),
        ("RENEW_BY_SUBJECT", Some(Giver::RelatedPerson), Vec::new()),
        ("RENEW_BY_SUBJECT", None, Vec::new()),
        ("GUARDIAN_PROHIBITS", Some(Giver::RelatedPerson), scene.document().prohibitions),
        ("GUARDIAN_PROHIBITS", None, scene.document().prohibitions),
    ] {
        let imported = Imported { given_by, prohibitions, ..scene.document() };
        let refused = scene.import(&guardian, imported).await.unwrap_err();
        assert_eq!((refused.reason(), scene.recorded().await), (reason, 0));
    }
    assert!(scene.gateway.index().is_empty());
}

#[tokio::test]
async fn a_document_may_name_the_person_as_the_gateway_does_and_only_deny() {
    let scene = Scene::open().await;
    let patient = Patient::Youth(YouthName { youth: scene.youth });
    // And need not say who has given it.
    let imported = Imported { patient, given_by: None, consents: Vec::new(), ..scene.document() };
    let answer = scene.import(&scene.request("{}"), imported).await.unwrap();
    assert_eq!((answer.consents.len(), answer.prohibitions.len()), (0, 1));
    assert_eq!(scene.gateway.index().len(), 1);
}

#[tokio::test]
async fn what_a_minor_has_given_elsewhere_takes_an_assessment_of_then() {
    let scene = Scene::of(NEARLY_OF_AGE).await;
    let hour = SignedDuration::from_hours(1);
    let begun = scene.now();
    let of_age: Timestamp = "2026-03-02T22:00:00Z".parse().unwrap();
    scene.clock.advance(hour);
    let assessment = scene.assess(capacity_assessment::Result::CapableAllows).await;
    let able = scene.now();
    scene.clock.advance(hour);
    scene.assess(capacity_assessment::Result::NotCapable).await;
    let unable = scene.now();
    scene.clock.set(of_age + hour);
    let second = SignedDuration::from_secs(1);
    let mut kept = scene.recorded().await;
    for (given, expected) in [
        (begun, None),
        (able - second, None),
        (able, Some(assessment.as_str())),
        (unable - second, Some(assessment.as_str())),
        (unable, None),
        (of_age - second, None),
        (of_age, Some("")),
    ] {
        let imported = scene.import(&scene.request("{}"), scene.given_at(given)).await;
        match expected {
            None => assert_eq!(imported.unwrap_err().reason(), "CAPACITY_NOT_ASSESSED", "{given}"),
            Some(capacity) => {
                let consent = imported.unwrap().consents.remove(0);
                assert_eq!(consent.evidence.unwrap().capacity, capacity, "{given}");
                kept += 1;
            }
        }
        assert_eq!(scene.recorded().await, kept, "{given}");
    }
}

/// Of what is said of one person under several ids the strictest counts, whichever of them it is.
#[tokio::test]
async fn an_assessment_under_another_id_as_not_able_counts() {
    let scene = Scene::of(NEARLY_OF_AGE).await;
    let hour = SignedDuration::from_hours(1);
    let request = IdentifyYouthRequest {
        request_id: Uuid::now_v7().to_string(),
        temporary_id: "1.2.246.10.2048198.22.2026.4711".into(),
        ..IdentifyYouthRequest::default()
    };
    let former = scene.gateway.identify(&scene.caller, Valid::check(request).unwrap()).await.unwrap().youth;
    let former = former.parse::<YouthName>().unwrap().youth;
    // Whoever has taken somebody up links them.
    let opening = JourneyOpening { source: JourneySource::Self_ as i32 };
    let entry = JourneyEntry { matter: Some(Matter::Opening(opening)), ..JourneyEntry::default() };
    let request = AddJourneyEntryRequest {
        request_id: Uuid::now_v7().to_string(),
        parent: YouthName { youth: former }.to_string(),
        entry: Some(entry),
    };
    scene.gateway.add_journey_entry(&scene.caller, Valid::check(request).unwrap()).await.map(drop).unwrap();
    scene.assess(capacity_assessment::Result::CapableAllows).await;
    let able = scene.now();
    scene.clock.advance(hour);
    scene.assess_under(former, capacity_assessment::Result::NotCapable).await;
    let unable = scene.now();
    let link = LinkIdentityRequest {
        request_id: Uuid::now_v7().to_string(),
        youth: YouthName { youth: former }.to_string(),
        identity_code: NEARLY_OF_AGE.into(),
        ..LinkIdentityRequest::default()
    };
    scene.clock.set("2026-03-02T23:00:00Z".parse().unwrap());
    scene.import(&scene.request("{}"), scene.given_at(unable)).await.unwrap();
    scene.gateway.link_identity(&scene.caller, Valid::check(link).unwrap()).await.unwrap();
    let refused = scene.import(&scene.request("{}"), scene.given_at(unable)).await;
    assert_eq!(refused.unwrap_err().reason(), "CAPACITY_NOT_ASSESSED");
    scene.import(&scene.request("{}"), scene.given_at(able)).await.unwrap();
}
