//! What does the register hold on a person? Reads the answer to `haeAsiakas`.

use polku_proto::identity::{Hetu, has_hetu};
use polku_proto::v1::{AgencyFacts, DataCategory, Fact, FactKind, PlanPart, ReferralContent};
use polku_proto::{AgencyId, CategorySet, Disclose, time};

use super::plan_read;
use crate::agencies::form::{Expected, within_contract};
use crate::agencies::plan::refers_to_nothing;
use crate::agencies::soap::Parts;
use crate::transport::xml::Element;

/// What can be asked for. Who somebody is, and where they live, stands in the plans.
pub(super) const FETCHES: CategorySet = CategorySet::of(&[
    DataCategory::IdentityContact,
    DataCategory::AddressContact,
    DataCategory::ServiceAttendance,
    DataCategory::EducationWork,
    DataCategory::SocialSituation,
    DataCategory::HealthCapacity,
    DataCategory::ServiceNeeds,
    DataCategory::JointPlan,
    DataCategory::GuidanceNotes,
    DataCategory::Housing,
    DataCategory::BenefitsIncome,
    DataCategory::OutcomeMeasures,
    DataCategory::QualityOfLife,
]);

/// A kind of rows: the element, and what it tells.
type Rows = (&'static str, FactKind, DataCategory);

/// The groups of rows, in the order of README.md.
const GROUPS: [(&str, &[Rows]); 6] = [
    (
        "perustiedot",
        &[
            ("asiakkuus", FactKind::Customer, DataCategory::ServiceAttendance),
            ("vastuuvirkailija", FactKind::ResponsibleWorker, DataCategory::ServiceAttendance),
            ("ajanvaraus", FactKind::Appointment, DataCategory::ServiceAttendance),
        ],
    ),
    (
        "koulutusJaTyo",
        &[
            ("tyonhakijanTila", FactKind::JobSeekerStatus, DataCategory::EducationWork),
            ("tyottomyys", FactKind::Unemployment, DataCategory::EducationWork),
            ("koulutus", FactKind::Education, DataCategory::EducationWork),
            ("tyosuhde", FactKind::WorkHistory, DataCategory::EducationWork),
        ],
    ),
    (
        "sosiaalinenTilanne",
        &[
            ("tilanne", FactKind::SocialSituation, DataCategory::SocialSituation),
            ("asuminen", FactKind::Housing, DataCategory::Housing),
            ("etuus", FactKind::Benefit, DataCategory::BenefitsIncome),
            ("etuuspaatos", FactKind::BenefitDecision, DataCategory::BenefitsIncome),
        ],
    ),
    ("terveystiedot", &[("toimintakyky", FactKind::HealthCapacity, DataCategory::HealthCapacity)]),
    (
        "palvelutilanne",
        &[
            ("palvelutarve", FactKind::ServiceNeed, DataCategory::ServiceNeeds),
            ("palvelu", FactKind::Service, DataCategory::ServiceAttendance),
            ("valmennusjakso", FactKind::CoachingPeriod, DataCategory::ServiceAttendance),
            ("lasnaolo", FactKind::Attendance, DataCategory::ServiceAttendance),
        ],
    ),
    (
        "seuranta",
        &[
            ("tulosmittari", FactKind::Measure, DataCategory::OutcomeMeasures),
            ("elamanlaatumittari", FactKind::Measure, DataCategory::QualityOfLife),
            ("muistiinpano", FactKind::Note, DataCategory::GuidanceNotes),
        ],
    ),
];

/// What was asked: about whom, and which categories.
pub(super) struct Asked {
    pub(super) person: Hetu,
    pub(super) categories: CategorySet,
}

impl Asked {
    fn is_about(&self, code: &str) -> bool {
        code == self.person.expose()
    }
}

/// Reads `haeAsiakasResponse` of the register with this agency id, and keeps nothing that was not asked for.
pub(super) fn read(answer: &Element, own: &AgencyId, asked: &Asked) -> Result<AgencyFacts, Expected> {
    let mut parts = Parts::of(answer)?;
    let as_of = parts.instant("vastattu")?.ok_or("`vastattu`, when it was answered, first")?;
    let mut held =
        AgencyFacts { agency: own.to_string(), as_of: time::to_wire(as_of).ok(), ..AgencyFacts::default() };
    if let Some(customer) = parts.group("asiakas")? {
        read_customer(customer, own, asked, &mut held)?;
    }
    parts.end()?;
    let mut held = within_contract(held)?;
    if held.plans.iter().any(refers_to_nothing) {
        return Err("references of a plan to what is in it".into());
    }
    held.restrict(asked.categories);
    held.plans.retain(|plan| !Disclose::categories(plan).is_subset(CategorySet::ENVELOPE));
    Ok(held)
}

fn read_customer(
    mut parts: Parts<'_>,
    own: &AgencyId,
    asked: &Asked,
    held: &mut AgencyFacts,
) -> Result<(), Expected> {
    let same = |code: &str| asked.is_about(code).then_some(());
    parts.required("hetu", "the code that was asked for", same)?;
    for (name, rows) in GROUPS {
        let Some(mut group) = parts.group(name)? else {
            continue;
        };
        for &(row, kind, category) in rows {
            held.facts.extend(group.each(row, |parts| read_row(parts, kind, category))?);
        }
        group.end()?;
    }
    if let Some(mut plans) = parts.group("suunnitelmat")? {
        held.plans = plans.each("suunnitelmatieto", |parts| read_plan(parts, own, asked))?;
        plans.end()?;
    }
    parts.end()
}

fn read_plan(mut parts: Parts<'_>, own: &AgencyId, asked: &Asked) -> Result<PlanPart, Expected> {
    let mut plan = plan_read::read(&mut parts, own)?;
    parts.each("aiempiVersio", plan_read::read_older)?;
    parts.end()?;
    if let Some(background) = &mut plan.background {
        let code = std::mem::take(&mut background.identity_code);
        if !(code.is_empty() || asked.is_about(&code)) {
            return Err("the plan of the person who was asked about".into());
        }
    }
    plan.background = plan.background.filter(|background| *background != ReferralContent::default());
    Ok(plan)
}

fn read_row(mut parts: Parts<'_>, kind: FactKind, category: DataCategory) -> Result<Fact, Expected> {
    // An id that may be more than an id is left out: the rest is none the worse for it.
    let id = |text: String| if has_hetu(&text) { String::new() } else { text };
    let row = Fact {
        category: category.into(),
        kind: kind.into(),
        reference: id(parts.optional("kirjausTunnus")),
        record_time: parts.instant("kirjattu")?.and_then(|instant| time::to_wire(instant).ok()),
        since: parts.date("alkaen")?,
        until: parts.date("saakka")?,
        code_system: id(parts.optional("koodisto")),
        code: id(parts.optional("koodi")),
        text: parts.optional("kuvaus"),
    };
    parts.end().map(|()| row)
}
