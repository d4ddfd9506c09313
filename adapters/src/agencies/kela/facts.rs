//! What does Kela hold on a young person? The question, and its answer as README.md has it.

use bytes::Bytes;
use jiff::Timestamp;
use polku_proto::identity::{Hetu, has_hetu};
use polku_proto::v1::{AgencyFacts, DataCategory, Fact, FactKind, FactsQuery, Purpose};
use polku_proto::{AgencyId, CategorySet, Valid, time};
use serde::{Deserialize, Serialize};

use super::codes::facts as lists;
use super::{codes, json};
use crate::agencies::envelope::{Unwritable, professional_id};
use crate::agencies::form;

/// As many as the contract can pass on.
const MAX_ITEMS: usize = 500;

/// A question to Kela, ready to be written.
pub(super) struct Question {
    pub(super) id: String,
    pub(super) requester: AgencyId,
    pub(super) professional: Option<String>,
    pub(super) asked: CategorySet,
    pub(super) body: Bytes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Haku<'a> {
    kysely_tunnus: &'a str,
    henkilotunnus: &'a str,
    kysyja: &'a str,
    tyontekija: Option<&'a str>,
    kayttotarkoitus: &'static str,
    tietoryhmat: Vec<&'static str>,
}

impl Question {
    pub(super) fn of(query: FactsQuery) -> Result<Self, Unwritable> {
        let FactsQuery { query_id, requester, professional, purpose, categories, identity_code } = query;
        let asked: CategorySet =
            categories.iter().filter_map(|one| DataCategory::try_from(*one).ok()).collect();
        let groups = lists::groups(asked);
        if groups.is_empty() {
            return Err(Unwritable("categories"));
        }
        // Without it nobody can be asked about: the permit left it out.
        let person: Hetu = identity_code.parse().map_err(|_| Unwritable("identity_code"))?;
        let requester: AgencyId = requester.parse().map_err(|_| Unwritable("requester"))?;
        let purpose = Purpose::try_from(purpose).ok().and_then(codes::purpose);
        let professional = professional_id(professional);
        let body = json::write(&Haku {
            kysely_tunnus: &query_id,
            henkilotunnus: person.expose(),
            kysyja: requester.as_str(),
            tyontekija: professional.as_deref(),
            kayttotarkoitus: purpose.ok_or(Unwritable("purpose"))?,
            tietoryhmat: groups,
        })?;
        Ok(Self { id: query_id, requester, professional, asked, body })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Vastaus {
    kysely_tunnus: String,
    #[serde(default)]
    vireilla_olevat: Vec<Vireilla>,
    #[serde(default)]
    paatokset: Vec<Paatos>,
    #[serde(default)]
    maksut: Vec<Maksu>,
    #[serde(default)]
    asiakkuudet: Vec<Palvelu>,
    #[serde(default)]
    nuottivalmennukset: Vec<Valmennus>,
    #[serde(default)]
    kuntoutukset: Vec<Palvelu>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vireilla {
    tunnus: String,
    #[serde(default)]
    kirjattu: String,
    #[serde(default)]
    kuvaus: String,
    etuus: String,
    #[serde(default)]
    saapunut: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paatos {
    tunnus: String,
    #[serde(default)]
    kirjattu: String,
    #[serde(default)]
    kuvaus: String,
    etuus: String,
    ratkaisu: String,
    #[serde(default)]
    alkaa: String,
    #[serde(default)]
    paattyy: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Maksu {
    tunnus: String,
    #[serde(default)]
    kirjattu: String,
    #[serde(default)]
    kuvaus: String,
    etuus: String,
    #[serde(default)]
    alkaa: String,
    #[serde(default)]
    paattyy: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Palvelu {
    tunnus: String,
    #[serde(default)]
    kirjattu: String,
    #[serde(default)]
    kuvaus: String,
    palvelu: String,
    #[serde(default)]
    alkaa: String,
    #[serde(default)]
    paattyy: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Valmennus {
    tunnus: String,
    #[serde(default)]
    kirjattu: String,
    #[serde(default)]
    kuvaus: String,
    #[serde(default)]
    alkaa: String,
    #[serde(default)]
    paattyy: String,
}

/// What all items have.
struct Record {
    reference: String,
    record_time: String,
    text: String,
    since: String,
    until: String,
}

/// Reads the answer to a question, given at this instant. Of what was not asked for nothing is taken over.
pub(super) fn read(
    body: &[u8],
    question: &str,
    asked: CategorySet,
    agency: &AgencyId,
    now: Timestamp,
) -> Option<AgencyFacts> {
    let Vastaus {
        kysely_tunnus,
        vireilla_olevat,
        paatokset,
        maksut,
        asiakkuudet,
        nuottivalmennukset,
        kuntoutukset,
    } = json::read(body)?;
    if kysely_tunnus != question {
        return None;
    }
    let benefits = vireilla_olevat.into_iter().map(pending);
    let benefits = benefits.chain(paatokset.into_iter().map(decision)).chain(maksut.into_iter().map(payment));
    let services = asiakkuudet.into_iter().map(customer).chain(nuottivalmennukset.into_iter().map(coaching));
    let all = benefits.chain(services).chain(kuntoutukset.into_iter().map(rehabilitation));
    let facts: Vec<Fact> = all.take(MAX_ITEMS + 1).collect::<Option<_>>()?;
    if facts.len() > MAX_ITEMS {
        return None;
    }
    let of_asked = |fact: &Fact| asked.contains(fact.category());
    let facts = AgencyFacts {
        agency: agency.to_string(),
        as_of: Some(time::to_wire(now).ok()?),
        facts: facts.into_iter().filter(of_asked).collect(),
        plans: Vec::new(),
    };
    Valid::check(facts).ok().map(Valid::into_inner)
}

fn pending(item: Vireilla) -> Option<Fact> {
    let Vireilla { tunnus, kirjattu, kuvaus, etuus, saapunut } = item;
    let until = String::new();
    let record = Record { reference: tunnus, record_time: kirjattu, text: kuvaus, since: saapunut, until };
    record.fact(DataCategory::BenefitsIncome, FactKind::Benefit, code(etuus)?, lists::PENDING)
}

fn decision(item: Paatos) -> Option<Fact> {
    let Paatos { tunnus, kirjattu, kuvaus, etuus, ratkaisu, alkaa, paattyy } = item;
    let record =
        Record { reference: tunnus, record_time: kirjattu, text: kuvaus, since: alkaa, until: paattyy };
    if !lists::RESULTS.contains(&ratkaisu.as_str()) {
        return None;
    }
    let code = format!("{}:{ratkaisu}", code(etuus)?);
    record.fact(DataCategory::BenefitsIncome, FactKind::BenefitDecision, code, lists::DECISION)
}

fn payment(item: Maksu) -> Option<Fact> {
    let Maksu { tunnus, kirjattu, kuvaus, etuus, alkaa, paattyy } = item;
    let record =
        Record { reference: tunnus, record_time: kirjattu, text: kuvaus, since: alkaa, until: paattyy };
    record.fact(DataCategory::BenefitsIncome, FactKind::Benefit, code(etuus)?, lists::PAYMENT)
}

fn customer(item: Palvelu) -> Option<Fact> {
    let (record, palvelu) = service(item);
    record.fact(DataCategory::ServiceAttendance, FactKind::Customer, code(palvelu)?, lists::SERVICE)
}

fn coaching(item: Valmennus) -> Option<Fact> {
    let Valmennus { tunnus, kirjattu, kuvaus, alkaa, paattyy } = item;
    let record =
        Record { reference: tunnus, record_time: kirjattu, text: kuvaus, since: alkaa, until: paattyy };
    let (category, code) = (DataCategory::ServiceAttendance, lists::NUOTTI.to_owned());
    record.fact(category, FactKind::Service, code, lists::REHABILITATION)
}

fn rehabilitation(item: Palvelu) -> Option<Fact> {
    let (record, palvelu) = service(item);
    if !lists::REHABILITATIONS.contains(&palvelu.as_str()) {
        return None;
    }
    record.fact(DataCategory::HealthCapacity, FactKind::Service, palvelu, lists::REHABILITATION)
}

fn service(item: Palvelu) -> (Record, String) {
    let Palvelu { tunnus, kirjattu, kuvaus, palvelu, alkaa, paattyy } = item;
    let record =
        Record { reference: tunnus, record_time: kirjattu, text: kuvaus, since: alkaa, until: paattyy };
    (record, palvelu)
}

fn code(text: String) -> Option<String> {
    Some(text).filter(|text| lists::is_code(text))
}

impl Record {
    fn fact(self, category: DataCategory, kind: FactKind, code: String, list: &str) -> Option<Fact> {
        let Self { reference, record_time, text, since, until } = self;
        let record_time = match record_time.as_str() {
            "" => None,
            written => Some(time::to_wire(form::instant(written)?).ok()?),
        };
        let is_number = !reference.is_empty() && !has_hetu(&reference);
        (is_number && is_date(&since) && is_date(&until)).then(|| Fact {
            category: category.into(),
            kind: kind.into(),
            text,
            code,
            code_system: list.to_owned(),
            since,
            until,
            record_time,
            reference,
        })
    }
}

/// Says whether a text is empty, or a date of the calendar in the form of the contract.
fn is_date(text: &str) -> bool {
    text.is_empty() || form::date(text).is_some()
}
