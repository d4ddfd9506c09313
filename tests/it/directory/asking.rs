//! What is answered, to whom, and what is refused?

use polku_proto::v1::recipient_suggestion::Criterion;
use polku_proto::v1::service_hour::Channel;
use polku_proto::v1::{
    GetServiceRequest, GetWeeklyCalendarRequest, SearchServicesRequest, ServiceNetwork,
    SuggestRecipientsRequest, WeeklyCalendar,
};
use polku_tests::world::{Client, PEOPLE, professional};
use tonic::{Code, Status};

use super::{OHJAAMO_PLACE, found, open, search, who};
use crate::stage::{Stage, assert_refused, fields_of};

async fn week(client: &Client, place: &str, date: &str) -> Result<WeeklyCalendar, Status> {
    let request = GetWeeklyCalendarRequest { service_channel: place.into(), date: date.into() };
    Ok(client.clone().directory.get_weekly_calendar(request).await?.into_inner())
}

/// Recipients with the respects in which they fit.
async fn suggested(
    client: &Client,
    request: SuggestRecipientsRequest,
) -> Result<Vec<(String, Vec<Criterion>)>, Status> {
    let answer = client.clone().directory.suggest_recipients(request).await?.into_inner();
    let told = answer.suggestions.into_iter();
    Ok(told.map(|one| (one.recipient.clone(), one.criteria().collect())).collect())
}

