//! Are the settings checked, and the secrets kept?

use super::*;

/// A good table and the files that it names.
fn settings() -> (toml::Table, [Scratch; 2]) {
    let client = Scratch::holding("client-secret-0001\n");
    let webhook = Scratch::holding("0123456789abcdef0123456789abcdef\r\n");
    let text = format!(
        r#"
        base_url = "https://walmu.example/api/v1/"
        token_url = "https://login.example/oauth2/token"
        client_id = "polku"
        client_secret_file = "{client}"
        webhook_secret_file = "{webhook}"

        [connection]
        ca_file = "{ca}"
        "#,
        client = client.0.display(),
        webhook = webhook.0.display(),
        ca = trial::ca_file().display(),
    );
    (text.parse().unwrap(), [client, webhook])
}

fn refusal(key: &str, value: impl Into<toml::Value>) -> String {
    let (mut table, _files) = settings();
    table.insert(key.to_owned(), value.into());
    build(trial::agency("walmu"), table, &Network::Tls).unwrap_err().to_string()
}

fn refused_file(key: &str, content: &str) -> String {
    let file = Scratch::holding(content);
    let path = file.0.display().to_string();
    refusal(key, path.clone()).replace(&path, "FILE")
}

#[test]
fn built_from_its_table() {
    let (table, _files) = settings();
    let adapter = build(trial::agency("walmu"), table, &Network::Tls).unwrap();
    assert_eq!(adapter.agency().as_str(), "walmu");
    assert_eq!(adapter.redelivery(), Redelivery::Deduplicates);
    let debug = format!("{adapter:?}");
    assert!(!debug.contains("secret-0001") && !debug.contains("0123456789abcdef"), "{debug}");
}

#[test]
fn refused_settings() {
    let url = "expected an address such as https://host.example/path, without user, query and fragment";
    assert_eq!(refusal("base_url", "http://walmu.example"), format!("base_url: {url}"));
    assert_eq!(refusal("base_url", "https://walmu.example/?a"), format!("base_url: {url}"));
    assert_eq!(refusal("token_url", "login.example"), format!("token_url: {url}"));
    assert_eq!(refusal("token_url", "https://walmu.example/#a"), format!("token_url: {url}"));
    assert_eq!(refusal("client_id", ""), "client_id: expected 1 to 256 printable characters of ASCII");
    assert_eq!(refusal("client_id", "a b"), "client_id: expected 1 to 256 printable characters of ASCII");
    assert!(refusal("client_secret", "plain").starts_with("unknown field `client_secret`, expected one of"));
    let scope =
        "scope: expected names of scopes with one space between them, at most 1,024 characters, or nothing";
    for wrong in ["a  b", " a", "a\"b", "lähetteet"] {
        assert_eq!(refusal("scope", wrong), scope);
    }
    let (mut table, _files) = settings();
    table.remove("webhook_secret_file");
    let error = build(trial::agency("walmu"), table, &Network::Tls).unwrap_err();
    assert_eq!(error.to_string(), "missing field `webhook_secret_file`");
}

#[test]
fn a_token_or_a_certificate() {
    let expected = "token_url: expected `token_url`, `client_id` and `client_secret_file`, or a certificate in `connection`, and not both";
    let without = |keys: &[&str]| {
        let (mut table, _files) = settings();
        for key in keys {
            table.remove(*key);
        }
        build(trial::agency("walmu"), table, &Network::Tls).unwrap_err().to_string()
    };
    assert_eq!(without(&["token_url"]), expected);
    assert_eq!(without(&["client_id"]), expected);
    assert_eq!(without(&["client_secret_file"]), expected);
    assert_eq!(without(&["token_url", "client_id", "client_secret_file"]), expected);
    let with_certificate = |removed: &[&str]| {
        let (mut table, _files) = settings();
        let connection = table.get_mut("connection").unwrap().as_table_mut().unwrap();
        for key in ["certificate_file", "key_file"] {
            connection.insert(key.to_owned(), trial::ca_file().display().to_string().into());
        }
        for key in removed {
            table.remove(*key);
        }
        build(trial::agency("walmu"), table, &Network::Tls).unwrap_err().to_string()
    };
    assert_eq!(with_certificate(&[]), expected);
    assert_eq!(with_certificate(&["client_id", "client_secret_file"]), expected);
    // The way is taken; the file is none of a key.
    let error = with_certificate(&["token_url", "client_id", "client_secret_file"]);
    assert!(error.starts_with("connection.key_file: expected one private key in PEM"), "{error}");
}

#[test]
fn the_scope_is_a_setting() {
    assert_eq!(token::form("lahetteet"), "grant_type=client_credentials&scope=lahetteet");
    assert_eq!(
        token::form("api://walmu/.default b"),
        "grant_type=client_credentials&scope=api%3A%2F%2Fwalmu%2F.default+b"
    );
    assert_eq!(token::form(""), "grant_type=client_credentials");
    let asked = |scope: Option<&str>| {
        let (mut table, _files) = settings();
        if let Some(scope) = scope {
            table.insert("scope".to_owned(), scope.into());
        }
        let settings: Settings = table.try_into().unwrap();
        match settings.credentials().unwrap() {
            Credentials::Client { scope, .. } => scope,
            Credentials::Certificate => panic!("no token"),
        }
    };
    assert_eq!(asked(None), "lahetteet");
    assert_eq!(asked(Some("a b")), "a b");
    assert_eq!(asked(Some("")), "");
}

#[test]
fn refused_secrets() {
    let client =
        "client_secret_file: expected one line of 8 or more printable characters of ASCII in the file FILE";
    assert_eq!(refused_file("client_secret_file", "short\n"), client);
    assert_eq!(refused_file("client_secret_file", "two lines\nof text\n"), client);
    assert_eq!(refused_file("client_secret_file", &"x".repeat(5000)), client);
    let webhook =
        "webhook_secret_file: expected one line of 32 or more printable characters of ASCII in the file FILE";
    assert_eq!(refused_file("webhook_secret_file", "0123456789abcdef"), webhook);
    let missing = refusal("webhook_secret_file", "/nonexistent/secret");
    assert!(missing.ends_with("in the file /nonexistent/secret"), "{missing}");
}
