//! Who are the agencies, who may call for them, and who exchanges data with whom?

use std::collections::BTreeSet;

use polku_policy::{Agreement, Municipality, Sector, Standing, Task};
use polku_proto::{AgencyId, CategorySet, UnitId, named};

use super::super::section::{Section, quoted};
use super::super::{ActorKind, AdapterEntry, AgencyEntry, Controller, Operator, Organisation};
use super::routing::MUNICIPALITY;

const AGENCY_ID: &str = "an agency id: 1 to 32 lower-case letters, digits and hyphens, a letter first";
const UNIT: &str = "a unit of letters, digits and ._:-, at most 64 of them, and no personal identity code";
const OPERATOR: &str =
    "a name of letters, digits and ._:-, at most 64 of them, and no personal identity code";
/// Who stands for the young person's side in joint plans.
const OWN_SIDE: [&str; 3] = ["youth", "guardian", "representative"];
const BUSINESS_ID: &str = "a business id: seven digits, a hyphen and the check digit";
const OUTREACH_FOR: &str =
    "the codes of those whose outreach youth work it does: a notice goes to that of the home municipality";
const STANDINGS: [(&str, Standing); 2] =
    [("authority", Standing::Authority), ("not_authority", Standing::NotAuthority)];
const ACTORS: [(&str, ActorKind); 3] = [
    ("professional", ActorKind::Professional),
    ("subject", ActorKind::Subject),
    ("representative", ActorKind::Representative),
];

/// The agencies, and the ids of all that are listed, also of those with something wrong.
pub(super) fn agencies(top: &Section<'_>) -> (Vec<AgencyEntry>, BTreeSet<AgencyId>) {
    let mut agencies = Vec::new();
    let mut ids = BTreeSet::new();
    let sections = top.sections("agency");
    if sections.is_empty() {
        top.wrong("agency", "nothing", "at least one [[agency]]");
    }
    for section in sections {
        let id = section.parsed::<AgencyId>("id", AGENCY_ID);
        let sector = one_of(&section, "sector", &Sector::ALL.map(|sector| (sector.name(), sector)));
        let standing = one_of(&section, "standing", &STANDINGS);
        let tasks = tasks(&section);
        let requires = requires(&section);
        let municipalities = municipalities(&section);
        let units = words(&section, "units", UNIT, is_unit);
        let controller = section.optional_section("controller").map_or_else(Controller::default, controller);
        let kind = section.optional_text("adapter", "the name of an adapter");
        let settings = section.raw_table("settings");
        if kind.is_none() && settings.is_some() {
            section.wrong("settings", "settings", "none, because the agency has no adapter");
        }
        if municipalities.is_empty() && tasks.contains(&Task::OutreachYouthWork) {
            section.wrong("municipalities", "nothing usable", OUTREACH_FOR);
        }
        if let Some(id) = id.as_ref().filter(|id| OWN_SIDE.contains(&id.as_str())) {
            section.wrong("id", quoted(id), "another id: this one is the young person's in joint plans");
        }
        if let Some(id) = id.as_ref().filter(|id| !ids.insert(AgencyId::clone(id))) {
            section.wrong("id", format!("{} a second time", quoted(id)), "every agency once");
        }
        section.finish();
        let adapter = kind.map(|kind| AdapterEntry { kind, settings: settings.unwrap_or_default() });
        if let (Some(id), Some(sector), Some(standing)) = (id, sector, standing) {
            agencies.push(AgencyEntry {
                id,
                sector,
                standing,
                tasks,
                requires,
                municipalities,
                units,
                controller,
                adapter,
            });
        }
    }
    (agencies, ids)
}

/// Everybody who may call over gRPC. A certificate says who calls: none is listed twice.
pub(super) fn callers(
    top: &Section<'_>,
    agencies: &BTreeSet<AgencyId>,
) -> (Vec<Organisation>, Vec<Operator>) {
    let mut certificates = BTreeSet::new();
    let organisations = organisations(top, agencies, &mut certificates);
    (organisations, operators(top, &mut certificates))
}