/// Domain 5, source 001: "viikkokalenterin mukaisesti"; source 003: "kaksikielistä".
/// domain.md 5: "ruotsin kielellä".
#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_who_is_where_on_which_day() {
    let stage = open().await;
    let youth = stage.ohjaamo().identify(PEOPLE[0]).await.unwrap();
    let peer =
        stage.caller(&stage.world.identities.ohjaamo, &professional("vertainen-1", "keskusta", "peer"));
    for client in
        [stage.ohjaamo(), peer, stage.te(), stage.kela(), stage.subject(&youth), stage.guardian(&youth)]
    {
        let week = week(&client, OHJAAMO_PLACE, "2026-03-04").await.unwrap();
        let wednesday = &week.days[2];
        assert_eq!((wednesday.date.as_str(), wednesday.is_closed), ("2026-03-04", false));
        let kela = wednesday.entries.iter().find(|entry| who(entry) == "kela").unwrap();
        assert_eq!((kela.from.as_str(), kela.to.as_str()), ("12:00", "16:00"));
        assert_eq!(kela.channel(), Channel::WalkIn);
        assert_eq!(kela.services, ["services/nuotti"]);
        let names = &kela.actor_organisation.as_ref().unwrap().organization_names;
        let languages: Vec<&str> = names.iter().map(|name| name.language.as_str()).collect();
        assert_eq!(languages, ["fi", "sv"]);
        let place = week.service_channel.unwrap();
        assert_eq!(place.addresses[0].street[0].value, "Esimerkkikatu");
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_date_it_is_this_week() {
    let stage = open().await;
    let today = || polku_proto::time::finnish_date(stage.now()).to_string();
    let before = today();
    let week = week(&stage.ohjaamo(), OHJAAMO_PLACE, "").await.unwrap();
    // It may be midnight.
    let after = today();
    assert!(week.days.iter().any(|day| day.date == before || day.date == after));
    stage.close().await;
}

/// Domain 5, source 001: "etsitään … palvelut kumppanuusverkostosta", "jalkautuvia palveluita sekä verkkopalveluita";
/// source 003: "palveluita viedään kotiin".
/// domain.md 5: "Raiteilla-toiminnalla".
#[tokio::test(flavor = "multi_thread")]
async fn services_are_found_in_the_core_network_and_beyond() {
    let stage = open().await;
    let ohjaamo = stage.ohjaamo();
    let all = SearchServicesRequest::default;
    let workshop = SearchServicesRequest { query: "työpaja arki".into(), ..all() };
    assert_eq!(found(&ohjaamo, workshop.clone()).await, ["services/pajavalmennus"]);
    let core = SearchServicesRequest { network: ServiceNetwork::Core as i32, ..workshop };
    assert_eq!(found(&ohjaamo, core).await, [""; 0]);
    for (channel, expected) in [
        (Channel::Online, "services/verkko-ohjaus"),
        (Channel::Outreach, "services/etsiva-nuorisotyo"),
        (Channel::Home, "services/etsiva-nuorisotyo"),
    ] {
        let request = SearchServicesRequest { channel: channel as i32, ..all() };
        assert_eq!(found(&ohjaamo, request).await, [expected]);
    }
    let asked = SearchServicesRequest {
        municipality: "049".into(),
        language: "sv".into(),
        age: Some(17),
        date: "2026-03-04".into(),
        ..all()
    };
    let names =
        ["services/etsiva-nuorisotyo", "services/nuotti", "services/starttipiste", "services/verkko-ohjaus"];
    assert_eq!(found(&ohjaamo, asked).await, names);
    let service = ohjaamo.clone().directory.get_service(GetServiceRequest { name: names[1].into() }).await;
    let service = service.unwrap().into_inner();
    assert_eq!((service.minimum_age, service.maximum_age), (Some(16), Some(29)));
    assert_eq!(service.service_channels[0].name, OHJAAMO_PLACE);
    assert_eq!(service.organization.unwrap().recipient, "kela/kuntoutus");
    stage.close().await;
}

/// domain.md 5: "TyönhakuBoosti … korttikoulutukset, taksikurssi, Täsmärekry ja WorkPilots".
#[tokio::test(flavor = "multi_thread")]
async fn the_service_concepts_are_found_by_their_names() {
    let stage = open().await;
    for (name, service) in [
        ("TyönhakuBoosti", "services/tyonhakuboosti"),
        ("korttikoulutukset", "services/korttikoulutukset"),
        ("taksikurssi", "services/taksikurssi"),
        ("Täsmärekry", "services/tasmarekry"),
        ("WorkPilots", "services/workpilots"),
    ] {
        let request = SearchServicesRequest { query: name.into(), ..SearchServicesRequest::default() };
        assert_eq!(found(&stage.ohjaamo(), request).await, [service], "{name}");
    }
    stage.close().await;
}

/// domain.md 5: "kaikille 15–29 –vuotiaille", "16–29 -vuotiaat", "17–29 -vuotiaiden", "alle 30-vuotiaille".
#[tokio::test(flavor = "multi_thread")]
async fn each_service_has_an_age_limit_of_its_own() {
    let stage = open().await;
    for (service, first, last) in [
        ("services/starttipiste", 15, 29),
        ("services/nuotti", 16, 29),
        ("services/tyonhakuboosti", 17, 29),
        ("services/etsiva-nuorisotyo", 0, 28),
    ] {
        let mut ages = Vec::new();
        for age in 0..40 {
            let request = SearchServicesRequest { age: Some(age), ..SearchServicesRequest::default() };
            if found(&stage.ohjaamo(), request).await.iter().any(|found| found == service) {
                ages.push(age);
            }
        }
        assert_eq!(ages, (first..=last).collect::<Vec<_>>(), "{service}");
    }
    stage.close().await;
}

/// The same order, whatever the size of the page, and every service once.
#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another() {
    let stage = open().await;
    let ohjaamo = stage.ohjaamo();
    let whole = found(&ohjaamo, SearchServicesRequest::default()).await;
    assert_eq!(whole.len(), 13);
    for page_size in [1, 5, 12, 13, 14] {
        let mut request = SearchServicesRequest { page_size, ..SearchServicesRequest::default() };
        let mut seen = Vec::new();
        loop {
            let page = ohjaamo.clone().directory.search_services(request.clone()).await.unwrap().into_inner();
            assert!(!page.services.is_empty() && page.services.len() <= usize::try_from(page_size).unwrap());
            seen.extend(page.services.into_iter().map(|service| service.name));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, whole, "pages of {page_size}");
    }
    let first = SearchServicesRequest { page_size: 1, ..SearchServicesRequest::default() };
    let token =
        ohjaamo.clone().directory.search_services(first.clone()).await.unwrap().into_inner().next_page_token;
    let next = SearchServicesRequest { page_token: token, ..first };
    // For another list, another agency, or cut short, a token is none.
    let other_list = SearchServicesRequest { language: "fi".into(), ..next.clone() };
    let cut = SearchServicesRequest { page_token: next.page_token.chars().skip(1).collect(), ..next.clone() };
    for (client, request) in [(&ohjaamo, other_list), (&ohjaamo, cut), (&stage.kela(), next)] {
        let refused = search(client, request).await;
        let status = assert_refused(refused, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
        assert_eq!(fields_of(&status), ["page_token"]);
    }
    stage.close().await;
}

/// Domain 5, source 003: "ydintoimijoiden roolit on määritelty asiakkaiden profiilien mukaan" and the teams.
/// domain.md 5: "Starttipisteen, hyvinvoinnin, koulutuksen ja työllistymisen tiimeissä".
#[tokio::test(flavor = "multi_thread")]
async fn recipients_are_suggested_by_profile_and_team() {
    let stage = open().await;
    let ohjaamo = stage.ohjaamo();
    let request = |profile: i32, team: &str| SuggestRecipientsRequest {
        profile,
        team: team.into(),
        ..SuggestRecipientsRequest::default()
    };
    let (profile, team) = (Criterion::Profile, Criterion::Team);
    let told = |recipients: &[(&str, &[Criterion])]| -> Vec<(String, Vec<Criterion>)> {
        recipients.iter().map(|(recipient, why)| ((*recipient).to_owned(), why.to_vec())).collect()
    };
    let by_profile = suggested(&ohjaamo, request(1, "")).await.unwrap();
    assert_eq!(by_profile, told(&[("te", &[profile]), ("paja", &[profile])]));
    let by_both = suggested(&ohjaamo, request(1, "tyollistyminen")).await.unwrap();
    assert_eq!(by_both, told(&[("te", &[profile, team]), ("paja", &[profile])]));
    // The employment services do not refer to themselves.
    let of_te = suggested(&stage.te(), request(1, "tyollistyminen")).await.unwrap();
    assert_eq!(of_te, told(&[("paja", &[profile])]));
    let aged = SuggestRecipientsRequest { age: Some(29), municipality: "049".into(), ..request(3, "") };
    let answer = ohjaamo.clone().directory.suggest_recipients(aged.clone()).await.unwrap().into_inner();
    let [kela] = answer.suggestions.as_slice() else { panic!("{} suggestions", answer.suggestions.len()) };
    assert_eq!((kela.recipient.as_str(), kela.statement.as_str()), ("kela/kuntoutus", "Profiili 3, Nuotti"));
    assert_eq!(kela.criteria().collect::<Vec<_>>(), [profile, Criterion::Age, Criterion::Municipality]);
    assert_eq!(kela.services, ["services/nuotti"]);
    let older = SuggestRecipientsRequest { age: Some(30), ..aged };
    assert_eq!(suggested(&ohjaamo, older).await.unwrap(), []);
    for (wrong, reason, field) in [
        (request(0, ""), "PROFILE_OR_TEAM_MISSING", "profile"),
        (request(1, "tuntematon"), "TEAM_UNKNOWN", "team"),
        (request(4, ""), "INVALID_FIELDS", "profile"),
    ] {
        let status = assert_refused(suggested(&ohjaamo, wrong).await, Code::InvalidArgument, reason);
        assert_eq!(fields_of(&status), [field]);
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_makes_no_sense_is_refused() {
    let stage = open().await;
    let ohjaamo = stage.ohjaamo();
    let missing = GetServiceRequest { name: "services/none".into() };
    assert_refused(ohjaamo.clone().directory.get_service(missing).await, Code::NotFound, "NOT_FOUND");
    assert_refused(week(&ohjaamo, "serviceChannels/none", "").await, Code::NotFound, "NOT_FOUND");
    for (place, date, reason, field) in [
        ("ohjaamo-keskusta", "", "INVALID_FIELDS", "service_channel"),
        (OHJAAMO_PLACE, "2026-02-29", "INVALID_FIELDS", "date"),
        (OHJAAMO_PLACE, "4.3.2026", "INVALID_FIELDS", "date"),
        (OHJAAMO_PLACE, "9999-12-31", "DATE_OUT_OF_RANGE", "date"),
    ] {
        let status = assert_refused(week(&ohjaamo, place, date).await, Code::InvalidArgument, reason);
        assert_eq!(fields_of(&status), [field], "{place} {date}");
    }
    let wrong = SearchServicesRequest {
        query: "a".repeat(201),
        municipality: "Espoo".into(),
        language: "FI".into(),
        age: Some(121),
        date: "2026-13-01".into(),
        channel: 99,
        network: 99,
        page_size: -1,
        ..SearchServicesRequest::default()
    };
    let status = assert_refused(search(&ohjaamo, wrong).await, Code::InvalidArgument, "INVALID_FIELDS");
    let fields = ["query", "municipality", "language", "age", "date", "channel", "network", "page_size"];
    assert_eq!(fields_of(&status), fields);
    // Who is not registered is told nothing.
    let stranger = stage.caller(&stage.world.identities.stranger, &professional("a", "keskusta", "peer"));
    let refused = search(&stranger, SearchServicesRequest::default()).await;
    assert_refused(refused, Code::Unauthenticated, "CERTIFICATE_UNKNOWN");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_directory_nothing_is_listed() {
    let stage = Stage::open().await;
    assert_eq!(found(&stage.ohjaamo(), SearchServicesRequest::default()).await, [""; 0]);
    assert_refused(week(&stage.ohjaamo(), OHJAAMO_PLACE, "").await, Code::NotFound, "NOT_FOUND");
    stage.close().await;
}
