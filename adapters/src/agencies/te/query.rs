//! What does the office hold on a person: `haeAsiakkuus`?

use jiff::Timestamp;
use polku_proto::identity::{Hetu, has_hetu};
use polku_proto::v1::{AgencyFacts, DataCategory, Fact, FactKind, FactsQuery, Purpose};
use polku_proto::{AgencyId, CategorySet, Disclose, time};

use super::{codes, plan};
use crate::agencies::envelope::{Unwritable, present, professional_id};
use crate::agencies::form::{Expected, uuid, within_contract};
use crate::agencies::plan::refers_to_nothing;
use crate::agencies::soap::Parts;
use crate::agencies::soap::tree::{Node, code, text};
use crate::transport::xml::Element;

/// The code list of `tyonhakijanTila`.
const STATUS_CODES: &str = "te/tyonhakijan-tila";
/// The code list of `koulutusaste`: level of education 2016, Statistics Finland.
const EDUCATION_LEVELS: &str = "tilastokeskus/koulutusaste-2016";

/// What the office can be asked for: what the law lets the parties of multi-sector support process, and both views of
/// the plan.
pub(super) const ANSWERED: CategorySet = CategorySet::of(&[
    DataCategory::IdentityContact,
    DataCategory::AddressContact,
    DataCategory::ServiceAttendance,
    DataCategory::EducationWork,
    DataCategory::SocialSituation,
    DataCategory::HealthCapacity,
    DataCategory::ServiceNeeds,
    DataCategory::JointPlan,
    DataCategory::GuidanceNotes,
]);

/// A question to the office.
pub(super) struct Query {
    pub(super) id: String,
    pub(super) requester: AgencyId,
    pub(super) professional: Option<String>,
    pub(super) nodes: Vec<Node>,
}

/// What was asked: about whom, and which categories.
#[derive(Clone)]
pub(super) struct Asked {
    person: Hetu,
    categories: CategorySet,
}

/// Words a question.
pub(super) fn outgoing(query: FactsQuery) -> Result<(Query, Asked), Unwritable> {
    let FactsQuery { query_id, requester, professional, purpose, categories, identity_code } = query;
    // Without it nobody can be asked about: the permit left it out.
    let person: Hetu = identity_code.parse().map_err(|_| Unwritable("identity_code"))?;
    let id = uuid(&query_id).ok_or(Unwritable("query_id"))?.to_string();
    let requester: AgencyId = requester.parse().map_err(|_| Unwritable("requester"))?;
    let purpose = Purpose::try_from(purpose).ok().and_then(codes::purpose);
    let categories = categories.into_iter().filter_map(|category| DataCategory::try_from(category).ok());
    let categories = categories.collect::<CategorySet>().intersection(ANSWERED);
    if categories.is_empty() {
        return Err(Unwritable("categories"));
    }
    let frame = [
        text("tns:kyselyTunnus", id.clone()),
        text("tns:kysyja", requester.to_string()),
        Some(code("tns:kayttotarkoitus", purpose).ok_or(Unwritable("purpose"))?),
        text("tns:henkilotunnus", person.expose().to_owned()),
    ];
    let mut nodes: Vec<Node> = frame.into_iter().flatten().collect();
    nodes.extend(categories.iter().filter_map(|asked| code("tns:tietoryhma", codes::plan::category(asked))));
    let asked = Asked { person, categories };
    Ok((Query { id, requester, professional: professional_id(professional), nodes }, asked))
}

