//! What is asked about a person, and what of an answer is taken over?

use polku_proto::v1::{AgencyFacts, Fact, FactKind, Purpose};
use serde_json::{Value, json};

use super::*;
use crate::agencies::walmu::facts::{self, Asked};

const HETU: &str = "010594Y9032";

fn query(categories: &[DataCategory]) -> FactsQuery {
    FactsQuery {
        query_id: trial::MESSAGE.into(),
        requester: "ohjaamo".into(),
        professional: "ohjaaja-1".into(),
        purpose: Purpose::WorkshopCoaching.into(),
        categories: CategorySet::of(categories).to_wire(),
        identity_code: HETU.into(),
    }
}

pub(super) fn all() -> Vec<DataCategory> {
    KIND.fetches.iter().collect()
}

fn asked(categories: &[DataCategory]) -> Asked {
    facts::ask(query(categories)).unwrap().0
}

pub(super) fn answer() -> Value {
    serde_json::from_str(include_str!("../testdata/answer.json")).unwrap()
}

pub(super) fn read(answer: &Value, categories: &[DataCategory]) -> Result<AgencyFacts, Misread> {
    facts::read(answer.to_string().as_bytes(), &asked(categories), &trial::agency("walmu"))
}

#[test]
fn question() {
    let (_, body) = facts::ask(query(&all())).unwrap();
    let written = std::str::from_utf8(&body).unwrap();
    assert!(written == include_str!("../testdata/query.json").trim_end(), "{written}");
}

#[test]
fn what_cannot_be_asked() {
    let what = |query| facts::ask(query).err().unwrap().0;
    let good = || query(&all());
    assert_eq!(what(FactsQuery { identity_code: String::new(), ..good() }), "identity_code");
    assert_eq!(what(FactsQuery { purpose: 0, ..good() }), "purpose");
    assert_eq!(what(FactsQuery { purpose: Purpose::Statistics.into(), ..good() }), "purpose");
    assert_eq!(what(FactsQuery { categories: vec![77], ..good() }), "categories");
}

#[test]
fn everything() {
    let told = read(&answer(), &all()).unwrap();
    assert_eq!((told.agency.as_str(), told.as_of.unwrap().seconds), ("walmu", 1_795_253_460));
    let seen: Vec<_> = told.facts.iter().map(|fact| (fact.kind(), fact.text.as_str())).collect();
    let expected = [
        (FactKind::Customer, "nuorten-tyopaja"),
        (FactKind::ResponsibleWorker, "Valma Valmentaja"),
        (FactKind::ServiceNeed, "Uraohjaus"),
        (FactKind::CoachingPeriod, "Metallipaja"),
        (FactKind::Attendance, "5,5 h"),
        (FactKind::Attendance, "0 h, poissa: sairaus"),
        (FactKind::Note, "Sovittiin jatkosta."),
    ];
    assert_eq!(seen, expected);
    let period = &told.facts[3];
    let expected = Fact {
        category: DataCategory::ServiceAttendance.into(),
        kind: FactKind::CoachingPeriod.into(),
        text: "Metallipaja".into(),
        since: "2026-09-01".into(),
        until: "2026-12-18".into(),
        record_time: Some(polku_proto::time::to_wire(trial::instant("2026-09-01T08:00:00Z")).unwrap()),
        reference: "J-1".into(),
        ..Fact::default()
    };
    assert!(*period == expected);
    assert_eq!(told.plans.len(), 1);
    assert_eq!((told.plans[0].reference.as_str(), told.plans[0].goals.len()), ("S-1", 1));
}

#[test]
fn no_more_than_was_asked_for() {
    for category in all() {
        let told = read(&answer(), &[category]).unwrap();
        assert!(told.facts.iter().all(|fact| fact.category() == category), "{category:?}");
        let plans = told.plans.iter().map(polku_proto::Disclose::categories);
        for seen in plans {
            assert!(seen.is_subset(CategorySet::of(&[category, DataCategory::Envelope])), "{category:?}");
        }
        assert!(!told.facts.is_empty() || !told.plans.is_empty(), "{category:?}");
    }
    let told = read(&answer(), &[DataCategory::BenefitsIncome]).unwrap();
    assert_eq!((told.facts.len(), told.plans.len()), (0, 0));
}

#[test]
fn nothing_is_held() {
    let nothing = json!({"kyselyTunnus": trial::MESSAGE, "vastattu": "2026-11-21T09:31:00Z", "muuta": null});
    let told = read(&nothing, &all()).unwrap();
    assert_eq!((told.facts.len(), told.plans.len()), (0, 0));
}

#[test]
fn answers_that_are_not_used() {
    let bad = [
        ("/kyselyTunnus", json!(trial::REFERRAL)),
        ("/vastattu", json!("")),
        ("/vastattu", json!("2026-11-21")),
        ("/asiakkuus", json!(null)),
        ("/asiakkuus/0/tunnus", json!("A-010594Y9032")),
        ("/asiakkuus/0/tunnus", json!("A 1")),
        ("/asiakkuus/0/alkuPvm", json!("2026-02-30")),
        ("/asiakkuus/0/kirjattu", json!("2026-02-30")),
        ("/vastuuvalmentajat/0/nimi", json!("a\u{1}")),
        ("/palvelutarpeet/0/kuvaus", json!("ä".repeat(4001))),
        ("/palvelutarpeet/0/kuvaus", json!(1)),
        ("/valmennusjaksot/0/lasnaolot/0/pvm", json!("")),
        ("/valmennusjaksot/0/lasnaolot/0/tunnit", json!(24.5)),
        ("/valmennusjaksot/0/lasnaolot/0/tunnit", json!(-1)),
        ("/valmennusjaksot/0/lasnaolot/0/tunnit", json!("5")),
        ("/suunnitelmat/0/tila", json!("")),
        ("/suunnitelmat/0/lahtotilanne/asiakas/henkilotunnus", json!("010594Y9021")),
        ("/lokimerkinnat", json!(vec![json!({"tunnus": "M", "kuvaus": "a"}); 501])),
    ];
    for (pointer, value) in bad {
        let mut spoilt = answer();
        *spoilt.pointer_mut(pointer).unwrap() = value;
        assert!(read(&spoilt, &all()).is_err(), "{pointer}");
    }
    for body in ["", "null", "[]", "{}", "{\"kyselyTunnus\": 1}", "<html>"] {
        assert!(facts::read(body.as_bytes(), &asked(&all()), &trial::agency("walmu")).is_err(), "{body}");
    }
}
