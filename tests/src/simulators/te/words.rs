//! How does the office say what is told of a person, and what stands in a plan?

use anyhow::{Context, Result};
use jiff::Timestamp;
use polku_proto::v1::{
    Achievement, ActionState, DataCategory, GoalState, MeetingState, PlanAction, PlanGoal, PlanMeeting,
    PlanNeed, PlanPart, PlanState, Purpose, ReferralContent, Worker,
};

use crate::simulators::xml::Element;

/// The office's namespace.
pub(crate) const CONTENTS: &str = "http://ohjaus.te.example/lahete/v1";

/// An element of the office's namespace.
pub(crate) fn element(name: &str) -> Element {
    Element::new(CONTENTS, name)
}

/// Adds what there is of these.
pub(crate) fn with_texts(mut element: Element, texts: &[(&str, &str)]) -> Element {
    for (name, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
        element = element.with_field(name, text);
    }
    element
}

fn with_group(element: Element, group: Element) -> Element {
    if group.children.is_empty() { element } else { element.with_child(group) }
}

/// Adds the elements from `asiakas` to `elamanlaatu`, about the person with this identity code.
pub(crate) fn with_content(mut body: Element, content: &ReferralContent, identity_code: &str) -> Element {
    let contact = content.contact.clone().unwrap_or_default();
    let contact = with_texts(
        element("yhteystiedot"),
        &[
            ("puhelin", &contact.phone),
            ("sahkoposti", &contact.email),
            ("katuosoite", &contact.street_address),
            ("postinumero", &contact.postal_code),
            ("postitoimipaikka", &contact.city),
            ("kuntakoodi", &contact.municipality),
        ],
    );
    let person = with_texts(
        element("asiakas"),
        &[
            ("henkilotunnus", identity_code),
            ("etunimet", &content.given_names),
            ("sukunimi", &content.family_name),
            ("asiointikieli", &content.contact_language),
            ("yhteysosoite", &content.correspondence_address),
            ("toivottuYhteydenotto", &content.contact_wish),
        ],
    );
    body = with_group(body, with_group(person, contact));
    body = with_texts(body, &[("perustelu", &content.reason)]);
    for need in &content.service_needs {
        body = body.with_field("palvelutarve", need);
    }
    let work = content.education_work.clone().unwrap_or_default();
    let level = work.education_level.map(|level| level.to_string()).unwrap_or_default();
    let work = with_texts(
        element("koulutusJaTyo"),
        &[
            ("koulutusaste", &level),
            ("koulutus", &work.education),
            ("tyohistoria", &work.work_history),
            ("tyonhakijanTila", &work.job_seeker_status),
        ],
    );
    with_texts(
        with_group(body, work),
        &[
            ("sosiaalinenTilanne", &content.social_situation),
            ("toimintakyky", &content.health_capacity),
            ("asuminen", &content.housing),
            ("etuudetJaTulot", &content.benefits_income),
            ("yhteinenSuunnitelma", &content.joint_plan),
            ("palveluunOsallistuminen", &content.service_attendance),
            ("tulosmittarit", &content.outcome_measures),
            ("elamanlaatu", &content.quality_of_life),
        ],
    )
}

