//! Is everything that is written to social services what FHIR R4 and their profiles say? Judged by the models of a package
//! from PyPI, and by rules that were written from the profiles alone.
//!
//! Judged are the golden files of the adapter, the samples of everything that it and the simulated county say to one
//! another, and what both really say: whole messages with contents made up by chance, as they have come over the wire.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use polku_adapters::{Adapter, InboundError, InboundOutcome, ReplyContext, Retry};
use polku_policy::{
    Agency, Agreement, Channel, ConsentIndex, Directory, Engine, GivenBy, Grant, GrantKind, Period,
    PurposeSet, Question, Rules, SPECIAL, Sector, Standing, Viewer,
};
use polku_proto::v1::delivery::Item;
use polku_proto::v1::{
    Delivery, DisclosureNotice, FactsQuery, Purpose, ReferralHandover, ReferralState, basis,
};
use polku_proto::{AgencyId, CategorySet, Disclose, Party, Valid, Validate, time};
use polku_tests::pki::Pki;
use polku_tests::simulators::social::message::{Message, What};
use polku_tests::simulators::social::{SocialSettings, SocialSimulator};
use polku_tests::simulators::{Action, SimulatedAgency, SimulatorClock, SimulatorTls, Surroundings};
use polku_tests::world::PEOPLE;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::program;

mod chance;

use chance::Chance;

const YOUTH: &str = "0193c5a0-0000-7000-8000-000000000001";
const REFERRAL: &str = "0193c5a0-0000-7000-8000-000000000002";
const CONSENT: &str = "0193c5a0-0000-7000-8000-000000000004";
const PLAN: &str = "0193c5a0-0000-7000-8000-000000000005";
/// How many messages of each kind are made up.
const CASES: u32 = 60;

fn now() -> Timestamp {
    "2026-11-21T09:31:00Z".parse().unwrap()
}

fn everything() -> CategorySet {
    CategorySet::ALL.difference(CategorySet::ENVELOPE)
}

/// Social services, the adapter that speaks to them, and an engine that permits everything.
struct County {
    simulator: SocialSimulator,
    adapter: Arc<dyn Adapter>,
    engine: Engine,
    index: ConsentIndex,
    _folder: TempDir,
}

impl County {
    fn open() -> Self {
        let pki = Pki::new().unwrap();
        let tls = SimulatorTls {
            server: pki.issue_server(&["localhost"]).unwrap(),
            authority_pem: pki.authority_pem().to_owned(),
        };
        let caller = pki.issue_client("agency.example").unwrap();
        let clock = SimulatorClock::reading(now);
        let usual = SocialSettings::new(tls, caller);
        let simulator = SocialSimulator::start(SocialSettings { clock, ..usual }).unwrap();
        let folder = TempDir::new().unwrap();
        pki.write_authority(folder.path(), "ca").unwrap();
        pki.issue_client("polku.example").unwrap().write(folder.path(), "gateway-client").unwrap();
        let surroundings = Surroundings {
            folder: folder.path(),
            agency: "social",
            ca_file: &folder.path().join("ca.crt.pem"),
            certificate_file: &folder.path().join("gateway-client.crt.pem"),
            key_file: &folder.path().join("gateway-client.key.pem"),
            timeout_ms: 10_000,
        };
        let settings = SimulatedAgency::settings(&simulator, &surroundings, "usual").unwrap();
        let settings = format!("{settings}organisations = {{ social = \"0245437-2\" }}\n");
        let adapter = polku_adapters::build("social", id("social"), settings.parse().unwrap()).unwrap();
        let agencies = vec![
            Agency::new(id("ohjaamo"), Sector::YouthWork, Standing::Authority),
            Agency::new(id("social"), Sector::Social, Standing::Authority),
        ];
        let agreement = Agreement { from: id("ohjaamo"), to: id("social") };
        let directory = Directory::new(agencies, vec![agreement]).unwrap();
        let engine = Engine::new(Rules::shipped().unwrap(), directory).unwrap();
        Self { simulator, adapter, engine, index: index(), _folder: folder }
    }

