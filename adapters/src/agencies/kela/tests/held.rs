//! What does Kela hold, and is nothing taken over that was not asked for, or cannot be?

use polku_proto::CategorySet;
use polku_proto::v1::{DataCategory, Fact, FactKind, Purpose};
use serde_json::{Value, json};

use super::*;

const QUESTION: &str = "0193c5a0-0000-7000-8000-000000000009";

fn query() -> FactsQuery {
    FactsQuery {
        query_id: QUESTION.into(),
        requester: "ohjaamo".into(),
        professional: "ohjaaja-7".into(),
        purpose: Purpose::Guidance.into(),
        categories: codes::facts::FETCHED.iter().map(i32::from).collect(),
        identity_code: "010594Y9032".into(),
    }
}

pub(super) fn answer() -> Value {
    json!({
        "kyselyTunnus": QUESTION,
        "vireillaOlevat": [{
            "tunnus": "V-1", "kirjattu": "2026-11-02T08:00:00Z", "kuvaus": "Toimeentulotuki ä",
            "etuus": "TOIMEENTULOTUKI", "saapunut": "2026-11-01"
        }],
        "paatokset": [{
            "tunnus": "P-1", "kirjattu": "2026-10-02T08:00:00.5Z", "kuvaus": "Myönnetty", "etuus": "ASUMISTUKI",
            "ratkaisu": "MYONNETTY", "alkaa": "2026-10-01", "paattyy": "2027-09-30"
        }],
        "maksut": [{"tunnus": "M-1", "etuus": "TYOMARKKINATUKI", "alkaa": "2026-10-01"}],
        "asiakkuudet": [{"tunnus": "A-1", "palvelu": "KUNTOUTUS_2", "alkaa": "2026-01-01"}],
        "nuottivalmennukset": [{"tunnus": "N-1", "kuvaus": "20 tapaamista", "alkaa": "2026-09-01"}],
        "kuntoutukset": [{"tunnus": "K-1", "palvelu": "TYOKOKEILU", "paattyy": "2026-12-31"}]
    })
}

fn read_for(answer: &Value, asked: CategorySet) -> Option<AgencyFacts> {
    facts::read(answer.to_string().as_bytes(), QUESTION, asked, &trial::agency("kela"), trial::now())
}

pub(super) fn all(answer: &Value) -> Option<AgencyFacts> {
    read_for(answer, codes::facts::FETCHED)
}

#[test]
fn the_question_names_the_person_in_its_body_alone() {
    let question = Question::of(query()).unwrap();
    assert_eq!(json(&question.body), json(include_bytes!("../testdata/question.json")));
    let call = kela().xroad.call(asking(&question)).unwrap();
    let request = call.request(&http::Uri::from_static("https://ss.example/")).unwrap();
    let path = "/r1/FI-TEST/GOV/9999903-9/etuudet/nuorten-palvelut/haku";
    assert_eq!((request.method(), request.uri().path(), request.uri().query()), (&Method::POST, path, None));
    assert_eq!(request.headers()["x-road-id"], QUESTION);
    assert_eq!(request.headers()["x-road-issue"], QUESTION);
    assert_eq!(request.headers()["x-road-userid"], "FIohjaaja-7");
    let headers = format!("{:?}", request.headers());
    assert!(!headers.contains("010594Y9032"), "{headers}");
}

#[test]
fn only_groups_that_hold_what_is_asked_for_are_asked() {
    let groups = |categories: &[DataCategory]| {
        let categories = categories.iter().map(|category| i32::from(*category)).collect();
        let question = Question::of(FactsQuery { categories, ..query() })?;
        Ok::<_, crate::agencies::envelope::Unwritable>(json(&question.body)["tietoryhmat"].clone())
    };
    assert_eq!(groups(&[DataCategory::BenefitsIncome]).unwrap(), json!(["ETUUDET"]));
    assert_eq!(groups(&[DataCategory::HealthCapacity, DataCategory::Housing]).unwrap(), json!(["KUNTOUTUS"]));
    assert_eq!(groups(&[DataCategory::Housing]).unwrap_err().0, "categories");
    assert_eq!(Question::of(FactsQuery { purpose: 0, ..query() }).err().unwrap().0, "purpose");
    let nobody = FactsQuery { identity_code: String::new(), ..query() };
    assert_eq!(Question::of(nobody).err().unwrap().0, "identity_code");
}

