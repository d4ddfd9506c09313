//! What is taken over of what the office answers?

use polku_proto::v1::{AgencyFacts, DataCategory, FactKind, PlanState};

use super::*;
use crate::transport::xml::{XmlLimits, read_document};

const RECORDED: &str = "<kirjattu>2026-10-01T08:00:00Z</kirjattu><tunnus>K-1</tunnus>";
const GOOD: &str = include_str!("../testdata/answer-facts.xml");

fn read_of(document: &str, categories: &[DataCategory]) -> Result<AgencyFacts, String> {
    let answer = read_document(document.trim_end().as_bytes(), &XmlLimits::default()).unwrap();
    let (_, asked) = query::outgoing(trial::facts_query(categories)).unwrap();
    query::read(&answer, &trial::agency("te"), &asked).map_err(|expected| expected.0)
}

pub(super) fn read(document: &str) -> Result<AgencyFacts, String> {
    let all: Vec<DataCategory> = query::ANSWERED.iter().collect();
    read_of(document, &all)
}

/// The answer with these elements.
pub(super) fn with(elements: &str) -> String {
    format!(
        "<haeAsiakkuusResponse xmlns=\"http://ohjaus.te.example/lahete/v1\">\
         <henkilotunnus>010594Y9032</henkilotunnus><haettu>2026-11-21T09:30:00Z</haettu>{elements}\
         </haeAsiakkuusResponse>"
    )
}