/// Reads the answer of the office with this agency id. What was not asked for is left out of it.
pub(super) fn read(answer: &Element, own: &AgencyId, asked: &Asked) -> Result<AgencyFacts, Expected> {
    let mut parts = Parts::of(answer)?;
    parts.required("henkilotunnus", "that of the question", |code| {
        (code == asked.person.expose()).then_some(())
    })?;
    let as_of = parts.instant("haettu")?.ok_or_else(|| Expected::from("`haettu`, second"))?;
    let mut facts = Vec::new();
    for record in RECORDS {
        facts.extend(parts.each(record.name, |parts| read_record(parts, record))?);
    }
    let plans = parts.each("suunnitelma", |mut parts| {
        let mut part = plan::read(&mut parts, own)?;
        if refers_to_nothing(&part) {
            return Err("`tarveTunnus` and `tavoiteTunnus`: each that of an item of the plan".into());
        }
        if let Some(background) = &mut part.background {
            let code = std::mem::take(&mut background.identity_code);
            if !code.is_empty() && code != asked.person.expose() {
                return Err(Expected::from("the plan of the person who was asked about"));
            }
        }
        Ok(part)
    })?;
    parts.end()?;
    let agency = own.to_string();
    let as_of = time::to_wire(as_of).ok();
    let mut all = within_contract(AgencyFacts { agency, as_of, facts, plans })?;
    all.facts.retain(|fact| Disclose::categories(fact).is_subset(asked.categories));
    all.plans.retain_mut(|part| {
        part.restrict(asked.categories);
        !Disclose::categories(part).is_subset(CategorySet::ENVELOPE)
    });
    Ok(all)
}

/// A kind of record.
struct Record {
    name: &'static str,
    kind: FactKind,
    category: DataCategory,
    code: Code,
}

/// Which code stands first in a record.
enum Code {
    None,
    Status,
    Education,
    Official,
}

const fn record(name: &'static str, kind: FactKind, category: DataCategory, code: Code) -> Record {
    Record { name, kind, category, code }
}

/// The records, in the order of README.md.
const RECORDS: &[Record] = &[
    record("asiakkuus", FactKind::Customer, DataCategory::ServiceAttendance, Code::None),
    record("tyonhakijanTila", FactKind::JobSeekerStatus, DataCategory::EducationWork, Code::Status),
    record("tyottomyys", FactKind::Unemployment, DataCategory::EducationWork, Code::None),
    record(
        "vastuuasiantuntija",
        FactKind::ResponsibleWorker,
        DataCategory::ServiceAttendance,
        Code::Official,
    ),
    record("ajanvaraus", FactKind::Appointment, DataCategory::ServiceAttendance, Code::None),
    record("koulutus", FactKind::Education, DataCategory::EducationWork, Code::Education),
    record("tyokokemus", FactKind::WorkHistory, DataCategory::EducationWork, Code::None),
    record("palvelutarve", FactKind::ServiceNeed, DataCategory::ServiceNeeds, Code::None),
];

fn read_record(mut parts: Parts<'_>, record: &Record) -> Result<Fact, Expected> {
    let Record { kind, category, code, .. } = record;
    let (code, code_system) = match code {
        Code::None => ("", ""),
        Code::Status => (parts.required("koodi", "`00` to `08`", job_seeker_status)?, STATUS_CODES),
        Code::Education => {
            let level = parts.maybe("koulutusaste", "a digit", education_level)?.unwrap_or_default();
            (level, EDUCATION_LEVELS)
        }
        Code::Official => {
            let id = parts
                .maybe("virkailija", "no personal identity code", |text| (!has_hetu(text)).then_some(text))?;
            (id.unwrap_or_default(), "")
        }
    };
    let fact = Fact {
        category: (*category).into(),
        kind: (*kind).into(),
        code: code.to_owned(),
        code_system: if code.is_empty() { String::new() } else { code_system.to_owned() },
        text: parts.optional("kuvaus"),
        since: parts.date("alkaen")?,
        until: parts.date("asti")?,
        record_time: parts.instant("kirjattu")?.and_then(|instant: Timestamp| time::to_wire(instant).ok()),
        // An id that may be more than an id is left out: the rest is none the worse for it.
        reference: present(parts.optional("tunnus")).filter(|id| !has_hetu(id)).unwrap_or_default(),
    };
    parts.end().map(|()| fact)
}

/// One of the nine that there are.
fn job_seeker_status(code: &str) -> Option<&str> {
    let known = ["00", "01", "02", "03", "04", "05", "06", "07", "08"];
    known.contains(&code).then_some(code)
}

fn education_level(code: &str) -> Option<&str> {
    (code.len() == 1 && code.bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
}
