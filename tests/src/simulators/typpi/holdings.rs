//! What does the register hold on whom?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use polku_proto::v1::{
    Achievement, ActionState, ContactDetails, DataCategory, EducationWork, Fact, FactKind, GoalState,
    MeetingState, PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, PlanState, ReferralContent, Worker,
};

use crate::simulators::agency::Held;
use crate::simulators::typpi::words::{element, missing, moment, plan, with_group, with_texts};
use crate::simulators::xml::Element;

/// The rows of the document: group, row, what it tells, and of which category.
const ROWS: [(&str, &str, FactKind, DataCategory); 19] = [
    ("perustiedot", "asiakkuus", FactKind::Customer, DataCategory::ServiceAttendance),
    ("perustiedot", "vastuuvirkailija", FactKind::ResponsibleWorker, DataCategory::ServiceAttendance),
    ("perustiedot", "ajanvaraus", FactKind::Appointment, DataCategory::ServiceAttendance),
    ("koulutusJaTyo", "tyonhakijanTila", FactKind::JobSeekerStatus, DataCategory::EducationWork),
    ("koulutusJaTyo", "tyottomyys", FactKind::Unemployment, DataCategory::EducationWork),
    ("koulutusJaTyo", "koulutus", FactKind::Education, DataCategory::EducationWork),
    ("koulutusJaTyo", "tyosuhde", FactKind::WorkHistory, DataCategory::EducationWork),
    ("sosiaalinenTilanne", "tilanne", FactKind::SocialSituation, DataCategory::SocialSituation),
    ("sosiaalinenTilanne", "asuminen", FactKind::Housing, DataCategory::Housing),
    ("sosiaalinenTilanne", "etuus", FactKind::Benefit, DataCategory::BenefitsIncome),
    ("sosiaalinenTilanne", "etuuspaatos", FactKind::BenefitDecision, DataCategory::BenefitsIncome),
    ("terveystiedot", "toimintakyky", FactKind::HealthCapacity, DataCategory::HealthCapacity),
    ("palvelutilanne", "palvelutarve", FactKind::ServiceNeed, DataCategory::ServiceNeeds),
    ("palvelutilanne", "palvelu", FactKind::Service, DataCategory::ServiceAttendance),
    ("palvelutilanne", "valmennusjakso", FactKind::CoachingPeriod, DataCategory::ServiceAttendance),
    ("palvelutilanne", "lasnaolo", FactKind::Attendance, DataCategory::ServiceAttendance),
    ("seuranta", "tulosmittari", FactKind::Measure, DataCategory::OutcomeMeasures),
    ("seuranta", "elamanlaatumittari", FactKind::Measure, DataCategory::QualityOfLife),
    ("seuranta", "muistiinpano", FactKind::Note, DataCategory::GuidanceNotes),
];

/// The register's files. Clones are the same ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Holdings(Arc<Mutex<BTreeMap<String, Element>>>);

impl Holdings {
    /// Holds this on a person, in place of what was held.
    pub(crate) fn hold(&self, identity_code: &str, held: &Held) -> Result<()> {
        let customer = customer(identity_code, held)?;
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(identity_code.to_owned(), customer);
        Ok(())
    }

    /// `asiakas`, if the person is a customer.
    pub(crate) fn on(&self, identity_code: &str) -> Option<Element> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(identity_code).cloned()
    }
}

fn customer(identity_code: &str, held: &Held) -> Result<Element> {
    for fact in &held.facts {
        let known = ROWS.iter().any(|(_, _, kind, category)| is_row(fact, *kind, *category));
        known.then_some(()).context("the register has no row for this")?;
    }
    let mut customer = element("asiakas").with_field("hetu", identity_code);
    let mut group = element("");
    for (name, row, kind, category) in ROWS {
        if group.name != name {
            customer = with_group(customer, group);
            group = element(name);
        }
        for fact in held.facts.iter().filter(|fact| is_row(fact, kind, category)) {
            group = group.with_child(self::row(row, fact)?);
        }
    }
    customer = with_group(customer, group);
    let mut plans = element("suunnitelmat");
    for part in &held.plans {
        let mut entry =
            with_texts(element("suunnitelmatieto"), &[missing(part)]).with_child(plan(part, identity_code)?);
        if part.revision > 1 {
            let older = [
                ("versio", (part.revision - 1).to_string()),
                ("muutettu", "2026-01-02T03:04:05Z".to_owned()),
                ("suunnitelmanTila", "LUONNOS".to_owned()),
            ];
            let older = older
                .iter()
                .fold(element("aiempiVersio"), |older, (name, text)| older.with_field(name, text));
            entry = entry.with_child(older);
        }
        plans = plans.with_child(entry);
    }
    Ok(with_group(customer, plans))
}

fn is_row(fact: &Fact, kind: FactKind, category: DataCategory) -> bool {
    fact.kind() == kind && fact.category() == category
}

fn row(name: &str, fact: &Fact) -> Result<Element> {
    let recorded = fact.record_time.as_ref().map(moment).transpose()?.unwrap_or_default();
    let parts = [
        ("kirjausTunnus", fact.reference.as_str()),
        ("kirjattu", &recorded),
        ("alkaen", &fact.since),
        ("saakka", &fact.until),
        ("koodisto", &fact.code_system),
        ("koodi", &fact.code),
        ("kuvaus", &fact.text),
    ];
    Ok(with_texts(element(name), &parts))
}

