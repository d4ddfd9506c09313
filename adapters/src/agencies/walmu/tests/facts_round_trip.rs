//! Is anything lost of what the case management holds, or of what it is asked?

use polku_proto::v1::{AgencyFacts, DataCategory, Fact, FactKind, PlanPart, ReferralContent};
use polku_proto::{CategorySet, Disclose as _, time};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::agencies::trial::any;
use crate::agencies::trial::asked::{Record, query, record};
use crate::agencies::walmu::plan::Suunnitelma;

/// A record as README.md has it, with these members beside; what there is nothing of is left out.
fn written(record: &Record, mut more: Value) -> Value {
    let Record { id, words: _, since, until, recorded } = record;
    let mut all = json!({"tunnus": id});
    let own = [("alkuPvm", since.clone()), ("loppuPvm", until.clone())];
    let own = own.into_iter().chain(recorded.map(|instant| ("kirjattu", instant.to_string())));
    for (name, value) in own.filter(|(_, value)| !value.is_empty()) {
        all[name] = json!(value);
    }
    all.as_object_mut().unwrap().append(more.as_object_mut().unwrap());
    all
}

fn told(record: &Record, category: DataCategory, kind: FactKind, text: &str) -> Fact {
    let Record { id, words: _, since, until, recorded } = record;
    Fact {
        category: category.into(),
        kind: kind.into(),
        text: text.to_owned(),
        since: since.clone(),
        until: until.clone(),
        record_time: recorded.map(|instant| time::to_wire(instant).unwrap()),
        reference: id.clone(),
        ..Fact::default()
    }
}

fn read(answer: &Value, categories: CategorySet) -> AgencyFacts {
    let question =
        FactsQuery { categories: categories.iter().map(Into::into).collect(), ..trial::facts_query(&[]) };
    let (asked, _) = facts::ask(question).unwrap();
    facts::read(answer.to_string().as_bytes(), &asked, &trial::agency("walmu")).unwrap()
}

proptest! {
    #![proptest_config(any::config())]

    #[test]
    fn facts_and_plans(
        records in vec(record(), 6),
        hours in prop::option::of(0..=48_u8),
        absent in any::maybe_words(200),
        plan in any::plan(),
        chosen in prop::collection::btree_set(2..=15_i32, 1..=14),
    ) {
        let (attendance, words) = (DataCategory::ServiceAttendance, |place: usize| records[place].words.as_str());
        let mut day = records[4].clone();
        if day.since.is_empty() {
            day.since = "2028-02-29".into();
        }
        day.until = day.since.clone();
        let mut presence = written(&day, json!({"pvm": day.since}));
        presence.as_object_mut().unwrap().retain(|name, _| !name.ends_with("uPvm"));
        if let Some(half) = hours {
            presence["tunnit"] = json!(f64::from(half) / 2.0);
        }
        if !absent.is_empty() {
            presence["poissaolosyy"] = json!(absent);
        }
        let half = hours.unwrap_or_default();
        let mut presence_words = if half % 2 == 0 { format!("{} h", half / 2) } else { format!("{},5 h", half / 2) };
        if !absent.is_empty() {
            presence_words.push_str(&format!(", poissa: {absent}"));
        }

        let own = PlanPart {
            plan: String::new(),
            owner: "walmu".into(),
            // Its own plan is always its own to tell.
            consent_withdrawn: false,
            reference: format!("S{}", plan.reference.chars().take(100).collect::<String>()),
            revision: plan.revision.max(1),
            ..plan
        };
        let (said, _) = Suunnitelma::of(own.clone()).unwrap();
        let answer = json!({
            "kyselyTunnus": trial::QUERY,
            "vastattu": "2026-11-21T09:31:00.25Z",
            "asiakkuus": [written(&records[0], json!({"yksikko": words(0)}))],
            "vastuuvalmentajat": [written(&records[1], json!({"nimi": words(1)}))],
            "palvelutarpeet": [written(&records[2], json!({"kuvaus": words(2)}))],
            "valmennusjaksot": [written(&records[3], json!({"kuvaus": words(3), "lasnaolot": [presence]}))],
            "lokimerkinnat": [written(&records[5], json!({"kuvaus": words(5)}))],
            "suunnitelmat": [said],
        });

        let categories = CategorySet::from_wire(&chosen.into_iter().collect::<Vec<_>>()).unwrap();
        let held = read(&answer, categories);
        prop_assert_eq!(held.as_of, time::to_wire(trial::instant("2026-11-21T09:31:00.25Z")).ok());
        let mut expected = vec![
            told(&records[0], attendance, FactKind::Customer, words(0)),
            told(&records[1], attendance, FactKind::ResponsibleWorker, words(1)),
            told(&records[2], DataCategory::ServiceNeeds, FactKind::ServiceNeed, words(2)),
            told(&records[3], attendance, FactKind::CoachingPeriod, words(3)),
            told(&day, attendance, FactKind::Attendance, &presence_words),
            told(&records[5], DataCategory::GuidanceNotes, FactKind::Note, words(5)),
        ];
        expected.retain(|fact| categories.contains(fact.category()));
        prop_assert!(held.facts == expected);

        let mut own = own;
        let background = own.background.take().map(|told| ReferralContent { identity_code: String::new(), ..told });
        own.background = background.filter(|told| *told != ReferralContent::default());
        own.restrict(categories);
        let is_left = !own.categories().is_subset(CategorySet::ENVELOPE);
        let left = if is_left { vec![own] } else { Vec::new() };
        prop_assert!(held.plans == left);
    }

    #[test]
    fn question(asked in query()) {
        let (_, body) = facts::ask(asked.clone()).unwrap();
        let written: Value = serde_json::from_slice(&body).unwrap();
        let text = |pointer: &str| written.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        prop_assert_eq!(text("/kysely/tunnus"), asked.query_id);
        prop_assert_eq!(text("/kysely/kysyja"), asked.requester);
        prop_assert_eq!(text("/kysely/kysyjanHenkilo"), asked.professional);
        prop_assert_eq!(codes::read_purpose(&text("/kysely/kayttotarkoitus")).map(i32::from), Some(asked.purpose));
        prop_assert_eq!(text("/asiakas/henkilotunnus"), asked.identity_code);
        let categories = written["kysely"]["luokat"].as_array().unwrap().iter();
        let categories: Vec<i32> =
            categories.map(|name| polku_proto::named(name.as_str().unwrap()).unwrap().into()).collect();
        prop_assert_eq!(categories, asked.categories);
    }
}