/// Adds the elements of a plan, about the person with this identity code.
///
/// # Errors
/// When the office has no word for something in it.
pub(crate) fn with_plan(mut body: Element, part: &PlanPart, identity_code: &str) -> Result<Element> {
    let revision = if part.revision == 0 { String::new() } else { part.revision.to_string() };
    let updated = part.update_time.as_ref().map(moment).transpose()?.unwrap_or_default();
    body = with_texts(
        body,
        &[
            ("tietojaKarsittu", if part.redacted { "true" } else { "" }),
            ("viite", &part.reference),
            ("versio", &revision),
            ("paivitetty", &updated),
            ("tila", plan_state(part.state())),
        ],
    );
    body = with_content(body, &part.background.clone().unwrap_or_default(), identity_code);
    for need in &part.needs {
        body = body.with_child(need_element(need));
    }
    for goal in &part.goals {
        body = body.with_child(goal_element(goal));
    }
    for action in &part.actions {
        body = body.with_child(action_element(action));
    }
    for meeting in &part.meetings {
        body = body.with_child(meeting_element(meeting)?);
    }
    body = with_texts(
        body,
        &[
            ("asiakkaanNakemys", &part.client_view),
            ("asiantuntijanNakemys", &part.worker_view),
            ("seuraavaTarkistus", &part.next_review),
        ],
    );
    let worker =
        part.responsible_worker.as_ref().map(worker_element).unwrap_or(element("vastuuasiantuntija"));
    Ok(with_group(body, worker))
}

fn need_element(need: &PlanNeed) -> Element {
    let found = if need.found_in_meeting { "true" } else { "" };
    let texts = [
        ("tunnus", need.id.as_str()),
        ("tietoryhma", category(need.category())),
        ("kuvaus", &need.text),
        ("todettuTapaamisessa", found),
    ];
    with_texts(element("tarve"), &texts)
}

fn goal_element(goal: &PlanGoal) -> Element {
    let texts = [
        ("tunnus", goal.id.as_str()),
        ("tietoryhma", category(goal.category())),
        ("kuvaus", &goal.text),
        ("tila", goal_state(goal.state())),
        ("toteutuminen", achievement(goal.achievement())),
        ("maaraaika", &goal.due),
    ];
    let needs = goal.needs.iter();
    needs.fold(with_texts(element("tavoite"), &texts), |goal, need| goal.with_field("tarveTunnus", need))
}

fn action_element(action: &PlanAction) -> Element {
    let texts = [
        ("tunnus", action.id.as_str()),
        ("tietoryhma", category(action.category())),
        ("kuvaus", &action.text),
        ("tila", action_state(action.state())),
        ("tavoiteTunnus", &action.goal),
        ("jarjestaja", &action.provider),
        ("ptvPalvelu", &action.ptv_service),
        ("alkaa", &action.start),
        ("paattyy", &action.end),
        ("syy", &action.reason),
    ];
    with_texts(element("toimi"), &texts)
}

fn meeting_element(meeting: &PlanMeeting) -> Result<Element> {
    let time = meeting.time.as_ref().map(moment).transpose()?.unwrap_or_default();
    let texts = [
        ("tunnus", meeting.id.as_str()),
        ("tietoryhma", category(meeting.category())),
        ("aika", &time),
        ("tila", meeting_state(meeting.state())),
        ("paikka", &meeting.place),
    ];
    let meeting_with_place = with_texts(element("tapaaminen"), &texts);
    let all = meeting.participants.iter();
    let all = all.fold(meeting_with_place, |element, name| element.with_field("osallistuja", name));
    Ok(with_texts(all, &[("muistiinpano", &meeting.note)]))
}

fn worker_element(worker: &Worker) -> Element {
    let texts = [
        ("tunnus", worker.id.as_str()),
        ("nimi", &worker.name),
        ("yksikko", &worker.unit),
        ("puhelin", &worker.phone),
        ("sahkoposti", &worker.email),
    ];
    with_texts(element("vastuuasiantuntija"), &texts)
}

/// An instant as the office writes it.
///
/// # Errors
/// When it is none.
pub(crate) fn moment(wire: &prost_types::Timestamp) -> Result<String> {
    Ok(Timestamp::new(wire.seconds, wire.nanos).context("an instant")?.to_string())
}

/// `kayttotarkoitus`.
pub(crate) fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Unspecified | Purpose::Statistics => "",
        Purpose::Guidance => "OHJAUS",
        Purpose::EmploymentServices => "TYOLLISYYSPALVELUT",
        Purpose::MultiSectorSupport => "MONIALAINEN_TUKI",
        Purpose::SocialServices => "SOSIAALIPALVELUT",
        Purpose::Rehabilitation => "KUNTOUTUS",
        Purpose::OutreachYouthWork => "ETSIVA_NUORISOTYO",
        Purpose::WorkshopCoaching => "TYOPAJAVALMENNUS",
    }
}

