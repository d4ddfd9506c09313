//! How does a young person get into a situation of the matrix?
//!
//! First they agree to everything for a day, and the agencies write down all that can be written down: entries, referrals
//! that are taken up, a joint plan. When that consent is over, the situation is made, and what there is to see is the same
//! in every one of them.

use jiff::{SignedDuration, Timestamp};
use polku_gateway::clock::Clock as _;
use polku_policy::{Capacity, GivenBy, GrantKind, LegalStatus, PurposeSet};
use polku_proto::CategorySet;
use polku_proto::v1::capacity_assessment::Result as Assessed;
use polku_proto::v1::consent_evidence::GivenBy as By;
use polku_proto::v1::consent_terms::ConsentKind;
use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::legal_status_terms::Status as Terms;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    AcceptReferralRequest, Attainment, Background, ConsentEvidence, ConsentTerms, DataCategory,
    EducationLevel, EndLegalStatusRequest, EscortedHandover, JourneyLeaving, JourneySource, Mandate,
    MultiSectorSupport, PathStage, PermitDomain, PlanPart, ProfileAssessment, ProhibitionTerms, Purpose,
    RecordConsentRequest, RecordProhibitionRequest, RetentionAnswer, Sex, WorkSpent, attainment, mandate,
    plan_item, retention_answer,
};
use polku_tests::world::{Client, evidence, full_content, nobody_born, referral_to, request_id, terms};

use super::town::{Town, id, named};
use super::{add, assignment, encounter, opening};
use crate::matrix::engine::{AGENCIES, Direction, HOME, WITHOUT_AGREEMENT, personal};
use crate::matrix::situations::{Given, Lacks, Prohibited, Situation};
use crate::plan::table;
use crate::stage::{assess, protect, record_status, wire, withdrawal};

/// What the entries that everybody writes here are about.
pub(super) const WRITTEN: CategorySet = CategorySet::of(&[
    DataCategory::ServiceAttendance,
    DataCategory::SocialSituation,
    DataCategory::HealthCapacity,
    DataCategory::OutcomeMeasures,
    DataCategory::Housing,
    DataCategory::EducationWork,
]);
/// What a meeting tells beside that it was: it shows with it, or not at all.
pub(super) const TOLD_OF_MEETING: CategorySet =
    CategorySet::of(&[DataCategory::GuidanceNotes, DataCategory::AddressContact]);
/// What is told of who the young person is beside their education: in the same way.
pub(super) const TOLD_OF_BACKGROUND: CategorySet =
    CategorySet::of(&[DataCategory::IdentityContact, DataCategory::AddressContact]);
/// Who has the adult beside the young person.
pub(super) const RESPONSIBLE: &str = "ohjaamo";
/// What each party has written into its section of the plan.
pub(super) const PLANNED: CategorySet = CategorySet::of(&[
    DataCategory::ServiceNeeds,
    DataCategory::SocialSituation,
    DataCategory::HealthCapacity,
    DataCategory::EducationWork,
]);
/// What the next step of the plan is about.
pub(super) const NEXT: DataCategory = DataCategory::ServiceNeeds;
/// Somebody who has nothing to do with any of it.
const BYSTANDER: &str = "te";
/// Who begins the plan: it may tell every other one. What is flagged as the next step is the coordinator's to tell.
pub(super) const COORDINATOR: &str = "te";

/// One young person in one situation.
pub(super) struct Person {
    pub(super) number: usize,
    pub(super) situation: Situation,
    pub(super) youth: String,
    /// Who has referred the young person to whom.
    pub(super) referrals: Vec<Direction>,
}

impl Person {
    pub(super) async fn identified(town: &Town, number: usize, situation: Situation) -> Self {
        let code = code(number, &situation);
        let youth = town.agency("ohjaamo").identify(&code).await.unwrap();
        let others = AGENCIES.into_iter().skip(1).map(|(agency, ..)| town.agency(agency));
        // Whoever writes or records something of somebody has to do with them first.
        for mut other in others.chain([town.assessor(), town.employment_services()]) {
            assert_eq!(other.identify(&code).await.unwrap(), youth);
        }
        let person = Self { number, situation, youth, referrals: Vec::new() };
        // Long ago: what guardians say of those who are of age by now.
        if !person.situation.is_minor() {
            for given in person.situation.grants.iter().filter(|given| given.by == GivenBy::Guardian) {
                person.give(town, *given).await;
            }
        }
        person
    }

