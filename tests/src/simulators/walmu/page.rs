//! Which codes does the page of the case management have, and where do they stand?

use crate::simulators::codes::{CATEGORIES, Coded, PageCodes};

pub(super) const PURPOSES: &[&str] = &[
    "ohjaus",
    "tyollisyyspalvelut",
    "monialainen_tuki",
    "sosiaalipalvelut",
    "kuntoutus",
    "etsiva_nuorisotyo",
    "tyopajavalmennus",
];
pub(super) const GROUNDS: &[&str] = &[
    "etsiva_nuorisotyo",
    "kykenematon_huolehtimaan_itsestaan",
    "lapsen_etu",
    "lastensuojeluilmoitus",
    "toimeentulotuki_sosiaalityo",
    "toimeentulotuki_taydentava_tai_ehkaiseva",
    "toimeentulotuki_alennettu",
    "toimeentulotuki_tyoton_alle_25",
    "toimeentulotuki_tyoton_25_tayttanyt",
    "toimeentulotuki_maahanmuuttaja",
];
pub(super) const ASKED: &[&str] = &["pyydetty_ei_saatu", "ei_tavoitettu", "ei_pyydetty"];
pub(super) const NEWS: &[&str] = &["tila_muuttunut", "lisatiedot_annettu", "lupa_peruttu"];
pub(super) const STATES: &[&str] = &[
    "pyydetty",
    "lisatietoja_pyydetty",
    "hyvaksytty",
    "hylatty",
    "kaynnissa",
    "keskeytetty",
    "paattynyt",
    "epaonnistunut",
    "peruutusta_pyydetty",
    "peruutettu",
    "vanhentunut",
    "lupa_peruttu",
    "virheellinen",
];
pub(super) const DELIVERIES: &[&str] = &["toimitettu", "epaselva", "hylatty", "pysaytetty", "vanhentunut"];
const REASONS: &[&str] = &[
    "ei_kapasiteettia",
    "ei_tayta_ehtoja",
    "vaara_palvelu",
    "alueen_ulkopuolella",
    "puutteelliset_tiedot",
    "muu",
];
const OUTCOMES: &[&str] = &[
    "sai_palvelun",
    "ohjattu_muualle",
    "ei_tavoitettu",
    "ei_tayta_ehtoja",
    "ei_kapasiteettia",
    "ei_enaa_kiinnostunut",
    "perui_luvan",
    "ei_tiedossa",
];
pub(super) const PLAN_STATES: &[&str] =
    &["luonnos", "voimassa", "keskeytetty", "peruttu", "paattynyt", "virheellinen"];
pub(super) const GOAL_STATES: &[&str] = &[
    "ehdotettu",
    "suunniteltu",
    "hyvaksytty",
    "kaynnissa",
    "keskeytetty",
    "paattynyt",
    "peruttu",
    "virheellinen",
    "hylatty",
];
pub(super) const ACHIEVEMENTS: &[&str] = &[
    "kesken",
    "edistyy",
    "heikkenee",
    "ennallaan",
    "saavutettu",
    "sailyy",
    "ei_saavutettu",
    "ei_edistysta",
    "ei_saavutettavissa",
];
pub(super) const ACTION_STATES: &[&str] =
    &["ehdotettu", "sovittu", "kaynnissa", "tehty", "ei_tehty", "rauennut"];
pub(super) const MEETING_STATES: &[&str] = &["sovittu", "pidetty", "peruttu"];
pub(super) const RECORDS: &[&str] = &["nelikanta", "muu"];
pub(super) const SEATS: &[&str] = &["tyollisyyspalvelut", "kunta", "sosiaalityo", "asiakas"];
pub(super) const ITEMS: &[&str] = &["tarve", "tavoite", "toimi", "tapaaminen"];
pub(super) const LINKS: &[&str] = &["sama", "palvelee", "todettu"];

/// From `adapters/src/agencies/walmu/README.md`.
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
        (Coded::Plan, "suunnitelma.tila", PLAN_STATES),
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
