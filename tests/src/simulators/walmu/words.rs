//! How does the case management write what it was told to say in the contract's words?

use anyhow::{Context, Result};
use polku_proto::v1::{
    Achievement, ActionState, DataCategory, GoalState, MeetingState, PlanPart, PlanState, Purpose,
    ReferralContent,
};
use serde_json::{Map, Value, json};

/// Puts a text into an object, unless it is empty.
pub(crate) fn put(object: &mut Map<String, Value>, name: &str, text: &str) {
    if !text.is_empty() {
        object.insert(name.to_owned(), json!(text));
    }
}

fn put_object(object: &mut Map<String, Value>, name: &str, members: Map<String, Value>) {
    if !members.is_empty() {
        object.insert(name.to_owned(), Value::Object(members));
    }
}

fn put_list(object: &mut Map<String, Value>, name: &str, items: Vec<Value>) {
    if !items.is_empty() {
        object.insert(name.to_owned(), Value::Array(items));
    }
}

/// RFC 3339.
pub(crate) fn moment(wire: &prost_types::Timestamp) -> Result<String> {
    Ok(jiff::Timestamp::new(wire.seconds, wire.nanos).context("not an instant")?.to_string())
}

/// `perustelu`, `palvelutarpeet`, `asiakas` and `tausta`, as far as there is something to say.
pub(crate) fn content(content: &ReferralContent, identity_code: Option<&str>) -> Map<String, Value> {
    let mut client = Map::new();
    put(&mut client, "henkilotunnus", identity_code.unwrap_or_default());
    put(&mut client, "etunimet", &content.given_names);
    put(&mut client, "sukunimi", &content.family_name);
    put(&mut client, "asiointikieli", &content.contact_language);
    put(&mut client, "yhteysosoite", &content.correspondence_address);
    put(&mut client, "toivottuYhteydenotto", &content.contact_wish);
    if let Some(contact) = &content.contact {
        let mut reached = Map::new();
        put(&mut reached, "puhelin", &contact.phone);
        put(&mut reached, "sahkoposti", &contact.email);
        put(&mut reached, "katuosoite", &contact.street_address);
        put(&mut reached, "postinumero", &contact.postal_code);
        put(&mut reached, "postitoimipaikka", &contact.city);
        put(&mut reached, "kotikunta", &contact.municipality);
        put_object(&mut client, "yhteystiedot", reached);
    }
    let mut background = Map::new();
    if let Some(education) = &content.education_work {
        let mut schooling = Map::new();
        if let Some(level) = education.education_level {
            schooling.insert("koulutusaste".to_owned(), json!(level));
        }
        put(&mut schooling, "koulutus", &education.education);
        put(&mut schooling, "tyohistoria", &education.work_history);
        put(&mut schooling, "tyonhakijanTila", &education.job_seeker_status);
        put_object(&mut background, "koulutusJaTyo", schooling);
    }
    put(&mut background, "sosiaalinenTilanne", &content.social_situation);
    put(&mut background, "toimintakyky", &content.health_capacity);
    put(&mut background, "asuminen", &content.housing);
    put(&mut background, "etuudetJaTulot", &content.benefits_income);
    put(&mut background, "suunnitelma", &content.joint_plan);
    put(&mut background, "palveluunOsallistuminen", &content.service_attendance);
    put(&mut background, "tulosmittarit", &content.outcome_measures);
    put(&mut background, "elamanlaatu", &content.quality_of_life);

    let mut said = Map::new();
    put(&mut said, "perustelu", &content.reason);
    put_list(&mut said, "palvelutarpeet", content.service_needs.iter().map(|need| json!(need)).collect());
    put_object(&mut said, "asiakas", client);
    put_object(&mut said, "tausta", background);
    said
}

/// `suunnitelma`, about a person if that is to be said.
pub(crate) fn plan(part: &PlanPart, identity_code: Option<&str>) -> Result<Value> {
    let mut plan = Map::new();
    put(&mut plan, "omistajanTunnus", &part.reference);
    plan.insert("versio".to_owned(), json!(part.revision));
    if let Some(updated) = &part.update_time {
        put(&mut plan, "paivitetty", &moment(updated)?);
    }
    put(&mut plan, "tila", plan_state(part.state()));
    if part.redacted {
        plan.insert("tietojaKarsittu".to_owned(), json!(true));
    }
    let background = part.background.clone().unwrap_or_default();
    put_object(&mut plan, "lahtotilanne", content(&background, identity_code));
    let mut needs = Vec::new();
    for need in &part.needs {
        let mut item = item(&need.id, need.category(), &need.text);
        if need.found_in_meeting {
            item.insert("havaittuTapaamisessa".to_owned(), json!(true));
        }
        needs.push(Value::Object(item));
    }
    put_list(&mut plan, "tarpeet", needs);
    let mut goals = Vec::new();
    for goal in &part.goals {
        let mut item = item(&goal.id, goal.category(), &goal.text);
        put(&mut item, "tila", goal_state(goal.state()));
        put(&mut item, "toteutuminen", achievement(goal.achievement()));
        put(&mut item, "maaraPvm", &goal.due);
        put_list(&mut item, "tarpeet", goal.needs.iter().map(|need| json!(need)).collect());
        goals.push(Value::Object(item));
    }
    put_list(&mut plan, "tavoitteet", goals);
    let mut measures = Vec::new();
    for action in &part.actions {
        let mut item = item(&action.id, action.category(), &action.text);
        put(&mut item, "tila", measure_state(action.state()));
        put(&mut item, "tavoite", &action.goal);
        put(&mut item, "toteuttaja", &action.provider);
        put(&mut item, "ptvPalvelu", &action.ptv_service);
        put(&mut item, "alkuPvm", &action.start);
        put(&mut item, "loppuPvm", &action.end);
        put(&mut item, "peruste", &action.reason);
        measures.push(Value::Object(item));
    }
    put_list(&mut plan, "toimenpiteet", measures);
    let mut meetings = Vec::new();
    for meeting in &part.meetings {
        let mut item = item(&meeting.id, meeting.category(), "");
        if let Some(time) = &meeting.time {
            put(&mut item, "aika", &moment(time)?);
        }
        put(&mut item, "tila", meeting_state(meeting.state()));
        put(&mut item, "paikka", &meeting.place);
        put_list(&mut item, "osallistujat", meeting.participants.iter().map(|name| json!(name)).collect());
        put(&mut item, "muistio", &meeting.note);
        meetings.push(Value::Object(item));
    }
    put_list(&mut plan, "tapaamiset", meetings);
    put(&mut plan, "asiakkaanNakemys", &part.client_view);
    put(&mut plan, "tyontekijanNakemys", &part.worker_view);
    put(&mut plan, "tarkistusPvm", &part.next_review);
    if let Some(worker) = &part.responsible_worker {
        let mut responsible = Map::new();
        put(&mut responsible, "tunnus", &worker.id);
        put(&mut responsible, "nimi", &worker.name);
        put(&mut responsible, "yksikko", &worker.unit);
        put(&mut responsible, "puhelin", &worker.phone);
        put(&mut responsible, "sahkoposti", &worker.email);
        put_object(&mut plan, "vastuutyontekija", responsible);
    }
    Ok(Value::Object(plan))
}