    /// For what each plan is kept. Referrals are for what their recipients are for.
    pub(super) fn plan_purpose(&self) -> Purpose {
        if self.number.is_multiple_of(2) { Purpose::Guidance } else { Purpose::MultiSectorSupport }
    }

    /// Everything that there is to see.
    pub(super) async fn live(&mut self, town: &Town) {
        let code = code(self.number, &self.situation);
        let by = if self.situation.is_minor() { By::Guardian } else { By::Self_ };
        let everybody: Vec<String> = AGENCIES.into_iter().map(|(agency, ..)| id(agency)).collect();
        let for_a_day = ConsentTerms {
            disclosers: everybody.clone(),
            recipients: everybody,
            valid_until: Some(wire(town.clock.now() + SignedDuration::from_hours(24))),
            ..whole_terms(personal())
        };
        record_consent(&town.agency("ohjaamo"), &self.youth, for_a_day, by).await;
        for (agency, ..) in AGENCIES {
            let system = town.world.agencies[&id(agency)].simulator.as_ref();
            system.hold(&code, &system.specimen()).unwrap();
            self.write(&town.agency(agency)).await;
        }
        let responsible = town.agency(RESPONSIBLE);
        let scopes = vec![mandate::Scope::Follow.into()];
        for matter in [
            assignment("virkailija-1", Reason::First),
            Matter::Mandate(Mandate { scopes, reference: "kanaria-arkisto".into(), ..Mandate::default() }),
        ] {
            add(&responsible, &self.youth, matter).await.unwrap();
        }
        for direction in self.planned_referrals() {
            self.refer(town, direction).await;
            self.referrals.push(direction);
        }
    }

    async fn write(&self, writer: &Client) {
        let leaving = || Matter::Leaving(JourneyLeaving::default());
        let profile = ProfileAssessment { profile: 2, motivation: 3, need: 3 };
        let housed = Attainment { kind: attainment::Kind::Housing.into(), ..Attainment::default() };
        let work = WorkSpent { stage: PathStage::Start.into(), minutes: 30, cost_cents: 100 };
        let background = Background {
            sex: Sex::OtherOrNotSaid.into(),
            education: EducationLevel::NoQualification.into(),
            municipality: HOME.into(),
            ..Background::default()
        };
        for matter in [
            opening(JourneySource::HealthCare),
            leaving(),
            opening(JourneySource::SocialServices),
            encounter(),
            Matter::Profile(profile),
            Matter::Attainment(housed),
            Matter::Work(work),
            Matter::Background(background),
        ] {
            add(writer, &self.youth, matter).await.unwrap();
        }
    }

    /// One from each agency, to another from situation to situation: over all of them there is every direction.
    fn planned_referrals(&self) -> Vec<Direction> {
        let ids: Vec<&'static str> = AGENCIES.into_iter().map(|(agency, ..)| agency).collect();
        let step = 1 + self.number % (ids.len() - 1);
        let to = |place: usize| ids[(place + step) % ids.len()];
        let mut all: Vec<Direction> =
            ids.iter().enumerate().map(|(place, from)| (*from, to(place))).collect();
        all.retain(|direction| *direction != WITHOUT_AGREEMENT);
        all
    }

    /// Hands the young person over; the recipient writes down what became of it.
    async fn refer(&self, town: &Town, (from, to): Direction) {
        let mut request =
            referral_to(&format!("m-{}", named(to)), &self.youth, purpose_of(to), full_content());
        request.wait_for_delivery = true;
        let sent = town.agency(from).referral.send_referral(request).await;
        let name = sent
            .unwrap_or_else(|status| panic!("{from} to {to}: {status:?}"))
            .into_inner()
            .referral
            .unwrap()
            .name;
        let recipient = town.agency(to);
        let note = "kanaria-tila".to_owned();
        let accept =
            AcceptReferralRequest { request_id: request_id(), name: name.clone(), etag: String::new(), note };
        recipient.clone().referral.accept_referral(accept).await.unwrap();
        let result = retention_answer::Result::Attached.into();
        let said = RetentionAnswer { referral: name.clone(), result };
        add(&recipient, &self.youth, Matter::Retention(said)).await.unwrap();
        let met = EscortedHandover { referral: name, young_person: true, sender: true, recipient: true };
        for party in [recipient, town.agency(from)] {
            add(&party, &self.youth, Matter::Handover(met.clone())).await.unwrap();
        }
    }