/// One of everything that the register can hold.
pub(crate) fn specimen() -> Held {
    let recorded = |seconds: i64| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let facts = ROWS.iter().zip(1..).map(|((_, row, kind, category), number)| Fact {
        category: (*category).into(),
        kind: (*kind).into(),
        text: format!("Rekisterin {row}, rivi {number}"),
        code: format!("YR-K{number}"),
        code_system: format!("typpi/{row}"),
        since: format!("2026-03-{number:02}"),
        until: format!("2026-09-{number:02}"),
        record_time: recorded(1_780_400_000 + number),
        reference: format!("YR-R-{number}"),
    });
    Held { facts: facts.collect(), plans: vec![specimen_plan(recorded)] }
}

fn specimen_plan(recorded: fn(i64) -> Option<prost_types::Timestamp>) -> PlanPart {
    PlanPart {
        reference: "YR-MTS-1".to_owned(),
        redacted: true,
        revision: 5,
        update_time: recorded(1_790_100_000),
        state: PlanState::Active.into(),
        background: Some(specimen_customer()),
        needs: vec![PlanNeed {
            id: "yr-n-1".to_owned(),
            category: DataCategory::HealthCapacity.into(),
            text: "Työkyvyn arvio puuttuu".to_owned(),
            found_in_meeting: true,
        }],
        goals: vec![PlanGoal {
            id: "yr-g-1".to_owned(),
            category: DataCategory::JointPlan.into(),
            text: "Palkkatyö puolessa vuodessa".to_owned(),
            state: GoalState::Accepted.into(),
            achievement: Achievement::NoChange.into(),
            due: "2027-05-31".to_owned(),
            needs: vec!["yr-n-1".to_owned()],
        }],
        actions: vec![
            PlanAction {
                id: "yr-a-1".to_owned(),
                category: DataCategory::EducationWork.into(),
                text: "Rakennusalan lyhytkurssi".to_owned(),
                state: ActionState::Done.into(),
                goal: "yr-g-1".to_owned(),
                provider: "Kurssikeskus".to_owned(),
                ptv_service: "7d4c9f5e-1111-4222-8333-0123456789ac".to_owned(),
                start: "2026-08-03".to_owned(),
                end: "2026-08-28".to_owned(),
                reason: String::new(),
            },
            PlanAction {
                id: "yr-a-2".to_owned(),
                category: DataCategory::HealthCapacity.into(),
                text: "Työkykyarvio".to_owned(),
                state: ActionState::NotDone.into(),
                start: "2026-10-05".to_owned(),
                reason: "Aika peruuntui".to_owned(),
                ..PlanAction::default()
            },
        ],
        meetings: vec![PlanMeeting {
            id: "yr-m-1".to_owned(),
            category: DataCategory::ServiceAttendance.into(),
            time: recorded(1_789_100_000),
            state: MeetingState::Held.into(),
            place: "Rekisterikatu 88".to_owned(),
            participants: vec!["te".to_owned(), "Hyvinvointialue".to_owned()],
            note: "Kaikki paikalla.".to_owned(),
        }],
        client_view: "Haluan rakennukselle.".to_owned(),
        worker_view: "Terveys ensin.".to_owned(),
        next_review: "2027-02-28".to_owned(),
        responsible_worker: Some(Worker {
            id: "yr-virkailija-7".to_owned(),
            name: "Ritva Rekisterinpitäjä".to_owned(),
            unit: "monialainen-tuki".to_owned(),
            phone: "+358 40 5550288".to_owned(),
            email: "ritva@example.invalid".to_owned(),
        }),
        ..PlanPart::default()
    }
}

fn specimen_customer() -> ReferralContent {
    ReferralContent {
        given_names: "Elmeri Ensio".to_owned(),
        family_name: "Yhteisrekisteri".to_owned(),
        contact_language: "sv".to_owned(),
        correspondence_address: "PL 88, 90015 Oulu".to_owned(),
        contact_wish: "Mieluiten aamulla".to_owned(),
        contact: Some(ContactDetails {
            phone: "+358 40 5550277".to_owned(),
            email: "elmeri@example.invalid".to_owned(),
            street_address: "Asemakatu 88".to_owned(),
            postal_code: "90100".to_owned(),
            city: "Oulu".to_owned(),
            municipality: "564".to_owned(),
        }),
        reason: "Kaipaa yhteistä suunnitelmaa.".to_owned(),
        service_needs: vec!["Työkyvyn tuki".to_owned(), "Velkaneuvonta".to_owned()],
        education_work: Some(EducationWork {
            education_level: Some(2),
            education: "Peruskoulu".to_owned(),
            work_history: "Keikkatöitä rakennuksilla".to_owned(),
            job_seeker_status: "02".to_owned(),
        }),
        social_situation: "Velkaantunut.".to_owned(),
        health_capacity: "Polvi leikattu.".to_owned(),
        housing: "Kaverin luona.".to_owned(),
        benefits_income: "Toimeentulotuki.".to_owned(),
        joint_plan: "Kurssi ja arvio.".to_owned(),
        service_attendance: "Viisi käyntiä.".to_owned(),
        outcome_measures: "Kykyviisari 6.".to_owned(),
        quality_of_life: "WHOQOL 58.".to_owned(),
        ..ReferralContent::default()
    }
}