fn category(category: DataCategory) -> &'static str {
    match category {
        DataCategory::Unspecified | DataCategory::Envelope => "",
        DataCategory::IdentityContact => "HENKILO_JA_YHTEYSTIEDOT",
        DataCategory::AddressContact => "OSOITETIEDOT",
        DataCategory::ServiceAttendance => "ASIAKKUUS",
        DataCategory::EducationWork => "KOULUTUS_JA_TYO",
        DataCategory::SocialSituation => "SOSIAALINEN_TILANNE",
        DataCategory::HealthCapacity => "TERVEYS_JA_TOIMINTAKYKY",
        DataCategory::ServiceNeeds => "PALVELUTARPEET",
        DataCategory::JointPlan => "SUUNNITELMA",
        DataCategory::GuidanceNotes => "OHJAUSMUISTIINPANOT",
        DataCategory::Housing => "ASUMINEN",
        DataCategory::BenefitsIncome => "ETUUDET_JA_TULOT",
        DataCategory::OutcomeMeasures => "TULOSMITTARIT",
        DataCategory::QualityOfLife => "ELAMANLAATU",
        DataCategory::ReferralStatus => "LAHETTEEN_TILA",
    }
}

fn plan_state(state: PlanState) -> &'static str {
    match state {
        PlanState::Unspecified => "",
        PlanState::Draft => "LUONNOS",
        PlanState::Active => "VOIMASSA",
        PlanState::OnHold => "KESKEYTETTY",
        PlanState::Revoked => "PERUTTU",
        PlanState::Completed => "PAATTYNYT",
        PlanState::EnteredInError => "VIRHEELLINEN",
    }
}

fn goal_state(state: GoalState) -> &'static str {
    match state {
        GoalState::Unspecified => "",
        GoalState::Proposed => "EHDOTETTU",
        GoalState::Planned => "SUUNNITELTU",
        GoalState::Accepted => "HYVAKSYTTY",
        GoalState::Active => "KAYNNISSA",
        GoalState::OnHold => "KESKEYTETTY",
        GoalState::Completed => "PAATTYNYT",
        GoalState::Cancelled => "PERUTTU",
        GoalState::EnteredInError => "VIRHEELLINEN",
        GoalState::Rejected => "HYLATTY",
    }
}

fn achievement(achievement: Achievement) -> &'static str {
    match achievement {
        Achievement::Unspecified => "",
        Achievement::InProgress => "KESKEN",
        Achievement::Improving => "PARANEE",
        Achievement::Worsening => "HEIKKENEE",
        Achievement::NoChange => "ENNALLAAN",
        Achievement::Achieved => "TOTEUTUNUT",
        Achievement::Sustaining => "PYSYY",
        Achievement::NotAchieved => "EI_TOTEUTUNUT",
        Achievement::NoProgress => "EI_EDENNYT",
        Achievement::NotAttainable => "EI_TOTEUTETTAVISSA",
    }
}

fn action_state(state: ActionState) -> &'static str {
    match state {
        ActionState::Unspecified => "",
        ActionState::Proposed => "EHDOTETTU",
        ActionState::Agreed => "SOVITTU",
        ActionState::InProgress => "KAYNNISSA",
        ActionState::Done => "TOTEUTUNUT",
        ActionState::NotDone => "EI_TOTEUTUNUT",
        ActionState::Dropped => "LUOVUTTU",
    }
}

fn meeting_state(state: MeetingState) -> &'static str {
    match state {
        MeetingState::Unspecified => "",
        MeetingState::Planned => "SOVITTU",
        MeetingState::Held => "PIDETTY",
        MeetingState::Cancelled => "PERUTTU",
    }
}
