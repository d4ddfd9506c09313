//! Which codes does the page of Kela have, and where do they stand?

use crate::simulators::codes::{CATEGORIES, Coded, PageCodes};
use crate::simulators::ground::{ASKED, GROUNDS};

pub(super) const NEWS: &[&str] = &["TILA_MUUTTUNUT", "LISATIEDOT_ANNETTU", "LUPA_PERUTTU"];
pub(super) const STATES: &[&str] = &[
    "PYYDETTY",
    "LISATIETOJA_PYYDETTY",
    "HYVAKSYTTY",
    "HYLATTY",
    "KAYNNISSA",
    "KESKEYTETTY",
    "PAATTYNYT",
    "EPAONNISTUNUT",
    "PERUUTUSTA_PYYDETTY",
    "PERUUTETTU",
    "VANHENTUNUT",
    "LUPA_PERUTTU",
    "VIRHEELLINEN",
];
pub(super) const DELIVERIES: &[&str] = &["TOIMITETTU", "EPASELVA", "HYLATTY", "PYSAYTETTY", "VANHENTUNUT"];
pub(super) const REASONS: &[&str] = &[
    "EI_KAPASITEETTIA",
    "EI_TAYTA_EHTOJA",
    "VAARA_PALVELU",
    "ALUEEN_ULKOPUOLELLA",
    "PUUTTEELLISET_TIEDOT",
    "MUU",
];
pub(super) const OUTCOMES: &[&str] = &[
    "SAI_PALVELUN",
    "OHJATTU_MUUALLE",
    "EI_TAVOITETTU",
    "EI_TAYTA_EHTOJA",
    "EI_KAPASITEETTIA",
    "EI_ENAA_KIINNOSTUNUT",
    "PERUI_LUVAN",
    "EI_TIEDOSSA",
];
pub(super) const PLAN_STATES: &[&str] =
    &["LUONNOS", "VOIMASSA", "KESKEYTETTY", "PERUTTU", "PAATTYNYT", "VIRHEELLINEN"];
pub(super) const GOAL_STATES: &[&str] = &[
    "EHDOTETTU",
    "SUUNNITELTU",
    "HYVAKSYTTY",
    "KAYNNISSA",
    "KESKEYTETTY",
    "PAATTYNYT",
    "PERUTTU",
    "VIRHEELLINEN",
    "HYLATTY",
];
pub(super) const ACHIEVEMENTS: &[&str] = &[
    "KESKEN",
    "PARANEE",
    "HEIKKENEE",
    "ENNALLAAN",
    "SAAVUTETTU",
    "SAILYY",
    "EI_SAAVUTETTU",
    "EI_EDISTYNYT",
    "EI_SAAVUTETTAVISSA",
];
pub(super) const ACTION_STATES: &[&str] =
    &["EHDOTETTU", "SOVITTU", "KAYNNISSA", "TEHTY", "TEKEMATTA", "LUOVUTTU"];
pub(super) const MEETING_STATES: &[&str] = &["SUUNNITELTU", "PIDETTY", "PERUTTU"];
pub(super) const RECORDS: &[&str] = &["NELIKANTA", "MUU"];
pub(super) const SEATS: &[&str] = &["TYOLLISYYSPALVELUT", "KUNTA", "SOSIAALITYO", "ASIAKAS"];
pub(super) const ITEMS: &[&str] = &["TARVE", "TAVOITE", "TOIMI", "TAPAAMINEN"];
pub(super) const LINKS: &[&str] = &["SAMA", "PALVELEE", "TODETTU"];

/// A contact request for Nuotti coaching has its purpose in its name; the person of these messages is too old for it.
pub(super) const PURPOSES: &[&str] = &[
    "OHJAUS",
    "TYOLLISYYSPALVELUT",
    "MONIALAINEN_TUKI",
    "SOSIAALIPALVELUT",
    "KUNTOUTUS",
    "ETSIVA_NUORISOTYO",
    "TYOPAJAVALMENNUS",
];

/// From `adapters/src/agencies/kela/README.md`.
pub(super) fn codes() -> Vec<PageCodes> {
    let codes: [(Coded, &str, &[&str]); 18] = [
        (Coded::Purpose, "kayttotarkoitus", PURPOSES),
        (Coded::Ground, "ilmoitusperuste.peruste", GROUNDS),
        (Coded::ConsentAsked, "ilmoitusperuste.suostumusta", ASKED),
        (Coded::Notice, "laji", NEWS),
        (Coded::State, "tila", STATES),
        (Coded::Delivery, "toimitus", DELIVERIES),
        (Coded::Reason, "hylkaysSyy", REASONS),
        (Coded::Outcome, "tulos", OUTCOMES),
        (Coded::Plan, "tila", PLAN_STATES),
        (Coded::Goal, "tavoitteet.tila", GOAL_STATES),
        (Coded::Achievement, "tavoitteet.toteutuminen", ACHIEVEMENTS),
        (Coded::Action, "toimenpiteet.tila", ACTION_STATES),
        (Coded::Meeting, "tapaamiset.tila", MEETING_STATES),
        (Coded::Category, "tavoitteet.luokka", CATEGORIES),
        (Coded::Record, "kirjaukset.laji", RECORDS),
        (Coded::Seat, "kirjaukset.puuttuu", SEATS),
        (Coded::Item, "seuraavaAskel.laji", ITEMS),
        (Coded::Link, "yhteydet.laji", LINKS),
    ];
    codes.into_iter().map(|(coded, place, codes)| (coded, place, codes.to_vec())).collect()
}
