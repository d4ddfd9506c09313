//! What is taken over of what the register answers?

use polku_proto::CategorySet;
use polku_proto::v1::{AgencyFacts, DataCategory, FactKind, PlanState};

use super::*;

const GOOD: &str = include_str!("../testdata/answer.xml");
const HETU: &str = "<hetu>010594Y9032</hetu>";

fn read_of(document: &str, categories: &[DataCategory]) -> Result<AgencyFacts, String> {
    let answer = read_document(document.trim_end().as_bytes(), &XmlLimits::default()).unwrap();
    let (_, asked) = Message::question(trial::facts_query(categories)).unwrap();
    holdings::read(&answer, &trial::agency("typpi"), &asked).map_err(|expected| expected.0)
}

pub(super) fn read(document: &str) -> Result<AgencyFacts, String> {
    let all: Vec<DataCategory> = KIND.fetches.iter().collect();
    read_of(document, &all)
}

/// The answer about somebody of whom this is known.
pub(super) fn with(known: &str) -> String {
    format!(
        "<haeAsiakasResponse xmlns=\"{}\"><vastattu>2026-11-21T09:30:00Z</vastattu>\
         <asiakas>{HETU}{known}</asiakas></haeAsiakasResponse>",
        wire::NAMESPACE
    )
}

pub(super) fn row(inside: &str) -> String {
    with(&format!("<perustiedot><asiakkuus>{inside}</asiakkuus></perustiedot>"))
}

fn plan(inside: &str) -> String {
    with(&format!(
        "<suunnitelmat><suunnitelmatieto><suunnitelma><suunnitelmanTila>VOIMASSA</suunnitelmanTila>{inside}\
         </suunnitelma></suunnitelmatieto></suunnitelmat>"
    ))
}

#[test]
fn everything() {
    let held = read(GOOD).unwrap();
    assert_eq!(held.agency, "typpi");
    assert!(held.as_of.is_some());
    let told: Vec<(FactKind, DataCategory, &str, &str)> = held
        .facts
        .iter()
        .map(|fact| (fact.kind(), fact.category(), fact.code.as_str(), fact.text.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (FactKind::Customer, DataCategory::ServiceAttendance, "", "Monialaisen tuen asiakas"),
            (FactKind::ResponsibleWorker, DataCategory::ServiceAttendance, "v-7", "Tiina Tekijä"),
            (FactKind::Appointment, DataCategory::ServiceAttendance, "", "Yhteistapaaminen"),
            (FactKind::JobSeekerStatus, DataCategory::EducationWork, "02", ""),
            (FactKind::Unemployment, DataCategory::EducationWork, "", ""),
            (FactKind::Education, DataCategory::EducationWork, "3", "Datanomi"),
            (FactKind::WorkHistory, DataCategory::EducationWork, "", "Kesätyö"),
            (FactKind::SocialSituation, DataCategory::SocialSituation, "", "Asuu yksin."),
            (FactKind::Housing, DataCategory::Housing, "", "Vuokralla"),
            (FactKind::Benefit, DataCategory::BenefitsIncome, "TMT", "Työmarkkinatuki"),
            (FactKind::BenefitDecision, DataCategory::BenefitsIncome, "MYONNETTY", ""),
            (FactKind::HealthCapacity, DataCategory::HealthCapacity, "", "Uni on kevyttä."),
            (FactKind::ServiceNeed, DataCategory::ServiceNeeds, "", "Uraohjaus"),
            (FactKind::Service, DataCategory::ServiceAttendance, "TOTEUTUNUT", "Työkokeilu"),
            (FactKind::CoachingPeriod, DataCategory::ServiceAttendance, "", "Pajajakso"),
            (FactKind::Attendance, DataCategory::ServiceAttendance, "", "12/14 päivää"),
            (FactKind::Measure, DataCategory::OutcomeMeasures, "3", "Tulostähti"),
            (FactKind::Measure, DataCategory::QualityOfLife, "62", "WHOQOL-BREF"),
            (FactKind::Note, DataCategory::GuidanceNotes, "", "Soitettu."),
        ]
    );
    let service = &held.facts[13];
    assert_eq!((service.since.as_str(), service.until.as_str()), ("2026-09-01", "2026-10-31"));
    assert_eq!((service.reference.as_str(), service.code_system.as_str()), ("K-14", "typpi/palvelutilanne"));
    assert!(service.record_time.is_some());
    let [plan] = held.plans.as_slice() else { panic!("one plan") };
    assert_eq!((plan.owner.as_str(), plan.reference.as_str(), plan.revision), ("typpi", "MTS-4", 2));
    assert_eq!(plan.plan, format!("youths/{}/plans/{}", trial::YOUTH, trial::PLAN));
    assert_eq!(plan.state(), PlanState::Active);
    let background = plan.background.as_ref().unwrap();
    assert_eq!((background.given_names.as_str(), background.identity_code.as_str()), ("Aino", ""));
    assert_eq!(plan.needs[0].text, "Ohjausta");
}

#[test]
fn only_what_was_asked_for() {
    for category in KIND.fetches.iter() {
        let held = read_of(GOOD, &[category]).unwrap();
        let asked = CategorySet::of(&[category]);
        let told = polku_proto::Disclose::categories(&held).difference(CategorySet::ENVELOPE);
        assert!(told.is_subset(asked), "{told} for {asked}");
        assert!(!told.is_empty() || category == DataCategory::AddressContact, "{category:?}");
        assert!(held.facts.iter().all(|fact| fact.category() == category));
    }
}

