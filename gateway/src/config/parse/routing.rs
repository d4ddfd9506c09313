//! To whom do matters go, by profile and team? Everything under `[[routing]]`.

use std::collections::BTreeSet;

use polku_proto::{AgencyId, Party};

use super::super::Units;
use super::super::section::{Section, quoted};
use crate::directory::{Route, Routing};

const TEAM: &str = "the id of a team: 1 to 32 lower-case letters, digits and hyphens, a letter first";
pub(super) const MUNICIPALITY: &str = "the code of a municipality: three digits";
const RECIPIENT: &str = "an [[agency]], or a unit that is registered for it: {agency} or {agency}/{unit}";
/// The highest age that is asked for, in full years.
const OLDEST: u32 = 120;
/// The longest statement, in characters.
const STATEMENT: usize = 500;

pub(super) fn routing(top: &Section<'_>, agencies: &BTreeSet<AgencyId>, units: &Units) -> Routing {
    let mut routes = Vec::new();
    for section in top.sections("routing") {
        let profile = u8::try_from(section.number("profile", (1, 3), 0)).ok().filter(|profile| *profile > 0);
        let team = team(&section);
        if profile.is_none() && team.is_none() {
            section.wrong(
                "profile",
                "neither a profile nor a team",
                "a profile from 1 to 3, a team, or both",
            );
        }
        let minimum = section.number("minimum_age", (0, OLDEST), 0);
        let maximum = section.number("maximum_age", (0, OLDEST), OLDEST);
        if maximum < minimum {
            section.wrong("maximum_age", maximum.to_string(), format!("{minimum} or more, as minimum_age"));
        }
        let route = Route {
            profile,
            team,
            minimum_age: i32::try_from(minimum).ok().filter(|age| *age > 0),
            maximum_age: i32::try_from(maximum).ok().filter(|_| maximum < OLDEST),
            municipalities: municipalities(&section),
            recipients: recipients(&section, agencies, units),
            statement: statement(&section),
        };
        section.finish();
        routes.push(route);
    }
    Routing { routes }
}

fn team(section: &Section<'_>) -> Option<String> {
    let team = section.optional_text("team", TEAM)?;
    // The same letters as in the id of an agency.
    if team.parse::<AgencyId>().is_err() {
        section.wrong("team", quoted(&team), TEAM);
    }
    Some(team)
}

fn municipalities(section: &Section<'_>) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for (path, text) in section.texts("municipalities", MUNICIPALITY) {
        if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            codes.insert(text);
        } else {
            section.wrong_at(path, quoted(text), MUNICIPALITY);
        }
    }
    codes
}

fn recipients(section: &Section<'_>, agencies: &BTreeSet<AgencyId>, units: &Units) -> Vec<Party> {
    let texts = section.texts("recipients", RECIPIENT);
    if texts.is_empty() {
        section.wrong("recipients", "nothing usable", format!("at least one: {RECIPIENT}"));
    }
    let mut recipients = Vec::new();
    for (path, text) in texts {
        let known = |party: &Party| agencies.contains(&party.agency) && units.has(party);
        match text.parse::<Party>().ok().filter(known) {
            Some(party) if recipients.contains(&party) => {
                section.wrong_at(path, format!("{} a second time", quoted(text)), "every recipient once");
            }
            Some(party) => recipients.push(party),
            None => section.wrong_at(path, quoted(text), RECIPIENT),
        }
    }
    recipients
}

fn statement(section: &Section<'_>) -> String {
    let expected = format!("a text of one line, at most {STATEMENT} characters");
    let text = section.optional_text("statement", &expected).unwrap_or_default();
    if text.chars().count() > STATEMENT || text.chars().any(char::is_control) {
        section.wrong("statement", quoted(&text), expected);
    }
    text
}