    fn permit<X: Disclose + Validate>(&self, payload: X) -> polku_policy::Authorised<X> {
        let channel = Channel::between(id("ohjaamo"), id("social"));
        let youth = YOUTH.parse().unwrap();
        let question = Question::new(youth, channel, Viewer::Addressee, Purpose::SocialServices, now());
        let payload = Valid::check(payload).unwrap_or_else(|violations| panic!("{violations}"));
        self.engine.authorise(&self.index, payload, CategorySet::EMPTY, &question).unwrap()
    }

    async fn deliver(&self, number: u32, item: Item) {
        let delivery = Delivery {
            message_id: format!("0193c5a0-0000-7000-8000-{:012}", 1000 + number),
            referral: format!("youths/{YOUTH}/referrals/{REFERRAL}"),
            sender: "ohjaamo".into(),
            recipient: "social".into(),
            item: Some(item),
            professional: if number.is_multiple_of(2) { "ohjaaja-7".into() } else { String::new() },
        };
        let delivered = self.adapter.deliver(self.permit(delivery), now()).await;
        delivered.unwrap_or_else(|error| panic!("message {number}: {error:?}"));
    }

    /// The bodies of all that has reached the county, in files, and those of its answers in a folder of their own.
    fn write_wire(&self, folder: &Path, answers: &Path) -> usize {
        let wire = self.simulator.control().wire();
        for (number, exchange) in wire.iter().enumerate() {
            std::fs::write(folder.join(format!("wire-{number}.json")), &exchange.body).unwrap();
            std::fs::write(answers.join(format!("answer-{number}.json")), &exchange.reply.body).unwrap();
        }
        wire.len()
    }
}

/// What the county says of its own accord, with contents made up by chance; gives the number of messages.
fn write_own(chance: &mut Chance, folder: &Path) -> usize {
    let mut number = 0;
    let mut write = |what: What| {
        let message = Message { message_id: Uuid::now_v7(), ..Message::new(what) };
        std::fs::write(folder.join(format!("own-{number}.json")), message.body("social")).unwrap();
        number += 1;
    };
    for _ in 0..CASES {
        let ReferralHandover { content, claim, redacted, .. } = chance.handover();
        write(What::Referral {
            identity_code: PEOPLE[0].into(),
            recipient: "ohjaamo/keskusta".into(),
            purpose: "guidance".into(),
            content: Box::new(content.unwrap_or_default()),
            respond_by: Some("2026-12-21T09:30:00Z".into()),
            claim,
            origin: Some(("2".into(), vec!["1.2.246.10.1.1".into()])),
            redacted,
        });
        let answer = Box::new(chance.notice().answer.unwrap_or_default());
        write(What::Answer { referral: REFERRAL.into(), answer });
        let mut part = chance.plan();
        // No county holds them without words.
        let texts = part.needs.iter_mut().map(|need| &mut need.text);
        let texts = texts.chain(part.goals.iter_mut().map(|goal| &mut goal.text));
        for text in texts.chain(part.actions.iter_mut().map(|action| &mut action.text)) {
            text.push_str(" ja muuta");
        }
        write(What::Plan { identity_code: PEOPLE[0].into(), part: Box::new(part) });
    }
    for action in [
        Action::Accept,
        Action::Reject,
        Action::AskForInformation,
        Action::Start,
        Action::Interrupt,
        Action::Complete,
        Action::Fail,
        Action::Cancel,
        Action::ConfirmCancellation,
    ] {
        let reason = (action == Action::Reject).then(|| "other".to_owned());
        let outcome = matches!(action, Action::Complete | Action::Fail).then(|| "unknown".to_owned());
        let note = "Sana".to_owned();
        write(What::Step { referral: REFERRAL.into(), action, reason, outcome, note });
    }
    number
}

fn id(text: &str) -> AgencyId {
    text.parse().unwrap()
}

