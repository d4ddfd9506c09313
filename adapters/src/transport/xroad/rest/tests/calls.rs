//! Is a call written so that no part of it can be taken for another?

use bytes::Bytes;
use http::{HeaderMap, Uri};
use proptest::prelude::{Strategy, any, proptest};
use proptest::test_runner::Config;
use proptest::{prop_assert, prop_assert_eq};

use super::super::head::{decoded, service_of};
use super::super::{Asked, CallError, Content, is_content_type, read_asked};
use super::call;
use crate::transport::xroad::id::{ClientId, RepresentedParty, ServiceId};

fn security_server() -> Uri {
    Uri::from_static("https://ss.example/")
}

#[test]
fn a_call_has_the_parts_of_the_service_the_headers_and_the_body() {
    let mut call = call();
    call.path = vec!["lahetteet".into(), "a/b c".into()];
    call.query = vec![("tila".into(), "ä&b".into()), ("n".into(), "1".into())];
    call.user_id = "FIvirkailija-7".into();
    call.issue = Some("referral-1".into());
    call.represented_party = RepresentedParty { class: Some("MUN".into()), code: "0564/1".into() };
    call.content = Some(Content { content_type: "application/json", bytes: Bytes::from_static(b"{}") });
    let request = call.request(&security_server()).unwrap();
    let expected =
        "https://ss.example/r1/FI-TEST/GOV/9999903-9/etuudet/ohjaus/lahetteet/a%2Fb%20c?tila=%C3%A4%26b&n=1";
    assert_eq!(request.uri(), expected);
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap());
    assert_eq!(header("x-road-client"), Some("FI-TEST/ORG/9999902-0/polku"));
    assert_eq!(header("x-road-id"), Some("0193c5a0-0000-7000-8000-000000000003"));
    assert_eq!(header("x-road-userid"), Some("FIvirkailija-7"));
    assert_eq!(header("x-road-issue"), Some("referral-1"));
    assert_eq!(header("x-road-represented-party"), Some("MUN/0564%2F1"));
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(header("accept"), Some("application/json"));
    assert_eq!(request.body(), "{}");
}

#[test]
fn what_cannot_be_said_is_not_written() {
    let refused = |change: fn(&mut super::Call)| {
        let mut call = call();
        change(&mut call);
        call.request(&security_server()).unwrap_err()
    };
    assert_eq!(refused(|call| call.path = vec![String::new()]), CallError::Path);
    assert_eq!(refused(|call| call.path = vec!["..".into()]), CallError::Path);
    assert_eq!(refused(|call| call.service = "FI/GOV/1/s/ohjaus/v1".parse().unwrap()), CallError::Service);
    assert_eq!(
        refused(|call| {
            let member = ClientId::new("FI", "GOV", "1", None).unwrap();
            call.service = ServiceId::new(member, "ohjaus", None).unwrap();
        }),
        CallError::Service
    );
    assert_eq!(
        refused(|call| call.user_id = "FI\r\nX-Road-Client: x".into()),
        CallError::Header { header: "X-Road-UserId" }
    );
    assert_eq!(refused(|call| call.issue = Some("ä".into())), CallError::Header { header: "X-Road-Issue" });
    assert_eq!(refused(|call| call.id = String::new()), CallError::Header { header: "X-Road-Id" });
}

fn identifier() -> impl Strategy<Value = String> {
    // Those older than the rule of 2023 have most characters.
    "[A-Za-z0-9'()+,=?_@äö-][A-Za-z0-9'()+,.=?_ @#&äö-]{0,11}"
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_provider_reads_what_a_client_wrote(
        parts in proptest::array::uniform9(identifier()),
        class in proptest::option::of("[^\\pC]{0,8}x"),
        code in "[^\\pC]{0,12}x",
        path in proptest::collection::vec("[^.]{1,9}", 0..4),
        query in proptest::collection::vec((any::<String>(), any::<String>()), 0..3),
    ) {
        let [a, b, c, d, e, f, g, h, i] = parts;
        let provider = ClientId::new(&e, &f, &g, Some(&h)).unwrap();
        let mut call = call();
        call.client = ClientId::new(&a, &b, &c, Some(&d)).unwrap();
        call.service = ServiceId::new(provider, &i, None).unwrap();
        call.represented_party = RepresentedParty { class, code };
        call.path.clone_from(&path);
        call.query = query;
        let request = call.request(&security_server()).unwrap();
        let segments: Vec<&str> = request.uri().path().split('/').skip(2).collect();
        let segments = decoded(&segments.join("/"), "the path").unwrap();
        let (service, rest) = segments.split_at(5);
        prop_assert_eq!(service_of(service), Some(call.service.clone()));
        prop_assert_eq!(rest, &path[..]);
        let Asked { client, represented_party, .. } = read_asked(request.headers()).unwrap();
        prop_assert_eq!(client, call.client);
        prop_assert!(represented_party == Some(call.represented_party));
    }
}

#[test]
fn a_content_type_is_one_and_in_utf_8() {
    let is_json = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("content-type", value.parse().unwrap());
        }
        is_content_type(&headers, "application/json")
    };
    assert!(is_json(&["application/json"]));
    assert!(is_json(&["Application/JSON; charset=\"UTF-8\""]));
    assert!(!is_json(&[]));
    assert!(!is_json(&["application/json; charset=iso-8859-1"]));
    assert!(!is_json(&["application/json", "application/json"]));
    assert!(!is_json(&["text/xml"]));
    assert!(!is_json(&["application/json-patch+json"]));
}