fn item(id: &str, category: DataCategory, text: &str) -> Map<String, Value> {
    let mut item = Map::new();
    put(&mut item, "tunnus", id);
    put(&mut item, "luokka", class(category));
    put(&mut item, "kuvaus", text);
    item
}

fn class(category: DataCategory) -> &'static str {
    match category {
        DataCategory::Unspecified | DataCategory::Envelope => "",
        DataCategory::IdentityContact => "identity_contact",
        DataCategory::AddressContact => "address_contact",
        DataCategory::ServiceAttendance => "service_attendance",
        DataCategory::EducationWork => "education_work",
        DataCategory::SocialSituation => "social_situation",
        DataCategory::HealthCapacity => "health_capacity",
        DataCategory::ServiceNeeds => "service_needs",
        DataCategory::JointPlan => "joint_plan",
        DataCategory::GuidanceNotes => "guidance_notes",
        DataCategory::Housing => "housing",
        DataCategory::BenefitsIncome => "benefits_income",
        DataCategory::OutcomeMeasures => "outcome_measures",
        DataCategory::QualityOfLife => "quality_of_life",
        DataCategory::ReferralStatus => "referral_status",
    }
}

/// `kayttotarkoitus`.
pub(crate) fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Unspecified | Purpose::Statistics => "",
        Purpose::Guidance => "ohjaus",
        Purpose::EmploymentServices => "tyollisyyspalvelut",
        Purpose::MultiSectorSupport => "monialainen_tuki",
        Purpose::SocialServices => "sosiaalipalvelut",
        Purpose::Rehabilitation => "kuntoutus",
        Purpose::OutreachYouthWork => "etsiva_nuorisotyo",
        Purpose::WorkshopCoaching => "tyopajavalmennus",
    }
}

fn plan_state(state: PlanState) -> &'static str {
    match state {
        PlanState::Unspecified => "",
        PlanState::Draft => "luonnos",
        PlanState::Active => "voimassa",
        PlanState::OnHold => "keskeytetty",
        PlanState::Revoked => "peruttu",
        PlanState::Completed => "paattynyt",
        PlanState::EnteredInError => "virheellinen",
    }
}

fn goal_state(state: GoalState) -> &'static str {
    match state {
        GoalState::Unspecified => "",
        GoalState::Proposed => "ehdotettu",
        GoalState::Planned => "suunniteltu",
        GoalState::Accepted => "hyvaksytty",
        GoalState::Active => "kaynnissa",
        GoalState::OnHold => "keskeytetty",
        GoalState::Completed => "paattynyt",
        GoalState::Cancelled => "peruttu",
        GoalState::EnteredInError => "virheellinen",
        GoalState::Rejected => "hylatty",
    }
}

fn achievement(achievement: Achievement) -> &'static str {
    match achievement {
        Achievement::Unspecified => "",
        Achievement::InProgress => "kesken",
        Achievement::Improving => "edistyy",
        Achievement::Worsening => "heikkenee",
        Achievement::NoChange => "ennallaan",
        Achievement::Achieved => "saavutettu",
        Achievement::Sustaining => "sailyy",
        Achievement::NotAchieved => "ei_saavutettu",
        Achievement::NoProgress => "ei_edistysta",
        Achievement::NotAttainable => "ei_saavutettavissa",
    }
}

fn measure_state(state: ActionState) -> &'static str {
    match state {
        ActionState::Unspecified => "",
        ActionState::Proposed => "ehdotettu",
        ActionState::Agreed => "sovittu",
        ActionState::InProgress => "kaynnissa",
        ActionState::Done => "tehty",
        ActionState::NotDone => "ei_tehty",
        ActionState::Dropped => "rauennut",
    }
}

fn meeting_state(state: MeetingState) -> &'static str {
    match state {
        MeetingState::Unspecified => "",
        MeetingState::Planned => "sovittu",
        MeetingState::Held => "pidetty",
        MeetingState::Cancelled => "peruttu",
    }
}