fn index() -> ConsentIndex {
    let mut index = ConsentIndex::new();
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    let grant = Grant {
        id: CONSENT.parse().unwrap(),
        version: 1,
        youth: YOUTH.parse().unwrap(),
        kind: GrantKind::Consent,
        given_by: GivenBy::Self_,
        given: instant("2026-11-01T00:00:00Z"),
        disclosers: vec![Party::whole(id("ohjaamo"))],
        recipients: vec![Party::whole(id("social"))],
        purposes: PurposeSet::of(&[Purpose::SocialServices]),
        categories: everything(),
        explicit: SPECIAL,
        period: Period::new(instant("2026-11-01T00:00:00Z"), Some(instant("2027-11-01T00:00:00Z"))).unwrap(),
    };
    index.put_person(grant.youth, jiff::civil::date(1994, 5, 1));
    index.put_grant(&grant, 1);
    index
}

async fn judged(folders: &[&Path], from_county: &[&Path]) -> (Option<i32>, String) {
    let mut judge = program("fhir_social.py");
    let judge = judge.args(folders).arg("--from-county").args(from_county);
    let output = judge.output().await.unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), said)
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/src/agencies/social/testdata")
}

/// The samples of what social services and the gateway say to one another.
fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/social")
}

/// How many of the samples are FHIR; one of them is nonsense on purpose.
fn fhir_samples() -> usize {
    let pages = std::fs::read_dir(samples()).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|extension| extension == "http"));
    let is_fhir = |path: &PathBuf| {
        let page = std::fs::read_to_string(path).unwrap();
        page.split_once("\n\n").unwrap().0.contains("\ncontent-type: application/fhir+json")
    };
    pages.filter(is_fhir).count() - 1
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_to_and_from_social_services_is_fhir_r4() {
    let county = County::open();
    let mut chance = Chance::new();
    for case in 0..CASES {
        county.deliver(4 * case, Item::Handover(chance.handover())).await;
        county.deliver(4 * case + 1, Item::Notice(chance.notice())).await;
        county.deliver(4 * case + 2, Item::PlanPart(chance.plan())).await;
        county.deliver(4 * case + 3, Item::Disclosure(chance.disclosure())).await;
    }
    let query = FactsQuery {
        query_id: PLAN.into(),
        requester: "ohjaamo".into(),
        professional: String::new(),
        purpose: Purpose::SocialServices.into(),
        categories: everything().iter().map(i32::from).collect(),
        identity_code: PEOPLE[0].into(),
    };
    county.adapter.fetch(county.permit(query.clone()), now()).await.unwrap();
    county.simulator.hold(PEOPLE[0], &county.simulator.specimen()).unwrap();
    let query = FactsQuery { query_id: REFERRAL.into(), ..query };
    county.adapter.fetch(county.permit(query), now()).await.unwrap();

    let (folder, answers) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let wire = county.write_wire(folder.path(), answers.path());
    assert_eq!(wire, 4 * CASES as usize + 2);
    let own = write_own(&mut chance, answers.path());
    let replies = write_replies(county.adapter.as_ref(), folder.path());
    let golden_files = std::fs::read_dir(golden()).unwrap().count();
    let (status, said) = judged(&[folder.path(), &golden(), &samples()], &[answers.path()]).await;
    assert_eq!(status, Some(0), "{said}");
    let files = 2 * wire + own + replies + golden_files + fhir_samples();
    assert!(said.contains(&format!("{files} files, 0 wrong")), "{files} and not: {said}");
    county.simulator.control().stop();
}

/// The gateway has never seen what the county's officials write into a Task, and news about the referral must not cost
/// it: whatever they say, the county's own stays.
#[tokio::test(flavor = "multi_thread")]
async fn news_leave_what_the_county_has_written_into_its_task() {
    let county = County::open();
    let mut chance = Chance::new();
    county.deliver(0, Item::Handover(chance.handover())).await;
    let own = |task: &Value| {
        let own = ["owner", "executionPeriod", "note", "for", "focus"].map(|name| task[name].clone());
        assert!(own.iter().all(|element| !element.is_null()), "{task:#}");
        own
    };
    let before = county.simulator.kept("Task");
    for number in 1..=CASES {
        let notice = chance.notice();
        let state = notice.state();
        county.deliver(number, Item::Notice(notice)).await;
        let after = county.simulator.kept("Task");
        assert_eq!((after.len(), own(&after[0])), (1, own(&before[0])), "{state:?}");
        let code = state.as_str_name().trim_start_matches("REFERRAL_STATE_").to_lowercase().replace('_', "-");
        assert_eq!(after[0]["businessStatus"]["coding"][0]["code"], code);
    }
    county.simulator.control().stop();
}

