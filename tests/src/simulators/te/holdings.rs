//! What does the office hold on whom?

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail, ensure};
use polku_proto::v1::{
    Achievement, ActionState, ContactDetails, DataCategory, EducationWork, Fact, FactKind, GoalState,
    MeetingState, PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, PlanState, ReferralContent, Worker,
};

use crate::simulators::agency::Held;
use crate::simulators::te::words::{element, moment, with_plan, with_texts};
use crate::simulators::xml::Element;

/// The records of `haeAsiakkuusResponse`, in the order of the document, with the element of the code if there is one.
const ORDER: [(&str, FactKind, &str); 8] = [
    ("asiakkuus", FactKind::Customer, ""),
    ("tyonhakijanTila", FactKind::JobSeekerStatus, "koodi"),
    ("tyottomyys", FactKind::Unemployment, ""),
    ("vastuuasiantuntija", FactKind::ResponsibleWorker, "virkailija"),
    ("ajanvaraus", FactKind::Appointment, ""),
    ("koulutus", FactKind::Education, "koulutusaste"),
    ("tyokokemus", FactKind::WorkHistory, ""),
    ("palvelutarve", FactKind::ServiceNeed, ""),
];

/// The records, by personal identity code, as the document has them. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Holdings(Arc<Mutex<BTreeMap<String, Vec<Element>>>>);

impl fmt::Debug for Holdings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Holdings(redacted)")
    }
}

impl Holdings {
    /// Holds this on a person from now on.
    pub(crate) fn hold(&self, identity_code: &str, held: &Held) -> Result<()> {
        let known = |fact: &Fact| ORDER.iter().any(|(_, kind, _)| *kind == fact.kind());
        if let Some(fact) = held.facts.iter().find(|fact| !known(fact)) {
            bail!("the office has no word for {:?}", fact.kind());
        }
        let mut records = Vec::new();
        for (name, kind, code) in ORDER {
            for fact in held.facts.iter().filter(|fact| fact.kind() == kind) {
                records.push(record(name, code, fact)?);
            }
        }
        for part in &held.plans {
            records.push(with_plan(element("suunnitelma"), part, identity_code)?);
        }
        self.records().insert(identity_code.to_owned(), records);
        Ok(())
    }

