//! Are the settings checked, and what does the adapter say of itself?

use polku_proto::v1::DataCategory;

use super::*;

fn refusal(change: impl FnOnce(&mut toml::Table)) -> String {
    let mut table = settings();
    change(&mut table);
    build(trial::agency("typpi"), table, &Network::Tls).unwrap_err().to_string()
}

fn set(key: &'static str, value: impl Into<toml::Value>) -> impl FnOnce(&mut toml::Table) {
    let value = value.into();
    move |table| drop(table.insert(key.to_owned(), value))
}

#[test]
fn built_from_its_table() {
    let adapter = crate::build("typpi", trial::agency("typpi"), settings()).unwrap();
    assert_eq!(adapter.agency().as_str(), "typpi");
    assert_eq!(adapter.redelivery(), Redelivery::AnswersStatus);
}

#[test]
fn refused_settings() {
    for key in ["user_id", "represented_party"] {
        assert_eq!(refusal(|table| drop(table.remove(key).unwrap())), format!("missing field `{key}`"));
    }
    let url = "url: expected an address such as https://host.example/path, without user, query and fragment";
    assert_eq!(refusal(set("url", "http://security-server.example")), url);
    let pins = "inbound_certificate_sha256: expected at least one SHA-256 of 64 hex digits";
    assert_eq!(refusal(set("inbound_certificate_sha256", vec!["abc".to_owned()])), pins);
    let user = "user_id: expected 1 to 64 letters, digits and signs, and no personal identity code";
    assert_eq!(refusal(set("user_id", "010594Y9032")), user);
    assert!(refusal(set("surprise", 3)).starts_with("unknown field `surprise`, expected one of `url`, "));
    assert!(refusal(set("answers_status", true)).starts_with("unknown field `answers_status`"));
    assert_eq!(refusal(|table| drop(table.remove("service"))), "missing field `service`");
    assert_eq!(refusal(|table| drop(table.remove("client"))), "missing field `client`");
}

#[test]
fn what_it_says_of_itself() {
    assert!(!KIND.fetches.contains(DataCategory::Envelope));
    assert!(!KIND.fetches.contains(DataCategory::ReferralStatus));
    assert!(!KIND.delivers.contains(&Matter::DisclosureNotice));
    assert!(!KIND.receives.contains(&Matter::ConsentWithdrawal));
}