/// A renewal keeps the id: of a consent that ended in 2026, the register must not say that what was disclosed in 2027 rests
/// on it.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_consent_stands_beside_the_one_before_it() {
    let county = County::open();
    let mut chance = Chance::new();
    let of_permit = |notice: &DisclosureNotice| {
        notice.bases[0].kind() == basis::Kind::DisclosurePermit && !notice.identity_code.is_empty()
    };
    let notice = std::iter::repeat_with(|| chance.disclosure()).find(of_permit).unwrap();
    let version = |version: u64, until: &str| {
        let mut notice = notice.clone();
        notice.bases[0].consent_version = version;
        let until = until.parse().unwrap();
        notice.consents[0].terms.as_mut().unwrap().valid_until = time::to_wire(until).ok();
        notice.consents[0].recorder_unit = "lapsiperheet".into();
        Item::Disclosure(notice)
    };
    county.deliver(1, version(1, "2026-12-31T22:00:00Z")).await;
    county.deliver(2, version(1, "2026-12-31T22:00:00Z")).await;
    county.deliver(3, version(2, "2027-12-31T22:00:00Z")).await;
    let consents = county.simulator.kept("Consent");
    let ends: Vec<&str> = consents
        .iter()
        .map(|consent| consent["provision"]["provision"][0]["period"]["end"].as_str().unwrap())
        .collect();
    assert!(matches!(ends[..], [first, second] if first < "2027-01-02" && second > "2027-12-30"), "{ends:?}");
    for consent in &consents {
        assert_eq!(consent["identifier"][0]["value"], format!("urn:uuid:{CONSENT}"));
        assert_eq!(consent["patient"]["identifier"]["value"], PEOPLE[0]);
    }
    assert_eq!(county.simulator.kept("AuditEvent").len(), 3);
    let recorded = county.simulator.kept("Provenance");
    let recorded = recorded.iter().filter(|found| found.get("activity").is_none());
    let versions: Vec<&Value> = recorded.map(|found| &found["meta"]["tag"][0]["code"]).collect();
    assert_eq!(versions, [&json!(format!("{CONSENT}/1")), &json!(format!("{CONSENT}/2"))]);
    county.simulator.control().stop();
}

/// Every answer of the gateway's to social services; gives their number.
fn write_replies(adapter: &dyn Adapter, folder: &Path) -> usize {
    let refused = |retry| InboundOutcome::Refused { reason: "NOT_NOW", hint: "later".into(), retry };
    let malformed = |code: &str| InboundError::Malformed { code: code.into(), expected: "a Task".into() };
    let outcomes = [
        InboundOutcome::Applied { state: ReferralState::OnHold, sequence: 17 },
        InboundOutcome::Sent {
            referral: REFERRAL.parse().unwrap(),
            state: ReferralState::Requested,
            sequence: 18,
        },
        InboundOutcome::PlanTaken { sequence: 19 },
        InboundOutcome::Unreadable(InboundError::Unauthenticated { expected: "a certificate" }),
        InboundOutcome::Unreadable(malformed("structure")),
        InboundOutcome::Unreadable(malformed("client.missing_header_field")),
        refused(Retry::Never),
        refused(Retry::Backoff),
    ];
    for (number, outcome) in outcomes.iter().enumerate() {
        let reply = adapter.reply(&ReplyContext::default(), outcome, Uuid::nil());
        std::fs::write(folder.join(format!("reply-{number}.json")), reply.body).unwrap();
    }
    outcomes.len()
}

