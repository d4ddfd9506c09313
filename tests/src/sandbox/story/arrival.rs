//! Aino walks in, one adult is beside her from then on, and she learns who is where this week.

use polku_proto::v1::journey_entry::Matter;
use polku_proto::v1::worker_assignment::Reason;
use polku_proto::v1::{
    CalendarEntry, Encounter, GetWeeklyCalendarRequest, JourneyOpening, JourneySource, ProfileAssessment,
    WorkerAssignment, encounter, service_hour,
};

use super::Scene;
use crate::sandbox::cast;
use crate::sandbox::teller::{Deviation, answered, same, there};
use crate::world::OHJAAMO;

/// Her worker.
const WORKER: &str = "ohjaaja-1";
/// The Ohjaamo in the directory.
const PLACE: &str = "serviceChannels/ohjaamo-keskusta";

/// The journey begins without a referral, an appointment or a problem.
pub(super) async fn walk_in(scene: &mut Scene<'_, '_>) -> Result<(), Deviation> {
    let opening = Matter::Opening(JourneyOpening { source: JourneySource::Self_.into() });
    let written = scene.note(&scene.ohjaamo.clone(), opening).await?;
    scene.teller.entry("journey opened", &["she came by herself, nobody had to refer her"])?;
    let matter = Matter::Encounter(Encounter {
        channel: encounter::Channel::WalkIn.into(),
        matter: cast::MATTER.into(),
        place: String::new(),
        met: true,
    });
    scene.note(&scene.ohjaamo.clone(), matter).await?;
    scene.teller.entry("met", &["walk-in; what she wants is written down in her words, without a code"])?;
    scene.assess(3, 2, 4).await?;
    same("who has written the opening", &OHJAAMO, &written.agency.as_str())
}

/// "Kenen tykö mun pitää nyt mennä?"
pub(super) async fn one_adult(scene: &mut Scene<'_, '_>) -> Result<(), Deviation> {
    scene.teller.step("One adult is named, who stays with her; she asks on her phone who that is")?;
    same("the adult beside her so far", &None, &scene.next().await?.worker)?;
    let named = Matter::Worker(WorkerAssignment {
        professional: WORKER.into(),
        reason: Reason::First.into(),
        ..WorkerAssignment::default()
    });
    scene.note(&scene.ohjaamo.clone(), named).await?;
    let next = scene.next().await?;
    let worker = there("the adult beside her", next.worker)?;
    same("who is beside her", &(OHJAAMO, WORKER), &(worker.agency.as_str(), worker.professional.as_str()))?;
    scene.teller.entry("my worker", &[format!("{WORKER} of {OHJAAMO}")])?;
    same("what is next", &(None, None), &(next.step, next.meeting))?;
    scene.teller.entry("what is next", &["nothing is agreed yet"])
}

/// Who is at the Ohjaamo on which day, and how.
pub(super) async fn this_week(scene: &mut Scene<'_, '_>) -> Result<(), Deviation> {
    scene.teller.step("Where to go, and when? One question is enough for the whole week")?;
    let request = GetWeeklyCalendarRequest { service_channel: PLACE.into(), date: String::new() };
    let week = answered("GetWeeklyCalendar", scene.aino.directory.get_weekly_calendar(request).await)?;
    same("days of the week", &7, &week.days.len())?;
    for day in week.days.iter().filter(|day| !day.entries.is_empty()) {
        let name = day.day_of_week().as_str_name().rsplit('_').next().unwrap_or_default().to_lowercase();
        scene.teller.entry(&name, &day.entries.iter().map(said).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn said(entry: &CalendarEntry) -> String {
    let who = entry.actor_organisation.as_ref().map(|actor| actor.organization_names.as_slice());
    let name = who.unwrap_or_default().iter().find(|name| name.language == "fi");
    let how = match entry.channel() {
        service_hour::Channel::WalkIn => "walk in",
        service_hour::Channel::Appointment => "by appointment",
        service_hour::Channel::Outreach => "outreach",
        service_hour::Channel::Home => "at home",
        service_hour::Channel::Online => "online",
        service_hour::Channel::Unspecified => "not said how",
    };
    let name = name.map_or("", |name| name.value.as_str());
    format!("{name} {}-{} ({how})", entry.from, entry.to)
}

impl Scene<'_, '_> {
    /// Ohjaamo writes down how a worker sees her: never a rule alone.
    pub(super) async fn assess(&mut self, profile: i32, motivation: i32, need: i32) -> Result<(), Deviation> {
        let assessment = ProfileAssessment { profile, motivation, need };
        self.note(&self.ohjaamo.clone(), Matter::Profile(assessment)).await?;
        let said =
            format!("{profile} of 3, set by {WORKER}: motivation {motivation}, need of help {need} of 5");
        self.teller.entry("profile", &[said])
    }
}
