//! What is asked about a person, and what does the case management answer? `asiakkaat/haku`.

use jiff::Timestamp;
use polku_proto::identity::{Hetu, has_hetu};
use polku_proto::v1::{AgencyFacts, DataCategory, Fact, FactKind, FactsQuery, PlanPart, Purpose};
use polku_proto::{AgencyId, CategorySet, Disclose as _, Valid, time};
use serde::{Deserialize, Serialize};

use super::content::nothing;
use super::items::{read_date, read_instant};
use super::plan::Suunnitelma;
use super::{Misread, codes};
use crate::agencies::envelope::{Unwritable, professional_id};
use crate::agencies::plan::refers_to_nothing;

/// Longest presence on one day, in hours.
const HOURS_OF_A_DAY: f64 = 24.0;

#[derive(Serialize)]
struct Haku {
    kysely: Kysely,
    asiakas: Haettu,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kysely {
    tunnus: String,
    kysyja: String,
    #[serde(skip_serializing_if = "nothing")]
    kysyjan_henkilo: String,
    kayttotarkoitus: &'static str,
    luokat: Vec<&'static str>,
}

#[derive(Serialize)]
struct Haettu {
    henkilotunnus: String,
}

/// What an answer is held against.
pub(super) struct Asked {
    query: String,
    identity: Hetu,
    categories: CategorySet,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tulos {
    kysely_tunnus: String,
    vastattu: String,
    #[serde(default)]
    asiakkuus: Vec<Asiakkuus>,
    #[serde(default)]
    vastuuvalmentajat: Vec<Valmentaja>,
    #[serde(default)]
    palvelutarpeet: Vec<Kirjaus>,
    #[serde(default)]
    valmennusjaksot: Vec<Jakso>,
    #[serde(default)]
    lokimerkinnat: Vec<Kirjaus>,
    #[serde(default)]
    suunnitelmat: Vec<Suunnitelma>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asiakkuus {
    tunnus: String,
    #[serde(default)]
    yksikko: String,
    #[serde(default)]
    alku_pvm: String,
    #[serde(default)]
    loppu_pvm: String,
    #[serde(default)]
    kirjattu: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Valmentaja {
    tunnus: String,
    nimi: String,
    #[serde(default)]
    alku_pvm: String,
    #[serde(default)]
    loppu_pvm: String,
    #[serde(default)]
    kirjattu: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kirjaus {
    tunnus: String,
    kuvaus: String,
    #[serde(default)]
    alku_pvm: String,
    #[serde(default)]
    loppu_pvm: String,
    #[serde(default)]
    kirjattu: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Jakso {
    tunnus: String,
    kuvaus: String,
    #[serde(default)]
    alku_pvm: String,
    #[serde(default)]
    loppu_pvm: String,
    #[serde(default)]
    kirjattu: String,
    #[serde(default)]
    lasnaolot: Vec<Lasnaolo>,
}

#[derive(Deserialize)]
struct Lasnaolo {
    tunnus: String,
    pvm: String,
    #[serde(default)]
    tunnit: f64,
    #[serde(default)]
    poissaolosyy: String,
    #[serde(default)]
    kirjattu: String,
}

/// Words a question, and says what its answer is held against.
pub(super) fn ask(query: FactsQuery) -> Result<(Asked, Vec<u8>), Unwritable> {
    let FactsQuery { query_id, requester, professional, purpose, categories, identity_code } = query;
    let identity = identity_code.parse().map_err(|_| Unwritable("identity_code"))?;
    let categories = CategorySet::from_wire(&categories).map_err(|_| Unwritable("categories"))?;
    let purpose = Purpose::try_from(purpose).ok().and_then(codes::purpose);
    let haku = Haku {
        kysely: Kysely {
            tunnus: query_id.clone(),
            kysyja: requester,
            kysyjan_henkilo: professional_id(professional).unwrap_or_default(),
            kayttotarkoitus: purpose.ok_or(Unwritable("purpose"))?,
            luokat: categories.iter().map(polku_proto::name).collect(),
        },
        asiakas: Haettu { henkilotunnus: identity_code },
    };
    let body = serde_json::to_vec(&haku).map_err(|_| Unwritable("json"))?;
    Ok((Asked { query: query_id, identity, categories }, body))
}

/// Reads an answer, as far as it was asked for.
pub(super) fn read(body: &[u8], asked: &Asked, own: &AgencyId) -> Result<AgencyFacts, Misread> {
    let expected = Misread("a JSON object with the documented members, each once, none of them null");
    let Tulos {
        kysely_tunnus,
        vastattu,
        asiakkuus,
        vastuuvalmentajat,
        palvelutarpeet,
        valmennusjaksot,
        lokimerkinnat,
        suunnitelmat,
    } = serde_json::from_slice(body).map_err(|_| expected)?;
    if kysely_tunnus != asked.query {
        return Err(Misread("the answer to this question"));
    }
    let as_of = read_instant(&vastattu)?.ok_or(Misread("`vastattu`"))?;
    let mut facts = Vec::new();
    for relation in asiakkuus {
        facts.push(relation.read()?);
    }
    for coach in vastuuvalmentajat {
        facts.push(coach.read()?);
    }
    for need in palvelutarpeet {
        facts.push(need.read(DataCategory::ServiceNeeds, FactKind::ServiceNeed)?);
    }
    for period in valmennusjaksot {
        facts.extend(period.read()?);
    }
    for note in lokimerkinnat {
        facts.push(note.read(DataCategory::GuidanceNotes, FactKind::Note)?);
    }
    facts.retain(|fact| CategorySet::named(fact.category).is_subset(asked.categories));
    let mut plans = Vec::new();
    for plan in suunnitelmat {
        plans.extend(asked.plan(plan.read(own)?)?);
    }
    let told = AgencyFacts { agency: own.to_string(), as_of: time::to_wire(as_of).ok(), facts, plans };
    let told = Valid::check(told).map_err(|_| Misread("an answer within its limits"))?.into_inner();
    if told.facts.iter().any(|fact| has_hetu(&fact.reference)) {
        return Err(Misread("ids without a personal identity code"));
    }
    Ok(told)
}

impl Asked {
    /// Cuts a plan down to what was asked for. Nothing of it is left where nothing in it was.
    fn plan(&self, (about, mut part): (Option<Hetu>, PlanPart)) -> Result<Option<PlanPart>, Misread> {
        if about.is_some_and(|about| about != self.identity) {
            return Err(Misread("plans of the person asked about"));
        }
        if refers_to_nothing(&part) {
            return Err(Misread("references of a plan to what is in it"));
        }
        part.restrict(self.categories);
        let is_told = !part.categories().is_subset(CategorySet::ENVELOPE);
        Ok(Some(part).filter(|_| is_told))
    }
}

/// The members that every record has.
struct Record {
    reference: String,
    since: String,
    until: String,
    recorded: String,
}

impl Record {
    fn fact(self, category: DataCategory, kind: FactKind, text: String) -> Result<Fact, Misread> {
        let Self { reference, since, until, recorded } = self;
        let recorded: Option<Timestamp> = read_instant(&recorded)?;
        Ok(Fact {
            category: category.into(),
            kind: kind.into(),
            text,
            code: String::new(),
            code_system: String::new(),
            since: read_date(since)?,
            until: read_date(until)?,
            record_time: recorded.and_then(|instant| time::to_wire(instant).ok()),
            reference,
        })
    }
}

impl Asiakkuus {
    fn read(self) -> Result<Fact, Misread> {
        let Self { tunnus, yksikko, alku_pvm, loppu_pvm, kirjattu } = self;
        let record = Record { reference: tunnus, since: alku_pvm, until: loppu_pvm, recorded: kirjattu };
        record.fact(DataCategory::ServiceAttendance, FactKind::Customer, yksikko)
    }
}

impl Valmentaja {
    fn read(self) -> Result<Fact, Misread> {
        let Self { tunnus, nimi, alku_pvm, loppu_pvm, kirjattu } = self;
        let record = Record { reference: tunnus, since: alku_pvm, until: loppu_pvm, recorded: kirjattu };
        record.fact(DataCategory::ServiceAttendance, FactKind::ResponsibleWorker, nimi)
    }
}

impl Kirjaus {
    fn read(self, category: DataCategory, kind: FactKind) -> Result<Fact, Misread> {
        let Self { tunnus, kuvaus, alku_pvm, loppu_pvm, kirjattu } = self;
        let record = Record { reference: tunnus, since: alku_pvm, until: loppu_pvm, recorded: kirjattu };
        record.fact(category, kind, kuvaus)
    }
}

impl Jakso {
    /// The period, and every day of presence in it.
    fn read(self) -> Result<Vec<Fact>, Misread> {
        let Self { tunnus, kuvaus, alku_pvm, loppu_pvm, kirjattu, lasnaolot } = self;
        let record = Record { reference: tunnus, since: alku_pvm, until: loppu_pvm, recorded: kirjattu };
        let category = DataCategory::ServiceAttendance;
        let mut facts = vec![record.fact(category, FactKind::CoachingPeriod, kuvaus)?];
        for day in lasnaolot {
            facts.push(day.read()?);
        }
        Ok(facts)
    }
}

impl Lasnaolo {
    fn read(self) -> Result<Fact, Misread> {
        let Self { tunnus, pvm, tunnit, poissaolosyy, kirjattu } = self;
        if pvm.is_empty() || !(0.0..=HOURS_OF_A_DAY).contains(&tunnit) {
            return Err(Misread("`pvm`, and `tunnit` from 0 to 24"));
        }
        let hours = format!("{tunnit} h").replace('.', ",");
        let text = match poissaolosyy.as_str() {
            "" => hours,
            reason => format!("{hours}, poissa: {reason}"),
        };
        let record = Record { reference: tunnus, since: pvm.clone(), until: pvm, recorded: kirjattu };
        record.fact(DataCategory::ServiceAttendance, FactKind::Attendance, text)
    }
}