    /// A plan to which all are parties, with a section of each.
    pub(super) async fn plan(&self, town: &Town) {
        let coordinator = town.agency(COORDINATOR);
        let plan = table::create_for(&coordinator, &self.youth, self.plan_purpose()).await.unwrap();
        let plan = plan.plan.unwrap().name;
        let others =
            || AGENCIES.into_iter().map(|(agency, ..)| agency).filter(|agency| *agency != COORDINATOR);
        for agency in others() {
            table::add(&coordinator, &plan, &format!("m-{}", named(agency))).await.unwrap();
        }
        for agency in others().chain([COORDINATOR]) {
            let write = |part: &mut PlanPart| {
                let needs = PLANNED.iter().zip(["a", "b", "c", "d"]);
                part.needs.extend(needs.map(|(category, id)| table::need(id, category, "kanaria-tarve")));
                part.actions.push(table::action("e", NEXT, "kanaria-askel"));
            };
            table::edit(&town.agency(agency), &plan, &id(agency), write).await.unwrap();
        }
        let step = table::item(&id(self.step_of()), plan_item::Kind::Action, "e");
        table::flag(&coordinator, &plan, Some(step)).await.unwrap();
    }

    /// Whose section the next step stands in: over all situations, everybody's.
    pub(super) fn step_of(&self) -> &'static str {
        AGENCIES[self.number % AGENCIES.len()].0
    }

    /// The situation, on the day before it is looked at.
    pub(super) async fn arrange(&self, town: &Town) {
        let Self { situation, youth, .. } = self;
        let is_minor = situation.is_minor();
        let mut able = None;
        for given in &situation.grants {
            match given.by {
                GivenBy::Guardian if !is_minor => continue,
                // Given while they were able to.
                GivenBy::Self_ if is_minor => {
                    able = assess(&town.assessor(), youth, Assessed::CapableAllows).await.status;
                }
                GivenBy::Self_ | GivenBy::Guardian | GivenBy::Representative => {}
            }
            self.give(town, *given).await;
        }
        // Where nobody has assessed them, the assessment was a mistake.
        let is_assessed = |status: &LegalStatus| matches!(status, LegalStatus::Capacity(_));
        if let Some(able) = able.filter(|_| !situation.statuses.iter().any(is_assessed)) {
            let request =
                EndLegalStatusRequest { request_id: request_id(), name: able.name, etag: able.etag };
            town.assessor().status.end_legal_status(request).await.unwrap();
        }
        for status in &situation.statuses {
            match status {
                LegalStatus::Capacity(Capacity::NotCapable) => {
                    assessed(town, youth, Assessed::NotCapable).await
                }
                LegalStatus::Capacity(Capacity::CapableHidden) => {
                    assessed(town, youth, Assessed::CapableForbids).await;
                }
                LegalStatus::Capacity(_) => assessed(town, youth, Assessed::CapableAllows).await,
                LegalStatus::AddressProtected => {
                    protect(&town.assessor(), youth).await;
                }
                LegalStatus::MultiSectorSupport => {
                    let support = Terms::MultiSectorSupport(MultiSectorSupport {});
                    record_status(&town.employment_services(), youth, support).await.unwrap();
                }
            }
        }
        if let Some(prohibited) = situation.prohibited {
            let request = RecordProhibitionRequest {
                request_id: request_id(),
                youth: youth.clone(),
                terms: Some(prohibition(prohibited)),
            };
            town.agency("ohjaamo").consent.record_prohibition(request).await.unwrap();
        }
    }

    /// A consent for everybody, or a permit between those that the gateway takes one of: between all others the matrix has
    /// no answer for it either.
    async fn give(&self, town: &Town, given: Given) {
        let all: Vec<&str> = AGENCIES.into_iter().map(|(agency, ..)| agency).collect();
        let (kind, domain, disclosers, recipients) = match given.kind {
            GrantKind::Consent => (ConsentKind::Consent, PermitDomain::Unspecified, all.clone(), all),
            GrantKind::DisclosurePermit(domain) => {
                let of = if domain == PermitDomain::Health { "health" } else { "social" };
                (ConsentKind::DisclosurePermit, domain, vec![of], vec!["social", "health"])
            }
        };
        let by = match given.by {
            GivenBy::Guardian => By::Guardian,
            GivenBy::Self_ => By::Self_,
            GivenBy::Representative => By::OtherRepresentative,
        };
        let (from, until) = given.lacks.period();
        let instant = |text: &str| wire(text.parse::<Timestamp>().unwrap());
        let mut terms = ConsentTerms {
            kind: kind.into(),
            permit_domain: domain.into(),
            disclosers: disclosers.iter().map(|agency| id(agency)).collect(),
            recipients: recipients.iter().map(|agency| format!("m-{}", named(agency))).collect(),
            valid_from: from.map(instant),
            valid_until: Some(instant(until)),
            ..whole_terms(given.explicit)
        };
        match given.lacks {
            Lacks::Purpose => terms.purposes = vec![Purpose::Statistics.into()],
            Lacks::Recipient => terms.recipients = vec![BYSTANDER.to_owned()],
            Lacks::Nothing | Lacks::Time | Lacks::Beginning | Lacks::Word => {}
        }
        let recorder = town.agency(disclosers[0]);
        let name = record_consent(&recorder, &self.youth, terms, by).await;
        if given.lacks == Lacks::Word {
            town.young_person(&self.youth).consent.withdraw_consent(withdrawal(&name)).await.unwrap();
        }
    }
}