#[test]
fn everything() {
    let facts = read(GOOD).unwrap();
    assert_eq!(facts.agency, "te");
    let told: Vec<(FactKind, &str, &str, &str, &str)> = facts
        .facts
        .iter()
        .map(|fact| {
            (fact.kind(), fact.code.as_str(), fact.text.as_str(), fact.since.as_str(), fact.until.as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            (FactKind::Customer, "", "", "2026-02-01", ""),
            (FactKind::JobSeekerStatus, "02", "", "2026-06-01", ""),
            (FactKind::Unemployment, "", "", "2026-06-01", ""),
            (FactKind::ResponsibleWorker, "virkailija-1", "Tiina Tekijä", "2026-02-01", ""),
            (FactKind::Appointment, "", "Alkukeskustelu", "2026-12-01", "2026-12-01"),
            (FactKind::Education, "3", "Datanomi", "2021-08-01", "2024-05-31"),
            (FactKind::WorkHistory, "", "Kesätyö", "2025-06-01", "2025-08-31"),
            (FactKind::ServiceNeed, "", "Uraohjaus", "2026-06-01", ""),
        ]
    );
    assert!(facts.facts.iter().all(|fact| fact.record_time.is_some() && fact.reference.starts_with("K-")));
    assert_eq!(facts.facts[1].code_system, "te/tyonhakijan-tila");
    assert_eq!(facts.facts[5].code_system, "tilastokeskus/koulutusaste-2016");
    let plan = &facts.plans[0];
    assert_eq!((plan.owner.as_str(), plan.plan.as_str(), plan.reference.as_str()), ("te", "", "TS-4"));
    assert_eq!(plan.state(), PlanState::Active);
    assert_eq!(plan.background.as_ref().unwrap().identity_code, "");
    assert_eq!(plan.goals[0].text, "Oma ala");
}

#[test]
fn nothing_that_was_not_asked_for() {
    let facts = read_of(GOOD, &[DataCategory::ServiceNeeds]).unwrap();
    assert_eq!(facts.facts.len(), 1);
    assert_eq!(facts.facts[0].text, "Uraohjaus");
    assert!(facts.plans.iter().all(|plan| plan.goals.is_empty() && plan.background.is_none()));
    assert_eq!(facts.plans[0].needs.len(), 1);
    let facts = read_of(GOOD, &[DataCategory::HealthCapacity]).unwrap();
    // Not even that there is a plan.
    assert!(facts.facts.is_empty() && facts.plans.is_empty());
}

#[test]
fn nothing_known() {
    let facts = read(&with("")).unwrap();
    assert!(facts.facts.is_empty() && facts.plans.is_empty() && facts.as_of.is_some());
}

#[test]
fn an_id_that_is_a_persons_is_left_out() {
    let facts = read(&with("<asiakkuus><tunnus>A-010594Y9032</tunnus></asiakkuus>")).unwrap();
    assert_eq!(facts.facts[0].reference, "");
}

#[test]
fn unusable_answers() {
    let long = "x".repeat(4001);
    let many = "<palvelutarve/>".repeat(501);
    let plans = "<suunnitelma><tila>VOIMASSA</tila></suunnitelma>".repeat(11);
    let plan = |inside: &str| format!("<suunnitelma><tila>VOIMASSA</tila>{inside}</suunnitelma>");
    let elements = [
        "<muu/>",
        "teksti",
        "<asiakkuus>teksti</asiakkuus>",
        "<asiakkuus a=\"1\"/>",
        "<asiakkuus><muu/></asiakkuus>",
        "<asiakkuus><alkaen>1.2.2026</alkaen></asiakkuus>",
        "<asiakkuus><alkaen>2026-02-30</alkaen></asiakkuus>",
        "<asiakkuus><alkaen>2026-W06-7</alkaen></asiakkuus>",
        "<asiakkuus><alkaen><b/></alkaen></asiakkuus>",
        "<asiakkuus><kirjattu>2026-10-01</kirjattu></asiakkuus>",
        "<asiakkuus><kirjattu>2026-10-01T08:00:00+02:00</kirjattu></asiakkuus>",
        "<asiakkuus><kirjattu>2026-10-01T08:00:00Z[UTC]</kirjattu></asiakkuus>",
        "<asiakkuus><tunnus>Aino Esimerkki</tunnus></asiakkuus>",
        "<asiakkuus xmlns=\"http://other.example\"/>",
        "<tyonhakijanTila/>",
        "<tyonhakijanTila><koodi>09</koodi></tyonhakijanTila>",
        "<tyonhakijanTila><koodi> 02</koodi></tyonhakijanTila>",
        "<koulutus><koulutusaste>10</koulutusaste></koulutus>",
        "<vastuuasiantuntija><virkailija>010594Y9032</virkailija></vastuuasiantuntija>",
        "<vastuuasiantuntija><virkailija>Tiina Tekijä</virkailija></vastuuasiantuntija>",
        "<palvelutarve/><asiakkuus/>",
        "<suunnitelma/>",
        "<suunnitelma><tila>EHKA</tila></suunnitelma>",
        &format!("<asiakkuus><kuvaus>{long}</kuvaus></asiakkuus>"),
        "<asiakkuus><kuvaus>\u{7f}</kuvaus></asiakkuus>",
        &many,
        &plans,
        &plan("<asiakas><henkilotunnus>020594X903P</henkilotunnus></asiakas>"),
        &plan("<tarve><tunnus>1</tunnus><tietoryhma>SUUNNITELMA</tietoryhma></tarve>"),
        &plan(
            "<tarve><tunnus>010594Y9032</tunnus><tietoryhma>SUUNNITELMA</tietoryhma><kuvaus>a</kuvaus></tarve>",
        ),
        &plan("<tarve><tunnus>1</tunnus><tietoryhma>MUU</tietoryhma><kuvaus>a</kuvaus></tarve>"),
        &plan(
            &"<tarve><tunnus>1</tunnus><tietoryhma>SUUNNITELMA</tietoryhma><kuvaus>a</kuvaus></tarve>"
                .repeat(2),
        ),
        &plan("<seuraavaTarkistus>2026-13-01</seuraavaTarkistus>"),
        &plan("<omistaja>kela</omistaja>"),
        &plan("<vastuuasiantuntija><tunnus>010594Y9032</tunnus></vastuuasiantuntija>"),
    ];
    for (index, elements) in elements.into_iter().enumerate() {
        let told = read(&with(elements)).unwrap_err();
        for word in ["Esimerkki", "Tekijä", "010594", "020594X"] {
            assert!(!told.contains(word), "case {index}: {told}");
        }
    }
    assert!(read(&with(&format!("<asiakkuus>{RECORDED}</asiakkuus>"))).is_ok());
    // About another person, about nobody, and not dated.
    assert!(read(&with("").replace("010594Y9032", "020594X903P")).is_err());
    assert!(read(&with("").replace("<henkilotunnus>010594Y9032</henkilotunnus>", "")).is_err());
    assert!(read(&with("").replace("<haettu>2026-11-21T09:30:00Z</haettu>", "")).is_err());
    assert!(read(&with("").replace("2026-11-21T09:30:00Z", "2026-11-21")).is_err());
}
