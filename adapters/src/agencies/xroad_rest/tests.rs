//! Does a call say who asks for whom, and never whom it is about?

use super::*;
use crate::agencies::trial;
use crate::transport::http::Network;

/// The way to an agency, with these keys, or the usual ones in their place.
fn way(further: &str) -> XroadRest {
    let mut table = table(further);
    let road = XroadRest::take(&mut table, &Network::Tls).unwrap();
    assert_eq!(table.len(), 1, "the agency's own key is left");
    road
}

fn table(further: &str) -> toml::Table {
    let further: toml::Table = further.parse().unwrap();
    let text = format!(
        r#"
        user_id = "gateway"
        represented_party = {{ code = "common" }}
        url = "https://ss.example/"
        client = {{ instance = "FI-TEST", member_class = "ORG", member_code = "9999902-0", subsystem_code = "polku" }}
        service = {{ instance = "FI-TEST", member_class = "GOV", member_code = "9999903-9", subsystem_code = "etuudet" }}
        inbound_certificate_sha256 = ["{pin}"]
        connection.ca_file = "{ca}"
        own = 1
        "#,
        pin = "ab".repeat(32),
        ca = trial::ca_file().display(),
    );
    // A key after a table header belongs to the table: everything stands on the top level.
    let mut table: toml::Table = text.parse().unwrap();
    table.extend(further);
    table
}

fn ask(sender: Option<&AgencyId>) -> Ask<'_> {
    Ask {
        method: Method::GET,
        service: "palvelu",
        path: Vec::new(),
        query: Vec::new(),
        id: trial::MESSAGE.to_owned(),
        sender,
        professional: None,
        issue: None,
        accept: "application/json",
        content: None,
        headers: HeaderMap::new(),
    }
}

#[test]
fn the_party_is_the_senders_or_the_common_one() {
    let road = way(
        "represented_party = { code = 'yhteinen' }\nrepresented_parties.te = { class = 'MUN', code = 'te' }",
    );
    let party = |sender: Option<&str>| {
        let sender = sender.map(trial::agency);
        let party = road.call(ask(sender.as_ref())).unwrap().represented_party;
        (party.class, party.code)
    };
    assert_eq!(party(Some("te")), (Some("MUN".to_owned()), "te".to_owned()));
    assert_eq!(party(Some("ohjaamo")), (None, "yhteinen".to_owned()));
    assert_eq!(party(None), (None, "yhteinen".to_owned()));
}

/// Whoever is asked by nobody in particular cannot tell whose question it was.
#[test]
fn who_asks_and_for_whom_is_always_said() {
    for key in ["user_id", "represented_party"] {
        let mut table = table("");
        table.remove(key).unwrap();
        let refused = XroadRest::take(&mut table, &Network::Tls).unwrap_err();
        assert_eq!(refused.to_string(), format!("missing field `{key}`"));
    }
    let call = way("").call(ask(None)).unwrap();
    assert_eq!(call.user_id, "FIgateway");
    assert_eq!(call.represented_party.code, "common");
}

#[test]
fn the_user_is_the_professional_or_the_gateway() {
    let user = |road: &XroadRest, professional| road.call(Ask { professional, ..ask(None) }).unwrap().user_id;
    let road = way("user_id = 'polku'");
    assert_eq!(user(&road, Some("ohjaaja-7")), "FIohjaaja-7");
    for id in ["ohjaaja_7", "olli@example.fi", "a:b", "7"] {
        assert_eq!(user(&road, Some(id)), format!("FI{id}"));
    }
    for id in [None, Some(""), Some("010594-9032"), Some("x-010594Y9032")] {
        assert_eq!(user(&road, id), "FIpolku", "{id:?}");
    }
}

#[test]
fn nobody_is_named_outside_of_bodies() {
    let road = way("");
    let refused = |ask: Ask<'_>| road.call(ask).err().map(|failure| failure.kind);
    let hetu = || "010594Y9032".to_owned();
    assert_eq!(refused(Ask { path: vec!["a".into(), hetu()], ..ask(None) }), Some(UNWRITABLE));
    assert_eq!(refused(Ask { query: vec![("q".into(), hetu())], ..ask(None) }), Some(UNWRITABLE));
    assert_eq!(refused(Ask { query: vec![(hetu(), "q".into())], ..ask(None) }), Some(UNWRITABLE));
    assert_eq!(refused(Ask { issue: Some(hetu()), ..ask(None) }), Some(UNWRITABLE));
    // A random id that happens to hold what could be one is the gateway's own.
    let chance = "aa010594-9032-7000-8000-000000000000";
    assert_eq!(refused(Ask { issue: Some(chance.to_owned()), ..ask(None) }), None);
}
