//! Does the client refuse what it must, and does the body know its fate?

use std::task::Waker;

use super::body::Fate;
use super::*;

#[test]
fn body_taken_before_calling_off() {
    let (mut body, progress) = Outgoing::new(Bytes::from_static(b"body"));
    let mut context = Context::from_waker(Waker::noop());
    assert!(!body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(4));
    assert!(matches!(Pin::new(&mut body).poll_frame(&mut context), Poll::Ready(Some(Ok(_)))));
    assert!(body.is_end_stream());
    assert_eq!(progress.call_off(), Fate::Taken);
}

#[test]
fn body_called_off_is_never_handed_out() {
    let (mut body, progress) = Outgoing::new(Bytes::from_static(b"body"));
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(progress.call_off(), Fate::Held);
    assert!(matches!(Pin::new(&mut body).poll_frame(&mut context), Poll::Ready(Some(Err(_)))));
    assert_eq!(progress.call_off(), Fate::Held);
}

#[test]
fn empty_body_is_held() {
    let (body, progress) = Outgoing::new(Bytes::new());
    assert!(body.is_end_stream());
    assert_eq!(progress.call_off(), Fate::Held);
}

fn settings() -> Settings {
    Settings {
        ca_file: "/nonexistent/ca.pem".into(),
        certificate_file: None,
        key_file: None,
        addresses: Vec::new(),
        connect_timeout_ms: 1000,
        timeout_ms: 2000,
        max_answer_bytes: 4096,
    }
}

fn refusal(base: &'static str, settings: &Settings) -> String {
    HttpClient::new(&Uri::from_static(base), settings, &Network::Tls).unwrap_err().to_string()
}

#[test]
fn settings_are_checked() {
    let good = "https://agency.example";
    assert!(
        refusal("http://agency.example", &settings())
            .starts_with("url: expected an address such as https://")
    );
    assert!(refusal("/only/a/path", &settings()).starts_with("url: "));
    let short = Settings { timeout_ms: 9, ..settings() };
    assert_eq!(refusal(good, &short), "connection.timeout_ms: expected 10 to 600000 milliseconds");
    let long = Settings { connect_timeout_ms: 600_001, ..settings() };
    assert_eq!(refusal(good, &long), "connection.connect_timeout_ms: expected 10 to 600000 milliseconds");
    let small = Settings { max_answer_bytes: 1, ..settings() };
    assert_eq!(refusal(good, &small), "connection.max_answer_bytes: expected 1024 to 1048576 bytes");
    let file = "connection.ca_file: expected at least one certificate in PEM in the file /nonexistent/ca.pem";
    assert_eq!(refusal(good, &settings()), file);
}

#[test]
fn an_address_outside_the_networks_is_refused() {
    let networks =
        |texts: &[&str]| -> Vec<IpNet> { texts.iter().map(|text| text.parse().unwrap()).collect() };
    let allowed = networks(&["10.1.0.0/16", "2001:db8::/32"]);
    for (address, expected) in [
        ("10.1.2.3:443", true),
        ("[::ffff:10.1.2.3]:443", true),
        ("[2001:db8::7]:443", true),
        ("10.2.0.1:443", false),
        ("127.0.0.1:443", false),
        ("[::1]:443", false),
        ("169.254.169.254:443", false),
    ] {
        let address = address.parse().unwrap();
        assert_eq!(is_allowed(&allowed, address), expected, "{address}");
        assert!(is_allowed(&[], address));
    }
    let elsewhere = Settings { addresses: allowed, ..settings() };
    for literal in ["https://10.2.0.1", "https://[::1]:4443"] {
        assert_eq!(refusal(literal, &elsewhere), "connection.addresses: expected the address in the url too");
    }
}

#[test]
fn late_causes() {
    let late = io::Error::from(io::ErrorKind::TimedOut);
    assert!(TransportCause::Connect(Box::new(late)).is_late());
    assert!(TransportCause::Deadline.is_late());
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    assert!(!TransportCause::Connect(Box::new(refused)).is_late());
}

#[test]
fn retry_after_in_seconds_only() {
    let after = |value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", http::HeaderValue::from_static(value));
        Answer { status: StatusCode::SERVICE_UNAVAILABLE, headers, body: Bytes::new() }.retry_after()
    };
    assert_eq!(after("120"), Some(Duration::from_secs(120)));
    assert_eq!(after("99999999"), Some(Duration::from_secs(86_400)));
    assert_eq!(after("Fri, 31 Dec 2027 23:59:59 GMT"), None);
    assert_eq!(after("-1"), None);
}
