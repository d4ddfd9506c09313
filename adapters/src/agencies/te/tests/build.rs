//! Are the settings checked, and what does the adapter say of itself?

use super::*;

fn refusal(change: impl FnOnce(&mut toml::Table)) -> String {
    let mut table = settings();
    change(&mut table);
    build(trial::agency("te"), table, &Network::Tls).unwrap_err().to_string()
}

fn set(key: &'static str, value: impl Into<toml::Value>) -> impl FnOnce(&mut toml::Table) {
    let value = value.into();
    move |table| drop(table.insert(key.to_owned(), value))
}

fn set_in(
    outer: &'static str,
    key: &'static str,
    value: impl Into<toml::Value>,
) -> impl FnOnce(&mut toml::Table) {
    let value = value.into();
    move |table| drop(table[outer].as_table_mut().unwrap().insert(key.to_owned(), value))
}

#[test]
fn built_from_its_table() {
    let adapter = build(trial::agency("te"), settings(), &Network::Tls).unwrap();
    assert_eq!(adapter.agency().as_str(), "te");
    assert_eq!(adapter.redelivery(), Redelivery::AnswersStatus);
    let mut table = settings();
    let parties: toml::Table = "paja = { class = 'ORG', code = '9999901-2' }".parse().unwrap();
    set("represented_parties", parties)(&mut table);
    set("redelivery", "neither")(&mut table);
    // Older than the rule that new identifiers are bound by.
    set_in("client", "subsystem_code", "polku_1")(&mut table);
    assert_eq!(build(trial::agency("te"), table, &Network::Tls).unwrap().redelivery(), Redelivery::Neither);
}

#[test]
fn refused_settings() {
    for key in ["user_id", "represented_party"] {
        assert_eq!(refusal(|table| drop(table.remove(key).unwrap())), format!("missing field `{key}`"));
    }
    let url = "expected an address such as https://host.example/path, without user, query and fragment";
    assert_eq!(refusal(set("url", "http://security-server.example")), format!("url: {url}"));
    assert_eq!(refusal(set("url", "https://user@host.example")), format!("url: {url}"));
    assert_eq!(refusal(set("url", "https://host.example/?a=b")), format!("url: {url}"));
    let redelivery = refusal(set("redelivery", "perhaps"));
    assert!(
        redelivery.starts_with("unknown variant `perhaps`, expected one of `deduplicates`,"),
        "{redelivery}"
    );
    let pins = "inbound_certificate_sha256: expected at least one SHA-256 of 64 hex digits";
    assert_eq!(refusal(set("inbound_certificate_sha256", toml::Value::Array(Vec::new()))), pins);
    assert_eq!(refusal(set("inbound_certificate_sha256", vec!["abc".to_owned()])), pins);
    assert_eq!(refusal(set("inbound_certificate_sha256", vec!["gg".repeat(32)])), pins);
    for id in ["ö", "polku 1", "", "010594Y9032", "virkailija-010594Y9032"] {
        let expected = "user_id: expected 1 to 64 letters, digits and signs, and no personal identity code";
        assert_eq!(refusal(set("user_id", id)), expected);
    }
    assert!(refusal(set_in("client", "member_code", "a/b")).starts_with("client: expected `instance`, "));
    assert!(
        refusal(set_in("client", "subsystem_code", "polku:1")).starts_with("client: expected `instance`, ")
    );
    assert!(refusal(set_in("service", "instance", "")).starts_with("service: expected `instance`, "));
    let party =
        "represented_party: expected `code` and perhaps `class`, 1 to 64 bytes and no personal identity code";
    assert_eq!(refusal(set_in("represented_party", "code", " ")), party);
    assert_eq!(refusal(set_in("represented_party", "code", "FI-010594Y9032")), party);
    let parties = |text: &str| set("represented_parties", text.parse::<toml::Table>().unwrap());
    let party = "represented_parties: expected `code` and perhaps `class`, 1 to 64 bytes and no personal identity code";
    assert_eq!(refusal(parties("paja = { code = '' }")), party);
    let ids = "represented_parties: expected agency ids as keys";
    assert_eq!(refusal(parties("Paja = { code = '9999901-2' }")), ids);
    assert!(refusal(parties("paja = { name = 'Paja' }")).starts_with("unknown field `name`"));
    assert!(refusal(set_in("connection", "timeout_ms", 5)).starts_with("connection.timeout_ms: expected "));
    let certificate = set_in("connection", "certificate_file", "/nonexistent/client.pem");
    assert_eq!(refusal(certificate), "connection.key_file: expected a file, as there is a certificate");
    let ca = "connection.ca_file: expected at least one certificate in PEM in the file /nonexistent/ca.pem";
    assert_eq!(refusal(set_in("connection", "ca_file", "/nonexistent/ca.pem")), ca);
    assert_eq!(refusal(set("url", 3)), "invalid type: integer `3`, expected a string in `url`");
    assert!(refusal(set("surprise", 3)).starts_with("unknown field `surprise`, expected one of `url`, "));
    assert!(
        refusal(set_in("connection", "retries", 3)).starts_with("unknown field `retries`, expected one of")
    );
    assert_eq!(refusal(|table| drop(table.remove("service"))), "missing field `service`");
}

#[test]
fn unknown_kind_lists_the_known_ones() {
    let error = crate::build("posti", trial::agency("posti"), settings()).unwrap_err();
    let known: Vec<&str> = crate::kinds().iter().map(|kind| kind.id).collect();
    let expected = format!("unknown kind of agency `posti`, expected one of {}", known.join(", "));
    assert_eq!(error.to_string(), expected);
    assert!(crate::build("te", trial::agency("te"), settings()).is_ok());
}
