//! Do the office and the adapter understand each other, message by message, both ways?

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use polku_adapters::{
    Adapter, AdapterErrorKind, Inbound, InboundChange, InboundEvent, InboundMatter, InboundOutcome, Received,
    Retry,
};
use polku_policy::{
    Agency, Agreement, Authorised, Channel, ConsentIndex, Directory, Engine, GivenBy, Grant, GrantKind,
    Period, PurposeSet, Question, Rules, Sector, Standing, Viewer,
};
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{Delivery, FactsQuery, PlanPart, Purpose, ReferralState};
use polku_proto::{AgencyId, CategorySet, Disclose, Party, Valid};
use polku_tests::pki::{Identity, Pki};
use polku_tests::simulators::te::{Answered, Ground, TeSettings, TeSimulator, Told};
use polku_tests::simulators::{
    Fault, Held, Official, RawReply, SimulatedAgency, SimulatorTls, Surroundings, TakenInKind,
};
use uuid::Uuid;

const PERSON: &str = "010594Y9032";
const YOUTH: &str = "0190aaaa-0000-7000-8000-000000000011";
const PLAN: &str = "0190aaaa-0000-7000-8000-000000000012";
const MESSAGE: &str = "0190aaaa-0000-7000-8000-000000000013";
const REFERRAL: &str = "0190aaaa-0000-7000-8000-000000000014";

struct Office {
    authority: String,
    gateway: Identity,
    te: TeSimulator,
}

impl Office {
    fn open() -> Self {
        let pki = Pki::new().unwrap();
        let server = pki.issue_server(&["localhost"]).unwrap();
        let authority = pki.authority_pem().to_owned();
        let tls = SimulatorTls { server, authority_pem: authority.clone() };
        let settings = TeSettings::new(tls, pki.issue_client("te").unwrap());
        let te = TeSimulator::start(settings).unwrap();
        Self { authority, gateway: pki.issue_client("polku").unwrap(), te }
    }
}

fn now() -> Timestamp {
    "2026-11-21T09:31:00Z".parse().unwrap()
}

fn agency(id: &str) -> AgencyId {
    id.parse().unwrap()
}

fn official() -> Official {
    Official::new("virkailija-1", "nuorten-palvelut")
}

/// Has the engine authorise a payload from `ohjaamo` to `te`, under a consent for everything.
fn permit<X: Disclose + polku_proto::Validate>(payload: X) -> Authorised<X> {
    let (from, to) = (agency("ohjaamo"), agency("te"));
    let agencies = vec![
        Agency::new(from.clone(), Sector::YouthWork, Standing::Authority),
        Agency::new(to.clone(), Sector::Employment, Standing::Authority),
    ];
    let agreement = Agreement { from: from.clone(), to: to.clone() };
    let directory = Directory::new(agencies, vec![agreement]).unwrap();
    let engine = Engine::new(Rules::shipped().unwrap(), directory).unwrap();
    let categories = CategorySet::ALL.difference(CategorySet::ENVELOPE);
    let grant = Grant {
        id: YOUTH.parse().unwrap(),
        version: 1,
        youth: YOUTH.parse().unwrap(),
        kind: GrantKind::Consent,
        given_by: GivenBy::Self_,
        given: "2026-11-01T00:00:00Z".parse().unwrap(),
        disclosers: vec![Party::whole(from.clone())],
        recipients: vec![Party::whole(to.clone())],
        purposes: PurposeSet::of(&[Purpose::EmploymentServices]),
        categories,
        explicit: polku_policy::SPECIAL.intersection(categories),
        period: Period::new("2026-11-01T00:00:00Z".parse().unwrap(), None).unwrap(),
    };
    let mut index = ConsentIndex::new();
    index.put_person(grant.youth, jiff::civil::date(1994, 5, 1));
    index.put_grant(&grant, 1);
    let channel = Channel::between(from, to);
    let purpose = Purpose::EmploymentServices;
    let question = Question::new(YOUTH.parse().unwrap(), channel, Viewer::Addressee, purpose, now());
    engine.authorise(&index, Valid::check(payload).unwrap(), CategorySet::EMPTY, &question).unwrap()
}

fn adapter(office: &Office) -> Arc<dyn Adapter> {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let surroundings = Surroundings {
        folder: folder.path(),
        agency: "te",
        ca_file: &file("ca.pem", &office.authority),
        certificate_file: &file("client.pem", &office.gateway.certificate_pem),
        key_file: &file("client.key", &office.gateway.key_pem),
        timeout_ms: 5000,
    };
    let table = SimulatedAgency::settings(&office.te, &surroundings, "usual").unwrap();
    polku_adapters::build("te", agency("te"), table.parse().unwrap()).unwrap()
}

fn query(categories: CategorySet) -> FactsQuery {
    FactsQuery {
        query_id: MESSAGE.into(),
        requester: "ohjaamo".into(),
        professional: "ohjaaja-7".into(),
        purpose: Purpose::EmploymentServices.into(),
        categories: categories.to_wire(),
        identity_code: PERSON.into(),
    }
}