#[tokio::test]
async fn what_is_wrong_is_found() {
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(golden().join(name)).unwrap()).unwrap()
    };
    let hetu = "identifier=urn:oid:1.2.246.21|010594Y9032";
    let wrong = [
        ("handover-full.json", "/entry/0/resource/henkilo", json!("x")),
        ("handover-full.json", "/entry/0/resource/identifier/1/use", json!("usual")),
        ("handover-full.json", "/entry/0/request/ifNoneExist", json!(hetu)),
        ("handover-full.json", "/entry/1/resource/status", json!("open")),
        ("handover-full.json", "/entry/1/resource/subject/reference", json!("urn:uuid:x")),
        ("handover-full.json", "/entry/1/resource/supportingInfo/0/reference", json!("#x")),
        ("handover-full.json", "/entry/2/resource/intent", json!("plan")),
        ("handover-full.json", "/entry/2/resource/requester/identifier/system", json!("urn:x")),
        ("handover-full.json", "/entry/0/resource/meta", json!({"security": [{"code": "TURVAKIELTO"}]})),
        (
            "notice-state.json",
            "/entry/0/resource/parameter/4/part/3/valueCodeableConcept",
            json!({"coding": [{"code": "x"}]}),
        ),
        ("notice-state.json", "/entry/0/resource/parameter/0/part/1/valueString", json!("Task.note")),
        ("notice-state.json", "/entry/0/resource/parameter/1/part/1/valueString", json!("Task.owner")),
        ("notice-state.json", "/entry/0/request/method", json!("PUT")),
        ("notice-state.json", "/entry/0/request/url", json!("Task?status=requested")),
        ("notice-answer.json", "/entry/1/request/ifNoneExist", json!("identifier=urn:polku:x|y")),
        ("plan.json", "/entry/1/resource/activity/0/detail/status", json!("done")),
        ("plan.json", "/entry/1/resource/modifierExtension", json!([{"url": "x", "valueBoolean": true}])),
        ("disclosure.json", "/entry/0/resource/period/start", json!("")),
        ("disclosure.json", "/entry/1/resource/patient/identifier", json!({"system": "urn:polku:youth"})),
        (
            "disclosure.json",
            "/entry/1/request/ifNoneExist",
            json!(format!("identifier=urn:ietf:rfc:3986|urn:uuid:{CONSENT}")),
        ),
        ("disclosure.json", "/entry/0/resource/type", json!({"system": "x"})),
        ("disclosure.json", "/entry/0/resource/entity/2/what/identifier/value", json!("social_situation")),
        ("disclosure.json", "/entry/0/resource/agent/1/type/coding/0/code", json!("CST")),
    ];
    for (name, path, value) in wrong {
        let folder = TempDir::new().unwrap();
        let mut document = read(name);
        let (parent, member) = path.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[member] = value;
        std::fs::write(folder.path().join("wrong.json"), document.to_string()).unwrap();
        let (status, said) = judged(&[folder.path()], &[]).await;
        assert_eq!(status, Some(1), "{name}, {path}: {said}");
    }
    let folder = TempDir::new().unwrap();
    let answer = std::fs::read_to_string(samples().join("fetch.answer.http")).unwrap();
    for (from, to) in [
        ("\"class\":", "\"classHistory\":"),
        ("Patient/asiakas", "Patient/muu"),
        ("\"booked\"", "\"varattu\""),
    ] {
        assert!(answer.contains(from), "{from}");
        std::fs::write(folder.path().join("wrong.http"), answer.replace(from, to)).unwrap();
        assert_eq!(judged(&[folder.path()], &[]).await.0, Some(1), "{from} as {to}");
    }
    let folder = TempDir::new().unwrap();
    let mut two = read("disclosure.json");
    let mut second = two["entry"][0].clone();
    second["fullUrl"] = json!("urn:uuid:0193c5a0-0000-7000-8000-0000000000ee");
    two["entry"].as_array_mut().unwrap().insert(1, second);
    std::fs::write(folder.path().join("two.json"), two.to_string()).unwrap();
    assert_eq!(judged(&[folder.path()], &[]).await.0, Some(1), "two notices in one message");
}