#[test]
fn everything_is_told_with_its_own_date_and_number() {
    let found = all(&answer()).unwrap();
    assert_eq!((found.agency.as_str(), found.plans.len()), ("kela", 0));
    let told = |fact: &Fact| {
        let Fact { text, code, code_system, since, until, reference, .. } = fact.clone();
        let text = [code, code_system, text, since, until, reference].join("|");
        (fact.category(), fact.kind(), text, fact.record_time.is_some())
    };
    let told: Vec<_> = found.facts.iter().map(told).collect();
    let (benefits, attendance) = (DataCategory::BenefitsIncome, DataCategory::ServiceAttendance);
    let expected = [
        (
            benefits,
            FactKind::Benefit,
            "TOIMEENTULOTUKI|kela/vireilla-oleva-etuus|Toimeentulotuki ä|2026-11-01||V-1",
            true,
        ),
        (
            benefits,
            FactKind::BenefitDecision,
            "ASUMISTUKI:MYONNETTY|kela/etuuspaatos|Myönnetty|2026-10-01|2027-09-30|P-1",
            true,
        ),
        (benefits, FactKind::Benefit, "TYOMARKKINATUKI|kela/etuusmaksu||2026-10-01||M-1", false),
        (attendance, FactKind::Customer, "KUNTOUTUS_2|kela/palvelu||2026-01-01||A-1", false),
        (attendance, FactKind::Service, "NUOTTI|kela/kuntoutus|20 tapaamista|2026-09-01||N-1", false),
        (
            DataCategory::HealthCapacity,
            FactKind::Service,
            "TYOKOKEILU|kela/kuntoutus|||2026-12-31|K-1",
            false,
        ),
    ];
    let expected =
        expected.map(|(category, kind, text, recorded)| (category, kind, text.to_owned(), recorded));
    assert_eq!(told, expected);
}

#[test]
fn what_was_not_asked_for_is_dropped() {
    for category in codes::facts::FETCHED.iter() {
        let found = read_for(&answer(), CategorySet::of(&[category])).unwrap();
        assert!(!found.facts.is_empty());
        assert!(found.facts.iter().all(|fact| fact.category() == category));
    }
    let nothing = json!({"kyselyTunnus": QUESTION});
    assert_eq!(all(&nothing).unwrap().facts.len(), 0);
}

#[test]
fn an_answer_that_cannot_be_used_is_refused_as_a_whole() {
    let broken = |pointer: &str, value: Value| {
        let mut answer = answer();
        *answer.pointer_mut(pointer).unwrap() = value;
        all(&answer).is_none()
    };
    let cases = [
        ("/kyselyTunnus", json!("0193c5a0-0000-7000-8000-00000000000a")),
        ("/vireillaOlevat/0/tunnus", json!("")),
        ("/vireillaOlevat/0/tunnus", json!("010594Y9032")),
        ("/vireillaOlevat/0/tunnus", json!("ä")),
        ("/vireillaOlevat/0/saapunut", json!("2026-02-30")),
        ("/vireillaOlevat/0/saapunut", json!("20261101")),
        ("/vireillaOlevat/0/saapunut", json!("2026-11-01T00:00:00Z")),
        ("/vireillaOlevat/0/etuus", json!("toimeentulotuki")),
        ("/vireillaOlevat/0/etuus", json!("A".repeat(32))),
        ("/vireillaOlevat/0/kirjattu", json!("2026-11-02")),
        ("/vireillaOlevat/0/kuvaus", json!("a".repeat(4001))),
        ("/vireillaOlevat/0/kuvaus", json!("\u{0}")),
        ("/vireillaOlevat/0/kuvaus", Value::Null),
        ("/vireillaOlevat", Value::Null),
        ("/vireillaOlevat/0", json!({"tunnus": "V-1"})),
        ("/paatokset/0/ratkaisu", json!("MUU")),
        ("/kuntoutukset/0/palvelu", json!("NUOTTI")),
        ("/maksut/0", json!({"tunnus": "M-1", "etuus": "X", "summa": 1})),
    ];
    for (pointer, value) in cases {
        assert!(broken(pointer, value.clone()), "{pointer} {value}");
    }
    let mut more = answer();
    more["vakuutus"] = json!([]);
    assert_eq!(all(&more), None);
    let items = |count: usize| {
        let items: Vec<Value> =
            (0..count).map(|number| json!({"tunnus": format!("M-{number}"), "etuus": "X"})).collect();
        all(&json!({"kyselyTunnus": QUESTION, "maksut": items}))
    };
    assert_eq!(items(500).unwrap().facts.len(), 500);
    assert_eq!(items(501), None);
    let twice = answer().to_string().replacen("\"etuus\"", "\"etuus\":\"X\",\"etuus\"", 1);
    assert!(
        facts::read(twice.as_bytes(), QUESTION, CategorySet::ALL, &trial::agency("kela"), trial::now())
            .is_none()
    );
}