    /// Everything on a person, whatever was asked for.
    pub(crate) fn on(&self, identity_code: &str) -> Vec<Element> {
        self.records().get(identity_code).cloned().unwrap_or_default()
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Element>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn record(name: &str, code: &str, fact: &Fact) -> Result<Element> {
    ensure!(fact.code.is_empty() || !code.is_empty(), "the office has no code in {name}");
    let recorded = fact.record_time.as_ref().map(moment).transpose()?.unwrap_or_default();
    let texts = [
        (code, fact.code.as_str()),
        ("kuvaus", &fact.text),
        ("alkaen", &fact.since),
        ("asti", &fact.until),
        ("kirjattu", &recorded),
        ("tunnus", &fact.reference),
    ];
    Ok(with_texts(element(name), &texts))
}

/// One of everything.
pub(crate) fn specimen() -> Held {
    let recorded = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let (attendance, work) = (DataCategory::ServiceAttendance, DataCategory::EducationWork);
    let fact = |kind: FactKind, category: DataCategory, reference: &str, text: &str| Fact {
        category: category.into(),
        kind: kind.into(),
        text: text.to_owned(),
        reference: reference.to_owned(),
        since: "2026-06-01".to_owned(),
        until: "2026-12-31".to_owned(),
        record_time: recorded(1_780_300_800),
        ..Fact::default()
    };
    let coded = |fact: Fact, code: &str, system: &str| Fact {
        code: code.to_owned(),
        code_system: system.to_owned(),
        ..fact
    };
    let facts = vec![
        fact(FactKind::Customer, attendance, "TE-A-1", "Nuorten asiakkuus"),
        coded(
            fact(FactKind::JobSeekerStatus, work, "TE-T-1", "Työtön työnhakija"),
            "02",
            "te/tyonhakijan-tila",
        ),
        fact(FactKind::Unemployment, work, "TE-T-2", "Työttömänä työnhakijana"),
        coded(
            fact(FactKind::ResponsibleWorker, attendance, "TE-V-1", "Tiina Työnvälittäjä"),
            "virkailija-1",
            "",
        ),
        fact(FactKind::Appointment, attendance, "TE-V-2", "Alkuhaastattelu"),
        coded(fact(FactKind::Education, work, "TE-K-1", "Datanomi"), "3", "tilastokeskus/koulutusaste-2016"),
        fact(FactKind::WorkHistory, work, "TE-K-2", "Kesätyö jäätelökioskissa"),
        fact(FactKind::ServiceNeed, DataCategory::ServiceNeeds, "TE-P-1", "Uravalmennus"),
    ];
    Held { facts, plans: vec![specimen_plan(recorded)] }
}

fn specimen_plan(recorded: fn(i64) -> Option<prost_types::Timestamp>) -> PlanPart {
    PlanPart {
        reference: "TE-S-1".to_owned(),
        redacted: true,
        revision: 4,
        update_time: recorded(1_790_000_000),
        state: PlanState::Active.into(),
        background: Some(ReferralContent {
            given_names: "Aatos Olavi".to_owned(),
            family_name: "Virastonen".to_owned(),
            contact_language: "fi".to_owned(),
            correspondence_address: "PL 99, 90015 Oulu".to_owned(),
            contact_wish: "Tekstiviesti ensin".to_owned(),
            contact: Some(ContactDetails {
                phone: "+358 40 5550199".to_owned(),
                email: "aatos@example.invalid".to_owned(),
                street_address: "Kirkkokatu 99".to_owned(),
                postal_code: "90100".to_owned(),
                city: "Oulu".to_owned(),
                municipality: "564".to_owned(),
            }),
            reason: "Haluaa töihin.".to_owned(),
            service_needs: vec!["Työnhaun tuki".to_owned()],
            education_work: Some(EducationWork {
                education_level: Some(3),
                education: "Datanomin tutkinto".to_owned(),
                work_history: "Jäätelökioski 2025".to_owned(),
                job_seeker_status: "02".to_owned(),
            }),
            social_situation: "Asuu kimppakämpässä.".to_owned(),
            health_capacity: "Selkä ei kestä nostamista.".to_owned(),
            joint_plan: "Kohti kokeilua.".to_owned(),
            service_attendance: "Kaksi tapaamista.".to_owned(),
            ..ReferralContent::default()
        }),
        needs: vec![PlanNeed {
            id: "te-n-1".to_owned(),
            category: DataCategory::ServiceNeeds.into(),
            text: "Tarvitsee työkokeilupaikan".to_owned(),
            found_in_meeting: true,
        }],
        goals: vec![PlanGoal {
            id: "te-g-1".to_owned(),
            category: DataCategory::JointPlan.into(),
            text: "Työpaikka vuoden sisällä".to_owned(),
            state: GoalState::Active.into(),
            achievement: Achievement::InProgress.into(),
            due: "2027-06-30".to_owned(),
            needs: vec!["te-n-1".to_owned()],
        }],
        actions: vec![PlanAction {
            id: "te-a-1".to_owned(),
            category: DataCategory::EducationWork.into(),
            text: "Työkokeilu varastossa".to_owned(),
            state: ActionState::NotDone.into(),
            goal: "te-g-1".to_owned(),
            provider: "Varasto Oy".to_owned(),
            ptv_service: "7d4c9f5e-1111-4222-8333-0123456789ab".to_owned(),
            start: "2026-09-01".to_owned(),
            end: "2026-11-30".to_owned(),
            reason: "Selkä".to_owned(),
        }],
        meetings: vec![PlanMeeting {
            id: "te-m-1".to_owned(),
            category: DataCategory::ServiceAttendance.into(),
            time: recorded(1_796_000_000),
            state: MeetingState::Planned.into(),
            place: "Torikatu 99".to_owned(),
            participants: vec!["ohjaamo".to_owned(), "Monik ry".to_owned()],
            note: "Ota todistukset mukaan.".to_owned(),
        }],
        client_view: "Haluan oman rahan.".to_owned(),
        worker_view: "Motivoitunut.".to_owned(),
        next_review: "2027-01-31".to_owned(),
        responsible_worker: Some(Worker {
            id: "virkailija-1".to_owned(),
            name: "Tiina Työnvälittäjä".to_owned(),
            unit: "nuorten-palvelut".to_owned(),
            phone: "+358 40 5550100".to_owned(),
            email: "tiina@example.invalid".to_owned(),
        }),
        ..PlanPart::default()
    }
}