fn specimen() -> Held {
    SimulatedAgency::specimen(&Office::open().te)
}

/// The categories that the adapter says it fetches.
fn fetched() -> CategorySet {
    polku_adapters::kinds().iter().find(|kind| kind.id == "te").unwrap().fetches
}

#[tokio::test]
async fn a_plan_is_taken_in() {
    let office = Office::open();
    let adapter = adapter(&office);
    let part = PlanPart {
        plan: format!("youths/{YOUTH}/plans/{PLAN}"),
        owner: "ohjaamo".into(),
        redacted: true,
        ..specimen().plans.remove(0)
    };
    let delivery = Delivery {
        message_id: MESSAGE.into(),
        referral: String::new(),
        sender: "ohjaamo".into(),
        recipient: "te".into(),
        professional: "ohjaaja-7".into(),
        item: Some(Item::PlanPart(part)),
    };
    let receipt = adapter.deliver(permit(delivery), now()).await.unwrap();
    assert_eq!(receipt.reference, "TE-000001");
    let taken = office.te.ledger().all_taken_in().remove(0);
    assert_eq!((taken.kind, taken.message_id.as_str()), (TakenInKind::PlanPart, MESSAGE));
    assert_eq!(taken.referral_id, PLAN);
    assert_eq!(taken.field("tapaaminen.paikka"), Some("Torikatu 99"));
    assert_eq!(taken.field("toimi.ptvPalvelu"), Some("7d4c9f5e-1111-4222-8333-0123456789ab"));
    assert_eq!(taken.field("vastuuasiantuntija.sahkoposti"), Some("tiina@example.invalid"));
    assert!(office.te.ledger().received_contains(b">FIohjaaja-7<"));
    assert!(office.te.ledger().received_contains(format!("issue>{PLAN}<").as_bytes()));
}

#[tokio::test]
async fn what_is_held_is_told() {
    let office = Office::open();
    let adapter = adapter(&office);
    let nobody = adapter.fetch(permit(query(fetched())), now()).await.unwrap();
    assert!(nobody.facts.is_empty() && nobody.plans.is_empty());
    let mut held = SimulatedAgency::specimen(&office.te);
    office.te.hold(PERSON, &held).unwrap();
    let told = adapter.fetch(permit(query(fetched())), now()).await.unwrap();
    assert_eq!(told.agency, "te");
    assert_eq!(told.facts, held.facts);
    held.plans[0].owner = "te".into();
    assert_eq!(told.plans, held.plans);
    // The specimen has something of everything that the adapter fetches.
    let mut categories = CategorySet::EMPTY;
    told.facts.iter().for_each(|fact| categories.extend(Disclose::categories(fact)));
    told.plans.iter().for_each(|plan| categories.extend(Disclose::categories(plan)));
    assert_eq!(categories.difference(CategorySet::ENVELOPE), fetched());
    // The office tells everything, and the adapter leaves out what was not asked for.
    for category in fetched().iter() {
        let asked = CategorySet::of(&[category]);
        let told = adapter.fetch(permit(query(asked)), now()).await.unwrap();
        for fact in &told.facts {
            assert_eq!(fact.category(), category);
        }
        for plan in &told.plans {
            let all = Disclose::categories(plan).difference(CategorySet::ENVELOPE);
            assert_eq!(all, asked);
        }
    }
    let about = Held { facts: vec![polku_proto::v1::Fact::default()], plans: Vec::new() };
    assert!(office.te.hold(PERSON, &about).is_err());
    // Never in a header.
    let received = office.te.ledger().received();
    assert!(
        received.iter().all(|request| !format!("{:?}{}", request.headers, request.path).contains(PERSON))
    );
}

/// Has the adapter take a message in, and the office read the answer to this outcome.
fn told(office: &Office, told: &Told, outcome: &InboundOutcome) -> (InboundEvent, Answered) {
    let settings = office.te.settings();
    let letter = told.letter(settings);
    let mut http = HeaderMap::new();
    http.insert("content-type", HeaderValue::from_static("text/xml; charset=utf-8"));
    let mut peer = [0; 32];
    for (byte, digits) in peer.iter_mut().zip(settings.official.sha256.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
    }
    let inbound = Inbound { headers: &http, body: letter.bytes(), peer: Some(peer), now: now() };
    let adapter = adapter(office);
    let Received { event, context } = adapter.receive(&inbound).unwrap();
    let reply = adapter.reply(&context, outcome, Uuid::nil());
    let mut headers_of_reply = HeaderMap::new();
    headers_of_reply.insert("content-type", HeaderValue::from_static(reply.content_type));
    let reply = RawReply { status: reply.status, headers: headers_of_reply, body: reply.body.into() };
    (event, letter.answered(&reply).unwrap())
}

