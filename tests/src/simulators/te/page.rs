//! Which codes does the page of the employment services have, and where do they stand?

use crate::simulators::codes::{Coded, PageCodes};
use crate::simulators::ground::{ASKED, GROUNDS};

pub(super) const PURPOSES: &[&str] = &[
    "OHJAUS",
    "TYOLLISYYSPALVELUT",
    "MONIALAINEN_TUKI",
    "SOSIAALIPALVELUT",
    "KUNTOUTUS",
    "ETSIVA_NUORISOTYO",
    "TYOPAJAVALMENNUS",
];
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
    "TOTEUTUNUT",
    "PYSYY",
    "EI_TOTEUTUNUT",
    "EI_EDENNYT",
    "EI_TOTEUTETTAVISSA",
];
pub(super) const ACTION_STATES: &[&str] =
    &["EHDOTETTU", "SOVITTU", "KAYNNISSA", "TOTEUTUNUT", "EI_TOTEUTUNUT", "LUOVUTTU"];
pub(super) const MEETING_STATES: &[&str] = &["SOVITTU", "PIDETTY", "PERUTTU"];
pub(super) const CATEGORIES: &[&str] = &[
    "HENKILO_JA_YHTEYSTIEDOT",
    "OSOITETIEDOT",
    "ASIAKKUUS",
    "KOULUTUS_JA_TYO",
    "SOSIAALINEN_TILANNE",
    "TERVEYS_JA_TOIMINTAKYKY",
    "PALVELUTARPEET",
    "SUUNNITELMA",
    "OHJAUSMUISTIINPANOT",
    "ASUMINEN",
    "ETUUDET_JA_TULOT",
    "TULOSMITTARIT",
    "ELAMANLAATU",
    "LAHETTEEN_TILA",
];
pub(super) const RECORDS: &[&str] = &["NELIKANTA", "MUU"];
pub(super) const SEATS: &[&str] = &["TYOLLISYYSPALVELUT", "KUNTA", "SOSIAALITYO", "ASIAKAS"];
pub(super) const ITEMS: &[&str] = &["TARVE", "TAVOITE", "TOIMI", "TAPAAMINEN"];
pub(super) const LINKS: &[&str] = &["SAMA", "PALVELEE", "TODETTU"];

/// From `adapters/src/agencies/te/README.md`.
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
        (Coded::Goal, "tavoite.tila", GOAL_STATES),
        (Coded::Achievement, "tavoite.toteutuminen", ACHIEVEMENTS),
        (Coded::Action, "toimi.tila", ACTION_STATES),
        (Coded::Meeting, "tapaaminen.tila", MEETING_STATES),
        (Coded::Category, "tavoite.tietoryhma", CATEGORIES),
        (Coded::Record, "kirjaus.laji", RECORDS),
        (Coded::Seat, "kirjaus.puuttuu", SEATS),
        (Coded::Item, "seuraavaAskel.laji", ITEMS),
        (Coded::Link, "yhteys.laji", LINKS),
    ];
    codes.into_iter().map(|(coded, place, codes)| (coded, place, codes.to_vec())).collect()
}
