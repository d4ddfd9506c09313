//! Does a matter go where the configuration says, with the reason why?

use polku_proto::v1::RecipientSuggestion;
use polku_proto::v1::recipient_suggestion::Criterion;

use super::super::routing::{Matter, Route, Routing};
use super::{date, example};

fn route(profile: Option<u8>, team: Option<&str>, recipients: &[&str]) -> Route {
    Route {
        profile,
        team: team.map(str::to_owned),
        recipients: recipients.iter().map(|party| party.parse().unwrap()).collect(),
        statement: format!("{profile:?} {team:?}"),
        ..Route::default()
    }
}

fn routing() -> Routing {
    let aged = Route {
        minimum_age: Some(16),
        maximum_age: Some(29),
        municipalities: ["049".to_owned()].into(),
        ..route(Some(3), None, &["kela/kuntoutus"])
    };
    let routes = vec![
        route(Some(1), None, &["te", "paja"]),
        aged,
        route(Some(3), None, &["paja", "kela/kuntoutus"]),
        route(None, Some("tyollistyminen"), &["paja", "te"]),
        route(Some(1), Some("tyollistyminen"), &["te"]),
    ];
    Routing { routes }
}

fn matter(profile: u8, team: &str, age: Option<i32>, municipality: &str) -> Matter {
    Matter {
        profile: Some(profile).filter(|profile| *profile > 0),
        team: Some(team.to_owned()).filter(|team| !team.is_empty()),
        age,
        municipality: Some(municipality.to_owned()).filter(|code| !code.is_empty()),
    }
}

fn suggested(matter: &Matter) -> Vec<RecipientSuggestion> {
    routing().suggest(matter, &example(), date("2026-03-02"))
}

fn recipients(matter: &Matter) -> Vec<String> {
    suggested(matter).into_iter().map(|suggestion| suggestion.recipient).collect()
}

/// Domain 5, source 003: "ydintoimijoiden roolit on määritelty asiakkaiden profiilien mukaan".
#[test]
fn the_profile_says_where_to_in_the_order_of_the_file() {
    assert_eq!(recipients(&matter(1, "", None, "")), ["te", "paja"]);
    assert_eq!(recipients(&matter(2, "", None, "")), [""; 0]);
}

/// Domain 5, source 003: "Starttipisteen, hyvinvoinnin, koulutuksen ja työllistymisen tiimeissä".
#[test]
fn a_team_is_a_target_and_what_fits_in_more_respects_comes_first() {
    assert_eq!(recipients(&matter(0, "tyollistyminen", None, "")), ["paja", "te"]);
    let both = suggested(&matter(1, "tyollistyminen", None, ""));
    let said: Vec<(&str, usize)> =
        both.iter().map(|one| (one.recipient.as_str(), one.criteria.len())).collect();
    assert_eq!(said, [("te", 2), ("paja", 1)]);
    assert_eq!(both[0].criteria, [Criterion::Profile as i32, Criterion::Team as i32]);
    assert_eq!(both[0].statement, "Some(1) Some(\"tyollistyminen\")");
    assert!(routing().knows("tyollistyminen") && !routing().knows("tyo"));
}

#[test]
fn what_asks_for_an_age_or_a_place_needs_them_stated() {
    let order = |age, code| recipients(&matter(3, "", age, code));
    assert_eq!(order(Some(20), "049"), ["kela/kuntoutus", "paja"]);
    assert_eq!(order(Some(20), ""), ["paja", "kela/kuntoutus"]);
    assert_eq!(order(None, "049"), ["paja", "kela/kuntoutus"]);
    let first = &suggested(&matter(3, "", Some(20), "049"))[0];
    let criteria = [Criterion::Profile, Criterion::Age, Criterion::Municipality];
    assert_eq!(first.criteria().collect::<Vec<_>>(), criteria);
    assert_eq!(first.services, ["services/nuotti"]);
}

#[test]
fn nobody_is_suggested_whose_services_are_all_for_others() {
    // The workshop takes from 16 to 28 years.
    assert_eq!(recipients(&matter(1, "", Some(29), "")), ["te"]);
    assert_eq!(recipients(&matter(1, "", Some(28), "")), ["te", "paja"]);
    assert_eq!(recipients(&matter(1, "", Some(20), "564")), [""; 0], "neither is for people from Oulu");
    // Who lists nothing is not held to it.
    let routing = Routing { routes: vec![route(Some(1), None, &["tuntematon"])] };
    let found = routing.suggest(&matter(1, "", Some(99), ""), &example(), date("2026-03-02"));
    assert_eq!((found.len(), found[0].services.len()), (1, 0));
}