fn operators(top: &Section<'_>, all_certificates: &mut BTreeSet<[u8; 32]>) -> Vec<Operator> {
    let mut operators: Vec<Operator> = Vec::new();
    for section in top.sections("operator") {
        let id = section.text("id", OPERATOR);
        let certificates = certificates(&section, all_certificates);
        if let Some(id) = id.as_ref().filter(|id| !is_unit(id)) {
            section.wrong("id", quoted(id), OPERATOR);
        } else if let Some(id) = id.as_ref().filter(|id| operators.iter().any(|other| other.id == **id)) {
            section.wrong("id", format!("{} a second time", quoted(id)), "every operator once");
        }
        section.finish();
        operators.extend(id.map(|id| Operator { id, certificates }));
    }
    operators
}

fn organisations(
    top: &Section<'_>,
    agencies: &BTreeSet<AgencyId>,
    all_certificates: &mut BTreeSet<[u8; 32]>,
) -> Vec<Organisation> {
    let mut organisations: Vec<Organisation> = Vec::new();
    for section in top.sections("organisation") {
        let agency = listed(&section, "agency", agencies);
        if let Some(agency) = &agency
            && organisations.iter().any(|organisation| organisation.agency == *agency)
        {
            section.wrong(
                "agency",
                format!("{} a second time", quoted(agency)),
                "one organisation an agency",
            );
        }
        let certificates = certificates(&section, all_certificates);
        let units = words(&section, "units", UNIT, is_unit);
        let roles = words(
            &section,
            "roles",
            "a role of lower-case letters, digits, _ and -, a letter first, at most 64 of them",
            is_role,
        );
        let actors = actors(&section);
        if actors.contains(&ActorKind::Professional) {
            for (key, listed) in [("units", &units), ("roles", &roles)] {
                if listed.is_empty() {
                    section.wrong(key, "nothing usable", "at least one, because professionals may call");
                }
            }
        }
        section.finish();
        if let Some(agency) = agency {
            organisations.push(Organisation { agency, certificates, units, roles, actors });
        }
    }
    organisations
}

pub(super) fn agreements(top: &Section<'_>, agencies: &BTreeSet<AgencyId>) -> Vec<Agreement> {
    let mut agreements: Vec<Agreement> = Vec::new();
    for section in top.sections("agreement") {
        let from = listed(&section, "from", agencies);
        let to = listed(&section, "to", agencies);
        if let (Some(from), Some(to)) = (from, to) {
            let agreement = Agreement { from, to };
            if agreement.from == agreement.to {
                section.wrong("to", quoted(&agreement.to), "another agency than `from`");
            } else if agreements.contains(&agreement) {
                let found = format!("{} to {} a second time", quoted(&agreement.from), quoted(&agreement.to));
                section.wrong("to", found, "every agreement once");
            } else {
                agreements.push(agreement);
            }
        }
        section.finish();
    }
    agreements
}

fn listed(section: &Section<'_>, key: &'static str, agencies: &BTreeSet<AgencyId>) -> Option<AgencyId> {
    let id = section.parsed::<AgencyId>(key, AGENCY_ID)?;
    if !agencies.contains(&id) {
        section.wrong(key, format!("{}, which is not listed", quoted(&id)), "the id of an [[agency]]");
        return None;
    }
    Some(id)
}

