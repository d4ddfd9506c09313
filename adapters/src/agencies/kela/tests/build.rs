//! Are the settings checked?

use super::*;

fn refusal(change: impl FnOnce(&mut toml::Table)) -> String {
    let mut table = table();
    change(&mut table);
    build(trial::agency("kela"), table, &Network::Tls).unwrap_err().to_string()
}

#[test]
fn built_from_its_table() {
    let adapter = build(trial::agency("kela"), table(), &Network::Tls).unwrap();
    assert_eq!(adapter.agency().as_str(), "kela");
    assert_eq!(adapter.redelivery(), Redelivery::Neither);
    let mut answering = table();
    answering.insert("redelivery".to_owned(), "answers_status".into());
    assert_eq!(
        build(trial::agency("kela"), answering, &Network::Tls).unwrap().redelivery(),
        Redelivery::AnswersStatus
    );
}

#[test]
fn refused_settings() {
    let insert = |key: &'static str, value: &'static str| {
        move |table: &mut toml::Table| {
            table.insert(key.to_owned(), value.parse().unwrap());
        }
    };
    assert_eq!(refusal(|table| drop(table.remove("client"))), "missing field `client`");
    let unknown = refusal(insert("pasword", "'x'"));
    assert!(unknown.starts_with("unknown field `pasword`"), "{unknown}");
    let url = "url: expected an address such as https://host.example/path, without user, query and fragment";
    assert_eq!(refusal(insert("url", "'http://ss.example/'")), url);
    let member = "{ instance = 'FI', member_class = 'GOV', member_code = '1', subsystem_code = 'a/b' }";
    assert!(refusal(insert("service", member)).starts_with("service: expected `instance`"));
    let whole = "{ instance = 'FI', member_class = 'GOV', member_code = '1' }";
    assert!(refusal(insert("service", whole)).starts_with("service: expected `instance`"));
    assert!(refusal(insert("user_id", "'010594Y9032'")).starts_with("user_id: expected"));
    assert!(
        refusal(insert("represented_party", "{ code = '010594Y9032' }")).starts_with("represented_party:")
    );
    assert!(
        refusal(insert("represented_party", "{ class = ' ', code = 'x' }")).starts_with("represented_party:")
    );
    let parties = "{ 'Not an id' = { code = 'x' } }";
    assert_eq!(
        refusal(insert("represented_parties", parties)),
        "represented_parties: expected agency ids as keys"
    );
    assert_eq!(refusal(|table| drop(table.remove("nuotti"))), "missing field `nuotti`");
    let unknown = refusal(insert("nuotti", "{ from = 16, below = 30, x = 1 }"));
    assert!(unknown.starts_with("unknown field `x`"), "{unknown}");
    let ages = "nuotti: expected ages in full years, `from` lower than `below`";
    assert_eq!(refusal(insert("nuotti", "{ from = 30, below = 30 }")), ages);
    let pins = "inbound_certificate_sha256: expected at least one SHA-256 of 64 hex digits";
    assert_eq!(refusal(insert("inbound_certificate_sha256", "[]")), pins);
    assert_eq!(refusal(insert("inbound_certificate_sha256", "['ab']")), pins);
}
