//! How does the register say what it knows of a customer, and what stands in the joint employment plan?

use anyhow::{Context, Result};
use jiff::Timestamp;
use polku_proto::v1::{
    Achievement, ActionState, PlanAction, PlanGoal, PlanMeeting, PlanNeed, PlanPart, ReferralContent, Worker,
};

use crate::simulators::typpi::codes::{
    ACHIEVEMENTS, ACTION_STATES, CATEGORIES, GOAL_STATES, MEETING_STATES, PLAN_STATES, code,
};
use crate::simulators::xml::Element;

/// Namespace of the contents.
pub(crate) const CONTENTS: &str = "http://typpi.example/yhteisrekisteri/v1";

/// An element of the register's namespace.
pub(crate) fn element(name: &str) -> Element {
    Element::new(CONTENTS, name)
}

/// Adds what there is of these.
pub(crate) fn with_texts(element: Element, texts: &[(&str, &str)]) -> Element {
    let there = texts.iter().filter(|(_, text)| !text.is_empty());
    there.fold(element, |element, (name, text)| element.with_field(name, text))
}

/// Adds the group, unless there is nothing in it.
pub(crate) fn with_group(element: Element, group: Element) -> Element {
    if group.children.is_empty() { element } else { element.with_child(group) }
}

fn texts(name: &str, texts: &[(&str, &str)]) -> Element {
    with_texts(element(name), texts)
}

/// `asiakastiedot` about the person with this identity code, which may be empty.
pub(crate) fn customer(content: &ReferralContent, identity_code: &str) -> Element {
    let contact = content.contact.clone().unwrap_or_default();
    let work = content.education_work.clone().unwrap_or_default();
    let level = work.education_level.map(|level| level.to_string()).unwrap_or_default();
    let address = texts(
        "osoitetiedot",
        &[
            ("puhelinnumero", &contact.phone),
            ("sahkopostiosoite", &contact.email),
            ("lahiosoite", &contact.street_address),
            ("postinumero", &contact.postal_code),
            ("postitoimipaikka", &contact.city),
            ("kotikunta", &contact.municipality),
        ],
    );
    let person = texts(
        "henkilo",
        &[
            ("hetu", identity_code),
            ("etunimet", &content.given_names),
            ("sukunimi", &content.family_name),
            ("asiointikieli", &content.contact_language),
            ("yhteysosoite", &content.correspondence_address),
        ],
    );
    let needs = texts("palvelutarpeet", &[("ohjauksenSyy", &content.reason)]);
    let needs =
        content.service_needs.iter().fold(needs, |needs, need| needs.with_field("palvelutarve", need));
    let groups = [
        with_group(person, address),
        texts(
            "asiakkuus",
            &[("kaynnit", &content.service_attendance), ("yhteydenottotoive", &content.contact_wish)],
        ),
        texts(
            "koulutusJaTyo",
            &[
                ("koulutusaste", &level),
                ("koulutus", &work.education),
                ("tyohistoria", &work.work_history),
                ("tyonhakijanTila", &work.job_seeker_status),
            ],
        ),
        texts(
            "sosiaalinenTilanne",
            &[
                ("tilanne", &content.social_situation),
                ("asuminen", &content.housing),
                ("toimeentulo", &content.benefits_income),
            ],
        ),
        texts(
            "terveystiedot",
            &[("toimintakyky", &content.health_capacity), ("elamanlaatu", &content.quality_of_life)],
        ),
        with_texts(needs, &[("tulosmittarit", &content.outcome_measures)]),
    ];
    let all = groups.into_iter().fold(element("asiakastiedot"), with_group);
    with_texts(all, &[("suunnitelmatiivistelma", &content.joint_plan)])
}

/// `tietojaPuuttuu`, before a plan of which something is not told.
pub(crate) fn missing(part: &PlanPart) -> (&'static str, &'static str) {
    ("tietojaPuuttuu", if part.redacted { "true" } else { "" })
}