fn one_of<T: Copy>(section: &Section<'_>, key: &'static str, names: &[(&str, T)]) -> Option<T> {
    let expected = format!("one of {}", names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "));
    let text = section.text(key, &expected)?;
    let value = names.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    if value.is_none() {
        section.wrong(key, quoted(text), expected);
    }
    value
}

fn tasks(section: &Section<'_>) -> BTreeSet<Task> {
    let expected = format!("one of {}", Task::ALL.map(Task::name).join(", "));
    let mut tasks = BTreeSet::new();
    for (path, text) in section.texts("tasks", &expected) {
        match Task::ALL.into_iter().find(|task| task.name() == text) {
            Some(task) => {
                tasks.insert(task);
            }
            None => section.wrong_at(path, quoted(&text), expected.as_str()),
        }
    }
    tasks
}

fn requires(section: &Section<'_>) -> CategorySet {
    let expected = "a data category in lower case, such as address_contact";
    let mut categories = CategorySet::EMPTY;
    for (path, text) in section.texts("requires", expected) {
        match named(&text) {
            Some(category) => categories.insert(category),
            None => section.wrong_at(path, quoted(&text), expected),
        }
    }
    categories
}

fn municipalities(section: &Section<'_>) -> BTreeSet<Municipality> {
    let mut codes = BTreeSet::new();
    for (path, text) in section.texts("municipalities", MUNICIPALITY) {
        match text.parse() {
            Ok(code) => drop(codes.insert(code)),
            Err(_) => section.wrong_at(path, quoted(&text), MUNICIPALITY),
        }
    }
    codes
}

fn controller(section: Section<'_>) -> Controller {
    let short = |text: &str| text.chars().count() <= 200;
    let line = "a text of one line, at most 200 characters";
    let controller = Controller {
        name: stated(&section, "name", line, short),
        business_id: section
            .optional_text("business_id", BUSINESS_ID)
            .and_then(|_| section.parsed("business_id", BUSINESS_ID)),
        address: stated(&section, "address", line, short),
        email: stated(&section, "email", "an e-mail address", is_email),
        phone: stated(&section, "phone", "a telephone number, such as +358 9 000 0000", is_phone),
        policy_url: stated(&section, "policy_url", "an address that begins with https://", is_https),
    };
    section.finish();
    controller
}

fn stated(
    section: &Section<'_>,
    key: &'static str,
    expected: &str,
    fits: impl Fn(&str) -> bool,
) -> Option<String> {
    let text = section.optional_text(key, expected)?;
    if fits(&text) && !text.chars().any(char::is_control) {
        return Some(text);
    }
    section.wrong(key, quoted(&text), expected);
    None
}

fn is_email(text: &str) -> bool {
    let spaced = text.chars().any(char::is_whitespace);
    let parts = text.split_once('@');
    text.len() <= 254
        && !spaced
        && parts.is_some_and(|(local, host)| !local.is_empty() && host.contains('.') && !host.contains('@'))
}

fn is_phone(text: &str) -> bool {
    (3..=32).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit() || "+- ".contains(c))
}

fn is_https(text: &str) -> bool {
    let host = text.parse::<http::Uri>().ok().and_then(|address| address.host().map(str::to_owned));
    text.len() <= 2000 && text.starts_with("https://") && host.is_some_and(|host| !host.is_empty())
}

fn certificates(section: &Section<'_>, all: &mut BTreeSet<[u8; 32]>) -> Vec<[u8; 32]> {
    let key = "certificates_sha256";
    let expected = "the SHA-256 of a client certificate in DER: 64 hexadecimal digits";
    let texts = section.texts(key, expected);
    if texts.is_empty() {
        section.wrong(key, "nothing usable", format!("at least one, {expected}"));
    }
    let mut certificates = Vec::new();
    for (path, text) in texts {
        match fingerprint(&text) {
            None => section.wrong_at(path, quoted(&text), expected),
            Some(certificate) if !all.insert(certificate) => {
                section.wrong_at(path, format!("{} a second time", quoted(&text)), "every certificate once");
            }
            Some(certificate) => certificates.push(certificate),
        }
    }
    certificates
}

/// Reads 64 hexadecimal digits.
fn fingerprint(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let bytes: Vec<u8> = digits?
        .chunks_exact(2)
        .filter_map(|pair| u8::try_from(pair.iter().fold(0, |value, digit| value * 16 + digit)).ok())
        .collect();
    bytes.try_into().ok()
}

fn words(
    section: &Section<'_>,
    key: &'static str,
    expected: &str,
    fits: impl Fn(&str) -> bool,
) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for (path, text) in section.texts(key, expected) {
        if fits(&text) {
            words.insert(text);
        } else {
            section.wrong_at(path, quoted(&text), expected);
        }
    }
    words
}

fn is_unit(text: &str) -> bool {
    text.parse::<UnitId>().is_ok()
}

fn is_role(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
}

fn actors(section: &Section<'_>) -> BTreeSet<ActorKind> {
    let expected = "one of professional, subject, representative";
    let mut actors = BTreeSet::new();
    let texts = section.texts("actors", expected);
    if texts.is_empty() {
        section.wrong("actors", "nothing usable", format!("at least {expected}"));
    }
    for (path, text) in texts {
        match ACTORS.iter().find(|(name, _)| *name == text) {
            Some((_, actor)) => {
                actors.insert(*actor);
            }
            None => section.wrong_at(path, quoted(&text), expected),
        }
    }
    actors
}