#[tokio::test]
async fn an_outreach_notice_is_sent() {
    let office = Office::open();
    let content = specimen().plans.remove(0).background.unwrap();
    let ground = Ground {
        ground: "ETSIVA_NUORISOTYO",
        statement: "Ei vastaa yhteydenottoihin.",
        consent_asked: "EI_TAVOITETTU",
    };
    let frame = (PERSON, "etsiva/keskusta", Purpose::OutreachYouthWork);
    let until = "2026-12-21T09:30:00.5Z";
    let id = Uuid::now_v7();
    let message = Told::referral_until(id, &official(), frame, &content, until, Some(ground));
    let outcome = InboundOutcome::Sent {
        referral: REFERRAL.parse().unwrap(),
        state: ReferralState::Requested,
        sequence: 7,
    };
    let (event, answered) = told(&office, &message, &outcome);
    assert_eq!((event.message, event.official.as_str()), (id, "virkailija-1"));
    let InboundMatter::Referral(referral) = event.matter else { panic!("no referral") };
    assert_eq!(referral.identity.expose(), PERSON);
    assert_eq!(referral.recipient.to_string(), "etsiva/keskusta");
    assert_eq!(referral.respond_by, Some(until.parse().unwrap()));
    assert_eq!(referral.claim.unwrap().statement, "Ei vastaa yhteydenottoihin.");
    assert_eq!(referral.content, content);
    let Answered::Response(response) = answered else { panic!("{answered:?}") };
    let values = response.values(["laheteTunnus", "tila", "tapahtumanumero"]).unwrap();
    assert_eq!(values, [REFERRAL, "PYYDETTY", "7"]);
    let refused = InboundOutcome::Refused { reason: "NO", hint: "no".to_owned(), retry: Retry::Never };
    let (_, answered) = told(&office, &message, &refused);
    assert!(matches!(answered, Answered::Refused { .. }), "{answered:?}");
    let later = InboundOutcome::Refused { reason: "NO", hint: "no".to_owned(), retry: Retry::Backoff };
    let (_, answered) = told(&office, &message, &later);
    assert!(matches!(answered, Answered::TechnicalFault { .. }), "{answered:?}");
}

#[tokio::test]
async fn own_plan_and_answers_are_sent() {
    let office = Office::open();
    let part = specimen().plans.remove(0);
    let message = Told::plan(Uuid::now_v7(), &official(), PERSON, &part).unwrap();
    let (event, answered) = told(&office, &message, &InboundOutcome::PlanTaken { sequence: 8 });
    let InboundMatter::PlanPart(plan) = event.matter else { panic!("no plan") };
    assert_eq!(plan.identity.expose(), PERSON);
    assert_eq!(plan.part, PlanPart { owner: "te".into(), ..part.clone() });
    let Answered::Response(response) = answered else { panic!("{answered:?}") };
    assert_eq!(response.values(["tapahtumanumero"]).unwrap(), ["8"]);
    assert!(response.values(["tila"]).is_err());

    let content = part.background.unwrap();
    let message = Told::information(Uuid::now_v7(), &official(), REFERRAL, &content);
    let outcome = InboundOutcome::Applied { state: ReferralState::Accepted, sequence: 9 };
    let (event, _) = told(&office, &message, &outcome);
    let InboundMatter::Change { referral, change } = event.matter else { panic!("no change") };
    assert_eq!(referral.to_string(), REFERRAL);
    let InboundChange::ProvideInformation { answer, .. } = change else { panic!("no answer") };
    assert_eq!(*answer, content);
}

#[tokio::test]
async fn a_question_may_be_asked_again_whatever_came_of_it() {
    let office = Office::open();
    let adapter = adapter(&office);
    office.te.hold(PERSON, &specimen()).unwrap();
    let open = AdapterErrorKind::Unanswered;
    let rejected = |code: &str| AdapterErrorKind::Rejected { code: code.to_owned() };
    let faults = [
        (Fault::ResetAfterEffect, open.clone()),
        (Fault::HalfAnswer, open.clone()),
        (Fault::Garbage, open.clone()),
        (Fault::WrongEcho, open.clone()),
        (Fault::WrongHash, open.clone()),
        (Fault::Doctype, open.clone()),
        (Fault::HugeAnswer(2 * 1024 * 1024), open.clone()),
        (Fault::FailAfterEffect(502), open.clone()),
        (Fault::Redirect, open),
        (Fault::BusinessFault("EI_PALVELUALUETTA".into()), rejected("EI_PALVELUALUETTA")),
        (Fault::BusinessFault(format!("EI_{PERSON}")), rejected("unspecified")),
        (
            Fault::TechnicalFault("server.serverproxy.access_denied".into()),
            rejected("server.serverproxy.access_denied"),
        ),
        (
            Fault::TechnicalFault("server.serverproxy.service_disabled".into()),
            AdapterErrorKind::Unavailable { after: None },
        ),
    ];
    for (fault, kind) in faults {
        office.te.faults().once(fault.clone());
        let error = adapter.fetch(permit(query(fetched())), now()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{fault:?}");
        assert!(!format!("{error} {error:?}").contains(PERSON));
        let told = adapter.fetch(permit(query(fetched())), now()).await.unwrap();
        assert_eq!(told.facts.len(), 8, "{fault:?}");
    }
}
