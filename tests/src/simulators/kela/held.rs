//! How does what Kela holds stand in its own words?

use anyhow::{Result, bail, ensure};
use jiff::Timestamp;
use polku_proto::v1::{DataCategory, Fact, FactKind};
use serde_json::{Map, Value, json};

use crate::simulators::agency::Held;

const RESULTS: [&str; 4] = ["MYONNETTY", "HYLATTY", "TARKISTETTU", "LAKKAUTETTU"];
const REHABILITATIONS: [&str; 4] =
    ["AMMATILLINEN_KUNTOUTUSSELVITYS", "KOULUTUSKOKEILU", "TYOKOKEILU", "TYOLLISTYMISTA_EDISTAVA_KUNTOUTUS"];

/// The members of an answer.
pub(crate) fn groups(held: &Held) -> Result<Map<String, Value>> {
    ensure!(held.plans.is_empty(), "Kela has no plans of its own");
    let mut groups = Map::new();
    for fact in &held.facts {
        let (group, item) = item(fact)?;
        let items = groups.entry(group).or_insert_with(|| json!([]));
        if let Some(items) = items.as_array_mut() {
            items.push(item);
        }
    }
    Ok(groups)
}

fn item(fact: &Fact) -> Result<(&'static str, Value)> {
    let code = fact.code.as_str();
    let mut item = Map::new();
    let mut put = |name: &str, text: &str| {
        if !text.is_empty() {
            item.insert(name.to_owned(), json!(text));
        }
    };
    put("tunnus", &fact.reference);
    put("kuvaus", &fact.text);
    if let Some(time) = &fact.record_time {
        put("kirjattu", &Timestamp::new(time.seconds, time.nanos)?.to_string());
    }
    let (benefits, attendance, health) =
        (DataCategory::BenefitsIncome, DataCategory::ServiceAttendance, DataCategory::HealthCapacity);
    let mut since = "alkaa";
    let group = match (fact.category(), fact.kind(), fact.code_system.as_str()) {
        (category, FactKind::Benefit, "kela/vireilla-oleva-etuus") if category == benefits => {
            ensure!(fact.until.is_empty(), "an application has no end");
            put("etuus", code);
            since = "saapunut";
            "vireillaOlevat"
        }
        (category, FactKind::BenefitDecision, "kela/etuuspaatos") if category == benefits => {
            let Some((benefit, result)) = code.split_once(':').filter(|(_, result)| RESULTS.contains(result))
            else {
                bail!("a decision without a result");
            };
            put("etuus", benefit);
            put("ratkaisu", result);
            "paatokset"
        }
        (category, FactKind::Benefit, "kela/etuusmaksu") if category == benefits => {
            put("etuus", code);
            "maksut"
        }
        (category, FactKind::Customer, "kela/palvelu") if category == attendance => {
            put("palvelu", code);
            "asiakkuudet"
        }
        (category, FactKind::Service, "kela/kuntoutus") if category == attendance && code == "NUOTTI" => {
            "nuottivalmennukset"
        }
        (category, FactKind::Service, "kela/kuntoutus")
            if category == health && REHABILITATIONS.contains(&code) =>
        {
            put("palvelu", code);
            "kuntoutukset"
        }
        _ => bail!("Kela has no words for this"),
    };
    put(since, &fact.since);
    put("paattyy", &fact.until);
    Ok((group, Value::Object(item)))
}

/// One of everything.
pub(crate) fn specimen() -> Held {
    let recorded = Timestamp::from_second(1_793_600_000).ok();
    let recorded =
        recorded.map(|time| prost_types::Timestamp { seconds: time.as_second(), nanos: 500_000_000 });
    let full = |category: DataCategory, kind: FactKind, (list, code): (&str, &str), reference: &str| Fact {
        category: category.into(),
        kind: kind.into(),
        text: format!("{reference}: Myönnetty hakemuksen mukaan, ks. <päätös> \"åäö\""),
        code: code.to_owned(),
        code_system: list.to_owned(),
        since: "2026-09-01".to_owned(),
        until: "2027-02-28".to_owned(),
        record_time: recorded,
        reference: reference.to_owned(),
    };
    let (benefits, attendance, health) =
        (DataCategory::BenefitsIncome, DataCategory::ServiceAttendance, DataCategory::HealthCapacity);
    let pending = ("kela/vireilla-oleva-etuus", "TOIMEENTULOTUKI");
    let mut facts = vec![
        Fact { until: String::new(), ..full(benefits, FactKind::Benefit, pending, "V-1") },
        full(benefits, FactKind::Benefit, ("kela/etuusmaksu", "TYOMARKKINATUKI"), "M-1"),
        full(attendance, FactKind::Customer, ("kela/palvelu", "KUNTOUTUS"), "A-1"),
        full(attendance, FactKind::Service, ("kela/kuntoutus", "NUOTTI"), "N-1"),
    ];
    for result in RESULTS {
        let code = format!("ASUMISTUKI:{result}");
        let decision = ("kela/etuuspaatos", code.as_str());
        facts.push(full(benefits, FactKind::BenefitDecision, decision, &format!("P-{result}")));
    }
    for service in REHABILITATIONS {
        let kind = ("kela/kuntoutus", service);
        facts.push(full(health, FactKind::Service, kind, &format!("K-{service}")));
    }
    facts.push(Fact {
        category: benefits.into(),
        kind: FactKind::Benefit.into(),
        code: "OPINTOTUKI".to_owned(),
        code_system: "kela/etuusmaksu".to_owned(),
        reference: "M-2".to_owned(),
        ..Fact::default()
    });
    // In the order in which the document has its groups.
    let place = |fact: &Fact| {
        let groups =
            ["vireillaOlevat", "paatokset", "maksut", "asiakkuudet", "nuottivalmennukset", "kuntoutukset"];
        item(fact).ok().and_then(|(group, _)| groups.iter().position(|name| *name == group))
    };
    facts.sort_by_key(place);
    Held { facts, plans: Vec::new() }
}
