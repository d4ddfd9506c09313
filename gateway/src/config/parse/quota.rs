//! What does the section of quotas have to say?

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use polku_proto::{AgencyId, Party};

use super::super::section::{Section, quoted};
use super::super::{QuotaSettings, Rate, Units};
use crate::front::MethodClass;

/// What a figure may be.
const BOUNDS: (u32, u32) = (1, 1_000_000);

pub(super) fn quota(section: Section<'_>, ids: &BTreeSet<AgencyId>, units: &Units) -> QuotaSettings {
    let mut settings = QuotaSettings::default();
    settings.usual = rate(&section, settings.usual);
    for class in MethodClass::ALL {
        if let Some(section) = section.optional_section(class.as_str()) {
            settings.classes.insert(class, rate(&section, settings.usual));
            section.finish();
        }
    }
    let most = MethodClass::ALL.map(|class| settings.class(class).burst).into_iter().max();
    for section in section.sections("unit") {
        let expected = "an agency and a unit that is registered for it, such as \"kela/kuntoutus\"";
        let party: Option<Party> = section.parsed("party", expected);
        let figures = rate(&section, settings.usual);
        if most.is_some_and(|most| figures.burst > most) {
            let expected = "no more than an organisation may ask: the unit would never come to it";
            section.wrong("burst", figures.burst.to_string(), expected);
        }
        if let Some(party) = party {
            if party.unit.is_none() || !units.has(&party) {
                section.wrong("party", quoted(&party), expected);
            } else if settings.units.insert(party.clone(), figures).is_some() {
                section.wrong("party", quoted(&party), "each unit once");
            }
        }
        section.finish();
    }
    settings.deliveries_per_second = count(&section, "deliveries_per_second", settings.deliveries_per_second);
    for section in section.sections("agency") {
        let id: Option<AgencyId> = section.parsed("id", "the id of an agency");
        let deliveries = count(&section, "deliveries_per_second", settings.deliveries_per_second);
        if let Some(id) = id {
            if !ids.contains(&id) {
                section.wrong("id", quoted(&id), "the id of an agency");
            } else if settings.deliveries_to.insert(id.clone(), deliveries).is_some() {
                section.wrong("id", quoted(&id), "each agency once");
            }
        }
        section.finish();
    }
    section.finish();
    settings
}

/// Both figures. Where the first one alone is stated, the second one follows from it.
fn rate(section: &Section<'_>, default: Rate) -> Rate {
    let per_second = count(section, "requests_per_second", default.requests_per_second);
    let usual =
        if per_second == default.requests_per_second { default } else { Rate::per_second(per_second) };
    let burst = count(section, "burst", usual.burst);
    if burst < per_second {
        // Calls do not come one after the other in even steps: what is stated would never be reached.
        let expected = format!("no less than requests_per_second, which is {per_second}");
        section.wrong("burst", burst.to_string(), expected);
    }
    Rate { requests_per_second: per_second, burst }
}

fn count(section: &Section<'_>, key: &'static str, default: NonZeroU32) -> NonZeroU32 {
    NonZeroU32::new(section.number(key, BOUNDS, default.get())).unwrap_or(default)
}