/// `suunnitelma` for the person with this identity code.
///
/// # Errors
/// When the register has no word for something in it.
pub(crate) fn plan(part: &PlanPart, identity_code: &str) -> Result<Element> {
    let version = if part.revision == 0 { String::new() } else { part.revision.to_string() };
    let changed = part.update_time.as_ref().map(moment).transpose()?.unwrap_or_default();
    let head = texts(
        "suunnitelma",
        &[
            ("yhteissuunnitelma", &part.plan),
            ("suunnitelmanTunnus", &part.reference),
            ("versio", &version),
            ("muutettu", &changed),
            ("suunnitelmanTila", code(PLAN_STATES, &part.state())?),
        ],
    );
    let worker = part.responsible_worker.as_ref().map_or(element("vastuuhenkilo"), worker);
    let mut plan = with_group(head, worker);
    plan = with_group(plan, customer(&part.background.clone().unwrap_or_default(), identity_code));
    for need in &part.needs {
        plan = plan.with_child(self::need(need)?);
    }
    for goal in &part.goals {
        plan = plan.with_child(self::goal(goal)?);
    }
    for action in &part.actions {
        plan = plan.with_child(service(action)?);
    }
    for meeting in &part.meetings {
        plan = plan.with_child(self::meeting(meeting)?);
    }
    let views = [
        ("asiakkaanNakemys", part.client_view.as_str()),
        ("tyontekijanNakemys", &part.worker_view),
        ("seuraavaTarkistus", &part.next_review),
    ];
    Ok(with_texts(plan, &views))
}

fn worker(worker: &Worker) -> Element {
    let parts = [
        ("tunnus", worker.id.as_str()),
        ("nimi", &worker.name),
        ("yksikko", &worker.unit),
        ("puhelinnumero", &worker.phone),
        ("sahkopostiosoite", &worker.email),
    ];
    texts("vastuuhenkilo", &parts)
}

fn need(need: &PlanNeed) -> Result<Element> {
    let parts = [
        ("tunnus", need.id.as_str()),
        ("tietoluokka", code(CATEGORIES, &need.category())?),
        ("kuvaus", &need.text),
        ("yhteisestiTodettu", if need.found_in_meeting { "true" } else { "" }),
    ];
    Ok(texts("tarve", &parts))
}

fn goal(goal: &PlanGoal) -> Result<Element> {
    let achievement = goal.achievement();
    let reached =
        if achievement == Achievement::Unspecified { "" } else { code(ACHIEVEMENTS, &achievement)? };
    let parts = [
        ("tunnus", goal.id.as_str()),
        ("tietoluokka", code(CATEGORIES, &goal.category())?),
        ("kuvaus", &goal.text),
        ("tavoitteenTila", code(GOAL_STATES, &goal.state())?),
        ("saavuttaminen", reached),
        ("tavoitepaiva", &goal.due),
    ];
    let needs = goal.needs.iter();
    Ok(needs.fold(texts("tavoite", &parts), |goal, need| goal.with_field("tarpeenTunnus", need)))
}

fn service(action: &PlanAction) -> Result<Element> {
    let state = action.state();
    let parts = [
        ("tunnus", action.id.as_str()),
        ("tietoluokka", code(CATEGORIES, &action.category())?),
        ("nimike", &action.text),
        ("palvelunTila", code(ACTION_STATES, &state)?),
        ("tavoitteenTunnus", &action.goal),
        ("jarjestaja", &action.provider),
        ("ptvTunnus", &action.ptv_service),
    ];
    let has_begun = matches!(state, ActionState::InProgress | ActionState::Done);
    let dates = if has_begun { "toteutunut" } else { "suunniteltu" };
    let dates = texts(dates, &[("alkaa", &action.start), ("paattyy", &action.end)]);
    let service = with_group(texts("palvelu", &parts), dates);
    Ok(with_texts(service, &[("toteutumattaJaanti", &action.reason)]))
}

fn meeting(meeting: &PlanMeeting) -> Result<Element> {
    let time = meeting.time.as_ref().map(moment).transpose()?.unwrap_or_default();
    let parts = [
        ("tunnus", meeting.id.as_str()),
        ("tietoluokka", code(CATEGORIES, &meeting.category())?),
        ("ajankohta", &time),
        ("tapaamisenTila", code(MEETING_STATES, &meeting.state())?),
        ("paikka", &meeting.place),
    ];
    let all = meeting.participants.iter();
    let all = all.fold(texts("tapaaminen", &parts), |element, name| element.with_field("osallistuja", name));
    Ok(with_texts(all, &[("muistio", &meeting.note)]))
}

/// An instant as the register writes it.
///
/// # Errors
/// When it is none.
pub(crate) fn moment(wire: &prost_types::Timestamp) -> Result<String> {
    Ok(Timestamp::new(wire.seconds, wire.nanos).context("an instant")?.to_string())
}
