//! What does an operator decide about joint plans? Outcome stars, and who sits for the city at meetings of four parties.

use std::collections::BTreeSet;

use polku_proto::AgencyId;

use super::super::PlanSettings;
use super::super::section::{Section, quoted};
use crate::measure::Star;

const ID: &str = "1 to 32 lower-case letters, digits and hyphens, a letter first";

/// Everything under `[plan]`.
pub(super) fn plans(section: Section<'_>, agencies: &BTreeSet<AgencyId>) -> PlanSettings {
    let expected = "the id of an [[agency]]";
    let mut municipality = BTreeSet::new();
    for (path, text) in section.texts("municipality", expected) {
        match text.parse::<AgencyId>().ok().filter(|id| agencies.contains(id)) {
            Some(id) => drop(municipality.insert(id)),
            None => section.wrong_at(path, quoted(text), expected),
        }
    }
    let mut stars: Vec<Star> = Vec::new();
    for star in section.sections("star") {
        let id = star.text("id", ID).filter(|id| fits(&star, "id", id));
        let version = star.number("version", (1, 1_000), 1);
        let highest = star.number("highest", (2, 10), 5);
        let areas = areas(&star);
        if let Some(id) = id {
            let (version, highest) = (whole(version), whole(highest));
            if stars.iter().any(|other| other.id == id && other.version == version) {
                star.wrong("id", format!("{} a second time", quoted(&id)), "every edition of a star once");
            }
            stars.push(Star { id, version, areas, highest });
        }
        star.finish();
    }
    section.finish();
    PlanSettings { municipality, stars }
}

fn areas(star: &Section<'_>) -> BTreeSet<String> {
    let mut areas = BTreeSet::new();
    for (path, text) in star.texts("areas", ID) {
        if !is_id(&text) {
            star.wrong_at(path, quoted(text), ID);
        } else if !areas.insert(text.clone()) {
            star.wrong_at(path, format!("{} a second time", quoted(text)), "every area once");
        }
    }
    if areas.is_empty() || areas.len() > 20 {
        star.wrong("areas", format!("{} usable areas", areas.len()), "1 to 20 areas");
    }
    areas
}

fn fits(section: &Section<'_>, key: &'static str, text: &str) -> bool {
    if !is_id(text) {
        section.wrong(key, quoted(text), ID);
    }
    is_id(text)
}

fn is_id(text: &str) -> bool {
    // The same letters as in the id of an agency.
    text.parse::<AgencyId>().is_ok()
}

fn whole(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