#[test]
fn nobody_known() {
    let answer = with("");
    let answer = answer.replace(&format!("<asiakas>{HETU}</asiakas>"), "");
    let held = read(&answer).unwrap();
    assert!(held.facts.is_empty() && held.plans.is_empty() && held.as_of.is_some());
    let held = read(&with("")).unwrap();
    assert!(held.facts.is_empty() && held.plans.is_empty());
}

#[test]
fn an_id_that_is_a_persons_is_left_out_and_a_uuid_is_none() {
    let held = read(&row("<kirjausTunnus>A-010594Y9032</kirjausTunnus><koodi>010594Y9032</koodi>")).unwrap();
    assert_eq!((held.facts[0].reference.as_str(), held.facts[0].code.as_str()), ("", ""));
    let uuid = "0193c5a0-0000-7000-8000-010594a90320";
    let held = read(&row(&format!("<kirjausTunnus>{uuid}</kirjausTunnus>"))).unwrap();
    assert_eq!(held.facts[0].reference, uuid);
}

#[test]
fn limits() {
    let rows = |count| with(&format!("<perustiedot>{}</perustiedot>", "<asiakkuus/>".repeat(count)));
    assert_eq!(read(&rows(500)).unwrap().facts.len(), 500);
    assert!(read(&rows(501)).is_err());
    let need = "<tarve><tunnus>t</tunnus><tietoluokka>SUUNNITELMA</tietoluokka><kuvaus>a</kuvaus></tarve>";
    let one = plan(need);
    let (before, rest) = one.split_once("<suunnitelmatieto>").unwrap();
    let (inside, after) = rest.split_once("</suunnitelmatieto>").unwrap();
    let plans = |count| {
        let all = format!("<suunnitelmatieto>{inside}</suunnitelmatieto>").repeat(count);
        format!("{before}{all}{after}")
    };
    assert_eq!(read(&plans(10)).unwrap().plans.len(), 10);
    assert!(read(&plans(11)).is_err());
    let text = |length| row(&format!("<kuvaus>{}</kuvaus>", "ö".repeat(length)));
    assert!(read(&text(4000)).is_ok());
    assert!(read(&text(4001)).is_err());
}

#[test]
fn unusable_answers() {
    let bad = [
        with("<muu/>"),
        with("teksti"),
        with(HETU),
        with("<koulutusJaTyo/><perustiedot/>"),
        with("<perustiedot/><perustiedot/>"),
        with("<perustiedot><muu/></perustiedot>"),
        with("<perustiedot><ajanvaraus/><asiakkuus/></perustiedot>"),
        with("<perustiedot><tilanne/></perustiedot>"),
        with("<perustiedot a=\"1\"/>"),
        with("<perustiedot xmlns=\"http://other.example\"/>"),
        row("teksti"),
        row("<muu/>"),
        row("<alkaen>1.2.2026</alkaen>"),
        row("<alkaen>2026-02-30</alkaen>"),
        row("<alkaen><b/></alkaen>"),
        row("<saakka>2026-01-01</saakka><alkaen>2025-01-01</alkaen>"),
        row("<kirjattu>2026-10-01</kirjattu>"),
        row("<kirjattu>2026-10-01T08:00:00+02:00</kirjattu>"),
        row("<kirjausTunnus>Aino Esimerkki</kirjausTunnus>"),
        row("<koodi>Aino Esimerkki</koodi>"),
        row("<kuvaus>\u{7f}</kuvaus>"),
        plan("").replace("VOIMASSA", "EHKA"),
        plan("").replace("<suunnitelma>", "").replace("</suunnitelma>", ""),
        plan("").replace("</suunnitelma>", "</suunnitelma><aiempiVersio/>"),
        plan("").replace(
            "</suunnitelma>",
            "</suunnitelma><aiempiVersio><versio>1</versio><suunnitelmanTila>EI</suunnitelmanTila></aiempiVersio>",
        ),
        plan("<asiakastiedot><henkilo><hetu>020594X903P</hetu></henkilo></asiakastiedot>"),
        plan("<tarve><tunnus>1</tunnus><tietoluokka>SUUNNITELMA</tietoluokka></tarve>"),
        plan("<tarve><tunnus>1</tunnus><tietoluokka>MUU</tietoluokka><kuvaus>a</kuvaus></tarve>"),
        plan("<tarve><tunnus>010594Y9032</tunnus><tietoluokka>SUUNNITELMA</tietoluokka><kuvaus>a</kuvaus></tarve>"),
        plan("<seuraavaTarkistus>2026-13-01</seuraavaTarkistus>"),
        plan("<omistaja>kela</omistaja>"),
        row("").replace("010594Y9032", "020594X903P"),
        row("").replace(HETU, ""),
        row("").replace("<vastattu>2026-11-21T09:30:00Z</vastattu>", ""),
        row("").replace("2026-11-21T09:30:00Z", "2026-11-21"),
    ];
    for (index, answer) in bad.iter().enumerate() {
        let told = read(answer).err().unwrap_or_else(|| panic!("case {index} is taken over: {answer}"));
        for word in ["Esimerkki", "010594", "020594X", "EHKA", "kela"] {
            assert!(!told.contains(word), "case {index}: {told}");
        }
    }
    assert!(read(&row("")).is_ok() && read(&plan("")).is_ok());
}