/// For what the recipient is referred to.
pub(super) fn purpose_of(recipient: &str) -> Purpose {
    match recipient {
        "te" => Purpose::EmploymentServices,
        "kela" => Purpose::Rehabilitation,
        "social" | "health" => Purpose::SocialServices,
        "paja" => Purpose::WorkshopCoaching,
        _ => Purpose::Guidance,
    }
}

/// Nobody else's.
fn code(number: usize, situation: &Situation) -> String {
    let parts: Vec<usize> = situation.born.split('-').map(|part| part.parse().unwrap()).collect();
    nobody_born((parts[2], parts[1], parts[0]), number)
}

/// For every purpose and category.
fn whole_terms(explicit: CategorySet) -> ConsentTerms {
    let categories: Vec<DataCategory> = personal().iter().collect();
    ConsentTerms {
        purposes: PurposeSet::ALL.iter().map(i32::from).collect(),
        explicit_categories: explicit.intersection(polku_policy::SPECIAL).to_wire(),
        ..terms("", "", Purpose::Guidance, &categories)
    }
}

async fn record_consent(recorder: &Client, youth: &str, terms: ConsentTerms, by: By) -> String {
    let is_permit = terms.kind() == ConsentKind::DisclosurePermit;
    // Nobody is informed later than they agree; whoever is of age by now was informed long ago.
    let inform_time = is_permit.then(|| wire("2024-02-01T00:00:00Z".parse().unwrap()));
    let request = RecordConsentRequest {
        request_id: request_id(),
        youth: youth.to_owned(),
        terms: Some(terms),
        evidence: Some(ConsentEvidence { given_by: by.into(), inform_time, ..evidence() }),
        ..RecordConsentRequest::default()
    };
    let recorded = recorder.clone().consent.record_consent(request).await;
    recorded.unwrap_or_else(|status| panic!("{by:?}: {status:?}")).into_inner().consent.unwrap().name
}

async fn assessed(town: &Town, youth: &str, result: Assessed) {
    assess(&town.assessor(), youth, result).await;
}

/// What the matrix means in each direction, for all of them at once.
fn prohibition(prohibited: Prohibited) -> ProhibitionTerms {
    let everybody = || AGENCIES.into_iter().map(|(agency, ..)| id(agency)).collect::<Vec<String>>();
    let bystander = || vec![BYSTANDER.to_owned()];
    let none = ProhibitionTerms::default;
    match prohibited {
        Prohibited::Everything => none(),
        Prohibited::Category(category) => ProhibitionTerms { categories: vec![category.into()], ..none() },
        Prohibited::ThisDiscloser => ProhibitionTerms { disclosers: everybody(), ..none() },
        Prohibited::OtherDiscloser => ProhibitionTerms { disclosers: bystander(), ..none() },
        Prohibited::ThisRecipient => ProhibitionTerms { recipients: everybody(), ..none() },
        Prohibited::OtherRecipient => ProhibitionTerms { recipients: bystander(), ..none() },
        Prohibited::Task(task) => {
            ProhibitionTerms { disclosers: everybody(), service_tasks: vec![task.to_owned()], ..none() }
        }
        Prohibited::Document(document) => {
            ProhibitionTerms { disclosers: everybody(), documents: vec![document.to_owned()], ..none() }
        }
    }
}
